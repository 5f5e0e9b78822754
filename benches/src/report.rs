//! The table for people and the JSON for programs.

use std::path::Path;
use std::{fs, io};

use serde_json::{Value, json};

use crate::rounds::{Measured, Plan};

/// Prints one row per candidate, each number with its ratio to the first row's. On a quiet machine the two ratios are
/// close to each other; where they differ, something else was running.
pub fn print_table(measured: &[Measured]) {
    let width = measured.iter().map(|row| row.name.chars().count()).max().unwrap_or_default();
    println!(
        "{:width$}  {:>9}  {:>7}  {:>9}  {:>7}  {:>11}",
        "", "median ns", "x first", "min ns", "x first", "allocations"
    );
    for row in measured {
        let Ratios { median, min } = Ratios::of(row, &measured[0]);
        let (name, allocations) = (row.name, row.allocations);
        println!(
            "{name:width$}  {:>9.1}  {median:>7.2}  {:>9.1}  {min:>7.2}  {allocations:>11.2}",
            row.median(),
            row.min()
        );
    }
}

/// How many times as long as the first candidate.
struct Ratios {
    median: f64,
    min: f64,
}

impl Ratios {
    fn of(row: &Measured, first: &Measured) -> Self {
        Self { median: row.median() / first.median(), min: row.min() / first.min() }
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
        "repeats": plan.repeats,
        "seed": plan.seed,
        "candidates": measured.iter().map(|row| candidate(measured, row)).collect::<Vec<_>>(),
    });
    fs::write(file, format!("{report:#}\n"))
}

fn candidate(all: &[Measured], row: &Measured) -> Value {
    let ratios = Ratios::of(row, &all[0]);
    json!({
        "name": row.name,
        "median_nanoseconds": row.median(),
        "median_times_first": ratios.median,
        "min_nanoseconds": row.min(),
        "min_times_first": ratios.min,
        "allocations_per_call": row.allocations,
    })
}

fn processor() -> String {
    let description = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = description.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or("unknown", |(_, name)| name).to_owned()
}
