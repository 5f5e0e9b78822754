//! The command line that all benchmarks share: `[--quick] [--json FILE]`.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;

use lexopt::{Arg, Error, Parser};

use crate::rounds::Plan;

/// What was asked for.
#[derive(Debug)]
pub struct Options {
    /// How much to measure.
    pub plan: Plan,
    /// Where to write the numbers.
    pub json: Option<PathBuf>,
}

impl Options {
    /// Reads the arguments of this program.
    ///
    /// # Errors
    /// If there is one that it does not know.
    pub fn from_arguments() -> Result<Self, Error> {
        let mut arguments = Parser::from_env();
        let (mut quick, mut json) = (false, None);
        while let Some(argument) = arguments.next()? {
            match argument {
                Arg::Long("quick") => quick = true,
                Arg::Long("json") => json = Some(arguments.value()?.into()),
                other => return Err(other.unexpected()),
            }
        }
        // A different order for each run: a result that depends on it should not be repeatable.
        let seed = RandomState::new().hash_one(0);
        // A batch shorter than a time slice, so that on a busy machine most batches run undisturbed and the median is
        // one of those; a longer batch would count other programs' time, and most for the slowest candidate.
        let rounds = if quick { 201 } else { 1_001 };
        let repeats = 3;
        Ok(Self { plan: Plan { rounds, repeats, seed }, json })
    }
}
