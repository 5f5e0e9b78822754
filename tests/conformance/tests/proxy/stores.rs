//! Proxies that share a store: what one keeps the other serves, what one drops is gone for both, and nothing crosses users or origins.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use conformance::Message;
use easy_cache_servers::{Memcached, Redis};

use crate::support::{answering, proxy_before, raw, response};

/// An origin that numbers its answers, says these fields in them, and shows who asked.
async fn origin(name: &'static str, fields: &'static str) -> SocketAddr {
    let count = Arc::new(AtomicUsize::new(0));
    answering(move |request| {
        let number = count.fetch_add(1, Ordering::Relaxed);
        let who = ["authorization", "cookie"].into_iter().find_map(|field| request.field(field)).unwrap_or_default();
        response(fields, &format!("{name} {number} {who}"))
    })
    .await
}

async fn proxy(origin: SocketAddr, store: &str) -> SocketAddr {
    proxy_before(origin, |options| options.store = Some(store.parse().unwrap())).await
}

async fn ask(proxy: SocketAddr, method: &str, fields: &str) -> Message {
    raw(proxy, &format!("{method} /page HTTP/1.1\r\nhost: shop.example\r\n{fields}\r\n")).await
}

fn is_hit(answer: &Message) -> bool {
    answer.field("cache-status").is_some_and(|status| status.contains("; hit"))
}

/// Asks until the answer comes from the store: what was answered is kept behind the answer.
async fn ask_until_kept(proxy: SocketAddr, fields: &str) -> String {
    for _ in 0..1000 {
        let answer = ask(proxy, "GET", fields).await;
        if is_hit(&answer) {
            return answer.text();
        }
        tokio::task::yield_now().await;
    }
    panic!("nothing is kept");
}

fn stores() -> [String; 2] {
    let (redis, memcached) = (Redis::shared(), Memcached::shared());
    [redis.url(), format!("memcached://{}", memcached.address())]
}

#[tokio::test]
async fn what_one_proxy_keeps_another_serves_and_what_one_drops_is_gone_for_both() {
    for store in stores() {
        let origin = origin("shop", "Cache-Control: max-age=60\r\n").await;
        let (one, two) = (proxy(origin, &store).await, proxy(origin, &store).await);
        let kept = ask_until_kept(one, "").await;
        let answer = ask(two, "GET", "").await;
        assert!(is_hit(&answer) && answer.text() == kept, "{store}: {answer:?}");
        assert_eq!(ask(two, "POST", "content-length: 0\r\n").await.status(), 200);
        for proxy in [one, two] {
            assert_ne!(ask(proxy, "GET", "").await.text(), kept, "{store}");
        }
    }
}

#[tokio::test]
async fn two_users_of_two_proxies_over_one_store_each_get_their_own() {
    let cases = [
        ("Cache-Control: max-age=60\r\n", "authorization: Basic "),
        ("Cache-Control: private, max-age=60\r\n", "cookie: "),
        ("Cache-Control: no-store\r\n", "cookie: "),
        ("Cache-Control: max-age=60\r\nVary: Cookie\r\n", "cookie: "),
        ("Cache-Control: max-age=60\r\nVary: *\r\n", "cookie: "),
    ];
    for store in stores() {
        for (fields, by) in cases {
            let origin = origin("shop", fields).await;
            let (one, two) = (proxy(origin, &store).await, proxy(origin, &store).await);
            for (proxy, user) in [(one, "ann"), (two, "bob"), (one, "bob"), (two, "ann"), (one, "ann")] {
                let answer = ask(proxy, "GET", &format!("{by}{user}\r\n")).await.text();
                assert!(answer.ends_with(user), "{fields} over {store} shows {user}: {answer}");
            }
            let nobodys = ask(two, "GET", "").await.text();
            assert!(nobodys.ends_with(' '), "{fields} over {store} shows a stranger: {nobodys}");
        }
    }
}

#[tokio::test]
async fn proxies_before_different_origins_share_nothing_though_clients_name_the_same_host() {
    for store in stores() {
        let mut proxies = Vec::new();
        for name in ["one", "two"] {
            let proxy = proxy(origin(name, "Cache-Control: max-age=60\r\n").await, &store).await;
            proxies.push((name, proxy));
        }
        for (name, proxy) in proxies {
            let kept = ask_until_kept(proxy, "").await;
            assert!(kept.starts_with(name), "{store}: {kept}");
        }
    }
}

#[tokio::test]
async fn a_store_that_is_down_leaves_the_proxy_without_a_cache_and_not_without_answers() {
    let redis = Redis::start();
    let proxy = proxy(origin("shop", "Cache-Control: max-age=60\r\n").await, &redis.url()).await;
    ask_until_kept(proxy, "").await;
    redis.kill();
    let answer = ask(proxy, "GET", "").await;
    assert!(answer.status() == 200 && !is_hit(&answer), "{answer:?}");
}
