//! Writes `Cache-Status` (RFC 9211): what this cache did, as one member of a list. A cache nearer to the origin may
//! have written its own: append this as a further line. Deciding what was done is left to the caller.

use std::fmt::{self, Write as _};

use crate::request::Bypass;

/// Why a request went on to the handler (RFC 9211 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Forward {
    /// The cache was told not to handle it.
    Bypass,
    /// Its method demands it.
    Method,
    /// Nothing is stored for the URI.
    UriMiss,
    /// Something is stored for the URI, but no variant that fits.
    VaryMiss,
    /// Nothing that fits is stored, and the cache does not know more.
    Miss,
    /// Something fresh is stored, but the request did not allow its use.
    Request,
    /// What is stored is stale.
    Stale,
    /// Only a part of what is needed is stored.
    Partial,
}

impl Forward {
    /// The token of the RFC.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bypass => "bypass",
            Self::Method => "method",
            Self::UriMiss => "uri-miss",
            Self::VaryMiss => "vary-miss",
            Self::Miss => "miss",
            Self::Request => "request",
            Self::Stale => "stale",
            Self::Partial => "partial",
        }
    }
}

impl From<Bypass> for Forward {
    /// The method has a word of its own; for every other reason the cache was not used.
    fn from(bypass: Bypass) -> Self {
        if bypass == Bypass::Method { Self::Method } else { Self::Bypass }
    }
}

/// One member of `Cache-Status`; `Display` writes it.
///
/// # Example: a hit and a miss
/// ```
/// use easy_cache_http::{CacheStatus, Forward};
///
/// assert_eq!(CacheStatus::hit("easy-cache").ttl(30).to_string(), r#""easy-cache"; hit; ttl=30"#);
/// let miss = CacheStatus::forwarded("easy-cache", Forward::UriMiss).status(200).stored().ttl(60);
/// assert_eq!(miss.to_string(), r#""easy-cache"; fwd=uri-miss; fwd-status=200; stored; ttl=60"#);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct CacheStatus<'a> {
    cache: &'a str,
    origin: Origin,
    status: Option<u16>,
    stored: bool,
    collapsed: bool,
    ttl: Option<i64>,
    key: Option<&'a str>,
    detail: Option<&'a str>,
}

/// Where the answer comes from: a hit and a forwarded request exclude each other (RFC 9211 §2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Stored,
    Forwarded(Forward),
    Cache,
}

impl<'a> CacheStatus<'a> {
    /// The stored response answered; `cache` names this cache.
    pub fn hit(cache: &'a str) -> Self {
        let (status, ttl, key, detail) = (None, None, None, None);
        Self { cache, origin: Origin::Stored, status, stored: false, collapsed: false, ttl, key, detail }
    }

    /// The request went on.
    pub fn forwarded(cache: &'a str, why: Forward) -> Self {
        Self { origin: Origin::Forwarded(why), ..Self::hit(cache) }
    }

    /// The cache itself answered, without a stored response: a 504 for `only-if-cached`. Say why in
    /// [`detail`](Self::detail).
    pub fn generated(cache: &'a str) -> Self {
        Self { origin: Origin::Cache, ..Self::hit(cache) }
    }

    /// The status with which the handler answered (§2.3).
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// The answer was stored (§2.4).
    pub fn stored(mut self) -> Self {
        self.stored = true;
        self
    }

    /// The request was answered together with another one (§2.5).
    pub fn collapsed(mut self) -> Self {
        self.collapsed = true;
        self
    }

    /// The seconds that are left, negative once stale (§2.6): see
    /// [`Freshness::ttl_seconds`](crate::freshness::Freshness::ttl_seconds).
    pub fn ttl(mut self, seconds: i64) -> Self {
        self.ttl = Some(seconds);
        self
    }

    /// The key (§2.7). It tells a stranger how the cache works: only when asked for.
    pub fn key(mut self, key: &'a str) -> Self {
        self.key = Some(key);
        self
    }

    /// A word on why, for example [`Refusal::as_str`](crate::store::Refusal::as_str) (§2.8).
    pub fn detail(mut self, detail: &'a str) -> Self {
        self.detail = Some(detail);
        self
    }
}

