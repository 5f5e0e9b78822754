//! The command line that all benchmarks share: `[--quick] [--json FILE] [--only NAME] [--rounds NUMBER]`.
//!
//! The last two are for counting instructions: two runs of one candidate under a profiler, with different numbers of
//! rounds, differ by what the rounds cost and nothing else.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;

use lexopt::{Arg, Error, Parser, ValueExt};

use crate::candidate::Candidate;
use crate::rounds::Plan;

/// What was asked for.
#[derive(Debug)]
pub struct Options {
    /// How much to measure.
    pub plan: Plan,
    /// Where to write the numbers.
    pub json: Option<PathBuf>,
    /// The only candidate to measure, by its name.
    pub only: Option<String>,
}

impl Options {
    /// Reads the arguments of this program.
    ///
    /// # Errors
    /// If there is one that it does not know.
    pub fn from_arguments() -> Result<Self, Error> {
        let mut arguments = Parser::from_env();
        let (mut quick, mut json, mut only, mut rounds) = (false, None, None, None);
        while let Some(argument) = arguments.next()? {
            match argument {
                Arg::Long("quick") => quick = true,
                Arg::Long("json") => json = Some(arguments.value()?.into()),
                Arg::Long("only") => only = Some(arguments.value()?.string()?),
                Arg::Long("rounds") => rounds = Some(arguments.value()?.parse()?),
                other => return Err(other.unexpected()),
            }
        }
        // A different order for each run: a result that depends on it should not be repeatable.
        let seed = RandomState::new().hash_one(0);
        // A batch shorter than a time slice, so that on a busy machine most batches run undisturbed and the median is
        // one of those; a longer batch would count other programs' time, and most for the slowest candidate.
        let rounds = rounds.unwrap_or(if quick { 201 } else { 1_001 });
        let repeats = 3;
        Ok(Self { plan: Plan { rounds, repeats, seed }, json, only })
    }

    /// Those of the candidates that are to be measured.
    #[must_use]
    pub fn chosen(&self, mut candidates: Vec<Box<dyn Candidate>>) -> Vec<Box<dyn Candidate>> {
        candidates.retain(|candidate| self.only.as_deref().is_none_or(|only| only == candidate.name()));
        candidates
    }
}
