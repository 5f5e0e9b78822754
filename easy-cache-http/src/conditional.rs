//! Compares `If-None-Match` and `If-Modified-Since` with a stored response (RFC 9110 §13, RFC 9111 §4.3.2). Which
//! fields the 304 then carries is left to [`headers`](crate::headers).
//!
//! Without a stored `Last-Modified` an `If-Modified-Since` is never met. The `Date` could stand in, but two versions
//! of one second have the same `Date`, and a client with the first would keep it for good.

use std::time::SystemTime;

use crate::date;
use crate::grammar;
use crate::view::Headers;

/// What a stored response can be compared by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// The opaque part of a well-formed `ETag`, quotes included, without `W/`.
    etag: Option<Box<[u8]>>,
    last_modified: Option<SystemTime>,
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
        let etag = response.single("etag").and_then(|value| split_tag(grammar::trim(value)));
        Self {
            etag: etag.filter(|(_, rest)| rest.is_empty()).map(|(opaque, _)| opaque.into()),
            last_modified: response.single("last-modified").and_then(date::parse),
        }
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
        let Some(stored) = self.etag.as_deref() else { return false };
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
        self.last_modified.zip(since).is_some_and(|(modified, since)| modified <= since)
    }
}

/// Splits `[W/]"..."` off the start: the opaque tag with its quotes, and what follows. There are no escapes inside
/// (RFC 9110 §8.8.3).
fn split_tag(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let opaque = bytes.strip_prefix(b"W/").unwrap_or(bytes);
    let inner = opaque.strip_prefix(b"\"")?;
    let length = inner.iter().position(|byte| *byte == b'"')?;
    let allowed = |byte: &u8| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..);
    inner[..length].iter().all(allowed).then(|| opaque.split_at(length + 2))
}

fn skip_separators(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| !matches!(byte, b',' | b' ' | b'\t')).unwrap_or(bytes.len());
    &bytes[start..]
}
