//! Whatever bytes come in, nothing panics, and what is not understood is not reused by accident.

use std::time::Duration;

use crate::support::now;
use easy_cache_http::cache_control::{Extent, RequestDirectives, ResponseDirectives};
use easy_cache_http::conditional::Validators;
use easy_cache_http::freshness::Expires;
use easy_cache_http::range::PartOf;
use easy_cache_http::{
    Arrival, ByteRange, Decision, Headers, KeptFields, MethodClass, Policy, QueryKey, RequestFacts, Reuse, StaleUse,
    Target, Validation, Vary, age, authority, date, decide, for_each_invalidated,
};
use proptest::prelude::*;

const NAMES: [&str; 29] = [
    "accept-language",
    "cdn-cache-control",
    "content-range",
    "if-range",
    "te",
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
        "bytes 0-1/9",
        "-",
        "?0",
        "q=0.5",
        "must-revalidate",
        "stale-while-revalidate=",
        "stale-if-error=",
        "no-store=?0",
    ]);
    prop_oneof![
        prop::collection::vec(word, 0..8).prop_map(|words| words.concat().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn fields() -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    prop::collection::vec((prop::sample::select(NAMES.to_vec()), value()), 0..10)
}

fn targets() -> [String; 1] {
    ["cdn-cache-control".to_owned()]
}

/// Every switch of a route that shares nothing between users.
fn policy() -> impl Strategy<Value = Policy> {
    let ttl = prop::option::of(0_u64..1000);
    (ttl, any::<[bool; 5]>()).prop_map(|(ttl, [guesses, parts, windows, honours, by_handler])| {
        let switch = |policy: Policy, on, change: fn(Policy) -> Policy| if on { change(policy) } else { policy };
        let policy = Policy::new().targeted_by(targets());
        let policy = ttl.into_iter().map(Duration::from_secs).fold(policy, Policy::ttl);
        let policy = switch(policy, guesses, Policy::guess_lifetimes);
        let policy = switch(policy, parts, Policy::keep_parts);
        let policy = switch(policy, honours, Policy::honour_client_refresh);
        let policy = switch(policy, by_handler, |policy| policy.stated_by_handler(Duration::from_secs(7)));
        const WINDOW: Duration = Duration::from_secs(50);
        switch(policy, windows, |policy| policy.stale_while_revalidate(WINDOW).stale_if_error(WINDOW))
    })
}

proptest! {
    #[test]
    fn no_parser_panics_on_any_bytes(fields in fields(), method in "[A-Z]{0,5}", status in any::<u16>()) {
        let headers = &fields[..];
        let _ = (ResponseDirectives::parse(headers), Expires::parse(headers), Validators::parse(headers));
        let _ = (Vary::parse(headers), age::received(headers), RequestFacts::of(&method, headers));
        let _ = (ByteRange::of(headers).map(|range| range.within(9)), PartOf::of(headers));
        let _ = (ResponseDirectives::for_target(headers, &targets()), Validators::parse(headers).allow_range(headers));
        let _ = (Validation::of(&Validators::parse(headers), status, headers), StaleUse::default());
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
        status in prop_oneof![Just(200), Just(206), 100_u16..700],
        policy in policy(),
        keyed_by_user in any::<bool>(),
    ) {
        let facts = RequestFacts::of("GET", &request[..]);
        let facts = if keyed_by_user { facts.keyed_by_user() } else { facts };
        let arrival = Arrival { at: now(), delay: Duration::ZERO };
        if let Decision::Store(plan) = decide(&facts, status, &response[..], arrival, &policy) {
            let directives = ResponseDirectives::for_target(&response[..], &targets());
            prop_assert!(!directives.no_store || directives.must_understand);
            prop_assert!(directives.private != Extent::Everything);
            prop_assert!(!facts.authorized || keyed_by_user || plan.terms.open_to_authorized);
            prop_assert!(!plan.fields.keeps("set-cookie"));
            prop_assert!(!facts.directives.no_store);
            prop_assert_eq!(facts.range, plan.terms.part.is_some());
            let kept_private = KeptFields::of(&response[..], &directives);
            prop_assert!(!response[..].has("set-cookie") || !kept_private.keeps("set-cookie"));
            prop_assert!(!plan.terms.useful_for(Duration::ZERO).is_zero());
            prop_assert!(plan.terms.useful_for(Duration::from_secs(u64::MAX)).is_zero());
            let stranger = RequestFacts::of("GET", &[("authorization", "x"), ("cookie", "y")][..]);
            for (facts, resident) in [(&facts, 0), (&facts, 100), (&facts, u64::MAX), (&stranger, 0), (&stranger, 100)] {
                let resident = Duration::from_secs(resident);
                let reuse = plan.terms.reuse(facts, &policy, resident);
                let never_unasked = directives.no_cache == Extent::Everything;
                let never_stale = directives.must_revalidate || directives.proxy_revalidate || never_unasked;
                match reuse {
                    Reuse::Serve { .. } => prop_assert!(!never_unasked && plan.terms.freshness.is_fresh(resident)),
                    Reuse::ServeAndRefresh { .. } | Reuse::ServeStale { .. } => prop_assert!(!never_stale),
                    _ => {}
                }
                let shown = matches!(reuse, Reuse::Serve { .. } | Reuse::ServeAndRefresh { .. } | Reuse::ServeStale { .. });
                prop_assert!(!shown || !facts.authorized || plan.terms.open_to_authorized);
                prop_assert!(!shown || !facts.cookies || plan.terms.open_to_cookies);
            }
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
