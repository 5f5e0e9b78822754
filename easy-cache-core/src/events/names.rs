//! The names of the metrics, as their recorder sees them. What they tell is in the table of the [module above](super).

/// Calls answered from what is stored and fresh, by `tier`.
pub const HITS: &str = "easy_cache_hits_total";
/// Calls that found nothing to serve, by `reason`.
pub const MISSES: &str = "easy_cache_misses_total";
/// Calls answered with a value past its ttl, or outdated within its bound, by `reason`.
pub const STALE: &str = "easy_cache_stale_served_total";
/// Computations that ended, by `outcome`.
pub const LOADS: &str = "easy_cache_loads_total";
/// How long computations took, in seconds.
pub const LOAD_SECONDS: &str = "easy_cache_load_seconds";
/// Calls that waited for another caller's computation.
pub const WAITS: &str = "easy_cache_waits_total";
/// Computed values that were not kept, by `reason`.
pub const REFUSED: &str = "easy_cache_fills_refused_total";
/// Entries dropped for lack of room, by `reason`.
pub const EVICTIONS: &str = "easy_cache_evictions_total";
/// Invalidations, by `kind`.
pub const INVALIDATIONS: &str = "easy_cache_invalidations_total";
/// How often a store outside the process was left alone (`to`: `open`), and asked again (`closed`).
pub const CIRCUIT: &str = "easy_cache_circuit_changes_total";
/// Invalidations that a store did not acknowledge at the first attempt.
pub const UNDELIVERED: &str = "easy_cache_undelivered_total";
/// The number of entries.
pub const ENTRIES: &str = "easy_cache_entries";
/// The weight of all entries, in bytes.
pub const BYTES: &str = "easy_cache_bytes";
