//! One timer for all who wait at a wire on one runtime: a timer for each would cost a tenth of a lookup.
//!
//! It is a task beside the one that drives the connection, and not that one, so that it goes off although that may be kept from running. Who
//! waits on another runtime has a timer of its own there.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Handle, Id};
use tokio::time::{Instant, sleep_until};

use super::ask::Wire;
use super::slot::{Slot, Told};
use crate::failure::Failure;

/// Deadlines that are so close are one.
const APART: Duration = Duration::from_millis(1);

/// Who waits, and until when.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Where the timer is, if there is one.
    runtime: Option<Id>,
    /// In the order in which they have come, which is that in which they are due.
    due: VecDeque<(Instant, Arc<Slot>)>,
}

/// Who sees to it that a caller does not wait for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeper {
    /// The timer that there is.
    Watch,
    /// The timer that is to be started now.
    NewWatch,
    /// The caller.
    Caller,
}

impl Watch {
    /// One more, who asks on this runtime.
    pub(super) fn add(&mut self, here: Option<Id>, deadline: Instant, slot: &Arc<Slot>) -> Keeper {
        // Who has waited for something else already is due before others that have come.
        if self.due.back().is_some_and(|(last, _)| deadline + APART < *last) {
            return Keeper::Caller;
        }
        let keeper = match (self.runtime, here) {
            (_, None) => return Keeper::Caller,
            (Some(runtime), Some(here)) if runtime != here => return Keeper::Caller,
            (Some(_), Some(_)) => Keeper::Watch,
            (None, Some(_)) => Keeper::NewWatch,
        };
        self.runtime = here;
        while self.due.front().is_some_and(|(_, first)| !first.is_open()) {
            self.due.pop_front();
        }
        self.due.push_back((deadline, Arc::clone(slot)));
        keeper
    }

    /// Those who are due; and when the next one is. If there is none, the timer is over.
    fn take_late(&mut self, now: Instant) -> (Vec<Arc<Slot>>, Option<Instant>) {
        let mut late = Vec::new();
        while let Some((deadline, slot)) = self.due.front() {
            match slot.is_open() {
                true if *deadline > now => return (late, Some(*deadline)),
                true => late.extend(self.due.pop_front().map(|(_, slot)| slot)),
                false => drop(self.due.pop_front()),
            }
        }
        self.runtime = None;
        (late, None)
    }

    /// There is no timer any more.
    fn abandon(&mut self) -> VecDeque<(Instant, Arc<Slot>)> {
        self.runtime = None;
        std::mem::take(&mut self.due)
    }
}

/// The runtime that the caller is on.
pub(super) fn here() -> Option<Id> {
    Handle::try_current().ok().map(|handle| handle.id())
}

/// Starts the timer on it.
pub(super) fn start(wire: &Arc<Wire>) {
    let timer = Timer { wire: Arc::clone(wire), done: false };
    drop(tokio::spawn(timer.run()));
}

struct Timer {
    wire: Arc<Wire>,
    done: bool,
}

impl Timer {
    async fn run(mut self) {
        while let Some(next) = self.tell_late() {
            sleep_until(next).await;
        }
        self.done = true;
    }

    fn tell_late(&self) -> Option<Instant> {
        let (late, next) = self.wire.watch(|watch| watch.take_late(Instant::now()));
        late.into_iter().for_each(|slot| slot.tell(Told::Late));
        next
    }
}

impl Drop for Timer {
    /// If its runtime has ended, nobody would tell those who wait.
    fn drop(&mut self) {
        if !self.done {
            for (_, slot) in self.wire.watch(Watch::abandon) {
                slot.tell(Told::Failed(Failure::Pool("the runtime has ended".to_owned())));
            }
        }
    }
}
