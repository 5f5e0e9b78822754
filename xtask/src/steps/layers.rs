//! Data flows one way, integration → rules → core: no crate may name one that is above it or beside it.
//!
//! A crate that is not in the table is an integration, so a new one is held to the strictest useful rule by itself.

use super::Context;
use crate::Result;
use crate::outcome::Outcome;
use crate::workspace::{Dependency, Package, Workspace};

const MACROS: &str = "easy-cache-macros";
const CORE: &str = "easy-cache-core";
/// What a cache keeps its values in: below the integrations, so none of these may name one either.
const STORES: [&str; 2] = ["easy-cache-memcached", "easy-cache-redis"];
/// Looks into stores, so it names them, and nobody names it.
const COMMAND: &str = "easy-cache-cli";
const RULES: [&str; 2] = ["easy-cache-http", "easy-cache-sql"];

/// Compares every member's dependencies with its layer.
pub(super) fn run(context: &Context<'_>) -> Result<Outcome> {
    println!("    the dependencies of each published crate, from cargo metadata");
    let published = context.workspace.published().count();
    Ok(Outcome::of(format!("{published} published crates")).with_problems(violations(context.workspace)))
}

fn violations(workspace: &Workspace) -> Vec<String> {
    let mut violations = Vec::new();
    for package in workspace.published() {
        for dependency in &package.dependencies {
            let member = workspace.packages.iter().find(|member| member.name == dependency.name);
            if let Some(member) = member.filter(|member| !may_name(package, dependency, member)) {
                violations.push(format!("{} may not depend on {}, which is not below it", package.name, member.name));
            }
        }
    }
    violations
}

fn may_name(package: &Package, dependency: &Dependency, member: &Package) -> bool {
    // Unpublished members hold shared parts of tests. What the macros write is understood by core alone. A crate that names
    // itself asks for its own features in its tests.
    let is_for_tests =
        !member.published || member.name == package.name || (package.name == MACROS && member.name == CORE);
    if dependency.only_for_tests && is_for_tests {
        return true;
    }
    let named = member.name.as_str();
    match package.name.as_str() {
        MACROS => false,
        CORE => named == MACROS,
        below if RULES.contains(&below) || STORES.contains(&below) => named == CORE,
        COMMAND => named == CORE || STORES.contains(&named),
        _integration => named == CORE || RULES.contains(&named),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crate_with(name: &str, published: bool, dependencies: &[(&str, bool)]) -> Package {
        let dependencies = dependencies
            .iter()
            .map(|&(name, only_for_tests)| Dependency { name: name.into(), only_for_tests })
            .collect();
        Package { name: name.into(), published, dependencies, ..Package::default() }
    }

    fn violations_of(packages: Vec<Package>) -> Vec<String> {
        violations(&Workspace { root: "/".into(), target: "/target".into(), packages })
    }

    fn the_real_layers() -> Vec<Package> {
        vec![
            crate_with(MACROS, true, &[("syn", false), (CORE, true)]),
            crate_with(CORE, true, &[(MACROS, false), ("model", true)]),
            crate_with("easy-cache-http", true, &[(CORE, false)]),
            crate_with("easy-cache-tower", true, &[(CORE, false), ("easy-cache-http", false)]),
            crate_with("model", false, &[("easy-cache-tower", false)]),
        ]
    }

    #[test]
    fn crates_may_name_what_is_below_them() {
        assert!(violations_of(the_real_layers()).is_empty());
    }

    #[test]
    fn core_may_not_name_an_integration_not_even_in_tests() {
        let mut packages = the_real_layers();
        packages[1] = crate_with(CORE, true, &[("easy-cache-tower", true)]);
        assert_eq!(
            violations_of(packages),
            ["easy-cache-core may not depend on easy-cache-tower, which is not below it"]
        );
    }

    #[test]
    fn the_rules_may_not_name_each_other() {
        let mut packages = the_real_layers();
        packages.push(crate_with("easy-cache-sql", true, &[("easy-cache-http", false)]));
        assert_eq!(violations_of(packages).len(), 1);
    }

    #[test]
    fn an_integration_unheard_of_may_not_name_another() {
        let mut packages = the_real_layers();
        packages.push(crate_with("easy-cache-actix", true, &[(CORE, false), ("easy-cache-tower", false)]));
        assert_eq!(violations_of(packages).len(), 1);
    }

    #[test]
    fn the_command_names_stores_and_no_integration() {
        let mut packages = the_real_layers();
        packages.push(crate_with("easy-cache-redis", true, &[(CORE, false)]));
        packages.push(crate_with(COMMAND, true, &[(CORE, false), ("easy-cache-redis", false)]));
        assert!(violations_of(packages.clone()).is_empty());
        packages.push(crate_with(COMMAND, true, &[("easy-cache-tower", false)]));
        assert_eq!(violations_of(packages).len(), 1);
    }

    #[test]
    fn published_crates_may_not_need_unpublished_ones() {
        let mut packages = the_real_layers();
        packages[2] = crate_with("easy-cache-http", true, &[("model", false)]);
        assert_eq!(violations_of(packages).len(), 1);
    }
}
