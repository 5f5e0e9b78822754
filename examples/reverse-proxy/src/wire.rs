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

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::LINK;

    use super::*;

    /// A client that takes in no more than there is room for.
    struct Slow {
        room: usize,
        taken: Vec<u8>,
    }

    impl Write for Slow {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            let count = bytes.len().min(self.room);
            if count == 0 {
                return Poll::Pending;
            }
            self.room -= count;
            self.taken.extend_from_slice(&bytes[..count]);
            Poll::Ready(Ok(count))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    const HINT: &str = "HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n";

    fn hint(interim: &Interim) {
        let headers = HeaderMap::from_iter([(LINK, HeaderValue::from_static("</a.css>"))]);
        interim.send(StatusCode::EARLY_HINTS, &headers);
    }

    fn wire(room: usize) -> (Wire<Slow>, Gap) {
        let gap = Gap::default();
        (Wire::new(Slow { room, taken: Vec::new() }, gap.clone()), gap)
    }

    impl Wire<Slow> {
        fn write(&mut self, text: &str) -> Poll<usize> {
            let written = Pin::new(self).poll_write(&mut Context::from_waker(Waker::noop()), text.as_bytes());
            written.map(|result| result.unwrap())
        }

        fn flush(&mut self) -> Poll<()> {
            Pin::new(self).poll_flush(&mut Context::from_waker(Waker::noop())).map(|result| result.unwrap())
        }

        fn taken(&self) -> &str {
            std::str::from_utf8(&self.inner.taken).unwrap()
        }
    }

    #[test]
    fn a_hint_goes_out_at_the_next_flush_or_before_the_response() {
        for flushes in [true, false] {
            let (mut wire, gap) = wire(1000);
            assert!(wire.flush().is_ready());
            hint(&gap.open());
            if flushes {
                assert!(wire.flush().is_ready());
                assert_eq!(wire.taken(), HINT);
            }
            gap.close();
            assert!(wire.write("response").is_ready());
            assert_eq!(wire.taken(), format!("{HINT}response"));
        }
    }

    #[test]
    fn a_hint_never_stands_in_the_middle_of_the_response_before() {
        let (mut wire, gap) = wire(5);
        assert!(wire.flush().is_ready());
        assert_eq!(wire.write("before--"), Poll::Ready(5));
        hint(&gap.open());
        wire.inner.room = 1000;
        assert!(wire.write("e--").is_ready());
        assert_eq!(wire.taken(), "before--");
        assert!(wire.flush().is_ready());
        assert_eq!(wire.taken(), format!("before--{HINT}"));
    }

    #[test]
    fn a_hint_that_found_no_place_is_dropped_with_the_response() {
        let (mut wire, gap) = wire(3);
        assert!(wire.flush().is_ready());
        assert!(wire.write("one").is_ready());
        let interim = gap.open();
        hint(&interim);
        gap.close();
        hint(&interim);
        wire.inner.room = 1000;
        assert!(wire.write("two").is_ready());
        assert!(wire.flush().is_ready());
        gap.open();
        hint(&interim);
        assert!(wire.flush().is_ready());
        assert_eq!(wire.taken(), "onetwo", "neither late, nor for another request");
    }

    #[test]
    fn a_hint_that_has_begun_is_sent_to_its_end_first() {
        let (mut wire, gap) = wire(5);
        hint(&gap.open());
        assert!(wire.flush().is_pending());
        gap.close();
        assert!(wire.write("response").is_pending());
        wire.inner.room = 1000;
        assert!(wire.write("response").is_ready());
        assert_eq!(wire.taken(), format!("{HINT}response"));
    }

    #[test]
    fn what_is_no_hint_is_not_sent() {
        let (mut wire, gap) = wire(1000);
        let interim = gap.open();
        for status in [StatusCode::CONTINUE, StatusCode::SWITCHING_PROTOCOLS, StatusCode::OK] {
            interim.send(status, &HeaderMap::new());
        }
        assert!(wire.flush().is_ready());
        assert_eq!(wire.taken(), "");
    }
}
