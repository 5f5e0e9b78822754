//! A body that is read by its client, or ahead of it, and recorded as it is read: always inside the scope of its
//! response, whoever reads.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker, ready};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;

use crate::ahead::{Recordings, RunAhead, Watched};
use crate::record::Recorder;
use crate::stored::StoredResponse;

/// A body with what was read from it and not yet sent.
pub(crate) struct Stream<B: Body> {
    body: Pin<Box<B>>,
    unread: VecDeque<Frame<Bytes>>,
    end: End<B::Error>,
    recorder: Option<Recorder>,
    verdict: Verdict,
}

/// Whether there is more to read.
enum End<E> {
    Open,
    Failed(E),
    Over,
}

/// What became of the recording.
#[derive(Debug)]
pub(crate) enum Verdict {
    Open,
    Kept(Arc<StoredResponse>),
    Refused(&'static str),
}

impl<B: Body> Stream<B> {
    pub(crate) fn new(body: B, recorder: Recorder) -> Self {
        let (unread, recorder) = (VecDeque::new(), Some(recorder));
        Self { body: Box::pin(body), unread, end: End::Open, recorder, verdict: Verdict::Open }
    }

    pub(crate) const fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Reads as long as there is something to read and to record.
    pub(crate) fn read_ahead(&mut self, cx: &mut Context<'_>) {
        while self.recorder.is_some() && self.advance(cx).is_ready() {}
    }

    /// The next frame for the client.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        loop {
            if let Some(frame) = self.unread.pop_front() {
                return Poll::Ready(Some(Ok(frame)));
            }
            match std::mem::replace(&mut self.end, End::Over) {
                End::Over => return Poll::Ready(None),
                End::Failed(error) => return Poll::Ready(Some(Err(error))),
                End::Open => self.end = End::Open,
            }
            ready!(self.advance(cx));
        }
    }

    /// Reads one frame, or finds the end.
    fn advance(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !matches!(self.end, End::Open) {
            return Poll::Ready(());
        }
        match self.poll_body(cx) {
            Poll::Pending => {
                if self.is_full() {
                    self.finish();
                }
                return Poll::Pending;
            }
            Poll::Ready(Some(Ok(frame))) => {
                self.record(&frame);
                self.unread.push_back(frame);
                if self.is_full() {
                    // Whoever sends a body of known length may never ask for more: look for its end at once.
                    let _ = self.advance(cx);
                }
            }
            Poll::Ready(Some(Err(error))) => {
                self.end = End::Failed(error);
                if let Some(recorder) = self.recorder.take() {
                    recorder.fail();
                    self.verdict = Verdict::Refused("body-failed");
                }
            }
            Poll::Ready(None) => {
                self.end = End::Over;
                self.finish();
            }
        }
        Poll::Ready(())
    }

    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let body = self.body.as_mut();
        let polled = match &mut self.recorder {
            Some(recorder) => recorder.task.scope.run(|| body.poll_frame(cx)),
            None => body.poll_frame(cx),
        };
        polled.map_ok(|frame| frame.map_data(into_bytes))
    }

    fn record(&mut self, frame: &Frame<Bytes>) {
        let Some(mut recorder) = self.recorder.take() else { return };
        if let Err(why) = recorder.take(frame) {
            recorder.abandon();
            self.verdict = Verdict::Refused(why);
            return;
        }
        self.recorder = Some(recorder);
        if self.body.is_end_stream() {
            self.finish();
        }
    }

    fn is_full(&self) -> bool {
        self.recorder.as_ref().is_some_and(Recorder::is_full)
    }

    fn finish(&mut self) {
        if let Some(recorder) = self.recorder.take() {
            self.verdict = recorder.finish().map_or_else(Verdict::Refused, Verdict::Kept);
        }
    }

    fn is_over(&self) -> bool {
        let nothing_left = matches!(self.end, End::Over) || matches!(self.end, End::Open) && self.body.is_end_stream();
        self.unread.is_empty() && nothing_left
    }

    fn size_hint(&self) -> SizeHint {
        let unread = self.unread.iter().filter_map(Frame::data_ref).map(|data| data.len() as u64).sum::<u64>();
        let rest = if matches!(self.end, End::Open) { self.body.size_hint() } else { SizeHint::with_exact(0) };
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(unread));
        if let Some(upper) = rest.upper().and_then(|upper| upper.checked_add(unread)) {
            hint.set_upper(upper);
        }
        hint
    }
}

/// Copies nothing if it is `Bytes` already.
pub(crate) fn into_bytes(mut data: impl Buf) -> Bytes {
    data.copy_to_bytes(data.remaining())
}

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
        let open = stream.recorder.is_some();
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
        let recorder = self.shared.stream.lock().recorder.take();
        drop(recorder); // without the lock, because it wakes others
    }
}

impl<B: Body> Shared<B> {
    /// Every reader is woken when the body has more: it remembers only the last who asked.
    fn read<T>(&self, cx: &mut Context<'_>, read: impl FnOnce(&mut Stream<B>, &mut Context<'_>) -> T) -> T {
        let mut stream = self.stream.lock();
        self.readers.add(cx.waker());
        let waker = Waker::from(Arc::clone(&self.readers));
        read(&mut stream, &mut Context::from_waker(&waker))
    }
}

impl<B: Body + Send> RunAhead for Shared<B>
where
    B::Error: Send,
{
    fn run_ahead(&self, cx: &mut Context<'_>) {
        let has_more = self.read(cx, |stream, cx| {
            let before = stream.unread.len();
            stream.read_ahead(cx);
            stream.unread.len() > before || stream.recorder.is_none()
        });
        if has_more {
            self.readers.wake_by_ref();
        }
    }
}

/// Those who wait for the body to have more.
#[derive(Debug, Default)]
struct Readers(Mutex<Vec<Waker>>);

impl Readers {
    fn add(&self, waker: &Waker) {
        let mut wakers = self.0.lock();
        if !wakers.iter().any(|known| known.will_wake(waker)) {
            wakers.push(waker.clone());
        }
    }

    fn wake_by_ref(&self) {
        let wakers = std::mem::take(&mut *self.0.lock());
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Wake for Readers {
    fn wake(self: Arc<Self>) {
        Self::wake_by_ref(&self);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        Self::wake_by_ref(self);
    }
}

impl<B: Body> fmt::Debug for Recording<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stream = self.shared.stream.lock();
        f.debug_struct("Recording")
            .field("unread", &stream.unread.len())
            .field("recording", &stream.recorder.is_some())
            .finish_non_exhaustive()
    }
}
