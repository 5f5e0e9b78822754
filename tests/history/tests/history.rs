//! The checker on the memory cache, and on stores that lie to it.

use easy_cache_history::database::Rows;
use easy_cache_history::memory::Memory;
use easy_cache_history::store::{Built, Shape, Store};
use easy_cache_history::{Plan, Report, run};

fn short(operations: u64) -> Plan {
    Plan { operations, ..Plan::default() }
}

fn check(store: impl Store) -> Report {
    run(&short(100_000), store, |_| {})
}

#[test]
fn no_rule_is_broken_by_the_memory_cache() {
    let report = check(Memory::with_room_for(64));
    assert_eq!(report.tally.first, None);
    assert!(report.tally.hits > 1_000 && report.tally.writes > 1_000, "{report:?}");
}

/// A store that leaves out one of its duties.
struct Liar {
    honest: Memory,
    lie: Lie,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lie {
    ForgetsRows,
    ForgetsKeys,
    ForgetsEverything,
    ForgetsCommits,
    FillsFromTransactions,
    Invents,
}

impl Store for Liar {
    type Hold = easy_cache_core::Hold;

    fn read(&self, shape: Shape, row: usize, database: &dyn Rows) -> Built {
        let built = self.honest.read(shape, row, database);
        if self.lie == Lie::Invents { built.map(|number| number + 1_000) } else { built }
    }

    fn look(&self, shape: Shape, row: usize) -> Option<Built> {
        self.honest.look(shape, row)
    }

    fn refresh(&self, shape: Shape, row: usize, database: &dyn Rows) -> Built {
        self.honest.refresh(shape, row, database)
    }

    fn read_within_transaction(&self, shape: Shape, row: usize, database: &dyn Rows) -> Built {
        if self.lie == Lie::FillsFromTransactions {
            return self.honest.refresh(shape, row, database);
        }
        self.honest.read_within_transaction(shape, row, database)
    }

    fn invalidate(&self, row: usize) {
        if self.lie != Lie::ForgetsRows {
            self.honest.invalidate(row);
        }
    }

    fn invalidate_key(&self, shape: Shape, row: usize) {
        if self.lie != Lie::ForgetsKeys {
            self.honest.invalidate_key(shape, row);
        }
    }

    fn invalidate_all(&self) {
        if self.lie != Lie::ForgetsEverything {
            self.honest.invalidate_all();
        }
    }

    fn hold(&self, row: usize) -> Self::Hold {
        self.honest.hold(row)
    }

    fn commit(&self, hold: Self::Hold) {
        if self.lie == Lie::ForgetsCommits { self.honest.roll_back(hold) } else { self.honest.commit(hold) }
    }

    fn roll_back(&self, hold: Self::Hold) {
        self.honest.roll_back(hold);
    }

    fn pass_deadlines(&self) {
        self.honest.pass_deadlines();
    }
}

fn first_violation(lie: Lie) -> String {
    let report = check(Liar { honest: Memory::with_room_for(64), lie });
    let Some(first) = report.tally.first else { panic!("the lie was not noticed") };
    first
}

#[test]
fn a_store_that_forgets_invalidations_is_found_out() {
    for lie in [Lie::ForgetsRows, Lie::ForgetsKeys, Lie::ForgetsEverything, Lie::ForgetsCommits] {
        let violation = first_violation(lie);
        assert!(violation.contains("acknowledged") || violation.contains("committed before"), "{violation}");
    }
}

#[test]
fn a_store_that_keeps_what_was_rolled_back_is_found_out() {
    assert!(first_violation(Lie::FillsFromTransactions).contains("never committed"));
}

#[test]
fn a_store_that_makes_up_values_is_found_out() {
    assert!(first_violation(Lie::Invents).contains("not become yet"));
}
