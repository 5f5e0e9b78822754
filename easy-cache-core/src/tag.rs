//! The names of groups of entries. Who carries a tag, and since which version, is the backend's business.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt::{self, Write as _};
use std::sync::Arc;

/// The name of a group of entries that are dropped together.
///
/// There are three families, which never collide even if they print alike: tags that the application chooses
/// ([`Tag::new`]), prefixes ([`Tag::prefix`]), and tags of database rows, which the database hooks collect and invalidate
/// by themselves ([`Tag::table`], [`Tag::row`], [`Tag::unknown_rows`]). Cloning costs one reference count.
///
/// # Example: the same text in three families
/// ```
/// use easy_cache_core::Tag;
///
/// assert_eq!(Tag::new("books").to_string(), Tag::table("books").to_string());
/// assert_ne!(Tag::new("books"), Tag::table("books"));
/// assert_ne!(Tag::new("books"), Tag::prefix("books"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(Arc<str>);

const CUSTOM: char = 't';
const PREFIX: char = 'p';
const DATA: char = 'd';
const KEY: char = 'k';

/// Longer names leave nothing behind on their thread.
const SHORT: usize = 256;

thread_local! {
    /// Where tags are put together.
    static DESK: RefCell<String> = const { RefCell::new(String::new()) };
}

impl Tag {
    /// A tag that the application names: `Tag::new("users_by_state")`. Plain strings convert into it.
    #[must_use]
    pub fn new(name: impl AsRef<str>) -> Self {
        Self::of_family(CUSTOM, name.as_ref())
    }

    /// The tag of a prefix: every entry whose key was built with that prefix carries it.
    #[must_use]
    pub fn prefix(prefix: impl AsRef<str>) -> Self {
        Self::of_family(PREFIX, prefix.as_ref())
    }

    /// "Anything in this table changed": carried by whatever was read from the table as a whole.
    #[must_use]
    pub fn table(table: impl AsRef<str>) -> Self {
        Self::written(table.as_ref().len(), |text| push_table(text, table.as_ref()))
    }

    /// "This row changed": carried by what was read by its primary key, together with [`Tag::unknown_rows`].
    #[must_use]
    pub fn row(table: impl AsRef<str>, key: impl fmt::Display) -> Self {
        Self::written(table.as_ref().len(), |text| {
            push_table(text, table.as_ref());
            text.push(':');
            push_key(text, &key);
        })
    }

    /// "Rows changed, and it is not known which": invalidated by bulk writes, carried by whatever depends on single rows.
    ///
    /// # Example: what a bulk write invalidates
    /// ```
    /// use easy_cache_core::{Cache, Tag};
    ///
    /// # fn main() -> Result<(), easy_cache_core::Error> {
    /// let cache = Cache::new();
    /// cache.set("book:42", "Ada".to_owned()).tags([Tag::row("books", 42), Tag::unknown_rows("books")]).wait();
    /// cache.invalidate_tags([Tag::table("books"), Tag::unknown_rows("books")]).wait()?; // UPDATE books SET ..
    /// assert!(!cache.contains("book:42").wait());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn unknown_rows(table: impl AsRef<str>) -> Self {
        Self::written(table.as_ref().len(), |text| {
            push_table(text, table.as_ref());
            text.push_str(":*");
        })
    }

    /// The name without its family: what [`Display`](fmt::Display) prints.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.get(1..).unwrap_or_default()
    }

    /// Family and name: what tells one tag from all others, as a store writes it.
    #[must_use]
    pub fn encoded(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The tag that these bytes are, if [`encoded`](Self::encoded) can have written them.
    #[must_use]
    pub fn decode(encoded: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(encoded).ok()?;
        text.starts_with([CUSTOM, PREFIX, DATA]).then(|| Self(text.into()))
    }

    fn of_family(family: char, name: &str) -> Self {
        Self::written(name.len(), |text| {
            text.push(family);
            text.push_str(name);
        })
    }

    /// Most are short, and are put together where no memory is asked for. `length` is about how long it gets.
    fn written(length: usize, write: impl Fn(&mut String)) -> Self {
        let finish = |text: &mut String| {
            text.clear();
            write(text);
            Self(text.as_str().into())
        };
        let short = |desk: &RefCell<String>| {
            let mut text = desk.try_borrow_mut().ok()?;
            let tag = finish(&mut text);
            text.shrink_to(2 * SHORT);
            Some(tag)
        };
        let written = if length < SHORT { DESK.try_with(short).ok().flatten() } else { None };
        written.unwrap_or_else(|| finish(&mut String::with_capacity(length + 1)))
    }

    /// The tag that no application can name: carried by every entry of a namespace.
    pub(crate) fn everything() -> Self {
        Self("*".into())
    }

    /// What everything under a key carries that is not kept by that key itself: copies of its places. No application can name it, and no
    /// store knows it. `None` if the key is no text.
    pub(crate) fn of_key(key: &[u8]) -> Option<Self> {
        std::str::from_utf8(key).ok().map(|key| Self::of_family(KEY, key))
    }

    pub(crate) fn is_everything(&self) -> bool {
        self.encoded() == b"*"
    }

    /// Whether it is known in this process only.
    pub(crate) fn is_internal(&self) -> bool {
        self.0.starts_with(['*', KEY])
    }

    pub(crate) fn is_of_key(&self) -> bool {
        self.0.starts_with(KEY)
    }

    /// By which the order of a namespace knows it: that of a key is the key.
    pub(crate) fn ordered(&self) -> &[u8] {
        self.encoded().strip_prefix(b"k").unwrap_or(self.encoded())
    }
}

