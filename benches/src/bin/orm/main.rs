//! What do the hooks of the ORMs cost a statement, and what does a cached query save? Run by `cargo xtask bench orm`.
//!
//! The table has parts, and the first row of each is the measure for its others: the same statement over a connection that nobody
//! follows, with SeaORM and with Diesel, on SQLite in memory and on a PostgreSQL that is started for this; a query against its cached
//! form, and against a cache by hand; and the analysis of a text. Statements run one after the other on one connection, the
//! rows of a part in turns.

mod analysis;
mod diesel_async_orm;
mod diesel_orm;
mod hits;
mod in_process;
mod place;
mod sea_orm_orm;
mod statement;
mod turns;

use easy_cache_benches::options::Options;
use easy_cache_benches::report::{Cell, Table, column};

use place::Base;
use statement::{Statement, Way};
use turns::{Case, Problem, Sample};

fn main() -> Result<(), Problem> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let Some((in_process::ASK, rest)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return in_process::ask(&cases(), rest);
    }
    let options = Options::from_arguments()?;
    let chosen: Vec<_> = cases().into_iter().filter(|case| is_chosen(case, &options)).collect();
    let mut table = Table::new("orm", columns(&options));
    for part in chosen.chunk_by(|one, other| one.part == other.part) {
        add(&mut table, part, &turns::measure(part, options.plan)?, &options)?;
    }
    table.note("`more`: nanoseconds beyond the first row of the part, by the medians and by the processor time of the calling thread.");
    table.note("The bars: at most 1,000 more for a statement on SQLite, in a scope as well; at most 1.02 x the first on PostgreSQL.");
    Ok(table.publish(&options)?)
}

/// All rows, part by part.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for base in [Base::Sqlite, Base::Postgres] {
        for start in [sea_orm_orm::case, diesel_orm::case] {
            for statement in Statement::ALL {
                cases.extend(Way::of(statement).iter().map(|way| start(base, statement, *way)));
            }
        }
    }
    cases.extend(hits::cases());
    cases.extend(analysis::cases());
    cases
}

/// `--only` names a row, or a part with all its rows.
fn is_chosen(case: &Case, options: &Options) -> bool {
    options.chooses(&case.name()) || options.chooses(&case.part)
}

fn columns(options: &Options) -> Vec<easy_cache_benches::report::Column> {
    let mut columns = vec![
        column("median ns", "median_nanoseconds", 0),
        column("min ns", "min_nanoseconds", 0),
        column("more", "more_nanoseconds", 0),
        column("x first", "median_times_first", 3),
        column("processor", "processor_nanoseconds", 0),
        column("more", "more_processor_nanoseconds", 0),
        column("allocations", "allocations_per_call", 1),
    ];
    if options.instructions {
        columns.push(column("instructions", "instructions_per_call", 0));
        columns.push(column("more", "more_instructions", 0));
    }
    columns
}

fn add(table: &mut Table, part: &[Case], samples: &[Sample], options: &Options) -> Result<(), Problem> {
    let Some(first) = samples.first() else { return Ok(()) };
    let mut least = None;
    for (case, sample) in part.iter().zip(samples) {
        let (middle, busy) = (sample.middle(), sample.by_processor);
        let times = [middle, sample.least(), middle - first.middle(), middle / first.middle()];
        let rest = [busy, busy - first.by_processor, sample.allocations];
        let mut cells: Vec<_> = times.into_iter().chain(rest).map(Cell::from).collect();
        if options.instructions && case.is_in_process {
            let counted = in_process::instructions_of(case)?;
            let least = *least.get_or_insert(counted);
            cells.extend([counted, counted - least].map(Cell::from));
        } else if options.instructions {
            cells.extend(["", ""].map(Cell::from));
        }
        table.add(case.name(), cells);
    }
    Ok(())
}
