//! Every published crate compiles as a user may ask for it: without features, with each one alone, and with all.
//!
//! Checked by clippy rather than by `cargo check`: it compiles the same, shares the artifacts of the clippy step, and
//! denies the warnings that only a missing feature causes, for which `RUSTFLAGS` would rebuild everything.

use super::Context;
use crate::Result;
use crate::command::Command;
use crate::outcome::Outcome;
use crate::workspace::Package;

/// Checks each published crate with each set of features.
pub(super) fn run(context: &Context<'_>) -> Result<Outcome> {
    let mut problems = Vec::new();
    let mut checked = 0;
    for package in context.workspace.published() {
        let sets = feature_sets(package);
        checked += sets.len();
        println!("    cargo clippy --package {} with {}", package.name, sets.join(" | "));
        for set in sets {
            let command = check(package, &set);
            let line = command.line();
            problems.extend(context.problem_of(&line, &context.run_quietly(command)?));
        }
    }
    Ok(Outcome::of(format!("{checked} sets of features")).with_problems(problems))
}

fn feature_sets(package: &Package) -> Vec<String> {
    let alone = package.features.iter().map(|feature| format!("--no-default-features --features {feature}"));
    let none = "--no-default-features".to_owned();
    let all = (package.features.len() > 1).then(|| "--all-features".to_owned());
    [none].into_iter().chain(alone).chain(all).collect()
}

fn check(package: &Package, set: &str) -> Command {
    let arguments = ["clippy", "--package", &package.name].into_iter().chain(set.split(' '));
    Command::cargo(arguments.chain(["--", "-D", "warnings"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_checked_bare_with_each_feature_and_with_all() {
        let package = Package { features: vec!["json".into(), "lz4".into()], ..Package::default() };
        let expected = [
            "--no-default-features",
            "--no-default-features --features json",
            "--no-default-features --features lz4",
            "--all-features",
        ];
        assert_eq!(feature_sets(&package), expected);
    }

    #[test]
    fn a_crate_without_features_is_checked_once() {
        assert_eq!(feature_sets(&Package::default()).len(), 1);
    }
}
