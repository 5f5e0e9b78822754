//! `Range`: which part of a stored response a request asks for (RFC 9110 §14). Whether the part may be cut from this
//! response (`If-Range`) is left to [`Validators`](crate::conditional::Validators::allow_range).
//!
//! A single range of bytes is cut from a stored 200. Everything else that `Range` may say (several ranges, other units, what
//! is malformed) is answered with the whole, which RFC 9110 §14.2 allows. Parts (206) are not stored, and so never put
//! together (RFC 9111 §3.3 makes both an option): handlers of applications seldom cut, and a whole page that is stored
//! once serves every range.

use crate::grammar;
use crate::view::Headers;

/// A single range of bytes, as asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteRange {
    /// `bytes=2-5`: from the first to the last, both included.
    FromTo(u64, u64),
    /// `bytes=2-`: from here to the end.
    From(u64),
    /// `bytes=-5`: so many at the end.
    Last(u64),
}

/// What a range means for a body of a certain length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The bytes from `first` to `last`, both included: 206.
    Bytes {
        /// Where it begins.
        first: u64,
        /// Where it ends: at the last byte of the part.
        last: u64,
    },
    /// There is no such part: 416.
    Unsatisfiable,
}

impl ByteRange {
    /// Reads `Range`; `None` if the whole is to be sent.
    ///
    /// # Example: the end of a file
    /// ```
    /// use easy_cache_http::range::{ByteRange, Part};
    ///
    /// let range = ByteRange::of(&[("range", "bytes=-2")][..]).ok_or("the whole is asked for")?;
    /// let part = range.within(10);
    /// assert_eq!(part, Part::Bytes { first: 8, last: 9 });
    /// assert_eq!(part.content_range(10), "bytes 8-9/10");
    /// # Ok::<(), &str>(())
    /// ```
    #[must_use]
    pub fn of<H: Headers + ?Sized>(request: &H) -> Option<Self> {
        let value = grammar::trim(request.single("range")?);
        let (unit, set) = value.split_at(value.iter().position(|byte| *byte == b'=')?);
        if !unit.eq_ignore_ascii_case(b"bytes") {
            return None;
        }
        let mut ranges = grammar::members(&set[1..]);
        let only = ranges.next()?;
        if ranges.next().is_some() {
            return None;
        }
        let (first, last) = only.split_at(only.iter().position(|byte| *byte == b'-')?);
        match (first, &last[1..]) {
            ([], last) => number(last).map(Self::Last),
            (first, []) => number(first).map(Self::From),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::FromTo(first, last))
            }
        }
    }

    /// The part of a body of this length.
    #[must_use]
    pub fn within(self, length: u64) -> Part {
        let (first, end) = match self {
            Self::FromTo(first, last) => (first, last.saturating_add(1).min(length)),
            Self::From(first) => (first, length),
            Self::Last(count) => (length.saturating_sub(count), length),
        };
        if first < end { Part::Bytes { first, last: end - 1 } } else { Part::Unsatisfiable }
    }
}

impl Part {
    /// The `Content-Range` to send with it (RFC 9110 §14.4).
    #[must_use]
    pub fn content_range(self, length: u64) -> String {
        match self {
            Self::Bytes { first, last } => format!("bytes {first}-{last}/{length}"),
            Self::Unsatisfiable => format!("bytes */{length}"),
        }
    }
}

/// Digits only, any number of them, saturating.
fn number(digits: &[u8]) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let value = |digits: &[u8]| {
        digits.iter().fold(0_u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
    };
    is_number.then(|| value(digits))
}
