//! Evictions, flushes, restarts: misses and refused fills, and nothing else.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};

use easy_cache_core::store::{Fill, Filled, Look, Looked, MissReason};
use easy_cache_servers::Memcached;

use crate::world::{KEY, World};
use easy_cache_core::store::Store;

#[tokio::test]
async fn every_record_may_be_lost() {
    let server = Memcached::start();
    let world = World::at(&[server.address()]);
    for kind in ["e:0:k", "k:k", "t:tt", "f:"] {
        world.warm(&["t"]).await;
        world.hit(&["t"]).await;
        world.lose(&server, kind);
        let miss = world.miss(&["t"]).await;
        assert_eq!(miss.reason, if kind == "e:0:k" { MissReason::Absent } else { MissReason::Outdated }, "{kind}");
    }
}

#[tokio::test]
async fn a_record_that_is_lost_during_the_computation_refuses() {
    let server = Memcached::start();
    let world = World::at(&[server.address()]);
    for kind in ["k:k", "t:tt", "f:"] {
        let fence = world.fence(&["t"]).await;
        world.lose(&server, kind);
        assert_eq!(world.fill(b"value", &["t"], &fence).await, Filled::Outdated, "{kind}");
        world.miss(&["t"]).await;
        world.invalidate(&["t"]).await;
    }
}

#[tokio::test]
async fn a_bucket_that_is_lost_refuses_what_is_late() {
    let server = Memcached::start();
    let world = World::at(&[server.address()]);
    world.invalidate(&["late"]).await;
    let fence = world.fence(&[]).await;
    world.invalidate(&["late"]).await;
    world.lose(&server, "o:411");
    world.lose(&server, "o:");
    assert_eq!(world.fill(b"value", &["late"], &fence).await, Filled::Outdated);
}

#[tokio::test]
async fn a_flush_of_the_server_loses_everything_and_nothing_else_happens() {
    let server = Memcached::start();
    let world = World::at(&[server.address()]);
    world.warm(&["t"]).await;
    let late = world.elsewhere();
    drop(late.hit(&["t"]).await);
    server.command("flush_all");
    world.miss(&["t"]).await;
    world.warm(&["t"]).await;
    assert_eq!(late.hit(&["t"]).await.payload, b"value");
}

/// The server's numbers begin anew, so that those of the fence are met again under other records.
#[tokio::test]
async fn a_server_that_was_started_anew_refuses_what_was_computed_before() {
    let server = Memcached::start();
    let world = World::at(&[server.address()]);
    let fence = world.fence(&["t"]).await;
    server.restart();
    let elsewhere = world.elsewhere();
    elsewhere.invalidate(&["t"]).await;
    drop(elsewhere.look(&["t"]).await); // makes empty records under the same numbers
    let filled = world.store.fill(easy_cache_core::store::Fill::new(KEY, b"old", Some(&fence))).await;
    assert!(!matches!(filled, Ok(Filled::Kept)), "{filled:?}");
    elsewhere.miss(&["t"]).await;
}

#[tokio::test]
async fn a_small_server_forgets_and_never_fails() {
    let server = Memcached::options().megabytes(2).start();
    let world = World::at(&[server.address()]);
    let value = vec![7; 20_000];
    for round in 0..400 {
        let key = format!("k{round}");
        let looked = world.store.look(easy_cache_core::store::Look::new(key.as_bytes(), &[])).await.unwrap();
        let easy_cache_core::store::Looked::Miss(miss) = looked else { panic!("a hit") };
        let mut fill = easy_cache_core::store::Fill::new(key.as_bytes(), &value, miss.fence.as_ref());
        fill.ttl = Some(std::time::Duration::from_secs(600));
        world.store.fill(fill).await.unwrap();
        world.invalidate(&[&key]).await;
    }
    assert_ne!(server.command("version"), "");
}

/// Fills a server that evicts nothing, until it takes no item of the sizes that records and small entries have.
fn fill_up(server: SocketAddr) {
    let mut stream = TcpStream::connect(server).unwrap();
    let mut replies = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
    for length in (1..=600).step_by(12) {
        let value = "x".repeat(length);
        let batch = |batch: usize| {
            (0..500).map(|n| format!("set full{length}_{batch}_{n} 0 0 {length}\r\n{value}\r\n")).collect::<String>()
        };
        let full = (0..).find(|number| {
            stream.write_all(batch(*number).as_bytes()).unwrap();
            (0..500).filter(|_| replies.next().unwrap().starts_with("SERVER_ERROR")).count() > 0
        });
        assert!(full.is_some());
    }
}

#[tokio::test]
async fn a_full_server_that_evicts_nothing_keeps_nothing_new_and_invalidates_all_the_same() {
    let server = Memcached::options().megabytes(2).argument("-M").start();
    let world = World::at(&[server.address()]);
    let elsewhere = world.elsewhere();
    world.warm(&["t", "u"]).await;
    elsewhere.hit(&["t", "u"]).await;
    fill_up(server.address());
    assert_eq!(elsewhere.hit(&["t", "u"]).await.payload, b"value", "what is there is served");
    let fence = world.fence_of(b"another").await;
    let fill = Fill::new(b"another", &[7; 300], fence.as_ref());
    assert!(!matches!(world.store.fill(fill).await, Ok(Filled::Kept)), "there is no room");
    let absent = world.store.look(Look::new(b"another", &[])).await;
    assert!(!matches!(absent, Ok(Looked::Hit(_))), "{absent:?}");
    world.invalidate(&["t"]).await;
    let after = elsewhere.store.look(Look::new(KEY, &[])).await;
    assert!(!matches!(after, Ok(Looked::Hit(_))), "it depended on what was invalidated: {after:?}");
    world.store.invalidate(&[], &[KEY]).await.unwrap();
    world.store.invalidate_all().await.unwrap();
}
