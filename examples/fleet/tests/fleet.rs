//! The fleet as people start it: what its table says, and that nothing is left of it.

#![cfg(target_os = "linux")] // where processes can be looked at without further programs
#![expect(clippy::unwrap_used, reason = "a test may end so")]

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

fn start(seconds: u64) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleet"));
    // A copy may be as old as on a machine that is busy with other things.
    command.args(["--near", "2000", "--seconds", &seconds.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn folder(fleet: u32) -> PathBuf {
    std::env::temp_dir().join(format!("easy-cache-fleet-{fleet}"))
}

/// The processes whose command line names the folder of this fleet.
fn processes(fleet: u32) -> Vec<String> {
    let folder = folder(fleet).display().to_string();
    let all = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path().join("cmdline"));
    let lines = all.filter_map(|file| Some(String::from_utf8_lossy(&fs::read(file).ok()?).replace('\0', " ")));
    lines.filter(|line| [" ", "/"].iter().any(|behind| line.contains(&format!("{folder}{behind}")))).collect()
}

fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(120), "waited in vain until {what}");
        sleep(Duration::from_millis(20));
    }
}

fn nothing_is_left_of(fleet: u32) {
    wait_until("its processes are gone", || processes(fleet).is_empty());
    wait_until("its folder is gone", || !folder(fleet).exists());
}

#[test]
fn the_table_counts_each_tier_and_nothing_is_older_than_the_bound() {
    let fleet = start(8);
    let id = fleet.id();
    let output = fleet.wait_with_output().unwrap();
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{text}{errors}");
    assert!(text.starts_with("SHOP"), "{text}");
    let shops: Vec<Vec<u64>> = text.lines().filter(|line| line.starts_with("http://")).map(numbers).collect();
    assert_eq!(shops.len(), 3, "{text}");
    for shop in &shops {
        let &[requests, near_hits, store_hits, fills, trips, stale, oldest] = shop.as_slice() else { panic!("{text}") };
        assert!(requests > 30 && near_hits > 0 && fills > 0 && trips > 0, "{text}");
        assert!(trips >= store_hits, "every hit of the store is a trip: {text}");
        assert!(stale <= requests && oldest <= 2000, "{text}");
    }
    assert!(shops.iter().any(|shop| shop[2] > 0), "no shop was served what another one had stored: {text}");
    let writes: u64 = text.lines().last().unwrap().split_once(' ').unwrap().0.parse().unwrap();
    assert!(writes > 0, "{text}");
    nothing_is_left_of(id);
}

/// All numbers of a row behind its address.
fn numbers(line: &str) -> Vec<u64> {
    line.split_whitespace().skip(1).filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn it_ends_cleanly_when_it_is_interrupted_and_when_it_is_killed() {
    for signal in ["INT", "KILL"] {
        let mut fleet = start(600);
        let id = fleet.id();
        // A keeper, Redis (which renames itself), and three shops.
        wait_until("all of it runs", || processes(id).iter().filter(|line| line.contains("shop.db")).count() == 3);
        let sent = Command::new("sh").args(["-c", &format!("kill -s {signal} {id}")]).status().unwrap();
        assert!(sent.success());
        let status = fleet.wait().unwrap();
        assert_eq!(status.success(), signal == "INT", "{status}");
        nothing_is_left_of(id);
    }
}

#[test]
fn without_redis_it_says_how_to_get_one() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_fleet")).args(["--seconds", "1"]).env("PATH", "/nowhere").output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && errors.contains("apt-get install redis-server"), "{errors}");
}
