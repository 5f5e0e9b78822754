//! The stream between a library that is a script and a server that is one: whatever the pieces in which bytes arrive and are taken.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use deadpool_redis::redis::{Value, parse_redis_value};
use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::ask::{Arrived, Wire};
use super::frame::{Boundary, Garbage, Strings};
use super::reply::Reply;
use super::stream::Stream;

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

type Answer = Pin<Box<dyn Future<Output = Result<Arrived, crate::failure::Failure>>>>;

/// The stream, and the two who use it.
struct World {
    stream: Stream<Script>,
    wire: Arc<Wire>,
    answers: Vec<Answer>,
    /// What has come to the library.
    read: Vec<u8>,
}

impl World {
    fn new() -> Self {
        let wire = Arc::new(Wire::default());
        let script = Script { takes: usize::MAX, ..Script::default() };
        Self { stream: Stream::new(script, Arc::clone(&wire)), wire, answers: Vec::new(), read: Vec::new() }
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
fn what_lies_about_its_length_takes_no_memory() {
    // More than there can be is garbage; what there could be is waited for.
    for (claim, waits) in [
        ("$281474976710656", true),
        ("$281474976710657", false),
        ("*281474976710656", true),
        ("%9999999999999999", false),
    ] {
        let read = Boundary::default().advance(format!("{claim}\r\n").as_bytes());
        assert_eq!(read, if waits { Ok((claim.len() + 2, false)) } else { Err(Garbage) }, "{claim}");
    }
    let deep = "*281474976710656\r\n".repeat(100_000);
    let mut boundary = Boundary::default();
    assert!(boundary.advance(deep.as_bytes()) == Err(Garbage) || !boundary.is_between(), "without a stack");
    let mut world = World::new();
    world.ask(LOOK);
    world.flush();
    world.script().says.push_back(b"*2\r\n$281474976710656\r\nabc".to_vec());
    world.read(100).unwrap();
    assert!(world.stream.memory() < 1 << 20, "{}", world.stream.memory());
}

#[test]
fn negative_lengths_are_missing_values_or_nothing_that_is_known() {
    for (bytes, complete) in [
        ("$-1\r\n", Some(true)),
        ("$-0\r\n\r\n", Some(true)),
        ("*-1\r\n", Some(true)),
        ("*2\r\n$-1\r\n", Some(false)),
        ("%-1\r\n", None),
        ("=-1\r\n", None),
        ("$-\r\n", None),
        ("$--1\r\n", None),
        ("$\r\n", None),
    ] {
        let read = Boundary::default().advance(bytes.as_bytes()).ok();
        assert_eq!(read, complete.map(|complete| (bytes.len(), complete)), "{bytes:?}");
    }
}

fn arrived(bytes: &[u8]) -> Arrived {
    Arrived { bytes: Bytes::copy_from_slice(bytes), strings: Strings::measure(bytes) }
}

#[test]
fn a_reply_is_as_many_strings_as_were_asked_for_or_what_the_library_makes_of_it() {
    let of = |bytes: &[u8], count| Reply::of(arrived(bytes), count);
    let reply = of(b"*3\r\n$2\r\n\r\n\r\n$-1\r\n$0\r\n\r\n", 3).unwrap();
    assert_eq!(reply.values().collect::<Vec<_>>(), [Some(&b"\r\n"[..]), None, Some(b"")]);
    for (other, word) in [
        (&b"*1\r\n$1\r\n1\r\n"[..], "number"),
        (b"*2\r\n$1\r\n1\r\n:1\r\n", ""),
        (b"$1\r\n1\r\n", "list"),
        (b"*-1\r\n", "list"),
        (b"+OK\r\n", "list"),
        (b"-LOADING wait\r\n", "still loads"),
        (b"!7\r\nERR bad\r\n", "bad"),
    ] {
        match of(other, 2) {
            Ok(reply) => assert_eq!(reply.values().collect::<Vec<_>>(), [Some(&b"1"[..]), None], "{other:?}"),
            Err(failure) => assert!(failure.to_string().contains(word) && !word.is_empty(), "{failure}"),
        }
    }
}

/// Any reply that a server could send, as it is sent.
fn reply() -> impl Strategy<Value = Vec<u8>> {
    let text = "[a-z ]{0,12}";
    let leaf = prop_oneof![
        (prop::sample::select(vec!["+", "-ERR ", "-"]), text)
            .prop_map(|(of, text)| format!("{of}{text}\r\n").into_bytes()),
        any::<i64>().prop_map(|number| format!(":{number}\r\n").into_bytes()),
        prop::sample::select(vec!["_\r\n", "#t\r\n", "#f\r\n", ",1.5\r\n", "(123\r\n", "$-1\r\n", "*-1\r\n"])
            .prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| string(b'$', &bytes)),
        text.prop_map(|text| string(b'=', format!("txt:{text}").as_bytes())),
        text.prop_map(|text| string(b'!', format!("ERR {text}").as_bytes())),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let values = prop::collection::vec(inner.clone(), 0..5);
        prop_oneof![
            (prop::sample::select(vec![b'*', b'~']), values.clone()).prop_map(|(of, values)| several(
                of,
                values.len(),
                &values
            )),
            (prop::collection::vec((inner.clone(), inner.clone()), 0..3)).prop_map(|pairs| {
                let values: Vec<_> = pairs.iter().flat_map(|(key, value)| [key.clone(), value.clone()]).collect();
                several(b'%', pairs.len(), &values)
            }),
            (inner.clone(), inner.clone(), inner).prop_map(|(key, value, said_of)| several(
                b'|',
                1,
                &[key, value, said_of]
            )),
        ]
    })
}

