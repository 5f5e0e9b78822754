//! What the client library reads from and writes to: the socket, with the lookups between its commands.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::mem;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use super::ask::{Arrived, Asker, Question, Wire};
use super::batch::{Batch, Batches};
use super::frame::{Boundary, Garbage, Strings};

/// Room for what is read next, at least. It grows with what arrives, and not with what a length claims.
const ROOM: u64 = 64 << 10;
/// What is left of a string that the library may read by itself.
const DIRECT: u64 = 8 << 10;
/// A reply beyond this stays in the memory in which it arrived, and no buffer beyond it is kept for the next.
const LARGE: usize = 64 << 10;

/// After so many answers those who have got them run, and what they ask next is on its way before the other answers are read: otherwise
/// client and server would work in turns.
const AT_ONCE: usize = 32;

/// A socket shared by the library and by those who ask at its [`Wire`]. It has to be read from for these to be answered, which the library
/// does whenever it is woken. It is not for connections that subscribe: what confirms that is no reply.
pub(super) struct Stream<S> {
    socket: S,
    wire: Arc<Wire>,
    /// Where the library is among the commands that it writes.
    commands: Boundary,
    /// Commands of lookups: all of them are written before anything else is.
    unwritten: Vec<u8>,
    written: usize,
    /// Whose the next replies are, in the order of the commands.
    expected: VecDeque<Expected>,
    batches: Batches,
    /// Memory for those that are just being written.
    questions: Vec<Question>,
    /// What has been read and not been handed on.
    buffer: BytesMut,
    replies: Boundary,
    /// Whose the reply is that has begun.
    whose: Whose,
    /// So much of the buffer belongs to it, if it is that of who asks.
    begun: usize,
    /// Answers since the driver was woken.
    answered: usize,
    /// There was something that is no reply: the library is to see all that comes, and to judge.
    lost: bool,
}

/// Whose a reply will be.
enum Expected {
    Library,
    Asker(Asker),
    Batch(Batch),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Library,
    Asker,
    /// What a server says unasked. It is for the library, and answers no command.
    News,
}

impl<S> Stream<S> {
    pub(super) fn new(socket: S, wire: Arc<Wire>) -> Self {
        Self {
            socket,
            wire,
            commands: Boundary::default(),
            unwritten: Vec::new(),
            written: 0,
            expected: VecDeque::new(),
            batches: Batches::default(),
            questions: Vec::new(),
            buffer: BytesMut::new(),
            replies: Boundary::default(),
            whose: Whose::Library,
            begun: 0,
            answered: 0,
            lost: false,
        }
    }

    #[cfg(test)]
    pub(super) const fn socket(&mut self) -> &mut S {
        &mut self.socket
    }

