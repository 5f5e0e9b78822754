//! What happens when very many callers ask for one key that nobody has computed yet? Run by `cargo xtask bench stampede`.
//!
//! Two questions. *Together*: how often is it computed, and how long until all are served? *Leader dropped*: the caller
//! that computes goes away in the middle (its client has hung up); how often is it computed then, and is everybody else
//! served? The computation ends only when all callers have made their call, so nobody comes too late to count.
//!
//! Who is not served within the time given counts as hanging. That is the end of that run, not of the benchmark: its
//! tasks are thrown away with their runtime.

mod cached_functions;
mod crowd;
mod ecached_functions;
#[cfg(rivals)]
mod foyer_caches;
mod hand_written;
#[cfg(rivals)]
mod hitbox_functions;
mod moka_caches;

use crowd::{Candidate, Outcome};
use easy_cache_benches::options::Options;
use easy_cache_benches::report::{Cell, Table, column};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::from_arguments()?;
    let callers = options.size.of(1_000, 100_000, 100_000);
    let columns = vec![
        column("loads", "loads", 0),
        column("served", "served", 0),
        column("ms", "milliseconds", 1),
        column("dropped: loads", "loads_when_leader_is_dropped", 0),
        column("served", "served_when_leader_is_dropped", 0),
        column("ms", "milliseconds_when_leader_is_dropped", 1),
    ];
    let mut table = Table::new("stampede", columns);
    let mut problems = Vec::new();
    let sizes = if callers > 1_000 { vec![1_000, callers] } else { vec![callers] };
    for callers in sizes {
        for candidate in candidates().iter().filter(|candidate| options.chooses(candidate.name)) {
            let (together, dropped) =
                (crowd::together(candidate, callers)?, crowd::leader_dropped(candidate, callers)?);
            problems.extend(broken_promises(candidate, callers, &together, &dropped));
            table.add(format!("{}, {callers} callers", candidate.name), cells(&together).chain(cells(&dropped)));
        }
    }
    table.note(
        "Of the callers of the second run one is dropped, so all others served is one less. `hangs`: some were not.",
    );
    table.publish(&options)?;
    problems.first().map_or(Ok(()), |problem| Err(problem.clone().into()))
}

/// The first one is the measure for all others.
fn candidates() -> Vec<Candidate> {
    let all = [
        hand_written::candidates(),
        ecached_functions::candidates(),
        cached_functions::candidates(),
        moka_caches::candidates(),
        #[cfg(rivals)]
        foyer_caches::candidates(),
        #[cfg(rivals)]
        hitbox_functions::candidates(),
    ];
    all.into_iter().flatten().collect()
}

fn cells(outcome: &Outcome) -> impl Iterator<Item = Cell> {
    let took = if outcome.hung { Cell::from("hangs") } else { Cell::from(outcome.took.as_secs_f64() * 1e3) };
    [Cell::from(outcome.loads as f64), Cell::from(outcome.served as f64), took].into_iter()
}

/// This project's own functions are held to what it promises: one load, two if the leader is dropped, and all are served.
fn broken_promises(
    candidate: &Candidate,
    callers: usize,
    together: &Outcome,
    dropped: &Outcome,
) -> impl Iterator<Item = String> {
    let (name, ours) = (candidate.name, candidate.name.starts_with("#[ecached]"));
    let kept = [
        (together.loads == 1, format!("{name}: {} loads for {callers} callers", together.loads)),
        (together.served == callers, format!("{name}: {} of {callers} served", together.served)),
        (dropped.loads <= 2, format!("{name}: {} loads for {callers} callers, leader dropped", dropped.loads)),
        (dropped.served == callers - 1, format!("{name}: {} of {callers} served, leader dropped", dropped.served)),
    ];
    kept.into_iter().filter(move |(kept, _)| ours && !kept).map(|(_, problem)| problem)
}
