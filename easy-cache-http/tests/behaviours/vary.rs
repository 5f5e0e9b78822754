//! `Vary` and the keys of variants (RFC 9110 §12.5.5, RFC 9111 §4.1).

use crate::support::{Fields, response};
use easy_cache_http::{Policy, Refusal, Vary};

fn vary(names: &str) -> Vary {
    Vary::parse(&[("vary", names)][..])
}

fn key(names: &str, request: Fields<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    vary(names).write_key(request, &Policy::new(), &mut out);
    out
}

#[test]
fn a_request_matches_on_one_two_and_three_named_fields() {
    let request = [("foo", "1"), ("bar", "abc"), ("baz", "789"), ("other", "x")];
    let other = [("baz", "789"), ("other", "y"), ("bar", "abc"), ("foo", "1")];
    for names in ["foo", "Foo, BAR", "bar, foo, baz"] {
        assert_eq!(key(names, &request), key(names, &other), "{names}");
    }
}

#[test]
fn a_different_missing_now_or_missing_then_value_does_not_match() {
    let request = [("foo", "1"), ("bar", "2"), ("baz", "3")];
    for names in ["foo", "bar, foo", "baz, bar, foo"] {
        let wanted = key(names, &request);
        assert_ne!(key(names, &[("foo", "2"), ("bar", "2"), ("baz", "3")]), wanted, "{names}");
        assert_ne!(key(names, &request[1..]), wanted, "{names}");
        assert_ne!(key(names, &[]), wanted, "{names}");
    }
    assert_ne!(key("a, b", &[("a", "1")]), key("a, b", &[("b", "1")]));
}

#[test]
fn both_lacking_a_named_field_match_and_lacking_is_not_empty() {
    assert_eq!(key("foo", &[("bar", "1")]), key("foo", &[("bar", "2")]));
    assert_ne!(key("foo", &[("foo", "")]), key("foo", &[]));
}

#[test]
fn combined_lines_equal_one_list_and_white_space_does_not_count() {
    let wanted = key("foo", &[("foo", "1,2")]);
    for request in
        [&[("foo", " 1 ,\t2 ")][..], &[("foo", "1"), ("foo", "2")], &[("foo", "1"), ("foo", ""), ("foo", "2")]]
    {
        assert_eq!(key("foo", request), wanted);
    }
    assert_ne!(key("foo", &[("foo", "2,1")]), wanted);
    assert_ne!(key("foo", &[("foo", "12")]), wanted);
    assert_ne!(key("foo", &[("foo", "\"1, 2\"")]), key("foo", &[("foo", "\"1,2\"")]));
}

#[test]
fn values_do_not_move_from_one_field_to_the_next() {
    assert_ne!(key("a, b", &[("a", "1"), ("b", "23")]), key("a, b", &[("a", "12"), ("b", "3")]));
    assert_ne!(key("a, b", &[("a", "1,2"), ("b", "")]), key("a, b", &[("a", "1"), ("b", "2")]));
}

#[test]
fn order_case_repetition_and_lines_of_vary_do_not_count() {
    let lines = Vary::parse(&[("vary", "Foo"), ("vary", " bar ,foo,")][..]);
    assert_eq!(lines, vary("bar,FOO"));
    assert_eq!(lines.fields(), ["bar", "foo"]);
    assert_eq!(vary(""), Vary::default());
}

#[test]
fn a_star_anywhere_matches_nothing_and_is_not_stored() {
    let lists: [&[&str]; 9] =
        [&["*"], &["*, *"], &["*", "*"], &[", *"], &["", ", *"], &["*, Foo"], &["Foo, *"], &["foo", "*"], &[" * "]];
    for list in lists {
        let mut fields = vec![("cache-control", "max-age=60")];
        fields.extend(list.iter().map(|line| ("vary", *line)));
        assert_eq!(Vary::parse(&fields[..]), Vary::Unknown, "{list:?}");
        assert_eq!(response(&fields).refusal(), Some(Refusal::VaryUnknown), "{list:?}");
    }
}

#[test]
fn a_list_that_cannot_be_read_matches_nothing() {
    for broken in ["a b", "\"a\"", "a;q=1", "a/b"] {
        assert_eq!(vary(broken), Vary::Unknown, "{broken}");
    }
}

