//! How long a response may be reused by a shared cache, and whether it still may (RFC 9111 §4.2). Whether it may be
//! stored at all is left to [`store`](crate::store), what it is good for afterwards to [`stale`](crate::stale).

use std::time::{Duration, SystemTime};

use crate::cache_control::ResponseDirectives;
use crate::date;
use crate::grammar::MAX_DELTA;
use crate::view::Headers;

/// How long a stored response is fresh, and how old it was when it was stored. Keep it beside the stored response;
/// asking it costs two additions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "door", derive(serde::Serialize, serde::Deserialize))]
pub struct Freshness {
    lifetime: Duration,
    initial_age: Duration,
}

impl Freshness {
    /// A lifetime that the response states; its age on arrival counts against it (RFC 9111 §4.2).
    #[must_use]
    pub fn stated(lifetime: Duration, initial_age: Duration) -> Self {
        Self { lifetime, initial_age }
    }

    /// A lifetime that the route states: it begins with the storing, however slow the handler was and whatever `Age`
    /// came along, because it is about this cache and not about the response.
    #[must_use]
    pub fn from_storing(ttl: Duration, initial_age: Duration) -> Self {
        Self { lifetime: ttl.min(MAX_DELTA) + initial_age, initial_age }
    }

    /// Whether these are spans that a response can state: what comes from outside the process may be anything.
    #[cfg(feature = "door")]
    pub(crate) fn is_sensible(self) -> bool {
        self.lifetime <= MAX_DELTA * 4 && self.initial_age <= MAX_DELTA * 2
    }

    /// The age after `resident` time in the store (RFC 9111 §4.2.3, `current_age`).
    #[must_use]
    pub fn age(self, resident: Duration) -> Duration {
        self.initial_age.saturating_add(resident)
    }

    /// Says whether it may be served as it is: the lifetime is longer than the age (RFC 9111 §4.2).
    #[must_use]
    pub fn is_fresh(self, resident: Duration) -> bool {
        self.lifetime > self.age(resident)
    }

    /// How long it stays fresh from now on; zero once it is stale.
    #[must_use]
    pub fn time_left(self, resident: Duration) -> Duration {
        self.lifetime.saturating_sub(self.age(resident))
    }

    /// How long it has been stale; zero while it is fresh.
    #[must_use]
    pub fn staleness(self, resident: Duration) -> Duration {
        self.age(resident).saturating_sub(self.lifetime)
    }

    /// The `ttl` of `Cache-Status`: whole seconds left, negative once stale (RFC 9211 §2.6).
    #[must_use]
    pub fn ttl_seconds(self, resident: Duration) -> i64 {
        let whole = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        if self.is_fresh(resident) { whole(self.time_left(resident)) } else { -whole(self.staleness(resident)) }
    }
}

/// What `Expires` says (RFC 9111 §5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expires {
    /// The field is not there.
    Missing,
    /// It is there more than once, or is not a date (`0` is the usual one): already expired.
    Invalid,
    /// It is a date.
    At(SystemTime),
}

impl Expires {
    /// Reads the field.
    #[must_use]
    pub fn parse<H: Headers + ?Sized>(headers: &H) -> Self {
        if !headers.has("expires") {
            return Self::Missing;
        }
        headers.single("expires").and_then(date::parse).map_or(Self::Invalid, Self::At)
    }
}

/// The lifetime that a response states for a shared cache, if it states one (RFC 9111 §4.2.1): `s-maxage`, else
/// `max-age`, else `Expires` minus `Date`, where a missing or broken `Date` is the time of arrival.
#[must_use]
pub fn stated_lifetime(
    directives: &ResponseDirectives,
    expires: Expires,
    date: Option<SystemTime>,
    arrived: SystemTime,
) -> Option<Duration> {
    let from_expires = || match expires {
        Expires::Missing => None,
        Expires::Invalid => Some(Duration::ZERO),
        Expires::At(end) => Some(end.duration_since(date.unwrap_or(arrived)).unwrap_or_default().min(MAX_DELTA)),
    };
    directives.s_maxage.or(directives.max_age).or_else(from_expires)
}

/// A guess goes no further than this: what has not changed for years may change tomorrow.
const LONGEST_GUESS: Duration = Duration::from_secs(24 * 60 * 60);

/// The statuses whose responses may be reused on a guess (RFC 9110 §15.1), but for 206: a part needs a lifetime.
fn is_heuristically_cacheable(status: u16) -> bool {
    matches!(status, 200 | 203 | 204 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 501)
}

/// Guesses a lifetime where none is stated (RFC 9111 §4.2.2): a tenth of the time since the last modification, a day
/// at most. For the statuses that RFC 9110 §15.1 names, and for any other if the response is `public`.
#[must_use]
pub fn guessed_lifetime(
    directives: &ResponseDirectives,
    status: u16,
    last_modified: Option<SystemTime>,
    date: Option<SystemTime>,
    arrived: SystemTime,
) -> Option<Duration> {
    let unchanged = date.unwrap_or(arrived).duration_since(last_modified?).ok()?;
    let allowed = directives.public || is_heuristically_cacheable(status);
    allowed.then(|| (unchanged / 10).min(LONGEST_GUESS))
}
