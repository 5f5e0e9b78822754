//! Tells caches in front of the application on what a response depends: its tags, as a header field that content delivery
//! networks and Varnish purge by; and which responses are not for them. Telling them of invalidations is left to others.

use std::fmt::Write as _;

use easy_cache_core::Tag;
use http::{HeaderMap, HeaderName, HeaderValue};

/// The largest field, unless the application says otherwise: what the default buffers of common proxies hold beside the rest of
/// a head.
const LIMIT: usize = 4096;

/// Stands for all tags, where they are not known yet, or too many. No tag is written so.
pub(super) const ANY: &str = "*";

/// What is not for those in front.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// What those in front are told of a response.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Told<'a> {
    /// It depends on these.
    Tags(&'a [Tag]),
    /// It is not kept here, or not yet: its body is still being produced, it was built from what is outdated by now, or not committed, or forbidden by a word that only this cache
    /// understands.
    NotKept,
}

/// A header field that names the tags of a response, for caches in front of the application.
///
/// Names are written without spaces, commas and what is not ASCII: those are percent-encoded. A response whose tags do not fit has the
/// single name `*`: **whoever purges a tag purges `*` with it**. What the handler itself says in this field is replaced.
///
/// What this cache does not keep, or does not know yet whether it will (the body is still being produced: caches in front get it with the
/// next request), or keeps apart by more than the URI and the response's `Vary` say (for each user, by a header
/// field or a cookie of the route's key), is not for caches in front either: such a response carries `no-store` in the field that
/// is theirs, `Surrogate-Control` or `CDN-Cache-Control`.
///
/// # Example: what a response of two books says
/// ```
/// use easy_cache_core::Tag;
/// use easy_cache_http::door::TagField;
///
/// let tags = [Tag::row("books", 7), Tag::new("new in")];
/// assert_eq!(TagField::surrogate_key().value(&tags), "books:7 new%20in");
/// assert_eq!(TagField::cache_tag().value(&tags), "books:7,new%20in");
/// assert_eq!(TagField::cache_tag().limit(10).value(&tags), "*");
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct TagField {
    name: HeaderName,
    control: HeaderName,
    separator: char,
    limit: usize,
}

impl TagField {
    /// `Surrogate-Key`, separated by spaces (Fastly; with `xkey` for Varnish).
    pub fn surrogate_key() -> Self {
        let (name, control) = (HeaderName::from_static("surrogate-key"), HeaderName::from_static("surrogate-control"));
        Self { name, control, separator: ' ', limit: LIMIT }
    }

    /// `Cache-Tag`, separated by commas (Cloudflare and others).
    pub fn cache_tag() -> Self {
        let (name, control) = (HeaderName::from_static("cache-tag"), HeaderName::from_static("cdn-cache-control"));
        Self { name, control, separator: ',', limit: LIMIT }
    }

    /// The largest value in bytes. Default: 4096.
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// What the field says of these tags.
    #[must_use]
    pub fn value(&self, tags: &[Tag]) -> String {
        let mut value = String::new();
        for tag in tags {
            if !value.is_empty() {
                value.push(self.separator);
            }
            write_name(tag.name(), &mut value);
            if value.len() > self.limit {
                return ANY.to_owned();
            }
        }
        value
    }

    /// The name of a tag as the field has it, for who purges by it.
    ///
    /// # Example
    /// ```
    /// use easy_cache_core::Tag;
    /// use easy_cache_http::door::TagField;
    ///
    /// assert_eq!(TagField::name_of(&Tag::unknown_rows("books")), "books:%2A");
    /// ```
    #[must_use]
    pub fn name_of(tag: &Tag) -> String {
        let mut name = String::with_capacity(tag.name().len());
        write_name(tag.name(), &mut name);
        name
    }

    /// Says it. `is_for_all` if the URI and `Vary` tell all that the response was kept apart by.
    pub(crate) fn tell(&self, told: Told<'_>, is_for_all: bool, headers: &mut HeaderMap) {
        let known = match told {
            Told::Tags(tags) => HeaderValue::try_from(self.value(tags)).ok(),
            Told::NotKept => None,
        };
        headers.insert(self.name.clone(), known.unwrap_or(HeaderValue::from_static(ANY)));
        if !is_for_all || matches!(told, Told::NotKept) {
            headers.insert(self.control.clone(), NO_STORE);
        }
    }
}

fn write_name(name: &str, out: &mut String) {
    for byte in name.bytes() {
        match byte {
            b'%' | b',' | b'*' | b'"' | 0..=b' ' | 0x7f.. => {
                let _ = write!(out, "%{byte:02X}"); // writing to a string cannot fail
            }
            byte => out.push(char::from(byte)),
        }
    }
}

/// The name that was written so.
pub(crate) fn read_name(written: &str) -> Option<String> {
    let mut name = Vec::with_capacity(written.len());
    let mut bytes = written.bytes();
    while let Some(byte) = bytes.next() {
        name.push(match byte {
            b'%' => crate::grammar::escaped(bytes.next()?, bytes.next()?)?,
            byte => byte,
        });
    }
    String::from_utf8(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_as_it_was_written_and_splits_at_no_separator() {
        for name in ["books", "books:42", "a b,c", "100%", "*", "naïve\n", "\"q\"", "\u{7f}"] {
            let mut written = String::new();
            write_name(name, &mut written);
            assert!(!written.contains([' ', ',', '*']) && written.is_ascii(), "{written}");
            assert_eq!(read_name(&written).as_deref(), Some(name));
        }
        assert_eq!(read_name("50%"), None);
    }
}
