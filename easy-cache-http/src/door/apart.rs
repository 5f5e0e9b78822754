//! Remembers at which keys responses turned out not to be for keeping, so that nobody waits there for one, and so that the next
//! request goes straight to the handler. A guess that costs nothing if it is wrong: what is stored goes before it, and each
//! response that passes by is looked at. So it needs no place in a store.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ahash::RandomState;

/// Room for the pages of any site that are not for keeping and asked for within seconds. Two keys of one place push each other
/// out, which costs no more than what the table saves.
const PLACES: usize = 4096;

/// What is known of the responses of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    Nothing,
    /// They are not for keeping.
    Apart,
    /// Some are for keeping, and some are not: nobody waits for one, and each is looked at with care.
    Mixed,
}

/// For each of many keys a word: thirty bits of its hash, until when something is known, and what.
#[derive(Debug)]
pub(crate) struct Apart {
    places: OnceLock<Box<[AtomicU64]>>,
    /// Not to be foreseen by who would like to push others out.
    hasher: RandomState,
}

impl Default for Apart {
    fn default() -> Self {
        Self { places: OnceLock::new(), hasher: RandomState::new() }
    }
}

/// A key, as the table knows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place(u64);

impl Place {
    const fn index(self) -> usize {
        self.0 as usize % PLACES
    }

    fn word(self, until: u32, what: u64) -> u64 {
        self.0 & HASH | u64::from(until) << 2 | what
    }
}

const HASH: u64 = !0 << 34;
const UNTIL: u64 = u32::MAX as u64;
const ONCE: u64 = 1;
const APART: u64 = 2;
const MIXED: u64 = 3;

impl Apart {
    pub(crate) fn place(&self, key: &[u8]) -> Place {
        Place(self.hasher.hash_one(key))
    }

    /// What is known. The time is asked for only where there is something.
    pub(crate) fn known(&self, place: Place, now: impl FnOnce() -> Duration) -> Known {
        if self.read(place, Duration::ZERO).0 == 0 {
            return Known::Nothing;
        }
        match self.read(place, now()) {
            (APART, _) => Known::Apart,
            (MIXED, _) => Known::Mixed,
            _ => Known::Nothing,
        }
    }

    /// A response is not for keeping. One alone says little (a first visit sets a cookie), unless others had to wait for it.
    pub(crate) fn refused(&self, place: Place, now: Duration, lasts: Duration, is_awaited: bool) {
        let until = second_after(now, lasts);
        match self.read(place, now) {
            (MIXED, _) => {}
            (ONCE | APART, known) => self.set(place, until.max(known), APART),
            _ => self.set(place, until, if is_awaited { APART } else { ONCE }),
        }
    }

    /// A response that was not kept could have been.
    pub(crate) fn missed(&self, place: Place, now: Duration, lasts: Duration) {
        self.set(place, second_after(now, lasts), MIXED);
    }

    /// A response was kept.
    pub(crate) fn kept(&self, place: Place) {
        if matches!(self.read(place, Duration::ZERO), (ONCE | APART, _)) {
            self.set(place, 0, 0);
        }
    }

    /// What is known, and until when.
    fn read(&self, place: Place, now: Duration) -> (u64, u32) {
        let Some(places) = self.places.get() else { return (0, 0) };
        let word = places[place.index()].load(Ordering::Relaxed);
        let until = word >> 2 & UNTIL;
        let is_known = word & HASH == place.0 & HASH && until > now.as_secs();
        if is_known { (word & 3, until as u32) } else { (0, 0) }
    }

    /// Written only where it says something new, so that many who say the same do not disturb each other.
    fn set(&self, place: Place, until: u32, what: u64) {
        let places = self.places.get_or_init(|| (0..PLACES).map(|_| AtomicU64::new(0)).collect());
        let (slot, word) = (&places[place.index()], place.word(until, what));
        if slot.load(Ordering::Relaxed) != word {
            slot.store(word, Ordering::Relaxed);
        }
    }
}

/// By the clock of the cache, whose readings fit for longer than anything lasts.
fn second_after(now: Duration, lasts: Duration) -> u32 {
    u32::try_from(now.saturating_add(lasts).as_secs()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LASTS: Duration = Duration::from_secs(10);
    const NOW: Duration = Duration::from_secs(1000);

    fn after_two_refusals() -> (Apart, Place) {
        let apart = Apart::default();
        let place = apart.place(b"k");
        (0..2).for_each(|_| apart.refused(place, NOW, LASTS, false));
        (apart, place)
    }

    #[test]
    fn one_refusal_says_little_and_two_in_a_row_are_a_rule() {
        let apart = Apart::default();
        let place = apart.place(b"k");
        apart.refused(place, NOW, LASTS, false);
        assert_eq!(apart.known(place, || NOW), Known::Nothing);
        apart.refused(place, NOW, LASTS, false);
        assert_eq!(apart.known(place, || NOW), Known::Apart);
        assert_eq!(apart.known(apart.place(b"l"), || NOW), Known::Nothing, "of others nothing is known");
    }

    #[test]
    fn one_that_others_waited_for_is_enough() {
        let apart = Apart::default();
        let place = apart.place(b"k");
        apart.refused(place, NOW, LASTS, true);
        assert_eq!(apart.known(place, || NOW), Known::Apart);
    }

    #[test]
    fn what_is_kept_between_two_refusals_parts_them() {
        let apart = Apart::default();
        let place = apart.place(b"k");
        apart.refused(place, NOW, LASTS, false);
        apart.kept(place);
        apart.refused(place, NOW, LASTS, false);
        assert_eq!(apart.known(place, || NOW), Known::Nothing);
    }

    #[test]
    fn it_is_forgotten_in_time_unless_it_goes_on() {
        let (apart, place) = after_two_refusals();
        assert_eq!(apart.known(place, || NOW + LASTS), Known::Nothing);
        apart.refused(place, NOW + LASTS / 2, LASTS, false);
        assert_eq!(apart.known(place, || NOW + LASTS), Known::Apart);
    }

    #[test]
    fn who_knows_it_for_longer_is_believed() {
        let apart = Apart::default();
        let place = apart.place(b"k");
        apart.refused(place, NOW, 10 * LASTS, true);
        apart.refused(place, NOW, LASTS, false);
        assert_eq!(apart.known(place, || NOW + 5 * LASTS), Known::Apart);
    }

    #[test]
    fn where_something_was_missed_refusals_change_nothing_for_a_while() {
        let (apart, place) = after_two_refusals();
        apart.missed(place, NOW, LASTS);
        apart.refused(place, NOW, LASTS, true);
        assert_eq!(apart.known(place, || NOW), Known::Mixed);
        assert_eq!(apart.known(place, || NOW + LASTS), Known::Nothing);
    }
}
