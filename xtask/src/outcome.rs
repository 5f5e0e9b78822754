//! What a step says when it is over: how many tests it ran, and what went wrong.
//!
//! Steps fill it, [`report`](crate::report) prints it.

/// The result of one step.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// What the step looked at, for the table: "412 tests in 19 binaries".
    pub(crate) ran: String,
    pub(crate) tests: Counts,
    /// One sentence per thing that is wrong. None: the step is ok.
    pub(crate) problems: Vec<String>,
    /// Why the step could not run here although nothing is wrong.
    pub(crate) skipped: Option<String>,
}

impl Outcome {
    /// A step that looked at `ran`, and found nothing yet.
    pub(crate) fn of(ran: impl Into<String>) -> Self {
        Self { ran: ran.into(), ..Self::default() }
    }

    /// A step that could not run here.
    pub(crate) fn skip(reason: impl Into<String>) -> Self {
        Self { ran: "nothing".into(), skipped: Some(reason.into()), ..Self::default() }
    }

    pub(crate) fn with_problems(mut self, problems: impl IntoIterator<Item = String>) -> Self {
        self.problems.extend(problems);
        self
    }

    pub(crate) fn failed(&self) -> bool {
        !self.problems.is_empty() || self.tests.failed > 0
    }
}

/// Numbers of tests.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Counts {
    pub(crate) fn total(self) -> u64 {
        self.passed + self.failed + self.skipped
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}
