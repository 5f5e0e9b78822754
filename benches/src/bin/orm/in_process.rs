//! What a call costs in this process: instructions, counted by valgrind, of all its threads (SQLite has one of its own under
//! SeaORM). The same on a busy machine and a quiet one.

use easy_cache_benches::{allocations, instructions};

use crate::turns::{Case, Problem};

/// What the first argument of a process is that asks instead of measuring.
pub(crate) const ASK: &str = "--ask";

/// Asks so often before anything counts: by then every text has been seen, and what grows has grown.
const WARM: usize = 200;
const FEW: usize = 100;
const MANY: usize = 1_100;

/// The difference between many calls and few is what calls cost.
pub(crate) fn instructions_of(case: &Case) -> Result<f64, Problem> {
    let all = |calls: usize| instructions::of_program(&[ASK, &case.name(), &calls.to_string()]);
    Ok((all(MANY)? - all(FEW)?) / (MANY - FEW) as f64)
}

/// Calls as the arguments say, and prints the allocations of each call.
pub(crate) fn ask(cases: &[Case], arguments: &[String]) -> Result<(), Problem> {
    let [name, calls] = arguments else { return Err("the name of a row and a number are missing".into()) };
    let case = cases.iter().find(|case| case.name() == *name).ok_or("there is no such row")?;
    let calls = calls.parse()?;
    let mut run = case.start()?;
    run(WARM)?;
    let before = allocations::so_far();
    run(calls)?;
    println!("{}", (allocations::so_far() - before) as f64 / calls as f64);
    Ok(())
}
