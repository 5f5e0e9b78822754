//! The table of rules names tests that exist.

use std::path::Path;

const RULES: &str = include_str!("../../RULES.md");

/// The names in the last column: `file::name`.
fn named() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = RULES.lines().filter(|line| line.starts_with('|'));
    let last = rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
    last.filter_map(|cell| cell.trim().trim_matches('`').split_once("::"))
}

#[test]
fn every_row_of_the_table_names_a_test_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places =
        [root.join("tests/behaviours"), root.join("../tests/doors"), root.join("../easy-cache-tower/tests/layer")];
    let mut count = 0;
    for (file, name) in named() {
        let sources = places.iter().filter_map(|place| std::fs::read_to_string(place.join(format!("{file}.rs"))).ok());
        let found = sources.into_iter().any(|source| source.contains(&format!("fn {name}(")));
        assert!(found, "{file}::{name}");
        count += 1;
    }
    assert!(count > 90, "only {count} rows were read");
    let rows = RULES.lines().filter(|line| line.starts_with('|') && !line.starts_with("|---"));
    let without = rows.filter(|row| !row.contains("::") && !row.contains("| none |") && !row.contains("| test |"));
    assert_eq!(without.collect::<Vec<_>>(), Vec::<&str>::new(), "rows without a test");
}
