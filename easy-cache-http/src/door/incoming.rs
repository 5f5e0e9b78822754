//! How a request is looked at before it is known where it goes, so that what is answered from the store need not be
//! turned into other types. What is concluded from it is left to `way`.

use easy_cache_core::Tag;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use super::key::Depth;
use crate::Headers;

/// A request, as a door sees it.
pub trait Incoming {
    /// How its header fields are kept.
    type Fields: Headers + ?Sized;

    /// Its method.
    fn method(&self) -> &str;

    /// The address that the client asked for.
    fn address(&self) -> Address<'_>;

    /// The address that the handler is shown: another one where something rewrote it on the way here.
    fn shown(&self) -> Address<'_>;

    /// Its header fields.
    fn fields(&self) -> &Self::Fields;

    /// Whether it has, or may have, a body.
    fn has_body(&self) -> bool;

    /// How many caches of this kind it has come through.
    fn depth(&self) -> Depth;

    /// Whether the route wants it cached at all.
    fn is_admitted(&self) -> bool;

    /// Who asks, where the route tells users apart and knows this one.
    fn user(&self) -> Option<Vec<u8>>;

    /// What the route says that its address depends on.
    fn tags(&self) -> Vec<Tag>;

    /// Whether the application lets it purge.
    fn may_purge(&self) -> bool;

    /// Whether it could go to the handler behind an answer, here and now.
    fn may_go_on_behind(&self) -> bool;
}

/// The parts of a URI.
///
/// # Example: the address of a request line
/// ```
/// use easy_cache_http::door::Address;
///
/// let uri: http::Uri = "/books?page=2".parse()?;
/// let address = Address::from(&uri);
/// assert_eq!((address.path, address.query, address.authority), ("/books", Some("page=2"), None));
/// # Ok::<(), http::uri::InvalidUri>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address<'a> {
    /// `http` or `https`, if it says so.
    pub scheme: Option<&'a str>,
    /// The host, with its port, if it says so.
    pub authority: Option<&'a str>,
    /// The path.
    pub path: &'a str,
    /// What is behind the question mark.
    pub query: Option<&'a str>,
}

impl<'a> From<&'a Uri> for Address<'a> {
    fn from(uri: &'a Uri) -> Self {
        let authority = uri.authority().map(|authority| authority.as_str());
        Self { scheme: uri.scheme_str(), authority, path: uri.path(), query: uri.query() }
    }
}

/// Header fields that can be changed: those of a request on its way to the handler.
pub trait FieldsMut {
    /// Takes a field out.
    fn remove(&mut self, name: &'static str);

    /// Puts a field in place of all lines of its name. A value that no header can have changes nothing.
    fn insert(&mut self, name: &'static str, value: &[u8]);
}

impl FieldsMut for HeaderMap {
    fn remove(&mut self, name: &'static str) {
        Self::remove(self, name);
    }

    fn insert(&mut self, name: &'static str, value: &[u8]) {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            Self::insert(self, HeaderName::from_static(name), value);
        }
    }
}
