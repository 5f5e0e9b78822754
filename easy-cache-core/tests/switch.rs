//! One switch for all caches of a process. Alone in its program, since every other test would notice.

#![cfg(test)]

use std::process::Command;

use easy_cache_core::{Cache, registry};

#[test]
fn one_switch_turns_all_caches_off_and_on_again() {
    let (standing, off) = (Cache::new(), Cache::builder().enabled(false).build());
    standing.set("k", 1).tags(["t"]).wait();
    registry::set_enabled(false);
    let made_meanwhile = Cache::new();
    for cache in [&standing, &made_meanwhile] {
        assert!(!cache.is_usable() && !registry::is_enabled());
        assert_eq!(cache.get_or_compute_sync("k", || Some(2)).wait(), Some(2));
        assert_eq!(cache.get::<i32>("k").wait(), None);
    }
    standing.set_enabled(true);
    assert!(!standing.is_usable(), "the common switch is another one");
    registry::set_enabled(true);
    assert_eq!(standing.get("k").wait(), Some(1), "entries stay");
    assert!(made_meanwhile.is_usable() && !off.is_usable(), "what was off by itself stays off");

    registry::set_enabled(false);
    standing.invalidate_tags(["t"]).wait().unwrap();
    registry::set_enabled(true);
    assert_eq!(standing.get::<i32>("k").wait(), None, "invalidations work while it is off");
}

#[test]
fn the_environment_turns_all_caches_off_from_the_start() {
    for (value, is_on) in [(Some("1"), false), (Some("0"), true), (None, true)] {
        let mut again = Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", "in_a_process_of_its_own", "--ignored"]).env_remove("EASY_CACHE_DISABLED");
        if let Some(value) = value {
            again.env("EASY_CACHE_DISABLED", value);
        }
        let output = again.output().unwrap();
        assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed") == is_on, "{value:?}: {output:?}");
    }
}

#[test]
#[ignore = "run by another test, in an environment of its own"]
fn in_a_process_of_its_own() {
    assert!(Cache::new().is_usable() && registry::is_enabled());
}
