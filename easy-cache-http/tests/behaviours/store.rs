//! May it be stored: the table (RFC 9111 §3).

use crate::support::{Exchange, Fields, response, seconds};
use easy_cache_http::{Arrival, Decision, Policy, Refusal, RequestFacts, Reuse, decide};

const FRESH: (&str, &str) = ("cache-control", "max-age=3600");

struct Row {
    refused: Option<Refusal>,
    method: &'static str,
    request: Fields<'static>,
    status: u16,
    response: Fields<'static>,
}

const fn row(
    refused: Option<Refusal>,
    method: &'static str,
    request: Fields<'static>,
    status: u16,
    response: Fields<'static>,
) -> Row {
    Row { refused, method, request, status, response }
}

impl Row {
    fn exchange(&self) -> Exchange {
        response(self.response).method(self.method).asked_with(self.request).status(self.status)
    }
}

const AUTHORIZED: Fields<'static> = &[("authorization", "Bearer bob")];

/// One row at least for each refusal, beside the nearest case that is stored.
const TABLE: &[Row] = &[
    row(None, "GET", &[], 200, &[FRESH]),
    row(None, "GET", &[("cookie", "session=1")], 200, &[FRESH]),
    row(Some(Refusal::Method), "HEAD", &[], 200, &[FRESH]),
    row(Some(Refusal::Method), "POST", &[], 200, &[FRESH]),
    row(Some(Refusal::Range), "GET", &[("range", "bytes=0-1")], 200, &[FRESH]),
    row(Some(Refusal::Bypassed), "GET", &[("content-length", "2")], 200, &[FRESH]),
    row(Some(Refusal::RequestNoStore), "GET", &[("cache-control", "no-store")], 200, &[FRESH]),
    row(None, "GET", &[("cache-control", "no-cache, max-age=0")], 200, &[FRESH]),
    row(Some(Refusal::Status), "GET", &[], 206, &[FRESH]),
    row(Some(Refusal::Status), "GET", &[], 304, &[FRESH]),
    row(Some(Refusal::Status), "GET", &[], 101, &[FRESH]),
    row(Some(Refusal::Status), "GET", &[], 600, &[FRESH]),
    row(Some(Refusal::NotUnderstood), "GET", &[], 599, &[("cache-control", "no-store, must-understand, max-age=60")]),
    row(Some(Refusal::NotUnderstood), "GET", &[], 599, &[("cache-control", "must-understand, max-age=60")]),
    row(None, "GET", &[], 200, &[("cache-control", "no-store, must-understand, max-age=60")]),
    row(Some(Refusal::NoStore), "GET", &[], 200, &[("cache-control", "no-store")]),
    row(Some(Refusal::NoStore), "GET", &[], 200, &[("cache-control", "No-StOrE, public, max-age=60")]),
    row(Some(Refusal::NoStore), "GET", &[], 200, &[FRESH, ("cache-control", "no-store")]),
    row(Some(Refusal::Private), "GET", &[], 200, &[("cache-control", "private, s-maxage=60")]),
    row(Some(Refusal::Private), "GET", &[], 200, &[("cache-control", "PRIVATE, public, max-age=60")]),
    row(Some(Refusal::NoCache), "GET", &[], 200, &[("cache-control", "No-Cache, max-age=60")]),
    row(Some(Refusal::NoCache), "GET", &[], 200, &[("cache-control", "no-cache"), ("etag", "unquoted")]),
    row(None, "GET", &[], 200, &[("cache-control", "No-Cache, max-age=60"), ("etag", "\"a\"")]),
    row(None, "GET", &[], 200, &[("cache-control", "no-cache"), ("etag", "W/\"a\"")]),
    row(
        Some(Refusal::Cookie),
        "GET",
        &[("cookie", "session=1")],
        200,
        &[("cache-control", "no-cache"), ("etag", "\"a\"")],
    ),
    row(Some(Refusal::Authorization), "GET", AUTHORIZED, 200, &[("cache-control", "no-cache"), ("etag", "\"a\"")]),
    row(None, "GET", &[], 200, &[FRESH, ("pragma", "no-cache")]),
    row(Some(Refusal::Authorization), "GET", AUTHORIZED, 200, &[FRESH]),
    row(None, "GET", AUTHORIZED, 200, &[("cache-control", "public, max-age=60")]),
    row(None, "GET", AUTHORIZED, 200, &[("cache-control", "s-maxage=60")]),
    row(None, "GET", AUTHORIZED, 200, &[("cache-control", "max-age=60, must-revalidate")]),
    row(Some(Refusal::Authorization), "GET", AUTHORIZED, 200, &[("cache-control", "max-age=60, proxy-revalidate")]),
    row(Some(Refusal::Private), "GET", AUTHORIZED, 200, &[("cache-control", "private, public, max-age=60")]),
    row(Some(Refusal::SetCookie), "GET", &[], 200, &[FRESH, ("set-cookie", "session=1")]),
    row(Some(Refusal::SetCookie), "GET", &[], 200, &[("cache-control", "public, max-age=60"), ("set-cookie", "a=b")]),
    row(None, "GET", &[], 200, &[("cache-control", "max-age=60, private=\"Set-Cookie\""), ("set-cookie", "a=b")]),
    row(Some(Refusal::VaryUnknown), "GET", &[], 200, &[FRESH, ("vary", "*")]),
    row(None, "GET", &[], 200, &[FRESH, ("vary", "accept")]),
    row(Some(Refusal::VaryCredentials), "GET", &[], 200, &[FRESH, ("vary", "accept, Cookie")]),
    row(Some(Refusal::VaryCredentials), "GET", &[], 200, &[FRESH, ("vary", "authorization")]),
    row(Some(Refusal::NoLifetime), "GET", &[], 200, &[("etag", "\"a\""), ("cache-control", "public")]),
    row(Some(Refusal::Stale), "GET", &[], 200, &[("cache-control", "max-age=0")]),
    row(None, "GET", &[], 200, &[("cache-control", "max-age=0"), ("etag", "\"a\"")]),
    row(None, "GET", &[], 200, &[("expires", "0"), ("last-modified", "Sat, 04 Jan 2020 10:00:00 GMT")]),
    row(None, "GET", &[], 200, &[("cache-control", "max-age=0, stale-while-revalidate=5")]),
    row(Some(Refusal::Stale), "GET", &[], 200, &[("cache-control", "max-age=0, stale-if-error=5, must-revalidate")]),
    row(Some(Refusal::Stale), "GET", &[], 200, &[FRESH, ("age", "3600")]),
    row(None, "GET", &[], 200, &[FRESH, ("content-disposition", "attachment; filename=a")]),
];

