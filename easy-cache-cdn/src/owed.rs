//! What a cache in front has not been told yet, and what it is to be told once more. Who tells it is in `courier`.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::Purge;

/// Names that are to be purged, or everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Names {
    names: BTreeSet<String>,
    everything: bool,
}

impl Names {
    pub(crate) fn of(names: impl IntoIterator<Item = String>) -> Self {
        Self { names: names.into_iter().collect(), everything: false }
    }

    pub(crate) fn of_everything() -> Self {
        Self { names: BTreeSet::new(), everything: true }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty() && !self.everything
    }

    /// How many there are. Everything is one.
    pub(crate) fn len(&self) -> usize {
        self.names.len() + usize::from(self.everything)
    }

    /// Adds others. More than `most` become everything.
    pub(crate) fn add(&mut self, other: Self, most: usize) {
        if !self.everything {
            self.names.extend(other.names);
        }
        if other.everything || self.names.len() > most {
            *self = Self::of_everything();
        }
    }

    /// The calls that it takes to purge them, if each takes so many names and bytes.
    pub(crate) fn calls(&self, most_names: usize, most_bytes: usize) -> Vec<Purge> {
        if self.everything || self.names.iter().any(|name| name.len() > most_bytes) {
            return vec![Purge::Everything];
        }
        let (mut calls, mut call, mut bytes) = (Vec::new(), Vec::new(), 0);
        for name in &self.names {
            if !call.is_empty() && (call.len() >= most_names || bytes + 1 + name.len() > most_bytes) {
                calls.push(Purge::Names(std::mem::take(&mut call)));
                bytes = 0;
            }
            bytes += name.len() + usize::from(!call.is_empty());
            call.push(name.clone());
        }
        if !call.is_empty() {
            calls.push(Purge::Names(call));
        }
        calls
    }
}

/// Names that were purged, and are to be purged once more.
#[derive(Debug)]
struct Later {
    names: Names,
    /// When the first of them were due.
    opened: Instant,
    due: Instant,
    up_to: u64,
}

/// What is owed to one cache in front. Invalidations are numbered; a number says that all up to this one are meant.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    names: Names,
    told: u64,
    later: VecDeque<Later>,
}

/// What is sent at once.
#[derive(Debug)]
pub(crate) struct Round {
    pub(crate) names: Names,
    /// What has been purged for the first time when this is done.
    first: Option<(Names, u64)>,
    /// All up to this invalidation have been purged for the second time.
    again: Option<u64>,
}

/// How far purges have come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) acknowledged: u64,
    pub(crate) settled: u64,
}

impl Owed {
    /// Notes an invalidation.
    pub(crate) fn tell(&mut self, names: Names, most: usize) {
        self.told += 1;
        self.names.add(names, most);
    }

    /// The number of the last invalidation.
    pub(crate) const fn told(&self) -> u64 {
        self.told
    }

    /// How many names are to be purged, for the first or the second time.
    pub(crate) fn len(&self) -> usize {
        self.names.len() + self.later.iter().map(|later| later.names.len()).sum::<usize>()
    }

    /// All that is to be purged by now; with `hurry` also what is to be purged later.
    pub(crate) fn take(&mut self, now: Instant, hurry: bool, most: usize) -> Option<Round> {
        let names = std::mem::take(&mut self.names);
        let first = (!names.is_empty()).then(|| (names.clone(), self.told));
        let mut round = Round { names, first, again: None };
        while let Some(later) = self.later.pop_front_if(|later| hurry || later.due <= now) {
            round.again = Some(later.up_to);
            round.names.add(later.names, most);
        }
        (!round.names.is_empty()).then_some(round)
    }

