//! Whatever bytes come in, nothing panics, and what is not understood is not reused by accident.

use std::time::Duration;

use crate::support::now;
use easy_cache_http::cache_control::{Extent, RequestDirectives, ResponseDirectives};
use easy_cache_http::conditional::Validators;
use easy_cache_http::freshness::Expires;
use easy_cache_http::{
    Arrival, Decision, Headers, KeptFields, MethodClass, Policy, QueryKey, RequestFacts, Reuse, Target, Vary, age,
    authority, date, decide, for_each_invalidated,
};
use proptest::prelude::*;

const NAMES: [&str; 24] = [
    "age",
    "authorization",
    "cache-control",
    "connection",
    "content-length",
    "content-location",
    "cookie",
    "date",
    "etag",
    "expires",
    "forwarded",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "last-modified",
    "location",
    "pragma",
    "range",
    "set-cookie",
    "upgrade",
    "vary",
    "x-forwarded-host",
    "x-original-url",
];

/// Bytes that look like the real thing more often than noise does.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec![
        "max-age",
        "s-maxage",
        "no-store",
        "private",
        "no-cache",
        "public",
        "=",
        "\"",
        "\\",
        ",",
        " ",
        "\t",
        "*",
        "W/",
        "60",
        "99999999999",
        "-1",
        ";",
        "Thu, 01 Jan 2150 02:01:18 GMT",
        "thursday, 18-aug-50 02:01:18 gmt",
        "/",
        "..",
        "//",
        ":",
        "?",
        "%",
        "accept",
        "cookie",
        "for=",
        "bytes=0-1",
    ]);
    prop_oneof![
        prop::collection::vec(word, 0..8).prop_map(|words| words.concat().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn fields() -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    prop::collection::vec((prop::sample::select(NAMES.to_vec()), value()), 0..10)
}

proptest! {
    #[test]
    fn no_parser_panics_on_any_bytes(fields in fields(), method in "[A-Z]{0,5}", status in any::<u16>()) {
        let headers = &fields[..];
        let _ = (ResponseDirectives::parse(headers), Expires::parse(headers), Validators::parse(headers));
        let _ = (Vary::parse(headers), age::received(headers), RequestFacts::of(&method, headers));
        let _ = (authority(None, headers), Validators::parse(headers).evaluate(status, headers));
        for (_, value) in &fields {
            let _ = date::parse(value);
            RequestDirectives::default().add_line(value);
            if let Ok(text) = std::str::from_utf8(value) {
                let target = Target::new("http", text, text, Some(text));
                let _ = target.resolve(text).map(|target| target.path.into_owned());
                QueryKey::all().only(["a"]).in_any_order().write_key(&target, &mut Vec::new());
                for_each_invalidated(MethodClass::Unsafe, 200, &target, headers, |_| {});
            }
        }
        Vary::parse(headers).write_key(headers, &Policy::new(), &mut Vec::new());
        Policy::new().key_cookies(["a"]).key_headers(["vary"]).write_key(&Target::new("http", "", "/", None), headers, &mut Vec::new());
    }

    #[test]
    fn what_is_stored_was_never_forbidden_and_is_fresh_at_first_and_stale_in_the_end(
        request in fields(),
        response in fields(),
        status in 100_u16..700,
        ttl in prop::option::of(0_u64..1000),
    ) {
        let policy = ttl.map_or(Policy::new(), |ttl| Policy::new().ttl(Duration::from_secs(ttl)));
        let facts = RequestFacts::of("GET", &request[..]);
        let arrival = Arrival { at: now(), delay: Duration::ZERO };
        if let Decision::Store(plan) = decide(&facts, status, &response[..], arrival, &policy) {
            let directives = ResponseDirectives::parse(&response[..]);
            prop_assert!(!directives.no_store || directives.must_understand);
            prop_assert!(directives.private != Extent::Everything);
            prop_assert!(!facts.authorized || plan.terms.open_to_authorized);
            prop_assert!(!plan.fields.keeps("set-cookie"));
            let kept_private = KeptFields::of(&response[..], &directives);
            prop_assert!(!response[..].has("set-cookie") || !kept_private.keeps("set-cookie"));
            prop_assert!(!plan.terms.useful_for(Duration::ZERO).is_zero());
            prop_assert!(plan.terms.useful_for(Duration::from_secs(u64::MAX)).is_zero());
            let at_first = plan.terms.reuse(&facts, &policy, Duration::ZERO);
            let is_served = matches!(at_first, Reuse::Serve { .. });
            prop_assert!(!is_served || directives.no_cache != Extent::Everything, "{at_first:?}");
            prop_assert_eq!(plan.terms.reuse(&facts, &policy, Duration::from_secs(u64::MAX)), Reuse::Stale);
        }
    }

    #[test]
    fn a_date_that_is_accepted_is_written_and_read_back_as_itself(value in value()) {
        if let Some(time) = date::parse(&value) {
            prop_assert_eq!(date::parse(date::format(time).as_bytes()), Some(time));
        }
    }

    #[test]
    fn dates_survive_writing_and_reading(since_epoch in 0_u64..253_402_300_800) {
        let time = std::time::UNIX_EPOCH + Duration::from_secs(since_epoch);
        prop_assert_eq!(date::parse(date::format(time).as_bytes()), Some(time));
    }

    #[test]
    fn variants_match_exactly_when_the_named_values_do(
        left in "[ab, ]{0,5}",
        right in "[ab, ]{0,5}",
        unnamed in value(),
    ) {
        let vary = Vary::parse(&[("vary", "foo")][..]);
        let key = |value: &str, other: &[u8]| {
            let mut out = Vec::new();
            vary.write_key(&[("foo", value.as_bytes()), ("bar", other)][..], &Policy::new(), &mut out);
            out
        };
        let members = |value: &str| {
            let trimmed = value.split(',').map(|member| member.trim().to_owned());
            trimmed.filter(|member| !member.is_empty()).collect::<Vec<_>>()
        };
        prop_assert_eq!(key(&left, &unnamed) == key(&right, b""), members(&left) == members(&right));
    }
}
