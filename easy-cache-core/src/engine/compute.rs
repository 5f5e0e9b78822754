//! The whole journey of one call: join, compute inside a frame, fill. As a future, and as a plain function.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::frame::{self, Frame, Open};
use super::join::{Arrival, Join};
use super::ticket::Ticket;
use super::{Engine, Side};
use crate::Policy;
use crate::plan::{Mode, Plan};
use crate::value::Shared;

/// A call with everything it needs to know, however it waits.
pub(crate) struct Call<'a, K, P> {
    pub(crate) engine: &'a Arc<Engine>,
    pub(crate) key: K,
    pub(crate) mode: Mode,
    pub(crate) policy: Policy,
    pub(crate) plan: P,
}

/// What a call turned out to be.
enum Way<R> {
    Answer(R),
    Compute(Ticket),
}

impl<K: AsRef<[u8]>, P> Call<'_, K, P> {
    fn key(&self) -> &[u8] {
        self.key.as_ref()
    }

    /// A stored value of another type is no answer: the caller computes, and replaces it.
    fn way<R>(&self, arrival: Arrival) -> Way<R>
    where
        P: Plan<R>,
    {
        match arrival {
            Arrival::Compute(ticket) => Way::Compute(ticket),
            Arrival::Found(found) => match self.plan.restore(found.value) {
                Some(result) => Way::Answer(result),
                None => {
                    self.engine.events.types_differ(self.key());
                    Way::Compute(Ticket::alone(self.engine, self.key()))
                }
            },
        }
    }

    fn refresh(&self) -> Ticket {
        self.engine.events.refreshing(self.key());
        Ticket::alone(self.engine, self.key())
    }

    fn end<R>(&mut self, ticket: Ticket, frame: Frame, result: &R)
    where
        P: Plan<R>,
    {
        match self.plan.erase(result) {
            Some(value) => self.fill(ticket, frame, result, value),
            None => ticket.decline(&self.policy, frame),
        }
    }

    fn fill<R>(&mut self, ticket: Ticket, frame: Frame, result: &R, value: Shared)
    where
        P: Plan<R>,
    {
        self.plan.finish(result, &mut self.policy);
        ticket.fill(value, &self.policy, frame);
    }

    /// Blocks the thread while another sync caller computes.
    pub(crate) fn run<R>(mut self, load: impl FnOnce() -> R) -> R
    where
        P: Plan<R>,
    {
        if !self.engine.is_usable() {
            self.engine.tell_unusable(self.key());
            frame::taint();
            return load();
        }
        self.engine.complete(&mut self.policy);
        let ticket = match self.mode {
            Mode::Refresh => self.refresh(),
            Mode::Lookup => match self.way(Join::new(Side::Sync).wait(self.engine, self.key())) {
                Way::Answer(result) => return result,
                Way::Compute(ticket) => ticket,
            },
        };
        let mut frame = Open::new(ticket.frame());
        let result = frame.run(load);
        self.end(ticket, frame.finish(), &result);
        result
    }
}

/// A call as a future. The computation is moved to the heap when it starts, not on a hit.
pub(crate) struct Compute<'a, K, P, F> {
    call: Call<'a, K, P>,
    stage: Stage<F>,
}

enum Stage<F> {
    Start(F),
    Joining(Join, F),
    Loading {
        ticket: Ticket,
        frame: Open,
        load: Pin<Box<F>>,
    },
    /// The cache is switched off, or the call is made inside a transaction.
    Passing(Pin<Box<F>>),
    Done,
}

// No field is ever pinned in place: a running computation is on the heap.
impl<K, P, F> Unpin for Compute<'_, K, P, F> {}

impl<'a, K: AsRef<[u8]>, P, F> Compute<'a, K, P, F> {
    pub(crate) const fn new(call: Call<'a, K, P>, load: F) -> Self {
        Self { call, stage: Stage::Start(load) }
    }
}

impl<K: AsRef<[u8]>, P: Plan<F::Output>, F: Future> Future for Compute<'_, K, P, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        loop {
            match std::mem::replace(&mut this.stage, Stage::Done) {
                Stage::Start(load) => this.stage = this.call.start(load),
                Stage::Joining(mut join, load) => match join.poll(this.call.engine, this.call.key(), cx) {
                    Poll::Pending => {
                        this.stage = Stage::Joining(join, load);
                        return Poll::Pending;
                    }
                    Poll::Ready(arrival) => match this.call.way(arrival) {
                        Way::Answer(result) => return Poll::Ready(result),
                        Way::Compute(ticket) => this.stage = Stage::loading(ticket, load),
                    },
                },
                Stage::Loading { ticket, mut frame, mut load } => {
                    let Poll::Ready(result) = frame.run(|| load.as_mut().poll(cx)) else {
                        this.stage = Stage::Loading { ticket, frame, load };
                        return Poll::Pending;
                    };
                    this.call.end(ticket, frame.finish(), &result);
                    return Poll::Ready(result);
                }
                Stage::Passing(mut load) => {
                    let polled = load.as_mut().poll(cx);
                    if polled.is_pending() {
                        this.stage = Stage::Passing(load);
                    }
                    return polled;
                }
                Stage::Done => panic!("a cached call was polled after it had answered or panicked"),
            }
        }
    }
}

impl<K: AsRef<[u8]>, P> Call<'_, K, P> {
    fn start<F>(&mut self, load: F) -> Stage<F> {
        if !self.engine.is_usable() {
            self.engine.tell_unusable(self.key());
            frame::taint();
            return Stage::Passing(Box::pin(load));
        }
        self.engine.complete(&mut self.policy);
        match self.mode {
            Mode::Lookup => Stage::Joining(Join::new(Side::Async), load),
            Mode::Refresh => Stage::loading(self.refresh(), load),
        }
    }
}

impl<F> Stage<F> {
    fn loading(ticket: Ticket, load: F) -> Self {
        Self::Loading { frame: Open::new(ticket.frame()), ticket, load: Box::pin(load) }
    }
}
