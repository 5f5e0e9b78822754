//! One running computation per key that several callers wait for.
//!
//! A flight is **closed to joiners before its fill is sent**. When its leader is dropped, panics, or may not share its
//! result, leadership passes to one follower, which runs its own computation: nobody hangs, and borrowed arguments stay
//! possible. Failures never queue up one after the other: after one retry everybody computes alone.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use triomphe::ThinArc;

use super::Found;
use super::outside::Lease;
use crate::backend::memory::List;
use crate::clock::{Clock, Moment};
use crate::mistake::Mistake;
use crate::sync::{self, AtomicU64, Event, EventListener, Mutex, MutexGuard, RandomState};
use crate::timer::Deadline;

const SHARDS: usize = sync::scaled(64);

type Table = HashTable<Flight>;

/// A flight with its key, in one piece of memory.
#[derive(Debug, Clone)]
struct Flight(ThinArc<Course, u8>);

impl Flight {
    fn key(&self) -> &[u8] {
        &self.0.slice
    }

    fn is(&self, other: &Self) -> bool {
        self.0.as_ptr() == other.0.as_ptr()
    }
}

impl Deref for Flight {
    type Target = Course;

    fn deref(&self) -> &Course {
        &self.0.header.header
    }
}

/// The key of a computation: that of its flight, if it leads one, without a copy.
#[derive(Debug, Clone)]
pub(crate) struct Key(Owner);

#[derive(Debug, Clone)]
enum Owner {
    Flight(Flight),
    Itself(Arc<[u8]>),
}

impl Deref for Key {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Owner::Flight(flight) => flight.key(),
            Owner::Itself(key) => key,
        }
    }
}

impl From<&[u8]> for Key {
    fn from(key: &[u8]) -> Self {
        Self(Owner::Itself(key.into()))
    }
}

/// A moment in the order of calls and fences of one table. Not a time.
pub(crate) type Tick = u64;

/// All flights of one cache on one side.
#[derive(Debug)]
pub(crate) struct Flights {
    board: Arc<Board>,
    hasher: RandomState,
}

/// What the callers of all flights share, and find again after the cache itself is gone.
#[derive(Debug)]
struct Board {
    shards: Box<[Shard]>,
    ticks: AtomicU64,
}

#[derive(Debug)]
struct Shard {
    table: Mutex<Table>,
    /// How many of its flights have ended.
    landings: AtomicU64,
}

/// Which shard a key belongs to. Asked by every call that leaves the short path, before it looks, so this is no hash that anybody would have
/// to guess; that two keys meet in a shard costs a lock, and now and then a second look.
fn shard_number(key: &[u8]) -> usize {
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, rest) = key.as_chunks();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let rest = rest.iter().fold(key.len() as u64, |rest, byte| rest << 8 | u64::from(*byte));
    let mixed = words.fold(rest, |mixed, word| (mixed.rotate_left(23) ^ word).wrapping_mul(SPREAD));
    ((mixed.wrapping_mul(SPREAD) >> 32) % SHARDS as u64) as usize
}

impl Board {
    fn shard(&self, key: &[u8]) -> &Shard {
        &self.shards[shard_number(key)]
    }

    /// The next moment in the order of calls and fences.
    fn tick(&self) -> Tick {
        self.ticks.fetch_add(1, Ordering::SeqCst) + 1
    }
}

#[derive(Debug)]
struct Course {
    hash: u64,
    state: Mutex<State>,
    changed: Event,
    began: Moment,
}

impl Course {
    fn is_alive(&self, now: Moment, patience: Moment) -> bool {
        self.began.saturating_add(patience) > now
    }
}

#[derive(Debug)]
struct State {
    phase: Phase,
    followers: usize,
    failures: u8,
}

#[derive(Debug)]
enum Phase {
    /// Somebody computes, behind a fence taken after `since`.
    Led {
        since: Tick,
    },
    /// The leader is gone; the follower that was woken takes over.
    Vacant,
    /// The leader has its result and is storing it: joining now would be too late.
    Closed {
        since: Tick,
    },
    Done(Ending),
}

