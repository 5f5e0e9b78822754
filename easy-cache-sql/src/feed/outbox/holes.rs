//! Numbers that are missing on MariaDB and MySQL: which to ask for again, and when nobody can fill them any more. Rows, and what they tell,
//! are left to `outbox`.
//!
//! Numbers are taken in their order and become visible in any. A transaction may take very many at once, so what is missing is kept as
//! ranges: none is forgotten, however large it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Value, json};

use super::{LONGEST_TRANSACTION, Unresumable, list};

/// If there are more ranges than these, the closest to each other are joined: rows between them are told again, and none is lost.
const MOST_RANGES: usize = 10_000;
/// It is noted this often, in seconds, how many numbers are taken.
const ACCURACY: u64 = LONGEST_TRANSACTION / 60;

/// All up to `top` is read, but for what is missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Holes {
    top: i64,
    /// The first and the last number of each range.
    missing: BTreeMap<i64, i64>,
    /// At this moment, all numbers up to this one were taken. Oldest first.
    taken: Vec<(u64, i64)>,
}

impl Holes {
    pub(super) fn at(top: i64) -> Self {
        Self { top, ..Self::default() }
    }

    /// The condition for what was not read.
    pub(super) fn wanted(&self) -> String {
        let mut wanted = format!("id > {}", self.top);
        let single: Vec<i64> = self.missing.iter().filter(|(first, last)| first == last).map(|(id, _)| *id).collect();
        if !single.is_empty() {
            let _ = write!(wanted, " OR id IN ({})", list(single.iter()));
        }
        for (first, last) in self.missing.iter().filter(|(first, last)| first != last) {
            let _ = write!(wanted, " OR id BETWEEN {first} AND {last}");
        }
        wanted
    }

    /// The position behind an answer that had these numbers, at this moment of the database's clock.
    pub(super) fn after(&self, ids: &BTreeSet<i64>, now: u64) -> Self {
        let top = ids.last().copied().unwrap_or(self.top).max(self.top);
        let is_over = |at: u64| now.saturating_sub(at) > LONGEST_TRANSACTION;
        let given_up = self.taken.iter().filter(|(at, _)| is_over(*at)).map(|(_, taken)| taken.saturating_add(1)).max();
        let mut missing = BTreeMap::new();
        let passed = (self.top.saturating_add(1), top);
        for (first, last) in self.missing.iter().map(|(first, last)| (*first, *last)).chain([passed]) {
            leave(&mut missing, first.max(given_up.unwrap_or(first)), last, ids);
        }
        join_the_closest(&mut missing, MOST_RANGES);
        let mut taken: Vec<_> = self.taken.iter().filter(|(at, _)| !is_over(*at)).copied().collect();
        let is_due = |(at, up_to): &(u64, i64)| *up_to < top && now.saturating_sub(*at) >= ACCURACY;
        if missing.is_empty() {
            taken.clear();
        } else if taken.last().is_none_or(is_due) {
            taken.push((now, top));
        }
        Self { top, missing, taken }
    }

    pub(super) fn saved(&self) -> Value {
        json!({ "top": self.top, "missing": self.missing, "taken": self.taken })
    }

    pub(super) fn resume(saved: &Value) -> Result<Self, Unresumable> {
        let part = |name: &str| saved.get(name).cloned().ok_or(Unresumable);
        let top = part("top")?.as_i64().ok_or(Unresumable)?;
        let missing = serde_json::from_value(part("missing")?).map_err(|_| Unresumable)?;
        let taken = serde_json::from_value(part("taken")?).map_err(|_| Unresumable)?;
        Ok(Self { top, missing, taken })
    }
}

/// Adds what is missing of a range.
fn leave(missing: &mut BTreeMap<i64, i64>, mut first: i64, last: i64, ids: &BTreeSet<i64>) {
    if first > last {
        return;
    }
    for id in ids.range(first..=last) {
        if *id > first {
            missing.insert(first, id - 1);
        }
        first = id.saturating_add(1);
    }
    if first <= last {
        missing.insert(first, last);
    }
}

fn join_the_closest(missing: &mut BTreeMap<i64, i64>, most: usize) {
    let excess = missing.len().saturating_sub(most);
    if excess == 0 {
        return;
    }
    // How far each is behind the one before it.
    let behind = missing.values().zip(missing.keys().skip(1));
    let mut distances: Vec<_> = behind.map(|(last, first)| (first.saturating_sub(*last), *first)).collect();
    distances.sort_unstable();
    for (_, first) in distances.into_iter().take(excess) {
        let before = missing.range(..first).next_back().map(|(first, _)| *first);
        if let (Some(before), Some(last)) = (before, missing.remove(&first)) {
            missing.insert(before, last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_ranges_are_joined_and_nothing_of_them_is_forgotten() {
        let mut missing = BTreeMap::from([(1, 1), (10, 12), (14, 14), (16, 20), (40, 50)]);
        join_the_closest(&mut missing, 3);
        assert_eq!(missing, BTreeMap::from([(1, 1), (10, 20), (40, 50)]));
        join_the_closest(&mut missing, 1);
        assert_eq!(missing, BTreeMap::from([(1, 50)]));
    }

    #[test]
    fn a_range_is_divided_by_what_turns_up_in_it() {
        let holes = Holes::at(7).after(&BTreeSet::from([20]), 50);
        assert_eq!(holes.wanted(), "id > 20 OR id BETWEEN 8 AND 19");
        let holes = holes.after(&BTreeSet::from([8, 12, 14, 19]), 50);
        assert_eq!(holes.wanted(), "id > 20 OR id IN (13) OR id BETWEEN 9 AND 11 OR id BETWEEN 15 AND 18");
    }

    #[test]
    fn what_is_joined_is_given_up_in_time_however_many_are_missing() {
        let mut holes = Holes::at(0);
        for (now, ids) in [(0, 2..30_000), (1_000, 30_000..60_000), (2_000, 60_000..90_000)] {
            holes = holes.after(&ids.step_by(2).collect(), now);
            assert_eq!(holes.missing.len(), MOST_RANGES);
        }
        let (last, _) = holes.missing.last_key_value().unwrap();
        assert_eq!(*last, 89_997);
        let holes = holes.after(&BTreeSet::new(), 3_601);
        assert!(*holes.missing.first_key_value().unwrap().0 >= 29_999, "what was missed at first");
        assert_eq!(holes.after(&BTreeSet::new(), 5_601).wanted(), "id > 89998");
    }

    #[test]
    fn the_last_number_of_all_overflows_nothing() {
        let holes = Holes::at(i64::MAX - 2).after(&BTreeSet::from([i64::MAX]), 50);
        assert!(holes.wanted().contains(&(i64::MAX - 1).to_string()));
        let _ = holes.after(&BTreeSet::from([i64::MAX - 1]), 50).after(&BTreeSet::new(), 5_000);
    }
}
