//! Eight readers at full speed against two writers: nothing from before an answered write is ever seen.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::task::JoinSet;

use crate::ledger::Ledger;
use crate::shop::{Framework, Shop, on_every_framework, on_every_server};
use crate::visitors::Visitor;
use crate::writers::{writer_of_bulk, writer_of_rows};

const READERS: usize = 8;
const ROUNDS_OF_ROWS: usize = 60;
const ROUNDS_OF_BULK: usize = 240;
const FEWEST_CHECKS: usize = 20_000;

on_every_framework![
    no_answer_shows_the_state_from_before_an_answered_write,
    nor_with_a_database_whose_readers_run_beside_its_writer,
];
on_every_server![no_answer_shows_the_state_from_before_an_answered_write];

async fn no_answer_shows_the_state_from_before_an_answered_write(framework: Framework) {
    run(Shop::open(framework).await).await;
}

async fn nor_with_a_database_whose_readers_run_beside_its_writer(framework: Framework) {
    run(Shop::open_on_file(framework, "consistency").await).await;
}

async fn run(shop: Shop) {
    let ledger = Arc::new(Ledger::prepare(&mut shop.client().await).await);
    let mut readers = JoinSet::new();
    for number in 0..READERS {
        readers.spawn(Visitor::new(shop.client().await, Arc::clone(&ledger)).walk(number));
    }
    let mut writers = JoinSet::new();
    writers.spawn(writer_of_rows(shop.client().await, Arc::clone(&ledger), ROUNDS_OF_ROWS));
    writers.spawn(writer_of_bulk(shop.client().await, Arc::clone(&ledger), ROUNDS_OF_BULK));
    while let Some(written) = writers.join_next().await {
        written.unwrap();
    }
    ledger.done.store(true, Ordering::SeqCst);
    let visits = readers.join_all().await;
    let (checks, hits): (Vec<_>, Vec<_>) = visits.iter().map(|visits| (visits.checks, visits.hits)).unzip();
    let (checks, hits) = (checks.iter().sum::<usize>(), hits.iter().sum::<usize>());
    println!("{checks} checks, {hits} hits");
    assert!(checks >= FEWEST_CHECKS, "only {checks} checks");
    assert!(hits > checks / 50, "only {hits} hits in {checks} checks: the cache was hardly used");
    shop.close().await;
}
