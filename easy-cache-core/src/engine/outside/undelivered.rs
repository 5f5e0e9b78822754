//! What a store is owed: invalidations that have not reached it, and releases. They stay in force here, since nothing is asked of the
//! store before them. Who brings them there is in `courier`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use event_listener::Event;
use parking_lot::Mutex;

use super::Marked;
use crate::Tag;
use crate::backend::memory::MemoryStore;
use crate::clock::Moment;
use crate::events::Events;

/// More names than these are delivered as an invalidation of everything.
const MOST: usize = 10_000;
/// More releases than these are left to the deadlines of their holds.
const MOST_RELEASES: usize = 1_000;

/// What is to be invalidated.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    pub(crate) tags: BTreeSet<Tag>,
    pub(crate) keys: BTreeSet<Box<[u8]>>,
    pub(crate) everything: bool,
}

impl Names {
    pub(crate) fn of_tags(tags: &[Tag]) -> Self {
        Self { tags: tags.iter().cloned().collect(), ..Self::default() }
    }

    pub(crate) fn of_key(key: &[u8]) -> Self {
        Self { keys: BTreeSet::from([key.into()]), ..Self::default() }
    }

    pub(crate) fn of_everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    /// How many there are. Everything is one name.
    pub(crate) fn len(&self) -> usize {
        self.tags.len() + self.keys.len() + usize::from(self.everything)
    }

    /// Invalidates them in this process once more.
    pub(super) fn again(&self, store: &MemoryStore) {
        if self.everything {
            return store.invalidate_everything_again();
        }
        let tags: Vec<Tag> = self.tags.iter().cloned().collect();
        store.invalidate_again(&tags, self.keys.iter().map(|key| &**key));
    }

    /// Forgets what was copied of them meanwhile.
    pub(super) fn forget(&self, store: &MemoryStore) {
        if self.everything {
            return store.forget_everything();
        }
        let tags: Vec<Tag> = self.tags.iter().cloned().collect();
        let keys: Vec<&[u8]> = self.keys.iter().map(|key| &**key).collect();
        store.forget(&tags, &keys);
    }