impl CacheStatus<'_> {
    /// Appends the member to a line: what `Display` writes, without its machinery, for the path of a hit.
    pub fn write(&self, out: &mut String) {
        push_string(self.cache, out);
        match self.origin {
            Origin::Stored => out.push_str("; hit"),
            Origin::Forwarded(why) => push_word("; fwd=", why.as_str(), out),
            Origin::Cache => {}
        }
        if let Some(status) = self.status {
            push_integer("; fwd-status=", status.into(), out);
        }
        if self.stored {
            out.push_str("; stored");
        }
        if self.collapsed {
            out.push_str("; collapsed");
        }
        if let Some(ttl) = self.ttl {
            push_integer("; ttl=", ttl.clamp(-LARGEST_INTEGER, LARGEST_INTEGER), out);
        }
        if let Some(key) = self.key {
            out.push_str("; key=");
            push_string(key, out);
        }
        match self.detail {
            Some(detail) if is_plain_token(detail) => push_word("; detail=", detail, out),
            Some(detail) => {
                out.push_str("; detail=");
                push_string(detail, out);
            }
            None => {}
        }
    }
}

/// What a member said that is remembered with its line.
#[cfg(feature = "door")]
#[derive(Debug)]
pub(crate) struct Spoken {
    cache: Box<str>,
    origin: Origin,
    status: Option<u16>,
    stored: bool,
    collapsed: bool,
    ttl: Option<i64>,
    detail: Option<Box<str>>,
}

#[cfg(feature = "door")]
impl Spoken {
    /// A number that differs for most members; `None` for one with a key, which is hardly ever said again.
    pub(crate) fn place(status: &CacheStatus<'_>) -> Option<usize> {
        let detail = status.detail.map_or(0, |detail| detail.len() * 3 + 1);
        let ttl = status.ttl.unwrap_or_default().unsigned_abs() as usize;
        let code = usize::from(status.status.unwrap_or_default());
        status.key.is_none().then(|| ttl.wrapping_add(detail).wrapping_add(code))
    }

    pub(crate) fn of(status: &CacheStatus<'_>) -> Self {
        let CacheStatus { cache, origin, status, stored, collapsed, ttl, detail, key: _ } = *status;
        Self { cache: cache.into(), origin, status, stored, collapsed, ttl, detail: detail.map(Into::into) }
    }

    /// Whether it is the same member; of one without a key.
    pub(crate) fn is(&self, other: &CacheStatus<'_>) -> bool {
        self.ttl == other.ttl
            && self.origin == other.origin
            && self.status == other.status
            && self.stored == other.stored
            && self.collapsed == other.collapsed
            && self.detail.as_deref() == other.detail
            && *self.cache == *other.cache
    }
}

impl fmt::Display for CacheStatus<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = String::with_capacity(96);
        self.write(&mut line);
        out.write_str(&line)
    }
}

fn push_word(name: &str, word: &str, out: &mut String) {
    out.push_str(name);
    out.push_str(word);
}

fn push_integer(name: &str, number: i64, out: &mut String) {
    out.push_str(name);
    if number < 0 {
        out.push('-');
    }
    // On the path of each hit: the machinery of formats takes ten times as long.
    let (mut digits, mut first, mut rest) = ([b'0'; DIGITS], DIGITS, number.unsigned_abs());
    while rest > 0 || first == DIGITS {
        first -= 1;
        digits[first] = b"0123456789"[(rest % 10) as usize];
        rest /= 10;
    }
    out.extend(digits[first..].iter().map(|digit| char::from(*digit)));
}

/// Of the longest number of 64 bits.
const DIGITS: usize = 20;

/// The largest integer of structured fields (RFC 9651 §3.3.1).
const LARGEST_INTEGER: i64 = 999_999_999_999_999;

/// Writes a structured-fields string (RFC 9651 §3.3.3); bytes that it cannot hold are percent-encoded.
fn push_string(text: &str, out: &mut String) {
    out.push('"');
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')) {
        out.push_str(text);
    } else {
        text.bytes().for_each(|byte| push_byte(byte, out));
    }
    out.push('"');
}

fn push_byte(byte: u8, out: &mut String) {
    match byte {
        b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
        b' '..=b'~' => out.push(char::from(byte)),
        _ => {
            let _ = write!(out, "%{byte:02X}"); // cannot fail
        }
    }
}

/// A token of structured fields (RFC 9651 §3.3.4), of the plain characters that our own words have.
fn is_plain_token(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
