//! Where replies end, and what is in one.

use bytes::Bytes;

use super::super::ask::Arrived;
use super::super::frame::{Boundary, Garbage, Strings};
use super::super::reply::Reply;
use super::{LOOK, World};

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

pub(super) fn arrived(bytes: &[u8]) -> Arrived {
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
