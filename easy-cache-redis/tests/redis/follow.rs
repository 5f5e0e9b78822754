//! A near cache that is told: what it hears, when, and what a proof is worth.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use easy_cache_core::Tag;
use easy_cache_core::store::{Asked, Mark, Mirror, Store, Version};
use easy_cache_redis::RedisStore;
use easy_cache_servers::proxy::{Direction, Fault};
use easy_cache_servers::{Proxy, Redis, wait};
use parking_lot::Mutex;

use crate::world::{KEY, World, tags};

pub(crate) const BOUND: Duration = Duration::from_millis(40);

/// A near cache that only writes down what it hears.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) heard: Mutex<Vec<String>>,
    asked: AtomicU64,
    pub(crate) proved: AtomicU64,
}

impl Mirror for Notes {
    fn forget(&self, tags: &[Tag], keys: &[&[u8]]) {
        let tags = tags.iter().map(|tag| format!("tag {tag}"));
        let keys = keys.iter().map(|key| format!("key {}", String::from_utf8_lossy(key)));
        self.heard.lock().extend(tags.chain(keys));
    }

    fn forget_everything(&self) {
        self.heard.lock().push("everything".to_owned());
    }

    fn ask(&self) -> Asked {
        Asked::new(self.asked.fetch_add(1, Ordering::SeqCst) + 1)
    }

    fn proved(&self, asked: Asked) {
        self.proved.fetch_max(asked.content(), Ordering::SeqCst);
    }
}

impl Notes {
    /// Waits for a proof that was asked for after this moment.
    pub(crate) async fn proof(&self) {
        let asked = self.asked.load(Ordering::SeqCst);
        eventually(|| self.proved.load(Ordering::SeqCst) > asked).await;
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.heard.lock())
    }
}

