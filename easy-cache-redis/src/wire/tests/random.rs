//! Any replies, cut anywhere.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;

use deadpool_redis::redis::{Value, parse_redis_value};
use proptest::prelude::*;

use super::super::frame::{Boundary, Strings};
use super::super::reply::Reply;
use super::replies::arrived;
use super::together::{answered_with, question};
use super::{LOOK, PING, World};

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

    /// Which of the four: the library's, that of who asks, news, or that of who asks together with others.
    #[test]
    fn any_replies_cut_anywhere_come_to_those_they_belong_to_byte_for_byte(
        replies in prop::collection::vec((0..4_u8, reply()), 1..12),
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
                3 => world.look(&question(&["record"], Some("entry"))),
                _ => {}
            }
            (0..40).for_each(|_| world.flush());
        }
        let said: Vec<Vec<u8>> = replies.iter().zip(0_u64..).map(|((whose, reply), number)| match whose {
            0 | 1 => reply.clone(),
            2 => news(),
            _ => answered_with(&[Some(b"order"), Some(b"epoch"), None, Some(&number.to_le_bytes())]),
        }).collect();
        let pieces = cut(&said.concat(), &places);
        world.script().says = pieces;
        world.read(at_once).unwrap();
        let of = |whose: &[u8]| replies.iter().zip(&said).filter(|((of, _), _)| whose.contains(of)).map(|(_, said)| said.clone()).collect::<Vec<_>>();
        prop_assert_eq!(&world.read, &of(&[0, 2]).concat());
        let answered: Vec<Vec<u8>> = world.answered().into_iter().map(|answer| answer.unwrap().to_vec()).collect();
        prop_assert_eq!(answered, of(&[1]));
        let entries: Vec<_> = world.found().into_iter().map(|found| found.unwrap().entry.unwrap().to_vec()).collect();
        let numbers = replies.iter().zip(0_u64..).filter(|((whose, _), _)| *whose == 3).map(|(_, number)| number.to_le_bytes().to_vec());
        prop_assert_eq!(entries, numbers.collect::<Vec<_>>());
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
        (0..asked).for_each(|_| world.look(&question(&["record"], Some("entry"))));
        world.flush();
        world.script().says.push_back(bytes.clone());
        let _ = world.read(at_once);
        let _ = Reply::of(arrived(&bytes), 2);
        let World { stream, mut answers, mut lookups, .. } = world;
        drop(stream);
        prop_assert!(answers.iter_mut().all(|answer| answer.as_mut().poll(&mut World::now()).is_ready()));
        prop_assert!(lookups.iter_mut().all(|lookup| Pin::new(lookup).poll(&mut World::now()).is_ready()));
    }
}
