//! The table for people and the same as JSON for programs.

use std::path::Path;
use std::{fs, io};

use serde_json::{Map, Value, json};

use crate::options::Options;
use crate::rounds::{Measured, Plan};

/// A kind of number that all rows have.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// As people see it.
    pub title: &'static str,
    /// As programs see it.
    pub key: &'static str,
    /// How many places after the point are worth showing.
    pub decimals: usize,
}

/// A short way to write a [`Column`].
#[must_use]
pub const fn column(title: &'static str, key: &'static str, decimals: usize) -> Column {
    Column { title, key, decimals }
}

/// What a row says under a column.
#[derive(Debug, Clone)]
pub enum Cell {
    /// A measurement.
    Number(f64),
    /// Why there is none.
    Text(String),
}

impl From<f64> for Cell {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Rows of numbers, one row per candidate.
#[derive(Debug)]
pub struct Table {
    benchmark: &'static str,
    columns: Vec<Column>,
    rows: Vec<(String, Vec<Cell>)>,
    notes: Vec<String>,
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub const fn new(benchmark: &'static str, columns: Vec<Column>) -> Self {
        Self { benchmark, columns, rows: Vec::new(), notes: Vec::new() }
    }

    /// Adds a row, with one cell for each column.
    pub fn add(&mut self, name: impl Into<String>, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push((name.into(), cells.into_iter().collect()));
    }

    /// Adds a sentence below the table.
    pub fn note(&mut self, sentence: impl Into<String>) {
        self.notes.push(sentence.into());
    }

    /// Prints it, and writes it to the file that was asked for.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn publish(&self, options: &Options) -> io::Result<()> {
        self.print();
        options.json.as_ref().map_or(Ok(()), |file| self.write_json(file, options.plan))
    }

    fn print(&self) {
        let width = self.rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        let titles: String = self.columns.iter().map(|column| format!("  {:>11}", column.title)).collect();
        println!("{:width$}{titles}", "");
        for (name, cells) in &self.rows {
            let numbers: String = self.columns.iter().zip(cells).map(|(column, cell)| printed(*column, cell)).collect();
            println!("{name:width$}{numbers}");
        }
        self.notes.iter().for_each(|note| println!("{note}"));
    }

    /// With what is needed to judge the numbers.
    fn write_json(&self, file: &Path, plan: Plan) -> io::Result<()> {
        let report = json!({
            "benchmark": self.benchmark,
            "processor": processor(),
            "rounds": plan.rounds,
            "repeats": plan.repeats,
            "seed": plan.seed,
            "notes": self.notes,
            "candidates": self.rows.iter().map(|row| self.candidate(row)).collect::<Vec<_>>(),
        });
        fs::write(file, format!("{report:#}\n"))
    }

    fn candidate(&self, (name, cells): &(String, Vec<Cell>)) -> Value {
        let cells = self.columns.iter().zip(cells).map(|(column, cell)| match cell {
            Cell::Number(number) => (column.key.to_owned(), json!(number)),
            Cell::Text(text) => (column.key.to_owned(), json!(text)),
        });
        let name = ("name".to_owned(), json!(name));
        Value::Object(std::iter::once(name).chain(cells).collect::<Map<_, _>>())
    }
}

fn printed(column: Column, cell: &Cell) -> String {
    let width = column.title.chars().count().max(11);
    match cell {
        Cell::Number(number) => format!("  {number:>width$.*}", column.decimals),
        Cell::Text(text) => format!("  {text:>width$}"),
    }
}

/// The table of what calls cost, each time with its ratio to the first row's. On a quiet machine the two ratios are close
/// to each other; where they differ, something else was running. `instructions` are there if they were counted.
#[must_use]
pub fn of_calls(benchmark: &'static str, measured: &[Measured], instructions: Option<&[f64]>) -> Table {
    let mut columns = vec![
        column("median ns", "median_nanoseconds", 1),
        column("x first", "median_times_first", 2),
        column("min ns", "min_nanoseconds", 1),
        column("x first", "min_times_first", 2),
        column("allocations", "allocations_per_call", 2),
    ];
    if instructions.is_some() {
        columns.push(column("instructions", "instructions_per_call", 0));
        columns.push(column("x first", "instructions_times_first", 2));
    }
    let mut table = Table::new(benchmark, columns);
    for (index, row) in measured.iter().enumerate() {
        let first = &measured[0];
        let times = [row.median(), row.median() / first.median(), row.min(), row.min() / first.min(), row.allocations];
        let counted = instructions.map(|counts| [counts[index], counts[index] / counts[0]]);
        table.add(row.name, times.into_iter().chain(counted.into_iter().flatten()).map(Cell::from));
    }
    table
}

fn processor() -> String {
    let description = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = description.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or("unknown", |(_, name)| name).to_owned()
}