#[test]
fn the_table_says_what_is_stored_and_what_is_not_and_why() {
    for row in TABLE {
        let Row { refused, method, request, status, response } = *row;
        let exchange = row.exchange();
        assert_eq!(exchange.refusal(), refused, "{method} {request:?} {status} {response:?}");
    }
}

#[test]
fn a_ttl_of_the_route_lifts_no_refusal_but_the_lack_of_a_lifetime() {
    for row in TABLE {
        let Row { refused, method, request, status, response } = *row;
        let policy = Policy::new().ttl(seconds(60)).statuses([101, 200, 206, 304, 599, 600]);
        let exchange = row.exchange().policy(policy);
        let expected = refused.filter(|refusal| *refusal != Refusal::NoLifetime);
        assert_eq!(exchange.refusal(), expected, "{method} {request:?} {status} {response:?}");
    }
}

#[test]
fn every_final_status_is_reusable_while_fresh_and_not_when_stale() {
    for status in [200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 502, 503, 504, 599] {
        let exchange = response(&[FRESH]).status(status);
        assert!(exchange.is_reused_after(3599) && !exchange.is_reused_after(3600), "{status}");
    }
}

#[test]
fn a_ttl_of_the_route_is_for_the_named_statuses() {
    let default = Policy::new().ttl(seconds(60));
    for (status, stored) in [(200, true), (204, true), (301, true), (302, false), (404, false), (500, false)] {
        assert_eq!(response(&[]).status(status).policy(default.clone()).is_reused_after(59), stored, "{status}");
    }
    let named = default.statuses([404]);
    assert!(response(&[]).status(404).policy(named.clone()).is_reused_after(59));
    assert_eq!(response(&[]).status(200).policy(named.clone()).refusal(), Some(Refusal::NoLifetime));
    assert!(
        response(&[FRESH]).status(200).policy(named).is_reused_after(59),
        "a stated lifetime holds for every status"
    );
}

#[test]
fn what_one_user_gets_with_a_cookie_is_shared_only_if_its_handler_or_the_policy_says_so() {
    let policy = || Policy::new().ttl(seconds(60));
    let asked = |fields| response(fields).asked_with(&[("cookie", "session=1")]);
    assert_eq!(asked(&[]).policy(policy()).refusal(), Some(Refusal::Cookie));
    assert_eq!(asked(&[("cache-control", "public")]).policy(policy()).refusal(), None);
    assert_eq!(asked(&[("cache-control", "max-age=5")]).policy(policy()).refusal(), None);
    assert_eq!(asked(&[("vary", "cookie")]).policy(policy().store_variants_per_user()).refusal(), None);
    assert_eq!(
        asked(&[("vary", "authorization")]).policy(policy().store_variants_per_user()).refusal(),
        Some(Refusal::Cookie)
    );
    assert_eq!(asked(&[]).policy(policy().ignore_request_cookies()).refusal(), None);
}

