//! Lookups that wait together travel together: one command for many of them, and each record in it only once.
//!
//! Over a wire they do so without any help. Where there is none (TLS, the application's pool), a few lookups at a time go by themselves, since
//! nothing is faster for them. When there are more, they queue; what has queued leaves as soon as one of two batches may. No lookup waits
//! for company.

use std::collections::VecDeque;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::failure::Failure;
use crate::lane::{Lane, Live};
use crate::layout::Keys;
use crate::names::Names;
use crate::together::{self, Found, MOST_BYTES, MOST_NAMES, Places};

/// Lookups that go by themselves at the same time: below this, combining gains nothing.
const DIRECT: usize = 16;
/// Batches on their way: while one is answered the next is read.
const BATCHES: usize = 2;
/// Lookups in a batch.
const MOST: usize = 128;

/// Who waits for so long beyond its deadline has been forgotten.
const OVERDUE: Duration = Duration::from_millis(50);

/// What was there, and on which connection.
pub(crate) struct Answer {
    pub(crate) live: Arc<Live>,
    pub(crate) found: Found,
}

/// The lookups of one lane.
pub(crate) struct Combiner {
    lane: Arc<Lane>,
    /// What all commands begin with, as it is sent, but for the number of words.
    begin: Arc<[u8]>,
    combines: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    direct: usize,
    batches: usize,
    queue: VecDeque<Waiting>,
    /// Of an entry, as far as lately seen.
    bytes: usize,
}

impl State {
    /// Batches belong to the runtimes on which they began. One that nobody drives (its thread is busy with something else) takes nothing from the
    /// queue, and tells nobody: lookups then go by themselves until it is back.
    fn is_stuck(&self) -> bool {
        self.queue.front().is_some_and(|first| first.deadline + OVERDUE < Instant::now())
    }
}

/// Where the answer to a queued lookup arrives.
type Arriving = oneshot::Receiver<Result<Answer, Failure>>;

struct Waiting {
    question: Arc<Names>,
    answer: oneshot::Sender<Result<Answer, Failure>>,
    deadline: Instant,
}

impl Combiner {
    pub(crate) fn new(lane: Arc<Lane>, keys: &Keys, combines: bool) -> Self {
        Self { lane, begin: together::begin(keys), combines, state: Mutex::default() }
    }

    pub(crate) const fn lane(&self) -> &Arc<Lane> {
        &self.lane
    }

    /// Asks, alone or together with others.
    pub(crate) async fn ask(self: &Arc<Self>, question: &Arc<Names>, deadline: Instant) -> Result<Answer, Failure> {
        if self.combines
            && let Some(answer) = self.lane.look_together(&self.begin, question, deadline).await
        {
            let (live, found) = answer?;
            return Ok(Answer { live, found });
        }
        match self.queue(question, deadline) {
            // By then the batch should have told: if it has not, its runtime is kept from running.
            Turn::Waits(arrives) => match timeout_at(deadline + OVERDUE, arrives).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) => Err(Failure::Pool("the runtime has ended".to_owned())),
                Err(_) => Err(self.lane.late()),
            },
            Turn::Goes(_slot) => self.send_one(question, deadline).await,
        }
    }

    /// Whether it goes by itself, or where the answer will arrive.
    fn queue(self: &Arc<Self>, question: &Arc<Names>, deadline: Instant) -> Turn<'_> {
        let mut state = self.state.lock();
        if !self.combines || state.is_stuck() || (state.batches == 0 && state.direct < DIRECT) {
            state.direct += 1;
            return Turn::Goes(Slot(&self.state));
        }
        let (answer, arrives) = oneshot::channel();
        state.queue.push_back(Waiting { question: Arc::clone(question), answer, deadline });
        let leaves = state.batches < BATCHES;
        state.batches += usize::from(leaves);
        drop(state);
        if leaves {
            // Without the lock: a runtime that has ended drops the task here and now.
            drop(tokio::spawn(Batches { combiner: Arc::clone(self), done: false }.go_on()));
        }
        Turn::Waits(arrives)
    }

    /// One command for one lookup.
    async fn send_one(&self, question: &Names, deadline: Instant) -> Result<Answer, Failure> {
        let parts = [&*together::words(question.count()), &self.begin, question.all()];
        let (live, reply) = self.lane.look(parts, together::values(question.count()), deadline).await?;
        Ok(Answer { live, found: together::single(reply, question) })
    }

    /// One command for all these lookups.
    async fn send(&self, questions: &[Arc<Names>], deadline: Instant) -> Result<Vec<Answer>, Failure> {
        let names = || questions.iter().map(|question| &**question);
        let mut command = Vec::new();
        let places = Places::write(&self.begin, names(), &mut command);
        let (live, reply) = self.lane.look([&command, b"", b""], places.values(), deadline).await?;
        let mut answers = Vec::with_capacity(questions.len());
        let to = |found| answers.push(Answer { live: Arc::clone(&live), found });
        places.spread(&reply.values().collect::<Vec<_>>(), Bytes::copy_from_slice, names(), to);
        Ok(answers)
    }
}

