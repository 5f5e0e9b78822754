//! The body of a response: a stored one, shared; the handler's own; or one that is recorded as it is sent.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use easy_cache_http::door::{Outgoing, Recordings};
use pin_project_lite::pin_project;

use crate::read::Reading;
use crate::recording::Recording;

pin_project! {
    /// The body of a response that passed a [`ResponseCache`](crate::ResponseCache). Its errors are those of the handler's
    /// body.
    pub struct ResponseBody<B: MessageBody> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindProjection]
    enum Kind<B: MessageBody> {
        Whole { bytes: Bytes, size: BodySize },
        Passing { #[pin] body: Reading<B> },
        Recording { recording: Recording<B> },
    }
}

impl<B: MessageBody> ResponseBody<B> {
    /// The size is what the head says: that of a `HEAD` is not that of its bytes.
    pub(crate) const fn whole(bytes: Bytes, size: BodySize) -> Self {
        Self { kind: Kind::Whole { bytes, size } }
    }

    pub(crate) const fn passing(body: Reading<B>) -> Self {
        Self { kind: Kind::Passing { body } }
    }

    /// Whether reading it on may still bring something into the store.
    pub(crate) fn is_recorded(&self) -> bool {
        matches!(&self.kind, Kind::Recording { recording } if recording.is_open())
    }
}

impl<B: MessageBody + 'static> ResponseBody<B> {
    /// Begins to send what is to be sent.
    pub(crate) fn of(outgoing: Outgoing<Reading<B>>, size: BodySize, recordings: &Arc<Recordings>) -> Self {
        match outgoing {
            Outgoing::Whole(bytes) => Self::whole(bytes, size),
            Outgoing::Passing(body) => Self::passing(body),
            Outgoing::Recorded { stream, watched } => {
                Self { kind: Kind::Recording { recording: Recording::start(stream, recordings, watched) } }
            }
        }
    }
}

impl<B: MessageBody> MessageBody for ResponseBody<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        match &self.kind {
            Kind::Whole { size, .. } => *size,
            Kind::Passing { body } => body.size(),
            Kind::Recording { recording } => recording.size(),
        }
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, B::Error>>> {
        match self.project().kind.project() {
            KindProjection::Whole { bytes, .. } if bytes.is_empty() => Poll::Ready(None),
            KindProjection::Whole { bytes, .. } => Poll::Ready(Some(Ok(std::mem::take(bytes)))),
            KindProjection::Passing { body } => body.poll_next(cx),
            KindProjection::Recording { recording } => recording.poll_next(cx),
        }
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        match self.kind {
            Kind::Whole { bytes, size: BodySize::Sized(size) } if bytes.len() as u64 == size => Ok(bytes),
            kind => Err(Self { kind }),
        }
    }
}

impl<B: MessageBody> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind: &dyn fmt::Debug = match &self.kind {
            Kind::Whole { bytes, .. } => &bytes.len(),
            Kind::Passing { .. } => &"of the handler",
            Kind::Recording { recording } => recording,
        };
        f.debug_tuple("ResponseBody").field(kind).finish()
    }
}
