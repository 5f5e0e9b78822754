//! The whole journey of one call: join, compute inside a frame, in line or away, fill. Sync callers make the same journey:
//! their load is a future that is ready at once, and they block their thread while others compute.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::away::{Away, Launch, Sent, Work};
use super::begun::Begun;
use super::fallback::Fallback;
use super::frame;
use super::join::{Arrival, Join, Terms};
use super::outside::{Errand, Keeping, Landed, Travel};
use super::ticket::Ticket;
use super::unanswered::Unanswered;
#[cfg(feature = "testing")]
use super::verify::Verifying;
use super::{Engine, Found, Side};
use crate::load::{Held, InPlace};
use crate::plan::{Mode, Plan};
use crate::timer::Deadline;
use crate::{Error, ErrorKind, Policy};

/// A call with everything it needs to know, however it waits.
pub(crate) struct Call<'a, K, P> {
    pub(crate) engine: &'a Arc<Engine>,
    pub(crate) side: Side,
    pub(crate) key: K,
    pub(crate) mode: Mode,
    pub(crate) policy: Policy,
    pub(crate) plan: P,
    /// The load wants to see what was there before.
    pub(crate) looks_back: bool,
}

/// A call as a future. What may have to be waited for is moved to the heap when it is; and the load when it starts, not on a hit,
/// unless it can be kept in place (`H`).
///
/// Bounded as a struct: what is sent away, and what comes back, is said by the future's output.
pub(crate) struct Compute<'a, K, P, F: Future, H = Pin<Box<F>>> {
    call: Call<'a, K, P>,
    /// Not begun yet.
    load: Option<F>,
    stage: Stage<F, H>,
    /// How to send the computation away, if the caller wants it to go on without it.
    launch: Option<Launch<P, F, F::Output>>,
    hard: Option<Deadline>,
    unanswered: Unanswered,
}

/// Where a call waits.
enum Stage<F: Future, H> {
    Start,
    Joining(Box<Join>),
    /// On its way through a store outside the process.
    Traveling(Travel),
    Loading {
        begun: Begun,
        load: H,
    },
    Away {
        answer: Away<F::Output>,
        fallback: Option<Fallback>,
        soft: Option<Deadline>,
    },
    /// The caller's value is on its way to the store.
    Keeping(F::Output, Box<Keeping>),
    /// A hit is computed once more.
    #[cfg(feature = "testing")]
    Verifying(Box<Verifying<F>>),
    /// The cache is switched off, or the call is made inside a transaction.
    Passing(H),
    Done,
}

/// While a stage is polled where it is. What panics is dropped meanwhile, as if it had been taken out: by that, who leads tells a panic from
/// being given up.
struct Underway<'a, F: Future, H>(&'a mut Stage<F, H>);

impl<F: Future, H> Drop for Underway<'_, F, H> {
    fn drop(&mut self) {
        *self.0 = Stage::Done;
    }
}

// No field is ever pinned in place: a running computation is on the heap, or may be moved.
impl<K, P, F: Future, H> Unpin for Compute<'_, K, P, F, H> {}

impl<'a, K: AsRef<[u8]>, P, F: Future> Compute<'a, K, P, F> {
    pub(crate) const fn new(call: Call<'a, K, P>, load: F, launch: Option<Launch<P, F, F::Output>>) -> Self {
        Self::holding(call, load, launch)
    }
}

impl<'a, K: AsRef<[u8]>, P, F: Future + Unpin> Compute<'a, K, P, F, InPlace<F>> {
    /// The same for a load that may be moved.
    pub(crate) const fn in_place(call: Call<'a, K, P>, load: F, launch: Option<Launch<P, F, F::Output>>) -> Self {
        Self::holding(call, load, launch)
    }
}

impl<'a, K, P, F: Future, H> Compute<'a, K, P, F, H> {
    const fn holding(call: Call<'a, K, P>, load: F, launch: Option<Launch<P, F, F::Output>>) -> Self {
        Self { call, load: Some(load), stage: Stage::Start, launch, hard: None, unanswered: Unanswered::new() }
    }
}

impl<K: AsRef<[u8]>, P: Plan<F::Output>, F: Future, H: Held<F>> Future for Compute<'_, K, P, F, H> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        if let Poll::Ready(answer) = this.step(cx) {
            this.unanswered.forget();
            return Poll::Ready(answer);
        }
        if let Some(answer) = this.is_too_late(cx) {
            // What is given up is dropped here: its duty passes to somebody who waits.
            this.stage = Stage::Done;
            return Poll::Ready(answer);
        }
        this.unanswered.note(this.call.engine, &this.call.policy);
        Poll::Pending
    }
}

