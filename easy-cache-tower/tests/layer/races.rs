//! Many threads, clients that go away, bodies that stream, and a writer: nothing old is ever seen, and nobody hangs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::channel::Channel;
use tokio::task::{JoinSet, yield_now};

use crate::support::{Broken, Site, request, respond, soon};

const READERS: usize = 8;
const ROUNDS: usize = 1_500;
const CHANGES: u64 = 1_500;

/// Each body is two parts, both of which show the version that was there when it was read.
fn site(version: &Arc<AtomicU64>) -> Site {
    let version = Arc::clone(version);
    Site::with(
        |layer| layer,
        move |cache, call, _| {
            let version = Arc::clone(&version);
            async move {
                easy_cache_core::scope::depend(&cache, ["version"]);
                yield_now().await;
                let text = Bytes::from(format!("{},", version.load(Ordering::SeqCst)));
                let (mut sender, body) = Channel::<Bytes, Broken>::new(1);
                tokio::spawn(async move {
                    let _ = sender.send_data(text.clone()).await;
                    yield_now().await;
                    let _ = sender.send_data(text).await;
                });
                let fields: &[_] = match call % 7 {
                    0 => &[("cache-control", "private")],
                    1 => &[("cache-control", "max-age=60"), ("vary", "a")],
                    _ => &[("cache-control", "max-age=60")],
                };
                Ok(respond(200, fields, body.boxed_unsync()))
            }
        },
    )
}

/// Reads, goes away now and then before the head or the end, and never sees what was old when it asked.
async fn read(site: Site, version: Arc<AtomicU64>, reader: usize) -> usize {
    let mut hits = 0;
    for round in 0..ROUNDS {
        let known = version.load(Ordering::SeqCst);
        match (round * 31 + reader * 17) % 11 {
            0 => {
                let mut asked = Box::pin(site.open(request("GET", "/", &[])));
                let _ = poll_once(asked.as_mut()).await;
            }
            1 => drop(site.open(request("GET", "/", &[])).await.unwrap().into_body().frame().await),
            _ => {
                let answer = soon(site.get("/")).await;
                hits += usize::from(answer.is_hit());
                let parts: Vec<u64> = answer.text().split_terminator(',').map(|part| part.parse().unwrap()).collect();
                assert_eq!(parts.len(), 2);
                assert!(parts.iter().all(|part| *part >= known), "{parts:?} is older than {known}");
            }
        }
    }
    hits
}

/// Polls once and yields.
async fn poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) {
    std::future::poll_fn(|cx| {
        let _ = future.as_mut().poll(cx);
        std::task::Poll::Ready(())
    })
    .await;
    yield_now().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_answer_is_older_than_a_change_that_was_over_when_it_was_asked_for() {
    let version = Arc::new(AtomicU64::new(0));
    // What readers go by: a version is known to them only once its change is over.
    let (written, announced) = (Arc::new(AtomicU64::new(0)), Arc::clone(&version));
    let site = site(&written);
    let cache = site.cache.clone();
    let writer = tokio::spawn(async move {
        for change in 1..=CHANGES {
            written.store(change, Ordering::SeqCst);
            cache.invalidate_tags(["version"]).await.unwrap();
            announced.store(change, Ordering::SeqCst);
            for _ in 0..8 {
                yield_now().await;
            }
        }
    });
    let mut readers = JoinSet::new();
    for reader in 0..READERS {
        readers.spawn(read(site.clone(), Arc::clone(&version), reader));
    }
    let hits: usize = soon(readers.join_all()).await.iter().sum();
    soon(writer).await.unwrap();
    assert!(hits > 0, "the cache was not used at all");
}
