//! A stream on its way to a client: read by the client, and ahead of it by a task on the same thread as soon as a request waits
//! for its end. Those who wait may be on other threads, and the bodies of actix-web stay on theirs: so whoever waits says so,
//! and the task reads. What is read and recorded is left to `easy-cache-http`.

use std::cell::RefCell;
use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak as Remote};
use std::task::{Context, Poll, Waker};

use actix_web::body::{BodySize, MessageBody};
use actix_web::rt;
use bytes::Bytes;
use easy_cache_http::door::{Readers, Recordings, RunAhead, Stream, Watched, into_bytes};
use parking_lot::Mutex;

use crate::read::Reading;

/// A stream on its way to a client, which is read ahead where a request waits for its end.
pub(crate) struct Recording<B: MessageBody> {
    shared: Rc<Shared<B>>,
    ahead: Option<Ahead>,
}

struct Shared<B: MessageBody> {
    stream: RefCell<Stream<Reading<B>>>,
    readers: Arc<Readers>,
}

/// That others may ask for more.
struct Ahead {
    wish: Arc<Wish>,
    _watched: Watched,
}

impl<B: MessageBody + 'static> Recording<B> {
    /// Begins to send. With a key, those who wait at it may ask for the rest.
    pub(crate) fn start(stream: Stream<Reading<B>>, recordings: &Arc<Recordings>, key: Option<Vec<u8>>) -> Self {
        let open = stream.is_recorded();
        let shared = Rc::new(Shared { stream: RefCell::new(stream), readers: Arc::default() });
        let ahead = key.filter(|_| open).map(|key| {
            let wish = Arc::<Wish>::default();
            rt::spawn(run_ahead(Rc::downgrade(&shared), Arc::clone(&wish)));
            let remote: Remote<Wish> = Arc::downgrade(&wish);
            Ahead { _watched: recordings.watch(key, remote), wish }
        });
        Self { shared, ahead }
    }
}

impl<B: MessageBody> Recording<B> {
    pub(crate) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, B::Error>>> {
        let frame = self.shared.read(cx, |stream, cx| stream.poll_next(cx));
        // A body of actix-web has no trailers.
        frame.map_ok(|frame| frame.into_data().map(into_bytes).unwrap_or_default())
    }

    /// Whether it is still being taken down.
    pub(crate) fn is_open(&self) -> bool {
        self.shared.stream.borrow().is_recorded()
    }

    pub(crate) fn size(&self) -> BodySize {
        self.shared.stream.borrow().size_hint().exact().map_or(BodySize::Stream, BodySize::Sized)
    }
}

impl<B: MessageBody> Drop for Recording<B> {
    /// The client is gone, or has all it wants: what is not stored by now never will be.
    fn drop(&mut self) {
        let recorder = self.shared.stream.borrow_mut().stop();
        drop(recorder); // it wakes others
        if let Some(ahead) = &self.ahead {
            ahead.wish.wake(); // the task finds that there is nothing left to do
        }
    }
}

impl<B: MessageBody> Shared<B> {
    /// Every reader is woken when the body has more: it remembers only the last who asked.
    fn read<T>(&self, cx: &Context<'_>, read: impl FnOnce(&mut Stream<Reading<B>>, &mut Context<'_>) -> T) -> T {
        let waker = self.readers.waker(cx.waker());
        read(&mut self.stream.borrow_mut(), &mut Context::from_waker(&waker))
    }

    /// A body that panics does so to its own client, and not to the task that happens to read it on.
    fn run_ahead(&self, cx: &Context<'_>) {
        self.read(cx, |stream, cx| {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| stream.read_ahead(cx))) {
                stream.give_up(panic);
            }
        });
    }
}

/// Reads a stream on once somebody wishes it, until it is recorded or its client is gone.
async fn run_ahead<B: MessageBody>(recording: Weak<Shared<B>>, wish: Arc<Wish>) {
    let step = poll_fn(|cx| {
        wish.listen(cx.waker());
        let Some(recording) = recording.upgrade() else { return Poll::Ready(()) };
        if wish.is_made() {
            recording.run_ahead(cx);
        }
        if recording.stream.borrow().is_recorded() { Poll::Pending } else { Poll::Ready(()) }
    });
    pin!(step).await;
}

/// Somebody, on whatever thread, waits for the end of a stream.
#[derive(Default)]
struct Wish {
    is_made: AtomicBool,
    listener: Mutex<Option<Waker>>,
}

impl Wish {
    fn listen(&self, waker: &Waker) {
        *self.listener.lock() = Some(waker.clone());
    }

    fn is_made(&self) -> bool {
        self.is_made.load(Ordering::Acquire)
    }

    fn wake(&self) {
        let listener = self.listener.lock().take();
        listener.into_iter().for_each(Waker::wake);
    }
}

impl RunAhead for Wish {
    fn run_ahead(&self, _: &mut Context<'_>) {
        self.is_made.store(true, Ordering::Release);
        self.wake();
    }
}

impl<B: MessageBody> fmt::Debug for Recording<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recording").field(&self.shared.stream).finish()
    }
}
