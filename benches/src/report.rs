//! The table for people and the JSON for programs.

use std::path::Path;
use std::{fs, io};

use serde_json::{Value, json};

use crate::rounds::{Measured, Plan};

/// Prints one row per candidate. The first one is what the others are compared with.
pub fn print_table(measured: &[Measured]) {
    let width = measured.iter().map(|row| row.name.chars().count()).max().unwrap_or_default();
    println!("{:width$}  {:>9}  {:>9}  {:>9}  {:>12}", "", "median ns", "min ns", "x first", "allocations");
    for row in measured {
        let (median, min, times) = (row.median(), row.min(), times_first(measured, row));
        println!("{:width$}  {median:>9.1}  {min:>9.1}  {times:>9.2}  {:>12.2}", row.name, row.allocations);
    }
}

/// Writes the same numbers, and what is needed to judge them, to `file`.
///
/// # Errors
/// If the file cannot be written.
pub fn write_json(file: &Path, benchmark: &str, plan: Plan, measured: &[Measured]) -> io::Result<()> {
    let report = json!({
        "benchmark": benchmark,
        "processor": processor(),
        "rounds": plan.rounds,
        "seed": plan.seed,
        "candidates": measured.iter().map(|row| candidate(measured, row)).collect::<Vec<_>>(),
    });
    fs::write(file, format!("{report:#}\n"))
}

fn candidate(all: &[Measured], row: &Measured) -> Value {
    json!({
        "name": row.name,
        "median_nanoseconds": row.median(),
        "min_nanoseconds": row.min(),
        "times_first": times_first(all, row),
        "allocations_per_call": row.allocations,
    })
}

fn times_first(all: &[Measured], row: &Measured) -> f64 {
    row.median() / all[0].median()
}

fn processor() -> String {
    let description = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = description.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or("unknown", |(_, name)| name).to_owned()
}
