//! What else of a request is part of its key, where a route says so: header fields and cookies by name. The URI is
//! written by [`key`](crate::key), the fields that a response names by [`vary`](crate::vary).

use crate::grammar;
use crate::key::{begin_part, end_part};
use crate::view::Headers;

/// Header fields and cookies that are part of the key of each request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KeyParts {
    headers: Vec<String>,
    cookies: Vec<String>,
}

impl KeyParts {
    pub(crate) fn set_headers(&mut self, names: impl Iterator<Item = String>) {
        self.headers = names.map(|name| name.to_ascii_lowercase()).collect();
    }

    pub(crate) fn set_cookies(&mut self, names: impl Iterator<Item = String>) {
        self.cookies = names.collect();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.headers.is_empty() && self.cookies.is_empty()
    }

    /// Appends the parts. A missing one differs from an empty one; bytes never move from one part to the next.
    pub(crate) fn write<H: Headers + ?Sized>(&self, request: &H, out: &mut Vec<u8>) {
        for name in &self.headers {
            write_part(request.lines_of(name), out);
        }
        for name in &self.cookies {
            write_part(cookies_named(request, name.as_bytes()), out);
        }
    }
}

fn write_part<'a>(values: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
    let start = begin_part(out);
    for value in values {
        let value_start = begin_part(out);
        out.extend_from_slice(value);
        end_part(value_start, out);
    }
    end_part(start, out);
}

/// The values of all cookies with a name, byte for byte: applications differ in which of several they read.
fn cookies_named<'a, H: Headers + ?Sized>(request: &'a H, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let pairs = request.lines_of("cookie").flat_map(|line| line.split(|byte| *byte == b';')).map(grammar::trim);
    pairs.filter_map(move |pair| {
        let end = pair.iter().position(|byte| *byte == b'=')?;
        (grammar::trim(&pair[..end]) == name).then(|| &pair[end + 1..])
    })
}
