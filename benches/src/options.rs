//! The command line that all benchmarks share: `[--quick] [--full] [--json FILE] [--instructions] [--only NAME]
//! [--rounds NUMBER] [--size NUMBER]`.

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
    /// Whether to count instructions as well.
    pub instructions: bool,
    /// The number of rounds, where one was asked for.
    pub rounds: Option<usize>,
    /// How many entries, or callers, where a benchmark is about many of them.
    pub size: Size,
}

/// How many entries or callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Few enough for a second or two.
    Quick,
    /// What an ordinary run takes.
    Usual,
    /// What the project promises, however long it takes.
    Full,
    /// This many.
    Exactly(usize),
}

impl Size {
    /// The number, from the three that a benchmark prepares for.
    #[must_use]
    pub const fn of(self, quick: usize, usual: usize, full: usize) -> usize {
        match self {
            Self::Quick => quick,
            Self::Usual => usual,
            Self::Full => full,
            Self::Exactly(number) => number,
        }
    }
}

impl Options {
    /// Reads the arguments of this program.
    ///
    /// # Errors
    /// If there is one that it does not know.
    pub fn from_arguments() -> Result<Self, Error> {
        let mut arguments = Parser::from_env();
        let (mut size, mut json, mut only, mut rounds, mut instructions) = (Size::Usual, None, None, None, false);
        let mut quick = false;
        while let Some(argument) = arguments.next()? {
            match argument {
                Arg::Long("quick") => quick = true,
                Arg::Long("full") => size = Size::Full,
                Arg::Long("size") => size = Size::Exactly(arguments.value()?.parse()?),
                Arg::Long("json") => json = Some(arguments.value()?.into()),
                Arg::Long("instructions") => instructions = true,
                Arg::Long("only") => only = Some(arguments.value()?.string()?),
                Arg::Long("rounds") => rounds = Some(arguments.value()?.parse()?),
                other => return Err(other.unexpected()),
            }
        }
        if quick && size == Size::Usual {
            size = Size::Quick;
        }
        // A different order for each run: a result that depends on it should not be repeatable.
        let seed = RandomState::new().hash_one(0);
        // A batch shorter than a time slice, so that on a busy machine most batches run undisturbed and the median is
        // one of those; a longer batch would count other programs' time, and most for the slowest candidate.
        let plan_rounds = rounds.unwrap_or(if quick { 201 } else { 1_001 });
        let repeats = 3;
        Ok(Self { plan: Plan { rounds: plan_rounds, repeats, seed }, json, only, instructions, rounds, size })
    }

    /// Those of the candidates that are to be measured.
    #[must_use]
    pub fn chosen(&self, mut candidates: Vec<Box<dyn Candidate>>) -> Vec<Box<dyn Candidate>> {
        candidates.retain(|candidate| self.chooses(candidate.name()));
        candidates
    }

    /// Whether what has this name is to be measured.
    #[must_use]
    pub fn chooses(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == name)
    }
}
