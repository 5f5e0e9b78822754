//! What computes a value, as the engine sees it: a future, also where it is a closure.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A load that is ready at once when it is polled: a closure. Only such a load can be waited for by a thread.
pub trait Immediate: Future + Unpin {}

impl<L> Immediate for Called<L> where Self: Future {}

/// A closure as a future that is ready at once: the load of a sync caller.
#[must_use = "futures do nothing unless polled"]
pub struct Called<L>(Option<L>);

impl<L> Called<L> {
    pub(crate) const fn new(load: L) -> Self {
        Self(Some(load))
    }
}

// The closure is moved out before it is called.
impl<L> Unpin for Called<L> {}

impl<R, L: FnOnce() -> R> Future for Called<L> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<R> {
        match self.0.take() {
            Some(load) => Poll::Ready(load()),
            None => panic!("a load was polled after it was done"),
        }
    }
}

/// How a load is kept while it runs.
pub(crate) trait Held<F: Future> {
    fn of(load: F) -> Self;
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<F::Output>;
}

/// On the heap, where it stays when the call around it is moved.
impl<F: Future> Held<F> for Pin<Box<F>> {
    fn of(load: F) -> Self {
        Box::pin(load)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.as_mut().poll(cx)
    }
}

/// A load that may be moved: a closure, which is not under way before it is done.
pub(crate) struct InPlace<F>(F);

impl<F: Future + Unpin> Held<F> for InPlace<F> {
    fn of(load: F) -> Self {
        Self(load)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<F::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<L> fmt::Debug for Called<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Called")
    }
}
