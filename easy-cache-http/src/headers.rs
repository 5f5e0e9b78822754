//! Which fields of a response are kept with it, and which of them a 304 repeats (RFC 9111 §3.1, RFC 9110 §15.4.5).
//! Whether the response is kept at all is left to [`store`](crate::store).

use crate::cache_control::ResponseDirectives;
use crate::grammar;
use crate::view::Headers;

/// Fields that belong to one connection, to a proxy, or to one passing by a cache: never kept.
///
/// `Age` and `Cache-Status` are written anew on each hit: the kept `Age` is in the
/// [`Freshness`](crate::freshness::Freshness), and what another cache did for an earlier request is not true for this
/// one.
const NEVER_KEPT: [&str; 11] = [
    "age",
    "cache-status",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// The fields that describe a body that a 304 does not have.
const ABOUT_THE_BODY: [&str; 8] = [
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-range",
    "content-type",
    "trailer",
    "transfer-encoding",
];

/// Says which fields of one response are kept with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeptFields {
    dropped: Vec<String>,
    drops_cookies: bool,
}

impl KeptFields {
    /// Collects what this response keeps to itself: the fields that `Connection` lists (RFC 9110 §7.6.1) and those that
    /// `private` or `no-cache` name (RFC 9111 §5.2.2.4, §5.2.2.7).
    #[must_use]
    pub fn of<H: Headers + ?Sized>(response: &H, directives: &ResponseDirectives) -> Self {
        let listed = response.lines_of("connection").flat_map(grammar::members).filter_map(field_name);
        let named = directives.private.fields().iter().chain(directives.no_cache.fields()).cloned();
        Self { dropped: listed.chain(named).collect(), drops_cookies: false }
    }

    /// Drops the fields that set cookies as well.
    #[must_use]
    pub(crate) fn without_cookies(mut self) -> Self {
        self.drops_cookies = true;
        self
    }

    /// Says whether a field is kept.
    #[must_use]
    pub fn keeps(&self, name: &str) -> bool {
        let is_dropped = || self.dropped.iter().any(|dropped| name.eq_ignore_ascii_case(dropped));
        !(is_never_kept(name) || is_dropped() || self.drops_cookies && is_any_of(name, &SETS_COOKIES))
    }
}

/// Says whether a field is of the connection or of a proxy: no response keeps it, nor does a 304 renew it.
pub(crate) fn is_never_kept(name: &str) -> bool {
    is_any_of(name, &NEVER_KEPT)
}

/// What gives a cookie to a client.
const SETS_COOKIES: [&str; 2] = ["set-cookie", "set-cookie2"];

/// Most names have another length than all of these, and need not be compared.
#[inline]
fn is_any_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|one| one.len() == name.len() && name.eq_ignore_ascii_case(one))
}

/// Says whether a 304 carries this field of the stored response: all but those that describe the body. `ETag`,
/// `Cache-Control`, `Content-Location`, `Date`, `Expires` and `Vary` must be there (RFC 9110 §15.4.5).
#[must_use]
pub fn belongs_to_not_modified(name: &str) -> bool {
    !is_any_of(name, &ABOUT_THE_BODY)
}

/// Reads a field name from a list into lower case; `None` if it is not one (RFC 9110 §5.1).
pub(crate) fn field_name(member: &[u8]) -> Option<String> {
    let name = grammar::is_token(member).then_some(member)?;
    std::str::from_utf8(name).ok().map(str::to_ascii_lowercase)
}
