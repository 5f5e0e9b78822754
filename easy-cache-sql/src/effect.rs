//! What a text does, before its values are known: the form that is remembered for each text. Resolving rows is left to
//! `rows`, and the rule of tags to `touch`.

use crate::{
    Dialect, Read, TableName, Touched, Write,
    consequence::Deed,
    key::{Bind, Values},
    rows::RowPlan,
};

/// How a write changes a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum WriteKind {
    /// Rows are added, and no row that existed changes.
    Insert,
    /// Rows are changed, none is added, and one is removed only where the write replaces another row.
    Update,
    /// Rows are removed.
    Delete,
    /// Rows may be changed, removed or added: upserts, merges, and what cascades, views and functions reach.
    Change,
    /// The table itself is created, altered or dropped.
    Definition,
}

/// What a statement does to the transaction of its connection.
///
/// Names of savepoints are folded like other names of the dialect. In SQLite a savepoint outside of a transaction
/// begins one, and its release commits it; in MySQL a `BEGIN` commits what was open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Control {
    /// Begins a transaction.
    Begin,
    /// Commits it.
    Commit,
    /// Rolls it back.
    Rollback,
    /// Sets a savepoint.
    Savepoint(String),
    /// Releases a savepoint, keeping what was done since.
    Release(String),
    /// Undoes everything since a savepoint, which stays.
    RollbackTo(String),
}

/// Whether a text changes the state of the session, and with it the meaning of later statements: settings, roles,
/// search paths, temporary tables, session variables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SessionState {
    /// It does not.
    #[default]
    Unchanged,
    /// Until the transaction ends.
    Transaction,
    /// Until the session ends.
    Session,
}

/// Why a statement had to be taken for one that may write everything, and may begin or end a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Opaque {
    /// The text could not be parsed, and does not look like a harmless read.
    Unparsed,
    /// The text is nested too deeply to be parsed safely.
    TooDeep,
    /// A kind of statement whose effect the text does not tell: calls, blocks, unusual definitions.
    Unknown,
    /// Control of transactions that goes beyond [`Control`]: chains, two phases, a switched-off autocommit.
    Transaction,
}

/// Why what a statement returns must not be cached.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Uncacheable {
    /// It calls something whose result changes without any write, such as `now()`.
    NonDeterministic(String),
    /// It locks the rows it reads.
    RowLock,
    /// It reads a temporary table, which other sessions do not see.
    TemporaryTable,
    /// It reads what no statement writes: system catalogs, plans, settings.
    Metadata,
    /// It reads or sets variables of the session.
    SessionVariable,
    /// It was not understood.
    NotUnderstood,
}

/// What a text does, whatever is bound to it. Made by [`Analyzer::effect`](crate::Analyzer::effect).
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    pub(crate) dialect: Dialect,
    pub(crate) steps: Vec<Step>,
    /// How many values must be bound, or `None` if it is not certain which value goes where.
    pub(crate) placeholders: Option<usize>,
}

/// What one statement of a text does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    pub(crate) reads: Vec<(TableName, RowPlan)>,
    pub(crate) writes: Vec<WritePlan>,
    pub(crate) control: Option<Control>,
    pub(crate) opaque: Option<Opaque>,
    pub(crate) unknown_reads: bool,
    pub(crate) uncacheable: Option<Uncacheable>,
    pub(crate) session_state: SessionState,
    pub(crate) commits_implicitly: bool,
    pub(crate) keeps_what_it_did: bool,
    /// Set if it runs a trigger of which nobody knows what it writes.
    pub(crate) reaches_everything: bool,
}

/// One table that a statement writes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WritePlan {
    pub(crate) table: TableName,
    pub(crate) rows: RowPlan,
    pub(crate) kind: WriteKind,
    pub(crate) deed: Deed,
}

impl WritePlan {
    /// A change of rows that are not known.
    pub(crate) const fn change(table: TableName, deed: Deed) -> Self {
        Self { table, rows: RowPlan::All, kind: WriteKind::Change, deed }
    }
}

