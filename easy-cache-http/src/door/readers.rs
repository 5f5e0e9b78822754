//! Wakes everybody who reads one body: a body remembers only the last who asked it for more.

use std::sync::Arc;
use std::task::{Wake, Waker};

use parking_lot::Mutex;

/// Those who wait for a body to have more.
#[derive(Debug, Default)]
pub struct Readers(Mutex<Vec<Waker>>);

impl Readers {
    /// The waker to read a body with, for a reader who is woken by this one. It wakes all who have asked since it was last
    /// called.
    #[must_use]
    pub fn waker(self: &Arc<Self>, reader: &Waker) -> Waker {
        let mut wakers = self.0.lock();
        if !wakers.iter().any(|known| known.will_wake(reader)) {
            wakers.push(reader.clone());
        }
        drop(wakers);
        Waker::from(Arc::clone(self))
    }
}

impl Wake for Readers {
    fn wake(self: Arc<Self>) {
        let wakers = std::mem::take(&mut *self.0.lock());
        wakers.into_iter().for_each(Waker::wake);
    }
}
