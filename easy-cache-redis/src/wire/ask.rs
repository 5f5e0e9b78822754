//! Where callers leave their questions for the stream, and wait for what comes back.

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::Waker;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::frame::Measure;
use super::slot::{Arrival, Slot, Told};
use super::watch::{self, Keeper, Watch};
use crate::failure::Failure;
use crate::names::Names;

/// Bytes that may wait to be written: as much as some hundred thousand lookups. Nobody is behind a connection that takes no more.
const MOST: usize = 64 << 20;

/// A reply: all of it, in one piece; and what is known of it, if it is an array of strings.
pub(crate) struct Arrived {
    pub(super) bytes: Bytes,
    pub(super) strings: Option<Measure>,
}

/// Who waits for one.
pub(super) type Asker = oneshot::Sender<Arrived>;

/// A lookup that may share its command with others.
pub(super) struct Question {
    /// What its command begins with: only those with the same share one.
    pub(super) begin: Arc<[u8]>,
    pub(super) names: Arc<Names>,
    pub(super) slot: Arc<Slot>,
}

impl Drop for Question {
    /// Whoever has not been told by now will not be answered.
    fn drop(&mut self) {
        self.slot.tell(Told::Failed(Failure::ended()));
    }
}

/// One side of a connection, at which lookups are asked.
#[derive(Default)]
pub(crate) struct Wire(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    commands: Vec<u8>,
    askers: Vec<Asker>,
    questions: Vec<Question>,
    /// Bytes of the questions.
    bytes: usize,
    watch: Watch,
    /// Of the task that drives the stream, if it has looked here since it was woken last.
    driver: Option<Waker>,
    ended: bool,
}

impl Wire {
    /// One command, given in parts, and its reply. It waits for as long as the connection lasts, and costs one allocation.
    pub(crate) async fn ask(&self, command: [&[u8]; 3]) -> Result<Arrived, Failure> {
        let reply = self.leave(command)?;
        reply.await.map_err(|_| Failure::ended())
    }

    /// A lookup, in one command with those that wait at the same time and begin with the same. Nobody waits beyond the
    /// deadline. It costs one allocation.
    pub(crate) async fn ask_together(
        self: &Arc<Self>,
        begin: &Arc<[u8]>,
        names: &Arc<Names>,
        deadline: Instant,
    ) -> Result<Told, Failure> {
        let here = watch::here();
        let (arrival, keeper) = self.question(begin, names, |watch, slot| watch.add(here, deadline, slot))?;
        match keeper {
            Keeper::Caller => return Ok(timeout_at(deadline, arrival).await.unwrap_or(Told::Late)),
            Keeper::NewWatch => watch::start(self),
            Keeper::Watch => {}
        }
        Ok(arrival.await)
    }

    /// Leaves a question; who keeps the time of the one who waits is agreed on in the same step.
    pub(super) fn question<T>(
        &self,
        begin: &Arc<[u8]>,
        names: &Arc<Names>,
        agree: impl FnOnce(&mut Watch, &Arc<Slot>) -> T,
    ) -> Result<(Arrival, T), Failure> {
        let slot = Arc::<Slot>::default();
        let question = Question { begin: Arc::clone(begin), names: Arc::clone(names), slot: Arc::clone(&slot) };
        let agreed = self.add(|waiting| {
            waiting.bytes += names.all().len();
            waiting.questions.push(question);
            agree(&mut waiting.watch, &slot)
        })?;
        Ok((Arrival(slot), agreed))
    }

    /// Does something with those who wait.
    pub(super) fn watch<T>(&self, act: impl FnOnce(&mut Watch) -> T) -> T {
        act(&mut self.0.lock().watch)
    }

    fn leave(&self, command: [&[u8]; 3]) -> Result<oneshot::Receiver<Arrived>, Failure> {
        let (asker, reply) = oneshot::channel();
        self.add(|waiting| {
            command.into_iter().for_each(|part| waiting.commands.extend_from_slice(part));
            waiting.askers.push(asker);
        })?;
        Ok(reply)
    }

    fn add<T>(&self, leave: impl FnOnce(&mut Waiting) -> T) -> Result<T, Failure> {
        let mut waiting = self.0.lock();
        if waiting.ended {
            return Err(Failure::ended());
        }
        if waiting.commands.len() + waiting.bytes > MOST {
            return Err(Failure::Full);
        }
        let left = leave(&mut waiting);
        let driver = waiting.driver.take();
        drop(waiting);
        if let Some(driver) = driver {
            driver.wake();
        }
        Ok(left)
    }

    /// What was asked meanwhile: commands, into empty memory, and who waits for their replies, in their order; and what is to be asked
    /// together. If that is nothing, the driver is woken by the next question.
    pub(super) fn take(
        &self,
        driver: &Waker,
        commands: &mut Vec<u8>,
        questions: &mut Vec<Question>,
        asker: impl FnMut(Asker),
    ) -> bool {
        let mut waiting = self.0.lock();
        if waiting.askers.is_empty() && waiting.questions.is_empty() {
            if waiting.driver.as_ref().is_none_or(|known| !known.will_wake(driver)) {
                waiting.driver = Some(driver.clone());
            }
            return false;
        }
        mem::swap(&mut waiting.commands, commands);
        mem::swap(&mut waiting.questions, questions);
        waiting.bytes = 0;
        waiting.askers.drain(..).for_each(asker);
        true
    }

    /// Nothing more is read: who waits is told, and whoever asks later.
    pub(super) fn end(&self) {
        let mut waiting = self.0.lock();
        waiting.ended = true;
        let left = (mem::take(&mut waiting.askers), mem::take(&mut waiting.questions));
        drop(waiting);
        drop(left);
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}
