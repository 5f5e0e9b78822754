//! What is being computed on this thread right now, and what it has used so far.
//!
//! A frame is installed while its future is polled (or its closure runs) and taken away afterwards, so it follows the
//! computation from thread to thread. It is one pointer in a thread-local; a hit outside any frame pays for one flag.

use std::cell::Cell;
use std::time::Duration;

use crate::Tag;
use crate::backend::memory::{Kept, List, Seen, Used};
use crate::clock::{Clock, NEVER};
use crate::policy::Notes;

/// The collector of one computation or request.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    /// The frame around this one, while this one is installed.
    parent: Option<Box<Self>>,
    /// Tags of hits and of inner computations: whole lists, merged once at the end.
    lists: Vec<List>,
    /// Tags that were named one by one.
    named: Vec<Seen>,
    tainted: bool,
    /// It has used something that was not fresh: not to be kept, but as good for others as for its caller.
    stale: bool,
    bypass: bool,
    /// The keys that this frame computes, and the cache they belong to.
    computes: Vec<(u64, Box<[u8]>)>,
    /// What was stored under that key before, for a computation that asks for it.
    previous: Option<(Kept, Duration)>,
    /// What the computation says of its result, beside the result.
    notes: Option<Box<Notes>>,
}

/// Room for the lists of a usual request, made at once: growing step by step costs more than the few words.
const USUAL_HITS: usize = 16;

thread_local! {
    static CURRENT: Cell<Option<Box<Frame>>> = const { Cell::new(None) };
    static FLAGS: Cell<Flags> = const { Cell::new(Flags { collecting: false, bypassing: false }) };
}

/// What the hit path asks about the current frame, without touching it.
#[derive(Clone, Copy)]
struct Flags {
    collecting: bool,
    bypassing: bool,
}

impl Frame {
    pub(crate) fn computing(engine: u64, key: &[u8]) -> Box<Self> {
        Self::computing_all(engine, std::iter::once(key))
    }

