//! What is served although its lifetime is over, and what never is (RFC 9111 §4.2.4, RFC 5861).

use crate::support::{Exchange, cache_control, response, seconds};
use easy_cache_http::stale::is_failure;
use easy_cache_http::{Policy, Refusal, RequestFacts, Reuse};

const TAGGED: (&str, &str) = ("etag", "\"a\"");

fn tagged(value: &str) -> Exchange {
    response(&[("cache-control", value), TAGGED])
}

fn answers_for_failure(exchange: &Exchange, after: u64) -> bool {
    exchange.plan().terms.may_answer_for_failure(&RequestFacts::of("GET", &[("accept", "*/*")][..]), seconds(after))
}

#[test]
fn within_its_window_a_response_is_served_while_it_is_refreshed_and_not_after_it() {
    let exchange = cache_control("max-age=10, stale-while-revalidate=5");
    assert_eq!(exchange.reuse(&[], 9), Reuse::Serve { age: seconds(9) });
    assert_eq!(exchange.reuse(&[], 10), Reuse::ServeAndRefresh { age: seconds(10) });
    assert_eq!(exchange.reuse(&[], 14), Reuse::ServeAndRefresh { age: seconds(14) });
    assert_eq!(exchange.reuse(&[], 15), Reuse::Stale);
}

#[test]
fn a_route_gives_the_windows_where_the_response_states_none() {
    let policy = || Policy::new().stale_while_revalidate(seconds(5)).stale_if_error(seconds(20));
    let given = cache_control("max-age=10").policy(policy());
    assert_eq!(given.reuse(&[], 14), Reuse::ServeAndRefresh { age: seconds(14) });
    assert!(answers_for_failure(&given, 29) && !answers_for_failure(&given, 30));
    let stated = cache_control("max-age=10, stale-while-revalidate=1, stale-if-error=2").policy(policy());
    assert_eq!(stated.reuse(&[], 11), Reuse::Stale);
    assert!(answers_for_failure(&stated, 11) && !answers_for_failure(&stated, 12));
}

#[test]
fn what_was_never_fresh_is_not_served_stale_on_the_word_of_a_route() {
    let policy = || Policy::new().stale_while_revalidate(seconds(5)).stale_if_error(seconds(5));
    assert_eq!(cache_control("max-age=0").policy(policy()).refusal(), Some(Refusal::Stale));
    for exchange in [tagged("max-age=0"), response(&[("expires", "0"), TAGGED])] {
        let exchange = exchange.policy(policy());
        assert_eq!(exchange.reuse(&[], 0), Reuse::Stale);
        assert!(!answers_for_failure(&exchange, 0));
    }
    let stated = tagged("max-age=0, stale-while-revalidate=5").policy(policy());
    assert_eq!(stated.reuse(&[], 4), Reuse::ServeAndRefresh { age: seconds(4) });
}

#[test]
fn nothing_is_served_stale_without_a_word_for_it() {
    let exchange = tagged("max-age=10");
    assert_eq!(exchange.reuse(&[], 10), Reuse::Stale);
    assert!(answers_for_failure(&exchange, 9) && !answers_for_failure(&exchange, 10));
}

#[test]
fn directives_that_forbid_stale_answers_win_over_routes_and_clients() {
    let policy = || {
        let windows = Policy::new().stale_while_revalidate(seconds(100)).stale_if_error(seconds(100));
        windows.honour_client_refresh()
    };
    for strict in ["max-age=10, must-revalidate", "max-age=10, proxy-revalidate", "s-maxage=10"] {
        let exchange = tagged(strict).policy(policy());
        assert_eq!(exchange.reuse(&[], 10), Reuse::Stale, "{strict}");
        assert_eq!(exchange.reuse(&[("cache-control", "max-stale")], 10), Reuse::Stale, "{strict}");
        assert!(!answers_for_failure(&exchange, 10), "{strict}");
    }
}

