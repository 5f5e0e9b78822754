//! Fields that speak to one kind of cache in place of `Cache-Control` and `Expires`, such as `CDN-Cache-Control`
//! (RFC 9213). Which of them count is said by the [`Policy`](crate::Policy): an application's own cache is no CDN, so by
//! default none does.
//!
//! They are structured fields (RFC 9651), read by the library for those. A field counts as a whole or not at all: what
//! cannot be parsed, is empty, or gives a known directive a value of another type (`max-age="60"`, names in capitals)
//! is as if it were not there. A negative lifetime is over.

use std::time::Duration;

use sfv::{BareItem, Dictionary, ListEntry, Parser};

use crate::cache_control::{Extent, ResponseDirectives};
use crate::grammar::{self, MAX_DELTA};
use crate::headers::field_name;
use crate::view::Headers;

impl ResponseDirectives {
    /// Reads the first of these fields that is valid, else `Cache-Control`.
    ///
    /// # Example: a CDN is told more than browsers are
    /// ```
    /// use std::time::Duration;
    /// use easy_cache_http::cache_control::ResponseDirectives;
    ///
    /// let response = [("cache-control", "no-store"), ("cdn-cache-control", "max-age=60")];
    /// let targets = ["cdn-cache-control".to_owned()];
    /// let directives = ResponseDirectives::for_target(&response[..], &targets);
    /// assert_eq!((directives.max_age, directives.no_store), (Some(Duration::from_secs(60)), false));
    /// assert!(ResponseDirectives::for_target(&response[..], &[]).no_store);
    /// ```
    #[must_use]
    pub fn for_target<H: Headers + ?Sized>(response: &H, targets: &[String]) -> Self {
        let targeted = targets.iter().find_map(|name| read(response, name));
        targeted.unwrap_or_else(|| Self::parse(response))
    }
}

fn read<H: Headers + ?Sized>(response: &H, name: &str) -> Option<ResponseDirectives> {
    let lines: Vec<&[u8]> = response.lines_of(name).collect();
    let field: Dictionary = Parser::new(&lines.join(&b", "[..])).parse().ok()?;
    if field.is_empty() {
        return None;
    }
    let mut directives = ResponseDirectives { targeted: true, ..ResponseDirectives::default() };
    for (name, value) in &field {
        apply(&mut directives, name.as_str(), value)?;
    }
    Some(directives)
}

/// Takes in one directive; `None` if its value is not of its type.
fn apply(directives: &mut ResponseDirectives, name: &str, value: &ListEntry) -> Option<()> {
    match name {
        "no-store" => directives.no_store = flag(value)?,
        "must-understand" => directives.must_understand = flag(value)?,
        "public" => directives.public = flag(value)?,
        "must-revalidate" => directives.must_revalidate = flag(value)?,
        "proxy-revalidate" => directives.proxy_revalidate = flag(value)?,
        "private" => directives.private = extent(value)?,
        "no-cache" => directives.no_cache = extent(value)?,
        "max-age" => directives.max_age = Some(seconds(value)?),
        "s-maxage" => directives.s_maxage = Some(seconds(value)?),
        "stale-while-revalidate" => directives.stale_while_revalidate = Some(seconds(value)?),
        "stale-if-error" => directives.stale_if_error = Some(seconds(value)?),
        _ => {}
    }
    Some(())
}

fn bare(value: &ListEntry) -> Option<&BareItem> {
    match value {
        ListEntry::Item(item) => Some(&item.bare_item),
        ListEntry::InnerList(_) => None,
    }
}

fn flag(value: &ListEntry) -> Option<bool> {
    bare(value)?.as_boolean()
}

fn seconds(value: &ListEntry) -> Option<Duration> {
    let count = i64::from(bare(value)?.as_integer()?);
    Some(Duration::from_secs(u64::try_from(count).unwrap_or_default()).min(MAX_DELTA))
}

/// A string names fields; `true` means the whole response.
fn extent(value: &ListEntry) -> Option<Extent> {
    match bare(value)? {
        BareItem::Boolean(true) => Some(Extent::Everything),
        BareItem::Boolean(false) => Some(Extent::Nothing),
        BareItem::String(list) => {
            let names: Option<Vec<_>> = grammar::members(list.as_str().as_bytes()).map(field_name).collect();
            Some(names.filter(|names| !names.is_empty()).map_or(Extent::Everything, Extent::Fields))
        }
        _ => None,
    }
}
