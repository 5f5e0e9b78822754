//! A namespace as a whole: counted, flushed, followed, measured.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use easy_cache_core::Tag;

use crate::world::{both, command, memcached, redis};

#[test]
fn stats_count_the_entries_of_the_namespace_and_ask_the_server() {
    for world in both() {
        (0..3).for_each(|number| _ = world.asks_for(&format!("book:{number}"), ["books".into()]));
        let json = world.run(["stats", "--json"]).json();
        // Three keys, a tag, the namespace.
        assert_eq!((json["entries"].as_u64(), json["records"].as_u64()), (Some(3), Some(5)), "{json}");
        assert!(
            json["server"].as_object().unwrap().contains_key("uptime_in_seconds")
                || json["server"]["uptime"].is_string(),
            "{json}"
        );
        let table = world.run(["stats"]);
        assert!(table.out.lines().any(|line| line.split_whitespace().eq(["entries", "3"])), "{table:?}");
    }
}

#[test]
fn a_flush_asks_and_does_nothing_if_nobody_answers() {
    for world in both() {
        world.asks_for("book:1", []);
        let dry = world.run(["flush", &world.namespace, "--dry-run"]);
        assert!(dry.code == 0 && dry.out.contains("would drop 1 entries"), "{dry:?}");
        let refused = world.run(["flush", &world.namespace]);
        assert!(refused.code == 5 && refused.err.contains("--yes"), "{refused:?}");
        assert!(!world.asks_for("book:1", []), "it was dropped all the same");
        let done = world.run(["flush", &world.namespace, "--yes"]);
        assert!(done.code == 0 && done.out.contains("dropped everything"), "{done:?}");
        assert!(world.asks_for("book:1", []), "it was not dropped");
    }
}

#[test]
fn what_changes_is_followed_as_it_changes() {
    let world = redis();
    world.asks_for("book:1", ["books".into(), Tag::row("books", 1)]);
    let place = ["--url", &world.url, "-n", &world.namespace, "--timeout", "30s"];
    let words = place.into_iter().chain(["watch", "--json", "--count", "2", "--seconds", "100"]);
    let mut child = command(words).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut events = lines.map(|line| serde_json::from_str::<serde_json::Value>(&line.unwrap()).unwrap());
    assert_eq!(events.next().unwrap()["what"], "listening");
    assert_eq!(world.run(["invalidate", "--row", "books:1", "--tag", "books"]).code, 0);
    let mut names: Vec<_> = events.map(|event| (event["what"].to_string(), event["name"].to_string())).collect();
    names.sort();
    let expected =
        [("row", "books:1"), ("tag", "books")].map(|(what, name)| (format!("{what:?}"), format!("{name:?}")));
    assert_eq!(names, expected);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_store_that_tells_nothing_cannot_be_followed() {
    let refused = memcached().run(["watch"]);
    assert!(refused.code == 1 && refused.err.contains("tells nobody of changes"), "{refused:?}");
}

#[test]
fn following_ends_after_its_time() {
    let over = redis().run(["watch", "--seconds", "1"]);
    assert_eq!((over.code, over.err.as_str()), (0, ""));
}

#[test]
fn a_bench_measures_three_operations_and_leaves_no_records() {
    for world in both() {
        let measured = world.run(["bench", "--seconds", "1", "--concurrency", "4", "--json"]);
        assert_eq!(measured.code, 0, "{measured:?}");
        for operation in ["hit", "miss and fill", "invalidation"] {
            let numbers = &measured.json()["operations"][operation];
            assert!(numbers["per_second"].as_f64().unwrap() > 1.0, "{operation}: {numbers}");
            assert!(numbers["p50_us"].as_u64() <= numbers["p99_us"].as_u64(), "{operation}: {numbers}");
        }
    }
}
