//! Keys and tags put together by hand, for calls that no attribute writes. How attributes write theirs is `function`'s.

use std::fmt::{Display, Write};

use crate::{Cache, Tag};

/// What stands between parts unless a cache says otherwise: the same as in lists of `#[ecached(key = [..])]`.
pub(crate) const DELIMITER: &str = ":";

impl Cache {
    /// Joins parts of a key with this cache's [delimiter](crate::CacheBuilder::delimiter).
    ///
    /// The parts are taken as they are: choose a delimiter that cannot occur in them.
    ///
    /// # Example: the key of one page
    /// ```
    /// let cache = easy_cache_core::Cache::new();
    /// assert_eq!(cache.key_of(&[&"books", &"sold", &3]), "books:sold:3");
    /// ```
    #[must_use]
    pub fn key_of(&self, parts: &[&dyn Display]) -> String {
        let mut key = String::new();
        for (position, part) in parts.iter().enumerate() {
            let delimiter = if position == 0 { "" } else { self.delimiter() };
            // Writing into a string cannot fail; an error of the part's own leaves what it wrote so far.
            let _ = write!(key, "{delimiter}{part}");
        }
        key
    }

    /// Joins parts of a tag likewise. A tag needs nothing before it that tells it from keys: they never meet.
    ///
    /// # Example: the books of one author
    /// ```
    /// use easy_cache_core::{Cache, Tag};
    ///
    /// let cache = Cache::builder().delimiter("/").build();
    /// assert_eq!(cache.tag_of(&[&"author", &7]), Tag::new("author/7"));
    /// ```
    #[must_use]
    pub fn tag_of(&self, parts: &[&dyn Display]) -> Tag {
        Tag::new(self.key_of(parts))
    }

    fn delimiter(&self) -> &str {
        &self.engine().delimiter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // parity 8
    #[test]
    fn parts_are_joined_as_each_cache_says() {
        let (plain, own) = (Cache::new(), Cache::builder().delimiter("--").build());
        assert_eq!(plain.key_of(&[&"a", &1, &'x']), "a:1:x");
        assert_eq!(own.key_of(&[&"a", &1, &'x']), "a--1--x");
        assert_eq!(
            (own.key_of(&[&"a"]), own.key_of(&[]), own.key_of(&[&"", &""])),
            ("a".into(), "".into(), "--".into())
        );
        assert_eq!((plain.tag_of(&[&"a", &1]), own.tag_of(&[&"a", &1])), (Tag::new("a:1"), Tag::new("a--1")));
        let key = own.key_of(&[&"users", &7]);
        own.set(&key, 7).tags([own.tag_of(&[&"of", &7])]).wait();
        assert!(own.contains("users--7").wait());
        own.invalidate_tags(["of--7"]).wait().unwrap();
        assert!(!own.contains(&key).wait());
    }
}
