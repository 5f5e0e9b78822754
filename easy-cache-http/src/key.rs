//! Writes the primary key of a request: method class, scheme, authority, path and query (RFC 9111 §2). It is the same
//! for all variants of one URI, so it also names what an invalidation drops; telling variants apart is left to
//! [`vary`](crate::vary).
//!
//! Each part is written after its length, so that no two different requests share a key whatever bytes they contain.
//! The path is taken as it is: how its name ends decides nothing.

use std::cmp::Ordering;

use crate::grammar;
use crate::target::Target;

/// The one class of methods with stored responses; a class to come gets a number of its own.
const GET_CLASS: u8 = 1;

/// Says whether a query follows, so that what is written after the key is never taken for one.
const NO_QUERY: u8 = 0;
const QUERY: u8 = 1;

/// Which parameters of the query are part of the key, and whether their order is.
///
/// A parameter that is not part of the key must not change the response. Names are compared as the application reads
/// them (`%70age` is `page`), so that spelling cannot slip a parameter past the key.
///
/// # Example: campaign parameters share one entry
/// ```
/// use easy_cache_http::{QueryKey, Target};
///
/// let rule = QueryKey::all().without(["utm_source"]).in_any_order();
/// let key = |query| {
///     let mut key = Vec::new();
///     rule.write_key(&Target::new("https", "shop.example", "/books", query), &mut key);
///     key
/// };
/// assert_eq!(key(Some("page=2&author=7")), key(Some("author=7&utm_source=mail&page=2")));
/// assert_ne!(key(Some("page=2")), key(Some("page=3")));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryKey {
    choice: Choice,
    any_order: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Choice {
    #[default]
    All,
    Only(Vec<String>),
    Without(Vec<String>),
}

impl QueryKey {
    /// The whole query counts, byte for byte: always right, and the default.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Only these parameters count.
    #[must_use]
    pub fn only<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.choice = Choice::Only(names.into_iter().map(Into::into).collect());
        self
    }

    /// All parameters but these count.
    #[must_use]
    pub fn without<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.choice = Choice::Without(names.into_iter().map(Into::into).collect());
        self
    }

    /// The order of differently named parameters does not count; that of equally named ones always does.
    #[must_use]
    pub fn in_any_order(mut self) -> Self {
        self.any_order = true;
        self
    }

    /// Appends the primary key of a request to `out`. Does not allocate, apart from `out` and from sorting a query
    /// that is not in order.
    pub fn write_key(&self, target: &Target<'_>, out: &mut Vec<u8>) {
        out.push(GET_CLASS);
        push_lower_case(target.scheme, out);
        push_lower_case(target.origin_authority(), out);
        push_part(if target.path.is_empty() { b"/" } else { target.path.as_bytes() }, out);
        let counted = out.len();
        out.push(NO_QUERY);
        if let Some(query) = target.query {
            self.push_query(query, out);
        }
        if out.len() > counted + 1 {
            out[counted] = QUERY;
        }
    }

    fn push_query(&self, query: &str, out: &mut Vec<u8>) {
        if self.choice == Choice::All && !self.any_order {
            return push_part(query.as_bytes(), out);
        }
        let counted = || query.split('&').filter(|parameter| !parameter.is_empty() && self.counts(parameter));
        if counted().next().is_none() {
            return;
        }
        let start = begin_part(out);
        if !self.any_order || counted().is_sorted_by(|left, right| by_name(left, right).is_le()) {
            counted().for_each(|parameter| push_parameter(parameter, out));
        } else {
            let mut sorted: Vec<_> = counted().collect();
            sorted.sort_by(|left, right| by_name(left, right));
            sorted.iter().for_each(|parameter| push_parameter(parameter, out));
        }
        end_part(start, out);
    }

    /// Some frameworks also separate with `;`: what contains one always counts, because a second parameter may hide
    /// in it.
    fn counts(&self, parameter: &str) -> bool {
        let named = |names: &[String]| names.iter().any(|known| decoded_name(parameter).eq(known.bytes()));
        match &self.choice {
            Choice::All => true,
            Choice::Only(names) => parameter.contains(';') || named(names),
            Choice::Without(names) => parameter.contains(';') || !named(names),
        }
    }
}

/// Appends a part of the application's own (a tenant, a feature flag) to a key, told apart from every other part.
pub fn push_part(part: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&digits(part.len()));
    out.extend_from_slice(part);
}

fn push_lower_case(part: &str, out: &mut Vec<u8>) {
    let start = out.len();
    push_part(part.as_bytes(), out);
    out[start + size_of::<u32>()..].make_ascii_lowercase();
}

pub(crate) fn begin_part(out: &mut Vec<u8>) -> usize {
    out.extend_from_slice(&[0; size_of::<u32>()]);
    out.len()
}

/// Lengths are of seven bits each, so that a key of text is text: only those are kept near.
pub(crate) fn end_part(start: usize, out: &mut [u8]) {
    let digits = digits(out.len() - start);
    out[start - digits.len()..start].copy_from_slice(&digits);
}

fn digits(length: usize) -> [u8; size_of::<u32>()] {
    [0, 7, 14, 21].map(|shift| (length >> shift & 0x7f) as u8)
}

fn push_parameter(parameter: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(parameter.as_bytes());
    out.push(b'&');
}

fn by_name(left: &str, right: &str) -> Ordering {
    decoded_name(left).cmp(decoded_name(right))
}

/// The name of a parameter with `+` and `%xx` decoded.
fn decoded_name(parameter: &str) -> impl Iterator<Item = u8> {
    let mut rest = parameter.split('=').next().unwrap_or_default().as_bytes();
    std::iter::from_fn(move || {
        let (byte, taken) = match rest {
            [] => return None,
            [b'+', ..] => (b' ', 1),
            [b'%', high, low, ..] => grammar::escaped(*high, *low).map_or((b'%', 1), |byte| (byte, 3)),
            [byte, ..] => (*byte, 1),
        };
        rest = &rest[taken..];
        Some(byte)
    })
}