/// How a flight ends, as its followers see it.
#[derive(Debug, Clone)]
enum Ending {
    /// A value. It was accepted by the store, or at least computed behind a fence taken after `since`.
    Value { found: Found, accepted: bool, since: Tick },
    /// The answer is stored, but elsewhere than under the flight's key: look again.
    Elsewhere,
    /// It failed, and what is stored stands in for it.
    Failed,
    /// Results cannot be shared: everybody computes alone.
    Alone,
}

impl Flights {
    pub(crate) fn new() -> Self {
        let shard = |_| Shard { table: Mutex::new(Table::default()), landings: AtomicU64::new(0) };
        let board = Board { shards: (0..SHARDS).map(shard).collect(), ticks: AtomicU64::new(0) };
        Self { board: Arc::new(board), hasher: RandomState::new() }
    }

    /// The next moment in the order of calls and fences.
    pub(crate) fn tick(&self) -> Tick {
        self.board.tick()
    }

    /// Leads a new flight for the key, or follows the one that is under way. `now` is when it begins, if it does.
    pub(crate) fn join(&self, key: &[u8], now: Moment) -> Joined {
        self.join_since(key, now, None)
    }

    /// The same for a caller that has read its fence already, after the tick `since`.
    pub(crate) fn join_since(&self, key: &[u8], now: Moment, since: Option<Tick>) -> Joined {
        let hash = self.hasher.hash_one(key);
        let mut table = self.board.shard(key).table.lock();
        let flight = match place(&mut table, key, hash) {
            Entry::Vacant(place) => {
                let lead = self.begin(key, hash, now, since);
                place.insert(lead.seat.flight.clone());
                return Joined::Lead(lead);
            }
            Entry::Occupied(place) => place.get().clone(),
        };
        let mut state = flight.state.lock();
        state.followers += 1;
        let late = matches!(state.phase, Phase::Closed { .. } | Phase::Done(_));
        drop(state);
        drop(table);
        Joined::Follow(Follow { seat: self.seat(flight), late, listener: None, deadline: None })
    }

    /// Leads a new flight, unless one is under way. One that has been so for longer than `patience` counts as given up: without
    /// followers nobody else would notice that its leader is never polled again.
    ///
    /// `since` is for a caller that has read its fence already, after that tick.
    pub(crate) fn try_lead(&self, key: &[u8], now: Moment, patience: Moment, since: Option<Tick>) -> Option<Lead> {
        let hash = self.hasher.hash_one(key);
        let mut table = self.board.shard(key).table.lock();
        let place = place(&mut table, key, hash);
        if let Entry::Occupied(other) = &place
            && (other.get().is_alive(now, patience) || other.get().state.lock().followers > 0)
        {
            return None;
        }
        let lead = self.begin(key, hash, now, since);
        place.insert(lead.seat.flight.clone());
        Some(lead)
    }

    /// Whether a flight is under way that is not yet given up.
    pub(crate) fn is_under_way(&self, key: &[u8], now: Moment, patience: Moment) -> bool {
        let table = self.board.shard(key).table.lock();
        // Mostly there is none at all.
        if table.is_empty() {
            return false;
        }
        let hash = self.hasher.hash_one(key);
        table.find(hash, |flight| is_of(flight, key, hash)).is_some_and(|flight| flight.is_alive(now, patience))
    }

    /// To be put into its place in the table before that is given back.
    fn begin(&self, key: &[u8], hash: u64, now: Moment, since: Option<Tick>) -> Lead {
        let since = since.unwrap_or_else(|| self.tick());
        let state = State { phase: Phase::Led { since }, followers: 0, failures: 0 };
        let course = Course { hash, state: Mutex::new(state), changed: Event::new(), began: now };
        let flight = Flight(ThinArc::from_header_and_slice(course, key));
        Lead { seat: self.seat(flight), settled: false, lease: None }
    }