fn string(of: u8, bytes: &[u8]) -> Vec<u8> {
    [&[of], bytes.len().to_string().as_bytes(), b"\r\n", bytes, b"\r\n"].concat()
}

fn several(of: u8, count: usize, values: &[Vec<u8>]) -> Vec<u8> {
    [&[of][..], count.to_string().as_bytes(), b"\r\n", &values.concat()].concat()
}

fn news() -> Vec<u8> {
    several(b'>', 2, &[string(b'$', b"invalidate"), several(b'*', 1, &[string(b'$', b"x")])])
}

/// The bytes in pieces, cut at these places.
fn cut(bytes: &[u8], places: &[prop::sample::Index]) -> VecDeque<Vec<u8>> {
    let mut ends: Vec<usize> = places.iter().map(|place| place.index(bytes.len() + 1)).collect();
    ends.extend([0, bytes.len()]);
    ends.sort_unstable();
    ends.windows(2).map(|ends| bytes[ends[0]..ends[1]].to_vec()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Which of the three: the library's, news, or that of who asks.
    #[test]
    fn any_replies_cut_anywhere_come_to_those_they_belong_to_byte_for_byte(
        replies in prop::collection::vec((0..3_u8, reply()), 1..12),
        places in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        at_once in 1..64_usize,
        takes in 1..40_usize,
    ) {
        let mut world = World::new();
        world.script().takes = takes;
        for (whose, _) in &replies {
            match whose {
                0 => {
                    let mut command = PING;
                    while !command.is_empty() {
                        command = &command[world.command(command)..];
                    }
                }
                1 => world.ask(LOOK),
                _ => {}
            }
            (0..40).for_each(|_| world.flush());
        }
        let said: Vec<Vec<u8>> =
            replies.iter().map(|(whose, reply)| if *whose < 2 { reply.clone() } else { news() }).collect();
        let pieces = cut(&said.concat(), &places);
        world.script().says = pieces;
        world.read(at_once).unwrap();
        let of = |asker: bool| replies.iter().zip(&said).filter(move |((whose, _), _)| (*whose == 1) == asker).map(|(_, said)| said.clone());
        prop_assert_eq!(&world.read, &of(false).collect::<Vec<_>>().concat());
        let answered: Vec<Vec<u8>> = world.answered().into_iter().map(|answer| answer.unwrap().to_vec()).collect();
        prop_assert_eq!(answered, of(true).collect::<Vec<_>>());
    }

    #[test]
    fn a_reply_ends_where_the_library_says_and_its_strings_are_the_same(reply in reply(), more: Vec<u8>) {
        let bytes = [&reply[..], &more].concat();
        prop_assert_eq!(Boundary::default().advance(&bytes), Ok((reply.len(), true)));
        let value = parse_redis_value(&reply).unwrap();
        if let (Value::Array(values), true) = (&value, reply[0] == b'*') {
            let strings = values.iter().all(|value| matches!(value, Value::BulkString(_) | Value::Nil));
            let found = Strings::of(&reply).filter(|_| Strings::measure(&bytes).is_some_and(|it| it.count == values.len()));
            // A missing value may be written in two more ways.
            prop_assert!(found.is_none() || strings);
            if let Some(found) = found {
                let found: Vec<_> = found.map(|found| found.map_or(Value::Nil, |found| Value::BulkString(found.to_vec()))).collect();
                prop_assert_eq!(&found, values);
            }
        }
    }

    #[test]
    fn any_bytes_at_all_are_read_without_a_panic_and_nobody_waits_for_ever(
        bytes in prop::collection::vec(prop::sample::select(b"*$>%|~+-:=!_,#(0123459\r\nab".to_vec()), 0..60),
        asked in 0..3_usize,
        at_once in 1..20_usize,
    ) {
        let mut world = World::new();
        (0..asked).for_each(|_| world.ask(LOOK));
        world.flush();
        world.script().says.push_back(bytes.clone());
        let _ = world.read(at_once);
        let _ = Reply::of(arrived(&bytes), 2);
        let World { stream, mut answers, .. } = world;
        drop(stream);
        prop_assert!(answers.iter_mut().all(|answer| answer.as_mut().poll(&mut World::now()).is_ready()));
    }
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
