//! Lookups that share a command, and the timer of those who wait for them.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::{Instant, sleep};

use super::super::ask::Wire;
use super::super::frame::{Number, write};
use super::super::slot::Told;
use super::{BEGIN, World};
use crate::failure::Failure;
use crate::layout::Record;
use crate::names::Names;
use crate::together::{Found, Sighted};

pub(super) fn question(records: &[&str], entry: Option<&str>) -> Arc<Names> {
    let mut names = Names::default();
    records.iter().for_each(|record| names.add(record.as_bytes()));
    entry.iter().for_each(|entry| names.add_entry(entry.as_bytes()));
    Arc::new(names)
}

pub(super) fn answered_with(values: &[Option<&[u8]>]) -> Vec<u8> {
    let mut reply = Number::new(b'*', values.len()).to_vec();
    for value in values {
        match value {
            Some(value) => write(&mut reply, value),
            None => reply.extend(b"$-1\r\n"),
        }
    }
    reply
}

/// The words of all commands that were written.
fn heard(world: &mut World) -> Vec<Vec<String>> {
    let text = String::from_utf8(std::mem::take(&mut world.script().heard)).unwrap();
    let words = |command: &str| command.split("\r\n").skip(2).step_by(2).map(str::to_owned).collect();
    text.split('*').skip(1).map(words).collect()
}

fn entries(found: Vec<Result<Found, Failure>>) -> Vec<Option<String>> {
    let entry = |found: Found| found.entry.map(|entry| String::from_utf8(entry.to_vec()).unwrap());
    found.into_iter().map(|found| entry(found.unwrap())).collect()
}

#[test]
fn those_who_ask_at_the_same_time_share_a_command_in_which_each_record_is_once() {
    let mut world = World::new();
    world.look(&question(&["a", "b"], Some("one")));
    world.look(&question(&["b", "c"], None));
    world.look(&question(&["c", "a"], Some("two")));
    world.flush();
    assert_eq!(heard(&mut world), [["MGET", "o", "e", "a", "b", "c", "one", "two"]]);
    let [a, b, c] = [1, 2, 3].map(|version| [version; 16]);
    let reply = [None, Some(&[9; 16][..]), Some(&a), Some(&b), Some(&c), Some(b"first"), None];
    world.script().says.push_back(answered_with(&reply));
    world.read(10).unwrap();
    let found = world.found();
    let version = |version| Record::read(Some(&[version; 16]));
    for (found, versions) in found.iter().zip([[1, 2], [2, 3], [3, 1]]) {
        let found = found.as_ref().unwrap();
        assert_eq!((found.order, found.epoch), (None, version(9)));
        assert!(matches!(&found.records, Sighted::Each(records) if *records == versions.map(version)), "{found:?}");
    }
    assert_eq!(entries(found), [Some("first".to_owned()), None, None]);
}

#[test]
fn a_crowd_takes_several_commands_and_those_who_have_gone_are_not_asked_for() {
    let mut world = World::new();
    (0..100).for_each(|number| world.look(&question(&["tag"], Some(&number.to_string()))));
    for gone in (0..100).rev().step_by(2) {
        drop(world.lookups.remove(gone));
    }
    world.flush();
    let commands = heard(&mut world);
    assert_eq!(commands.iter().map(Vec::len).collect::<Vec<_>>(), [4 + 32, 4 + 18]);
    for command in &commands {
        let values: Vec<_> = command[1..].iter().map(|word| Some(word.as_bytes())).collect();
        world.script().says.push_back(answered_with(&values));
    }
    world.read(100).unwrap();
    let expected: Vec<_> = (0..100).step_by(2).map(|number| Some(number.to_string())).collect();
    assert_eq!(entries(world.found()), expected);
}

#[test]
fn those_of_different_records_do_not_share_a_command() {
    let (mut world, other) = (World::new(), Arc::from(&b"$4\r\nMGET\r\n$1\r\nO\r\n$1\r\nE\r\n"[..]));
    let begin = Arc::clone(&world.begin);
    for (number, begin) in [&begin, &other, &begin, &other].into_iter().enumerate() {
        world.look_behind(begin, &question(&[&number.to_string()], None));
    }
    world.flush();
    let mut commands = heard(&mut world);
    commands.sort();
    assert_eq!(commands, [["MGET", "O", "E", "1", "3"], ["MGET", "o", "e", "0", "2"]]);
}

#[test]
fn large_values_travel_in_small_company_after_the_first() {
    let (mut world, large) = (World::new(), vec![b'x'; 64 << 10]);
    let names: Vec<_> = (0..8).map(|number| question(&["tag"], Some(&number.to_string()))).collect();
    for round in 0..40 {
        names.iter().for_each(|names| world.look(names));
        world.flush();
        let commands = heard(&mut world);
        assert!(round < 39 || commands.len() == 3, "{commands:?}");
        for command in commands {
            let words = command[1..].iter().map(|word| word.as_bytes());
            let values: Vec<_> = words
                .map(|word| Some(if word.len() == 1 && word[0].is_ascii_digit() { &large } else { word }))
                .collect();
            world.script().says.push_back(answered_with(&values));
        }
        world.read(100).unwrap();
        assert!(world.found().into_iter().all(|found| found.unwrap().entry.unwrap() == large));
    }
}

