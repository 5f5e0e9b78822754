//! Names of any length and content, values of any size, and namespaces that do not reach into each other.

use easy_cache_core::Tag;
use easy_cache_core::store::{Fill, Filled, Look, Looked, MissReason, Store};

use easy_cache_redis::RedisStore;

use crate::world::{PATIENCE, World, tags};

impl World {
    async fn keeps(&self, key: &[u8], tags: &[Tag], payload: &[u8]) -> bool {
        let Looked::Miss(miss) = self.store.look(Look::new(key, tags)).await.unwrap() else { panic!("a hit") };
        let mut fill = Fill::new(key, payload, miss.fence.as_ref());
        fill.tags = tags;
        assert_eq!(self.store.fill(fill).await.unwrap(), Filled::Kept);
        self.payload(key).await.as_deref() == Some(payload)
    }

    async fn payload(&self, key: &[u8]) -> Option<Vec<u8>> {
        match self.store.look(Look::new(key, &[])).await.unwrap() {
            Looked::Hit(hit) => Some(hit.payload),
            Looked::Miss(_) => None,
        }
    }
}

#[tokio::test]
async fn any_key_and_any_tag_is_a_name() {
    let world = World::new();
    let long = "ß".repeat(100_000);
    let names = ["", "größe:7", "{braces}", "a b\r\nc", "\0", "*", "%3A:%", "!", "#", &long];
    for name in names {
        let tag = [Tag::new(name), Tag::prefix(name), Tag::row("books", name)];
        assert!(world.keeps(name.as_bytes(), &tag, name.as_bytes()).await, "{name:.20}");
    }
    for name in names {
        assert!(world.payload(name.as_bytes()).await.is_some(), "{name:.20} was dropped by another");
        world.store.invalidate(&[Tag::prefix(name)], &[]).await.unwrap();
        assert_eq!(world.payload(name.as_bytes()).await, None, "{name:.20}");
    }
    let bytes: Vec<u8> = (0..=255).collect();
    assert!(world.keeps(&bytes, &[], &bytes).await);
    world.store.invalidate(&[], &[&bytes]).await.unwrap();
    assert_eq!(world.payload(&bytes).await, None);
}

#[tokio::test]
async fn long_names_that_begin_alike_are_different_names() {
    let world = World::new();
    let name = |last: char| format!("{}{last}", "x".repeat(2_000));
    let both = [name('a'), name('b')];
    for name in &both {
        assert!(world.keeps(name.as_bytes(), &tags(&[name]), name.as_bytes()).await);
    }
    world.store.invalidate(&tags(&[&both[0]]), &[]).await.unwrap();
    assert_eq!(world.payload(both[0].as_bytes()).await, None);
    assert!(world.payload(both[1].as_bytes()).await.is_some());
}

#[tokio::test]
async fn what_depends_on_a_name_that_cannot_be_told_is_not_kept_near() {
    let world = World::new();
    let long = "x".repeat(2_000);
    for (key, tag, followed) in [("k", "t", true), ("long tag", &*long, false), (&*long, "t", false)] {
        assert!(world.keeps(key.as_bytes(), &tags(&[tag]), b"").await);
        let Looked::Hit(hit) = world.store.look(Look::new(key.as_bytes(), &[])).await.unwrap() else {
            panic!("a miss")
        };
        assert_eq!(hit.followed, followed, "{key:.20}, {tag:.20}");
    }
}

#[tokio::test]
async fn values_of_any_size_come_back_as_they_were() {
    let world = World::new();
    for size in [0_u32, 1, 100, 20_000, 3_000_000] {
        let payload: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
        assert!(world.keeps(&size.to_be_bytes(), &tags(&["t"]), &payload).await, "{size}");
    }
}

#[tokio::test]
async fn a_thousand_tags_are_tags_like_others() {
    let world = World::new();
    let names: Vec<String> = (0..1_000).map(|n| format!("tag{n}")).collect();
    let all = names.iter().map(Tag::new).collect::<Vec<_>>();
    for dropped in [0, 499, 999] {
        assert!(world.keeps(b"k", &all, b"value").await);
        world.store.invalidate(&all[dropped..=dropped], &[]).await.unwrap();
        assert_eq!(world.payload(b"k").await, None, "tag {dropped}");
    }
    let many: Vec<Tag> = (0..10_000).map(|n| Tag::row("books", n)).collect();
    assert!(world.keeps(b"many", &many, b"value").await);
    world.store.invalidate(&many[9_000..], &[]).await.unwrap();
    assert_eq!(world.payload(b"many").await, None);
}

#[tokio::test]
async fn namespaces_do_not_reach_into_each_other() {
    let world = World::new();
    let inner = format!("{}:e:0", world.namespace);
    let others = ["{}".to_owned(), format!("{{ec1:{}}}", world.namespace), inner, format!("{}%3A", world.namespace)];
    for namespace in others {
        let other = World {
            store: RedisStore::builder(&namespace).url(&world.url).timeout(PATIENCE).build().unwrap(),
            namespace,
            ..World::new()
        };
        world.store.invalidate_all().await.unwrap();
        world.warm(&["t"]).await;
        assert_ne!(other.reason(&["t"]).await, None);
        other.invalidate(&["t"]).await;
        other.invalidate_key().await;
        other.store.invalidate_all().await.unwrap();
        world.hit(&["t"]).await;
    }
}

#[tokio::test]
async fn a_flush_takes_one_step_whatever_there_is() {
    let server = easy_cache_servers::Redis::start();
    let world = World::at(server.url());
    for n in 0..300_u32 {
        assert!(world.keeps(&n.to_be_bytes(), &tags(&["t"]), b"value").await);
    }
    let before = server.info("total_commands_processed").unwrap().parse::<u64>().unwrap();
    world.store.invalidate_all().await.unwrap();
    let after = server.info("total_commands_processed").unwrap().parse::<u64>().unwrap();
    assert!(after - before < 20, "{}", after - before);
    assert_eq!(
        world
            .store
            .look(Look::new(&7_u32.to_be_bytes(), &[]))
            .await
            .map(|looked| match looked {
                Looked::Hit(_) => None,
                Looked::Miss(miss) => Some(miss.reason),
            })
            .unwrap(),
        Some(MissReason::Outdated)
    );
}
