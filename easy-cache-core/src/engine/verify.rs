//! A hit that is computed once more, and compared with what is stored. The computation has a frame of its own that nobody looks
//! into, leads no flight, and leaves nothing behind. Which hits are chosen is in `testing/verify`.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::compute::Call;
use super::frame::{self, Frame};
use crate::backend::memory::{Kept, Seen};
use crate::freshness::Verdict;
use crate::plan::{Mode, Plan};
use crate::testing::{Difference, Verification};

/// A hit that is being verified.
pub(super) struct Verifying<F: Future> {
    kept: Kept,
    /// What the caller gets.
    answer: F::Output,
    /// In which the load runs. Never handed on to the frame around it.
    frame: Option<Box<Frame>>,
    load: Pin<Box<F>>,
}

impl<F: Future> Verifying<F> {
    /// What the load yields; `None` if it panics, which is not the business of a caller that has its answer.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        let Self { frame, load, .. } = self;
        let polled = catch_unwind(AssertUnwindSafe(|| frame::within(frame, || load.as_mut().poll(cx))));
        polled.map_or(Poll::Ready(None), |polled| polled.map(Some))
    }
}

impl<K: AsRef<[u8]>, P> Call<'_, K, P> {
    /// Begins to verify, if the call hits, what is stored can be compared, and it is this hit's turn. Otherwise the load is left
    /// where it is, and the call goes on as ever. A call within the computation of its own key is left alone.
    pub(super) fn verify<F: Future>(&self, load: &mut Option<F>) -> Option<Box<Verifying<F>>>
    where
        P: Plan<F::Output>,
    {
        let (engine, key) = (self.engine, self.key.as_ref());
        let verification = engine.verification.as_ref()?;
        let comparable = self.mode == Mode::Lookup && self.plan.travels() && engine.outside.is_none();
        if !comparable || frame::is_computing(engine.id, key) {
            return None;
        }
        let kept = engine.store.lookup(key).ok()?;
        let answer = self.plan.restore(kept.value.clone())?;
        if !verification.is_due() {
            return None;
        }
        let frame = Some(Frame::computing(engine.id, std::iter::once(key), engine.events.load(key)));
        Some(Box::new(Verifying { kept, answer, frame, load: Box::pin(load.take()?) }))
    }

    /// The stored value, as any hit yields it.
    pub(super) fn verified<F: Future>(&self, verifying: Verifying<F>, computed: Option<F::Output>) -> F::Output
    where
        P: Plan<F::Output>,
    {
        let Verifying { kept, answer, frame, load } = verifying;
        drop((frame, load));
        if let (Some(verification), Some(computed)) = (&self.engine.verification, computed)
            && let Some(difference) = self.difference(verification, &kept, &answer, &computed)
        {
            verification.report(&difference);
        }
        self.engine.serve(self.key.as_ref(), kept, Verdict::Fresh);
        answer
    }

    fn difference<R>(&self, verification: &Verification, kept: &Kept, answer: &R, computed: &R) -> Option<Difference>
    where
        P: Plan<R>,
    {
        let (events, key) = (&self.engine.events, self.key.as_ref());
        if self.plan.is_failure(computed) && !self.plan.is_failure(answer) {
            return None;
        }
        let write = |result: &R| self.plan.encode(result, verification.format).transpose().ok();
        let (stored, computed) = (write(answer)??, write(computed)?);
        if computed.as_ref() == Some(&stored) || !self.still_serves(kept) {
            return None;
        }
        let tags = kept.list.tags().iter().filter_map(Seen::name);
        let tags = tags.map(|tag| events.show_tag(tag).to_string()).collect();
        Some(Difference { key: events.show(key).to_string(), tags, stored, computed })
    }

    /// Whether this very entry would be served now.
    fn still_serves(&self, kept: &Kept) -> bool {
        let now = self.engine.store.lookup(self.key.as_ref());
        self.engine.is_usable() && now.is_ok_and(|now| now.list.is(&kept.list))
    }
}
