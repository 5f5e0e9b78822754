//! `CDN-Cache-Control` and fields of the user's own (RFC 9213).

use crate::support::{Exchange, Fields, date_at, response};
use easy_cache_http::{Policy, Refusal};

fn cdn(fields: Fields<'_>) -> Exchange {
    response(fields).policy(Policy::new().targeted_by(["CDN-Cache-Control"]))
}

const FRESH: (&str, &str) = ("cache-control", "max-age=3600");

#[test]
fn by_default_no_target_counts() {
    assert_eq!(response(&[("cdn-cache-control", "max-age=60")]).refusal(), Some(Refusal::NoLifetime));
    assert!(response(&[FRESH, ("cdn-cache-control", "no-store")]).is_reused_after(10));
}

#[test]
fn a_targeted_lifetime_alone_is_enough_and_huge_ones_saturate() {
    for value in ["max-age=3600", "foo, max-age=3600, bar=(1 2), baz=\"x\"", "s-maxage=3600", "max-age=3600;x=1"] {
        assert!(cdn(&[("cdn-cache-control", value)]).is_reused_after(3599), "{value}");
        assert!(!cdn(&[("cdn-cache-control", value)]).is_reused_after(3600), "{value}");
    }
    for value in ["2147483647", "2147483648", "2147483649", "99999999999", "999999999999999"] {
        assert!(cdn(&[("cdn-cache-control", &format!("max-age={value}"))]).is_reused_after(2_000_000_000), "{value}");
    }
}

#[test]
fn it_wins_over_cache_control_and_expires_in_both_directions() {
    let past = date_at(-10);
    for other in [("cache-control", "max-age=1"), ("cache-control", "no-store"), ("expires", &past), ("expires", "x")] {
        assert!(cdn(&[("cdn-cache-control", "max-age=3600"), other]).is_reused_after(3599), "{other:?}");
    }
    let future = date_at(3600);
    for (value, refusal) in [
        ("max-age=0", Refusal::Stale),
        ("max-age=-1", Refusal::Stale),
        ("private", Refusal::Private),
        ("no-cache", Refusal::NoCache),
        ("no-store", Refusal::NoStore),
        ("public", Refusal::NoLifetime),
    ] {
        let exchange = cdn(&[FRESH, ("expires", &future), ("cdn-cache-control", value)]);
        assert_eq!(exchange.refusal(), Some(refusal), "{value}");
    }
    assert!(!cdn(&[FRESH, ("cdn-cache-control", "max-age=10")]).is_reused_after(10));
}

#[test]
fn age_counts_against_a_targeted_lifetime() {
    let old = [("cdn-cache-control", "max-age=3600"), ("age", "3590")];
    assert!(cdn(&old).is_reused_after(9) && !cdn(&old).is_reused_after(10));
}

#[test]
fn what_is_not_a_dictionary_or_has_values_of_another_type_is_ignored_as_a_whole() {
    for broken in [
        "",
        "max-age=\"10000\"",
        "max-age=10000.5",
        "max-age",
        "max-age=(10000)",
        "max-age = 10000",
        "MaX-aGe=10000",
        "max-age=10000,",
        "max-age=10000 no-store",
        "no-store=1",
        "private=3",
        "max-age=10000, &",
        "max-age=9999999999999999",
    ] {
        let exchange = cdn(&[("cache-control", "max-age=5"), ("cdn-cache-control", broken)]);
        assert!(exchange.is_reused_after(4) && !exchange.is_reused_after(5), "{broken}");
        assert_eq!(cdn(&[("cdn-cache-control", broken)]).refusal(), Some(Refusal::NoLifetime), "{broken}");
    }
}

#[test]
fn two_lines_are_one_dictionary_and_named_fields_are_dropped() {
    let two = [("cdn-cache-control", "max-age=10"), ("cdn-cache-control", "max-age=3600, private=\"x-user\"")];
    let plan = cdn(&two).plan();
    assert!(!plan.fields.keeps("x-user") && plan.fields.keeps("cdn-cache-control"));
    assert!(cdn(&two).is_reused_after(3599), "the last of two equal names counts, as structured fields have it");
    assert_eq!(cdn(&[("cdn-cache-control", "no-store=?0, max-age=9")]).refusal(), None);
}

#[test]
fn a_name_of_ones_own_goes_before_others_in_the_order_given() {
    let policy = Policy::new().targeted_by(["shop-cache-control", "cdn-cache-control"]);
    let fields = [("cdn-cache-control", "no-store"), ("shop-cache-control", "max-age=60")];
    assert!(response(&fields).policy(policy.clone()).is_reused_after(59));
    let fallback = [("cdn-cache-control", "no-store"), ("shop-cache-control", "max-age=x"), FRESH];
    assert_eq!(response(&fallback).policy(policy).refusal(), Some(Refusal::NoStore));
}

#[test]
fn it_makes_nothing_shared_that_another_rule_keeps_from_being_shared() {
    let fields = [("cdn-cache-control", "max-age=60"), ("set-cookie", "a=b")];
    assert_eq!(cdn(&fields).refusal(), Some(Refusal::SetCookie));
    let authorized = cdn(&[("cdn-cache-control", "max-age=60"), ("cache-control", "public")]);
    let authorized = authorized.asked_with(&[("authorization", "Bearer bob")]);
    assert_eq!(authorized.refusal(), Some(Refusal::Authorization), "`public` has to be said where it counts");
}