#[test]
fn what_is_no_answer_to_all_of_them_is_told_to_each() {
    for (reply, word) in
        [(&b"-LOADING wait\r\n"[..], "still loads"), (b"*1\r\n$1\r\n1\r\n", "number"), (b"+OK\r\n", "list")]
    {
        let mut world = World::new();
        (0..3).for_each(|_| world.look(&question(&["record"], Some("entry"))));
        world.flush();
        world.script().says.push_back(reply.to_vec());
        world.read(100).unwrap();
        let found = world.found();
        assert_eq!(found.len(), 3);
        assert!(found.into_iter().all(|found| found.unwrap_err().to_string().contains(word)), "{word}");
    }
}

#[test]
fn who_looks_is_told_when_the_connection_ends_before_and_after_the_command_was_written() {
    let mut world = World::new();
    let names = question(&["record"], None);
    world.look(&names);
    world.flush();
    world.look(&names);
    drop(world.stream);
    let (wire, lookups) = (world.wire, world.lookups);
    assert!(wire.question(&Arc::from(BEGIN), &names, |_, _| ()).is_err());
    for lookup in lookups {
        let told = Builder::new_current_thread().build().unwrap().block_on(lookup);
        assert!(matches!(told, Told::Failed(failure) if failure.ends_the_connection()));
    }
}

const SOON: Duration = Duration::from_millis(100);

async fn ask(wire: Arc<Wire>, deadline: Instant) -> (Told, Instant) {
    let told = wire.ask_together(&Arc::from(BEGIN), &question(&["record"], None), deadline).await;
    (told.unwrap(), Instant::now())
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_beyond_the_deadline_also_those_who_come_while_others_wait() {
    let (wire, begun) = (Arc::<Wire>::default(), Instant::now());
    let mut asked = Vec::new();
    for _ in 0..5 {
        let deadline = Instant::now() + SOON;
        asked.push((deadline, tokio::spawn(ask(Arc::clone(&wire), deadline))));
        sleep(SOON * 2 / 5).await;
    }
    for (deadline, asked) in asked {
        let (told, at) = asked.await.unwrap();
        assert!(matches!(told, Told::Late), "{told:?}");
        assert!(at >= deadline && at < deadline + SOON / 10, "{:?} after the beginning", at - begun);
    }
    // The timer is over, and begins anew.
    let deadline = Instant::now() + SOON;
    assert!(matches!(ask(wire, deadline).await, (Told::Late, at) if at < deadline + SOON / 10));
}

#[tokio::test(start_paused = true)]
async fn who_is_due_before_those_who_have_come_earlier_is_told_first() {
    let (wire, begun) = (Arc::<Wire>::default(), Instant::now());
    let patient = tokio::spawn(ask(Arc::clone(&wire), begun + SOON * 9));
    sleep(SOON / 10).await;
    let (told, at) = ask(wire, begun + SOON).await;
    assert!(matches!(told, Told::Late) && at < begun + SOON * 2, "{:?} after the beginning", at - begun);
    assert!(matches!(patient.await.unwrap(), (Told::Late, at) if at >= begun + SOON * 9));
}

#[tokio::test(start_paused = true)]
async fn who_waits_on_another_runtime_than_the_timer_does_not_depend_on_it() {
    let wire = Arc::<Wire>::default();
    let first = tokio::spawn(ask(Arc::clone(&wire), Instant::now() + SOON));
    tokio::task::yield_now().await;
    // This one's timer cannot go off now: the thread that would see to it waits for the other runtime.
    let elsewhere = std::thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async { ask(wire, Instant::now() + SOON).await.0 })
    });
    assert!(matches!(elsewhere.join().unwrap(), Told::Late));
    assert!(matches!(first.await.unwrap().0, Told::Late));
}

#[test]
fn who_waits_is_told_when_the_runtime_of_the_timer_ends_and_the_next_begins_anew() {
    let wire = Arc::<Wire>::default();
    let runtime = || Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let (first, names, begin) = (runtime(), question(&["record"], None), Arc::from(BEGIN));
    let (left, keeper) = first.block_on(async {
        let asked = tokio::spawn(ask(Arc::clone(&wire), Instant::now() + SOON));
        tokio::task::yield_now().await;
        let here = super::super::watch::here();
        let left = wire.question(&begin, &names, |watch, slot| watch.add(here, Instant::now() + SOON, slot));
        drop(asked);
        left.unwrap()
    });
    assert_eq!(keeper, super::super::watch::Keeper::Watch);
    drop(first);
    assert!(matches!(runtime().block_on(left), Told::Failed(Failure::Pool(_))));
    assert!(matches!(runtime().block_on(ask(wire, Instant::now() + SOON)).0, Told::Late));
}
