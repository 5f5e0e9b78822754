//! Lets those who wait for a recording read it on, so that they do not depend on how fast the first client reads: one of
//! them at a time, and another if that one goes away.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

/// A recording that can be read by others than its client.
pub trait RunAhead: Send + Sync {
    /// Reads as far as possible; the waker is called when there is more.
    fn run_ahead(&self, cx: &mut Context<'_>);
}

/// The keys at which somebody waits or records.
#[derive(Default)]
pub struct Recordings {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    places: HashMap<Vec<u8>, Place>,
    next: u64,
}

#[derive(Default)]
struct Place {
    recording: Option<Weak<dyn RunAhead>>,
    /// Those who wait, in the order in which they came. The first of them reads.
    waiting: Vec<(u64, Waker)>,
}

impl Place {
    fn is_empty(&self) -> bool {
        self.recording.is_none() && self.waiting.is_empty()
    }

    fn wake_first(&self) {
        if let Some((_, waker)) = self.waiting.first() {
            waker.wake_by_ref();
        }
    }
}

impl Recordings {
    /// Announces a recording, until what is returned is dropped.
    #[must_use]
    pub fn watch(self: &Arc<Self>, key: Vec<u8>, recording: Weak<dyn RunAhead>) -> Watched {
        let mut table = self.table.lock();
        let place = table.places.entry(key.clone()).or_default();
        place.recording = Some(Weak::clone(&recording));
        place.wake_first();
        drop(table);
        Watched { recordings: Arc::clone(self), key, recording }
    }

    /// Waits at a key for something else to happen, and reads on what is recorded there meanwhile.
    pub(crate) fn follow<'a, F>(&'a self, key: &'a [u8], until: F) -> Follow<'a, F> {
        Follow { recordings: self, key, until, number: None }
    }

    /// Takes a place among those who wait, or keeps it; yields the recording if it is this one's turn to read.
    fn wait(&self, key: &[u8], number: &mut Option<u64>, waker: &Waker) -> Option<Arc<dyn RunAhead>> {
        let mut table = self.table.lock();
        table.next += 1;
        let number = *number.get_or_insert(table.next);
        let place = match table.places.get_mut(key) {
            Some(place) => place,
            None => table.places.entry(key.to_vec()).or_default(),
        };
        match place.waiting.iter_mut().find(|(other, _)| *other == number) {
            Some((_, known)) => known.clone_from(waker),
            None => place.waiting.push((number, waker.clone())),
        }
        let first = place.waiting.first().is_some_and(|(first, _)| *first == number);
        place.recording.as_ref().filter(|_| first).and_then(Weak::upgrade)
    }

    fn change(&self, key: &[u8], change: impl FnOnce(&mut Place)) {
        let mut table = self.table.lock();
        let Some(place) = table.places.get_mut(key) else { return };
        change(place);
        if place.is_empty() {
            table.places.remove(key);
        }
    }

    /// The number of keys at which somebody waits or records.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.table.lock().places.len()
    }
}

impl fmt::Debug for Recordings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recordings").field("keys", &self.table.lock().places.len()).finish()
    }
}

/// An announced recording.
pub struct Watched {
    recordings: Arc<Recordings>,
    key: Vec<u8>,
    recording: Weak<dyn RunAhead>,
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watched")
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.recordings.change(&self.key, |place| {
            place.recording.take_if(|other| Weak::ptr_eq(other, &self.recording));
        });
    }
}

/// The future of [`Recordings::follow`].
pub(crate) struct Follow<'a, F> {
    recordings: &'a Recordings,
    key: &'a [u8],
    until: F,
    number: Option<u64>,
}

impl<F: Future + Unpin> Future for Follow<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self { recordings, key, until, number } = &mut *self;
        if let Poll::Ready(output) = Pin::new(&mut *until).poll(cx) {
            return Poll::Ready(output);
        }
        let Some(recording) = recordings.wait(key, number, cx.waker()) else { return Poll::Pending };
        recording.run_ahead(cx);
        Pin::new(until).poll(cx)
    }
}

impl<F> Drop for Follow<'_, F> {
    /// The next in line reads on.
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        self.recordings.change(self.key, |place| {
            place.waiting.retain(|(other, _)| *other != number);
            place.wake_first();
        });
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Pending, pending};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl RunAhead for Counter {
        fn run_ahead(&self, _: &mut Context<'_>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn poll(follow: &mut Follow<'_, Pending<()>>) {
        assert!(Pin::new(follow).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }

    #[test]
    fn one_reads_at_a_time_and_the_next_when_that_one_is_gone() {
        let recordings = Arc::new(Recordings::default());
        let (mut first, mut second) = (recordings.follow(b"k", pending()), recordings.follow(b"k", pending()));
        poll(&mut first);
        let counter = Arc::new(Counter::default());
        let recording: Arc<dyn RunAhead> = counter.clone();
        let watched = recordings.watch(b"k".to_vec(), Arc::downgrade(&recording));
        poll(&mut second);
        assert_eq!(counter.0.load(Ordering::SeqCst), 0, "it is the first one's turn");
        poll(&mut first);
        drop(first);
        poll(&mut second);
        assert_eq!(counter.0.load(Ordering::SeqCst), 2);
        drop((watched, second));
        assert_eq!(recordings.len(), 0, "nothing is left behind");
    }

    #[test]
    fn a_recording_that_ends_leaves_its_successor_announced() {
        let recordings = Arc::new(Recordings::default());
        let [one, two]: [Arc<dyn RunAhead>; 2] = [Arc::new(Counter::default()), Arc::new(Counter::default())];
        let first = recordings.watch(b"k".to_vec(), Arc::downgrade(&one));
        let second = recordings.watch(b"k".to_vec(), Arc::downgrade(&two));
        drop(first);
        assert_eq!(recordings.len(), 1);
        drop(second);
        assert_eq!(recordings.len(), 0);
    }
}
