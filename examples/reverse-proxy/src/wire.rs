//! The bytes of a client's connection, and the one place where something is put between those of hyper: interim responses
//! (1xx) ahead of the final one. hyper's client tells of them; its server sends none but 100, and makes a 500 of them.
//!
//! Where they may stand is known without looking at what hyper writes. It calls `poll_flush` only when its own buffer is empty,
//! and begins with a request only when the response before it has been handed to its buffer. So between a flush and the next
//! write there is a whole message before and a whole message after, if the response at hand has not begun: that is when its
//! service has not answered. Where the client is so slow that this moment never comes, interim responses are dropped, which a
//! proxy may do with what is there to save time.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use http::{HeaderMap, StatusCode};
use hyper::rt::{Read, ReadBufCursor, Write};
use parking_lot::Mutex;

/// What waits to be sent may not grow beyond this: an origin could send interim responses for ever.
const MOST_WAITING: usize = 64 << 10;

/// A connection on which interim responses may be sent.
pub(crate) struct Wire<I> {
    inner: I,
    gap: Gap,
}

/// The place between two messages on a connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gap {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// The number of the request whose interim responses may be sent; none is between requests.
    open: Option<u64>,
    requests: u64,
    waiting: Vec<u8>,
    /// Some bytes of what waits are sent: nothing else may come before the rest.
    has_begun: bool,
    /// Nothing was written since hyper's buffer was seen empty.
    is_between: bool,
    connection: Option<Waker>,
}

/// Sends interim responses to the client of one request, as long as it has no final one.
#[derive(Debug, Clone)]
pub(crate) struct Interim {
    gap: Gap,
    number: u64,
}

impl<I> Wire<I> {
    pub(crate) fn new(inner: I, gap: Gap) -> Self {
        Self { inner, gap }
    }
}

impl Gap {
    /// A request begins.
    pub(crate) fn open(&self) -> Interim {
        let mut state = self.state.lock();
        state.requests += 1;
        state.open = Some(state.requests);
        Interim { gap: self.clone(), number: state.requests }
    }

    /// Its connection waits: this is who sends what comes meanwhile.
    pub(crate) fn wait(&self, waker: &Waker) {
        let mut state = self.state.lock();
        match &mut state.connection {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }

    /// Its final response is there. What cannot be sent ahead of it is not sent at all.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.open = None;
        if !state.is_between && !state.has_begun {
            state.waiting.clear();
        }
    }
}

impl Interim {
    /// Sends one, unless it is too late for it. 100 is for each connection by itself, and 101 is no interim response.
    pub(crate) fn send(&self, status: StatusCode, headers: &HeaderMap) {
        if !status.is_informational() || matches!(status.as_u16(), 100 | 101) {
            return;
        }
        let mut state = self.gap.state.lock();
        if state.open == Some(self.number) && state.waiting.len() < MOST_WAITING {
            write_head(status, headers, &mut state.waiting);
            if let Some(connection) = state.connection.take() {
                connection.wake();
            }
        }
    }
}

fn write_head(status: StatusCode, headers: &HeaderMap, out: &mut Vec<u8>) {
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    out.extend_from_slice(b"\r\n");
    let mut headers = headers.clone();
    crate::hop::strip(&mut headers);
    for (name, value) in &headers {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

impl<I: Write + Unpin> Wire<I> {
    /// Sends what waits, if this is a moment for it.
    fn poll_waiting(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.gap.state.lock();
        while !state.waiting.is_empty() && (state.is_between || state.has_begun) {
            let sent = ready!(Pin::new(&mut self.inner).poll_write(cx, &state.waiting))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            state.waiting.drain(..sent);
            state.has_begun = !state.waiting.is_empty();
        }
        Poll::Ready(Ok(()))
    }

    fn note(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(1..))) {
            self.gap.state.lock().is_between = false;
        }
        written
    }
}

impl<I: Write + Unpin> Write for Wire<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_waiting(cx))?;
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_waiting(cx))?;
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.gap.state.lock().is_between = true;
        ready!(self.poll_waiting(cx))?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_waiting(cx))?;
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl<I: Read + Unpin> Read for Wire<I> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}