    /// A number that changes when a flight of this key has ended, or of a few others.
    pub(crate) fn landings(&self, key: &[u8]) -> u64 {
        self.board.shard(key).landings.load(Ordering::SeqCst)
    }

    fn seat(&self, flight: Flight) -> Seat {
        Seat { board: Arc::clone(&self.board), flight }
    }

    /// The number of flights under way, and of callers that wait for them.
    #[cfg(test)]
    pub(crate) fn load(&self) -> (usize, usize) {
        let shards = || self.board.shards.iter().map(|shard| shard.table.lock());
        let followers = |table: &Table| table.iter().map(|flight| flight.state.lock().followers).sum::<usize>();
        (shards().map(|table| table.len()).sum(), shards().map(|table| followers(&table)).sum())
    }
}

/// Where the flight of a key is, or will be.
fn place<'a>(table: &'a mut Table, key: &[u8], hash: u64) -> Entry<'a, Flight> {
    table.entry(hash, |flight| is_of(flight, key, hash), |flight| flight.hash)
}

fn is_of(flight: &Flight, key: &[u8], hash: u64) -> bool {
    flight.hash == hash && flight.key() == key
}

/// What joining a flight makes of a caller.
pub(crate) enum Joined {
    Lead(Lead),
    Follow(Follow),
}

/// A caller's place in a flight: all that leaders and followers need to find and to change it.
#[derive(Debug, Clone)]
struct Seat {
    board: Arc<Board>,
    flight: Flight,
}

impl Seat {
    fn shard(&self) -> &Shard {
        self.board.shard(self.flight.key())
    }

    /// The table's lock comes before the flight's, everywhere.
    fn lock(&self) -> (MutexGuard<'_, Table>, MutexGuard<'_, State>) {
        (self.shard().table.lock(), self.flight.state.lock())
    }

    /// Takes the flight out of the table: later callers start a new one.
    fn remove_from(&self, table: &mut Table) {
        // Before the next flight can begin; also for one that was given up, and has stored its value all the same.
        self.shard().landings.fetch_add(1, Ordering::SeqCst);
        if let Ok(place) = table.find_entry(self.flight.hash, |flight| flight.is(&self.flight)) {
            drop(place.remove());
        }
    }

    /// The leader takes too long, or is never polled: later callers, and this one, start a new flight. Its own followers go on
    /// waiting, each as long as it has patience.
    fn give_up(&self) {
        let (mut table, _state) = self.lock();
        self.remove_from(&mut table);
    }

    /// With what it was told of the fence of who led last.
    fn end(&self, ending: impl FnOnce(Tick) -> Ending) {
        let (mut table, mut state) = self.lock();
        self.remove_from(&mut table);
        let is_awaited = state.followers > 0;
        let since = match state.phase {
            Phase::Led { since } | Phase::Closed { since } => since,
            Phase::Vacant | Phase::Done(_) => 0,
        };
        if is_awaited {
            state.phase = Phase::Done(ending(since));
        }
        drop((table, state));
        // Nobody joins any more. To tell nobody would cost as much as to tell somebody.
        if is_awaited {
            self.flight.changed.notify(usize::MAX);
        }
    }

    /// Passes leadership to one follower; without followers the flight is over.
    fn vacate(&self) {
        let (mut table, mut state) = self.lock();
        state.phase = Phase::Vacant;
        let is_awaited = state.followers > 0;
        if !is_awaited {
            self.remove_from(&mut table);
        }
        drop((table, state));
        if is_awaited {
            self.flight.changed.notify_additional(1);
        }
    }
}

/// The caller that computes. Dropping it passes leadership on.
#[derive(Debug)]
pub(crate) struct Lead {
    seat: Seat,
    settled: bool,
    /// The same across processes. It ends with the lead, however that ends.
    lease: Option<Box<Lease>>,
}

impl Lead {
    /// The lead goes for other processes as well.
    pub(crate) fn leased(mut self, lease: Lease) -> Self {
        self.lease = Some(Box::new(lease));
        self
    }

