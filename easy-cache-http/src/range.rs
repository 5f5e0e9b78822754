//! `Range`: which part of a stored response a request asks for (RFC 9110 §14). Whether the part may be cut from this
//! response (`If-Range`) is left to [`Validators`](crate::conditional::Validators::allow_range).
//!
//! A single range of bytes is cut from a stored 200. Everything else that `Range` may say (several ranges, other units, what
//! is malformed) is answered with the whole, which RFC 9110 §14.2 allows.
//!
//! Of the responses with a part (206), the last one of each URI is stored if the [`Policy`](crate::Policy::keep_parts) says
//! so, and serves what lies inside it for as long as it is fresh, and whoever asks in the same words. Parts are not put together,
//! and a missing rest is not asked for (RFC 9111 §3.4 makes both an option): two answers are known to be of one page only by
//! a strong tag, and if the second one turns out to be of another, who asked for the whole has nothing, for a cache inside
//! an application cannot ask its handler twice.

use crate::grammar::{self, number};
use crate::view::Headers;

/// A single range of bytes, as asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "door", derive(serde::Serialize, serde::Deserialize))]
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

/// Which bytes of a whole a 206 carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "door", derive(serde::Serialize, serde::Deserialize))]
pub struct PartOf {
    first: u64,
    last: u64,
    total: u64,
    asked: Option<ByteRange>,
}

impl PartOf {
    /// Reads `Content-Range`; `None` if it is not a part of a whole of known length.
    #[must_use]
    pub fn of<H: Headers + ?Sized>(response: &H) -> Option<Self> {
        let value = grammar::trim(response.single("content-range")?);
        let (unit, value) = value.split_at_checked(6)?;
        let at = |byte| value.iter().position(|other| *other == byte);
        let (dash, slash) = (at(b'-')?, at(b'/')?);
        let first = number(value.get(..dash)?)?;
        let (last, total) = (number(value.get(dash + 1..slash)?)?, number(&value[slash + 1..])?);
        let is_inside = first <= last && last < total;
        (unit.eq_ignore_ascii_case(b"bytes ") && is_inside).then_some(Self { first, last, total, asked: None })
    }

    /// The part.
    #[must_use]
    pub fn part(self) -> Part {
        Part::Bytes { first: self.first, last: self.last }
    }

    /// The length of the whole.
    #[must_use]
    pub fn total(self) -> u64 {
        self.total
    }

    /// Whether it is a part of a whole: what comes from outside the process may be anything.
    #[cfg(feature = "door")]
    pub(crate) fn is_sensible(self) -> bool {
        self.first <= self.last && self.last < self.total
    }

    /// The length of this part.
    #[must_use]
    pub fn length(self) -> u64 {
        self.last - self.first + 1
    }

    /// The same, sent because this was asked for: servers may send another part than the one that they are asked for, and would
    /// send it again to whoever asks in the same words.
    #[must_use]
    pub fn sent_for(self, asked: Option<ByteRange>) -> Self {
        Self { asked, ..self }
    }

    /// Says whether it is what this was answered with.
    #[must_use]
    pub fn was_sent_for(self, asked: ByteRange) -> bool {
        self.asked == Some(asked)
    }

    /// As much of it as came: a part that ends early is a part still. `None` if nothing came, or more than was announced.
    #[must_use]
    pub fn of_length(self, length: u64) -> Option<Self> {
        (1..=self.length()).contains(&length).then(|| Self { last: self.first + length - 1, ..self })
    }

    /// Where a part of the whole begins in this one, if it lies inside.
    #[must_use]
    pub fn offset_of(self, part: Part) -> Option<u64> {
        match part {
            Part::Bytes { first, last } if self.first <= first && last <= self.last => Some(first - self.first),
            Part::Bytes { .. } | Part::Unsatisfiable => None,
        }
    }
}
