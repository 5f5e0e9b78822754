//! The stream between a library that is a script and a server that is one: whatever the pieces in which bytes arrive and are taken.

mod random;
mod replies;
mod together;

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::ask::{Arrived, Wire};
use super::slot::{Arrival, Told};
use super::stream::Stream;
use crate::failure::Failure;
use crate::names::Names;
use crate::together::Found;

/// What the server says, in the pieces in which it arrives, and all that was written. An empty piece: nothing is there yet.
#[derive(Default)]
struct Script {
    says: VecDeque<Vec<u8>>,
    heard: Vec<u8>,
    /// Bytes that are taken at once; 0: none.
    takes: usize,
}

impl AsyncRead for Script {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Some(mut piece) = self.says.pop_front().filter(|piece| !piece.is_empty()) else { return Poll::Pending };
        let rest = piece.split_off(piece.len().min(buf.remaining()));
        buf.put_slice(&piece);
        if !rest.is_empty() {
            self.says.push_front(rest);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Script {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let taken = buf.len().min(self.takes);
        self.heard.extend(&buf[..taken]);
        if taken == 0 { Poll::Pending } else { Poll::Ready(Ok(taken)) }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<Arrived, Failure>>>>;

/// The stream, and the two who use it.
struct World {
    stream: Stream<Script>,
    wire: Arc<Wire>,
    answers: Vec<Answer>,
    lookups: Vec<Arrival>,
    /// What their commands begin with.
    begin: Arc<[u8]>,
    /// What has come to the library.
    read: Vec<u8>,
}

impl World {
    fn new() -> Self {
        let wire = Arc::new(Wire::default());
        let script = Script { takes: usize::MAX, ..Script::default() };
        Self {
            stream: Stream::new(script, Arc::clone(&wire)),
            wire,
            answers: Vec::new(),
            lookups: Vec::new(),
            begin: Arc::from(BEGIN),
            read: Vec::new(),
        }
    }

    fn now() -> Context<'static> {
        Context::from_waker(Waker::noop())
    }

    fn ask(&mut self, command: &[u8]) {
        let (wire, command) = (Arc::clone(&self.wire), command.to_vec());
        let mut answer: Answer = Box::pin(async move { wire.ask([&command, b"", b""]).await });
        // It is left at the wire when it is first polled.
        if answer.as_mut().poll(&mut Self::now()).is_pending() {
            self.answers.push(answer);
        }
    }

    /// A lookup that may share its command with others, and has no end.
    fn look(&mut self, names: &Arc<Names>) {
        let begin = Arc::clone(&self.begin);
        self.look_behind(&begin, names);
    }

    fn look_behind(&mut self, begin: &Arc<[u8]>, names: &Arc<Names>) {
        let left = self.wire.question(begin, names, |_, _| ());
        self.lookups.extend(left.map(|(arrival, ())| arrival));
    }

    /// What each who looked was told.
    fn found(&mut self) -> Vec<Result<Found, Failure>> {
        let told = |lookup: Arrival| match pin!(lookup).as_mut().poll(&mut Self::now()) {
            Poll::Ready(Told::Found(found)) => Ok(found),
            Poll::Ready(Told::Failed(failure)) => Err(failure),
            Poll::Ready(Told::Late) | Poll::Pending => panic!("nobody told one of those who looked"),
        };
        std::mem::take(&mut self.lookups).into_iter().map(told).collect()
    }

    /// How much of it was taken.
    fn command(&mut self, bytes: &[u8]) -> usize {
        match Pin::new(&mut self.stream).poll_write(&mut Self::now(), bytes) {
            Poll::Ready(taken) => taken.unwrap(),
            Poll::Pending => 0,
        }
    }

    fn flush(&mut self) {
        assert!(matches!(Pin::new(&mut self.stream).poll_flush(&mut Self::now()), Poll::Ready(Ok(())) | Poll::Pending));
    }

    /// Everything that arrives, in pieces of at most so many bytes.
    fn read(&mut self, most: usize) -> io::Result<()> {
        loop {
            let mut memory = vec![0; most];
            let mut buf = ReadBuf::new(&mut memory);
            match Pin::new(&mut self.stream).poll_read(&mut Self::now(), &mut buf) {
                Poll::Ready(Ok(())) => self.read.extend(buf.filled()),
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending if self.script().says.is_empty() => return Ok(()),
                Poll::Pending => {}
            }
        }
    }

    fn script(&mut self) -> &mut Script {
        self.stream.socket()
    }

    /// What has come to each who asked, in their order; `None` for who was told that there is nothing.
    fn answered(&mut self) -> Vec<Option<Bytes>> {
        let answer = |answer: Answer| match pin!(answer).as_mut().poll(&mut Self::now()) {
            Poll::Ready(answer) => answer.ok().map(|arrived| arrived.bytes),
            Poll::Pending => panic!("nobody told one of those who asked"),
        };
        std::mem::take(&mut self.answers).into_iter().map(answer).collect()
    }
}

/// What commands begin with that ask for several lookups.
const BEGIN: &[u8] = b"$4\r\nMGET\r\n$1\r\no\r\n$1\r\ne\r\n";
const PING: &[u8] = b"*1\r\n$4\r\nPING\r\n";
const LOOK: &[u8] = b"*3\r\n$4\r\nMGET\r\n$1\r\na\r\n$1\r\nb\r\n";

#[test]
fn each_reply_comes_to_whose_command_was_written_when_it_was() {
    let mut world = World::new();
    world.ask(LOOK);
    assert_eq!(world.command(PING), PING.len());
    world.ask(LOOK);
    world.flush();
    assert_eq!(world.script().heard, [LOOK, PING, LOOK].concat());
    let (first, second) = (b"*2\r\n$1\r\n1\r\n$-1\r\n", b"-LOADING wait\r\n");
    world.script().says.push_back([&first[..], b"+PONG\r\n", second].concat());
    world.read(1_000).unwrap();
    assert_eq!(world.read, b"+PONG\r\n");
    assert_eq!(world.answered(), [Some(Bytes::from_static(first)), Some(Bytes::from_static(second))]);
}

#[test]
fn an_array_of_strings_that_answers_the_library_is_the_librarys() {
    let mut world = World::new();
    world.command(LOOK);
    world.ask(LOOK);
    world.flush();
    let reply = b"*2\r\n$1\r\n1\r\n$-1\r\n";
    world.script().says.push_back([&reply[..], reply].concat());
    world.read(1_000).unwrap();
    assert_eq!((world.read.clone(), world.answered()), (reply.to_vec(), vec![Some(Bytes::from_static(reply))]));
}

#[test]
fn nothing_comes_between_the_parts_of_a_command() {
    let mut world = World::new();
    world.script().takes = 5;
    assert_eq!(world.command(PING), 5);
    world.ask(LOOK);
    world.flush();
    world.read(10).unwrap();
    assert_eq!(world.script().heard, &PING[..5]);
    assert_eq!(world.command(&PING[5..]), 5);
    world.script().takes = 100;
    world.command(&PING[10..]);
    world.script().takes = 0;
    world.flush();
    world.script().takes = 7;
    // What is asked goes out as a whole, whoever comes meanwhile.
    assert_eq!(world.command(PING), 7);
    assert_eq!(world.script().heard, [PING, LOOK, &PING[..7]].concat());
}

#[test]
fn news_are_the_librarys_and_answer_nobody() {
    let mut world = World::new();
    world.ask(LOOK);
    world.flush();
    let (news, reply) = (b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nx\r\n", b"*2\r\n$-1\r\n$-1\r\n");
    world.script().says.push_back([&news[..], reply, news].concat());
    world.read(3).unwrap();
    assert_eq!(world.read, [&news[..], news].concat());
    assert_eq!(world.answered(), [Some(Bytes::from_static(reply))]);
}

#[test]
fn after_many_answers_what_is_asked_next_is_written_before_more_is_read() {
    let (mut world, reply) = (World::new(), b"*1\r\n$1\r\n1\r\n");
    (0..100).for_each(|_| world.ask(LOOK));
    world.flush();
    world.script().says.extend([reply.repeat(50), reply.repeat(50)]);
    let mut memory = [0; 10];
    let read = Pin::new(&mut world.stream).poll_read(&mut World::now(), &mut ReadBuf::new(&mut memory));
    assert!(read.is_pending() && world.script().says.len() == 1, "the other half is not read yet");
    world.read(10).unwrap();
    assert!(world.answered().iter().all(Option::is_some));
}

#[test]
fn who_has_gone_gets_nothing_and_nobody_gets_it_instead() {
    let mut world = World::new();
    world.ask(LOOK);
    world.ask(LOOK);
    world.flush();
    drop(world.answers.remove(0));
    world.script().says.push_back(b"*1\r\n$1\r\n1\r\n*1\r\n$1\r\n2\r\n".to_vec());
    world.read(100).unwrap();
    assert_eq!(world.answered(), [Some(Bytes::from_static(b"*1\r\n$1\r\n2\r\n"))]);
}

#[test]
fn whoever_waits_when_the_connection_ends_is_told_and_whoever_asks_later() {
    for garbage in [b"hello\r\n".to_vec(), b"*1\r\n$x\r\n".to_vec(), b"*1\r\n$99999999999999999999\r\n".to_vec()] {
        let mut world = World::new();
        world.ask(LOOK);
        world.flush();
        world.ask(LOOK);
        world.script().says.push_back(garbage);
        let error = world.read(100).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        world.ask(LOOK);
        assert_eq!(world.answered(), [None, None], "the third was told at once");
        assert_eq!(world.read, b"");
    }
    let mut world = World::new();
    world.ask(LOOK);
    drop(world.stream);
    let mut answer = world.answers.pop().unwrap();
    assert!(
        matches!(answer.as_mut().poll(&mut World::now()), Poll::Ready(Err(failure)) if failure.ends_the_connection())
    );
}

#[test]
fn what_is_no_reply_comes_to_the_library_as_it_is_if_it_answers_the_library() {
    let mut world = World::new();
    world.command(PING);
    world.ask(LOOK);
    world.flush();
    let garbage = b"+PO\rNG\r\n>\x00what\r\n*1\r\n$1\r\n1\r\n";
    world.script().says.extend([garbage[..9].to_vec(), garbage[9..].to_vec(), b"more".to_vec()]);
    world.read(4).unwrap();
    assert_eq!(world.read, [&garbage[..], b"more"].concat());
    assert_eq!(world.answered(), [None]);
}

#[test]
fn who_asks_is_told_when_it_is_not_known_where_the_librarys_commands_end() {
    let mut world = World::new();
    world.ask(LOOK);
    world.command(b"hello\r\n");
    world.ask(LOOK);
    world.script().says.push_back(b"+OK\r\n".to_vec());
    world.read(100).unwrap();
    assert_eq!((world.answered(), &world.read[..]), (vec![None], &b"+OK\r\n"[..]));
}

#[test]
fn who_asks_wakes_the_driver_once_until_it_has_looked() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Counting(AtomicUsize);
    impl Wake for Counting {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    let (mut world, woken) = (World::new(), Arc::new(Counting::default()));
    let waker = Waker::from(Arc::clone(&woken));
    for round in 1..=3 {
        let mut memory = [0; 10];
        let read =
            Pin::new(&mut world.stream).poll_read(&mut Context::from_waker(&waker), &mut ReadBuf::new(&mut memory));
        assert!(read.is_pending());
        world.ask(LOOK);
        world.ask(LOOK);
        assert_eq!(woken.0.load(Ordering::SeqCst), round);
        // What is asked is taken, and the driver listens again.
        world.flush();
    }
}
