//! Named caches for the whole process, and the one without a name.
//!
//! Functions look their cache up late, on every call, so an application may register its caches after the functions were
//! defined, and replace them. A slot is append-only: finding its cache costs two loads and takes no lock.
//!
//! A part of the code, such as a test, can use other caches under the same names: [`with`]. And all caches of the process,
//! named or not, can be switched off at once: [`set_enabled`].
//!
//! # Example: which cache is used is decided when the process starts
//! ```
//! use easy_cache_core::{Cache, ecached, registry};
//!
//! #[ecached("rates:{day}", cache = "rates")]
//! fn rates(day: u32) -> Vec<u32> {
//!     vec![day]
//! }
//!
//! fn main() -> Result<(), easy_cache_core::Error> {
//!     let size = if std::env::var_os("SMALL_MACHINE").is_some() { 1 << 20 } else { 64 << 20 };
//!     registry::register("rates", Cache::builder().max_weight(size).build())?;
//!     rates(7);
//!     assert!(registry::cache("rates").contains("rates:7").wait());
//!     // Whoever changed the rates need not know the function: the name of the cache will do.
//!     registry::cache("rates").invalidate_key("rates:7").wait()
//! }
//! ```

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use crate::engine::switches;
use crate::{Cache, Error, ErrorKind};

mod overrides;

pub use overrides::{Entered, Overridden, Overrides, with, with_alias};

/// How often a name can be given a new cache. Earlier caches stay alive, since somebody may still be using them.
const REPLACEMENTS: usize = 256;

const DEFAULT: &str = "default";

/// A static of its own, so that functions without a named cache need not look for it.
static DEFAULT_SLOT: Slot = Slot::new();

/// The place of one named cache. Lives as long as the process.
#[derive(Debug)]
pub(crate) struct Slot {
    /// One more than can be filled: the last place stays empty, and sends who looks there to look further.
    caches: [OnceLock<Cache>; REPLACEMENTS + 1],
    current: AtomicUsize,
    standing: Mutex<Standing>,
}

/// The place that is never filled.
const ELSEWHERE: usize = REPLACEMENTS;

/// What a name means where nobody says otherwise, and how many say otherwise.
#[derive(Debug, Clone, Copy)]
struct Standing {
    latest: usize,
    overrides: usize,
}

impl Slot {
    const fn new() -> Self {
        Self {
            caches: [const { OnceLock::new() }; REPLACEMENTS + 1],
            current: AtomicUsize::new(0),
            standing: Mutex::new(Standing { latest: 0, overrides: 0 }),
        }
    }

