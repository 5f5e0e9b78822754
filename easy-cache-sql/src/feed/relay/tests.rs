//! Relays over a made-up database: what a name is worth, what is read again, and when a position is saved.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use easy_cache_core::testing::{Fault, Faults, ManualClock, MemoryPlainStore};
use easy_cache_core::{Cache, Tag};
use parking_lot::Mutex;

use super::*;
use crate::Analyzer;

/// An outbox of PostgreSQL's kind: each write, and each save, is a transaction. Clones are connections.
#[derive(Clone, Default)]
struct Made(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// The transactions that have changed book 1.
    changes: Vec<i64>,
    transactions: i64,
    saved: Option<String>,
    saves: usize,
    refuses_saves: bool,
}

impl Made {
    fn write(&self) {
        let mut state = self.0.lock();
        state.transactions += 1;
        let transaction = state.transactions;
        state.changes.push(transaction);
    }

    fn saves(&self) -> usize {
        self.0.lock().saves
    }
}

impl Ask for Made {
    type Error = &'static str;

    async fn rows(&mut self, sql: String, _: Vec<String>) -> Result<Vec<Texts>, Self::Error> {
        let state = self.0.lock();
        let row = |id: Option<i64>| -> Texts {
            let text = |text: &str| id.map(|_| text.to_owned());
            let [floor, now] = [state.transactions + 1, 50].map(|number| Some(number.to_string()));
            vec![id.map(|id| id.to_string()), text("books"), text("U"), text("[[1]]"), floor, now]
        };
        if sql == Outbox::load(Dialect::Postgres) {
            return Ok(state.saved.iter().map(|saved| vec![Some(saved.clone()), Some("0".into())]).collect());
        }
        if sql == Outbox::start(Dialect::Postgres) {
            return Ok(vec![row(None)]);
        }
        let Some((_, from)) = sql.split_once("transaction >= ") else { return Ok(Vec::new()) };
        let from: i64 = from.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap();
        let rows: Vec<_> = state.changes.iter().filter(|id| **id >= from).map(|id| row(Some(*id))).collect();
        Ok(if rows.is_empty() { vec![row(None)] } else { rows })
    }

    async fn run(&mut self, _: String, values: Vec<String>) -> Result<(), Self::Error> {
        let mut state = self.0.lock();
        if state.refuses_saves {
            return Err("not now");
        }
        state.saved = values.into_iter().nth(1);
        state.transactions += 1;
        state.saves += 1;
        Ok(())
    }
}

/// A store that others share, with faults.
struct Site {
    clock: ManualClock,
    store: Faults<MemoryPlainStore>,
    database: Made,
}

impl Site {
    fn new() -> Self {
        let clock = ManualClock::new();
        let store = Faults::new(MemoryPlainStore::new(clock.clock()));
        Self { clock, store, database: Made::default() }
    }

    /// A relay of another process.
    fn relay(&self) -> Relay<Made> {
        self.relay_in("")
    }

    fn relay_in(&self, namespace: &str) -> Relay<Made> {
        let cache = Cache::builder().clock(self.clock.clock()).namespace(namespace);
        let cache = cache.plain_store(self.store.clone()).build();
        relay(&self.database, &cache)
    }
}

fn relay(database: &Made, cache: &Cache) -> Relay<Made> {
    let hook = Hook::new(Analyzer::builder(Dialect::Postgres).build(), cache.clone(), crate::hook::HOLD_FOR);
    Relay::over(database.clone(), &hook).named("shop")
}