#[test]
fn what_one_user_gets_with_credentials_is_not_stored_by_a_ttl_of_the_route() {
    let policy = || Policy::new().ttl(seconds(60));
    assert_eq!(response(&[]).asked_with(AUTHORIZED).policy(policy()).refusal(), Some(Refusal::Authorization));
    let private = response(&[("cache-control", "private")]).asked_with(&[("cookie", "session=1")]);
    assert_eq!(private.policy(policy()).refusal(), Some(Refusal::Private));
    let cookie = response(&[("set-cookie", "session=1")]);
    assert_eq!(cookie.clone().policy(policy()).refusal(), Some(Refusal::SetCookie));
    assert_eq!(cookie.clone().policy(policy().store_without_cookies()).refusal(), None);
    assert_eq!(cookie.policy(policy().share_set_cookie_between_users()).refusal(), None);
}

#[test]
fn cookies_shared_in_words_are_still_not_shared_against_private_or_no_store() {
    let policy = || Policy::new().ttl(seconds(60)).share_set_cookie_between_users();
    for (forbidden, refusal) in [("private", Refusal::Private), ("no-store", Refusal::NoStore)] {
        let exchange = response(&[("cache-control", forbidden), ("set-cookie", "a=b")]);
        assert_eq!(exchange.policy(policy()).refusal(), Some(refusal));
    }
    let named = response(&[("cache-control", "private=\"set-cookie\""), ("set-cookie", "a=b")]).policy(policy());
    assert!(!named.plan().fields.keeps("set-cookie"));
}

fn keyed_by_user(fields: Fields<'_>, policy: &Policy) -> Option<Refusal> {
    let facts =
        RequestFacts::of("GET", &[("authorization", "Bearer bob"), ("cookie", "session=1")][..]).keyed_by_user();
    let arrival = Arrival { at: crate::support::now(), delay: seconds(0) };
    match decide(&facts, 200, fields, arrival, policy) {
        Decision::Store(plan) => {
            assert!(matches!(plan.terms.reuse(&facts, policy, seconds(0)), Reuse::Serve { .. }));
            None
        }
        Decision::Refuse(refusal) => Some(refusal),
    }
}

#[test]
fn under_a_key_of_its_user_credentials_do_not_hinder_but_everything_else_does() {
    let policy = Policy::new().ttl(seconds(60));
    assert_eq!(keyed_by_user(&[], &policy), None);
    assert_eq!(keyed_by_user(&[FRESH, ("vary", "cookie, authorization")], &policy), None);
    assert_eq!(keyed_by_user(&[FRESH, ("cache-control", "private")], &policy), Some(Refusal::Private));
    assert_eq!(keyed_by_user(&[("cache-control", "no-store")], &policy), Some(Refusal::NoStore));
    assert_eq!(keyed_by_user(&[("set-cookie", "a=b")], &policy), Some(Refusal::SetCookie));
    assert_eq!(keyed_by_user(&[("vary", "*")], &policy), Some(Refusal::VaryUnknown));
}

#[test]
fn what_a_handler_says_to_this_cache_alone_goes_before_its_header_fields_but_not_before_what_they_forbid() {
    let policy = || Policy::new().stated_by_handler(seconds(60));
    for fields in [&[][..], &[("cache-control", "max-age=5")], &[("expires", "0")]] {
        let exchange = response(fields).policy(policy());
        assert!(exchange.is_reused_after(59) && !exchange.is_reused_after(60), "{fields:?}");
    }
    assert_eq!(response(&[]).asked_with(&[("cookie", "a=b")]).policy(policy()).refusal(), None);
    for (fields, refusal) in [
        ([("cache-control", "private")], Refusal::Private),
        ([("cache-control", "no-store")], Refusal::NoStore),
        ([("set-cookie", "a=b")], Refusal::SetCookie),
        ([("vary", "*")], Refusal::VaryUnknown),
    ] {
        assert_eq!(response(&fields).policy(policy()).refusal(), Some(refusal));
    }
    let authorized = response(&[]).asked_with(AUTHORIZED).policy(policy());
    assert_eq!(authorized.refusal(), Some(Refusal::Authorization));
}
