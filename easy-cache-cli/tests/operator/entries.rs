//! One entry: shown, explained, dropped by each of its names.

use std::time::Duration;

use easy_cache_core::Tag;
use easy_cache_core::store::Found;
use easy_cache_servers::Redis;

use crate::world::{both, redis};

#[test]
fn an_entry_is_shown_with_its_value_and_all_that_it_depends_on() {
    for world in both() {
        world.asks_for("book:1", ["books".into(), Tag::row("authors", 7)]);
        let shown = world.run(["get", "book:1"]);
        assert_eq!(shown.code, 0, "{shown:?}");
        for words in [
            "Emma, by Jane Austen",
            "remaining",
            "FAMILY     NAME",
            "namespace",
            "tag        books",
            "row        authors:7",
        ] {
            assert!(shown.out.contains(words), "`{words}` is missing in {}", shown.out);
        }
        let json = world.run(["get", "book:1", "--json"]).json();
        let entry = &json["found"][0];
        assert!((3_500_000..=3_600_000).contains(&entry["remaining_ms"].as_u64().unwrap()), "{entry}");
        let names: Vec<_> =
            entry["depends_on"].as_array().unwrap().iter().map(|one| one["record"].as_str().unwrap()).collect();
        assert_eq!(names, ["current"; 4]);
    }
}

#[test]
fn the_raw_value_is_written_and_nothing_else() {
    for world in both() {
        world.asks_for("book:1", []);
        let json = world.run(["get", "book:1", "--json"]).json();
        let kind = json["found"][0]["kind"].as_str().unwrap();
        let raw = world.run(["get", "book:1", "--raw", "--kind", kind]);
        assert!(raw.code == 0 && raw.out.contains("Emma, by Jane Austen"), "{raw:?}");
        assert_eq!(raw.length as u64, json["found"][0]["bytes"].as_u64().unwrap());
        assert_eq!(world.run(["get", "book:1", "--raw", "--kind", "1"]).code, 3, "of that kind there is none");
    }
}

#[test]
fn tags_are_a_table_with_their_families() {
    for world in both() {
        world.asks_for("book:1", ["books".into(), Tag::table("authors"), Tag::prefix("book")]);
        let tags = world.run(["tags", "book:1"]);
        let rows: Vec<Vec<&str>> = tags.out.lines().map(|line| line.split_whitespace().take(3).collect()).collect();
        let expected = [
            ["FAMILY", "NAME", "RECORD"],
            ["table", "authors", "current"],
            ["prefix", "book", "current"],
            ["tag", "books", "current"],
        ];
        assert_eq!(rows.len(), expected.len(), "{tags:?}");
        for row in expected {
            assert!(rows.contains(&row.to_vec()), "{row:?} is missing in {}", tags.out);
        }
    }
}

#[test]
fn what_is_served_is_explained_as_served_and_what_is_not_by_the_name_that_changed() {
    for world in both() {
        world.asks_for("book:1", ["books".into(), "authors".into()]);
        let before = world.run(["explain", "book:1"]);
        assert!(before.code == 0 && before.out.contains("would be served\n  all 4 records"), "{before:?}");
        let done = world.run(["invalidate", "--tag", "books"]);
        assert!(done.code == 0 && done.out.contains("books"), "{done:?}");
        let after = world.run(["explain", "book:1"]);
        assert_eq!(after.code, 4, "{after:?}");
        assert!(
            after.out.contains("would not be served") && after.out.contains("the tag `books` was invalidated"),
            "{after:?}"
        );
        assert!(!after.out.contains("authors"), "{after:?}");
        let json = world.run(["explain", "book:1", "--json"]);
        assert_eq!((json.code, &json.json()["served"]), (4, &false.into()));
        assert!(world.asks_for("book:1", ["books".into(), "authors".into()]), "the application computes it anew");
        assert_eq!(world.run(["explain", "book:1"]).code, 0);
    }
}

#[test]
fn what_a_writer_holds_is_explained_as_held() {
    for world in both() {
        world.asks_for("book:1", ["books".into()]);
        let hold = world.cache.hold(["books"], Duration::from_secs(600)).wait();
        let held = world.run(["explain", "book:1"]);
        assert!(held.code == 4 && held.out.contains("the tag `books` is held by a writer"), "{held:?}");
        drop(hold);
    }
}