impl<K: AsRef<[u8]>, P: Plan<F::Output>, F: Future, H: Held<F>> Compute<'_, K, P, F, H> {
    /// Goes on as far as it can: to the answer, or to a stage at which it has to wait.
    fn step(&mut self, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.stage {
            Stage::Traveling(_) => return self.travel(cx),
            Stage::Start => {
                self.stage = Stage::Done;
                let near = self.call.answer_near();
                return near.map_or_else(|| self.start(cx), Poll::Ready);
            }
            _ => {}
        }
        match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Joining(mut join) => self.join(&mut join, cx).unwrap_or_else(|| self.wait(Stage::Joining(join))),
            Stage::Loading { begun, load } => self.load(begun, load, cx),
            Stage::Keeping(answer, keeping) => self.keep(answer, keeping, cx),
            #[cfg(feature = "testing")]
            Stage::Verifying(verifying) => self.verify(verifying, cx),
            Stage::Away { answer, fallback, soft } => self.away(answer, fallback, soft, cx),
            Stage::Passing(load) => self.pass(load, cx),
            Stage::Start | Stage::Traveling(_) | Stage::Done => {
                panic!("a cached call was polled after it had answered or panicked")
            }
        }
    }

    fn wait(&mut self, stage: Stage<F, H>) -> Poll<F::Output> {
        self.stage = stage;
        Poll::Pending
    }

    fn start(&mut self, cx: &mut Context<'_>) -> Poll<F::Output> {
        let call = &mut self.call;
        if !call.engine.is_usable() {
            call.engine.tell_nothing_found(call.key());
            frame::taint();
            let load = H::of(self.take_load());
            return self.pass(load, cx);
        }
        #[cfg(feature = "testing")]
        if let Some(verifying) = call.verify(&mut self.load) {
            return self.verify(verifying, cx);
        }
        call.engine.complete(&mut call.policy);
        let hard = call.policy.wishes().hard_timeout;
        self.hard = hard.map(|wait| Deadline::after(call.engine.store.clock(), wait));
        if call.engine.outside.is_some() && call.plan.travels() {
            self.stage = Stage::Traveling(call.travel());
            return self.travel(cx);
        }
        let mut join = Join::new(call.side);
        self.join(&mut join, cx).unwrap_or_else(|| self.wait(Stage::Joining(Box::new(join))))
    }

    /// The load, which begins.
    fn take_load(&mut self) -> F {
        match self.load.take() {
            Some(load) => load,
            None => panic!("a cached call began to compute for a second time"),
        }
    }

    /// Nothing is moved while there is something to wait for.
    fn travel(&mut self, cx: &mut Context<'_>) -> Poll<F::Output> {
        let (call, underway) = (&self.call, Underway(&mut self.stage));
        let Stage::Traveling(travel) = &mut *underway.0 else { return Poll::Pending };
        match call.glance(travel, cx) {
            Poll::Pending => {
                std::mem::forget(underway);
                return Poll::Pending;
            }
            Poll::Ready(Some(answer)) => return Poll::Ready(answer),
            Poll::Ready(None) => {}
        }
        let landed = call.errand(travel.kind(), |errand| travel.poll(call.engine, call.key(), errand, cx));
        if landed.is_pending() {
            std::mem::forget(underway);
        } else {
            drop(underway);
        }
        match landed {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Landed::Compute(duty)) => {
                let (ticket, fallback) = duty.begin(self.call.engine, self.call.key());
                self.begin(ticket, fallback, cx)
            }
            Poll::Ready(Landed::Found(found)) => self.found(found, cx),
        }
    }

    /// `None`: there is somebody to wait for.
    fn join(&mut self, join: &mut Join, cx: &mut Context<'_>) -> Option<Poll<F::Output>> {
        let call = &self.call;
        if call.mode == Mode::Refresh {
            call.engine.events.refreshing(call.key());
            return Some(self.begin(Ticket::alone(call.engine, call.key()), None, cx));
        }
        let terms = Terms { wishes: call.policy.wishes(), accept: None };
        match join.poll(call.engine, call.key(), terms, cx) {
            Poll::Pending => None,
            Poll::Ready(Arrival::Compute(ticket, fallback)) => Some(self.begin(ticket, fallback, cx)),
            Poll::Ready(Arrival::Found(found)) => Some(self.found(found, cx)),
        }
    }

    fn found(&mut self, found: Found, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.call.plan.take(found.value) {
            Some(answer) => Poll::Ready(answer),
            None => self.begin(self.call.despite_its_type(), None, cx),
        }
    }

    fn begin(&mut self, ticket: Ticket, fallback: Option<Fallback>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let begun = Begun::new(ticket, fallback, self.call.looks_back);
        let load = self.take_load();
        match self.launch {
            Some(launch) => self.send(launch, begun, load, cx),
            None => self.load(begun, H::of(load), cx),
        }
    }

    fn load(&mut self, mut begun: Begun, mut load: H, cx: &mut Context<'_>) -> Poll<F::Output> {
        match begun.run(|| load.poll(cx)) {
            Poll::Pending => self.wait(Stage::Loading { begun, load }),
            Poll::Ready(result) => match begun.end(&self.call.plan, &mut self.call.policy, result) {
                (answer, None) => Poll::Ready(answer),
                (answer, Some(keeping)) => self.keep(answer, Box::new(keeping), cx),
            },
        }
    }

    fn keep(&mut self, answer: F::Output, mut keeping: Box<Keeping>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match Pin::new(&mut *keeping).poll(cx) {
            Poll::Ready(_) => Poll::Ready(answer),
            Poll::Pending => self.wait(Stage::Keeping(answer, keeping)),
        }
    }

    #[cfg(feature = "testing")]
    fn verify(&mut self, mut verifying: Box<Verifying<F>>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match verifying.poll(cx) {
            Poll::Ready(computed) => Poll::Ready(self.call.verified(*verifying, computed)),
            Poll::Pending => self.wait(Stage::Verifying(verifying)),
        }
    }

    fn pass(&mut self, mut load: H, cx: &mut Context<'_>) -> Poll<F::Output> {
        match load.poll(cx) {
            Poll::Pending => self.wait(Stage::Passing(load)),
            Poll::Ready(result) => {
                // It has no frame of its own: what it said of its result is not said of what is computed around it.
                frame::forget_notes();
                Poll::Ready(result)
            }
        }
    }

    /// Who finds something to serve while it is computed anew elsewhere has its answer.
    fn send(
        &mut self,
        launch: Launch<P, F, F::Output>,
        begun: Begun,
        load: F,
        cx: &mut Context<'_>,
    ) -> Poll<F::Output> {
        let call = &self.call;
        let fallback = begun.fallback().cloned();
        let work = Work { begun, policy: call.policy.clone(), load };
        match launch(work, &call.plan, &call.engine.spawner, call.side) {
            Sent::Here(answer) => self.away(answer, None, None, cx),
            Sent::Away(answer) => {
                if let Some(due) = fallback.as_ref().filter(|fallback| fallback.verdict.is_due())
                    && let Some(restored) = call.plan.restore(due.kept.value.clone())
                {
                    call.engine.serve(call.key(), due.kept.clone(), due.verdict);
                    return Poll::Ready(restored);
                }
                let wait = call.policy.wishes().soft_timeout.filter(|_| fallback.is_some());
                let soft = wait.map(|wait| Deadline::after(call.engine.store.clock(), wait));
                self.away(answer, fallback, soft, cx)
            }
        }
    }

    fn away(
        &mut self,
        mut answer: Away<F::Output>,
        fallback: Option<Fallback>,
        mut soft: Option<Deadline>,
        cx: &mut Context<'_>,
    ) -> Poll<F::Output> {
        match answer.as_mut().poll(cx) {
            Poll::Ready(Some(answer)) => Poll::Ready(answer),
            Poll::Ready(None) => Poll::Ready(self.call.abandoned(fallback.as_ref())),
            Poll::Pending => {
                let clock = self.call.engine.store.clock();
                let late = soft.as_mut().is_some_and(|soft| soft.has_passed(clock, cx));
                match fallback.as_ref().filter(|_| late).and_then(|fallback| self.call.settle_for(fallback)) {
                    Some(answer) => Poll::Ready(answer),
                    None => self.wait(Stage::Away { answer, fallback, soft }),
                }
            }
        }
    }

    /// Whether the caller cannot be kept waiting any longer, and what it gets then.
    fn is_too_late(&mut self, cx: &Context<'_>) -> Option<F::Output> {
        let hard = self.hard.as_mut()?;
        if !hard.has_passed(self.call.engine.store.clock(), cx) {
            return None;
        }
        self.hard = None;
        let fallback = match &self.stage {
            Stage::Joining(join) => join.fallback(),
            Stage::Traveling(travel) => travel.fallback(),
            Stage::Loading { begun, .. } => begun.fallback(),
            Stage::Away { fallback, .. } => fallback.as_ref(),
            #[cfg(feature = "testing")]
            Stage::Verifying(_) => None,
            Stage::Start | Stage::Keeping(..) | Stage::Passing(_) | Stage::Done => None,
        };
        let settled = fallback.and_then(|fallback| self.call.settle_for(fallback));
        settled.or_else(|| self.call.late("it was not computed in time"))
    }
}

