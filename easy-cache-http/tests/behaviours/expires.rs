//! `Expires` and the dates of HTTP (RFC 9111 §5.3, RFC 9110 §5.6.7).

use crate::support::{date_at, now, response};
use easy_cache_http::{Refusal, date};

fn is_reused(expires: &str, date: &str, age: &str) -> bool {
    response(&[("expires", expires), ("date", date), ("age", age)]).is_reused_after(0)
}

/// Whether a date far ahead, written like this, makes a response reusable.
fn is_accepted(expires: &str) -> bool {
    response(&[("expires", expires)]).is_reused_after(10)
}

#[test]
fn a_future_expires_is_reused_until_then_also_when_the_date_is_unparsable() {
    let future = date_at(3600);
    for date in [date_at(0).as_str(), "garbage", "0"] {
        let exchange = response(&[("expires", &future), ("date", date)]);
        assert!(exchange.is_reused_after(3599) && !exchange.is_reused_after(3600), "{date}");
    }
}

#[test]
fn past_present_and_zero_are_stale() {
    let now = date_at(0);
    for expires in [date_at(-3600).as_str(), now.as_str(), "0"] {
        assert!(!is_reused(expires, &now, "0"), "{expires}");
    }
}

#[test]
fn the_lifetime_is_expires_minus_date_and_not_minus_now() {
    assert!(!is_reused(&date_at(1800), &date_at(3600), "0"), "both ahead, and over before it was sent");
    let exchange = (date_at(3600 + 100), date_at(3600));
    let fields = [("expires", exchange.0.as_str()), ("date", exchange.1.as_str())];
    assert!(response(&fields).is_reused_after(99) && !response(&fields).is_reused_after(100));
}

#[test]
fn age_counts_against_expires_with_slow_and_with_fast_clocks() {
    for clock in [-3600, 3600] {
        let (expires, date) = (date_at(clock + 7200), date_at(clock));
        assert!(is_reused(&expires, &date, "7199"), "{clock}");
        assert!(!is_reused(&expires, &date, "7200"), "{clock}");
    }
}

#[test]
fn dates_in_the_three_formats_and_any_case_are_accepted() {
    for expires in [
        "Thu, 18 Aug 2050 02:01:18 GMT",
        "Thu, 01 Jan 2150 02:01:18 GMT",
        "Thursday, 18-Aug-50 02:01:18 GMT",
        "Thu Aug 18 02:01:18 2050",
        "Mon Aug  8 02:01:18 2050",
        "THU, 18 Aug 2050 02:01:18 GMT",
        "thu, 18 aug 2050 02:01:18 gmt",
        "Thu, 18 AUG 2050 02:01:18 gMT",
        "thursday, 18-AUG-50 02:01:18 GMT",
        " Thu, 18 Aug 2050 02:01:18 GMT\t",
    ] {
        assert!(is_accepted(expires), "{expires}");
    }
}

#[test]
fn anything_else_is_stale() {
    for expires in [
        "Thu, 18 Aug 2050 02:01:18 UTC",
        "Thu, 18 Aug 2050 02:01:18 AEST",
        "Thu, 18 Aug 2050 02:01:18 EDT",
        "Thu, 18 Aug 2050 02:01:18 +0000",
        "Thu, 18 Aug 2050 02:01:18",
        "Thu, 18 Aug 50 02:01:18 GMT",
        "Thu 18 Aug 2050 02:01:18 GMT",
        "Thu, 18  Aug  2050 02:01:18 GMT",
        "Thu,  18 Aug 2050 02:01:18 GMT",
        "Thu, 18-Aug-2050 02:01:18 GMT",
        "Thu, 18 Aug 2050 02.01.18 GMT",
        "Thu, 18 Aug 2050 2:01:18 GMT",
        "Thu, 8 Aug 2050 02:01:18 GMT",
        "Fri, 18 Aug 2050 02:01:18 GMT",
        "Thu, 18 Aug 2050 02:01:60 GMT",
        "Thu, 32 Aug 2050 02:01:18 GMT",
        "Tue, 30 Feb 2050 02:01:18 GMT",
        "Thu, 18 Aug 2050 24:01:18 GMT",
        "Donnerstag, 18-Aug-50 02:01:18 GMT",
        "Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:18 GMT",
        "",
        "3600",
    ] {
        assert!(!is_accepted(expires), "{expires}");
        assert_eq!(response(&[("expires", expires)]).refusal(), Some(Refusal::Stale), "{expires}");
    }
}

#[test]
fn two_expires_lines_are_stale_even_if_equal() {
    let future = date_at(3600);
    assert_eq!(response(&[("expires", &future), ("expires", &future)]).refusal(), Some(Refusal::Stale));
}

#[test]
fn two_digit_years_are_never_more_than_fifty_years_ahead() {
    assert_eq!(date::parse(b"Sunday, 06-Nov-94 08:49:37 GMT"), date::parse(b"Sun, 06 Nov 1994 08:49:37 GMT"));
    assert!(date::parse(b"Thursday, 01-Jan-70 00:00:00 GMT").is_some_and(|past| past < now()));
    assert!(date::parse(b"Tuesday, 01-Jan-69 00:00:00 GMT").is_some_and(|ahead| ahead > now()));
}
