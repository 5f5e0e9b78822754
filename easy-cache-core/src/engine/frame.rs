//! What is being computed on this thread right now, and who collects what it uses.
//!
//! A frame is installed while its future is polled (or its closure runs) and taken away afterwards, so it follows the
//! computation from thread to thread. It is one pointer in a thread-local; a hit outside any frame pays for one flag.
//! Tasks that a computation starts take its [`Surroundings`] along, and collect for it.

use std::cell::Cell;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tracing::Span;

use super::ambient::Ambient;
use super::collected::{Collected, Taint};
use super::flight::Key;
use crate::Tag;
use crate::backend::memory::{Kept, List, Seen, Used};
use crate::clock::{Clock, Moment, NEVER};
use crate::mistake::Mistake;
use crate::policy::Notes;
use crate::sync::{Mutex, thread_local};

/// The collector of one computation or request.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    /// The frame around this one, while this one is installed.
    parent: Option<Box<Self>>,
    kind: Kind,
    collected: Collected,
    /// What the tasks collect that took this frame along. Made for the first of them.
    tasks: Option<Arc<Gathered>>,
    bypass: bool,
    /// Bypasses until the first cached function has been met.
    looks_away: bool,
    /// The keys that this frame computes, and the cache they belong to.
    computes: Computes,
    /// What was stored under that key before, for a computation that asks for it.
    previous: Option<Box<(Kept, Duration)>>,
    /// What the computation says of its result, beside the result.
    notes: Option<Box<Notes>>,
    /// In which its subscribers see what happens in it.
    span: Option<Span>,
}

/// What several threads collect for one frame. They keep no reference that would outlive it: who goes on after the frame
/// has ended collects for nobody.
type Gathered = Mutex<Collected>;

/// The keys that one frame computes.
#[derive(Debug, Default)]
enum Computes {
    #[default]
    Nothing,
    /// One key, which others have as well, and the cache it belongs to.
    One(u64, Key),
    Many(Vec<Computed>),
}

/// A key, and the cache it belongs to.
type Computed = (u64, Arc<[u8]>);

impl Computes {
    fn includes(&self, engine: u64, key: &[u8]) -> bool {
        match self {
            Self::Nothing => false,
            Self::One(id, own) => *id == engine && **own == *key,
            Self::Many(keys) => include(keys, engine, key),
        }
    }

    /// Copies for who may outlive the computation, and is not to keep its flight.
    fn copies(&self) -> Vec<Computed> {
        match self {
            Self::Nothing => Vec::new(),
            Self::One(id, key) => vec![(*id, Arc::from(&**key))],
            Self::Many(keys) => keys.clone(),
        }
    }
}

fn include(keys: &[Computed], engine: u64, key: &[u8]) -> bool {
    keys.iter().any(|(id, own)| *id == engine && **own == *key)
}

/// For whom a frame collects.
#[derive(Debug, Default)]
enum Kind {
    /// For the computation that it belongs to.
    #[default]
    Own,
    /// For nobody: only taint goes outward.
    Untracked,
    /// For the frame that it was taken along from, and for the one around it on its own thread.
    Carried(Box<Surroundings>),
}

thread_local! {
    static CURRENT: Cell<Option<Box<Frame>>> = const { Cell::new(None) };
    static FLAGS: Cell<Flags> = const { Cell::new(Flags { collecting: false, bypassing: false }) };
}

/// What the hit path asks about the current frame, without touching it.
#[derive(Debug, Clone, Copy)]
struct Flags {
    collecting: bool,
    bypassing: bool,
}

