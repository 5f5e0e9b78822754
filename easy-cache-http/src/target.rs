//! The URI of a request in its four parts, and references that are resolved against it (RFC 3986 §5, RFC 9110 §4).
//! Which bytes of it make a key is left to [`key`](crate::key).

use std::borrow::Cow;

use crate::grammar;
use crate::request::Bypass;
use crate::view::Headers;

/// The URI that a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target<'a> {
    /// `http` or `https`, in any case.
    pub scheme: &'a str,
    /// Host and port as received; empty if the request names none.
    pub authority: &'a str,
    /// The path as received.
    pub path: Cow<'a, str>,
    /// What follows the `?`; an empty query is not the same as none.
    pub query: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// Puts a target together from borrowed parts.
    #[must_use]
    pub fn new(scheme: &'a str, authority: &'a str, path: &'a str, query: Option<&'a str>) -> Self {
        Self { scheme, authority, path: Cow::Borrowed(path), query }
    }

    /// Host and port without the port that the scheme implies (RFC 9110 §4.2.3); the case is left as it is.
    #[must_use]
    pub fn origin_authority(&self) -> &'a str {
        let implied = if self.scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
        let bare = self.authority.strip_suffix(implied).unwrap_or(self.authority);
        bare.strip_suffix(':').unwrap_or(bare)
    }

    /// Says whether both have the same origin: scheme, host and port (RFC 9110 §4.3.1).
    #[must_use]
    pub fn same_origin(&self, other: &Target<'_>) -> bool {
        self.scheme.eq_ignore_ascii_case(other.scheme)
            && self.origin_authority().eq_ignore_ascii_case(other.origin_authority())
    }

    /// Resolves a reference such as the value of `Location` against this target (RFC 3986 §5.2); `None` if it is not
    /// one that this cache could have stored.
    #[must_use]
    pub fn resolve<'b>(&'b self, reference: &'b str) -> Option<Target<'b>> {
        let reference = reference.split('#').next().unwrap_or_default();
        let (scheme, rest) = split_scheme(reference);
        let (authority, rest) = split_authority(rest);
        let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
        let named = match (scheme, authority) {
            (Some(scheme), Some(authority)) => (scheme, authority),
            (None, Some(authority)) => (self.scheme, authority),
            (None, None) => (self.scheme, self.authority),
            (Some(_), None) => return None,
        };
        let resolved = if authority.is_some() || path.starts_with('/') {
            Cow::Owned(without_dots(path))
        } else if path.is_empty() {
            Cow::Borrowed(&*self.path)
        } else {
            let folder = self.path.rfind('/').map_or("/", |last| &self.path[..=last]);
            Cow::Owned(without_dots(&format!("{folder}{path}")))
        };
        let keeps_query = authority.is_none() && path.is_empty() && query.is_none();
        let query = if keeps_query { self.query } else { query };
        Some(Target { scheme: named.0, authority: named.1, path: resolved, query })
    }
}

/// The authority that a request is for: from its URI, else from `Host`. It refuses to choose (RFC 9112 §3.2): a second
/// `Host`, or one that differs from the URI, would let one sender decide what others get.
///
/// # Errors
/// [`Bypass::AmbiguousHost`] if more than one authority is named: pass the request on without the cache.
pub fn authority<'a, H: Headers + ?Sized>(uri: Option<&'a str>, headers: &'a H) -> Result<&'a str, Bypass> {
    Hosts::of(headers).authority(uri)
}

/// What the `Host` lines of a request say.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hosts<'a> {
    first: Option<&'a [u8]>,
    is_repeated: bool,
}

impl<'a> Hosts<'a> {
    pub(crate) fn of<H: Headers + ?Sized>(headers: &'a H) -> Self {
        let mut hosts = Self::default();
        headers.lines_of("host").for_each(|host| hosts.add(host));
        hosts
    }

    pub(crate) fn add(&mut self, host: &'a [u8]) {
        self.is_repeated |= self.first.is_some();
        self.first.get_or_insert(host);
    }

