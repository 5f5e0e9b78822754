//! What goes wrong is said, with what to do, under its exit code, and without a password.

use easy_cache_servers::{Redis, Sentinel};

use crate::world::{command, run};

#[test]
fn a_command_line_without_a_store_or_a_namespace_makes_no_sense() {
    let none = run(["stats"]);
    assert!(none.code == 2 && none.err.contains("--namespace"), "{none:?}");
    let none = run(["-n", "shop", "stats"]);
    assert!(none.code == 2 && none.err.contains("--url"), "{none:?}");
}

#[test]
fn an_url_of_something_else_is_refused_without_its_password() {
    for url in ["http://ada:secret@localhost", "ada:secret@localhost", "memcached://"] {
        let refused = run(["-u", url, "-n", "shop", "stats"]);
        assert!(refused.code == 2 && !refused.err.contains("secret"), "{refused:?}");
    }
}

#[test]
fn a_row_without_a_key_is_refused() {
    let refused = run(["-u", "redis://127.0.0.1:1", "-n", "shop", "invalidate", "--row", "books"]);
    assert!(refused.code == 2 && refused.err.contains("--row books:42"), "{refused:?}");
}

#[test]
fn a_server_that_is_not_there_is_an_error_with_advice() {
    for url in ["redis://:secret@127.0.0.1:1", "memcached://127.0.0.1:1"] {
        let failed = run(["-u", url, "-n", "shop", "stats"]);
        assert!(failed.code == 1 && failed.err.contains("does a server listen at"), "{failed:?}");
        assert!(!failed.err.contains("secret"), "{failed:?}");
        let failed = run(["-u", url, "-n", "shop", "--json", "get", "k"]);
        let error: serde_json::Value = serde_json::from_str(&failed.err).unwrap();
        assert!(failed.code == 1 && error["advice"].is_string(), "{failed:?}");
    }
}

#[test]
fn the_environment_names_store_and_namespace() {
    let mut command = command(["stats", "--json"]);
    command.env("EASY_CACHE_URL", Redis::shared().url()).env("EASY_CACHE_NAMESPACE", "nobody");
    let output = command.output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((json["namespace"].as_str(), json["entries"].as_u64()), (Some("nobody"), Some(0)));
}

#[test]
fn sentinels_lead_to_the_master_and_say_what_they_do_not_know() {
    let master = Redis::start();
    let sentinel = Sentinel::of(&master).name("shop").password("secret").start();
    let url = |name: &str, query: &str| format!("redis-sentinel://{}/{name}{query}", sentinel.address());
    let stats = |url: &str| run(["-u", url, "-n", "shop", "stats", "--json"]);
    let done = stats(&url("shop", "?sentinel_password=secret"));
    assert!(done.code == 0 && done.out.contains("redis_version") && !done.out.contains("secret"), "{done:?}");
    for (url, expected) in [
        (url("mymaster", "?sentinel_password=secret"), "say the name that `sentinel monitor` has"),
        (url("shop", ""), "it expects a password"),
        (url("shop", "?password=secret"), "redis-sentinel://user:password@host"),
    ] {
        let failed = stats(&url);
        assert!(failed.code != 0 && failed.err.contains(expected) && !failed.err.contains("secret"), "{failed:?}");
    }
}
