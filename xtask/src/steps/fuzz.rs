//! Random bytes for what reads the bytes of stores, guided by what they reach: some seconds of libFuzzer, from the corpora on.
//!
//! It needs a nightly compiler. Where there is none, the step says so, and nothing is wrong: the corpora themselves are a test, and each
//! decoder has one with random bytes.

use std::fs;
use std::path::Path;

use super::Context;
use crate::Result;
use crate::command::Command;
use crate::outcome::Outcome;

/// What tells libFuzzer where it has been: cargo-fuzz sets the same.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";
/// The byte by which the target knows the decoder, and the corpus that is for it.
const CORPORA: [(u8, &str); 8] = [
    (b'v', "easy-cache-core/tests/corpus/values.txt"),
    (b'l', "tests/hostile/corpus/label.txt"),
    (b'e', "tests/hostile/corpus/envelope.txt"),
    (b'r', "tests/hostile/corpus/redis-replies.txt"),
    (b'R', "tests/hostile/corpus/redis-entry.txt"),
    (b'm', "tests/hostile/corpus/memcached-replies.txt"),
    (b'M', "tests/hostile/corpus/memcached-entry.txt"),
    (b't', "tests/hostile/corpus/memcached-record.txt"),
];
/// No more of a corpus' line: what repeats says nothing new.
const LONGEST: usize = 2_048;
const NIGHTLY: [&str; 3] = ["rustup", "run", "nightly"];

/// Builds the target, writes the seeds, and lets it search.
pub(super) fn run(context: &Context<'_>) -> Result<Outcome> {
    let about = context.run_quietly(Command::new(NIGHTLY.into_iter().chain(["rustc", "-vV"])));
    let Some(about) = about.ok().filter(|about| about.success) else {
        return Ok(Outcome::skip("there is no nightly compiler: `rustup toolchain install nightly` brings one"));
    };
    let machine = about.output.lines().find_map(|line| line.strip_prefix("host: "));
    let machine = machine.ok_or("`rustc -vV` does not say what machine this is")?;
    if !context.run_quietly(Command::new(["c++", "--version"])).is_ok_and(|found| found.success) {
        return Ok(Outcome::skip("there is no C++ compiler, which libFuzzer is built with"));
    }
    let fetch = ["cargo", "fetch", "--locked", "--manifest-path", "fuzz/Cargo.toml"];
    if !context.run_quietly(Command::new(NIGHTLY.into_iter().chain(fetch))).is_ok_and(|fetched| fetched.success) {
        return Ok(Outcome::skip("what libFuzzer needs cannot be fetched, or fuzz/Cargo.lock is not current"));
    }
    let folder = context.workspace.target.join("fuzz");
    let cargo = [
        "cargo",
        "build",
        "--quiet",
        "--locked",
        "--manifest-path",
        "fuzz/Cargo.toml",
        "--target",
        machine,
        "--target-dir",
    ];
    let words = NIGHTLY.into_iter().chain(cargo).map(Into::into).chain([folder.clone().into_os_string()]);
    let problems = context.expect_success(Command::new(words).with_environment("RUSTFLAGS", FLAGS))?;
    if !problems.is_empty() {
        return Ok(Outcome::of("nothing").with_problems(problems));
    }
    let seeds = folder.join("seeds");
    let count = write_seeds(&context.workspace.root, &seeds)?;
    let found = format!("-artifact_prefix={}/", folder.display());
    let options =
        ["-max_total_time=8", "-max_len=2048", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1", &found];
    let program = folder.join(machine).join("debug/decoders").into_os_string();
    let words = [program].into_iter().chain(options.map(Into::into)).chain([seeds.into_os_string()]);
    let command = Command::new(words);
    let line = command.line();
    let finished = context.run(command)?;
    let tried = tried(&finished.output).unwrap_or("no");
    Ok(Outcome::of(format!("{tried} inputs from {count} seeds")).with_problems(context.problem_of(&line, &finished)))
}

/// Begins with the corpora only, so that each run is like the others.
fn write_seeds(root: &Path, folder: &Path) -> Result<usize> {
    // There is none on the first run.
    let _ignored = fs::remove_dir_all(folder);
    fs::create_dir_all(folder)?;
    let mut count = 0;
    for (which, corpus) in CORPORA {
        for line in fs::read_to_string(root.join(corpus))?.lines().filter(|line| !line.starts_with('#')) {
            let bytes = seed(which, line).ok_or_else(|| format!("{corpus}: not a line of a corpus: {line}"))?;
            fs::write(folder.join(count.to_string()), bytes)?;
            count += 1;
        }
    }
    Ok(count)
}

/// A name, then parts in hexadecimal, each of which may be repeated.
fn seed(which: u8, line: &str) -> Option<Vec<u8>> {
    let mut bytes = vec![which];
    for part in line.split(' ').skip(1).filter(|part| !part.is_empty()) {
        let (digits, times) = part.split_once('*').unwrap_or((part, "1"));
        let pairs =
            digits.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        let once = pairs.collect::<Option<Vec<u8>>>()?;
        bytes.extend(once.iter().cycle().take((once.len() * times.parse::<usize>().ok()?).min(LONGEST)));
    }
    bytes.truncate(LONGEST);
    Some(bytes)
}

/// `stat::number_of_executed_units: 12345`
fn tried(output: &str) -> Option<&str> {
    output.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:")).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_corpus_is_a_seed_behind_the_byte_of_its_decoder() {
        assert_eq!(seed(b'e', "name 0102 ff*3"), Some(vec![b'e', 1, 2, 255, 255, 255]));
        assert_eq!(seed(b'e', "nothing 00*0"), Some(vec![b'e']));
        assert_eq!(seed(b'e', "long 00*100000").map(|bytes| bytes.len()), Some(LONGEST));
        assert_eq!(seed(b'e', "wrong xx"), None);
    }

    #[test]
    fn the_number_of_inputs_is_read_out_of_the_statistics() {
        assert_eq!(tried("Done\nstat::number_of_executed_units: 12345\nstat::x: 1"), Some("12345"));
    }
}
