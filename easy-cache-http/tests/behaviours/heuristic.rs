//! Lifetimes that are guessed from `Last-Modified` where a route asks for it (RFC 9111 §4.2.2).

use crate::support::{Exchange, Fields, date_at, response, seconds};
use easy_cache_http::{Policy, Refusal};

const DAY: u64 = 86_400;

fn guessing(status: u16, fields: Fields<'_>) -> Exchange {
    response(fields).status(status).policy(Policy::new().guess_lifetimes())
}

#[test]
fn a_tenth_of_the_time_since_the_last_change_is_guessed_and_a_day_at_most() {
    let modified = |ago: u64| date_at(-i64::try_from(ago).unwrap());
    let is_reused = |ago, after| guessing(200, &[("last-modified", &modified(ago))]).is_reused_after(after);
    assert!(is_reused(DAY, 8639) && !is_reused(DAY, 8640));
    assert!(is_reused(100, 9) && !is_reused(100, 10));
    assert!(is_reused(1000 * DAY, DAY - 1) && !is_reused(1000 * DAY, DAY));
    assert!(!is_reused(0, 0));
    let future = date_at(10);
    assert_eq!(guessing(200, &[("last-modified", &future)]).refusal(), Some(Refusal::NoLifetime));
}

#[test]
fn only_the_statuses_that_allow_it_are_guessed_about() {
    let modified = date_at(-86_400);
    for status in [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501] {
        assert!(guessing(status, &[("last-modified", &modified)]).is_reused_after(10), "{status}");
    }
    for status in [201, 202, 302, 307, 400, 403, 500, 502, 503, 504, 599] {
        let plain = guessing(status, &[("last-modified", &modified)]);
        assert_eq!(plain.refusal(), Some(Refusal::NoLifetime), "{status}");
        let public = guessing(status, &[("last-modified", &modified), ("cache-control", "public")]);
        assert!(public.is_reused_after(10), "{status}");
    }
}

#[test]
fn a_guess_stands_behind_what_is_stated_and_what_the_route_gives() {
    let modified = date_at(-86_400);
    assert!(!guessing(200, &[("last-modified", &modified), ("cache-control", "max-age=5")]).is_reused_after(5));
    let both = response(&[("last-modified", &modified)]).policy(Policy::new().guess_lifetimes().ttl(seconds(5)));
    assert!(both.is_reused_after(4) && !both.is_reused_after(5));
    assert!(guessing(200, &[("last-modified", &modified), ("pragma", "no-cache")]).is_reused_after(10));
}

#[test]
fn a_guess_shares_nothing_that_a_handler_did_not_mean_to_share() {
    let modified = date_at(-86_400);
    let fields: Fields<'_> = &[("last-modified", &modified)];
    let with_cookie = guessing(200, fields).asked_with(&[("cookie", "session=1")]);
    assert_eq!(with_cookie.refusal(), Some(Refusal::Cookie));
    let authorized = guessing(200, fields).asked_with(&[("authorization", "Bearer bob")]);
    assert_eq!(authorized.refusal(), Some(Refusal::Authorization));
    let private = guessing(200, &[("last-modified", &modified), ("cache-control", "private")]);
    assert_eq!(private.refusal(), Some(Refusal::Private));
}
