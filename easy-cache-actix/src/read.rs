//! A body of actix-web as the shared recorder reads it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// A handler's body, and how much of it is still to come: actix-web asks for the size once, before it reads.
    pub(crate) struct Reading<B> {
        #[pin]
        body: B,
        size: BodySize,
        left: Option<u64>,
    }
}

impl<B: MessageBody> Reading<B> {
    pub(crate) fn new(body: B) -> Self {
        let size = body.size();
        let left = match size {
            BodySize::None => Some(0),
            BodySize::Sized(size) => Some(size),
            BodySize::Stream => None,
        };
        Self { body, size, left }
    }

    /// The size of the whole.
    pub(crate) fn size(&self) -> BodySize {
        self.size
    }

    pub(crate) fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, B::Error>>> {
        let this = self.project();
        let polled = ready!(this.body.poll_next(cx));
        if let (Some(Ok(bytes)), Some(left)) = (&polled, this.left) {
            *left = left.saturating_sub(bytes.len() as u64);
        }
        Poll::Ready(polled)
    }
}

impl<B: MessageBody> Body for Reading<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.poll_next(cx).map_ok(Frame::data)
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map(SizeHint::with_exact).unwrap_or_default()
    }
}
