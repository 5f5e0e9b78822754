//! Waits until something is the case, and says what it waited for if that never happens.

use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything here takes on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(120);
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// Returns as soon as `condition` holds.
///
/// # Panics
/// If it does not hold within two minutes; `what` completes "waited in vain until".
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    until_some(what, || condition().then_some(()));
}

/// The same for a value that is there sooner or later.
///
/// # Panics
/// If there is none within two minutes; `what` completes "waited in vain until".
pub fn until_some<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = attempt() {
            return value;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain until {what}");
        thread::sleep(BETWEEN_LOOKS);
    }
}
