//! Servers that go, come back, or hang.

use std::time::{Duration, Instant};

use easy_cache_core::ErrorKind;
use easy_cache_core::store::{Look, Store};
use easy_cache_servers::{Memcached, Proxy};

use crate::world::{KEY, World};

const SOON: Duration = Duration::from_secs(20);

/// Tries until it succeeds: a server that is back is noticed after a pause.
async fn works_again(world: &World) {
    let begin = Instant::now();
    while let Err(error) = world.store.look(Look::new(KEY, &[])).await {
        assert!(begin.elapsed() < SOON, "{error}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_server_that_is_back_is_used_again() {
    let server = Memcached::start();
    let world = World::at(&[server.address()]);
    world.warm(&["t"]).await;
    server.kill();
    let error = world.store.look(Look::new(KEY, &[])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store, "{error}");
    server.start_again();
    works_again(&world).await;
    world.warm(&["t"]).await;
    world.hit(&["t"]).await;
}

#[tokio::test]
async fn a_cut_connection_is_replaced() {
    let proxy = Proxy::before(Memcached::shared().address());
    let world = World::at(&[proxy.address()]);
    world.warm(&["t"]).await;
    proxy.cut();
    works_again(&world).await;
    world.hit(&["t"]).await;
}

#[tokio::test]
async fn a_server_that_hangs_costs_the_timeout_and_no_more() {
    let server = Memcached::start();
    let timeout = Duration::from_millis(100);
    let world = World::with(&[server.address()], |builder| builder.timeout(timeout).connect_timeout(timeout));
    works_again(&world).await;
    server.pause();
    for _ in 0..5 {
        let begin = Instant::now();
        assert!(world.store.look(Look::new(KEY, &[])).await.is_err());
        assert!(begin.elapsed() < SOON / 2, "{:?}", begin.elapsed());
    }
    server.resume();
    works_again(&world).await;
}

#[tokio::test]
async fn callers_that_go_away_leave_the_connection_to_the_others() {
    let world = World::new();
    world.warm(&["t"]).await;
    for _ in 0..100 {
        let mut look = std::pin::pin!(world.look(&["t"]));
        assert!(futures_poll(look.as_mut()).await.is_none(), "it is sent, and not answered yet");
    }
    assert_eq!(world.hit(&["t"]).await.payload, b"value");
}

/// Polls once.
async fn futures_poll<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    std::future::poll_fn(|cx| {
        std::task::Poll::Ready(match future.as_mut().poll(cx) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test]
async fn many_callers_share_one_connection() {
    let proxy = Proxy::before(Memcached::shared().address());
    let world = std::sync::Arc::new(World::at(&[proxy.address()]));
    world.warm(&["t"]).await;
    let callers = (0..500).map(|_| {
        let world = world.clone();
        tokio::spawn(async move { world.hit(&["t"]).await.payload })
    });
    for caller in callers.collect::<Vec<_>>() {
        assert_eq!(caller.await.unwrap(), b"value");
    }
    assert_eq!(proxy.accepted(), 1);
}
