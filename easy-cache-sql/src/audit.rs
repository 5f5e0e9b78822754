//! A test mode: compares what was invalidated with what the database's own triggers tell, and names every change that nobody was told of. For an
//! application's tests, since it remembers everything; who reads the triggers' table is left to them.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use easy_cache_core::Tag;
use parking_lot::Mutex;

use crate::feed::{Notice, Operation};
use crate::hook::Hook;

/// Remembers what a hook invalidates, from its making on.
///
/// Install the triggers of [`Triggers::outbox`](crate::feed::Triggers::outbox) in the test's database, run what the application does,
/// read the table [`OUTBOX`](crate::feed::OUTBOX), and ask what was [missed](Audit::missed): writes that go past the connection, and what
/// other triggers, functions and cascades do that nobody declared. On SQLite set `PRAGMA recursive_triggers = ON` on the connection, or rows
/// that are replaced are not told.
///
/// # Example: a cascade that nobody declared
/// ```
/// use easy_cache_core::Cache;
/// use easy_cache_sql::feed::Notice;
/// use easy_cache_sql::hook::{HOLD_FOR, Hook, Outcome};
/// use easy_cache_sql::{Analyzer, Bind, Dialect};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
///
/// let hook = Hook::new(Analyzer::builder(Dialect::Sqlite).build(), Cache::new(), HOLD_FOR);
/// let audit = hook.audit();
/// let plan = hook.plan::<[Bind<'_>]>("DELETE FROM authors", &[]);
/// let hold = hook.hold_sync(&plan.pending().unwrap_or_default());
/// hook.settle_sync(hold, Outcome::Committed);
///
/// let told = [Notice::from_row("books", "D", Some("[[1]]"))?, Notice::from_row("authors", "D", Some("[[9]]"))?];
/// let missed: Vec<String> = audit.missed(&told).iter().map(ToString::to_string).collect();
/// assert_eq!(missed, ["rows of `books` were deleted, and nobody was told"]);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Audit {
    hook: Hook,
    published: Published,
}

/// What was invalidated; `None` once that was everything.
#[derive(Clone, Debug)]
pub(crate) struct Published(Arc<Mutex<Option<BTreeSet<Tag>>>>);

impl Default for Published {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Some(BTreeSet::new()))))
    }
}

impl Published {
    /// `None`: everything.
    pub(crate) fn add<'t>(&self, tags: Option<impl IntoIterator<Item = &'t Tag>>) {
        let mut all = self.0.lock();
        match (all.as_mut(), tags) {
            (Some(all), Some(tags)) => all.extend(tags.into_iter().cloned()),
            _ => *all = None,
        }
    }
}

/// A change of the database that was not invalidated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Missed {
    /// The table, as it was declared to the triggers.
    pub table: String,
    /// The row, if it is that which is missing; the table otherwise.
    pub key: Option<String>,
    /// What was done to it.
    pub operation: Operation,
}

impl Audit {
    pub(crate) const fn new(hook: Hook, published: Published) -> Self {
        Self { hook, published }
    }

    /// What was invalidated since this was asked last; `None` if that is everything.
    #[must_use]
    pub fn published(&self) -> Option<BTreeSet<Tag>> {
        self.published.0.lock().replace(BTreeSet::new())
    }

    /// The changes among these that nobody was told of since this was asked last. What was committed must have been
    /// settled: ask when all writes are done.
    #[must_use]
    pub fn missed(&self, told: &[Notice]) -> Vec<Missed> {
        let Some(tags) = self.published() else { return Vec::new() };
        told.iter().flat_map(|change| self.missed_of(change, |tag| tags.contains(&tag))).collect()
    }

    fn missed_of(&self, change: &Notice, is_published: impl Fn(Tag) -> bool) -> Vec<Missed> {
        let analyzer = self.hook.analyzer();
        let table = analyzer.table(&change.table);
        let missed = |key| Missed { table: change.table.clone(), key, operation: change.operation };
        if !is_published(Tag::table(table.as_str())) {
            return vec![missed(None)];
        }
        let row = |key: &str| is_published(Tag::row(table.as_str(), key));
        let any_row =
            is_published(Tag::unknown_rows(table.as_str())) || (change.operation == Operation::Insert && row("+"));
        let keys = change.row_keys(analyzer).unwrap_or_default();
        keys.into_iter().filter(|key| !any_row && !row(key)).map(|key| missed(Some(key))).collect()
    }
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(f, "row `{key}` of `{}` was", self.table)?,
            None => write!(f, "rows of `{}` were", self.table)?,
        }
        let done = match self.operation {
            Operation::Insert => "inserted",
            Operation::Update => "updated",
            Operation::Delete => "deleted",
            Operation::Truncate => "removed",
        };
        write!(f, " {done}, and nobody was told")
    }
}
