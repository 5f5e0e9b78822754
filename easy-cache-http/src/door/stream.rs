//! A body that is recorded as it is read: always inside the scope of its response, whoever reads. Who does is decided by the
//! door.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use easy_cache_core::Scope;
use http_body::{Body, Frame, SizeHint};

use super::record::Recorder;
use super::stored::StoredResponse;

/// A body that is recorded as it is read, with what was read from it and not yet sent.
pub struct Stream<B: Body> {
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
    Panicked(Box<dyn Any + Send>),
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
    pub(crate) fn new(body: Pin<Box<B>>, recorder: Recorder) -> Self {
        let (unread, recorder) = (VecDeque::new(), Some(recorder));
        Self { body, unread, end: End::Open, recorder, verdict: Verdict::Open }
    }

    /// Takes in what was read of the body already, and reads as long as there is something to read and to record.
    pub(crate) fn read_on(&mut self, first: Read<B::Error>, cx: &mut Context<'_>) {
        if self.advance_with(first, cx).is_ready() {
            self.read_ahead(cx);
        }
    }

    pub(crate) const fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// The number of frames that the client has not read.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.unread.len()
    }

    /// Whether reading on may still bring something into the store.
    #[must_use]
    pub const fn is_recorded(&self) -> bool {
        self.recorder.is_some()
    }

    /// Ends the recording of a body that nobody will read to its end.
    /// What is returned wakes others when it is dropped: give back your locks before.
    #[must_use]
    pub fn stop(&mut self) -> Option<impl Sized + use<B>> {
        self.recorder.take()
    }

    /// Reads as long as there is something to read and to record.
    pub fn read_ahead(&mut self, cx: &mut Context<'_>) {
        while self.recorder.is_some() && self.advance(cx).is_ready() {}
    }

    /// The next frame for the client.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        loop {
            if let Some(frame) = self.unread.pop_front() {
                return Poll::Ready(Some(Ok(frame)));
            }
            match std::mem::replace(&mut self.end, End::Over) {
                End::Over => return Poll::Ready(None),
                End::Failed(error) => return Poll::Ready(Some(Err(error))),
                End::Panicked(panic) => resume_unwind(panic),
                End::Open => self.end = End::Open,
            }
            ready!(self.advance(cx));
        }
    }

    /// Reads one frame, or finds the end. Whoever sends a body of known length may never ask for more than that: with the
    /// last frame, its end is looked for at once.
    fn advance(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !matches!(self.end, End::Open) {
            return Poll::Ready(());
        }
        let read = self.poll_body(cx);
        self.advance_with(read, cx)
    }

    fn advance_with(&mut self, read: Read<B::Error>, cx: &mut Context<'_>) -> Poll<()> {
        let step = self.step(read);
        if step.is_ready() && self.is_full() && matches!(self.end, End::Open) {
            let read = self.poll_body(cx);
            let _ = self.step(read);
        }
        step
    }

    fn step(&mut self, read: Read<B::Error>) -> Poll<()> {
        match read {
            Poll::Pending => {
                if self.is_full() {
                    self.finish();
                }
                return Poll::Pending;
            }
            Poll::Ready(Some(Ok(frame))) => {
                self.record(&frame);
                self.unread.push_back(frame);
            }
            Poll::Ready(Some(Err(error))) => {
                self.end = End::Failed(error);
                self.fail();
            }
            Poll::Ready(None) => {
                self.end = End::Over;
                self.finish();
            }
        }
        Poll::Ready(())
    }

    fn poll_body(&mut self, cx: &mut Context<'_>) -> Read<B::Error> {
        poll(&mut self.body, self.recorder.as_mut().map(|recorder| &mut recorder.task.scope), cx)
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

    /// The body panicked while another read it on: its client is told when it comes to that.
    pub fn give_up(&mut self, panic: Box<dyn Any + Send>) {
        self.end = End::Panicked(panic);
        self.fail();
    }

    fn fail(&mut self) {
        if let Some(recorder) = self.recorder.take() {
            recorder.fail();
            self.verdict = Verdict::Refused("body-failed");
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

    /// Whether the client has had all of it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let nothing_left = matches!(self.end, End::Over) || matches!(self.end, End::Open) && self.body.is_end_stream();
        self.unread.is_empty() && nothing_left
    }

    /// How much the client has still to come.
    #[must_use]
    pub fn size_hint(&self) -> SizeHint {
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

impl<B: Body> fmt::Debug for Stream<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("unread", &self.unread())
            .field("recording", &self.is_recorded())
            .finish_non_exhaustive()
    }
}

/// What a body has yielded.
pub(crate) type Read<E> = Poll<Option<Result<Frame<Bytes>, E>>>;

/// Reads one frame, inside the scope of its response.
pub(crate) fn poll<B: Body>(body: &mut Pin<Box<B>>, scope: Option<&mut Scope>, cx: &mut Context<'_>) -> Read<B::Error> {
    let body = body.as_mut();
    let polled = match scope {
        Some(scope) => scope.run(|| body.poll_frame(cx)),
        None => body.poll_frame(cx),
    };
    polled.map_ok(|frame| frame.map_data(into_bytes))
}

/// The whole of a body of a known size, if its first frame was all of it; else what was read.
pub(crate) fn whole<B: Body>(body: &Pin<Box<B>>, read: Read<B::Error>, size: u64) -> Result<Bytes, Read<B::Error>> {
    match read {
        Poll::Ready(None) if size == 0 => Ok(Bytes::new()),
        Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
            Ok(data) if data.len() as u64 == size && body.is_end_stream() => Ok(data),
            Ok(data) => Err(Poll::Ready(Some(Ok(Frame::data(data))))),
            Err(frame) => Err(Poll::Ready(Some(Ok(frame)))),
        },
        read => Err(read),
    }
}

/// Copies nothing if it is `Bytes` already.
pub fn into_bytes(mut data: impl Buf) -> Bytes {
    data.copy_to_bytes(data.remaining())
}
