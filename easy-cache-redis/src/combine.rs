//! Lookups that wait together travel together: one command for many of them, and each record in it only once.
//!
//! A few lookups at a time go by themselves, since nothing is faster for them. When there are more, they queue; what has queued
//! leaves as soon as one of two batches may. No lookup waits for company.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use deadpool_redis::redis::{RedisWrite, Value, cmd};
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::failure::Failure;
use crate::lane::{Lane, Live};
use crate::layout::{Keys, Order, Record};
use crate::names::Names;

/// Lookups that go by themselves at the same time: below this, combining gains nothing.
const DIRECT: usize = 16;
/// Batches on their way: while one is answered the next is read.
const BATCHES: usize = 2;
/// Lookups in a batch, its names, and the bytes that are expected to come back: one large value must not delay many small ones.
const MOST: usize = 128;
const MOST_NAMES: usize = 1024;
const MOST_BYTES: usize = 256 << 10;

/// What one lookup asks for: an entry if it is on the same node, the records of its key and of its tags.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) entry: Option<Vec<u8>>,
    pub(crate) names: Vec<Vec<u8>>,
}

/// What was there.
pub(crate) struct Answer {
    pub(crate) live: Arc<Live>,
    pub(crate) entry: Option<Vec<u8>>,
    pub(crate) order: Option<Order>,
    pub(crate) epoch: Record,
    /// Of the names, in their order.
    pub(crate) records: Vec<Record>,
}

/// The lookups of one lane.
pub(crate) struct Combiner {
    lane: Arc<Lane>,
    order: Vec<u8>,
    epoch: Vec<u8>,
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

/// Where the answer to a queued lookup arrives.
type Arriving = oneshot::Receiver<Result<Answer, Failure>>;

struct Waiting {
    question: Question,
    answer: oneshot::Sender<Result<Answer, Failure>>,
}

impl Combiner {
    pub(crate) fn new(lane: Arc<Lane>, keys: &Keys, combines: bool) -> Self {
        Self { lane, order: keys.order(), epoch: keys.epoch(), combines, state: Mutex::default() }
    }

    pub(crate) const fn lane(&self) -> &Arc<Lane> {
        &self.lane
    }

    /// Asks, alone or together with others.
    pub(crate) async fn ask(self: &Arc<Self>, question: Question, deadline: Instant) -> Result<Answer, Failure> {
        match self.queue(question) {
            Ok(arrives) => match timeout_at(deadline, arrives).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) => Err(Failure::Pool("the runtime has ended".to_owned())),
                Err(_) => Err(self.lane.late()),
            },
            Err((_slot, question)) => {
                let mut answers = self.send(std::slice::from_ref(&question), deadline).await?;
                answers.pop().ok_or(Failure::Garbled("no answer to a lookup"))
            }
        }
    }

    /// Where the answer will arrive; or the question again, if it may go by itself.
    fn queue(self: &Arc<Self>, question: Question) -> Result<Arriving, (Slot<'_>, Question)> {
        let (answer, arrives) = oneshot::channel();
        let leaves = {
            let mut state = self.state.lock();
            if !self.combines || (state.batches == 0 && state.direct < DIRECT) {
                state.direct += 1;
                return Err((Slot(&self.state), question));
            }
            state.queue.push_back(Waiting { question, answer });
            let leaves = state.batches < BATCHES;
            state.batches += usize::from(leaves);
            leaves
        };
        if leaves {
            // Without the lock: a runtime that has ended drops the task here and now.
            drop(tokio::spawn(Batches { combiner: Arc::clone(self), done: false }.go_on()));
        }
        Ok(arrives)
    }

    /// One command for all these lookups.
    async fn send(&self, questions: &[Question], deadline: Instant) -> Result<Vec<Answer>, Failure> {
        let mut command = cmd("MGET");
        command.write_arg(&self.order);
        command.write_arg(&self.epoch);
        let mut names = Names::with_room_for(questions.iter().map(|question| question.names.len()).sum());
        for name in questions.iter().flat_map(|question| &question.names) {
            if names.add(name) {
                command.write_arg(name);
            }
        }
        let entries = questions.iter().filter_map(|question| question.entry.as_ref());
        let count = entries.clone().count();
        entries.for_each(|entry| command.write_arg(entry));
        let (live, values) = match self.lane.ask(&command, deadline).await? {
            (live, Value::Array(values)) => (live, values),
            _ => return Err(Failure::Garbled("no list of values")),
        };
        if values.len() != 2 + names.different() + count {
            return Err(Failure::Garbled("another number of values than it was asked for"));
        }
        Ok(spread(&live, values, &names, questions))
    }
}

/// To each lookup what it has asked for. Records are copied, entries are handed on.
fn spread(live: &Arc<Live>, values: Vec<Value>, names: &Names<'_>, questions: &[Question]) -> Vec<Answer> {
    let mut values = values.into_iter();
    let order = match values.next() {
        Some(Value::BulkString(bytes)) => Order::read(&bytes),
        _ => None,
    };
    let mut read = || values.next().map_or(Record::Absent, |value| Record::read(&value));
    let epoch = read();
    let records: Vec<Record> = (0..names.different()).map(|_| read()).collect();
    let mut places = names.places().iter();
    let answer = |question: &Question| {
        let records = places.by_ref().take(question.names.len()).map(|place| records[*place as usize]).collect();
        let entry = match question.entry.as_ref().and_then(|_| values.next()) {
            Some(Value::BulkString(bytes)) => Some(bytes),
            _ => None,
        };
        Answer { live: Arc::clone(live), entry, order, epoch, records }
    };
    questions.iter().map(answer).collect()
}

/// A lookup that goes by itself. It is given back however the lookup ends.
struct Slot<'a>(&'a Mutex<State>);

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.lock().direct -= 1;
    }
}

/// One batch after the other, until nothing waits.
struct Batches {
    combiner: Arc<Combiner>,
    done: bool,
}

impl Batches {
    async fn go_on(mut self) {
        while let Some(taken) = self.take() {
            let (questions, answers): (Vec<_>, Vec<_>) =
                taken.into_iter().map(|waiting| (waiting.question, waiting.answer)).unzip();
            match self.combiner.send(&questions, self.combiner.lane.deadline()).await {
                Ok(found) => {
                    self.note(&found);
                    answers.into_iter().zip(found).for_each(|(answer, found)| _ = answer.send(Ok(found)));
                }
                Err(failure) => answers.into_iter().for_each(|answer| _ = answer.send(Err(failure.clone()))),
            }
        }
    }

    /// The next that leave, without those who have gone meanwhile. If there are none, this is over: whoever comes later begins anew.
    fn take(&mut self) -> Option<Vec<Waiting>> {
        let mut state = self.combiner.state.lock();
        let most = (MOST_BYTES / state.bytes.max(1)).clamp(1, MOST);
        let (mut taken, mut names) = (Vec::new(), 0);
        while taken.len() < most && names < MOST_NAMES {
            let Some(waiting) = state.queue.pop_front() else { break };
            if !waiting.answer.is_closed() {
                names += waiting.question.names.len();
                taken.push(waiting);
            }
        }
        self.done = taken.is_empty();
        state.batches -= usize::from(self.done);
        (!self.done).then_some(taken)
    }

    fn note(&self, found: &[Answer]) {
        let bytes: usize = found.iter().filter_map(|answer| answer.entry.as_ref()).map(Vec::len).sum();
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
                std::mem::take(&mut state.queue)
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