impl Effect {
    /// The statements of the text, in order. Texts of several statements are rare, but `BEGIN; …; COMMIT` is one.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Resolves the rows that the statements name against the values bound to them.
    ///
    /// If the number of values is not the number of placeholders, or the text has several statements, values are
    /// ignored and rows that depend on them are unknown.
    #[must_use]
    pub fn bind<V: Values + ?Sized>(&self, values: &V) -> Touched {
        if self.steps.len() == 1 {
            return self.bind_step(0, values);
        }
        let mut touched = Touched::default();
        for index in 0..self.steps.len() {
            touched.merge(self.bind_step(index, values));
        }
        touched
    }

    /// The same for the statement at `index` alone; nothing is touched by a statement that does not exist.
    #[must_use]
    pub fn bind_step<V: Values + ?Sized>(&self, index: usize, values: &V) -> Touched {
        let Some(step) = self.steps.get(index) else { return Touched::default() };
        match self.placeholders {
            Some(expected) if expected == values.len() => step.bind(values, self.dialect),
            Some(_) => step.without_rows(),
            None => step.bind::<[Bind<'_>]>(&[], self.dialect),
        }
    }

    /// Whether the text writes no table and is understood. It may still control a transaction or set session state.
    #[must_use]
    pub fn writes_nothing(&self) -> bool {
        self.steps.iter().all(|step| step.writes.is_empty() && step.opaque.is_none())
    }

    /// Whether some statement was not understood, and everything may have been written.
    #[must_use]
    pub fn opaque(&self) -> Option<Opaque> {
        self.steps.iter().find_map(|step| step.opaque)
    }

    /// Whether some statement begins, ends or divides a transaction.
    #[must_use]
    pub fn controls_transaction(&self) -> bool {
        self.steps.iter().any(|step| step.control.is_some() || step.commits_implicitly || step.opaque.is_some())
    }

    /// Whether an error means that nothing of the text happened: it is one statement, it is understood (a procedure may
    /// have committed something before it failed), and it does not say that what it did shall stay (`OR FAIL`).
    #[must_use]
    pub fn is_all_or_nothing(&self) -> bool {
        matches!(self.steps.as_slice(), [step] if step.opaque.is_none() && !step.keeps_what_it_did)
    }

    /// The most lasting change to the state of the session.
    #[must_use]
    pub fn session_state(&self) -> SessionState {
        self.steps.iter().map(|step| step.session_state).max().unwrap_or_default()
    }

    /// Why the result must not be cached, if so.
    #[must_use]
    pub fn uncacheable(&self) -> Option<&Uncacheable> {
        self.steps.iter().find_map(|step| step.uncacheable.as_ref())
    }
}

impl Step {
    /// What the statement does to the transaction.
    #[must_use]
    pub fn control(&self) -> Option<&Control> {
        self.control.as_ref()
    }

    /// Why the statement may have written everything, if so. The transaction may have begun or ended as well.
    #[must_use]
    pub fn opaque(&self) -> Option<Opaque> {
        self.opaque
    }

    /// Whether the database commits the open transaction before this statement, as MySQL does with definitions.
    #[must_use]
    pub fn commits_implicitly(&self) -> bool {
        self.commits_implicitly
    }

    /// The statement's change to the state of the session.
    #[must_use]
    pub fn session_state(&self) -> SessionState {
        self.session_state
    }

    pub(crate) fn opaque_because(reason: Opaque) -> Self {
        Self {
            opaque: Some(reason),
            unknown_reads: true,
            uncacheable: Some(Uncacheable::NotUnderstood),
            ..Self::default()
        }
    }

    fn bind<V: Values + ?Sized>(&self, values: &V, dialect: Dialect) -> Touched {
        self.touched(|plan| plan.bind(values, dialect))
    }

    fn without_rows(&self) -> Touched {
        self.touched(|_| crate::Rows::All)
    }

    fn touched(&self, rows: impl Fn(&RowPlan) -> crate::Rows) -> Touched {
        let read = |(table, plan): &(TableName, RowPlan)| Read { table: table.clone(), rows: rows(plan) };
        let write = |plan: &WritePlan| Write { table: plan.table.clone(), rows: rows(&plan.rows), kind: plan.kind };
        Touched {
            reads: self.reads.iter().map(read).collect(),
            writes: self.writes.iter().map(write).collect(),
            opaque: self.opaque.or(self.reaches_everything.then_some(Opaque::Unknown)),
            unknown_reads: self.unknown_reads,
            uncacheable: self.uncacheable.clone(),
        }
    }
}