    /// Tells whoever wants to hear of invalidations.
    pub(crate) fn tell(&self, events: &Events) {
        if events.are_heard() && !self.is_empty() {
            let tags: Vec<Tag> = self.tags.iter().cloned().collect();
            let keys: Vec<&[u8]> = self.keys.iter().map(|key| &**key).collect();
            events.invalidated(&tags, &keys, self.everything);
        }
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn add(&mut self, other: &Self) {
        if self.everything {
            return;
        }
        self.tags.extend(other.tags.iter().cloned());
        self.keys.extend(other.keys.iter().cloned());
        if other.everything || self.len() > MOST {
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
    /// A delivery has ended, one way or the other.
    pub(super) settled: Event,
}

#[derive(Debug, Default)]
struct Owed {
    names: Names,
    /// What somebody is delivering, and until when others leave it to that one. Nobody trusts the store meanwhile.
    under_way: Vec<(Arc<Names>, Moment)>,
    releases: Vec<Marked>,
    /// Somebody sees to all of this in the background.
    courier: bool,
}

impl Owed {
    fn is_paid(&self) -> bool {
        self.names.is_empty() && self.under_way.is_empty()
    }

    fn has_work(&self) -> bool {
        !self.is_paid() || !self.releases.is_empty()
    }
}

/// What is to be done about what is owed.
#[derive(Debug)]
pub(super) enum Claim {
    /// There is nothing.
    Nothing,
    /// To be delivered by who asked.
    Deliver(Arc<Names>),
    /// Somebody else does it at this moment.
    Wait,
}

impl Undelivered {
    /// Whether no invalidation is owed.
    pub(super) fn is_clear(&self) -> bool {
        !self.any.load(Ordering::SeqCst)
    }

    /// How many names are owed.
    pub(super) fn len(&self) -> usize {
        let owed = self.owed.lock();
        owed.names.len() + owed.under_way.iter().map(|(share, _)| share.len()).sum::<usize>()
    }

    /// All that is owed, for who asked to deliver it until then, unless somebody else does so. Who has taken longer than it said
    /// may never be polled again: then it is delivered once more.
    pub(super) fn claim(&self, now: Moment, until: Moment) -> Claim {
        let mut owed = self.owed.lock();
        if owed.is_paid() {
            return Claim::Nothing;
        }
        if owed.under_way.iter().any(|(_, until)| *until > now) {
            return Claim::Wait;
        }
        let mut names = std::mem::take(&mut owed.names);
        owed.under_way.drain(..).for_each(|(share, _)| names.add(&share));
        let share = Arc::new(names);
        owed.under_way.push((Arc::clone(&share), until));
        Claim::Deliver(share)
    }

    /// An attempt has ended.
    pub(super) fn settle(&self, share: &Arc<Names>, delivered: bool) {
        let mut owed = self.owed.lock();
        owed.under_way.retain(|(other, _)| !Arc::ptr_eq(other, share));
        if !delivered {
            owed.names.add(share);
        }
        self.any.store(!owed.is_paid(), Ordering::SeqCst);
        drop(owed);
        self.settled.notify(usize::MAX);
    }

    /// A writer's marks are to be taken away as soon as its invalidation is delivered.
    pub(super) fn release_later(&self, marked: Marked) {
        let mut owed = self.owed.lock();
        if owed.releases.len() < MOST_RELEASES {
            owed.releases.push(marked);
        }
    }

    /// The releases that are worth their trip, if nothing is owed: otherwise one of them may belong to what is. What has passed its deadline is
    /// as good as released.
    pub(super) fn take_releases(&self, now: Moment) -> Option<Vec<Marked>> {
        let mut owed = self.owed.lock();
        if !owed.is_paid() {
            return None;
        }
        let mut releases = std::mem::take(&mut owed.releases);
        drop(owed);
        releases.retain(|marked| marked.until > now);
        Some(releases)
    }

    /// Whether a courier has to be sent: there is something to do, and nobody who does it.
    pub(super) fn needs_courier(&self) -> bool {
        let mut owed = self.owed.lock();
        let needs = !owed.courier && owed.has_work();
        owed.courier |= needs;
        needs
    }

    /// The courier may go: there is nothing left to do.
    pub(super) fn is_done(&self) -> bool {
        let mut owed = self.owed.lock();
        owed.courier = owed.has_work();
        !owed.courier
    }

    /// The courier is gone, with or without what it had to do.
    pub(super) fn lost_courier(&self) {
        self.owed.lock().courier = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(names: &[&str]) -> Arc<Names> {
        Arc::new(Names { tags: names.iter().map(Tag::new).collect(), ..Names::default() })
    }

    fn claim(undelivered: &Undelivered, now: Moment) -> Arc<Names> {
        match undelivered.claim(now, now + 10) {
            Claim::Deliver(share) => share,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_was_delivered_is_not_owed() {
        let undelivered = Undelivered::default();
        undelivered.settle(&tags(&["a"]), true);
        assert!(undelivered.is_clear() && matches!(undelivered.claim(0, 10), Claim::Nothing));
    }

    #[test]
    fn what_was_not_delivered_is_owed_until_it_is() {
        let undelivered = Undelivered::default();
        undelivered.settle(&tags(&["a"]), false);
        undelivered.settle(&tags(&["b", "a"]), false);
        assert_eq!(undelivered.len(), 2);
        let first = claim(&undelivered, 0);
        assert_eq!(first.tags, tags(&["a", "b"]).tags);
        assert!(matches!(undelivered.claim(9, 19), Claim::Wait), "who looks meanwhile must not trust the store either");
        undelivered.settle(&first, false);
        let second = claim(&undelivered, 9);
        assert_eq!((&second.tags, undelivered.is_clear()), (&first.tags, false));
        undelivered.settle(&second, true);
        assert!(undelivered.is_clear() && undelivered.len() == 0);
    }

    #[test]
    fn who_takes_too_long_over_a_delivery_is_not_waited_for() {
        let undelivered = Undelivered::default();
        undelivered.settle(&tags(&["a"]), false);
        let stuck = claim(&undelivered, 0);
        let second = claim(&undelivered, 10);
        assert_eq!(stuck.tags, second.tags);
        undelivered.settle(&second, true);
        assert!(undelivered.is_clear(), "all of it is delivered");
        undelivered.settle(&stuck, false);
        assert_eq!(claim(&undelivered, 20).tags, stuck.tags, "once more does no harm");
    }

    #[test]
    fn nothing_is_released_before_what_is_owed_is_delivered() {
        let undelivered = Undelivered::default();
        undelivered.settle(&tags(&["a"]), false);
        undelivered.release_later(Marked::everything(crate::store::Version::from_bytes([1; 16]), 100));
        assert!(undelivered.take_releases(0).is_none());
        let share = claim(&undelivered, 0);
        assert!(undelivered.take_releases(0).is_none(), "it is under way");
        undelivered.settle(&share, true);
        assert_eq!(undelivered.take_releases(0).map(|releases| releases.len()), Some(1));
        assert_eq!(undelivered.take_releases(0).map(|releases| releases.len()), Some(0));
    }

    #[test]
    fn too_many_names_become_everything() {
        let undelivered = Undelivered::default();
        let many = (0..=MOST).map(|n| Tag::new(n.to_string())).collect();
        undelivered.settle(&Arc::new(Names { tags: many, ..Names::default() }), false);
        undelivered.settle(&tags(&["a"]), false);
        assert_eq!(undelivered.len(), 1);
        assert!(claim(&undelivered, 0).everything);
    }
}