/// How a lookup gets its answer.
enum Turn<'a> {
    /// By itself.
    Goes(Slot<'a>),
    /// With others.
    Waits(Arriving),
}

/// A lookup that goes by itself. It is given back however the lookup ends.
struct Slot<'a>(&'a Mutex<State>);

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.lock().direct -= 1;
    }
}

/// One batch after the other, until nothing waits. It tells those who have waited for too long as well, the others' included: one
/// timer for all is cheaper than one for each, and whoever waits first is due first.
struct Batches {
    combiner: Arc<Combiner>,
    done: bool,
}

impl Batches {
    async fn go_on(mut self) {
        while let Some(mut taken) = self.take() {
            let questions: Vec<_> = taken.iter().map(|waiting| Arc::clone(&waiting.question)).collect();
            let combiner = Arc::clone(&self.combiner);
            let mut sent = pin!(combiner.send(&questions, combiner.lane.deadline()));
            let found = loop {
                match timeout_at(self.next_deadline(&taken), sent.as_mut()).await {
                    Ok(found) => break found,
                    Err(_) => self.tell_late(&mut taken),
                }
            };
            match found {
                Ok(found) => {
                    self.note(&found);
                    // Those who were told that it is too late were the first.
                    let found = found.into_iter().skip(questions.len() - taken.len());
                    taken.into_iter().zip(found).for_each(|(waiting, found)| _ = waiting.answer.send(Ok(found)));
                }
                Err(failure) => taken.into_iter().for_each(|waiting| _ = waiting.answer.send(Err(failure.clone()))),
            }
        }
    }

    /// When the first of those who wait, here or in the queue, has waited for too long.
    fn next_deadline(&self, taken: &VecDeque<Waiting>) -> Instant {
        let queued = self.combiner.state.lock().queue.front().map(|waiting| waiting.deadline);
        let first = taken.front().map(|waiting| waiting.deadline).into_iter().chain(queued).min();
        first.unwrap_or_else(|| self.combiner.lane.deadline())
    }

    fn tell_late(&self, taken: &mut VecDeque<Waiting>) {
        let now = Instant::now();
        let late = |waiting: &Waiting| waiting.deadline <= now;
        let mut due = Vec::new();
        while taken.front().is_some_and(late) {
            due.extend(taken.pop_front());
        }
        let mut state = self.combiner.state.lock();
        while state.queue.front().is_some_and(late) {
            due.extend(state.queue.pop_front());
        }
        drop(state);
        due.into_iter().for_each(|waiting| _ = waiting.answer.send(Err(self.combiner.lane.late())));
    }

    /// The next that leave, without those who have gone meanwhile. If there are none, this is over: whoever comes later begins anew.
    fn take(&mut self) -> Option<VecDeque<Waiting>> {
        let mut state = self.combiner.state.lock();
        let most = (MOST_BYTES / state.bytes.max(1)).clamp(1, MOST);
        let (mut taken, mut names) = (VecDeque::new(), 0);
        while taken.len() < most && names < MOST_NAMES {
            let Some(waiting) = state.queue.pop_front() else { break };
            if !waiting.answer.is_closed() {
                names += waiting.question.count();
                taken.push_back(waiting);
            }
        }
        self.done = taken.is_empty();
        state.batches -= usize::from(self.done);
        (!self.done).then_some(taken)
    }

    fn note(&self, found: &[Answer]) {
        let bytes: usize = found.iter().filter_map(|answer| answer.found.entry.as_ref()).map(Bytes::len).sum();
        let mut state = self.combiner.state.lock();
        state.bytes = (state.bytes * 7 + bytes / found.len().max(1)) / 8;
    }
}

impl Drop for Batches {
    /// If the task was dropped by its runtime, nobody comes for those who wait: they are told by their channels.
    fn drop(&mut self) {
        if !self.done {
            let left = {
                let mut state = self.combiner.state.lock();
                state.batches -= 1;
                // The other one may be on a runtime that goes on.
                if state.batches == 0 { std::mem::take(&mut state.queue) } else { VecDeque::new() }
            };
            drop(left);
        }
    }
}

impl fmt::Debug for Combiner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Combiner").field("lane", &self.lane).finish_non_exhaustive()
    }
}
