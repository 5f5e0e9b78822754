//! A computation that goes on behind its caller, and the way its result takes if the caller is still there.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::Side;
use super::begun::Begun;
use super::frame::{self, Frame, Open, Surroundings};
use crate::Policy;
use crate::plan::Plan;
use crate::spawn::Spawner;
use crate::sync::Mutex;

/// How a detached computation reaches its caller: its answer, and what it used.
pub(crate) type Away<R> = Pin<Box<dyn Future<Output = Option<R>> + Send>>;

/// All that a detached computation takes with it.
pub(crate) struct Work<F> {
    pub(crate) begun: Begun,
    pub(crate) policy: Policy,
    pub(crate) load: F,
}

/// What became of it.
pub(crate) enum Sent<R> {
    /// It goes on by itself.
    Away(Away<R>),
    /// Nothing could be spawned: whoever waits for the answer runs it.
    Here(Away<R>),
}

/// How a computation is sent away: known only where its types are known to allow it.
pub(crate) type Launch<P, F, R> = fn(Work<F>, &P, &Spawner, Side) -> Sent<R>;

/// Sends the computation away.
pub(crate) fn launch<P, F>(work: Work<F>, plan: &P, spawner: &Spawner, side: Side) -> Sent<F::Output>
where
    P: Plan<F::Output> + Clone + Send + 'static,
    F: Future<Output: Send> + Send + 'static,
{
    let (sender, receiver) = channel();
    let task = along(run(work, plan.clone(), sender));
    match spawner.spawn(Box::pin(task), side) {
        Ok(()) => Sent::Away(Box::pin(receiver)),
        Err(task) => Sent::Here(Box::pin(async move {
            task.await;
            receiver.await
        })),
    }
}

/// What is in force around the caller is in force for what it sends away: the computation must not wait for one that waits for it.
/// Its frames are its own, and come back with the answer.
fn along(task: impl Future<Output = ()>) -> impl Future<Output = ()> {
    let around = Surroundings::here();
    let mut frame = around.frame();
    let mut task = Box::pin(task);
    std::future::poll_fn(move |cx| around.within(&mut frame, || task.as_mut().poll(cx)))
}

/// Runs to its end whether or not anybody waits. A panic ends the flight like a failure, and is the caller's to hear of.
async fn run<P, F>(work: Work<F>, plan: P, sender: Sender<F::Output>)
where
    P: Plan<F::Output>,
    F: Future,
{
    let Work { mut begun, mut policy, load } = work;
    let mut load = Box::pin(load);
    let mut frame = Some(Box::default());
    let result = std::future::poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| begun.run(|| load.as_mut().poll(cx))));
        polled.map_or_else(|panic| Poll::Ready(Err(panic)), |polled| polled.map(Ok))
    })
    .await;
    let ended = match result {
        Ok(result) => {
            catch_unwind(AssertUnwindSafe(|| frame::within(&mut frame, || begun.end(&plan, &mut policy, result))))
        }
        Err(panic) => {
            tracing::error!("a detached computation panicked");
            begun.panicked();
            Err(panic)
        }
    };
    let (result, keeping) = match ended {
        Ok((answer, keeping)) => (Ok(answer), keeping),
        Err(panic) => (Err(panic), None),
    };
    if let Some(mut keeping) = keeping {
        std::future::poll_fn(|cx| frame::within(&mut frame, || Pin::new(&mut keeping).poll(cx))).await;
    }
    sender.send(result.map(|answer| (answer, frame.map(|frame| *frame).unwrap_or_default())));
}

type Answer<R> = Result<(R, Frame), Box<dyn Any + Send>>;

struct Shared<R> {
    answer: Option<Answer<R>>,
    closed: bool,
    waker: Option<Waker>,
}

struct Sender<R>(Arc<Mutex<Shared<R>>>);

struct Receiver<R>(Arc<Mutex<Shared<R>>>);

fn channel<R>() -> (Sender<R>, Receiver<R>) {
    let shared = Arc::new(Mutex::new(Shared { answer: None, closed: false, waker: None }));
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

impl<R> Sender<R> {
    fn send(self, answer: Answer<R>) {
        self.0.lock().answer = Some(answer);
    }
}

impl<R> Drop for Sender<R> {
    fn drop(&mut self) {
        let waker = {
            let mut shared = self.0.lock();
            shared.closed = true;
            shared.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<R> Future for Receiver<R> {
    /// `None`: the computation was dropped by whoever ran it.
    type Output = Option<R>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<R>> {
        let mut shared = self.0.lock();
        if !shared.closed {
            shared.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let answer = shared.answer.take();
        drop(shared);
        match answer {
            Some(Ok((answer, frame))) => {
                // What it used is used by the caller as well, now that it has the answer.
                drop(Open::new(Box::new(frame)));
                Poll::Ready(Some(answer))
            }
            Some(Err(panic)) => resume_unwind(panic),
            None => Poll::Ready(None),
        }
    }
}