    pub(crate) fn computing_all<'a>(engine: u64, keys: impl Iterator<Item = &'a [u8]>) -> Box<Self> {
        Box::new(Self { computes: keys.map(|key| (engine, key.into())).collect(), ..Self::default() })
    }

    /// What was used, once more: for one of several values of one load.
    pub(crate) fn copy(&self) -> Self {
        Self {
            lists: self.lists.clone(),
            named: self.named.clone(),
            tainted: self.tainted,
            stale: self.stale,
            ..Self::default()
        }
    }

    pub(crate) fn bypassing() -> Box<Self> {
        Box::new(Self { bypass: true, tainted: true, ..Self::default() })
    }

    /// Whether what it computes must not be kept. A value that only stands in for a failed computation is found out here,
    /// so that a hit need not look.
    pub(crate) fn is_tainted(&self) -> bool {
        self.tainted || self.is_stale()
    }

    /// Whether what it computes is nobody's but its caller's.
    pub(crate) const fn is_private(&self) -> bool {
        self.tainted
    }

    fn is_stale(&self) -> bool {
        self.stale || self.lists.iter().any(|list| list.times().stands_in())
    }

    /// Everything that was used, possibly with repetitions, and when the first of it ends.
    pub(crate) fn into_used(self, clock: &Clock) -> Used {
        let ends = self.lists.iter().map(|list| list.ends(clock).unwrap_or(0));
        let until = ends.min().unwrap_or(NEVER);
        let mut seen = self.named;
        seen.extend(self.lists.iter().flat_map(|list| list.tags().iter().cloned()));
        Used { seen, until }
    }

    pub(crate) fn with_previous(mut self: Box<Self>, previous: Option<(Kept, Duration)>) -> Box<Self> {
        self.previous = previous;
        self
    }

    /// The tags used so far, each once, in order; without the one that stands for a whole namespace.
    pub(crate) fn tags(&self) -> Vec<Tag> {
        let lists = self.lists.iter().flat_map(|list| list.tags());
        let mut tags: Vec<_> = self.named.iter().chain(lists).map(|seen| seen.cell.tag().clone()).collect();
        tags.retain(|tag| *tag != Tag::everything());
        tags.sort_unstable();
        tags.dedup();
        tags
    }

    fn is_computing(&self, engine: u64, key: &[u8]) -> bool {
        self.computes.iter().any(|(id, own)| *id == engine && **own == *key)
    }

    fn add(&mut self, tags: List) {
        if !self.lists.last().is_some_and(|last| last.is(&tags)) {
            if self.lists.len() == self.lists.capacity() {
                self.make_room();
            }
            self.lists.push(tags);
        }
    }

    fn name(&mut self, seen: impl IntoIterator<Item = Seen>) {
        for seen in seen {
            if self.named.len() == self.named.capacity() {
                self.named.sort_unstable_by_key(Seen::identity);
                self.named.dedup_by_key(|seen| seen.identity());
                self.named.reserve(self.named.len().max(USUAL_HITS));
            }
            self.named.push(seen);
        }
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

/// The frame of a computation under way. If that ends without a result (it panicked, or its future was dropped), what it has
/// used is still a dependency of the computation around it, which may go on with something else instead.
#[derive(Debug)]
pub(crate) struct Open(Option<Box<Frame>>);

impl Open {
    pub(crate) const fn new(frame: Box<Frame>) -> Self {
        Self(Some(frame))
    }

    /// Runs a part of the computation.
    pub(crate) fn run<T>(&mut self, f: impl FnOnce() -> T) -> T {
        within(&mut self.0, f)
    }

    /// What the computation has said of its result.
    pub(crate) fn take_notes(&mut self) -> Notes {
        self.0.as_mut().and_then(|frame| frame.notes.take()).map(|notes| *notes).unwrap_or_default()
    }

    /// The computation has its result.
    pub(crate) fn finish(mut self) -> Frame {
        self.0.take().map(|frame| *frame).unwrap_or_default()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(frame) = self.0.take() {
            absorb(*frame);
        }
    }
}

/// Runs `f` with the frame installed; takes it away again also if `f` panics.
pub(crate) fn within<T>(frame: &mut Option<Box<Frame>>, f: impl FnOnce() -> T) -> T {
    let _installed = Installed::new(frame);
    f()
}

struct Installed<'a> {
    home: &'a mut Option<Box<Frame>>,
    flags: Flags,
}

impl<'a> Installed<'a> {
    fn new(home: &'a mut Option<Box<Frame>>) -> Self {
        let flags = FLAGS.get();
        let mut frame = home.take().unwrap_or_default();
        FLAGS.set(Flags { collecting: true, bypassing: flags.bypassing || frame.bypass });
        match CURRENT.try_with(Cell::take) {
            Ok(parent) => {
                frame.parent = parent;
                CURRENT.set(Some(frame));
            }
            // The thread is ending: there is no place to collect anything, so nothing may be kept.
            Err(_) => {
                frame.tainted = true;
                *home = Some(frame);
            }
        }
        Self { home, flags }
    }
}

impl Drop for Installed<'_> {
    fn drop(&mut self) {
        if let Ok(Some(mut frame)) = CURRENT.try_with(Cell::take) {
            CURRENT.set(frame.parent.take());
            *self.home = Some(frame);
        }
        FLAGS.set(self.flags);
    }
}

/// Whether somebody wants to know which tags a hit carries.
#[inline]
pub(crate) fn is_collecting() -> bool {
    FLAGS.get().collecting
}

/// Whether this thread is inside a computation that must not use the cache.
#[inline]
pub(crate) fn is_bypassing() -> bool {
    FLAGS.get().bypassing
}

/// Hands the tags of a found value to the current frame. A value without them cannot be tracked: it taints the frame.
#[inline]
pub(crate) fn collect(tags: Option<List>) {
    if is_collecting() {
        update(|frame| match tags {
            Some(tags) => frame.add(tags),
            None => frame.tainted = true,
        });
    }
}

/// Hands a computation's tags to the frame around it.
pub(crate) fn collect_list(tags: &List) {
    update(|frame| frame.add(tags.clone()));
}