#[test]
fn each_name_drops_what_carries_it_and_a_dry_run_drops_nothing() {
    let names = [
        (["--tag", "books"], Tag::new("books")),
        (["--prefix", "shop"], Tag::prefix("shop")),
        (["--table", "books"], Tag::table("books")),
        (["--table", "books"], Tag::unknown_rows("books")),
        (["--row", "books:42"], Tag::row("books", 42)),
        (["--row", "books:42"], Tag::table("books")),
        (["--key", "book:6"], Tag::new("unrelated")),
    ];
    for world in both() {
        for (number, (option, tag)) in names.iter().enumerate() {
            let key = format!("book:{number}");
            let asks = || world.asks_for(&key, [tag.clone()]);
            assert!(asks(), "it was there already");
            let dry = world.run(["invalidate", "--dry-run"].into_iter().chain(*option));
            assert!(dry.code == 0 && dry.out.starts_with("WOULD BE INVALIDATED"), "{dry:?}");
            assert!(!asks(), "a dry run of {option:?} has dropped it");
            let done = world.run(["invalidate"].into_iter().chain(*option));
            assert!(done.code == 0 && done.out.starts_with("INVALIDATED"), "{done:?}");
            assert!(asks(), "{option:?} has not dropped it");
        }
    }
}

#[test]
fn a_key_under_which_nothing_is_stored_is_no_entry() {
    for world in both() {
        for command in ["get", "explain", "tags"] {
            let none = world.run([command, "book:1"]);
            assert!(none.code == 3 && none.out.contains("nothing is stored under `book:1`"), "{none:?}");
        }
    }
}

#[test]
fn bytes_of_others_are_called_unreadable() {
    let world = redis();
    world.asks_for("book:1", []);
    let kind = world.run(["get", "book:1", "--json"]).json()["found"][0]["kind"].as_str().unwrap().to_owned();
    let name = format!("ec1:{}:e:{kind}:book:1", world.namespace);
    assert_eq!(Redis::shared().command(["SET", &name, "nonsense"]).to_string(), "OK");
    let got = world.run(["get", "book:1"]);
    assert!(got.code == 0 && got.out.contains("8 bytes that are no entry"), "{got:?}");
    let explained = world.run(["explain", "book:1"]);
    assert!(explained.code == 4 && explained.out.contains("counts as a miss"), "{explained:?}");
}

#[test]
fn an_application_is_told_the_same_as_an_operator() {
    for world in both().into_iter().chain([crate::cluster::cluster(4)]) {
        world.asks_for("book:1", ["books".into(), Tag::row("authors", 7)]);
        let explained = || world.cache.explain_in_store("book:1").wait().unwrap();
        if explained() == Found::Nothing {
            // On a cluster what is first computed in a namespace may find nothing to be kept under.
            world.asks_for("book:1", ["books".into(), Tag::row("authors", 7)]);
        }
        assert!(explained().is_served() && explained().to_string().starts_with("served; stored"), "{}", explained());
        assert_eq!(world.run(["explain", "book:1"]).code, 0);

        assert_eq!(world.run(["invalidate", "--tag", "books"]).code, 0);
        let after = explained();
        assert!(
            !after.is_served() && after.to_string().starts_with("not served: tag `books` was invalidated"),
            "{after}"
        );
        assert_eq!(world.run(["explain", "book:1"]).code, 4);

        world.asks_for("book:1", ["books".into()]);
        let hold = world.cache.hold(["books"], Duration::from_secs(60)).wait();
        assert!(explained().to_string().starts_with("not served: tag `books` is held by a writer;"), "{}", explained());
        hold.rollback().wait().unwrap();
        world.cache.invalidate_key("book:1").wait().unwrap();
        assert!(explained().to_string().starts_with("not served: the key was invalidated"), "{}", explained());
        let unknown = world.cache.explain_in_store("book:2").wait().unwrap();
        assert_eq!((unknown.to_string().as_str(), unknown.is_served()), ("nothing is stored", false));
    }
}
