//! Assertions about what a cache keeps, for the tests of applications.

use crate::{Cache, Tag};

/// Asserts that a value would be served: under a key of a cache, or for the handle of a cached function. If not, it says why.
/// A handle looks into this process only: with a store outside of it, ask by the key.
///
/// # Example: after the first call
/// ```
/// use easy_cache_core::{Cache, assert_cached, assert_not_cached, ecached};
///
/// #[ecached("square:{n}", cache = cache)]
/// fn square(cache: &Cache, n: u64) -> u64 {
///     n * n
/// }
///
/// let cache = Cache::new();
/// assert_not_cached!(cache, "square:7");
/// square(&cache, 7);
/// assert_cached!(cache, "square:7");
/// assert_cached!(square_key(&cache, &7));
/// ```
#[macro_export]
macro_rules! assert_cached {
    ($handle:expr $(,)?) => {{
        let handle = $handle;
        assert!(handle.peek().is_some(), "expected a value: {}", handle.explain());
    }};
    ($cache:expr, $key:expr $(,)?) => {{
        let key = $key;
        assert!($cache.contains(&key).wait(), "expected a value: {}", $cache.explain(&key));
    }};
}

/// Asserts that nothing would be served: under a key of a cache, or for the handle of a cached function.
///
/// # Example: a write drops what was read
/// ```
/// use easy_cache_core::{Cache, assert_not_cached};
///
/// let cache = Cache::new();
/// cache.get_or_compute_sync("books:count", || Some(7)).tags(["books"]).wait();
/// cache.invalidate_tags(["books"]).wait()?;
/// assert_not_cached!(cache, "books:count");
/// # Ok::<(), easy_cache_core::Error>(())
/// ```
#[macro_export]
macro_rules! assert_not_cached {
    ($handle:expr $(,)?) => {{
        let handle = $handle;
        assert!(handle.peek().is_none(), "expected no value: {}", handle.explain());
    }};
    ($cache:expr, $key:expr $(,)?) => {{
        let key = $key;
        assert!(!$cache.contains(&key).wait(), "expected no value: {}", $cache.explain(&key));
    }};
}

/// Asserts that an expression invalidates every one of these tags, and yields its value.
///
/// # Example: a write invalidates its table
/// ```
/// use easy_cache_core::{Cache, Tag, assert_invalidated};
///
/// let cache = Cache::new();
/// let insert = || cache.invalidate_tags([Tag::table("books")]).wait();
/// assert_invalidated!(cache, [Tag::table("books")], insert()).unwrap();
/// ```
#[macro_export]
macro_rules! assert_invalidated {
    ($cache:expr, $tags:expr, $by:expr $(,)?) => {{
        let probes = $crate::testing::Probes::plant(&$cache, $tags);
        let result = $by;
        probes.assert_gone();
        result
    }};
}

/// Values under tags, planted to see which of them survive.
#[derive(Debug)]
pub struct Probes {
    cache: Cache,
    tags: Vec<Tag>,
}

impl Probes {
    /// Puts one value under each tag.
    ///
    /// # Panics
    /// If the cache does not keep them.
    pub fn plant(cache: &Cache, tags: impl IntoIterator<Item: Into<Tag>>) -> Self {
        let probes = Self { cache: cache.clone(), tags: tags.into_iter().map(Into::into).collect() };
        for tag in &probes.tags {
            let planted = cache.get_or_compute_sync(Self::key(tag), || Some(0_u8)).tags([tag]).refresh();
            planted.wait();
            assert!(probes.survives(tag), "nothing is kept under the tag {tag:?}, so nothing can be told of it");
        }
        probes
    }

    /// Asserts that none of them is left.
    ///
    /// # Panics
    /// If one is; says under which tag.
    pub fn assert_gone(&self) {
        let left: Vec<_> = self.tags.iter().filter(|tag| self.survives(tag)).collect();
        assert!(left.is_empty(), "not invalidated: {left:?}");
    }

    fn survives(&self, tag: &Tag) -> bool {
        self.cache.contains(Self::key(tag)).wait()
    }

    fn key(tag: &Tag) -> String {
        format!("easy-cache probe of {tag:?}")
    }
}

#[cfg(test)]
mod tests {
    use crate::Cache;

    #[test]
    fn the_assertions_hold_when_they_should() {
        let cache = Cache::new();
        cache.set("k", 1).wait();
        assert_cached!(cache, "k");
        assert_not_cached!(cache, String::from("other"));
        assert_eq!(
            assert_invalidated!(cache, ["a", "b"], cache.invalidate_tags(["a", "b", "c"]).wait().map(|()| 7)).ok(),
            Some(7)
        );
    }

    #[test]
    #[should_panic(expected = "not invalidated: [Tag(\"b\")]")]
    fn a_tag_that_was_forgotten_is_named() {
        let cache = Cache::new();
        assert_invalidated!(cache, ["a", "b"], cache.invalidate_tags(["a"]).wait()).unwrap();
    }

    #[test]
    #[should_panic(expected = "expected a value: `k`: not there")]
    fn a_value_that_is_not_there_is_noticed() {
        assert_cached!(Cache::new(), "k");
    }
}