impl<K: AsRef<[u8]>, P> Call<'_, K, P> {
    fn key(&self) -> &[u8] {
        self.key.as_ref()
    }

    /// A stored value of another type is no answer: the caller computes, and replaces it.
    fn despite_its_type(&self) -> Ticket {
        self.engine.events.types_differ(self.key());
        Ticket::alone(self.engine, self.key())
    }

    /// Sets out for the store outside the process.
    fn travel<R>(&self) -> Travel
    where
        P: Plan<R>,
    {
        let (engine, side, key) = (self.engine, self.side, self.key());
        self.errand(self.plan.kind(engine.format()), |errand| match self.mode {
            Mode::Lookup => Travel::new(engine, side, key, errand).leasing(self.policy.wishes().lease),
            Mode::Refresh => Travel::replacing(engine, side, key, errand, None),
        })
    }

    /// What most calls come to, if this one does.
    fn glance<R>(&self, travel: &mut Travel, cx: &mut Context<'_>) -> Poll<Option<R>>
    where
        P: Plan<R>,
    {
        let (engine, format) = (self.engine, self.engine.format());
        let read = |payload: &[u8]| self.plan.answer(payload, format);
        travel.glance(engine, self.key(), self.policy.wishes(), read, cx)
    }

    /// What is asked of the store outside the process, and how an answer is read. The kind is found out once for each call: it costs as
    /// much as the name of the type is long.
    fn errand<R, T>(&self, kind: u64, run: impl FnOnce(Errand<'_>) -> T) -> T
    where
        P: Plan<R>,
    {
        let format = self.engine.format();
        let decode = |payload: Vec<u8>| self.plan.decode(&payload, format);
        let terms = Terms { wishes: self.policy.wishes(), accept: None };
        run(Errand { key: None, copy: None, tags: self.policy.named_tags(), kind, terms, decode: &decode })
    }

    /// The answer that a copy in this process is: without a trip, and without a flight.
    fn answer_near<R>(&self) -> Option<R>
    where
        P: Plan<R>,
    {
        let looks = self.engine.near.is_some() && self.mode == Mode::Lookup && self.plan.travels();
        if looks { self.engine.near_hit(self.key(), |value| self.plan.restore(value)) } else { None }
    }

    /// The answer to who waits no longer, if what there is may still be served.
    fn settle_for<R>(&self, fallback: &Fallback) -> Option<R>
    where
        P: Plan<R>,
    {
        let found: Found = fallback.instead_of_waiting(self.engine, self.key(), self.policy.wishes())?;
        self.plan.restore(found.value)
    }

    /// Whoever ran the detached computation has dropped it.
    fn abandoned<R>(&self, fallback: Option<&Fallback>) -> R
    where
        P: Plan<R>,
    {
        let why = "what runs detached computations has dropped it";
        let settled = fallback.and_then(|fallback| self.settle_for(fallback));
        match settled.or_else(|| self.late(why)) {
            Some(answer) => answer,
            None => panic!("{}", self.error(why)),
        }
    }

    /// The answer to who can be given no value. What is built from it is not kept: it depends on no data, so that nothing
    /// would ever drop it.
    fn late<R>(&self, why: &str) -> Option<R>
    where
        P: Plan<R>,
    {
        let answer = self.plan.late(self.error(why))?;
        frame::taint_as_stale();
        Some(answer)
    }

    fn error(&self, why: &str) -> Error {
        Error::new(ErrorKind::TimedOut, format!("failed to compute `{}`: {why}", self.engine.events.show(self.key())))
    }
}