/// Table names cannot forge a row's tag: `a:1` the table and row 1 of `a` stay apart.
fn push_table(text: &mut String, name: &str) {
    text.push(DATA);
    if name.contains([':', '\\']) {
        text.push_str(&name.replace('\\', r"\\").replace(':', r"\:"));
    } else {
        text.push_str(name);
    }
}

/// Nor can keys forge the tag of unknown rows.
fn push_key(text: &mut String, key: &impl fmt::Display) {
    let start = text.len();
    if write!(text, "{key}").is_err() {
        // As `to_string` ends it: half a key would be another row's.
        text.truncate(start);
        text.push_str(&key.to_string());
    }
    let key = &text[start..];
    if key == "*" {
        text.insert(start, '\\');
    } else if key.contains('\\') {
        let escaped = key.replace('\\', r"\\");
        text.replace_range(start.., &escaped);
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = match self.0.chars().next() {
            Some(CUSTOM) => "Tag",
            Some(PREFIX) => "Prefix",
            Some(DATA) => "Data",
            Some(KEY) => "Key",
            _ => "Everything",
        };
        f.debug_tuple(family).field(&self.name()).finish()
    }
}

impl From<&str> for Tag {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for Tag {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

impl From<&String> for Tag {
    fn from(name: &String) -> Self {
        Self::new(name)
    }
}

impl From<Cow<'_, str>> for Tag {
    fn from(name: Cow<'_, str>) -> Self {
        Self::new(name)
    }
}

impl From<&Self> for Tag {
    fn from(tag: &Self) -> Self {
        tag.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_name_cannot_forge_the_tag_of_a_row() {
        assert_ne!(Tag::table("books:42"), Tag::row("books", 42));
        assert_ne!(Tag::table("books:*"), Tag::unknown_rows("books"));
        assert_ne!(Tag::row("books", "*"), Tag::unknown_rows("books"));
        assert_ne!(Tag::row("books", r"\*"), Tag::row("books", "*"));
        assert_ne!(Tag::row("a:b", "c"), Tag::row("a", "b:c"));
        assert_ne!(Tag::row("a\\", "c"), Tag::table("a:c"));
    }

    #[test]
    fn names_of_any_length_are_kept_to_the_letter() {
        for len in 0..200 {
            let name = ["ö", "a"].repeat(len).concat();
            let tag = Tag::new(&name);
            assert_eq!((tag.name(), tag.encoded()), (name.as_str(), format!("t{name}").as_bytes()));
            assert_eq!(Tag::new("a".repeat(len)).name(), "a".repeat(len));
        }
    }

    #[test]
    fn the_name_prints_without_its_family() {
        assert_eq!(Tag::row("books", 42).to_string(), "books:42");
        assert_eq!(Tag::unknown_rows("books").to_string(), "books:*");
        assert_eq!(Tag::new("größe").name(), "größe");
        assert_eq!(format!("{:?}", Tag::prefix("shop:7")), r#"Prefix("shop:7")"#);
    }
}
