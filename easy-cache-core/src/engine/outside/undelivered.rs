//! Invalidations that have not reached the store: they stay in force here, since nothing is asked of the store before them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;

use crate::Tag;
use crate::engine::Engine;

/// More names than these are delivered as an invalidation of everything.
const MOST: usize = 10_000;

/// What is to be invalidated.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    pub(crate) tags: Vec<Tag>,
    pub(crate) keys: Vec<Box<[u8]>>,
    pub(crate) everything: bool,
}

impl Names {
    pub(crate) fn of_tags(tags: &[Tag]) -> Self {
        Self { tags: tags.to_vec(), ..Self::default() }
    }

    pub(crate) fn of_key(key: &[u8]) -> Self {
        Self { keys: vec![key.into()], ..Self::default() }
    }

    pub(crate) fn of_everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.keys.is_empty() && !self.everything
    }

    fn add(&mut self, other: Self) {
        self.tags.extend(other.tags);
        self.keys.extend(other.keys);
        self.tags.sort_unstable();
        self.tags.dedup();
        self.keys.sort_unstable();
        self.keys.dedup();
        if other.everything || self.tags.len() + self.keys.len() > MOST {
            *self = Self::of_everything();
        }
    }
}

/// What is owed to one store.
#[derive(Debug, Default)]
pub(super) struct Undelivered {
    owed: Mutex<Owed>,
    /// Looked at before every lookup; mostly there is nothing.
    any: AtomicBool,
    /// The near cache of this process, if there is one.
    near: OnceLock<Weak<Engine>>,
}

#[derive(Debug, Default)]
struct Owed {
    names: Names,
    /// How many have taken a share of it that is not yet delivered: others must not trust the store meanwhile.
    under_way: Vec<Arc<Names>>,
}

impl Undelivered {
    pub(super) fn tell_near(&self, engine: &Arc<Engine>) {
        let _ = self.near.set(Arc::downgrade(engine));
    }

    /// All that is owed, to be delivered by the caller; also what somebody else is delivering at this moment.
    pub(super) fn take(self: &Arc<Self>) -> Option<Sending> {
        if !self.any.load(Ordering::SeqCst) {
            return None;
        }
        let mut owed = self.owed.lock();
        let mut names = std::mem::take(&mut owed.names);
        owed.under_way.iter().for_each(|share| names.add(Names::clone(share)));
        if names.is_empty() {
            return None;
        }
        let share = Arc::new(names);
        owed.under_way.push(Arc::clone(&share));
        Some(Sending { undelivered: Arc::clone(self), names: share, owed: true, done: false })
    }

    fn settle(&self, share: &Arc<Names>, delivered: bool) {
        let mut owed = self.owed.lock();
        owed.under_way.retain(|other| !Arc::ptr_eq(other, share));
        if !delivered {
            owed.names.add(Names::clone(share));
        }
        let any = !owed.names.is_empty() || !owed.under_way.is_empty();
        self.any.store(any, Ordering::SeqCst);
    }
}

/// Names on their way to the store. Unless they are delivered, they are owed.
#[derive(Debug)]
pub(super) struct Sending {
    undelivered: Arc<Undelivered>,
    names: Arc<Names>,
    /// Whether they were owed before.
    owed: bool,
    done: bool,
}

impl Sending {
    /// An invalidation at its first attempt: nobody has been told anything about it yet.
    pub(super) fn new(undelivered: &Arc<Undelivered>, names: Names) -> Self {
        Self { undelivered: Arc::clone(undelivered), names: Arc::new(names), owed: false, done: false }
    }

    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    pub(super) fn delivered(mut self) {
        self.done = true;
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if self.owed || !self.done {
            self.undelivered.settle(&self.names, self.done);
        }
        // Whoever looks from here on comes after it, or finds that it is owed.
        if let Some(near) = self.undelivered.near.get().and_then(Weak::upgrade) {
            near.sent(&self.names);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(names: &[&str]) -> Names {
        Names { tags: names.iter().map(Tag::new).collect(), ..Names::default() }
    }

    #[test]
    fn what_was_delivered_is_not_owed() {
        let undelivered = Arc::new(Undelivered::default());
        Sending::new(&undelivered, tags(&["a"])).delivered();
        assert!(undelivered.take().is_none());
    }

    #[test]
    fn what_was_not_delivered_is_owed_until_it_is() {
        let undelivered = Arc::new(Undelivered::default());
        drop(Sending::new(&undelivered, tags(&["a"])));
        drop(Sending::new(&undelivered, tags(&["b", "a"])));
        let first = undelivered.take().unwrap();
        assert_eq!(first.names().tags, tags(&["a", "b"]).tags);
        let second = undelivered.take().unwrap();
        assert_eq!(second.names().tags, first.names().tags, "who looks meanwhile must not trust the store either");
        first.delivered();
        drop(second);
        undelivered.take().unwrap().delivered();
        assert!(undelivered.take().is_none());
    }

    #[test]
    fn too_many_names_become_everything() {
        let undelivered = Arc::new(Undelivered::default());
        let many = (0..=MOST).map(|n| Tag::new(n.to_string())).collect();
        drop(Sending::new(&undelivered, Names { tags: many, ..Names::default() }));
        assert!(undelivered.take().unwrap().names().everything);
    }
}