impl Frame {
    /// The frame of a load, for one key or for many.
    pub(crate) fn computing<'a>(engine: u64, keys: impl Iterator<Item = &'a [u8]>, span: Span) -> Box<Self> {
        Self::of_load(Computes::Many(keys.map(|key| (engine, key.into())).collect()), span)
    }

    /// The frame of a load for a key that others have as well.
    pub(crate) fn computing_one(engine: u64, key: Key, span: Span) -> Box<Self> {
        Self::of_load(Computes::One(engine, key), span)
    }

    fn of_load(computes: Computes, span: Span) -> Box<Self> {
        // Where a crate of the application has switched on `log` for `tracing`, one that nobody subscribes to is not none.
        Box::new(Self { computes, span: Some(span).filter(|span| !span.is_disabled()), ..Self::default() })
    }

    /// What was used, once more: for one of several values of one load.
    pub(crate) fn copy(&self) -> Self {
        let mut collected = self.collected.clone();
        if let Some(tasks) = &self.tasks {
            collected.absorb(tasks.lock().clone());
        }
        Self { collected, ..Self::default() }
    }

    pub(crate) fn bypassing() -> Box<Self> {
        let mut frame = Self { bypass: true, ..Self::default() };
        frame.taint(Taint::Private);
        Box::new(frame)
    }

    /// What runs inside adds no tags to what encloses it.
    pub(crate) fn untracked() -> Box<Self> {
        Box::new(Self { kind: Kind::Untracked, ..Self::default() })
    }

    /// Like bypassing, but for a look at the first cached function only, so that nothing is wrong with the result.
    pub(crate) fn looking_away() -> Box<Self> {
        Box::new(Self { bypass: true, looks_away: true, ..Self::default() })
    }

    /// Whether what it computes must not be kept. A value that only stands in for a failed computation is found out here,
    /// so that a hit need not look.
    pub(crate) fn is_tainted(&self) -> bool {
        self.is_private() || self.is_stale()
    }

    /// Whether what it computes is nobody's but its caller's.
    pub(crate) fn is_private(&self) -> bool {
        self.collected.is_private() || self.tasks.as_ref().is_some_and(|tasks| tasks.lock().is_private())
    }

    /// Whether it has used something that was not fresh: not to be kept, but as good for others as for its caller.
    fn is_stale(&self) -> bool {
        self.collected.is_stale() || self.tasks.as_ref().is_some_and(|tasks| tasks.lock().is_stale())
    }

    /// Everything that was used, possibly with repetitions, and when the first of it ends.
    pub(crate) fn into_used(self, clock: &Clock) -> Used {
        self.into_collected().into_used(clock)
    }

    fn into_collected(mut self) -> Collected {
        if let Some(tasks) = self.tasks {
            self.collected.absorb(std::mem::take(&mut *tasks.lock()));
        }
        self.collected
    }

    pub(crate) fn with_previous(mut self: Box<Self>, previous: Option<(Kept, Duration)>) -> Box<Self> {
        self.previous = previous.map(Box::new);
        self
    }

    /// The tags used so far, each once, in order.
    pub(crate) fn tags(&self) -> Vec<Tag> {
        let mut tags = Vec::new();
        self.collected.tags_into(&mut tags);
        if let Some(gathered) = self.elsewhere() {
            gathered.lock().tags_into(&mut tags);
        }
        tags.sort_unstable();
        tags.dedup();
        tags
    }

    /// When the first of all that was used so far ends.
    pub(crate) fn until(&self, clock: &Clock) -> Moment {
        let elsewhere = self.elsewhere().map_or(NEVER, |gathered| gathered.lock().until(clock));
        self.collected.until(clock).min(elsewhere)
    }

    /// Where carried scopes collect.
    fn elsewhere(&self) -> Option<Arc<Mutex<Collected>>> {
        match &self.kind {
            Kind::Carried(from) => from.origin.upgrade(),
            Kind::Own | Kind::Untracked => self.tasks.clone(),
        }
    }

    /// Shows this frame and those around it, from here outwards.
    fn outwards(&mut self, mut show: impl FnMut(&mut Self)) {
        let mut next = Some(self);
        while let Some(frame) = next {
            show(frame);
            next = frame.parent.as_deref_mut();
        }
    }

    fn is_computing(&self, engine: u64, key: &[u8]) -> bool {
        match &self.kind {
            Kind::Carried(from) => include(&from.computes, engine, key),
            Kind::Own | Kind::Untracked => self.computes.includes(engine, key),
        }
    }

    /// Hands something on to whomever this frame collects for.
    fn collect(&mut self, tags: Tags<'_>) {
        match &self.kind {
            Kind::Own => return tags.add_to(&mut self.collected),
            Kind::Untracked => return,
            // At once, not when the task ends: it may hand over what it read before that.
            Kind::Carried(from) if from.tracked => {
                from.origin.upgrade().into_iter().for_each(|origin| tags.add_to(&mut origin.lock()));
            }
            Kind::Carried(_) => {}
        }
        if let Some(parent) = &mut self.parent {
            parent.collect(tags);
        }
    }

    /// The same for a list that comes with its reference: the way of a hit.
    #[inline]
    fn take(&mut self, tags: List) {
        match self.kind {
            Kind::Own => self.collected.add(tags),
            Kind::Untracked | Kind::Carried(_) => self.collect(Tags::List(&tags)),
        }
    }

    fn taint(&mut self, taint: Taint) {
        self.collected.taint(taint);
        match &self.kind {
            Kind::Own => return,
            Kind::Untracked => {}
            Kind::Carried(from) => from.origin.upgrade().into_iter().for_each(|origin| origin.lock().taint(taint)),
        }
        if let Some(parent) = &mut self.parent {
            parent.taint(taint);
        }
    }

    /// Whether a hit in this frame, installed where `around` holds, has to hand out its tags.
    fn collects(&self, around: Flags) -> bool {
        match &self.kind {
            Kind::Own => true,
            Kind::Untracked => false,
            Kind::Carried(from) => around.collecting || from.tracked && from.has_origin(),
        }
    }
}