    /// See [`authority`].
    pub(crate) fn authority(self, uri: Option<&'a str>) -> Result<&'a str, Bypass> {
        let host = self.first.map(std::str::from_utf8).transpose().map_err(|_| Bypass::AmbiguousHost)?;
        match (uri, host) {
            _ if self.is_repeated => Err(Bypass::AmbiguousHost),
            (Some(uri), Some(host)) if !uri.eq_ignore_ascii_case(host) => Err(Bypass::AmbiguousHost),
            (uri, host) => Ok(uri.or(host).unwrap_or_default()),
        }
    }
}

/// The one spelling of a path among those that mean the same (RFC 3986 §6.2.2): what need not be escaped is not, and the digits
/// of what must be are in capitals.
///
/// # Example: two spellings of one page
/// ```
/// use easy_cache_http::target::normal_path;
///
/// assert_eq!(normal_path("/books/%34%32"), "/books/42");
/// assert_eq!(normal_path("/caf%c3%a9"), normal_path("/caf%C3%A9"));
/// assert_ne!(normal_path("/a%2fb"), normal_path("/a/b"));
/// ```
#[must_use]
pub fn normal_path(path: &str) -> Cow<'_, str> {
    if !path.as_bytes().contains(&b'%') {
        return Cow::Borrowed(path);
    }
    let mut parts = path.split('%');
    let first = parts.next().unwrap_or_default();
    let mut normal = String::with_capacity(path.len());
    normal.push_str(first);
    for part in parts {
        let escaped = match part.as_bytes() {
            [high, low, ..] => grammar::escaped(*high, *low),
            _ => None,
        };
        match escaped {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                normal.push(char::from(byte));
                normal.push_str(&part[2..]);
            }
            Some(_) => {
                normal.push('%');
                normal.push_str(&part[..2].to_ascii_uppercase());
                normal.push_str(&part[2..]);
            }
            None => {
                normal.push('%');
                normal.push_str(part);
            }
        }
    }
    Cow::Owned(normal)
}

fn split_scheme(reference: &str) -> (Option<&str>, &str) {
    match reference.split_once(':') {
        Some((scheme, rest)) if !scheme.is_empty() && !scheme.contains(['/', '?']) => (Some(scheme), rest),
        _ => (None, reference),
    }
}

fn split_authority(reference: &str) -> (Option<&str>, &str) {
    let Some(rest) = reference.strip_prefix("//") else { return (None, reference) };
    let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    (Some(authority), rest)
}

/// Removes the `.` and `..` segments of an absolute path (RFC 3986 §5.2.4).
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            segment => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_resolve_as_the_uri_rfc_shows() {
        let base = Target::new("http", "a", "/b/c/d;p", Some("q"));
        let table = [
            ("http://x/g", "http://x/g"),
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g/"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("", "http://a/b/c/d;p?q"),
            ("#s", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("g;x=1/../y", "http://a/b/c/y"),
            ("g?y/../x", "http://a/b/c/g?y/../x"),
            ("/x:y", "http://a/x:y"),
        ];
        for (reference, expected) in table {
            let target = base.resolve(reference).unwrap();
            let query = target.query.map(|query| format!("?{query}")).unwrap_or_default();
            assert_eq!(
                format!("{}://{}{}{query}", target.scheme, target.authority, target.path),
                expected,
                "{reference}"
            );
        }
        assert_eq!(base.resolve("mailto:someone"), None);
    }

    #[test]
    fn an_origin_ignores_case_and_the_implied_port() {
        let origin = Target::new("HTTPS", "Shop.example:443", "/", None);
        for authority in ["shop.example", "SHOP.example:", "shop.example:443"] {
            assert!(origin.same_origin(&Target::new("https", authority, "/x", None)), "{authority}");
        }
        assert!(!origin.same_origin(&Target::new("http", "shop.example", "/", None)));
        assert!(!origin.same_origin(&Target::new("https", "shop.example:80", "/", None)));
        assert!(!origin.same_origin(&Target::new("https", "evil.example", "/", None)));
    }

    #[test]
    fn a_second_or_different_host_is_never_chosen_from() {
        let one = [("host", "shop.example")];
        let two = [("host", "shop.example"), ("host", "evil.example")];
        assert_eq!(authority(None, &one[..]), Ok("shop.example"));
        assert_eq!(authority(Some("SHOP.example"), &one[..]), Ok("SHOP.example"));
        assert_eq!(authority(Some("evil.example"), &one[..]), Err(Bypass::AmbiguousHost));
        assert_eq!(authority(None, &two[..]), Err(Bypass::AmbiguousHost));
        assert_eq!(authority(Some("shop.example"), &two[..]), Err(Bypass::AmbiguousHost));
        assert_eq!(authority(None, &[("host", b"\xff".as_slice())][..]), Err(Bypass::AmbiguousHost));
        let none: [(&str, &str); 0] = [];
        assert_eq!(authority(None, &none[..]), Ok(""));
    }
}
