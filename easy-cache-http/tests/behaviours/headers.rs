//! Which fields are kept with a response (RFC 9111 §3.1).

use crate::support::{date_at, response};
use easy_cache_http::Policy;

#[test]
fn fields_that_describe_the_response_are_kept() {
    let plan = response(&[("cache-control", "max-age=60")]).plan();
    for name in [
        "Test-Header",
        "X-Test-Header",
        "Content-Foo",
        "X-Content-Foo",
        "Cache-Control",
        "Content-Encoding",
        "Content-Length",
        "Content-Location",
        "Content-MD5",
        "Content-Range",
        "Content-Type",
        "Content-Security-Policy",
        "Clear-Site-Data",
        "Date",
        "ETag",
        "Expires",
        "Public-Key-Pins",
        "Server-Timing",
        "X-Frame-Options",
        "X-XSS-Protection",
    ] {
        assert!(plan.fields.keeps(name), "{name}");
    }
}

#[test]
fn fields_of_the_connection_and_of_proxies_are_not_kept() {
    let plan = response(&[("cache-control", "max-age=60")]).plan();
    for name in [
        "Connection",
        "Keep-Alive",
        "Proxy-Authenticate",
        "Proxy-Authentication-Info",
        "Proxy-Authorization",
        "Proxy-Connection",
        "TE",
        "Transfer-Encoding",
        "Upgrade",
    ] {
        assert!(!plan.fields.keeps(name), "{name}");
    }
}

#[test]
fn fields_that_connection_lists_are_not_kept() {
    let fields = [("cache-control", "max-age=60"), ("connection", "close, A"), ("connection", "x-b,not a name")];
    let plan = response(&fields).plan();
    assert!(!plan.fields.keeps("a") && !plan.fields.keeps("X-B"));
    assert!(plan.fields.keeps("x-c"));
}

#[test]
fn fields_that_this_cache_writes_itself_are_not_kept() {
    let plan = response(&[("cache-control", "max-age=60"), ("age", "1")]).plan();
    assert!(!plan.fields.keeps("Age") && !plan.fields.keeps("Cache-Status"));
}

#[test]
fn fields_named_by_no_cache_or_private_are_dropped_and_the_rest_is_stored() {
    for directive in ["no-cache", "private"] {
        let value = format!("max-age=60, {directive}=\"A, b\"");
        let exchange = response(&[("cache-control", &value), ("a", "1"), ("b", "2"), ("c", "3")]);
        assert!(exchange.is_reused_after(59), "{value}");
        let plan = exchange.plan();
        assert!(!plan.fields.keeps("a") && !plan.fields.keeps("B") && plan.fields.keeps("c"), "{value}");
    }
}

#[test]
fn cookies_are_kept_only_if_the_policy_shares_them_in_words() {
    let fields = [("cache-control", "max-age=60"), ("set-cookie", "a=b"), ("set-cookie2", "a=b")];
    let left_out = response(&fields).policy(Policy::new().store_without_cookies()).plan();
    assert!(!left_out.fields.keeps("Set-Cookie") && !left_out.fields.keeps("set-cookie2"));
    let shared = response(&fields).policy(Policy::new().share_set_cookie_between_users()).plan();
    assert!(shared.fields.keeps("Set-Cookie"));
    let none = response(&fields[..1]).plan();
    assert!(!none.fields.keeps("set-cookie"));
}

#[test]
fn a_response_without_a_date_gets_the_time_of_its_arrival_and_a_date_is_never_replaced() {
    let plan = response(&[("cache-control", "max-age=60")]).plan();
    assert_eq!(plan.date_to_add.map(easy_cache_http::date::format), Some(date_at(0)));
    let dated = response(&[("cache-control", "max-age=60"), ("date", "garbage")]).plan();
    assert_eq!(dated.date_to_add, None);
}
