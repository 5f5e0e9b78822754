//! The event that followers of a flight wait for, over an explorer's lock, with the rules of event-listener: a listener hears
//! what is notified after it was made, and passes on what it was told if it is dropped before it has listened.
//!
//! What event-listener does inside (its list, its fast path) is not explored; that crate explores it itself.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::Mutex;

#[derive(Debug)]
pub(crate) struct Event {
    listeners: Arc<Mutex<Listeners>>,
}

#[derive(Debug, Default)]
struct Listeners {
    next: u64,
    waiting: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    id: u64,
    notified: bool,
    waker: Option<Waker>,
}

impl Event {
    pub(crate) fn new() -> Self {
        Self { listeners: Arc::new(Mutex::new(Listeners::default())) }
    }

    pub(crate) fn listen(&self) -> EventListener {
        let mut listeners = self.listeners.lock();
        listeners.next += 1;
        let id = listeners.next;
        listeners.waiting.push(Waiting { id, notified: false, waker: None });
        EventListener { listeners: Arc::clone(&self.listeners), id }
    }

    /// Sees to it that `count` listeners are notified, those included that already are.
    pub(crate) fn notify(&self, count: usize) {
        let mut listeners = self.listeners.lock();
        let already = listeners.waiting.iter().filter(|waiting| waiting.notified).count();
        let wakers = listeners.notify(count.saturating_sub(already));
        drop(listeners);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Notifies `count` more listeners.
    pub(crate) fn notify_additional(&self, count: usize) {
        let wakers = self.listeners.lock().notify(count);
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Listeners {
    /// The wakers are to be called when the lock is given back.
    fn notify(&mut self, count: usize) -> Vec<Waker> {
        let unaware = self.waiting.iter_mut().filter(|waiting| !waiting.notified).take(count);
        unaware
            .filter_map(|waiting| {
                waiting.notified = true;
                waiting.waker.take()
            })
            .collect()
    }

    fn remove(&mut self, id: u64) -> Option<Waiting> {
        let position = self.waiting.iter().position(|waiting| waiting.id == id)?;
        Some(self.waiting.remove(position))
    }
}

#[derive(Debug)]
pub(crate) struct EventListener {
    listeners: Arc<Mutex<Listeners>>,
    id: u64,
}

impl Future for EventListener {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut listeners = self.listeners.lock();
        match listeners.waiting.iter_mut().find(|waiting| waiting.id == self.id) {
            Some(waiting) if !waiting.notified => {
                waiting.waker = Some(cx.waker().clone());
                Poll::Pending
            }
            _ => {
                drop(listeners.remove(self.id));
                Poll::Ready(())
            }
        }
    }
}

impl Drop for EventListener {
    fn drop(&mut self) {
        let mut listeners = self.listeners.lock();
        let unheard = listeners.remove(self.id).is_some_and(|waiting| waiting.notified);
        let wakers = if unheard { listeners.notify(1) } else { Vec::new() };
        drop(listeners);
        wakers.into_iter().for_each(Waker::wake);
    }
}