/// What there is to collect. Copied for each of those who want it.
#[derive(Clone, Copy)]
enum Tags<'a> {
    List(&'a List),
    Named(&'a Seen),
}

impl Tags<'_> {
    fn add_to(self, collected: &mut Collected) {
        match self {
            Self::List(tags) => collected.add(tags.clone()),
            Self::Named(seen) => collected.name(seen.clone()),
        }
    }
}

/// What a task takes along from where it was started: for whom it collects, whether it may use a cache, and which keys it
/// must not wait for.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    origin: Weak<Gathered>,
    tracked: bool,
    bypass: bool,
    computes: Vec<Computed>,
    ambient: Ambient,
}

impl Surroundings {
    /// Those of the caller.
    pub(crate) fn here() -> Self {
        let mut here = Self {
            origin: Weak::new(),
            tracked: is_collecting(),
            bypass: is_bypassing(),
            computes: Vec::new(),
            ambient: Ambient::here(),
        };
        update(|frame| frame.outwards(|frame| here.note(frame)));
        here
    }

    /// From the innermost frame outwards: the first one that collects is the origin.
    fn note(&mut self, frame: &mut Frame) {
        self.computes.extend(frame.computes.copies());
        if let Kind::Carried(from) = &frame.kind {
            self.computes.extend(from.computes.iter().cloned());
        }
        if !self.has_origin() {
            match &frame.kind {
                Kind::Own => self.origin = Arc::downgrade(frame.tasks.get_or_insert_default()),
                Kind::Carried(from) => self.origin = Weak::clone(&from.origin),
                Kind::Untracked => {}
            }
        }
    }

    fn has_origin(&self) -> bool {
        self.origin.strong_count() > 0
    }

    /// Runs a part of a task in its frame.
    pub(crate) fn within<T>(&self, frame: &mut Option<Box<Frame>>, f: impl FnOnce() -> T) -> T {
        let _entered = self.ambient.enter();
        if frame.is_some() { within(frame, f) } else { f() }
    }

