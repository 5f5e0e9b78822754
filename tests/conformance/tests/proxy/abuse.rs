//! Many clients, slow ones, ones that go away, and an origin that breaks off: nobody hangs, and nobody gets another's bytes.
//!
//! Short by default; `EASY_CACHE_LOAD_SECONDS=60` makes the load last a minute.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use conformance::{Client, read_message};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::support::{answering, proxy_before, raw, raw_origin, response, soon};

const KEYS: u64 = 10_000;
const CONNECTIONS: u64 = 64;

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A body that only this target has; up to some kilobytes.
fn body_of(target: &str) -> String {
    let length = target.bytes().map(usize::from).sum::<usize>() * 7 % 5000;
    let line = format!("this is {target}\n");
    line.repeat(1 + length / line.len())
}

fn load_seconds() -> u64 {
    std::env::var("EASY_CACHE_LOAD_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(2)
}

/// Every tenth answer breaks off half-way.
async fn breaking_off() -> SocketAddr {
    let answers = Arc::new(AtomicUsize::new(0));
    raw_origin(move |_, mut stream| {
        let answers = Arc::clone(&answers);
        async move {
            while let Some(request) = read_message(&mut stream).await? {
                let whole = response("Cache-Control: max-age=1\r\n", &body_of(request.target()));
                if answers.fetch_add(1, Ordering::Relaxed) % 10 == 9 {
                    return stream.write_all(&whole.as_bytes()[..whole.len() - 10]).await;
                }
                stream.write_all(whole.as_bytes()).await?;
            }
            Ok(())
        }
    })
    .await
}

/// Asks at random until the time is over, and a few answers have come however slow this machine is; every now and then it goes
/// away in the middle.
async fn visit(proxy: SocketAddr, seed: u64, until: Instant) {
    let (mut dice, mut client, mut answered) = (Dice(seed), Client::new(proxy), 0);
    while answered < 5 || Instant::now() < until {
        let target = format!("/{}", dice.throw(KEYS).min(dice.throw(KEYS)));
        let request = format!("GET {target} HTTP/1.1\r\nhost: a\r\n\r\n");
        if dice.throw(20) == 0 {
            let mut stream = TcpStream::connect(proxy).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut some = [0; 200];
            if dice.throw(2) == 0 {
                let _ = stream.read(&mut some).await;
            }
            continue;
        }
        // What was cut at the origin is cut here as well: an error, and never a whole body that is not whole.
        let Ok((_, answer)) = soon(client.send("GET", request.as_bytes())).await else {
            client = Client::new(proxy);
            continue;
        };
        if answer.status() == 200 {
            assert_eq!(answer.text(), body_of(&target), "{answer:?}");
            answered += 1;
        } else {
            assert_eq!(answer.status(), 502, "{answer:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_with_clients_that_go_away_nobody_hangs_or_gets_what_is_not_theirs() {
    let proxy = proxy_before(breaking_off().await, |options| options.size = 4 << 20).await;
    let until = Instant::now() + Duration::from_secs(load_seconds());
    let visitors: JoinSet<_> = (0..CONNECTIONS).map(|seed| visit(proxy, seed, until)).collect();
    let limit = Duration::from_secs(load_seconds() + 30);
    tokio::time::timeout(limit, visitors.join_all()).await.expect("this hangs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_readers_hold_up_nobody_else() {
    let large = "x".repeat(4 << 20);
    let origin = answering(move |request| match request.target() {
        "/large" => response("Cache-Control: max-age=60\r\n", &large),
        _ => response("Cache-Control: max-age=60\r\n", "small"),
    });
    let proxy = proxy_before(origin.await, |options| options.size = 1 << 30).await;
    let mut slow = Vec::new();
    for _ in 0..32 {
        let mut stream = TcpStream::connect(proxy).await.unwrap();
        stream.write_all(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        let mut some = [0; 10];
        soon(stream.read_exact(&mut some)).await.unwrap();
        slow.push(stream);
    }
    assert_eq!(raw(proxy, "GET /small HTTP/1.1\r\nhost: a\r\n\r\n").await.text(), "small");
    assert_eq!(raw(proxy, "GET /large HTTP/1.1\r\nhost: a\r\n\r\n").await.body.len(), 4 << 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_values_of_a_varying_field_each_gets_its_own_and_few_are_kept() {
    let origin = answering(|request| {
        let value = request.field("x-value").unwrap_or_default();
        response("Cache-Control: max-age=60\r\nVary: X-Value\r\n", &value)
    });
    let proxy = proxy_before(origin.await, |_| {}).await;
    let (mut client, mut hits) = (Client::new(proxy), 0);
    for value in (0..1000).chain((0..1000).rev()) {
        let request = format!("GET / HTTP/1.1\r\nhost: a\r\nx-value: {value}\r\n\r\n");
        let (_, answer) = soon(client.send("GET", request.as_bytes())).await.unwrap();
        assert_eq!(answer.text(), value.to_string());
        hits += usize::from(answer.field("cache-status").unwrap().contains("; hit"));
    }
    assert!((1..=64).contains(&hits), "{hits} variants were kept");
}
