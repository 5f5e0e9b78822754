//! The lists in `docs/behaviours.md` tell the truth: what is called tested has a test that carries its number, and a number
//! that a test carries is called tested.
//!
//! Whether the test shows what the number says is left to who reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::{Context, sources_in};
use crate::Result;
use crate::outcome::Outcome;

const LISTS: [&str; 2] = ["case", "parity"];

/// Compares the page with all sources of all members.
pub(super) fn run(context: &Context<'_>) -> Result<Outcome> {
    println!("    docs/behaviours.md, and the numbers in comments of tests");
    let page = fs::read_to_string(context.workspace.root.join("docs/behaviours.md"))?;
    let sources = context.workspace.packages.iter().flat_map(|package| sources_in(&package.folder));
    let texts: Vec<_> = sources.filter_map(|source| fs::read_to_string(source).ok()).collect();
    let (mut problems, mut count) = (Vec::new(), 0);
    for list in LISTS {
        let claimed = rows_of(list, &page);
        let shown: BTreeSet<u32> =
            texts.iter().flat_map(|text| text.lines().flat_map(|line| numbers_in(list, line))).collect();
        count += claimed.len();
        problems.extend(differences(list, &claimed, &shown));
    }
    Ok(Outcome::of(format!("{count} behaviours")).with_problems(problems))
}

fn differences(list: &str, claimed: &BTreeMap<u32, bool>, shown: &BTreeSet<u32>) -> Vec<String> {
    let untested = claimed.iter().filter(|(number, tested)| **tested && !shown.contains(number));
    let untold = shown.iter().filter(|number| claimed.get(number) == Some(&false));
    let unknown = shown.iter().filter(|number| !claimed.contains_key(number));
    let untested = untested.map(|(number, _)| format!("no test carries `// {list} {number}`, which is called tested"));
    let untold = untold.map(|number| format!("a test carries `// {list} {number}`, but the page does not say tested"));
    let unknown = unknown.map(|number| format!("a test carries `// {list} {number}`, which is not on the page"));
    untested.chain(untold).chain(unknown).collect()
}

/// The rows of one list: the number, and whether the page calls it tested.
fn rows_of(list: &str, page: &str) -> BTreeMap<u32, bool> {
    let heading = format!("| {list} |");
    let mut within = false;
    let mut rows = BTreeMap::new();
    for line in page.lines() {
        within = line.starts_with(&heading) || (within && line.starts_with('|'));
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        if let (true, [_, number, .., state, _]) = (within, cells.as_slice())
            && let Ok(number) = number.parse()
        {
            rows.insert(number, state.starts_with("tested"));
        }
    }
    rows
}

/// The numbers of one list that a line of source carries: `// case 1, 2 and 3: ..`.
fn numbers_in(list: &str, line: &str) -> Vec<u32> {
    let marked = line.split_once("//").and_then(|(_, comment)| {
        let comment = comment.trim_start();
        comment.strip_prefix(list).map(|rest| rest.strip_prefix('s').unwrap_or(rest))
    });
    let words = marked.unwrap_or_default().split([',', ' ']).filter(|word| !word.is_empty() && *word != "and");
    words.map_while(|word| word.trim_end_matches([':', ';', '.']).parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_carries_all_numbers_up_to_the_first_other_word() {
        assert_eq!(numbers_in("case", "    // case 51, 52 and 60: a tag"), [51, 52, 60]);
        assert_eq!(numbers_in("case", "fn a() {} // cases 7"), [7]);
        assert!(numbers_in("case", "// in case 7 of them").is_empty());
        assert!(numbers_in("parity", "// case 7").is_empty());
    }

    #[test]
    fn only_rows_of_its_own_table_belong_to_a_list() {
        let page = "| case | behaviour | state |\n|---|---|---|\n| 1 | a | tested |\n| 2 | b | declined |\n\n\
                    | parity | what | state |\n|---|---|---|\n| 7 | c | tested |\n";
        assert_eq!(rows_of("case", page), BTreeMap::from([(1, true), (2, false)]));
        assert_eq!(rows_of("parity", page), BTreeMap::from([(7, true)]));
    }

    #[test]
    fn differences_are_told_in_both_directions() {
        let problems = differences("case", &BTreeMap::from([(1, true), (2, false)]), &BTreeSet::from([2, 3]));
        assert_eq!(problems.len(), 3);
    }
}
