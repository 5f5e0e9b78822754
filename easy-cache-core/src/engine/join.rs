//! From a call to its answer or its own computation: look up, then lead or follow.

use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread};

use super::flight::{Follow, Heard, Joined, Lead, Tick};
use super::frame;
use super::ticket::Ticket;
use super::{Engine, Side};
use crate::backend::memory::Found;

/// A call on its way. Written once for both sides: only the waiting differs.
#[derive(Debug)]
pub(crate) struct Join {
    side: Side,
    /// When this call began, in the order of fences. Taken after the first miss, which errs on the safe side.
    called: Option<Tick>,
    following: Option<Follow>,
}

/// Where a call arrives.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// A value to serve.
    Found(Found),
    /// The caller computes.
    Compute(Ticket),
}

impl Join {
    pub(crate) const fn new(side: Side) -> Self {
        Self { side, called: None, following: None }
    }

    /// Waits as a future does.
    pub(crate) fn poll(&mut self, engine: &Arc<Engine>, key: &[u8], cx: &mut Context<'_>) -> Poll<Arrival> {
        loop {
            if let Some(arrival) = self.step(engine, key) {
                return Poll::Ready(arrival);
            }
            let (Some(follow), Some(called)) = (&mut self.following, self.called) else { continue };
            let Poll::Ready(heard) = follow.poll(called, engine.patience(), cx) else { return Poll::Pending };
            if let Some(arrival) = self.heard(engine, key, heard) {
                return Poll::Ready(arrival);
            }
        }
    }

    /// Waits by blocking the thread.
    pub(crate) fn wait(&mut self, engine: &Arc<Engine>, key: &[u8]) -> Arrival {
        if let Some(arrival) = self.step(engine, key) {
            return arrival;
        }
        let waker = Arc::new(Unpark(thread::current())).into();
        let mut cx = Context::from_waker(&waker);
        loop {
            match self.poll(engine, key, &mut cx) {
                Poll::Ready(arrival) => return arrival,
                Poll::Pending => thread::park(),
            }
        }
    }

    /// Looks up and joins a flight, unless it follows one already. `None`: there is a flight to wait for.
    fn step(&mut self, engine: &Arc<Engine>, key: &[u8]) -> Option<Arrival> {
        if self.following.is_some() {
            return None;
        }
        match engine.find(key) {
            Some(Ok(found)) => return Some(Arrival::Found(found)),
            Some(Err(miss)) if self.called.is_none() => engine.tell_miss(key, &miss),
            Some(Err(_)) => {}
            None => engine.tell_unusable(key),
        }
        if !engine.is_usable() || frame::is_computing(engine.id, key) {
            return Some(Arrival::Compute(Ticket::alone(engine, key)));
        }
        let flights = engine.flights(self.side);
        self.called.get_or_insert_with(|| flights.tick());
        match flights.join(key) {
            Joined::Lead(lead) => Some(Self::lead(engine, key, lead)),
            Joined::Follow(follow) => {
                engine.events.waiting(key);
                self.following = Some(follow);
                None
            }
        }
    }

    /// Between this call's miss and its lead, another flight may have landed: look once more before computing.
    fn lead(engine: &Arc<Engine>, key: &[u8], lead: Lead) -> Arrival {
        match engine.hit(key) {
            Some(found) => {
                lead.redirect();
                Arrival::Found(found)
            }
            None => Arrival::Compute(Ticket::new(engine, key, Some(lead))),
        }
    }

    fn heard(&mut self, engine: &Arc<Engine>, key: &[u8], heard: Heard) -> Option<Arrival> {
        self.following = None;
        match heard {
            Heard::Again => None,
            Heard::Take(found) => {
                frame::collect(found.tags.clone());
                Some(Arrival::Found(found))
            }
            Heard::Lead(lead) => Some(Arrival::Compute(Ticket::new(engine, key, Some(lead)))),
            Heard::Alone => Some(Arrival::Compute(Ticket::alone(engine, key))),
        }
    }
}

/// Wakes a blocked thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
