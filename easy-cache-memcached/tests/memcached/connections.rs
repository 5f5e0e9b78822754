//! Servers that go, come back, or hang.

use std::time::{Duration, Instant};

use easy_cache_core::ErrorKind;
use easy_cache_core::store::{Filled, Look, Store, StoreFence};
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

/// A store behind a proxy, and the server itself.
fn cuttable() -> (Proxy, World, Memcached) {
    let server = Memcached::start();
    let proxy = Proxy::before(server.address());
    let world = World::at(&[proxy.address()]);
    (proxy, world, server)
}

/// A miss of which every version is known: nothing but the entry was lost.
async fn seen(world: &World, server: &Memcached) -> StoreFence {
    world.warm(&["t"]).await;
    world.lose(server, "e:0:k");
    world.fence(&["t"]).await
}

async fn cut(proxy: &Proxy, world: &World) {
    proxy.cut();
    works_again(world).await;
}

#[tokio::test]
async fn a_fill_behind_another_connection_is_kept_if_all_its_versions_were_seen_and_are_still_there() {
    let (proxy, world, server) = cuttable();
    let fence = seen(&world, &server).await;
    cut(&proxy, &world).await;
    assert_eq!(world.fill(b"again", &["t"], &fence).await, Filled::Kept, "it needs no number");
    assert_eq!(world.hit(&["t"]).await.payload, b"again");
}

#[tokio::test]
async fn a_fill_behind_another_connection_is_not_kept_if_a_version_was_invalidated_or_lost() {
    for everything in [false, true] {
        let (proxy, world, server) = cuttable();
        let fence = seen(&world, &server).await;
        proxy.cut();
        if everything {
            // What was acknowledged is lost with all records, also with those that the fence has seen.
            world.elsewhere().invalidate(&["t"]).await;
            server.restart();
        } else {
            world.elsewhere().invalidate(&["t"]).await;
        }
        works_again(&world).await;
        assert_eq!(world.fill(b"old", &["t"], &fence).await, Filled::Outdated, "everything: {everything}");
        world.miss(&["t"]).await;
        world.warm(&["t"]).await;
        assert_eq!(world.hit(&["t"]).await.payload, b"value", "also when the records are there again");
    }
}

#[tokio::test]
async fn a_fill_behind_another_connection_is_not_kept_if_it_needs_a_number_from_the_former_one() {
    let (proxy, world, server) = cuttable();
    let empty = world.fence(&["t"]).await;
    cut(&proxy, &world).await;
    assert_eq!(world.fill(b"old", &["t"], &empty).await, Filled::NotKept, "records that the lookup has found empty");
    let late = seen(&world, &server).await;
    cut(&proxy, &world).await;
    assert_eq!(world.fill(b"old", &["t", "late"], &late).await, Filled::NotKept, "a tag that it has not asked for");
    world.miss(&["t", "late"]).await;
}

#[tokio::test]
async fn a_server_that_hangs_costs_the_timeout_and_no_more() {
    let server = Memcached::start();
    let timeout = Duration::from_secs(1);
    let world = World::with(&[server.address()], |builder| builder.timeout(timeout).connect_timeout(timeout));
    works_again(&world).await;
    server.pause();
    for _ in 0..5 {
        let begin = Instant::now();
        assert!(world.store.look(Look::new(KEY, &[])).await.is_err());
        assert!(begin.elapsed() < 3 * timeout, "{:?}", begin.elapsed());
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
