//! Named caches for the whole process, and the one without a name.
//!
//! Functions look their cache up late, on every call, so an application may register its caches after the functions were
//! defined, and replace them. A slot is append-only: finding its cache costs two loads and takes no lock.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{OnceLock, PoisonError, RwLock};

use crate::{Cache, Error, ErrorKind};

/// How often a name can be given a new cache. Earlier caches stay alive, since somebody may still be using them.
const REPLACEMENTS: usize = 256;

const DEFAULT: &str = "default";

/// A static of its own, so that functions without a named cache need not look for it.
static DEFAULT_SLOT: Slot = Slot::new();

/// The place of one named cache. Lives as long as the process.
#[derive(Debug)]
pub struct Slot {
    caches: [OnceLock<Cache>; REPLACEMENTS],
    /// A byte, so that a call need not be asked whether it is among the 256.
    current: AtomicU8,
}

impl Slot {
    const fn new() -> Self {
        Self { caches: [const { OnceLock::new() }; REPLACEMENTS], current: AtomicU8::new(0) }
    }

    /// The cache that has the name now. If none was registered, a memory cache with the defaults takes the place.
    #[inline]
    pub fn cache(&'static self) -> &'static Cache {
        self.caches[usize::from(self.current.load(Ordering::Acquire))].get_or_init(Cache::new)
    }

    fn replace(&'static self, name: &str, mut cache: Cache) -> Result<(), Error> {
        for (number, place) in (0..=u8::MAX).zip(&self.caches) {
            match place.set(cache) {
                Ok(()) => {
                    self.current.fetch_max(number, Ordering::AcqRel);
                    return Ok(());
                }
                Err(back) => cache = back,
            }
        }
        let message = format!("failed to register cache `{name}`: it was replaced {REPLACEMENTS} times already");
        Err(Error::new(ErrorKind::RegistryFull, message))
    }
}

fn slots() -> &'static RwLock<HashMap<String, &'static Slot>> {
    static SLOTS: OnceLock<RwLock<HashMap<String, &'static Slot>>> = OnceLock::new();
    SLOTS.get_or_init(|| RwLock::new(HashMap::from([(DEFAULT.to_owned(), &DEFAULT_SLOT)])))
}

/// The slot of a name; it is made if it is new. Generated code asks once per function.
pub fn slot(name: &str) -> &'static Slot {
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
pub fn cache(name: &str) -> &'static Cache {
    slot(name).cache()
}

/// Makes a cache the one that is used where no other is named.
///
/// # Errors
/// [`ErrorKind::RegistryFull`] if that was done too often (256 times).
pub fn set_default(cache: Cache) -> Result<(), Error> {
    register(DEFAULT, cache)
}

/// The cache that is used where no other is named.
#[inline]
pub fn default_cache() -> &'static Cache {
    DEFAULT_SLOT.cache()
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
