//! How large the values are, and how many callers ask at once.

use std::fmt;

use easy_cache_benches::options::Options;

/// One part of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    /// Bytes of a value.
    pub(crate) size: usize,
    /// Callers at once.
    pub(crate) callers: usize,
    /// Lookups in a batch, by all of them together.
    pub(crate) lookups: usize,
    /// Batches of each candidate.
    pub(crate) rounds: usize,
}

/// Both sizes with one caller, as many as a small server has, and as many as a large one.
pub(crate) fn all(options: &Options) -> Vec<Setting> {
    let usual = options.size.of(512, 8_192, 65_536);
    let rounds = options.plan.rounds.div_ceil(50);
    let setting = |size, callers: usize| {
        // One caller waits for each answer; and large values take the network's time.
        let lookups = if callers == 1 || size > 1_024 { usual / 4 } else { usual };
        Setting { size, callers, lookups: lookups.max(callers), rounds }
    };
    [256, 16_384].into_iter().flat_map(|size| [1, 16, 256].map(|callers| setting(size, callers))).collect()
}

impl fmt::Display for Setting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} B, {} at once", self.size, self.callers)
    }
}
