//! Values leave by one codec and are read by whichever wrote them; what cannot be read, or is too large, is computed.

use easy_cache_core::store::PlainStore;
use easy_cache_core::testing::{ManualClock, MemoryPlainStore};
use easy_cache_core::{Cache, CacheBuilder};
use serde::{Deserialize, Serialize};
use tracing::Level;

use crate::listener::listen;

/// One store, and the caches of as many processes as are made.
struct World(MemoryPlainStore, ManualClock);

impl World {
    fn new() -> Self {
        let clock = ManualClock::new();
        let world = Self(MemoryPlainStore::new(clock.clock()), clock);
        world.process(|builder| builder).invalidate_all().wait().unwrap();
        world
    }

    fn process(&self, set: impl FnOnce(CacheBuilder) -> CacheBuilder) -> Cache {
        set(Cache::builder().clock(self.1.clock()).plain_store(self.0.clone())).build()
    }
}

fn value<T: Serialize + for<'de> Deserialize<'de> + Clone + Send + Sync + 'static>(cache: &Cache, computed: T) -> T {
    cache.get_or_compute_sync("k", || Some(computed)).wait().unwrap()
}

fn unreadable(told: &[String]) -> usize {
    told.iter().filter(|line| line.contains("cannot be read")).count()
}

#[cfg(feature = "json")]
#[test]
fn processes_with_different_codecs_share_what_they_keep() {
    // case 72
    use easy_cache_core::Codec;

    let world = World::new();
    let (one, other) = (world.process(|builder| builder), world.process(|builder| builder.codec(Codec::Json)));
    assert_eq!(value(&one, "one".to_owned()), "one");
    assert_eq!(value(&other, "other".to_owned()), "one");
    one.invalidate_key("k").wait().unwrap();
    assert_eq!(value(&other, "other".to_owned()), "other");
    assert_eq!(value(&one, "one".to_owned()), "other");
}

/// Written by a codec without names, it cannot be read while the field is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Unlucky {
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<u8>,
}

#[test]
fn bytes_that_cannot_be_read_are_a_miss_that_is_told_once_and_are_replaced() {
    // case 73
    let world = World::new();
    let cache = world.process(|builder| builder);
    value(&cache, Unlucky { field: None });
    let (read, told) = listen(Level::WARN, || value(&cache, Unlucky { field: Some(2) }));
    assert_eq!((read.field, unreadable(&told)), (Some(2), 1), "{told:?}");
    let (read, told) = listen(Level::WARN, || value(&cache, Unlucky { field: Some(3) }));
    assert_eq!((read.field, unreadable(&told)), (Some(2), 0), "{told:?}");
}

#[test]
fn bytes_of_anybody_else_are_a_miss_and_are_replaced() {
    // case 73
    let world = World::new();
    let cache = world.process(|builder| builder);
    for bytes in [&b""[..], b"anything", &[0xff; 100], b"eCh\x01", b"eCh\x02 of another release"] {
        value(&cache, 1);
        for key in world.0.keys().into_iter().filter(|key| key.contains(":e:")) {
            poll_ready(world.0.set(&key, bytes, None));
        }
        assert_eq!((value(&cache, 2), value(&cache, 3)), (2, 2), "{bytes:?}");
        cache.invalidate_key("k").wait().unwrap();
    }
}

/// What this store is asked, it answers at once.
fn poll_ready<T, E: std::fmt::Debug>(operation: impl Future<Output = Result<T, E>>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(operation).poll(&mut context) {
        std::task::Poll::Ready(result) => result.unwrap(),
        std::task::Poll::Pending => panic!("it did not answer"),
    }
}

#[test]
fn the_largest_value_that_is_sent_is_the_builders_to_say() {
    let world = World::new();
    let small = world.process(|builder| builder.largest_value(1_000));
    let is_kept = |cache: &Cache, len: usize| {
        let first = value(cache, "a".repeat(len));
        let kept = value(cache, "b".repeat(len)) == first;
        cache.invalidate_key("k").wait().unwrap();
        kept
    };
    assert!(is_kept(&small, 980));
    assert!(!is_kept(&small, 1_000));
    assert!(is_kept(&world.process(|builder| builder), 1_000));
}

#[cfg(feature = "lz4")]
#[test]
fn compressed_values_are_read_by_who_does_not_compress() {
    let world = World::new();
    let squeezing = world.process(|builder| builder.compress_above(100).largest_value(1_000));
    let text = "abc".repeat(10_000);
    assert_eq!(value(&squeezing, text.clone()), text);
    assert_eq!(value(&world.process(|builder| builder), String::new()), text);
}
