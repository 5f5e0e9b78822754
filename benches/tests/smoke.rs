//! Every benchmark runs, and what it checks of itself holds: hits are hits and do not allocate, a crowd causes one load, an
//! invalidated entry is gone, a tag takes the bytes that were promised. Times are not looked at.

#![expect(clippy::unwrap_used, reason = "a test may; only test functions themselves are recognised as such")]

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// Runs a benchmark with little to do, and yields its report.
fn report(program: &str, arguments: &[&str]) -> Value {
    let name = PathBuf::from(program).file_name().unwrap().to_owned();
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name).with_extension("json");
    let output = Command::new(program).arg("--quick").args(arguments).arg("--json").arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// The number of every row of this project under `key`.
fn ours<'a>(report: &'a Value, key: &'a str) -> Vec<f64> {
    let rows = report["candidates"].as_array().unwrap();
    let is_ours = |row: &&Value| {
        row["name"].as_str().unwrap().contains("ecached") || row["name"].as_str().unwrap().starts_with("Cache")
    };
    let numbers: Vec<_> = rows.iter().filter(is_ours).map(|row| row[key].as_f64().unwrap()).collect();
    assert!(!numbers.is_empty() && rows.len() > numbers.len(), "rows of our own and of others");
    numbers
}

#[test]
fn hits_are_answered_without_the_heap() {
    let report = report(env!("CARGO_BIN_EXE_hit"), &["--rounds", "3"]);
    let allocations = ours(&report, "allocations_per_call");
    // All but those in a scope, which is made anew for every ten calls.
    assert_eq!(allocations.iter().filter(|number| **number == 0.0).count(), allocations.len() - 1);
}

#[test]
fn misses_compute_once_each() {
    let report = report(env!("CARGO_BIN_EXE_miss"), &["--rounds", "3"]);
    assert_eq!(ours(&report, "median_nanoseconds").len(), 4);
}

#[test]
fn near_hits_are_answered_without_the_heap_and_without_a_trip() {
    let report = report(env!("CARGO_BIN_EXE_tiered"), &["--rounds", "3"]);
    assert_eq!(ours(&report, "allocations_per_call"), [0.0, 0.0]);
}

#[test]
fn what_is_read_from_redis_is_found_there_by_everybody() {
    // A measured call of this project that had to compute ends the program.
    let report = report(env!("CARGO_BIN_EXE_redis"), &["--rounds", "50"]);
    let rows = report["candidates"].as_array().unwrap();
    let ours = rows.iter().filter(|row| row["name"].as_str().unwrap().contains(": Cache"));
    assert_eq!((rows.len(), ours.count()), (42, 12), "seven candidates, for two sizes and three numbers of callers");
    assert!(rows.iter().all(|row| row["median_microseconds"].as_f64().unwrap() > 0.0));
}

#[test]
fn statements_of_both_orms_are_measured_with_and_without_their_hooks() {
    let part =
        ["SQLite, Diesel, select by key", "SQLite, SeaORM, update by key", "hit, SeaORM, one row", "analysis, join"];
    for part in part {
        let report = report(env!("CARGO_BIN_EXE_orm"), &["--rounds", "3", "--only", part]);
        let rows = report["candidates"].as_array().unwrap();
        assert!(rows.len() >= 2, "{report}");
        assert!(rows.iter().all(|row| row["median_nanoseconds"].as_f64().unwrap() > 0.0), "{report}");
        let notes = report["notes"].as_array().unwrap();
        assert!(notes.iter().any(|note| note.as_str().unwrap().starts_with("The bars")), "{report}");
    }
}

#[test]
fn a_statement_over_a_followed_connection_asks_for_little_more_memory() {
    let allocations = |way: &str| {
        let name = format!("SQLite, SeaORM, select by key: {way}");
        let output = Command::new(env!("CARGO_BIN_EXE_orm")).args(["--ask", &name, "100"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse::<f64>().unwrap()
    };
    let (plain, followed) = (allocations("plain"), allocations("followed"));
    assert!(followed < plain + 3.0, "{plain} {followed}");
}

#[test]
fn threads_are_measured_alone_and_together() {
    let report = report(env!("CARGO_BIN_EXE_threads"), &["--rounds", "1", "--only", "#[ecached] sync"]);
    assert!(report["candidates"][0]["distinct_keys_by_clock"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_crowd_causes_one_load_and_a_second_one_if_its_leader_is_dropped() {
    let report = report(env!("CARGO_BIN_EXE_stampede"), &["--size", "200"]);
    assert_eq!((ours(&report, "loads"), ours(&report, "served")), (vec![1.0], vec![200.0]));
    assert_eq!(ours(&report, "served_when_leader_is_dropped"), [199.0]);
    assert!(ours(&report, "loads_when_leader_is_dropped")[0] <= 2.0);
}

#[test]
fn an_invalidation_touches_no_entry() {
    let report = report(env!("CARGO_BIN_EXE_invalidate"), &["--size", "2000"]);
    // The name of the tag, its list, and the operation: as many for two thousand entries as for one.
    assert!(ours(&report, "allocations")[0] < 10.0);
}

#[test]
fn a_tag_takes_what_was_promised() {
    let report = report(env!("CARGO_BIN_EXE_memory"), &["--size", "2000"]);
    let names = report["candidates"].as_array().unwrap().iter();
    let shared = names.filter(|row| row["name"].as_str().unwrap().contains("shared tags"));
    let bytes: Vec<_> = shared.map(|row| row["bytes_per_entry_and_tag"].as_f64().unwrap()).collect();
    assert!(bytes.len() == 2 && bytes.iter().all(|bytes| *bytes < 16.5), "{bytes:?}");
}

/// The program that loads servers is there, and the servers are: the tests install them where they can.
fn is_installed(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut all = std::env::split_paths(&folders).chain([PathBuf::from("/usr/sbin")]);
    all.any(|folder| folder.join(program).is_file())
}

#[test]
fn a_site_and_a_proxy_answer_under_load() {
    if !["wrk", "taskset", "nginx", "varnishd"].into_iter().all(is_installed) {
        return;
    }
    let report = report(env!("CARGO_BIN_EXE_http"), &["--rounds", "1", "--only", "axum, ResponseCacheLayer"]);
    let rows = report["candidates"].as_array().unwrap();
    let numbers: Vec<_> = rows.iter().map(|row| row["requests_per_second"].as_f64().unwrap()).collect();
    assert!(numbers.len() == 14 && numbers.iter().all(|number| *number > 0.0), "{report}");
    let streamed = report["notes"].as_array().unwrap().iter().filter(|note| note.as_str().unwrap().contains("at most"));
    assert_eq!(streamed.count(), 4, "{report}");
}

#[test]
fn what_is_known_not_to_be_kept_costs_fewer_allocations_than_what_is() {
    let allocations = |case: &str| {
        let program = env!("CARGO_BIN_EXE_http");
        let output = Command::new(program).args(["--ask", "axum, ResponseCacheLayer", case, "call", "200"]).output();
        String::from_utf8(output.unwrap().stdout).unwrap().trim().parse::<f64>().unwrap()
    };
    let [hit, not_kept, miss] = ["hit", "no-store", "miss"].map(allocations);
    assert!(hit < not_kept && not_kept < hit + 10.0 && not_kept < miss * 0.7, "{hit} {not_kept} {miss}");
}
