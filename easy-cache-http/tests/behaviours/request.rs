//! Which requests may use the store, and what their wishes change (RFC 9111 §4, §5.2.1, §5.4).

use crate::support::{Fields, response, seconds};
use easy_cache_http::{Bypass, Policy, RequestFacts, Reuse};

fn bypass(method: &str, fields: Fields<'_>) -> Option<Bypass> {
    RequestFacts::of(method, fields).bypass()
}

#[test]
fn get_and_head_are_answered_from_the_store_and_other_methods_pass() {
    assert_eq!(bypass("GET", &[]), None);
    assert_eq!(bypass("HEAD", &[]), None);
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "QUERY", "UNHEARD-OF", "get"] {
        assert_eq!(bypass(method, &[]), Some(Bypass::Method), "{method}");
    }
}

#[test]
fn requests_that_a_stored_whole_response_does_not_fit_pass() {
    let table = [
        ("if-match", "\"a\"", Bypass::Precondition),
        ("if-unmodified-since", "x", Bypass::Precondition),
        ("content-length", "5", Bypass::Body),
        ("transfer-encoding", "chunked", Bypass::Body),
        ("upgrade", "websocket", Bypass::Upgrade),
    ];
    for (name, value, expected) in table {
        assert_eq!(bypass("GET", &[(name, value)]), Some(expected), "{name}");
    }
    for (name, value) in [
        ("content-length", "0"),
        ("cookie", "a=b"),
        ("range", "bytes=0-1"),
        ("if-none-match", "\"a\""),
        ("pragma", "no-cache"),
    ] {
        assert_eq!(bypass("GET", &[(name, value)]), None, "{name}");
    }
    assert_eq!(RequestFacts::of("GET", &[("accept", "*/*")][..]).with_body().bypass(), Some(Bypass::Body));
}

#[test]
fn clients_cannot_force_the_handler_to_run_by_default() {
    let stored = response(&[("cache-control", "max-age=3600")]);
    for wish in ["no-cache", "max-age=0", "max-age=1", "min-fresh=4000", "no-store"] {
        assert_eq!(stored.reuse(&[("cache-control", wish)], 100), Reuse::Serve { age: seconds(100) }, "{wish}");
    }
    assert!(matches!(stored.reuse(&[("pragma", "no-cache")], 100), Reuse::Serve { .. }));
}

#[test]
fn a_policy_can_honour_the_wishes_of_clients() {
    let stored = response(&[("cache-control", "max-age=3600")]).policy(Policy::new().honour_client_refresh());
    let served = Reuse::Serve { age: seconds(100) };
    let table = [
        (("cache-control", "no-cache"), Reuse::Unwanted),
        (("cache-control", "max-age=0"), Reuse::Unwanted),
        (("cache-control", "max-age=99"), Reuse::Unwanted),
        (("cache-control", "max-age=100"), served),
        (("cache-control", "min-fresh=3501"), Reuse::Unwanted),
        (("cache-control", "min-fresh=3500"), served),
        (("cache-control", "max-stale=100"), served),
        (("pragma", "no-cache"), Reuse::Unwanted),
        (("pragma", "foo, No-Cache"), Reuse::Unwanted),
        (("pragma", "foo"), served),
    ];
    for (wish, expected) in table {
        assert_eq!(stored.reuse(&[wish], 100), expected, "{wish:?}");
    }
}

#[test]
fn pragma_is_silent_beside_cache_control() {
    let stored = response(&[("cache-control", "max-age=3600")]).policy(Policy::new().honour_client_refresh());
    for fields in
        [[("pragma", "no-cache"), ("cache-control", "foo")], [("cache-control", "foo"), ("pragma", "no-cache")]]
    {
        assert!(matches!(stored.reuse(&fields, 0), Reuse::Serve { .. }));
    }
}

#[test]
fn a_response_for_everybody_is_not_shown_to_authorized_clients_unless_it_says_so() {
    let authorized = [("authorization", "Bearer bob")];
    assert_eq!(response(&[("cache-control", "max-age=60")]).reuse(&authorized, 0), Reuse::Declined);
    for open in ["public, max-age=60", "s-maxage=60", "max-age=60, must-revalidate"] {
        let stored = response(&[("cache-control", open)]);
        assert!(matches!(stored.reuse(&authorized, 0), Reuse::Serve { .. }), "{open}");
    }
    let by_route = response(&[]).policy(Policy::new().ttl(seconds(60)));
    assert_eq!(by_route.reuse(&authorized, 0), Reuse::Declined);
}

#[test]
fn stale_is_stale_whoever_asks() {
    let stored = response(&[("cache-control", "max-age=60, must-revalidate")]);
    assert_eq!(stored.reuse(&[], 60), Reuse::Stale);
    assert_eq!(stored.reuse(&[("cache-control", "max-stale")], 60), Reuse::Stale);
}

#[test]
fn only_if_cached_gets_504_instead_of_the_handler() {
    let wish = [("cache-control", "only-if-cached")];
    assert_eq!(RequestFacts::of("GET", &wish[..]).status_instead_of_handler(), Some(504));
    assert_eq!(RequestFacts::of("HEAD", &wish[..]).status_instead_of_handler(), Some(504));
    assert_eq!(RequestFacts::of("POST", &wish[..]).status_instead_of_handler(), None);
    assert_eq!(RequestFacts::of("GET", &[("accept", "*/*")][..]).status_instead_of_handler(), None);
}