    /// When something is to be purged again.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.later.front().map(|later| later.due)
    }

    /// A round did not succeed, at least not as a whole: all of it is owed, as if it had never been purged.
    pub(crate) fn failed(&mut self, round: Round, most: usize) {
        self.names.add(round.names, most);
    }

    /// A round has succeeded. What it purged for the first time is purged once more after a while, if at all.
    pub(crate) fn succeeded(&mut self, round: Round, again_at: Option<(Instant, Duration)>, most: usize) -> Progress {
        let mut progress = Progress::default();
        if let Some(again) = round.again {
            progress.settled = again;
        }
        if let Some((names, up_to)) = round.first {
            progress.acknowledged = up_to;
            match again_at {
                Some((due, spread)) => self.purge_later(names, up_to, due, spread, most),
                None => match self.later.back_mut() {
                    // Those before it are settled only when these are gone too.
                    Some(last) => last.up_to = up_to,
                    None => progress.settled = up_to,
                },
            }
        }
        progress
    }

    /// A tag that is written all the time does not make the list longer: what is due soon after what waits already waits with it.
    fn purge_later(&mut self, names: Names, up_to: u64, due: Instant, spread: Duration, most: usize) {
        match self.later.back_mut().filter(|last| due < last.opened + spread) {
            Some(last) => {
                last.names.add(names, most);
                (last.due, last.up_to) = (due, up_to);
            }
            None => self.later.push_back(Later { names, opened: due, due, up_to }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 5;
    const A_WHILE: Duration = Duration::from_secs(2);

    fn names(names: &[&str]) -> Names {
        Names::of(names.iter().map(|name| (*name).to_owned()))
    }

    fn call(names: &[&str]) -> Purge {
        Purge::Names(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn nothing_is_settled_while_something_waits_for_its_second_purge() {
        let (mut owed, now) = (Owed::default(), Instant::now());
        owed.tell(names(&["a"]), MOST);
        let first = owed.take(now, false, MOST).unwrap();
        owed.succeeded(first, Some((now + A_WHILE, A_WHILE / 2)), MOST);
        owed.tell(names(&["b"]), MOST);
        let second = owed.take(now, false, MOST).unwrap();
        let progress = owed.succeeded(second, None, MOST);
        assert_eq!(progress, Progress { acknowledged: 2, settled: 0 }, "in a hurry that began on its way");
        let rest = owed.take(now, true, MOST).unwrap();
        assert_eq!(owed.succeeded(rest, None, MOST).settled, 2);
    }

    #[test]
    fn names_travel_in_as_few_calls_as_they_fit_into() {
        let some = names(&["a", "bb", "ccc"]);
        assert_eq!(some.calls(usize::MAX, 100), [call(&["a", "bb", "ccc"])]);
        assert_eq!(some.calls(2, 100), [call(&["a", "bb"]), call(&["ccc"])]);
        assert_eq!(some.calls(usize::MAX, 4), [call(&["a", "bb"]), call(&["ccc"])]);
        assert_eq!(some.calls(usize::MAX, 3), [call(&["a"]), call(&["bb"]), call(&["ccc"])]);
        assert_eq!(some.calls(usize::MAX, 2), [Purge::Everything], "one does not fit at all");
    }

    #[test]
    fn too_many_names_are_everything_and_everything_takes_in_all_names() {
        let mut some = names(&["a", "b", "c", "d", "e"]);
        some.add(names(&["a"]), MOST);
        assert_eq!(some.len(), 5);
        some.add(names(&["f"]), MOST);
        assert_eq!(some, Names::of_everything());
        some.add(names(&["g"]), MOST);
        assert_eq!((some.len(), some.calls(10, 10)), (1, vec![Purge::Everything]));
    }

    #[test]
    fn what_was_purged_is_purged_once_more_when_it_is_due() {
        let (mut owed, start) = (Owed::default(), Instant::now());
        owed.tell(names(&["a"]), MOST);
        let round = owed.take(start, false, MOST).unwrap();
        let progress = owed.succeeded(round, Some((start + A_WHILE, A_WHILE / 2)), MOST);
        assert_eq!(progress, Progress { acknowledged: 1, settled: 0 });
        assert!(owed.take(start, false, MOST).is_none());
        assert_eq!(owed.next(), Some(start + A_WHILE));
        let round = owed.take(start + A_WHILE, false, MOST).unwrap();
        assert_eq!(round.names, names(&["a"]));
        let progress = owed.succeeded(round, Some((start + A_WHILE * 2, A_WHILE / 2)), MOST);
        assert_eq!((progress.settled, owed.len()), (1, 0), "and not a third time");
    }

    #[test]
    fn what_failed_the_second_time_is_owed_from_the_beginning() {
        let (mut owed, start) = (Owed::default(), Instant::now());
        owed.tell(names(&["a"]), MOST);
        let round = owed.take(start, false, MOST).unwrap();
        owed.succeeded(round, Some((start, A_WHILE)), MOST);
        let round = owed.take(start, false, MOST).unwrap();
        owed.failed(round, MOST);
        let round = owed.take(start, false, MOST).unwrap();
        let progress = owed.succeeded(round, Some((start + A_WHILE, A_WHILE)), MOST);
        assert_eq!(progress, Progress { acknowledged: 1, settled: 0 });
    }

    #[test]
    fn a_tag_that_is_written_all_the_time_waits_in_few_places() {
        let (mut owed, mut now) = (Owed::default(), Instant::now());
        for n in 0..1_000_u64 {
            owed.tell(names(&["hot"]), MOST);
            let round = owed.take(now, false, MOST).unwrap();
            owed.succeeded(round, Some((now + A_WHILE, A_WHILE / 2)), MOST);
            assert!(owed.len() <= 4, "{} after {n}", owed.len());
            now += Duration::from_millis(10);
        }
    }
}
