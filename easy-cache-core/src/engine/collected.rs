//! What a computation has used: the tags of its hits, of its inner computations, of its reads, and whether it may be kept.
//! Who collects, and for whom, is `frame`.

use crate::Tag;
use crate::backend::memory::{List, Seen, Used};
use crate::clock::{Clock, Moment, NEVER};

/// Everything that one frame, or the tasks of one frame together, have used.
#[derive(Debug, Clone, Default)]
pub(super) struct Collected {
    /// Tags of hits and of inner computations: whole lists, merged once at the end.
    lists: Vec<List>,
    /// Tags that were named one by one.
    named: Vec<Seen>,
    /// It saw what others may not see.
    private: bool,
    /// It has used something that was not fresh.
    stale: bool,
}

/// Why a value is not to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taint {
    /// It is nobody's but its caller's.
    Private,
    /// It is as good for others as for its caller.
    Stale,
}

/// Room for the lists of a usual request, made at once: growing step by step costs more than the few words.
const USUAL_HITS: usize = 16;

impl Collected {
    pub(super) fn add(&mut self, tags: List) {
        if !self.lists.last().is_some_and(|last| last.is(&tags)) {
            if self.lists.len() == self.lists.capacity() {
                self.make_room();
            }
            self.lists.push(tags);
        }
    }

    pub(super) fn name(&mut self, seen: Seen) {
        if self.named.len() == self.named.capacity() {
            self.named.sort_unstable_by_key(Seen::identity);
            self.named.dedup_by_key(|seen| seen.identity());
            self.named.reserve(self.named.len().max(USUAL_HITS));
        }
        self.named.push(seen);
    }

    pub(super) const fn taint(&mut self, taint: Taint) {
        match taint {
            Taint::Private => self.private = true,
            Taint::Stale => self.stale = true,
        }
    }

    pub(super) const fn is_private(&self) -> bool {
        self.private
    }

    /// A value that only stands in for a failed computation is found out here, so that a hit need not look.
    pub(super) fn is_stale(&self) -> bool {
        self.stale || self.lists.iter().any(|list| list.times().stands_in())
    }

    /// Takes over everything that another one has.
    pub(super) fn absorb(&mut self, other: Self) {
        self.private |= other.private;
        self.stale |= other.stale;
        other.lists.into_iter().for_each(|list| self.add(list));
        other.named.into_iter().for_each(|seen| self.name(seen));
    }

    pub(super) fn lists(&self) -> &[List] {
        &self.lists
    }

    pub(super) fn named(&self) -> &[Seen] {
        &self.named
    }

    /// Everything that was used, possibly with repetitions, and when the first of it ends.
    pub(super) fn into_used(self, clock: &Clock) -> Used {
        let until = self.until(clock);
        let mut seen = self.named;
        seen.extend(self.lists.iter().flat_map(|list| list.tags().iter().cloned()));
        let origins = self.lists.iter().filter_map(|list| list.facts().origin.clone()).collect();
        Used { seen, until, origins }
    }

    /// When the first of all that was used ends.
    pub(super) fn until(&self, clock: &Clock) -> Moment {
        self.lists.iter().map(|list| list.ends(clock).unwrap_or(0)).min().unwrap_or(NEVER)
    }

    /// The names, possibly with repetitions; without the one that stands for a whole namespace.
    pub(super) fn tags_into(&self, tags: &mut Vec<Tag>) {
        let lists = self.lists.iter().flat_map(|list| list.tags());
        tags.extend(self.named.iter().chain(lists).filter_map(Seen::name).cloned());
    }

    /// A computation that goes through the same entries again and again keeps each list once: before the room is doubled,
    /// repetitions are dropped.
    #[cold]
    fn make_room(&mut self) {
        self.lists.sort_unstable_by_key(List::address);
        self.lists.dedup_by(|a, b| a.is(b));
        self.lists.reserve(self.lists.len().max(USUAL_HITS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cache;

    #[test]
    fn lists_that_come_again_and_again_are_kept_once() {
        let cache = Cache::new();
        let lists = ["a", "b", "c"].map(|key| {
            cache.set(key, 1).wait();
            cache.engine().store.lookup(key.as_bytes()).unwrap().list
        });
        let mut collected = Collected::default();
        for n in 0..100_000 {
            collected.add(lists[n % 3].clone());
        }
        assert!(collected.lists.len() < 100, "{} lists", collected.lists.len());
    }

    #[test]
    fn tags_that_are_named_again_and_again_are_kept_once() {
        let cache = Cache::new();
        let mut collected = Collected::default();
        for _ in 0..100_000 {
            collected.name(cache.engine().store.domain().see(&Tag::new("t")));
        }
        assert!(collected.named.len() < 1000, "{} tags", collected.named.len());
    }
}