    /// The frame of a task; none if there is nothing to take along.
    pub(crate) fn frame(&self) -> Option<Box<Frame>> {
        let is_needed = self.has_origin() || self.bypass || !self.computes.is_empty();
        is_needed.then(|| {
            Box::new(Frame { kind: Kind::Carried(Box::new(self.clone())), bypass: self.bypass, ..Frame::default() })
        })
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
    pub(crate) fn take_notes(&mut self) -> Option<Box<Notes>> {
        self.0.as_mut().and_then(|frame| frame.notes.take())
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
    let span = frame.as_ref().and_then(|frame| frame.span.clone());
    let _entered = span.as_ref().map(Span::enter);
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
        let bypassing = flags.bypassing || frame.bypass;
        // Who must not use a cache is told so where tags would be collected: a hit asks one question for both.
        FLAGS.set(Flags { collecting: bypassing || frame.collects(flags), bypassing });
        match CURRENT.try_with(Cell::take) {
            Ok(parent) => {
                frame.parent = parent;
                CURRENT.set(Some(frame));
            }
            // The thread is ending: there is no place to collect anything, so nothing may be kept.
            Err(_) => {
                frame.taint(Taint::Private);
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
            Some(tags) => frame.take(tags),
            None => frame.taint(Taint::Private),
        });
    }
}

/// Hands a computation's tags to the frame around it.
pub(crate) fn collect_list(tags: &List) {
    if !Mistake::TagsStayInside.is_made() {
        update(|frame| frame.collect(Tags::List(tags)));
    }
}

/// Hands all that a frame has collected to the current one.
pub(crate) fn absorb(inner: Frame) {
    let inner = inner.into_collected();
    update(|frame| {
        if inner.is_private() {
            frame.taint(Taint::Private);
        }
        if inner.is_stale() {
            frame.taint(Taint::Stale);
        }
        inner.lists().iter().for_each(|list| frame.collect(Tags::List(list)));
        inner.named().iter().for_each(|seen| frame.collect(Tags::Named(seen)));
    });
}

/// What was stored before under the key that is being computed, and how long ago, if it was asked for. It is given once.
pub(crate) fn take_previous() -> Option<(Kept, Duration)> {
    let mut previous = None;
    update(|frame| previous = frame.previous.take());
    previous.map(|previous| *previous)
}

/// Notes something for the end of the current computation.
pub(crate) fn note(notes: Notes) {
    update(|frame| frame.notes = Some(Box::new(notes)));
}

/// Forgets what was said for the end of the current computation.
pub(crate) fn forget_notes() {
    update(|frame| frame.notes = None);
}

/// Hands single tags to the current frame.
pub(crate) fn collect_seen(seen: impl IntoIterator<Item = Seen>) {
    update(|frame| seen.into_iter().for_each(|seen| frame.collect(Tags::Named(&seen))));
}

/// The tags that the current frame has used so far.
pub(crate) fn current_tags() -> Vec<Tag> {
    let mut tags = Vec::new();
    update(|frame| tags = frame.tags());
    tags
}

/// What the current frame computes is not to be kept.
pub(crate) fn taint() {
    update(|frame| frame.taint(Taint::Private));
}

/// What the current frame computes is built from something that is not fresh.
pub(crate) fn taint_as_stale() {
    update(|frame| frame.taint(Taint::Stale));
}

/// Ends the bypass of the frames that were only looking away.
pub(crate) fn look_again() {
    let mut bypassing = false;
    update(|frame| {
        frame.outwards(|frame| {
            frame.bypass &= !frame.looks_away;
            bypassing |= frame.bypass;
        });
    });
    FLAGS.set(Flags { bypassing, ..FLAGS.get() });
}

/// Whether this very key is being computed further up on this thread: waiting for it would wait for ever.
pub(crate) fn is_computing(engine: u64, key: &[u8]) -> bool {
    let mut found = false;
    update(|frame| frame.outwards(|frame| found |= frame.is_computing(engine, key)));
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

    fn computing(key: &[u8]) -> Box<Frame> {
        Frame::computing(1, std::iter::once(key), Span::none())
    }

    #[test]
    fn a_key_is_found_through_all_frames_around() {
        let (mut outer, mut inner) = (Some(computing(b"a")), Some(computing(b"b")));
        within(&mut outer, || {
            within(&mut inner, || {
                assert!(is_computing(1, b"a") && is_computing(1, b"b"));
                assert!(!is_computing(2, b"a") && !is_computing(1, b"c"));
            });
            assert!(!is_computing(1, b"b"));
        });
    }
}