pub(crate) async fn eventually(condition: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never happened");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A near cache of a store that hears everything by now.
pub(crate) async fn followed(world: &World) -> (Arc<Notes>, easy_cache_core::store::Following) {
    let notes = Arc::new(Notes::default());
    let following = world.store.follow(Arc::clone(&notes) as Arc<dyn Mirror>, BOUND).unwrap();
    notes.proof().await;
    assert_eq!(notes.take(), ["everything"], "what happened before is not known");
    (notes, following)
}

#[tokio::test]
async fn every_change_is_told_before_the_proof_that_was_asked_for_later() {
    let world = World::new();
    world.warm(&["t"]).await;
    let (notes, _following) = followed(&world).await;
    let elsewhere = world.elsewhere();
    elsewhere.invalidate(&["t"]).await;
    notes.proof().await;
    assert_eq!(notes.take(), ["tag t"]);
    elsewhere.invalidate_key().await;
    notes.proof().await;
    assert_eq!(notes.take(), ["key k"]);
    elsewhere.store.invalidate_all().await.unwrap();
    notes.proof().await;
    assert_eq!(notes.take(), ["everything"]);
}

#[tokio::test]
async fn a_hold_is_told_as_well() {
    let world = World::new();
    world.warm(&["t"]).await;
    let (notes, _following) = followed(&world).await;
    let (writer, held) = (Version::random().unwrap(), tags(&["t"]));
    let elsewhere = world.elsewhere();
    for (mark, told) in [(Mark::new(writer, Some(&held)), "tag t"), (Mark::new(writer, None), "everything")] {
        elsewhere.store.hold(mark, Duration::from_secs(30)).await.unwrap();
        notes.proof().await;
        assert_eq!(notes.take(), [told]);
        elsewhere.store.release(mark).await.unwrap();
        notes.proof().await;
        assert_eq!(notes.take(), [told]);
    }
}

#[tokio::test]
async fn reading_and_filling_under_known_names_tell_nothing() {
    let world = World::new();
    world.warm(&["t"]).await;
    let (notes, _following) = followed(&world).await;
    world.hit(&["t"]).await;
    let hit = world.hit(&["t"]).await;
    let tags = tags(&["t"]);
    let mut fill = easy_cache_core::store::Fill::new(KEY, b"again", hit.fence.as_ref());
    fill.tags = &tags;
    world.store.fill(fill).await.unwrap();
    notes.proof().await;
    assert_eq!(notes.take(), [""; 0]);
}

#[tokio::test]
async fn other_namespaces_are_not_told() {
    let (world, other) = (World::new(), World::new());
    let (notes, _following) = followed(&world).await;
    other.warm(&["t"]).await;
    other.invalidate(&["t"]).await;
    other.store.invalidate_all().await.unwrap();
    notes.proof().await;
    assert_eq!(notes.take(), [""; 0]);
}

#[tokio::test]
async fn an_emptied_server_is_told_also_in_another_database() {
    let server = Redis::start();
    let world = World::at(server.url());
    world.warm(&["t"]).await;
    let (notes, _following) = followed(&world).await;
    let mut other = server.connection();
    other.command(["SELECT", "1"]).unwrap();
    for command in ["FLUSHALL", "FLUSHDB"] {
        other.command([command]).unwrap();
        notes.proof().await;
        assert_eq!(notes.take(), ["everything"], "{command}");
    }
}

#[tokio::test]
async fn a_record_that_is_evicted_is_told() {
    let server = Redis::start();
    let world = World::at(server.url());
    world.warm(&["t"]).await;
    let (notes, _following) = followed(&world).await;
    server.command(["CONFIG", "SET", "maxmemory-policy", "volatile-lru"]);
    server.command(["CONFIG", "SET", "maxmemory", "1"]);
    eventually(|| {
        server.command(["SET", "x", "y"]);
        server.command(["DBSIZE"]).number() == Some(3) // the order, the buckets, the epoch
    })
    .await;
    notes.proof().await;
    let mut heard = notes.take();
    heard.sort();
    assert_eq!(heard, ["key k", "tag t"]);
}

#[tokio::test]
async fn a_lost_connection_is_told_at_once_and_nothing_is_proved_until_there_is_another() {
    let server = Redis::start();
    let proxy = Proxy::before(server.address());
    let world = World::at(proxy.redis_url());
    let (notes, _following) = followed(&world).await;
    proxy.refuse(true);
    proxy.cut();
    eventually(|| !notes.heard.lock().is_empty()).await;
    assert!(notes.take().iter().all(|heard| heard == "everything"));
    let proved = notes.proved.load(Ordering::SeqCst);
    world.elsewhere_at(server.url()).invalidate(&["t"]).await;
    assert_eq!(notes.proved.load(Ordering::SeqCst), proved);
    proxy.mend();
    notes.proof().await;
    assert!(notes.take().contains(&"everything".to_owned()), "what happened meanwhile is not known");
}

#[tokio::test]
async fn a_server_that_says_nothing_proves_nothing() {
    let proxy = Proxy::before(Redis::shared().address());
    let world = World::with(proxy.redis_url(), |builder| builder.timeout(Duration::from_secs(1)));
    let (notes, _following) = followed(&world).await;
    proxy.set(Direction::ToServer, Fault::Swallow);
    eventually(|| notes.heard.lock().contains(&"everything".to_owned())).await;
    assert!(notes.proved.load(Ordering::SeqCst) < notes.asked.load(Ordering::SeqCst));
    proxy.mend();
    notes.proof().await;
}

#[tokio::test]
async fn who_stops_following_is_told_nothing_more() {
    let proxy = Proxy::before(Redis::shared().address());
    let world = World::at(proxy.redis_url());
    world.warm(&["t"]).await;
    let (notes, following) = followed(&world).await;
    assert_eq!(proxy.open(), 2);
    drop(following);
    eventually(|| proxy.open() == 1).await;
    notes.take();
    world.invalidate(&["t"]).await;
    assert_eq!(notes.take(), [""; 0]);
}

#[tokio::test]
async fn where_tracking_is_refused_what_is_published_is_told() {
    let server = Redis::start();
    server.command(["ACL", "SETUSER", "default", "-client|tracking"]);
    let world = World::at(server.url());
    world.warm(&["t"]).await;
    let (notes, _following) = followed(&world).await;
    let elsewhere = world.elsewhere();
    elsewhere.store.invalidate(&tags(&["t", "u"]), &[KEY]).await.unwrap();
    notes.proof().await;
    assert_eq!(notes.take(), ["tag t", "tag u", "key k"]);
    elsewhere.store.invalidate_all().await.unwrap();
    notes.proof().await;
    assert_eq!(notes.take(), ["everything"]);
    let (writer, held) = (Version::random().unwrap(), tags(&["t"]));
    elsewhere.store.hold(Mark::new(writer, Some(&held)), Duration::from_secs(30)).await.unwrap();
    notes.proof().await;
    assert_eq!(notes.take(), ["tag t"]);
    elsewhere.store.hold(Mark::new(writer, None), Duration::from_secs(30)).await.unwrap();
    notes.proof().await;
    assert_eq!(notes.take(), ["everything"]);
}

#[tokio::test]
async fn where_publishing_is_forbidden_invalidations_go_on() {
    let server = Redis::start();
    server.command(["ACL", "SETUSER", "default", "-publish"]);
    let world = World::at(server.url());
    world.warm(&["t"]).await;
    let (notes, _following) = followed(&world).await;
    world.invalidate(&["t"]).await;
    notes.proof().await;
    assert_eq!(notes.take(), ["tag t"], "tracking does not need it");
    world.miss(&["t"]).await;
}

#[tokio::test]
async fn a_pool_alone_follows_nothing_and_a_url_beside_it_does() {
    use easy_cache_redis::deadpool_redis::{Config, Runtime};
    let server = Redis::shared();
    let pool = Config::from_url(server.url()).create_pool(Some(Runtime::Tokio1)).unwrap();
    let notes = Arc::new(Notes::default());
    let alone = RedisStore::builder("n").pool(pool.clone()).build().unwrap();
    assert!(alone.follow(Arc::clone(&notes) as Arc<dyn Mirror>, BOUND).is_none());
    let beside = RedisStore::builder("n").pool(pool).news_from(server.url()).build().unwrap();
    let _following = beside.follow(Arc::clone(&notes) as Arc<dyn Mirror>, BOUND).unwrap();
    notes.proof().await;
}

#[tokio::test]
async fn proofs_come_three_times_within_the_bound() {
    let world = World::new();
    let notes = Arc::new(Notes::default());
    let bound = Duration::from_millis(400);
    let _following = world.store.follow(Arc::clone(&notes) as Arc<dyn Mirror>, bound).unwrap();
    eventually(|| notes.proved.load(Ordering::SeqCst) == 1).await;
    let begun = std::time::Instant::now();
    eventually(|| notes.proved.load(Ordering::SeqCst) == 31).await;
    assert!(begun.elapsed() >= bound * 5, "it asks too often: {:?}", begun.elapsed());
    wait::until("thirty proofs are there", || notes.asked.load(Ordering::SeqCst) >= 31);
}
