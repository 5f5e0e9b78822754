//! Many threads, clients that go away, bodies that stream, and a writer: nothing old is ever seen, and nobody hangs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::channel::Channel;
use tokio::task::{JoinSet, yield_now};

use crate::support::{Broken, Site, request, respond, seconds, soon};

/// Ends a test that hangs, and not one that a busy machine takes its time for: each answer has a limit of its own.
async fn in_time<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(seconds(120), future).await.expect("this hangs")
}

const READERS: usize = 8;
const ROUNDS: usize = 1_500 / crate::SLOWER;
const CHANGES: u64 = 1_500 / crate::SLOWER as u64;

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

/// Confirms, fails, and is served stale and refreshed behind answers: what is stale is still never outdated.
fn site_of_stale_answers(version: &Arc<AtomicU64>) -> Site {
    let version = Arc::clone(version);
    Site::with(
        |layer| layer,
        move |cache, call, asked| {
            let version = Arc::clone(&version);
            async move {
                easy_cache_core::scope::depend(&cache, ["version"]);
                yield_now().await;
                let text = version.load(Ordering::SeqCst).to_string();
                yield_now().await;
                let tag = format!("\"{text}\"");
                let stale = match call % 3 {
                    0 => "max-age=1",
                    1 => "max-age=1, stale-while-revalidate=2",
                    _ => "max-age=1, stale-if-error=2",
                };
                let fields = [("etag", tag.as_str()), ("cache-control", stale)];
                let has_it = asked.headers().get("if-none-match").is_some_and(|known| known == tag.as_str());
                let (status, body) = match call % 5 {
                    0 => (503, String::new()),
                    _ if has_it => (304, String::new()),
                    _ => (200, format!("{text},{text}")),
                };
                let body = http_body_util::Full::new(Bytes::from(body)).map_err(crate::support::never);
                Ok(respond(status, if status == 503 { &[] } else { &fields }, body.boxed_unsync()))
            }
        },
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn stale_answers_are_never_outdated_however_they_are_asked_about_and_refreshed() {
    // The readers move the clock, and one of them is the writer: however fast which thread is, versions live for some seconds.
    let (written, announced) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let site = site_of_stale_answers(&written);
    let mut readers = JoinSet::new();
    for reader in 0..READERS {
        let (site, written, announced) = (site.clone(), Arc::clone(&written), Arc::clone(&announced));
        readers.spawn(async move {
            let mut seen = [0_usize; 3];
            for round in 0..ROUNDS {
                if reader == 0 && round % 50 == 0 {
                    let change = written.fetch_add(1, Ordering::SeqCst) + 1;
                    site.cache.invalidate_tags(["version"]).await.unwrap();
                    announced.store(change, Ordering::SeqCst);
                }
                site.clock.advance(std::time::Duration::from_millis(20));
                let known = announced.load(Ordering::SeqCst);
                if round % 11 == 1 {
                    let mut asked = Box::pin(site.open(request("GET", "/", &[])));
                    poll_once(asked.as_mut()).await;
                    continue;
                }
                let answer = soon(site.get("/")).await;
                if answer.status == 503 {
                    continue;
                }
                let (left, right) = answer.text().split_once(',').unwrap();
                assert!(left == right && left.parse::<u64>().unwrap() >= known, "{left} is older than {known}");
                let said = answer.said();
                seen[0] += usize::from(said.is_hit() && said.number("ttl") < Some(0));
                seen[1] += usize::from(said.number("fwd-status") == Some(304));
                seen[2] += usize::from(said.word("detail") == Some("stale-if-error"));
            }
            seen
        });
    }
    let seen =
        in_time(readers.join_all()).await.into_iter().fold([0; 3], |sum, one| [0, 1, 2].map(|at| sum[at] + one[at]));
    if crate::place::IS_THE_PROCESS {
        assert!(seen.iter().all(|count| *count > 0), "stale, confirmed, standing in: {seen:?}");
    }
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
    let hits: usize = in_time(readers.join_all()).await.iter().sum();
    in_time(writer).await.unwrap();
    assert!(hits > 0, "the cache was not used at all");
}
