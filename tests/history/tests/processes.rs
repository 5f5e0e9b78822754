//! Several processes with one Redis: no rule is broken by the store, and a store that breaks one is found out. `cargo xtask test
//! processes` runs all faults.

use std::time::Duration;

use easy_cache_history::processes::mistaken::Mistake;
use easy_cache_history::processes::parent::{Plan, Report, run};
use easy_cache_history::processes::scenario;
use easy_cache_history::processes::session::Count;
use easy_cache_history::processes::stores::Kind;

fn history(fault: &str, change: impl FnOnce(&mut Plan)) -> Report {
    let program = env!("CARGO_BIN_EXE_easy-cache-history").into();
    let Some(scenario) = scenario::named(fault) else { panic!("there is no scenario {fault}") };
    let mut plan = Plan { time: Duration::from_secs(1), ..Plan::new(program, Kind::Redis, scenario) };
    change(&mut plan);
    run(&plan).unwrap_or_else(|error| panic!("the history did not run: {error}"))
}

#[test]
fn no_rule_is_broken_when_workers_are_killed_in_the_middle_of_writes() {
    let report = history("killed", |plan| plan.time = Duration::from_secs(3));
    assert_eq!(report.first, None);
    assert!(report.deaths > 0 && report.hits_afterwards > 0, "{report:?}");
}

#[test]
fn no_rule_is_broken_when_the_server_comes_back_empty() {
    let report = history("restarted", |plan| plan.time = Duration::from_secs(2));
    assert_eq!(report.first, None);
    assert!(report.faults > 0 && report.counts[Count::Reads as usize] > 0, "{report:?}");
}

#[test]
fn a_store_that_forgets_invalidations_is_found_out() {
    let report =
        history("calm", |plan| (plan.time, plan.mistake) = (Duration::from_secs(30), Some(Mistake::ForgetsSome)));
    let Some(first) = report.first else { panic!("it was not noticed") };
    assert!(first.starts_with("acknowledged: "), "{first}");
}
