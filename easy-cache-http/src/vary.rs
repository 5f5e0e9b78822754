//! `Vary`, and the key that tells the variants of one URI apart (RFC 9110 §12.5.5, RFC 9111 §4.1). Whether a response
//! with a certain `Vary` may be stored is left to [`store`](crate::store).
//!
//! The key also holds the fields with which a proxy says how it changed a request (`Forwarded`, `X-Forwarded-Host`,
//! `X-Original-URL` and their like), where a request has them. Frameworks and handlers act on them and nobody names
//! them in `Vary`; left out, a sender could choose what the next one gets. Most requests have none of them, and
//! requests that came by one proxy have the same.

use crate::grammar;
use crate::headers;
use crate::key::{begin_part, end_part};
use crate::language;
use crate::policy::Policy;
use crate::view::Headers;

/// Fields that change which resource an application serves or which links it writes. Sorted.
const REROUTING: [&str; 20] = [
    "forwarded",
    "x-forwarded-host",
    "x-forwarded-path",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-protocol",
    "x-forwarded-scheme",
    "x-forwarded-server",
    "x-forwarded-ssl",
    "x-forwarded-uri",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-host",
    "x-original-uri",
    "x-original-url",
    "x-rewrite-url",
    "x-url-scheme",
];

const ABSENT: u8 = 0;
const PRESENT: u8 = 1;

/// Which request fields chose a response.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "door", derive(serde::Serialize, serde::Deserialize))]
pub enum Vary {
    /// These, in lower case, sorted, each once; empty if there is no `Vary`.
    Fields(Vec<String>),
    /// Something that no field tells (`*`, or a list that cannot be read): the response fits no other request.
    Unknown,
}

impl Default for Vary {
    fn default() -> Self {
        Self::Fields(Vec::new())
    }
}

impl Vary {
    /// Reads all lines of `Vary`; a `*` anywhere makes it [`Vary::Unknown`].
    #[must_use]
    pub fn parse<H: Headers + ?Sized>(headers: &H) -> Self {
        let names: Option<Vec<_>> = headers
            .lines_of("vary")
            .flat_map(grammar::members)
            .map(|name| headers::field_name(name).filter(|name| name != "*"))
            .collect();
        names.map_or(Self::Unknown, |mut names| {
            names.sort_unstable();
            names.dedup();
            Self::Fields(names)
        })
    }

    /// The fields named; none for [`Vary::Unknown`].
    #[must_use]
    pub fn fields(&self) -> &[String] {
        match self {
            Self::Fields(names) => names,
            Self::Unknown => &[],
        }
    }

    /// Says whether it names this field.
    #[must_use]
    pub fn names(&self, field: &str) -> bool {
        self.fields().iter().any(|name| name.eq_ignore_ascii_case(field))
    }

    /// Says whether it names a field that identifies a user.
    #[must_use]
    pub fn names_credentials(&self) -> bool {
        self.fields().iter().any(|name| is_credential(name))
    }

    /// Appends the key of the variant that a request asks for: equal for two requests exactly if the response for one
    /// fits the other. A field that is missing differs from an empty one. Never ask it for [`Vary::Unknown`], which
    /// fits nobody.
    pub fn write_key<H: Headers + ?Sized>(&self, request: &H, policy: &Policy, out: &mut Vec<u8>) {
        Rerouting::of(request).write(request, out);
        for name in self.fields() {
            out.push(if request.has(name) { PRESENT } else { ABSENT });
            let start = begin_part(out);
            if name == "accept-language" {
                language::write(request.lines_of(name), policy.language_order(), out);
            } else {
                request.lines_of(name).for_each(|line| push_line(name, line, out));
            }
            end_part(start, out);
        }
    }
}

fn is_credential(name: &str) -> bool {
    matches!(name, "authorization" | "cookie" | "proxy-authorization")
}

/// Combined lines equal one list, and white space around its members does not count (RFC 9111 §4.1). Credentials are
/// taken byte for byte.
fn push_line(name: &str, line: &[u8], out: &mut Vec<u8>) {
    if is_credential(name) {
        out.extend_from_slice(line);
        out.push(b'\n');
    } else {
        for member in grammar::members(line) {
            out.extend_from_slice(member);
            out.push(b',');
        }
    }
}

/// Which of the fields that reroute a request are there, a bit for each.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rerouting(u32);

impl Rerouting {
    fn of<H: Headers + ?Sized>(request: &H) -> Self {
        let mut present = Self::default();
        request.lines().for_each(|(name, _)| present.note(name));
        present
    }

    /// Takes in the name of a field.
    pub(crate) fn note(&mut self, name: &str) {
        if let Some(b'x' | b'f') = name.as_bytes().first()
            && let Ok(position) = REROUTING.binary_search(&name)
        {
            self.0 |= 1 << position;
        }
    }

    /// Appends what they say to a key: also that there are none.
    pub(crate) fn write<H: Headers + ?Sized>(self, request: &H, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.to_le_bytes());
        if self.0 == 0 {
            return;
        }
        let named = REROUTING.iter().enumerate().filter(|(position, _)| self.0 & 1 << position != 0);
        for (_, name) in named {
            let start = begin_part(out);
            for line in request.lines_of(name) {
                if *name == "forwarded" { push_forwarded(line, out) } else { push_line(name, line, out) }
            }
            end_part(start, out);
        }
    }
}

/// Of `Forwarded` only what changes links counts; `for` and `by` name the client and the proxy (RFC 7239 §4).
fn push_forwarded(line: &[u8], out: &mut Vec<u8>) {
    let pairs = grammar::pieces(line, b',').flat_map(|element| grammar::pieces(element, b';')).map(grammar::trim);
    for pair in pairs {
        let name = grammar::trim(pair.split(|byte| *byte == b'=').next().unwrap_or_default());
        if !name.eq_ignore_ascii_case(b"for") && !name.eq_ignore_ascii_case(b"by") {
            out.extend_from_slice(pair);
            out.push(b';');
        }
    }
}
