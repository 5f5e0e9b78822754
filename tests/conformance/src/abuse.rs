//! Who asks too much: many clients at once that go away in the middle, read slowly, make up values of a varying field and URLs
//! that nobody asked for; and what a site says to them. Each body says what it was made for, and is compared.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_core::Stream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Client;

const KEYS: u64 = 10_000;
const CONNECTIONS: u64 = 64;

/// What is not there by then hangs.
const SOON: Duration = Duration::from_secs(30);

/// The bytes of the page that slow readers ask for.
pub const LARGE: usize = 4 << 20;

/// How long to load: `EASY_CACHE_LOAD_SECONDS`, or so many.
#[must_use]
pub fn load_seconds(usual: u64) -> u64 {
    std::env::var("EASY_CACHE_LOAD_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(usual)
}

/// How many URLs to invent: a hundred thousand if the load lasts a minute, and else so many.
#[must_use]
pub fn urls(usual: usize) -> usize {
    if load_seconds(0) >= 60 { 100_000 } else { usual }
}

/// What a site answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// For `Cache-Control`.
    pub lifetime: &'static str,
    /// For `Vary`, if it varies.
    pub vary: Option<&'static str>,
    /// All of it.
    pub body: String,
    /// How much of it is sent before it breaks off, if it does.
    pub cut_at: Option<usize>,
}

impl Page {
    /// The page of a target, for a client with this `x-value`; `number` counts the answers of the site. One in ten is cut, one
    /// in three of the others is not to be kept.
    #[must_use]
    pub fn of(target: &str, value: &str, number: usize) -> Self {
        match target {
            "/large" => Self { lifetime: "max-age=60", vary: None, body: "x".repeat(LARGE), cut_at: None },
            "/varying" => {
                Self { lifetime: "max-age=60", vary: Some("x-value"), body: body_of(target, value), cut_at: None }
            }
            target => {
                let body = body_of(target, "");
                let lifetime = ["max-age=1", "max-age=60", "no-store"][target.len() % 3];
                let cut_at = (number % 10 == 9).then_some(body.len() / 2);
                Self { lifetime, vary: None, body, cut_at }
            }
        }
    }
}

/// The body of a page as a handler produces it that waits for something in the middle, and may fail there.
#[derive(Debug)]
pub struct Pieces {
    body: Bytes,
    cut_at: Option<usize>,
    waited: bool,
}

impl From<&Page> for Pieces {
    fn from(page: &Page) -> Self {
        Self { body: Bytes::from(page.body.clone()), cut_at: page.cut_at, waited: false }
    }
}

impl Stream for Pieces {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        self.waited = !self.waited;
        if self.waited {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.cut_at == Some(0) {
            return Poll::Ready(Some(Err(io::Error::other("cut"))));
        }
        let size = self.cut_at.unwrap_or(self.body.len()).min(self.body.len()).min(64 << 10);
        let piece = self.body.split_to(size);
        self.cut_at = self.cut_at.map(|left| left - size);
        Poll::Ready((!piece.is_empty()).then_some(Ok(piece)))
    }
}

