//! The same on a Redis Cluster, over all of its masters, and with the application's number of groups.

use std::sync::LazyLock;
use std::time::Duration;

use easy_cache_core::{Cache, Tag};
use easy_cache_redis::RedisClusterStore;
use easy_cache_servers::{Cluster, unique};

use crate::world::{Ran, World};

static SHARED: LazyLock<Cluster> = LazyLock::new(|| Cluster::options().replicas(0).start());

fn cluster(groups: usize) -> World {
    let namespace = unique("cli");
    let builder = RedisClusterStore::builder(&namespace).urls(SHARED.urls()).groups(groups);
    let store = builder.timeout(Duration::from_secs(30)).build().unwrap();
    let cache = Cache::builder().namespace(&namespace).store_timeout(Duration::from_secs(30)).store(store).build();
    let nodes = SHARED.nodes().iter().map(|node| node.address().to_string()).collect::<Vec<_>>().join(",");
    World { url: format!("redis+cluster://{nodes}"), namespace, cache }
}

fn run(world: &World, groups: &str, words: &[&str]) -> Ran {
    world.run(["--groups", groups].into_iter().chain(words.iter().copied()))
}

fn warm(world: &World, key: &str) {
    // What is first computed in a namespace may find nothing to be kept under.
    while world.asks_for(key, ["books".into(), Tag::row("authors", 7)]) {}
}

#[test]
fn an_entry_is_found_and_explained_wherever_it_and_its_records_are() {
    for groups in [1, 5] {
        let (world, count) = (cluster(groups), groups.to_string());
        for number in 0..4 {
            let key = format!("book:{number}");
            warm(&world, &key);
            let shown = run(&world, &count, &["get", &key, "--json"]).json();
            let entry = &shown["found"][0];
            assert!((3_500_000..=3_600_000).contains(&entry["remaining_ms"].as_u64().unwrap()), "{entry}");
            let records: Vec<_> =
                entry["depends_on"].as_array().unwrap().iter().map(|one| one["record"].as_str().unwrap()).collect();
            assert_eq!(records, ["current"; 4], "of the namespace, the key, two tags");
        }
        assert_eq!(run(&world, &count, &["get", "book:9"]).code, 3, "nothing is stored there");
    }
}

#[test]
fn what_the_command_invalidates_is_computed_anew_by_the_application() {
    for groups in [1, 5] {
        let (world, count) = (cluster(groups), groups.to_string());
        warm(&world, "book:1");
        for words in [&["invalidate", "--tag", "books"][..], &["invalidate", "--key", "book:1"]] {
            assert_eq!(run(&world, &count, &["explain", "book:1"]).code, 0);
            assert_eq!(run(&world, &count, words).code, 0);
            let after = run(&world, &count, &["explain", "book:1"]);
            assert!(after.code == 4 && after.out.contains("would not be served"), "{after:?}");
            assert!(world.asks_for("book:1", ["books".into(), Tag::row("authors", 7)]), "after {words:?}");
        }
        assert_eq!(run(&world, &count, &["flush", &world.namespace, "--yes"]).code, 0);
        assert!(world.asks_for("book:1", ["books".into()]));
    }
}

#[test]
fn all_masters_are_counted_and_named() {
    let world = cluster(3);
    (0..9).for_each(|number| warm(&world, &format!("book:{number}")));
    let counted = run(&world, "3", &["stats", "--json"]).json();
    assert_eq!((counted["entries"].as_u64(), counted["server"].as_object().unwrap().len()), (Some(9), 3));
    assert_eq!(counted["records"].as_u64(), Some(9 + 2 + 3), "of keys, of two tags, of three groups");
}
