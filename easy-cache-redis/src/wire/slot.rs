//! Where the answer to one question arrives, whoever brings it first.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use crate::failure::Failure;
use crate::together::Found;

/// What who asked is told.
#[derive(Debug)]
pub(crate) enum Told {
    Found(Found),
    Failed(Failure),
    /// It has not been answered in time.
    Late,
}

/// A place for one answer.
#[derive(Default)]
pub(super) struct Slot(Mutex<State>);

#[derive(Default)]
enum State {
    #[default]
    Asked,
    Awaited(Waker),
    Told(Told),
    /// It has been fetched, or nobody waits any more.
    Over,
}

impl Slot {
    /// The first to tell is believed.
    pub(super) fn tell(&self, told: Told) {
        let mut state = self.0.lock();
        if !state.is_open() {
            return;
        }
        let before = mem::replace(&mut *state, State::Told(told));
        drop(state);
        if let State::Awaited(waker) = before {
            waker.wake();
        }
    }

    /// Whether it still waits for an answer.
    pub(super) fn is_open(&self) -> bool {
        self.0.lock().is_open()
    }
}

impl State {
    const fn is_open(&self) -> bool {
        matches!(self, Self::Asked | Self::Awaited(_))
    }
}

/// Waits for an answer.
pub(super) struct Arrival(pub(super) Arc<Slot>);

impl Future for Arrival {
    type Output = Told;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Told> {
        let mut state = self.0.0.lock();
        match &*state {
            State::Awaited(waker) if waker.will_wake(cx.waker()) => return Poll::Pending,
            State::Asked | State::Awaited(_) => {
                let before = mem::replace(&mut *state, State::Awaited(cx.waker().clone()));
                // A waker's own drop may do anything: not under the lock.
                drop(state);
                drop(before);
                return Poll::Pending;
            }
            State::Told(_) | State::Over => {}
        }
        match mem::replace(&mut *state, State::Over) {
            State::Told(told) => Poll::Ready(told),
            _ => Poll::Pending,
        }
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        let before = mem::replace(&mut *self.0.0.lock(), State::Over);
        drop(before);
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("is_open", &self.is_open()).finish()
    }
}
