//! `cargo run -p easy-cache-model [MODEL [WORLD|all [MUTATION|all]]]`: explores, and prints the trace of a violation.
//!
//! The tests run the same tables; this is for reading.

use std::io::{self, Write};
use std::time::Instant;

use easy_cache_model::catalogue::{self, Catalogue};

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let word = |index: usize| words.get(index).map_or("all", String::as_str);
    let mut out = io::stdout().lock();
    for catalogue in catalogue::all().iter().filter(|catalogue| ["all", catalogue.model].contains(&word(0))) {
        let mutations: Vec<_> = match words.get(2).map(String::as_str) {
            None => vec![None],
            Some("all") => catalogue.caught.iter().chain(&catalogue.harmless).map(|name| Some(*name)).collect(),
            Some(name) => vec![Some(name)],
        };
        let worlds = catalogue.worlds.iter().filter(|world| ["all", world].contains(&word(1)));
        for world in worlds {
            for &mutation in &mutations {
                run(&mut out, catalogue, world, mutation, word(1) != "all")?;
            }
        }
    }
    Ok(())
}

fn run(
    out: &mut impl Write,
    catalogue: &Catalogue,
    world: &str,
    mutation: Option<&str>,
    traced: bool,
) -> io::Result<()> {
    let begin = Instant::now();
    let Some(exploration) = catalogue.run(world, mutation) else {
        return writeln!(out, "{}: no world {world}, or no mutation {mutation:?}", catalogue.model);
    };
    let outcome = match &exploration.failure {
        None => "holds".to_owned(),
        Some(failure) if traced => format!("\n{failure}"),
        Some(failure) => format!("{} steps to {}", failure.trace.len(), failure.property),
    };
    let (states, seconds) = (exploration.states, begin.elapsed().as_secs_f32());
    let mutation = mutation.unwrap_or("-");
    writeln!(out, "{:<7} {world:<46} {mutation:<28} {states:>9} states {seconds:>5.1} s  {outcome}", catalogue.model)
}
