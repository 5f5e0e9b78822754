//! What a computation has used: the tags of its hits, of its inner computations, of its reads, and whether it may be kept.
//! Who collects, and for whom, is `frame`.

use std::sync::Arc;

use crate::Tag;
use crate::backend::memory::Seen;

/// Everything that one frame, or the tasks of one frame together, have used.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// Tags of hits and of inner computations: whole lists, merged once at the end.
    lists: Vec<Arc<[Seen]>>,
    /// Tags that were named one by one.
    named: Vec<Seen>,
    pub(super) tainted: bool,
}

/// Room for the lists of a usual request, made at once: growing step by step costs more than the few words.
const USUAL_HITS: usize = 16;

impl Collected {
    pub(super) fn add(&mut self, tags: Arc<[Seen]>) {
        if !self.lists.last().is_some_and(|last| Arc::ptr_eq(last, &tags)) {
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

    /// Adds everything to `seen`, possibly with repetitions, and is empty afterwards.
    pub(super) fn drain_into(&mut self, seen: &mut Vec<Seen>) {
        seen.append(&mut self.named);
        seen.extend(self.lists.drain(..).flat_map(|list| list.to_vec()));
    }

    /// The names, possibly with repetitions; without the one that stands for a whole namespace.
    pub(super) fn tags_into(&self, tags: &mut Vec<Tag>) {
        let lists = self.lists.iter().flat_map(|list| list.iter());
        tags.extend(
            self.named.iter().chain(lists).map(|seen| seen.cell.tag()).filter(|tag| !tag.is_everything()).cloned(),
        );
    }

    /// A computation that goes through the same entries again and again keeps each list once: before the room is doubled,
    /// repetitions are dropped.
    #[cold]
    fn make_room(&mut self) {
        self.lists.sort_unstable_by_key(|list| Arc::as_ptr(list).addr());
        self.lists.dedup_by(|a, b| Arc::ptr_eq(a, b));
        self.lists.reserve(self.lists.len().max(USUAL_HITS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cache;

    #[test]
    fn lists_that_come_again_and_again_are_kept_once() {
        let lists: [Arc<[Seen]>; 3] = std::array::from_fn(|_| Arc::from(Vec::new()));
        let mut collected = Collected::default();
        for n in 0..100_000 {
            collected.add(Arc::clone(&lists[n % 3]));
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