#[test]
fn explicit_windows_count_beside_s_maxage_but_not_beside_must_revalidate() {
    let windows = "stale-while-revalidate=5, stale-if-error=5";
    let both = tagged(&format!("s-maxage=10, {windows}"));
    assert!(matches!(both.reuse(&[], 10), Reuse::ServeAndRefresh { .. }) && answers_for_failure(&both, 10));
    for strict in ["must-revalidate", "proxy-revalidate"] {
        let exchange = tagged(&format!("max-age=10, {strict}, {windows}"));
        assert_eq!(exchange.reuse(&[], 10), Reuse::Stale, "{strict}");
        assert!(!answers_for_failure(&exchange, 10), "{strict}");
    }
}

#[test]
fn no_cache_is_never_used_without_asking_not_even_while_fresh_or_for_a_failure() {
    let policy = Policy::new().stale_while_revalidate(seconds(100)).stale_if_error(seconds(100)).ttl(seconds(50));
    for value in ["no-cache", "NO-CACHE, max-age=60", "no-cache, stale-while-revalidate=60, stale-if-error=60"] {
        let exchange = tagged(value).policy(policy.clone());
        assert_eq!(exchange.reuse(&[], 0), Reuse::Stale, "{value}");
        assert!(!answers_for_failure(&exchange, 0), "{value}");
    }
}

#[test]
fn a_client_that_accepts_stale_answers_gets_them_only_where_the_route_says_so() {
    let policy = || Policy::new().honour_client_refresh();
    let table = [
        ("max-stale", Reuse::ServeStale { age: seconds(20) }),
        ("max-stale=10", Reuse::ServeStale { age: seconds(20) }),
        ("max-stale=9", Reuse::Stale),
        ("max-stale=x", Reuse::Stale),
        ("max-stale=10, max-age=19", Reuse::Stale),
        ("max-stale=10, no-cache", Reuse::Stale),
    ];
    for (wish, expected) in table {
        assert_eq!(tagged("max-age=10").policy(policy()).reuse(&[("cache-control", wish)], 20), expected, "{wish}");
    }
    assert_eq!(tagged("max-age=10").reuse(&[("cache-control", "max-stale")], 20), Reuse::Stale);
}

#[test]
fn a_wish_for_a_fresh_answer_ends_the_window() {
    let exchange = tagged("max-age=10, stale-while-revalidate=90").policy(Policy::new().honour_client_refresh());
    assert_eq!(exchange.reuse(&[("cache-control", "no-cache")], 20), Reuse::Stale);
    assert_eq!(exchange.reuse(&[("cache-control", "max-age=15")], 20), Reuse::Stale);
}

#[test]
fn what_was_made_for_the_anonymous_answers_nobody_with_credentials_stale_or_not() {
    let exchange = tagged("max-age=10, stale-while-revalidate=90, stale-if-error=90");
    let bob = [("authorization", "Bearer bob")];
    assert_eq!(exchange.reuse(&bob, 20), Reuse::Declined);
    let bob = RequestFacts::of("GET", &bob[..]);
    assert!(!exchange.plan().terms.may_answer_for_failure(&bob, seconds(20)));
}

#[test]
fn a_response_is_kept_as_long_as_it_is_good_for_something() {
    let kept = |exchange: &Exchange, resident| exchange.plan().terms.useful_for(seconds(resident)).as_secs();
    let plain = cache_control("max-age=10");
    assert_eq!((kept(&plain, 4), kept(&plain, 10)), (6, 0));
    assert_eq!(kept(&tagged("max-age=10"), 4), 6 + 3600);
    assert_eq!(kept(&tagged("max-age=10"), 20), 3590);
    let short = Policy::new().keep_for_validation(seconds(30));
    assert_eq!(kept(&tagged("max-age=10").policy(short.clone()), 20), 20);
    assert_eq!(kept(&tagged("max-age=10, stale-if-error=99").policy(short), 20), 89);
    assert_eq!(kept(&cache_control("max-age=10, stale-while-revalidate=99999999999999"), 0), 10 + (1 << 31));
}

#[test]
fn failures_are_four_statuses() {
    let failures: Vec<_> = (100..600).filter(|status| is_failure(*status)).collect();
    assert_eq!(failures, [500, 502, 503, 504]);
}
