//! `Age`, as it is read and as it is written (RFC 9111 §4.2.3, §5.1).

use crate::support::{date_at, response, seconds};
use easy_cache_http::{Refusal, Reuse, age};

fn is_fresh_with(ages: &[&str]) -> bool {
    let mut fields = vec![("cache-control", "max-age=3600")];
    fields.extend(ages.iter().map(|age| ("age", *age)));
    response(&fields).is_reused_after(0)
}

#[test]
fn an_age_that_is_not_a_number_is_ignored() {
    for broken in ["abc", "-7200", "7200.0", "7200;foo=bar", "7200;foo=1", "", "\"7200\"", "+7200", "72 00"] {
        assert!(is_fresh_with(&[broken]), "{broken}");
    }
}

#[test]
fn an_age_around_and_beyond_31_bits_means_stale() {
    for huge in ["2147483647", "2147483648", "2147483649", "99999999999", "18446744073709551616"] {
        assert!(!is_fresh_with(&[huge]), "{huge}");
    }
}

#[test]
fn of_several_ages_the_first_counts() {
    assert!(!is_fresh_with(&["7200, 0"]));
    assert!(is_fresh_with(&["0, 7200"]));
    assert!(is_fresh_with(&["0, 0"]));
    assert!(!is_fresh_with(&["7200", "0"]));
    assert!(is_fresh_with(&["0", "7200"]));
    assert!(is_fresh_with(&["0", "0"]));
}

#[test]
fn a_hit_is_as_old_as_it_arrived_plus_the_time_in_the_store() {
    let exchange = response(&[("cache-control", "max-age=3600"), ("age", "30")]);
    assert_eq!(exchange.reuse(&[], 12), Reuse::Serve { age: seconds(42) });
    let future = date_at(3600);
    let exchange = response(&[("expires", &future), ("age", "30")]);
    assert_eq!(exchange.reuse(&[], 12), Reuse::Serve { age: seconds(42) });
}

#[test]
fn the_older_of_clock_and_age_is_believed() {
    let dated = date_at(-100);
    let by_clock = response(&[("cache-control", "max-age=3600"), ("date", &dated), ("age", "30")]);
    assert_eq!(by_clock.reuse(&[], 0), Reuse::Serve { age: seconds(100) });
    let by_age = response(&[("cache-control", "max-age=3600"), ("date", &dated), ("age", "300")]);
    assert_eq!(by_age.reuse(&[], 0), Reuse::Serve { age: seconds(300) });
}

#[test]
fn the_age_sent_is_whole_seconds_and_never_beyond_31_bits() {
    assert_eq!(age::field_value(std::time::Duration::from_millis(1999)), 1);
    assert_eq!(age::field_value(seconds(u64::MAX)), 1 << 31);
}

#[test]
fn an_age_beyond_the_lifetime_is_stale_on_arrival() {
    assert_eq!(response(&[("cache-control", "max-age=10"), ("age", "10")]).refusal(), Some(Refusal::Stale));
}
