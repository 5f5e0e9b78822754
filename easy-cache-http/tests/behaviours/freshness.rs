//! How long a response is reused (RFC 9111 §4.2.1).

use crate::support::{cache_control, date_at, response, seconds};
use easy_cache_http::{Policy, Refusal, Reuse};

fn is_reused(value: &str, after: u64) -> bool {
    cache_control(value).is_reused_after(after)
}

#[test]
fn a_response_with_neither_freshness_nor_validator_is_not_reused() {
    assert_eq!(response(&[]).refusal(), Some(Refusal::NoLifetime));
}

#[test]
fn nothing_is_guessed_from_last_modified() {
    let modified = date_at(-86_400);
    assert_eq!(response(&[("last-modified", &modified)]).refusal(), Some(Refusal::NoLifetime));
}

#[test]
fn max_age_makes_a_response_reusable_for_so_many_seconds_and_not_longer() {
    assert!(is_reused("max-age=3600", 0));
    assert!(is_reused("max-age=3600", 3599));
    assert!(!is_reused("max-age=3600", 3600));
}

#[test]
fn zero_and_negative_max_age_are_stale_at_once_even_with_a_future_expires() {
    let future = date_at(3600);
    for max_age in ["max-age=0", "max-age=-1"] {
        let exchange = response(&[("cache-control", max_age), ("expires", &future)]);
        assert_eq!(exchange.refusal(), Some(Refusal::Stale), "{max_age}");
    }
}

#[test]
fn huge_lifetimes_saturate_and_do_not_overflow() {
    for value in ["2147483647", "2147483648", "2147483649", "99999999999", "99999999999999999999999"] {
        for directive in ["max-age", "s-maxage"] {
            assert!(is_reused(&format!("{directive}={value}"), 2_000_000_000), "{directive}={value}");
        }
    }
}

#[test]
fn a_received_age_counts_against_max_age() {
    let old = response(&[("cache-control", "max-age=3600"), ("age", "3590")]);
    assert!(old.is_reused_after(9));
    assert!(!old.is_reused_after(10));
    assert_eq!(response(&[("cache-control", "max-age=3600"), ("age", "7200")]).refusal(), Some(Refusal::Stale));
}

#[test]
fn an_old_date_counts_against_max_age() {
    let (old, ahead) = (date_at(-3590), date_at(3600));
    let from_the_past = response(&[("cache-control", "max-age=3600"), ("date", &old)]);
    assert!(from_the_past.is_reused_after(9) && !from_the_past.is_reused_after(10));
    let from_a_fast_clock = response(&[("cache-control", "max-age=3600"), ("date", &ahead)]);
    assert!(from_a_fast_clock.is_reused_after(3599) && !from_a_fast_clock.is_reused_after(3600));
}

#[test]
fn max_age_beats_a_past_and_an_invalid_expires() {
    for expires in [date_at(-3600).as_str(), "0", "garbage"] {
        let exchange = response(&[("cache-control", "max-age=3600"), ("expires", expires)]);
        assert!(exchange.is_reused_after(3599), "{expires}");
    }
}

#[test]
fn unknown_directives_are_skipped_and_names_have_any_case() {
    assert!(is_reused("foo, max-age=3600, bar=\"no-store\", baz=1", 10));
    assert!(is_reused("MaX-aGe=3600", 10));
    assert!(is_reused("S-MAXAGE=3600", 10));
}

#[test]
fn s_maxage_alone_is_enough() {
    assert!(is_reused("s-maxage=3600", 3599) && !is_reused("s-maxage=3600", 3600));
}

#[test]
fn s_maxage_beats_max_age_in_either_order_on_one_line_or_two() {
    for (short, long) in [("s-maxage=10", "max-age=3600"), ("max-age=3600", "s-maxage=10")] {
        assert!(is_reused(&format!("{short}, {long}"), 9) && !is_reused(&format!("{short}, {long}"), 10));
        let lines = [("cache-control", short), ("cache-control", long)];
        assert!(response(&lines).is_reused_after(9) && !response(&lines).is_reused_after(10));
    }
    let past = date_at(-10);
    for max_age in ["max-age=1", "max-age=0"] {
        let value = format!("{max_age}, s-maxage=3600");
        assert!(response(&[("cache-control", &value), ("expires", &past)]).is_reused_after(3599), "{value}");
    }
}

#[test]
fn a_slow_origin_ages_what_it_states() {
    let exchange = response(&[("cache-control", "max-age=10")]).after(seconds(5));
    assert_eq!(exchange.reuse(&[], 0), Reuse::Serve { age: seconds(5) });
    assert!(exchange.is_reused_after(4) && !exchange.is_reused_after(5));
}

#[test]
fn a_ttl_of_the_route_counts_from_storing_however_slow_the_handler() {
    let exchange = response(&[("age", "100")]).policy(Policy::new().ttl(seconds(10))).after(seconds(20));
    assert!(exchange.is_reused_after(9));
    assert!(!exchange.is_reused_after(10));
    assert_eq!(exchange.reuse(&[], 3), Reuse::Serve { age: seconds(123) });
}

#[test]
fn what_the_handler_states_wins_over_the_ttl_of_the_route() {
    let policy = || Policy::new().ttl(seconds(3600));
    for stated in ["max-age=10", "s-maxage=10", "max-age=7200, s-maxage=10"] {
        let exchange = response(&[("cache-control", stated)]);
        assert!(!exchange.policy(policy()).is_reused_after(10), "{stated}");
    }
    assert_eq!(response(&[("expires", "0")]).policy(policy()).refusal(), Some(Refusal::Stale));
    assert_eq!(response(&[("cache-control", "max-age=x")]).policy(policy()).refusal(), Some(Refusal::Stale));
    assert!(response(&[("cache-control", "public")]).policy(policy()).is_reused_after(3599));
}

#[test]
fn the_ttl_of_a_response_is_told_in_seconds_and_is_negative_once_stale() {
    let freshness = response(&[("cache-control", "max-age=60")]).plan().terms.freshness;
    assert_eq!(freshness.ttl_seconds(seconds(0)), 60);
    assert_eq!(freshness.ttl_seconds(seconds(59)), 1);
    assert_eq!(freshness.ttl_seconds(seconds(60)), 0);
    assert_eq!(freshness.ttl_seconds(seconds(75)), -15);
    assert_eq!(freshness.staleness(seconds(75)), seconds(15));
    assert_eq!(freshness.time_left(seconds(20)), seconds(40));
}