    /// The cache that the name means here and now. If none was registered, a memory cache with the defaults takes the place.
    #[inline]
    pub(crate) fn cache(&'static self) -> &'static Cache {
        match self.caches[self.current.load(Ordering::Acquire)].get() {
            Some(cache) => cache,
            None => self.look_further(),
        }
    }

    /// Nothing was registered yet, or the name means something else in a part of the code.
    #[cold]
    fn look_further(&'static self) -> &'static Cache {
        overrides::find(self).unwrap_or_else(|| {
            let latest = self.standing().latest;
            self.caches[latest].get_or_init(Cache::new)
        })
    }

    fn replace(&'static self, name: &str, mut cache: Cache) -> Result<(), Error> {
        let mut standing = self.standing();
        for (number, place) in self.caches[..REPLACEMENTS].iter().enumerate() {
            match place.set(cache) {
                Ok(()) => {
                    standing.latest = number;
                    self.publish(*standing);
                    return Ok(());
                }
                Err(back) => cache = back,
            }
        }
        let message = format!("failed to register cache `{name}`: it was replaced {REPLACEMENTS} times already");
        Err(Error::new(ErrorKind::RegistryFull, message))
    }

    fn change_overrides(&self, change: impl FnOnce(usize) -> usize) {
        let mut standing = self.standing();
        standing.overrides = change(standing.overrides);
        self.publish(*standing);
    }

    fn publish(&self, standing: Standing) {
        let place = if standing.overrides == 0 { standing.latest } else { ELSEWHERE };
        self.current.store(place, Ordering::Release);
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn slots() -> &'static RwLock<HashMap<String, &'static Slot>> {
    static SLOTS: OnceLock<RwLock<HashMap<String, &'static Slot>>> = OnceLock::new();
    SLOTS.get_or_init(|| RwLock::new(HashMap::from([(DEFAULT.to_owned(), &DEFAULT_SLOT)])))
}

/// The slot of a name; it is made if it is new. Cached functions ask once each.
pub(crate) fn slot(name: &str) -> &'static Slot {
    if let Some(slot) = slots().read().unwrap_or_else(PoisonError::into_inner).get(name) {
        return slot;
    }
    let mut slots = slots().write().unwrap_or_else(PoisonError::into_inner);
    slots.entry(name.to_owned()).or_insert_with(|| Box::leak(Box::new(Slot::new())))
}

/// Gives a name to a cache; functions that say `cache = "name"` use it from their next call on.
///
/// # Errors
/// [`ErrorKind::RegistryFull`] if the name was given away too often (256 times).
///
/// # Example: a cache for sessions
/// ```
/// use easy_cache_core::{Cache, registry};
///
/// # fn main() -> Result<(), easy_cache_core::Error> {
/// registry::register("sessions", Cache::builder().max_weight(1 << 20).build())?;
/// assert!(registry::cache("sessions").is_empty());
/// # Ok(()) }
/// ```
pub fn register(name: &str, cache: Cache) -> Result<(), Error> {
    slot(name).replace(name, cache)
}

/// The cache of a name.
///
/// # Example
/// ```
/// use easy_cache_core::{Cache, registry};
///
/// # fn main() -> Result<(), easy_cache_core::Error> {
/// registry::register("feeds", Cache::builder().namespace("feeds").build())?;
/// assert_eq!(registry::cache("feeds").namespace(), "feeds");
/// # Ok(()) }
/// ```
pub fn cache(name: &str) -> &'static Cache {
    slot(name).cache()
}

/// Makes a cache the one that is used where no other is named.
///
/// # Errors
/// [`ErrorKind::RegistryFull`] if that was done too often (256 times).
///
/// # Example: at the start of a process
/// ```
/// use easy_cache_core::{Cache, registry};
///
/// # fn main() -> Result<(), easy_cache_core::Error> {
/// registry::set_default(Cache::builder().max_weight(256 << 20).build())?;
/// assert!(registry::default_cache().is_empty());
/// # Ok(()) }
/// ```
pub fn set_default(cache: Cache) -> Result<(), Error> {
    register(DEFAULT, cache)
}

/// The cache that is used where no other is named.
#[inline]
pub fn default_cache() -> &'static Cache {
    DEFAULT_SLOT.cache()
}

/// Switches all caches of the process off, those to come included, and on again: every call computes, nothing is stored.
///
/// Entries stay, and invalidations work. A cache that was switched off [by itself](Cache::set_enabled) stays off. The
/// environment variable `EASY_CACHE_DISABLED=1` does the same from the start, for a process that is to be looked at without
/// its caches. Costs nothing where it is not used.
///
/// # Example: is it the cache?
/// ```
/// use easy_cache_core::{Cache, registry};
///
/// let cache = Cache::new();
/// registry::set_enabled(false);
/// assert!(!cache.is_usable());
/// registry::set_enabled(true);
/// ```
pub fn set_enabled(enabled: bool) {
    switches::set_enabled_everywhere(enabled);
}

/// Whether the caches of this process are switched on: see [`set_enabled`].
#[must_use]
pub fn is_enabled() -> bool {
    switches::is_enabled_everywhere()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_the_cache_registered_last() {
        let before = cache("replaced");
        before.set("k", 1).wait();
        register("replaced", Cache::new()).unwrap();
        assert_eq!(cache("replaced").get::<i32>("k").wait(), None);
        assert_eq!(before.get("k").wait(), Some(1), "who holds the former cache goes on using it");
    }

    #[test]
    fn the_default_is_the_cache_that_was_chosen() {
        set_default(Cache::builder().namespace("chosen").build()).unwrap();
        assert_eq!(default_cache().namespace(), "chosen");
        assert_eq!(cache(DEFAULT).namespace(), "chosen", "it is a cache with a name like any other");
    }

    #[test]
    fn a_name_given_away_too_often_is_an_error_that_names_it() {
        let error = (0..=REPLACEMENTS).find_map(|_| register("worn out", Cache::new()).err()).unwrap();
        assert_eq!(error.kind(), ErrorKind::RegistryFull);
        assert!(error.to_string().contains("worn out"));
    }
}