    pub(crate) const fn is_leased(&self) -> bool {
        self.lease.is_some()
    }

    /// The key of its flight.
    pub(crate) fn key(&self) -> Key {
        Key(Owner::Flight(self.seat.flight.clone()))
    }

    /// Whether anybody follows.
    pub(crate) fn is_awaited(&self) -> bool {
        self.seat.flight.state.lock().followers > 0
    }

    /// Closes the flight to joiners: from here on the value is on its way into the store.
    pub(crate) fn close(&self) {
        let mut state = self.seat.flight.state.lock();
        if let Phase::Led { since } = state.phase {
            state.phase = Phase::Closed { since };
        }
    }

    /// Hands the value to the followers that may take it: those who called after the deadline of a hold that nobody has met yet, or after a
    /// writer has returned that still holds, are given what a lookup gives them, which is nothing that is held. To be asked of the list after
    /// the fill, when nobody joins any more.
    pub(crate) fn land_kept(self, found: Found) {
        let stands = |list: &List| list.stands_here() || Mistake::FollowerTakesHeld.is_made();
        let stands = found.tags.as_ref().is_some_and(stands);
        self.land(found, stands);
    }

    /// Hands the value to the followers that may take it.
    pub(crate) fn land(mut self, found: Found, accepted: bool) {
        self.settled = true;
        self.seat.end(|since| Ending::Value { found, accepted, since });
    }

    /// Sends the followers to look again: the answer is stored under another key.
    pub(crate) fn redirect(mut self) {
        self.settled = true;
        self.seat.end(|_| Ending::Elsewhere);
    }

    /// It failed, and what a store outside has stood in for that: the followers look for it, each for itself.
    pub(crate) fn stand_in(mut self) {
        self.settled = true;
        self.seat.end(|_| Ending::Failed);
    }

    /// The result may not be shared. One follower tries once more; if that fails too, everybody computes alone.
    pub(crate) fn fail(mut self) {
        self.settled = true;
        if self.has_failed_before() { self.seat.end(|_| Ending::Alone) } else { self.seat.vacate() }
    }

    /// Counts a failure.
    fn has_failed_before(&self) -> bool {
        let mut state = self.seat.flight.state.lock();
        state.failures = state.failures.saturating_add(1);
        state.failures > 1
    }

    /// Nobody's result can be shared: everybody computes alone, at once.
    pub(crate) fn scatter(mut self) {
        self.settled = true;
        self.seat.end(|_| Ending::Alone);
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        // A computation that panics has failed; one that was dropped for another reason says nothing of the next.
        if std::thread::panicking() && self.has_failed_before() {
            self.seat.end(|_| Ending::Alone);
        } else {
            self.seat.vacate();
        }
    }
}

/// A caller that waits. It still has its own computation, not yet started.
#[derive(Debug)]
pub(crate) struct Follow {
    seat: Seat,
    /// It came after the closing: the value may be from before its call, but by then the store knows better.
    late: bool,
    listener: Option<EventListener>,
    /// When its patience ends.
    deadline: Option<Deadline>,
}

/// How long followers wait, and by which clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience<'a> {
    pub(crate) clock: &'a Clock,
    pub(crate) wait: Duration,
}

/// What a follower hears.
#[derive(Debug)]
pub(crate) enum Heard {
    /// Take over: the former leader is gone.
    Lead(Lead),
    /// Here is the answer.
    Take(Found),
    /// Look it up again.
    Again,
    /// Look it up again, and take whatever may stand in for a failure.
    StandIn,
    /// Compute without waiting for anybody.
    Alone,
}

impl Follow {
    /// Waits. `called` is the tick of the follower's own call.
    pub(crate) fn poll(&mut self, called: Tick, patience: Patience<'_>, cx: &mut Context<'_>) -> Poll<Heard> {
        loop {
            let mut listener = self.listener.take().unwrap_or_else(|| self.seat.flight.changed.listen());
            if let Some(heard) = self.check(called) {
                return Poll::Ready(heard);
            }
            if Pin::new(&mut listener).poll(cx).is_pending() {
                self.listener = Some(listener);
                return if self.is_out_of_patience(patience, cx) { Poll::Ready(Heard::Again) } else { Poll::Pending };
            }
        }
    }

