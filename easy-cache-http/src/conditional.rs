//! Compares `If-None-Match` and `If-Modified-Since` with a stored response (RFC 9110 §13, RFC 9111 §4.3.2). Which
//! fields the 304 then carries is left to [`headers`](crate::headers).
//!
//! Without a stored `Last-Modified` an `If-Modified-Since` is never met. The `Date` could stand in, but two versions
//! of one second have the same `Date`, and a client with the first would keep it for good.

use std::time::{Duration, SystemTime};

use crate::date;
use crate::grammar;
use crate::view::Headers;

/// What a stored response can be compared by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "door", derive(serde::Serialize, serde::Deserialize))]
pub struct Validators {
    /// A well-formed `ETag`, `W/` and quotes included.
    etag: Option<Box<[u8]>>,
    last_modified: Option<Modified>,
}

/// A well-formed `Last-Modified`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "door", derive(serde::Serialize, serde::Deserialize))]
struct Modified {
    at: SystemTime,
    /// As it was written: a validating request repeats it byte for byte (RFC 9110 §13.1.3).
    text: Box<[u8]>,
    /// It is older than the response by a second or more, so that no second change shares it (RFC 9110 §8.8.2.2).
    is_strong: bool,
}

/// How a conditional request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conditional {
    /// With the whole stored response.
    Full,
    /// With 304: the client has it.
    NotModified,
}

impl Validators {
    /// Reads `ETag` and `Last-Modified` of a response. A tag without quotes, or with a `W` but not `W/`, is not a
    /// tag, and a field that is there twice is none.
    #[must_use]
    pub fn parse<H: Headers + ?Sized>(response: &H) -> Self {
        let etag = response.single("etag").map(grammar::trim).filter(|value| is_tag(value));
        Self { etag: etag.map(Into::into), last_modified: Modified::parse(response) }
    }

    /// Says whether there is anything to validate with.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }

    /// What `Last-Modified` says.
    pub(crate) fn modified(&self) -> Option<SystemTime> {
        self.last_modified.as_ref().map(|modified| modified.at)
    }

    /// The fields that make a request validate the stored response (RFC 9111 §4.3.1): the tag, weak or strong, and the
    /// date, which whoever knows the tag does not look at.
    pub fn conditions(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        let etag = self.etag.as_deref().map(|tag| ("if-none-match", tag));
        let modified = self.last_modified.as_ref().map(|modified| ("if-modified-since", &*modified.text));
        etag.into_iter().chain(modified)
    }

    /// Says whether a 304 is about this response (RFC 9111 §4.3.4): it repeats the tag (or the date, where there is no tag on
    /// both sides), or names neither, as an answer to our own conditions may.
    #[must_use]
    pub fn are_confirmed_by<H: Headers + ?Sized>(&self, not_modified: &H) -> bool {
        self.agree_with(not_modified).unwrap_or(true)
    }

    /// Compares with the validators of another response; `None` if they have none in common.
    pub(crate) fn agree_with<H: Headers + ?Sized>(&self, other: &H) -> Option<bool> {
        let other = Self::parse(other);
        match (&self.etag, &other.etag, &self.last_modified, &other.last_modified) {
            (Some(own), Some(other), _, _) => Some(opaque(own) == opaque(other)),
            (_, _, Some(own), Some(other)) => Some(own.at == other.at),
            _ => None,
        }
    }

    /// Evaluates `If-Range` (RFC 9110 §13.1.5): `true` if the range may be cut from this response. Only a strong validator
    /// that is repeated exactly will do; without the field there is nothing to hinder it.
    #[must_use]
    pub fn allow_range<H: Headers + ?Sized>(&self, request: &H) -> bool {
        if !request.has("if-range") {
            return true;
        }
        let Some(value) = request.single("if-range").map(grammar::trim) else { return false };
        if is_tag(value) {
            return !value.starts_with(b"W/") && self.etag.as_deref() == Some(value);
        }
        let modified = self.last_modified.as_ref().filter(|modified| modified.is_strong);
        modified.zip(date::parse(value)).is_some_and(|(modified, date)| modified.at == date)
    }

    /// Evaluates the conditions of a `GET` or `HEAD` for a stored response with this status: `If-None-Match` first,
    /// and if it is there `If-Modified-Since` is not looked at (RFC 9110 §13.2.2).
    #[must_use]
    pub fn evaluate<H: Headers + ?Sized>(&self, status: u16, request: &H) -> Conditional {
        // RFC 9110 §13.2.1: conditions count only where the answer would be a success.
        let met = (200..300).contains(&status)
            && if request.has("if-none-match") {
                request.lines_of("if-none-match").any(|line| self.matches_any(line))
            } else {
                self.unmodified_since(request)
            };
        if met { Conditional::NotModified } else { Conditional::Full }
    }

    /// Weak comparison with each tag of a line (RFC 9110 §8.8.3.2). `*` fits whatever is stored; what is not a tag is
    /// skipped.
    fn matches_any(&self, line: &[u8]) -> bool {
        if grammar::trim(line) == b"*" {
            return true;
        }
        let Some(stored) = self.etag.as_deref().map(opaque) else { return false };
        let mut rest = line;
        while !rest.is_empty() {
            let member = skip_separators(rest);
            let (opaque, after) = split_tag(member).unwrap_or((b"", member));
            let end = after.iter().position(|byte| *byte == b',').unwrap_or(after.len());
            if opaque == stored && grammar::trim(&after[..end]).is_empty() {
                return true;
            }
            rest = &after[end..];
        }
        false
    }

    fn unmodified_since<H: Headers + ?Sized>(&self, request: &H) -> bool {
        let since = request.single("if-modified-since").and_then(date::parse);
        self.last_modified.as_ref().zip(since).is_some_and(|(modified, since)| modified.at <= since)
    }
}

impl Modified {
    fn parse<H: Headers + ?Sized>(response: &H) -> Option<Self> {
        let text = response.single("last-modified")?;
        let at = date::parse(text)?;
        let sent = response.single("date").and_then(date::parse);
        let is_strong = sent.is_some_and(|sent| sent >= at + Duration::from_secs(1));
        Some(Self { at, text: text.into(), is_strong })
    }
}

/// A tag without its `W/`.
fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

/// Says whether the bytes are one tag and nothing else.
fn is_tag(bytes: &[u8]) -> bool {
    split_tag(bytes).is_some_and(|(_, rest)| rest.is_empty())
}

/// Splits `[W/]"..."` off the start: the opaque tag with its quotes, and what follows. There are no escapes inside
/// (RFC 9110 §8.8.3).
fn split_tag(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let opaque = bytes.strip_prefix(b"W/").unwrap_or(bytes);
    let inner = opaque.strip_prefix(b"\"")?;
    let length = inner.iter().position(|byte| !matches!(byte, 0x21 | 0x23..=0x7e | 0x80..))?;
    (inner[length] == b'"').then(|| opaque.split_at(length + 2))
}

fn skip_separators(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| !matches!(byte, b',' | b' ' | b'\t')).unwrap_or(bytes.len());
    &bytes[start..]
}
