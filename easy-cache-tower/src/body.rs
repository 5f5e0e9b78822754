//! The body of a response: a stored one, shared; the handler's own; or one that is recorded as it is sent.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use easy_cache_http::door::{Outgoing, Recordings, into_bytes};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::recording::Recording;

pin_project! {
    // The bound is there because a recording may hold an error that was met while reading ahead.
    /// The body of a response that passed a [`ResponseCache`](crate::ResponseCache). Its data are [`Bytes`], its errors those
    /// of the handler's body.
    pub struct ResponseBody<B: Body> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindProjection]
    enum Kind<B: Body> {
        Whole { bytes: Bytes },
        Passing { #[pin] body: B },
        Recording { recording: Recording<B> },
    }
}

impl<B: Body + Send + 'static> ResponseBody<B>
where
    B::Error: Send,
{
    /// Begins to send what is to be sent.
    pub(crate) fn of(outgoing: Outgoing<B>, recordings: &Arc<Recordings>) -> Self {
        match outgoing {
            Outgoing::Whole(bytes) => Self::whole(bytes),
            Outgoing::Passing(body) => Self::passing(body),
            Outgoing::Recorded { stream, watched } => {
                Self { kind: Kind::Recording { recording: Recording::start(stream, recordings, watched) } }
            }
        }
    }
}

impl<B: Body> ResponseBody<B> {
    pub(crate) const fn whole(bytes: Bytes) -> Self {
        Self { kind: Kind::Whole { bytes } }
    }

    pub(crate) const fn passing(body: B) -> Self {
        Self { kind: Kind::Passing { body } }
    }

    /// Whether reading it on may still bring something into the store.
    pub(crate) fn is_recorded(&self) -> bool {
        matches!(&self.kind, Kind::Recording { recording } if recording.is_open())
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().kind.project() {
            KindProjection::Whole { bytes } if bytes.is_empty() => Poll::Ready(None),
            KindProjection::Whole { bytes } => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            KindProjection::Passing { body } => body.poll_frame(cx).map_ok(|frame| frame.map_data(into_bytes)),
            KindProjection::Recording { recording } => recording.poll_next(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Whole { bytes } => bytes.is_empty(),
            Kind::Passing { body } => body.is_end_stream(),
            Kind::Recording { recording } => recording.is_over(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Whole { bytes } => SizeHint::with_exact(bytes.len() as u64),
            Kind::Passing { body } => body.size_hint(),
            Kind::Recording { recording } => recording.size_hint(),
        }
    }
}

impl<B: Body> Default for ResponseBody<B> {
    /// An empty body.
    fn default() -> Self {
        Self::whole(Bytes::new())
    }
}

impl<B: Body> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind: &dyn fmt::Debug = match &self.kind {
            Kind::Whole { bytes } => &bytes.len(),
            Kind::Passing { .. } => &"of the handler",
            Kind::Recording { recording } => recording,
        };
        f.debug_tuple("ResponseBody").field(kind).finish()
    }
}
