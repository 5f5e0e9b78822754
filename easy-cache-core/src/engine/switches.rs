//! One byte that every hit reads: zero says "serve, and tell nobody". Whoever wants more sets a bit, and pays for it himself.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use super::Engine;

/// The cache is switched off by its owner.
const OFF: u8 = 1;
/// All caches of the process are switched off.
const OFF_EVERYWHERE: u8 = 2;
/// Hits are counted.
const COUNTS_HITS: u8 = 4;
/// Hits are told to subscribers.
const TRACES_HITS: u8 = 8;
/// Hits take the long way, where some of them are verified.
#[cfg(feature = "testing")]
const VERIFIES_HITS: u8 = 16;
/// What is kept here are copies, which are served only while it is proved that their changes are heard.
const NEAR: u8 = 32;

/// What is to be done with a lookup besides answering it.
#[derive(Debug, Default)]
pub(crate) struct Switches(AtomicU8);

impl Switches {
    /// Whether a lookup is answered, and nothing else.
    #[inline]
    pub(super) fn are_plain(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    /// Whether the cache may be used.
    #[inline]
    pub(super) fn are_on(&self) -> bool {
        self.0.load(Ordering::Relaxed) & (OFF | OFF_EVERYWHERE) == 0
    }

    /// Whether a hit has to ask first if copies may be served.
    #[inline]
    pub(super) fn are_near(&self) -> bool {
        self.0.load(Ordering::Relaxed) & NEAR != 0
    }

    /// Whether somebody wants to know of hits.
    #[inline]
    pub(super) fn tell_hits(&self) -> bool {
        self.0.load(Ordering::Relaxed) & (COUNTS_HITS | TRACES_HITS) != 0
    }

    /// From here on hits look whether copies may be served.
    pub(super) fn look_near(&self) {
        self.put(NEAR, true);
    }

    pub(super) fn set_enabled(&self, enabled: bool) {
        self.put(OFF, !enabled);
    }

    /// Whether somebody wants to know of hits.
    pub(crate) fn listen_to_hits(&self, counted: bool, traced: bool) {
        self.put(COUNTS_HITS, counted);
        self.put(TRACES_HITS, traced);
    }

    pub(super) fn trace_hits(&self) -> bool {
        self.0.load(Ordering::Relaxed) & TRACES_HITS != 0
    }

    /// Whether calls that have a load with them leave the short path, also for a hit.
    #[cfg(feature = "testing")]
    pub(super) fn verify_hits(&self) -> bool {
        self.0.load(Ordering::Relaxed) & VERIFIES_HITS != 0
    }

    /// The same without the feature: no hit is verified.
    #[cfg(not(feature = "testing"))]
    pub(super) const fn verify_hits(&self) -> bool {
        false
    }

    #[cfg(feature = "testing")]
    pub(crate) fn set_verifying(&self, verifies: bool) {
        self.put(VERIFIES_HITS, verifies);
    }

    fn put(&self, bit: u8, value: bool) {
        if value {
            self.0.fetch_or(bit, Ordering::Relaxed);
        } else {
            self.0.fetch_and(!bit, Ordering::Relaxed);
        }
    }
}

/// All caches of the process, so that one call reaches them.
struct Everywhere {
    off: bool,
    engines: Vec<Weak<Engine>>,
    sweep_at: usize,
}

/// Says at the start of the process that no cache is to be used.
const DISABLED: &str = "EASY_CACHE_DISABLED";

fn everywhere() -> MutexGuard<'static, Everywhere> {
    static EVERYWHERE: OnceLock<Mutex<Everywhere>> = OnceLock::new();
    let first = || {
        let off = std::env::var_os(DISABLED).is_some_and(|value| !value.is_empty() && value != "0" && value != "false");
        Mutex::new(Everywhere { off, engines: Vec::new(), sweep_at: 16 })
    };
    EVERYWHERE.get_or_init(first).lock().unwrap_or_else(PoisonError::into_inner)
}

/// A new cache obeys the common switch.
pub(crate) fn register(engine: &Arc<Engine>) {
    let mut everywhere = everywhere();
    if everywhere.engines.len() >= everywhere.sweep_at {
        everywhere.engines.retain(|engine| engine.strong_count() > 0);
        everywhere.sweep_at = 16.max(2 * everywhere.engines.len());
    }
    engine.switches.put(OFF_EVERYWHERE, everywhere.off);
    everywhere.engines.push(Arc::downgrade(engine));
}

/// Switches all caches of the process, those to come included.
pub(crate) fn set_enabled_everywhere(enabled: bool) {
    let mut everywhere = everywhere();
    everywhere.off = !enabled;
    // Kept until the lock is given back: the last reference to a cache drops its values, which may do anything.
    let engines: Vec<_> = everywhere.engines.iter().filter_map(Weak::upgrade).collect();
    engines.iter().for_each(|engine| engine.switches.put(OFF_EVERYWHERE, !enabled));
    drop(everywhere);
}

/// Whether caches may be used in this process.
pub(crate) fn is_enabled_everywhere() -> bool {
    !everywhere().off
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cache;

    #[test]
    fn caches_that_are_gone_leave_nothing_behind() {
        for _ in 0..100 {
            drop(Cache::builder().expected_entries(1).build());
        }
        assert!(everywhere().engines.len() < 100);
    }
}
