//! What came of a run.

use std::fmt;

use crate::check::Kind;

/// What came of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not, and why.
    Failed(String),
    /// It does not, which is said and has a reason.
    Declined(&'static str),
    /// The server under test cannot do what it needs.
    Skipped,
}

/// What came of all checks.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Name, kind and outcome, in the order of the list.
    pub outcomes: Vec<(String, Kind, Outcome)>,
}

impl Report {
    /// How many of a kind hold, and how many there were.
    #[must_use]
    pub fn count(&self, kind: Kind) -> (usize, usize) {
        let of_kind =
            || self.outcomes.iter().filter(|(_, known, outcome)| *known == kind && *outcome != Outcome::Skipped);
        (of_kind().filter(|(_, _, outcome)| *outcome == Outcome::Passed).count(), of_kind().count())
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = (&str, &str)> {
        self.outcomes.iter().filter_map(|(name, _, outcome)| match outcome {
            Outcome::Failed(why) => Some((name.as_str(), why.as_str())),
            _ => None,
        })
    }

    /// # Panics
    /// If a check failed, with all that did.
    pub fn assert(&self) {
        assert!(self.failures().next().is_none(), "{self}");
        assert!(self.count(Kind::Required).0 > 0, "nothing was checked");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, why) in self.failures() {
            writeln!(f, "failed: {name}\n        {why}")?;
        }
        for (name, _, outcome) in &self.outcomes {
            if let Outcome::Declined(reason) = outcome {
                writeln!(f, "declined: {name} ({reason})")?;
            }
        }
        for kind in [Kind::Required, Kind::Optimal, Kind::Chosen] {
            let (passed, total) = self.count(kind);
            writeln!(f, "{kind:?}: {passed} of {total}")?;
        }
        Ok(())
    }
}
