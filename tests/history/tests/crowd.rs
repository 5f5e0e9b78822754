//! One cold key, several processes, and a lease: it is computed once, and once more if who computes is killed. `easy-cache-history
//! crowd` does the same with ten thousand callers in each of ten processes.

use std::time::Duration;

use easy_cache_history::processes::crowd::{Plan, Report, run};

fn plan(dies: Option<Duration>) -> Plan {
    let program = env!("CARGO_BIN_EXE_easy-cache-history").into();
    Plan { program, processes: 3, callers: 200, dies, is_reached: true, is_patient: true }
}

fn crowd(plan: &Plan) -> Report {
    run(plan).unwrap_or_else(|error| panic!("the crowd did not end: {error}"))
}

#[test]
fn a_cold_key_is_computed_once_by_all_processes_together() {
    let report = crowd(&plan(None));
    assert_eq!((report.loads, report.served), (1, 600));
}

#[test]
fn when_the_process_that_computes_is_killed_one_other_takes_over_and_everybody_else_is_served() {
    let report = crowd(&plan(Some(Duration::from_secs(5))));
    assert_eq!((report.loads, report.served), (2, 400));
}

/// Nothing can be kept then, so whoever wakes after a computation has ended computes once more; all others share one.
#[test]
fn processes_that_do_not_reach_the_store_share_computations_within_each_of_them_and_everybody_is_served() {
    let report = crowd(&Plan { is_reached: false, ..plan(None) });
    assert_eq!(report.served, 600);
    assert!((3..200).contains(&report.loads), "{report:?}");
}
