//! Code that readers copy from a Markdown file must compile: a file with Rust blocks has to be part of a doc test.
//!
//! That is one line of Rust in some member, `#[cfg(doctest)] #[doc = include_str!("../README.md")] struct Readme;`, in
//! the library that has what the example uses. This step finds the file that nobody includes; running it is left to
//! the doc tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Context, sources_in};
use crate::Result;
use crate::outcome::Outcome;

/// Compares the Markdown files that show Rust with those that a source file includes.
pub(super) fn run(context: &Context<'_>) -> Result<Outcome> {
    println!("    Markdown files in the root, in docs/ and in each member's folder");
    let root = context.workspace.root.canonicalize()?;
    let members = context.workspace.packages.iter().map(|package| package.folder.clone());
    let folders: BTreeSet<_> = [root.clone(), root.join("docs")].into_iter().chain(members).collect();
    let showing_rust: Vec<_> =
        folders.iter().flat_map(|folder| markdown_in(folder)).filter(|file| shows_rust(file)).collect();
    let included = included_files(context);
    let untested = showing_rust.iter().filter(|file| !included.contains(*file));
    let problem = |file: &PathBuf| {
        let file = file.strip_prefix(&root).unwrap_or(file).display();
        format!("no source file includes {file}, so its Rust code is untested (see xtask/src/steps/readme.rs)")
    };
    Ok(Outcome::of(format!("{} files with Rust code", showing_rust.len())).with_problems(untested.map(problem)))
}

fn markdown_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        // Compared with includes, which are resolved: the path of the workspace may lead through a link.
        .filter_map(|path| path.canonicalize().ok())
        .collect()
}

fn shows_rust(file: &Path) -> bool {
    fs::read_to_string(file).unwrap_or_default().lines().any(opens_rust_block)
}

/// Whether rustdoc would compile what follows. `ignore` and `text` blocks are not meant to be copied.
fn opens_rust_block(line: &str) -> bool {
    let words = line.trim_start().strip_prefix("```").unwrap_or_default();
    words.split(',').next() == Some("rust") && !words.split(',').any(|word| word == "ignore")
}

fn included_files(context: &Context<'_>) -> BTreeSet<PathBuf> {
    let sources = context.workspace.packages.iter().flat_map(|package| sources_in(&package.folder.join("src")));
    sources.flat_map(|source| includes_of(&source)).collect()
}

fn includes_of(source: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(source).unwrap_or_default();
    let folder = source.parent().unwrap_or(Path::new("."));
    included_names(&text).filter_map(|name| folder.join(name).canonicalize().ok()).collect()
}

fn included_names(text: &str) -> impl Iterator<Item = &str> {
    // A comment that merely shows the line does not count.
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.filter_map(|line| line.split_once("include_str!(\"")?.1.split_once('"').map(|(name, _)| name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blocks_that_rustdoc_compiles_count_as_rust() {
        assert!(opens_rust_block("```rust"));
        assert!(opens_rust_block("   ```rust,no_run"));
        assert!(!opens_rust_block("```rust,ignore"));
        assert!(!opens_rust_block("```sh"));
        assert!(!opens_rust_block("rust"));
    }

    #[test]
    fn an_include_in_a_comment_tests_nothing() {
        let text = "#[doc = include_str!(\"../README.md\")]\n// #[doc = include_str!(\"../OTHER.md\")]\n";
        assert_eq!(included_names(text).collect::<Vec<_>>(), ["../README.md"]);
    }
}