fn look(relay: &mut Relay<Made>) -> Result<usize, &'static str> {
    let mut look = pin!(relay.look());
    loop {
        if let Poll::Ready(looked) = look.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return looked;
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_named_relay_over_memory_drops_what_another_one_has_read() {
    let (database, old, new) = (Made::default(), Cache::new(), Cache::new());
    let mut first = relay(&database, &old);
    look(&mut first).unwrap();
    new.set("book", 1).tags([Tag::table("books")]).wait();
    database.write();
    look(&mut first).unwrap();
    look(&mut relay(&database, &new)).unwrap();
    assert!(!new.contains("book").wait());
    assert_eq!(database.saves(), 0, "nobody may read on from what is in the memory of another process");
}

#[test]
fn a_named_relay_over_a_store_reads_on() {
    let site = Site::new();
    let mut first = site.relay();
    look(&mut first).unwrap();
    site.database.write();
    assert_eq!(look(&mut first), Ok(1));
    site.database.write();
    assert_eq!(look(&mut site.relay()), Ok(1), "the one that nobody has read");
}

#[test]
fn a_relay_does_not_read_on_where_one_of_another_namespace_stopped_and_does_where_nobody_said_which() {
    let site = Site::new();
    look(&mut site.relay_in("shop")).unwrap();
    site.database.write();
    let begins = |namespace: &str| look(&mut site.relay_in(namespace)).unwrap() == 0;
    assert!(begins("Shop"), "what is new is not told: all is dropped");
    assert!(begins("shop"), "the other has saved its own");
    site.database.write();
    assert!(!begins("shop"));
    let mut state = site.database.0.lock();
    state.saved = state
        .saved
        .take()
        .map(|saved| saved.replace(r#","namespace":"shop""#, "").replace(r#""namespace":"shop","#, ""));
    assert!(!state.saved.as_ref().unwrap().contains("namespace"));
    drop(state);
    site.database.write();
    assert!(!begins("Shop"), "saved before namespaces were");
}

#[test]
fn what_the_store_did_not_take_is_read_again_also_by_the_next_process() {
    let site = Site::new();
    let mut relay = site.relay();
    look(&mut relay).unwrap();
    site.database.write();
    let down = site.store.inject(Fault::Fail, |_| true);
    assert_eq!(look(&mut relay), Ok(1));
    assert!(down.count() > 0);
    drop(down);
    drop(relay);
    let mut next = site.relay();
    assert_eq!(look(&mut next), Ok(1), "the one before did not deliver it");
    assert_eq!(look(&mut next), Ok(0));
}

#[test]
fn a_relay_whose_beginning_the_store_did_not_take_begins_again() {
    let site = Site::new();
    let mut relay = site.relay();
    let down = site.store.inject(Fault::Fail, |_| true);
    look(&mut relay).unwrap();
    assert!(down.count() > 0);
    assert_eq!((site.database.saves(), relay.outbox.is_none()), (0, true));
    drop(down);
    look(&mut relay).unwrap();
    assert_eq!((site.database.saves(), relay.outbox.is_none()), (1, false));
}

#[test]
fn a_relay_that_hears_nothing_writes_nothing_but_a_sign_of_life() {
    let site = Site::new();
    let mut relay = site.relay().keep(Duration::from_secs(1_000));
    (0..10).for_each(|_| assert_eq!(look(&mut relay), Ok(0)));
    assert_eq!(site.database.saves(), 1, "its own saves are no news");
    site.clock.advance(Duration::from_secs(100));
    (0..10).for_each(|_| assert_eq!(look(&mut relay), Ok(0)));
    assert_eq!(site.database.saves(), 2);
    site.database.write();
    assert_eq!(look(&mut relay), Ok(1));
    assert_eq!(site.database.saves(), 3);
}

#[test]
fn a_position_that_could_not_be_saved_is_saved_by_the_next_look() {
    let site = Site::new();
    let mut relay = site.relay();
    look(&mut relay).unwrap();
    site.database.write();
    site.database.0.lock().refuses_saves = true;
    assert_eq!(look(&mut relay), Err("not now"));
    site.database.0.lock().refuses_saves = false;
    assert_eq!(look(&mut relay), Ok(0));
    assert_eq!(site.database.saves(), 2);
    assert_eq!(look(&mut site.relay()), Ok(0), "nothing is left to be read");
}

#[test]
fn a_relay_that_looks_once_in_an_age_overflows_nothing() {
    let site = Site::new();
    site.database.0.lock().refuses_saves = true;
    let mut run = pin!(site.relay().every(Duration::MAX).run());
    for _ in 0..100 {
        assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
}
