//! Validation: asking the origin whether a stored response is still the current one, and what becomes of it when the
//! origin says so (RFC 9111 §4.3.1, §4.3.3 to §4.3.5). Conditions of clients are left to
//! [`conditional`](crate::conditional).
//!
//! A validating request carries the conditions of the stored response in place of the client's, and all other fields
//! of the client, those that `Vary` names among them. The 304 renews the stored fields; what describes the stored bytes
//! stays (their length must, RFC 9111 §3.2), and so does an `ETag` of the same opaque value, because a 304 to a weak tag
//! does not make it a strong one.

use crate::conditional::Validators;
use crate::headers;
use crate::view::Headers;

/// The fields that make a request conditional on what its client has. A request whose response is to be stored goes
/// without them, a validating one with those of the stored response.
pub const CONDITIONS: [&str; 2] = ["if-modified-since", "if-none-match"];

/// Fields that describe the bytes that are stored: a 304 has no bytes, and what it says of them was often written by
/// something that did not know that (a compressing middleware, for one).
const ABOUT_STORED_BYTES: [&str; 6] =
    ["content-encoding", "content-length", "content-md5", "content-range", "content-type", "trailer"];

/// What a response to a validating request says about the stored one.
///
/// # Example: ask, and hear that nothing changed
/// ```
/// use easy_cache_http::Validation;
/// use easy_cache_http::conditional::Validators;
///
/// let stored = Validators::parse(&[("etag", "\"one\"")][..]);
/// assert_eq!(stored.conditions().next(), Some(("if-none-match", &b"\"one\""[..])));
///
/// assert_eq!(Validation::of(&stored, 304, &[("cache-control", "max-age=60")][..]), Validation::Confirmed);
/// assert_eq!(Validation::of(&stored, 304, &[("etag", "\"two\"")][..]), Validation::Contradicted);
/// assert_eq!(Validation::of(&stored, 200, &[("etag", "\"two\"")][..]), Validation::Replaced);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validation {
    /// It is current: renew its fields and its freshness (RFC 9111 §4.3.4).
    Confirmed,
    /// A 304, but about another representation than the one asked about. It must not renew the stored one, which is not
    /// to be trusted any longer either.
    Contradicted,
    /// A failure of the origin, which says nothing about the stored response (RFC 9111 §4.3.3).
    Failed,
    /// Something new in place of it.
    Replaced,
}

impl Validation {
    /// Reads the response to a validating request.
    #[must_use]
    pub fn of<H: Headers + ?Sized>(stored: &Validators, status: u16, response: &H) -> Self {
        match status {
            304 if stored.is_empty() => Self::Replaced, // nothing was asked
            304 if stored.are_confirmed_by(response) => Self::Confirmed,
            304 => Self::Contradicted,
            status if crate::stale::is_failure(status) => Self::Failed,
            _ => Self::Replaced,
        }
    }

    /// Reads the response to a `HEAD` that passed a stored `GET` (RFC 9111 §4.3.5): `None` if it says nothing about it.
    /// Without a validator in common nothing is known. `length` is the one of the stored body.
    #[must_use]
    pub fn of_head<H: Headers + ?Sized>(
        stored: &Validators,
        stored_status: u16,
        length: u64,
        status: u16,
        head: &H,
    ) -> Option<Self> {
        if status != stored_status {
            return None;
        }
        let announced = head.single("content-length").map(|value| value == length.to_string().as_bytes());
        match stored.agree_with(head) {
            Some(true) if announced != Some(false) => Some(Self::Confirmed),
            Some(_) => Some(Self::Replaced),
            None => None,
        }
    }
}

/// Says whether a field of a 304 takes the place of the stored one (RFC 9111 §3.2). Fields that the 304 itself keeps from
/// being stored are left to [`KeptFields`](crate::KeptFields).
///
/// # Example: the lifetime is renewed, the length is not
/// ```
/// use easy_cache_http::validate::renews;
///
/// assert!(renews("cache-control", true) && renews("x-anything", true));
/// assert!(!renews("content-length", true));
/// assert!(renews("etag", false) && !renews("etag", true));
/// ```
#[must_use]
pub fn renews(name: &str, is_stored: bool) -> bool {
    if name.eq_ignore_ascii_case("etag") {
        return !is_stored;
    }
    !ABOUT_STORED_BYTES.iter().any(|field| name.eq_ignore_ascii_case(field)) && !headers::is_never_kept(name)
}
