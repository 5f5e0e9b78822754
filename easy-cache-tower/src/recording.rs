//! A stream on its way to a client: read by the client, and ahead of it by a request that waits for its end. What is read
//! and recorded, and whose turn it is, is left to `easy-cache-http`.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use easy_cache_http::door::{Readers, Recordings, RunAhead, Stream, Watched};
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;

/// A stream on its way to a client, which requests that wait for its end may read ahead.
pub(crate) struct Recording<B: Body> {
    shared: Arc<Shared<B>>,
    _watched: Option<Watched>,
}

struct Shared<B: Body> {
    stream: Mutex<Stream<B>>,
    readers: Arc<Readers>,
}

impl<B: Body + Send + 'static> Recording<B>
where
    B::Error: Send,
{
    /// Begins to send. With a key, those who wait at it may read ahead.
    pub(crate) fn start(stream: Stream<B>, recordings: &Arc<Recordings>, key: Option<Vec<u8>>) -> Self {
        let open = stream.is_recorded();
        let shared = Arc::new(Shared { stream: Mutex::new(stream), readers: Arc::default() });
        let watched = key.filter(|_| open).map(|key| {
            let recording: Arc<dyn RunAhead> = shared.clone();
            recordings.watch(key, Arc::downgrade(&recording))
        });
        Self { shared, _watched: watched }
    }
}

impl<B: Body> Recording<B> {
    pub(crate) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.shared.read(cx, |stream, cx| stream.poll_next(cx))
    }

    /// Whether it is still being taken down.
    pub(crate) fn is_open(&self) -> bool {
        self.shared.stream.lock().is_recorded()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.shared.stream.lock().is_over()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.shared.stream.lock().size_hint()
    }
}

impl<B: Body> Drop for Recording<B> {
    /// The client is gone, or has all it wants: what is not stored by now never will be.
    fn drop(&mut self) {
        let recorder = self.shared.stream.lock().stop();
        drop(recorder); // without the lock, because it wakes others
    }
}

impl<B: Body> Shared<B> {
    /// Every reader is woken when the body has more: it remembers only the last who asked.
    fn read<T>(&self, cx: &mut Context<'_>, read: impl FnOnce(&mut Stream<B>, &mut Context<'_>) -> T) -> T {
        let mut stream = self.stream.lock();
        let waker = self.readers.waker(cx.waker());
        read(&mut stream, &mut Context::from_waker(&waker))
    }
}

impl<B: Body + Send> RunAhead for Shared<B>
where
    B::Error: Send,
{
    /// A body that panics does so to its own client, and not to whoever happens to read it on.
    fn run_ahead(&self, cx: &mut Context<'_>) {
        self.read(cx, |stream, cx| {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| stream.read_ahead(cx))) {
                stream.give_up(panic);
            }
        });
    }
}

impl<B: Body> fmt::Debug for Recording<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stream = self.shared.stream.lock();
        f.debug_struct("Recording")
            .field("unread", &stream.unread())
            .field("recording", &stream.is_recorded())
            .finish_non_exhaustive()
    }
}
