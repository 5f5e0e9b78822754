//! What is known of a cached function before it is called: its name, and the cache that it uses.
//! What is known of one call is `keyed.rs` and `bound.rs`.

use super::{Cache, registry};
use std::fmt;
use std::sync::OnceLock;

/// One cached function; lives in a static that the attribute writes.
pub struct Site {
    path: &'static str,
    alias: Option<&'static str>,
    slot: OnceLock<&'static registry::Slot>,
}

impl Site {
    /// The function at `path`, which uses the default cache.
    #[must_use]
    pub const fn new(path: &'static str) -> Self {
        Self { path, alias: None, slot: OnceLock::new() }
    }

    /// The function at `path`, which uses the cache that is registered as `alias` at the time of each call.
    #[must_use]
    pub const fn with_alias(path: &'static str, alias: &'static str) -> Self {
        Self { path, alias: Some(alias), slot: OnceLock::new() }
    }

    /// Module and name of the function.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// The cache that a call uses now.
    #[inline]
    pub fn cache(&self) -> &'static Cache {
        match self.alias {
            None => registry::default_cache(),
            Some(alias) => self.slot.get_or_init(|| registry::slot(alias)).cache(),
        }
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("path", &self.path).field("alias", &self.alias).finish_non_exhaustive()
    }
}

/// Finds the cache behind whatever `cache = ..` names: method lookup walks through references, `Arc`, `LazyLock`.
pub trait AsCache {
    /// The cache itself.
    fn as_cache(&self) -> &Cache;
}

impl AsCache for Cache {
    #[inline]
    fn as_cache(&self) -> &Self {
        self
    }
}