    /// Sees to it that the waiting ends: at the deadline, the flight is given up.
    fn is_out_of_patience(&mut self, patience: Patience<'_>, cx: &Context<'_>) -> bool {
        let deadline = self.deadline.get_or_insert_with(|| Deadline::after(patience.clock, patience.wait));
        let passed = deadline.has_passed(patience.clock, cx);
        if passed {
            tracing::warn!("a computation keeps others waiting for too long: it is done once more");
            self.seat.give_up();
        }
        passed
    }

    fn check(&self, called: Tick) -> Option<Heard> {
        let mut state = self.seat.flight.state.lock();
        match &state.phase {
            Phase::Led { .. } | Phase::Closed { .. } => None,
            Phase::Vacant => {
                state.phase = Phase::Led { since: self.seat.board.tick() };
                Some(Heard::Lead(Lead { seat: self.seat.clone(), settled: false, lease: None }))
            }
            Phase::Done(Ending::Failed) if !self.late => Some(Heard::StandIn),
            Phase::Done(Ending::Elsewhere | Ending::Failed) => Some(Heard::Again),
            Phase::Done(Ending::Alone) => Some(Heard::Alone),
            Phase::Done(Ending::Value { found, accepted, since }) => {
                let late = self.late && !Mistake::LatecomerTakes.is_made();
                let usable = !late && *accepted || *since > called || Mistake::FollowerTakesOutdated.is_made();
                Some(if usable { Heard::Take(found.clone()) } else { Heard::Again })
            }
        }
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        let (mut table, mut state) = self.seat.lock();
        state.followers -= 1;
        if state.followers == 0 && matches!(state.phase, Phase::Vacant) {
            self.seat.remove_from(&mut table);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    fn follow(flights: &Flights) -> Follow {
        match flights.join(b"k", 0) {
            Joined::Follow(follow) => follow,
            Joined::Lead(_) => panic!("a flight is under way"),
        }
    }

    fn lead(flights: &Flights) -> Lead {
        match flights.join(b"k", 0) {
            Joined::Lead(lead) => lead,
            Joined::Follow(_) => panic!("no flight is under way"),
        }
    }

    fn hear(follow: &mut Follow, called: Tick) -> Heard {
        let clock = Clock::system();
        let patience = Patience { clock: &clock, wait: Duration::from_secs(60) };
        match follow.poll(called, patience, &mut Context::from_waker(Waker::noop())) {
            Poll::Ready(heard) => heard,
            Poll::Pending => panic!("there is something to hear"),
        }
    }

    #[test]
    fn a_flight_leaves_nothing_behind_however_it_ends() {
        let flights = Flights::new();
        lead(&flights).scatter();
        lead(&flights).redirect();
        lead(&flights).fail();
        drop(lead(&flights));
        assert_eq!(flights.load(), (0, 0));
        let leader = lead(&flights);
        let follower = follow(&flights);
        assert_eq!(flights.load(), (1, 1));
        drop(leader);
        assert_eq!(flights.load(), (1, 1), "the follower may take over");
        drop(follower);
        assert_eq!(flights.load(), (0, 0));
    }

    #[test]
    fn who_takes_over_counts_from_the_take_over() {
        let flights = Flights::new();
        let leader = lead(&flights);
        let called = flights.tick();
        let (mut successor, mut other) = (follow(&flights), follow(&flights));
        drop(leader);
        let Heard::Lead(second) = hear(&mut successor, called) else { panic!("leadership is vacant") };
        drop(successor);
        second.scatter();
        assert!(matches!(hear(&mut other, called), Heard::Alone));
        drop(other);
        assert_eq!(flights.load(), (0, 0));
    }
}
