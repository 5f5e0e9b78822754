//! Header fields between actix-web, whose map is its own, and the shared rules, which read any and write that of `http` 1.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use easy_cache_http::Headers;
use easy_cache_http::door::FieldsMut;

/// The header fields of actix-web, as the rules read them.
pub(crate) struct Fields<'a>(pub(crate) &'a HeaderMap);

impl Headers for Fields<'_> {
    fn lines_of(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.0.get_all(name).map(HeaderValue::as_bytes)
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
    }
}

/// The same, to be changed on their way to the handler.
pub(crate) struct Changing<'a>(pub(crate) &'a mut HeaderMap);

impl FieldsMut for Changing<'_> {
    fn remove(&mut self, name: &'static str) {
        self.0.remove(name);
    }

    fn insert(&mut self, name: &'static str, value: &[u8]) {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            self.0.insert(HeaderName::from_static(name), value);
        }
    }
}

/// What one map holds and the other could not does not exist: both have the same grammar.
pub(crate) fn to_http(fields: &HeaderMap) -> http::HeaderMap {
    let mut copy = http::HeaderMap::with_capacity(fields.len() + 2);
    for (name, value) in fields {
        let name = http::HeaderName::from_bytes(name.as_str().as_bytes());
        if let (Ok(name), Ok(value)) = (name, http::HeaderValue::from_bytes(value.as_bytes())) {
            copy.append(name, value);
        }
    }
    copy
}

/// The same the other way.
pub(crate) fn from_http(fields: &http::HeaderMap) -> HeaderMap {
    let mut copy = HeaderMap::with_capacity(fields.len());
    for (name, value) in fields {
        if let (Ok(name), Some(value)) = (HeaderName::from_bytes(name.as_str().as_bytes()), from_value(value)) {
            copy.append(name, value);
        }
    }
    copy
}

/// What one map says, in place of what the other says in these fields.
pub(crate) fn replace(fields: &mut HeaderMap, by: &http::HeaderMap) {
    for (name, value) in &from_http(by) {
        fields.insert(name.clone(), value.clone());
    }
}

pub(crate) fn from_value(value: &http::HeaderValue) -> Option<HeaderValue> {
    HeaderValue::from_bytes(value.as_bytes()).ok()
}
