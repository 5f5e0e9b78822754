//! Many clients, slow ones, ones that go away, and an origin that breaks off: nobody hangs, and nobody gets another's bytes.
//!
//! Short by default; `EASY_CACHE_LOAD_SECONDS=60` makes the load last a minute.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use conformance::abuse::{self, Page};
use conformance::read_message;
use tokio::io::AsyncWriteExt;

use crate::support::{proxy_before, raw_origin, response};

/// Some of its answers break off half-way.
async fn breaking_off() -> SocketAddr {
    let answers = Arc::new(AtomicUsize::new(0));
    raw_origin(move |_, mut stream| {
        let answers = Arc::clone(&answers);
        async move {
            while let Some(request) = read_message(&mut stream).await? {
                let value = request.field("x-value").unwrap_or_default();
                let page = Page::of(request.target(), &value, answers.fetch_add(1, Ordering::Relaxed));
                let vary = page.vary.map(|field| format!("Vary: {field}\r\n")).unwrap_or_default();
                let whole = response(&format!("Cache-Control: {}\r\n{vary}", page.lifetime), &page.body);
                if let Some(at) = page.cut_at {
                    return stream.write_all(&whole.as_bytes()[..whole.len() - page.body.len() + at]).await;
                }
                stream.write_all(whole.as_bytes()).await?;
            }
            Ok(())
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_with_clients_that_go_away_nobody_hangs_or_gets_what_is_not_theirs() {
    let proxy = proxy_before(breaking_off().await, |options| options.size = 4 << 20).await;
    abuse::load(proxy, abuse::load_seconds(2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_readers_hold_up_nobody_else() {
    abuse::read_slowly(proxy_before(breaking_off().await, |options| options.size = 1 << 30).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_values_of_a_varying_field_each_gets_its_own_and_few_are_kept() {
    let hits = abuse::vary(proxy_before(breaking_off().await, |_| {}).await).await;
    assert!((1..=64).contains(&hits), "{hits} variants were kept");
}