/// A body that only this target has for this value; up to some kilobytes.
#[must_use]
pub fn body_of(target: &str, value: &str) -> String {
    let length = target.bytes().map(usize::from).sum::<usize>() * 7 % 5000;
    let line = format!("this is {target} for {value}\n");
    line.repeat(1 + length / line.len())
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Ten thousand keys, 64 connections, for so long; clients go away in the middle.
///
/// # Panics
/// If somebody hangs, or gets what is not theirs, or a body that is cut as if it were whole.
pub async fn load(site: SocketAddr, seconds: u64) {
    let until = Instant::now() + Duration::from_secs(seconds);
    let visitors: JoinSet<_> = (0..CONNECTIONS).map(|seed| visit(site, seed, until)).collect();
    let limit = Duration::from_secs(seconds) + 2 * SOON;
    let Ok(_) = tokio::time::timeout(limit, visitors.join_all()).await else { panic!("somebody hangs") };
}

/// Asks at random until the time is over, and a few answers have come however slow this machine is.
async fn visit(site: SocketAddr, seed: u64, until: Instant) {
    let (mut dice, mut client, mut answered) = (Dice(seed), Client::new(site), 0);
    while answered < 5 || Instant::now() < until {
        let target = format!("/{}", dice.throw(KEYS).min(dice.throw(KEYS)));
        let request = format!("GET {target} HTTP/1.1\r\nhost: a\r\n\r\n");
        if dice.throw(20) == 0 {
            go_away(site, &request, dice.throw(2) == 0).await;
            continue;
        }
        let answered_in_time = tokio::time::timeout(SOON, client.send("GET", request.as_bytes())).await;
        let Ok(answer) = answered_in_time else { panic!("{target} hangs") };
        // What was cut where it was made is cut here as well: an error, and never a whole body that is not whole.
        let Ok((_, answer)) = answer else {
            client = Client::new(site);
            continue;
        };
        if answer.status() == 200 {
            assert_eq!(answer.text(), body_of(&target, ""), "{answer:?}");
            answered += 1;
        } else {
            assert_eq!(answer.status(), 502, "{answer:?}");
        }
    }
}

/// Asks, and is gone before or in the middle of the answer.
async fn go_away(site: SocketAddr, request: &str, reads: bool) {
    let Ok(mut stream) = TcpStream::connect(site).await else { return };
    let _gone = stream.write_all(request.as_bytes()).await;
    if reads {
        let _gone = tokio::time::timeout(SOON, stream.read(&mut [0; 200])).await;
    }
}

/// 32 clients ask for a large page and read no more than its beginning; then others are served at once, with the same page as well.
///
/// # Panics
/// If others are not.
pub async fn read_slowly(site: SocketAddr) {
    let mut slow = Vec::new();
    for _ in 0..32 {
        let Ok(mut stream) = TcpStream::connect(site).await else { panic!("nobody is there") };
        let asked = stream.write_all(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n").await;
        let mut some = [0; 10];
        let begun = tokio::time::timeout(SOON, stream.read_exact(&mut some)).await;
        assert!(asked.is_ok() && matches!(begun, Ok(Ok(_))), "a slow reader is not served");
        slow.push(stream);
    }
    let mut client = Client::new(site);
    for (target, length) in [("/varying", body_of("/varying", "").len()), ("/large", LARGE)] {
        let request = format!("GET {target} HTTP/1.1\r\nhost: a\r\n\r\n");
        let answer = tokio::time::timeout(SOON, client.send("GET", request.as_bytes())).await;
        let Ok(Ok((_, answer))) = answer else { panic!("{target} hangs behind slow readers") };
        assert_eq!(answer.body.len(), length);
    }
}

/// A thousand values of the field that a page varies by, twice. Yields how many answers came from the cache.
///
/// # Panics
/// If one is not for the value that was sent.
pub async fn vary(site: SocketAddr) -> usize {
    let (mut client, mut hits) = (Client::new(site), 0);
    for value in (0..1000).chain((0..1000).rev()) {
        let value = value.to_string();
        let request = format!("GET /varying HTTP/1.1\r\nhost: a\r\nx-value: {value}\r\n\r\n");
        let answer = tokio::time::timeout(SOON, client.send("GET", request.as_bytes())).await;
        let Ok(Ok((_, answer))) = answer else { panic!("there is no answer for {value}") };
        assert_eq!(answer.text(), body_of("/varying", &value));
        hits += usize::from(answer.field("cache-status").is_some_and(|status| status.contains("; hit")));
    }
    hits
}

/// So many URLs that nobody asked for before.
///
/// # Panics
/// If one has another's body.
pub async fn invent(site: SocketAddr, urls: usize) {
    let invented = |first: usize| async move {
        let (mut client, mut answered) = (Client::new(site), first);
        while answered < urls {
            let target = format!("/{answered}?{}", answered * 7919);
            let request = format!("GET {target} HTTP/1.1\r\nhost: a\r\n\r\n");
            let answer = tokio::time::timeout(SOON, client.send("GET", request.as_bytes())).await;
            let Ok(answer) = answer else { panic!("{target} hangs") };
            match answer {
                Ok((_, answer)) => assert_eq!(answer.text(), body_of(&target, "")),
                Err(_) => client = Client::new(site), // it was cut where it was made
            }
            answered += 8;
        }
    };
    let all: JoinSet<_> = (0..8).map(invented).collect();
    all.join_all().await;
}
