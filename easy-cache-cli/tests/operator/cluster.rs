//! The same on a Redis Cluster, over all of its masters, and with the application's number of groups, which nobody has to say.

use std::sync::LazyLock;
use std::time::Duration;

use easy_cache_core::{Cache, Tag};
use easy_cache_redis::RedisClusterStore;
use easy_cache_servers::{Cluster, unique};

use crate::world::{Ran, World};

static SHARED: LazyLock<Cluster> = LazyLock::new(Cluster::start);

pub(crate) fn cluster(groups: usize) -> World {
    let namespace = unique("cli");
    let builder = RedisClusterStore::builder(&namespace).urls(SHARED.urls()).groups(groups);
    let store = builder.timeout(Duration::from_secs(30)).build().unwrap();
    let cache = Cache::builder().namespace(&namespace).store_timeout(Duration::from_secs(30)).store(store).build();
    let nodes = SHARED.nodes().iter().map(|node| node.address().to_string()).collect::<Vec<_>>().join(",");
    World { url: format!("redis+cluster://{nodes}"), namespace, cache }
}

fn run(world: &World, words: &[&str]) -> Ran {
    world.run(words.iter().copied())
}

fn warm(world: &World, key: &str) {
    // What is first computed in a namespace may find nothing to be kept under.
    let kept = (0..20).any(|_| !world.asks_for(key, ["books".into(), Tag::row("authors", 7)]));
    assert!(kept, "what is computed is never kept");
}

#[test]
fn an_entry_is_found_and_explained_wherever_it_and_its_records_are() {
    for groups in [1, 5] {
        let world = cluster(groups);
        for number in 0..4 {
            let key = format!("book:{number}");
            warm(&world, &key);
            let shown = run(&world, &["get", &key, "--json"]).json();
            let entry = &shown["found"][0];
            assert!((3_500_000..=3_600_000).contains(&entry["remaining_ms"].as_u64().unwrap()), "{entry}");
            let records: Vec<_> =
                entry["depends_on"].as_array().unwrap().iter().map(|one| one["record"].as_str().unwrap()).collect();
            assert_eq!(records, ["current"; 4], "of the namespace, the key, two tags");
        }
        assert_eq!(run(&world, &["get", "book:9"]).code, 3, "nothing is stored there");
    }
}

#[test]
fn what_the_command_invalidates_is_computed_anew_by_the_application() {
    for groups in [1, 5] {
        let world = cluster(groups);
        warm(&world, "book:1");
        for words in [&["invalidate", "--tag", "books"][..], &["invalidate", "--key", "book:1"]] {
            assert_eq!(run(&world, &["explain", "book:1"]).code, 0);
            assert_eq!(run(&world, words).code, 0);
            let after = run(&world, &["explain", "book:1"]);
            assert!(after.code == 4 && after.out.contains("would not be served"), "{after:?}");
            assert!(world.asks_for("book:1", ["books".into(), Tag::row("authors", 7)]), "after {words:?}");
        }
        assert_eq!(run(&world, &["flush", &world.namespace, "--yes"]).code, 0);
        assert!(world.asks_for("book:1", ["books".into()]));
    }
}

#[test]
fn all_masters_are_counted_and_named() {
    let world = cluster(3);
    (0..9).for_each(|number| warm(&world, &format!("book:{number}")));
    let counted = run(&world, &["stats", "--json"]).json();
    assert_eq!((counted["entries"].as_u64(), counted["server"].as_object().unwrap().len()), (Some(9), 3));
    assert_eq!(counted["records"].as_u64(), Some(9 + 2 + 3), "of keys, of two tags, of three groups");
}

#[test]
fn a_wrong_number_of_groups_is_refused_and_nothing_is_done() {
    for (groups, wrong) in [(4, "1"), (1, "4")] {
        let world = cluster(groups);
        warm(&world, "book:1");
        for words in [&["invalidate", "--tag", "books"][..], &["get", "book:1"], &["flush", &world.namespace, "--yes"]]
        {
            let refused = world.run(["--groups", wrong].into_iter().chain(words.iter().copied()));
            assert!(refused.code == 2 && refused.err.contains(&format!("into {groups} groups")), "{refused:?}");
        }
        assert_eq!(run(&world, &["explain", "book:1"]).code, 0);
        let right = groups.to_string();
        assert_eq!(world.run(["--groups", &right, "invalidate", "--tag", "books"]).code, 0);
        assert!(world.asks_for("book:1", ["books".into()]));
    }
}

#[test]
fn a_namespace_that_no_application_uses_is_told() {
    let world = cluster(4);
    for words in [&["invalidate", "--tag", "books"][..], &["stats"], &["get", "book:1"]] {
        let none = run(&world, words);
        assert!(none.code == 1 && none.err.contains("no application uses the namespace"), "{none:?}");
    }
    assert_eq!(world.run(["--groups", "4", "invalidate", "--tag", "books"]).code, 0);
    assert_eq!(run(&world, &["invalidate", "--tag", "books"]).code, 0, "it was begun with that");
}