/// Hands all that a frame has collected to the current one.
pub(crate) fn absorb(inner: Frame) {
    update(|frame| {
        frame.tainted |= inner.tainted;
        frame.stale |= inner.is_stale();
        inner.lists.into_iter().for_each(|list| frame.add(list));
        frame.name(inner.named);
    });
}

/// What was stored before under the key that is being computed, and how long ago, if it was asked for. It is given once.
pub(crate) fn take_previous() -> Option<(Kept, Duration)> {
    let mut previous = None;
    update(|frame| previous = frame.previous.take());
    previous
}

/// Notes something for the end of the current computation.
pub(crate) fn note(notes: Notes) {
    update(|frame| frame.notes = Some(Box::new(notes)));
}

/// Hands single tags to the current frame.
pub(crate) fn collect_seen(seen: impl IntoIterator<Item = Seen>) {
    update(|frame| frame.name(seen));
}

/// The tags that the current frame has used so far.
pub(crate) fn current_tags() -> Vec<Tag> {
    let mut tags = Vec::new();
    update(|frame| tags = frame.tags());
    tags
}

/// What the current frame computes is not to be kept.
pub(crate) fn taint() {
    update(|frame| frame.tainted = true);
}

/// What the current frame computes is built from something that is not fresh.
pub(crate) fn taint_as_stale() {
    update(|frame| frame.stale = true);
}

/// Whether this very key is being computed further up on this thread: waiting for it would wait for ever.
pub(crate) fn is_computing(engine: u64, key: &[u8]) -> bool {
    let mut found = false;
    update(|frame| {
        let mut next = Some(&*frame);
        while let Some(frame) = next {
            found |= frame.is_computing(engine, key);
            next = frame.parent.as_deref();
        }
    });
    found
}

/// While a thread ends, and what it keeps is dropped, nobody computes on it.
#[inline]
fn update(change: impl FnOnce(&mut Frame)) {
    let _ = CURRENT.try_with(|current| {
        if let Some(mut frame) = current.take() {
            change(&mut frame);
            current.set(Some(frame));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_taken_away_when_its_computation_panics() {
        let mut outer = None;
        within(&mut outer, || {
            let mut inner = Some(Frame::bypassing());
            let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                within(&mut inner, || {
                    assert!(is_bypassing());
                    panic!("a computation that panics");
                });
            }));
            assert!(panicked.is_err());
            assert!(is_collecting() && !is_bypassing());
            assert!(inner.is_some());
        });
        assert!(!is_collecting());
        assert!(outer.is_some_and(|frame| !frame.is_tainted()));
    }

    fn list() -> List {
        let cache = crate::Cache::new();
        cache.set("k", 1).wait();
        cache.engine().store.lookup(b"k").unwrap().list
    }

    #[test]
    fn lists_that_come_again_and_again_are_kept_once() {
        let lists: [List; 3] = std::array::from_fn(|_| list());
        let mut frame = Frame::default();
        for n in 0..100_000 {
            frame.add(lists[n % 3].clone());
        }
        assert!(frame.lists.len() < 100, "{} lists", frame.lists.len());
    }

    #[test]
    fn tags_that_are_named_again_and_again_are_kept_once() {
        let domain = crate::Cache::new();
        let mut frame = None;
        within(&mut frame, || {
            for _ in 0..100_000 {
                crate::scope::depend(&domain, ["t"]);
            }
        });
        let named = frame.map_or(0, |frame| frame.named.len());
        assert!(named < 1000, "{named} tags");
    }

    #[test]
    fn a_key_is_found_through_all_frames_around() {
        let (mut outer, mut inner) = (Some(Frame::computing(1, b"a")), Some(Frame::computing(1, b"b")));
        within(&mut outer, || {
            within(&mut inner, || {
                assert!(is_computing(1, b"a") && is_computing(1, b"b"));
                assert!(!is_computing(2, b"a") && !is_computing(1, b"c"));
            });
            assert!(!is_computing(1, b"b"));
        });
    }
}