#[test]
fn variants_for_one_user_each_are_stored_only_if_asked_for() {
    for name in ["Cookie", "authorization", "accept, COOKIE"] {
        let fields = [("cache-control", "public, max-age=60"), ("vary", name)];
        assert_eq!(response(&fields).refusal(), Some(Refusal::VaryCredentials), "{name}");
        let asked = response(&fields).policy(Policy::new().store_variants_per_user());
        assert_eq!(asked.refusal(), None, "{name}");
    }
}

#[test]
fn credentials_are_compared_byte_for_byte() {
    for name in ["cookie", "authorization"] {
        assert_ne!(key(name, &[(name, "a=1, b")]), key(name, &[(name, "a=1,b")]), "{name}");
        assert_eq!(key(name, &[(name, "a=1; b")]), key(name, &[(name, "a=1; b")]), "{name}");
    }
}

#[test]
fn a_sender_of_rerouting_fields_gets_variants_of_its_own() {
    let plain = key("", &[("accept", "*/*"), ("x-forwarded-for", "10.0.0.1"), ("x-request-id", "7")]);
    assert_eq!(plain, key("", &[]));
    let evil = [
        ("x-forwarded-host", "evil.example"),
        ("x-original-url", "/admin"),
        ("x-rewrite-url", "/admin"),
        ("x-forwarded-proto", "http"),
        ("x-http-method-override", "DELETE"),
        ("forwarded", "host=evil.example"),
    ];
    let mut keys: Vec<_> = evil.iter().map(|field| key("", std::slice::from_ref(field))).collect();
    keys.push(plain);
    keys.push(key("", &[("x-forwarded-host", "shop.example")]));
    let count = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), count);
}

#[test]
fn of_forwarded_only_what_changes_links_counts() {
    let by_client = |client: &str| {
        let value = format!("for={client};proto=https;host=shop.example, for=10.0.0.9;by=\"a,b;c\"");
        key("", &[("forwarded", &value)])
    };
    assert_eq!(by_client("10.0.0.1"), by_client("\"[2001:db8::1]:80\""));
    assert_ne!(key("", &[("forwarded", "host=a")]), key("", &[("forwarded", "HOST = b")]));
}

fn languages(policy: &Policy, value: &str) -> Vec<u8> {
    let mut out = Vec::new();
    vary("accept-language").write_key(&[("accept-language", value)][..], policy, &mut out);
    out
}

#[test]
fn languages_are_the_same_whatever_their_case_space_and_the_order_of_different_weights() {
    let policy = Policy::new();
    let same = |left, right| languages(&policy, left) == languages(&policy, right);
    assert!(same("en, de", "en,de") && same("EN, De", "en, de") && same("en;q=0.5", "en ; q=0.50"));
    assert!(same("de;q=0.8, en", "en;q=1, de;q=0.8") && same("en;Q=1.0, de", "en, de"));
    assert!(same("en, , de", "en, de"));
    for (left, right) in [
        ("en", "de"),
        ("en, de;q=0.8", "en, de;q=0.9"),
        ("en;q=0", "en"),
        ("en, de", "en"),
        ("en-gb", "en"),
        ("en, de", "de, en"),
        ("en;q=2", "en"),
        ("en;q=0.1234", "en;q=0.123"),
        ("en;x=1", "en"),
        ("en;q=1.5", "en;q=1"),
        ("en.de", "en"),
    ] {
        assert!(!same(left, right), "{left} | {right}");
    }
}

#[test]
fn the_order_of_equal_weights_counts_unless_the_route_says_otherwise() {
    let any = Policy::new().languages_in_any_order();
    assert_eq!(languages(&any, "en, de"), languages(&any, "de, en"));
    assert_eq!(languages(&any, "en;q=0.5, fr, de"), languages(&any, "de, fr, en;q=0.5"));
    assert_ne!(languages(&any, "en, de;q=0.5"), languages(&any, "de, en;q=0.5"));
}

#[test]
fn two_lines_of_languages_are_one_list_and_none_is_not_an_empty_one() {
    let key = |fields: Fields<'_>| key("accept-language", fields);
    let one = [("accept-language", "en, de")];
    assert_eq!(key(&one), key(&[("accept-language", "en"), ("accept-language", "de")]));
    assert_ne!(key(&[]), key(&[("accept-language", "")]));
}