    /// What is kept of what was read.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.buffer.capacity()
    }

    /// Nobody who asks will be answered any more; the library goes on.
    fn end(&mut self) {
        self.lost = true;
        self.expected.clear();
        self.wire.end();
    }

    /// Notes how many commands of the library these bytes complete.
    fn note(&mut self, mut written: &[u8]) {
        while !self.lost && !written.is_empty() {
            match self.commands.advance(written) {
                Ok((passed, complete)) => {
                    written = &written[passed..];
                    if complete {
                        self.expected.push_back(Expected::Library);
                    }
                }
                Err(Garbage) => self.end(),
            }
        }
    }

    /// Hands on what is in the buffer, until there is something for the library or nothing is left. Whether there is something.
    fn hand_on(&mut self, library: &mut ReadBuf<'_>) -> io::Result<bool> {
        let before = library.filled().len();
        while self.begun < self.buffer.len() && library.filled().len() == before {
            if self.replies.is_between() {
                self.whose = match (self.buffer[0], self.expected.front()) {
                    (b'>', _) => Whose::News,
                    (_, Some(Expected::Asker(_) | Expected::Batch(_))) => Whose::Asker,
                    _ => Whose::Library,
                };
            }
            match self.whose {
                Whose::Asker if !self.lost => self.answer()?,
                _ => self.pass_on(library),
            }
        }
        Ok(library.filled().len() > before)
    }

    /// Goes on with a reply for who asks.
    fn answer(&mut self) -> io::Result<()> {
        // Almost always it is what it should be, and there as a whole.
        if self.replies.is_between() && self.complete(self.buffer.len()) {
            return Ok(());
        }
        let Ok((passed, complete)) = self.replies.advance(&self.buffer[self.begun..]) else {
            // It ends here: the library must not take what is left of it for an answer to something else.
            return Err(io::Error::new(io::ErrorKind::InvalidData, "what was answered is no reply"));
        };
        self.begun += passed;
        if complete {
            let length = mem::take(&mut self.begun);
            if !self.complete(length) {
                let bytes = self.take_out(length);
                match self.expected.pop_front() {
                    Some(Expected::Asker(asker)) => _ = asker.send(Arrived { bytes, strings: None }),
                    Some(Expected::Batch(batch)) => batch.answer_otherwise(bytes),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Hands on the array of strings at the beginning of these first bytes of the buffer to who asked for it. Whether it is one, and there.
    fn complete(&mut self, within: usize) -> bool {
        match self.expected.front() {
            Some(Expected::Batch(batch)) => {
                let Some((values, length)) = Strings::all(&self.buffer[..within], batch.values()) else { return false };
                let small = length <= LARGE;
                let Some(Expected::Batch(batch)) = self.expected.pop_front() else { return false };
                self.answered += batch.len();
                self.batches.note(&batch, length);
                if small {
                    batch.answer(&values, Bytes::copy_from_slice);
                    self.buffer.advance(length);
                } else {
                    drop(values);
                    let (count, bytes) = (batch.values(), self.take_out(length));
                    if let Some((values, _)) = Strings::all(&bytes, count) {
                        batch.answer(&values, |entry| bytes.slice_ref(entry));
                    }
                }
            }
            _ => {
                let Some(strings) = Strings::measure(&self.buffer[..within]) else { return false };
                let bytes = self.take_out(strings.length);
                self.answered += 1;
                if let Some(Expected::Asker(asker)) = self.expected.pop_front() {
                    // Who has gone meanwhile does not care.
                    let _ = asker.send(Arrived { bytes, strings: Some(strings) });
                }
            }
        }
        true
    }

    /// What is at the beginning of the buffer.
    fn take_out(&mut self, length: usize) -> Bytes {
        if length <= LARGE {
            // In memory of its own size, so that the buffer stays what it is, and nobody keeps it.
            let bytes = Bytes::copy_from_slice(&self.buffer[..length]);
            self.buffer.advance(length);
            return bytes;
        }
        let bytes = self.buffer.split_to(length).freeze();
        self.buffer = BytesMut::from(&self.buffer[..]);
        bytes
    }

    /// Goes on with a reply for the library.
    fn pass_on(&mut self, library: &mut ReadBuf<'_>) {
        let most = self.buffer.len().min(library.remaining());
        let passed = self.follow(most);
        library.put_slice(&self.buffer[..passed]);
        self.buffer.advance(passed);
    }

    /// How many of these bytes at the beginning of the buffer are the library's.
    fn follow(&mut self, most: usize) -> usize {
        if self.lost {
            return most;
        }
        match self.replies.advance(&self.buffer[..most]) {
            Ok((passed, complete)) => {
                self.passed(complete);
                passed
            }
            Err(Garbage) => {
                self.end();
                most
            }
        }
    }

    fn passed(&mut self, complete: bool) {
        if complete && self.whose == Whose::Library {
            self.expected.pop_front();
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream<S> {
    /// Takes what is asked, in the order in which it will be answered. Whether there was anything.
    fn take(&mut self, cx: &Context<'_>) -> bool {
        let Self { wire, expected, unwritten, questions, .. } = self;
        let taken = wire.take(cx.waker(), unwritten, questions, |asker| expected.push_back(Expected::Asker(asker)));
        if !questions.is_empty() {
            self.batches.write(questions, unwritten, |batch| expected.push_back(Expected::Batch(batch)));
        }
        taken
    }

    /// Writes what is asked, as far as the socket takes it. Pending while something of it is left.
    fn poll_write_questions(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            while self.written < self.unwritten.len() {
                match ready!(Pin::new(&mut self.socket).poll_write(cx, &self.unwritten[self.written..]))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    written => self.written += written,
                }
            }
            if self.unwritten.capacity() > LARGE {
                self.unwritten = Vec::new();
            }
            self.unwritten.clear();
            self.written = 0;
            // Nothing comes into the middle of one of the library's commands. When that is written the library flushes.
            if self.lost || !self.commands.is_between() || !self.take(cx) {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Reads, and hands on; ready when there is something for the library, or an end.
    fn poll_next(&mut self, cx: &mut Context<'_>, library: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.answered = 0;
        loop {
            if let Poll::Ready(Err(error)) = self.poll_write_questions(cx) {
                return Poll::Ready(Err(error));
            }
            if self.hand_on(library)? {
                return Poll::Ready(Ok(()));
            }
            if self.answered >= AT_ONCE {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if self.buffer.is_empty() && (self.lost || self.replies.bytes_left() > DIRECT && self.whose != Whose::Asker)
            {
                return self.poll_read_directly(cx, library);
            }
            self.buffer.reserve(self.replies.bytes_left().clamp(ROOM, LARGE as u64) as usize);
            if ready!(pin!(self.socket.read_buf(&mut self.buffer)).poll(cx))? == 0 {
                // The end of the library's as well, and not the beginning of another reply of its own.
                self.end();
                self.buffer.clear();
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// The inside of a large string goes to the library without being copied here.
    fn poll_read_directly(&mut self, cx: &mut Context<'_>, library: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.lost {
            return Pin::new(&mut self.socket).poll_read(cx, library);
        }
        let most = library.remaining().min(usize::try_from(self.replies.bytes_left()).unwrap_or(usize::MAX));
        let mut part = ReadBuf::new(library.initialize_unfilled_to(most));
        ready!(Pin::new(&mut self.socket).poll_read(cx, &mut part))?;
        let complete = matches!(self.replies.advance(part.filled()), Ok((_, true)));
        let read = part.filled().len();
        library.advance(read);
        self.passed(complete);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = self.poll_next(cx, buf);
        if let Poll::Ready(Err(_)) = read {
            self.end();
        }
        read
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_write_questions(cx))?;
        let written = ready!(Pin::new(&mut self.socket).poll_write(cx, buf))?;
        self.note(&buf[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_questions(cx))?;
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.end();
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

impl<S> Drop for Stream<S> {
    fn drop(&mut self) {
        self.wire.end();
    }
}
