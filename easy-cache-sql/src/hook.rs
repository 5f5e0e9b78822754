//! The one place where statements meet the cache: what a read depends on, what a write holds and invalidates. Shared by
//! the integrations of all ORMs; when statements run, and what their outcome was, is theirs to know.

mod change;
mod lending;
mod pending;
mod telling;

use std::{
    error::Error,
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use easy_cache_core::{Cache, Hold, Operation, Tag, scope, scope::Observed};

use crate::audit::{Audit, Published};
use crate::touch::Touching;
use crate::{Analyzer, Control, Dialect, Effect, SessionState, Step, TableName, Touch, Touched, Values};
use pending::new_rows;
use telling::Telling;

use change::Changes;
pub use change::{Change, FromKey};
pub use pending::Pending;

/// How long a write may take to tell its outcome. After that its tags count as invalidated, and it must not commit.
pub const HOLD_FOR: Duration = Duration::from_secs(30);

/// Connects one database with one cache. Cloning is cheap.
///
/// Values in *other* caches that were built from this database are dropped too: they carry this cache's tags.
#[derive(Clone, Debug)]
pub struct Hook {
    shared: Arc<Shared>,
    /// Whether a write is refused that others may not hear of in time.
    is_strict: bool,
    /// Whether the database may be behind what was invalidated.
    is_unkept: bool,
}

#[derive(Debug)]
struct Shared {
    analyzer: Analyzer,
    cache: Cache,
    hold_for: Duration,
    session_changed: AtomicBool,
    telling: Telling,
    /// Set in tests that audit.
    published: OnceLock<Published>,
}

impl Hook {
    /// A hook with a deadline for writes of `hold_for`; [`HOLD_FOR`] is a good default.
    #[must_use]
    pub fn new(analyzer: Analyzer, cache: Cache, hold_for: Duration) -> Self {
        let (session_changed, telling) = (AtomicBool::new(false), Telling::default());
        let published = OnceLock::new();
        Self {
            shared: Arc::new(Shared { analyzer, cache, hold_for, session_changed, telling, published }),
            is_strict: false,
            is_unkept: false,
        }
    }

    /// The same, but a write whose hold the store outside the process did not take is refused before it is sent. Usually it goes
    /// on, and other processes serve what it makes outdated until its invalidation has arrived.
    #[must_use]
    pub fn strict(self) -> Self {
        Self { is_strict: true, ..self }
    }

    /// The same, but nothing is kept that was built from a read: for a replica, which may lag behind what has been invalidated.
    #[must_use]
    pub fn unkept(self) -> Self {
        Self { is_unkept: true, ..self }
    }

    /// The cache that this hook invalidates.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        &self.shared.cache
    }

    /// What understands the statements.
    #[must_use]
    pub fn analyzer(&self) -> &Analyzer {
        &self.shared.analyzer
    }

    /// Begins to remember what is invalidated, to compare it with what the database tells: a mode for tests.
    #[must_use]
    pub fn audit(&self) -> Audit {
        Audit::new(self.clone(), self.shared.published.get_or_init(Published::default).clone())
    }

    /// What a statement does, with these values bound to it.
    ///
    /// Outside of a scope nobody asks what is read: the rows of a statement that only reads are then not looked for.
    pub fn plan<V: Values + ?Sized>(&self, sql: &str, values: &V) -> Plan {
        let effect = self.shared.analyzer.effect(sql);
        let is_asked = scope::is_active() || !effect.writes_nothing();
        let touched = is_asked.then(|| effect.bind(values));
        let changes = match &touched {
            Some(touched) if !effect.writes_nothing() => self.shared.telling.asked_for(touched),
            _ => Changes::default(),
        };
        Plan { effect, touched, changes }
    }

    /// To be called **before** a statement that reads is sent. Costs nothing unless a scope collects tags.
    pub fn observe(&self, plan: &Plan) -> Reading {
        Reading(self.keepable(plan).map(|touched| {
            let rows = touched.keys_read().map(|keys| (keys, self.observe_read(touched, Some(keys))));
            Dependencies { rows, tables: self.observe_read(touched, None) }
        }))
    }

    /// The same for an integration that cannot count the rows that come back. What is read by primary key then depends on
    /// these rows, found or not, and on all inserts that do not say which rows they add.
    pub fn observe_uncounted(&self, plan: &Plan) -> Reading {
        Reading(self.keepable(plan).map(|touched| {
            let Some(keys) = touched.keys_read() else {
                return Dependencies { rows: None, tables: self.observe_read(touched, None) };
            };
            let mut tags = tags_read(touched, Some(keys));
            tags.extend(touched.reads.iter().map(|read| new_rows(&read.table)));
            Dependencies { rows: None, tables: scope::observe(&self.shared.cache, tags) }
        }))
    }

    /// What is read, if a scope collects it and may keep what is built from it.
    fn keepable<'p>(&self, plan: &'p Plan) -> Option<&'p Touched> {
        if !scope::is_active() {
            return None;
        }
        let is_known = |touched: &&Touched| touched.uncacheable.is_none() && !touched.unknown_reads;
        let touched = plan.touched.as_ref().filter(is_known);
        let touched = touched.filter(|_| !self.is_unkept && !self.is_session_changed());
        if touched.is_none() {
            scope::taint();
        }
        touched
    }

    fn observe_read(&self, touched: &Touched, returned: Option<usize>) -> Observed {
        scope::observe(&self.shared.cache, tags_read(touched, returned))
    }

    /// Marks what is about to be committed. To be awaited **before** the commit is sent.
    pub async fn hold(&self, pending: &Pending) -> Held {
        Held { hold: self.holding(pending).await, changes: pending.changes().clone() }
    }

    /// The same for callers without a runtime: blocks until it is done.
    pub fn hold_sync(&self, pending: &Pending) -> Held {
        Held { hold: self.holding(pending).wait(), changes: pending.changes().clone() }
    }

    fn holding(&self, pending: &Pending) -> Operation<'_, Hold> {
        match pending.tags() {
            None => self.shared.cache.hold_all(self.shared.hold_for),
            Some(tags) => self.shared.cache.hold(tags.iter().cloned(), self.shared.hold_for),
        }
    }

    /// The same, for a write that may be refused: see [`strict`](Self::strict).
    ///
    /// # Errors
    /// Why the store did not take the hold. Nothing is held then, and the write must not be sent.
    pub async fn hold_or_refuse(&self, pending: &Pending) -> Result<Held, Refused> {
        let mut held = self.hold(pending).await;
        match held.hold.take_refusal() {
            Some(cause) if self.is_strict => {
                report(held.hold.rollback().await);
                Err(Refused { cause })
            }
            _ => Ok(held),
        }
    }

    /// Invalidates what is visible already, such as what another program has committed.
    pub fn invalidate<'a>(&'a self, pending: &'a Pending) -> Operation<'a> {
        match pending.tags() {
            None => self.shared.cache.invalidate_all(),
            Some(tags) => self.shared.cache.invalidate_tags(tags.iter().cloned()),
        }
    }

    /// Runs what makes a write visible, between the hold and its end. `outcome` tells how it went from its result.
    ///
    /// # Errors
    /// As with [`hold_or_refuse`](Self::hold_or_refuse); then nothing was run.
    pub async fn write<T>(
        &self,
        visible: &Pending,
        run: impl Future<Output = T>,
        outcome: impl FnOnce(&T) -> Outcome,
    ) -> Result<T, Refused> {
        if visible.is_empty() {
            return Ok(run.await);
        }
        let hold = self.hold_or_refuse(visible).await?;
        let result = run.await;
        self.settle(hold, outcome(&result)).await;
        Ok(result)
    }

    /// Ends a hold as the outcome of its write demands. A failure is reported as an event: the commit has happened.
    pub async fn settle(&self, held: Held, outcome: Outcome) {
        let Held { hold, changes } = held;
        self.note_published(&hold, outcome);
        let _told_at_the_end = self.telling(changes, outcome);
        if let Some(ending) = ending(hold, outcome) {
            report(ending.await);
        }
    }

    /// The same for callers without a runtime: blocks until it is done.
    pub fn settle_sync(&self, held: Held, outcome: Outcome) {
        let Held { hold, changes } = held;
        self.note_published(&hold, outcome);
        let _told_at_the_end = self.telling(changes, outcome);
        if let Some(ending) = ending(hold, outcome) {
            report(ending.wait());
        }
    }

    /// To be called where a write of this connection is [invalidated](Self::invalidate) before it is settled: an [audit](Self::audit)
    /// counts it as told. What others wrote is not, although it is invalidated as well.
    pub fn note_told(&self, pending: &Pending) {
        if let Some(published) = self.shared.published.get() {
            published.add(pending.tags());
        }
    }

    fn note_published(&self, hold: &Hold, outcome: Outcome) {
        if let (Some(published), true) = (self.shared.published.get(), outcome != Outcome::RolledBack) {
            published.add(hold.tags());
        }
    }

    /// Calls back whenever a write to the table has become visible to others, after its invalidation: for what shall happen then,
    /// such as a message to a search index.
    ///
    /// - Each write is told once, those of one connection in their order. Nothing is told of what was rolled back, nor of a write
    ///   whose outcome nobody knows. In doubt (an error without an answer, and the connection lives) it is told.
    /// - Callbacks run one after the other on a thread of their own, so a slow one delays other callbacks and no write, and
    ///   one that panics harms nobody. What is not told yet when the process ends is lost.
    /// - If callbacks are very slow (1,024 changes wait), further changes of a table are told as one, without their keys.
    /// - Statements that are running already are not told.
    ///
    /// A callback that holds on to the database keeps it alive.
    pub fn on_change(&self, table: TableName, callback: impl Fn(&Change) + Send + Sync + 'static) {
        self.shared.telling.add(table, Arc::new(callback));
    }

    /// Waits until callbacks have been told of everything that was settled before this call; `false` if that takes longer.
    /// For tests, and for the end of a process.
    #[must_use]
    pub fn wait_until_told(&self, within: Duration) -> bool {
        self.shared.telling.wait(within)
    }

    /// Told when this is dropped: after the invalidation, also if that is not waited for.
    fn telling(&self, changes: Changes, outcome: Outcome) -> Told<'_> {
        let changes = if outcome == Outcome::Committed { changes } else { Changes::default() };
        Told { telling: &self.shared.telling, changes }
    }

    /// To be called **before** a statement is sent: notes that it changes the state of a session that others may share.
    ///
    /// From then on nobody knows what a read of this database means (another role may see other rows), so nothing is kept
    /// that was built from one, and what was kept before is dropped. Blocks for that, once in the life of a hook.
    pub fn note_session(&self, plan: &Plan, sql: &str) {
        if plan.effect.session_state() != SessionState::Session
            || self.shared.session_changed.swap(true, Ordering::SeqCst)
        {
            return;
        }
        tracing::warn!(
            sql,
            "a statement changed the state of its session: reads of this database are not cached any more"
        );
        if let Err(error) = self.shared.cache.invalidate_all().wait() {
            tracing::error!(%error, "failed to drop what was read before the state of a session changed");
        }
    }

    /// Whether [`note_session`](Self::note_session) has seen a session change: what is kept by the text of a statement must not be
    /// served any more, not even what others have shared.
    #[must_use]
    pub fn is_session_changed(&self) -> bool {
        self.shared.session_changed.load(Ordering::SeqCst)
    }
}

/// What a write holds while it runs, and the changes that are told when it has become visible. Dropping it says that the outcome is
/// unknown: the tags stay held until their deadline, and count as invalidated from then on.
#[derive(Debug)]
#[must_use = "what is held and not settled is not served until its deadline"]
pub struct Held {
    hold: Hold,
    changes: Changes,
}

struct Told<'a> {
    telling: &'a Telling,
    changes: Changes,
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.telling.tell(std::mem::take(&mut self.changes));
    }
}

fn ending(hold: Hold, outcome: Outcome) -> Option<Operation<'static>> {
    match outcome {
        Outcome::Committed => Some(hold.commit()),
        Outcome::RolledBack => Some(hold.rollback()),
        Outcome::Unknown => {
            tracing::warn!("the outcome of a write is unknown: what it touches is not served until its deadline");
            None
        }
    }
}

fn report(settled: Result<(), easy_cache_core::Error>) {
    if let Err(error) = settled {
        tracing::error!(%error, "failed to invalidate what was committed");
    }
}

/// A write was not sent, since its hold could not be placed at the store outside the process.
#[derive(Debug)]
pub struct Refused {
    cause: easy_cache_core::Error,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the write was not sent: the cache's store did not take its hold")
    }
}

impl Error for Refused {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is visible to others, or may be.
    Committed,
    /// It certainly changed nothing.
    RolledBack,
    /// Nobody knows, and it may still happen.
    Unknown,
}

/// How a transaction was begun by text: what ends it depends on that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// By `BEGIN`.
    Transaction,
    /// By a savepoint of this name outside of any transaction, as in SQLite.
    Savepoint(String),
}

/// A statement with its effect, ready to run.
#[derive(Debug)]
pub struct Plan {
    effect: Arc<Effect>,
    /// `None` for a read whose rows nobody asked for.
    touched: Option<Touched>,
    /// What somebody wants to be told of, once for each run of the statement.
    changes: Changes,
}

impl Plan {
    /// What is to be invalidated once the statement is committed; `None` if it writes nothing.
    #[must_use]
    pub fn pending(&self) -> Option<Pending> {
        let pending = Pending::of_writes(self.touched.as_ref()?);
        (!pending.is_empty()).then(|| pending.with_changes(self.changes.clone()))
    }

    /// What each statement of the text does, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        self.effect.steps()
    }

    /// The dialect of the text.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.effect.dialect
    }

    /// Whether something is to be invalidated once the statement is committed.
    #[must_use]
    pub fn writes(&self) -> bool {
        !self.effect.writes_nothing()
    }

    /// Whether the text may begin, end or divide a transaction by itself.
    #[must_use]
    pub fn controls_transaction(&self) -> bool {
        self.effect.controls_transaction()
    }

    /// Whether the text begins a transaction, whatever it does afterwards. In SQLite a savepoint does, too.
    #[must_use]
    pub fn begins_transaction(&self) -> bool {
        self.controls().any(|control| matches!(control, Control::Begin | Control::Savepoint(_)))
    }

    /// Whether the text only takes back what was written, and so makes nothing visible.
    #[must_use]
    pub fn only_rolls_back(&self) -> bool {
        let takes_back = |step: &Step| matches!(step.control(), Some(Control::Rollback | Control::RollbackTo(_)));
        !self.writes() && self.effect.steps().iter().all(takes_back)
    }

    /// The transaction that is open after the text has run, given the one that was open before. What was not understood is
    /// taken to leave it open.
    #[must_use]
    pub fn transaction_after(&self, before: Option<Begun>) -> Option<Begun> {
        self.effect.steps().iter().fold(before, |open, step| {
            let open = if step.commits_implicitly() { None } else { open };
            match (step.control(), open) {
                (Some(Control::Begin), None) => Some(Begun::Transaction),
                (Some(Control::Savepoint(name)), None) => Some(Begun::Savepoint(name.clone())),
                (Some(Control::Commit | Control::Rollback), _) => None,
                (Some(Control::Release(name)), Some(Begun::Savepoint(outermost))) if *name == outermost => None,
                (_, open) => open,
            }
        })
    }

    /// Whether an open transaction may be over after the text, or after a part of it.
    #[must_use]
    pub fn may_end_transaction(&self) -> bool {
        let ends = |control: &Control| match control {
            Control::Commit | Control::Rollback => true,
            Control::Begin => self.effect.dialect == Dialect::MySql,
            Control::Savepoint(_) | Control::Release(_) | Control::RollbackTo(_) => false,
        };
        let unseen = |step: &Step| step.opaque().is_some() || step.commits_implicitly();
        self.effect.steps().iter().any(unseen) || self.controls().any(ends)
    }

    /// Whether an error means that nothing of the text happened.
    #[must_use]
    pub fn is_all_or_nothing(&self) -> bool {
        self.effect.is_all_or_nothing()
    }

    fn controls(&self) -> impl Iterator<Item = &Control> {
        self.effect.steps().iter().filter_map(Step::control)
    }
}

/// What was observed before a read; its dependencies are recorded when it is known what the read found. Dropping it, with
/// the read or without, records all that may have been read.
#[derive(Debug)]
#[must_use = "what the read found decides what its value depends on"]
pub struct Reading(Option<Dependencies>);

/// The two ways in which a value can depend on what was read.
#[derive(Debug)]
struct Dependencies {
    /// On single rows, if as many were found as were asked for.
    rows: Option<(usize, Observed)>,
    /// On whole tables, otherwise.
    tables: Observed,
}

impl Reading {
    /// Whether a scope collects what is read, and may keep what is built from it.
    #[must_use]
    pub const fn collects(&self) -> bool {
        self.0.is_some()
    }

    /// Records the dependencies, given the number of rows that came back (`None` if it is not known).
    pub fn returned(mut self, count: Option<usize>) {
        if let Some(Dependencies { rows, tables }) = self.0.take() {
            match rows {
                Some((keys, rows)) if count == Some(keys) => rows.record(),
                _ => tables.record(),
            }
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if let Some(Dependencies { tables, .. }) = self.0.take() {
            tables.record();
        }
    }
}

/// The tags of what a value depends on.
fn tags_read(touched: &Touched, returned: Option<usize>) -> Vec<Tag> {
    let mut tags = Vec::with_capacity(3);
    touched.for_each_dependency(returned, |touching| tags.extend(tag_of(touching)));
    tags
}

fn tag_of(touching: Touching<'_>) -> Option<Tag> {
    match touching {
        Touching::Everything => None,
        Touching::Table(table) => Some(Tag::table(table.as_str())),
        Touching::Row(table, key) => Some(Tag::row(table.as_str(), key)),
        Touching::UnknownRows(table) => Some(Tag::unknown_rows(table.as_str())),
    }
}

/// The tag of a touch; everything has none.
#[must_use]
pub fn tag(touch: &Touch) -> Option<Tag> {
    tag_of(match touch {
        Touch::Everything => Touching::Everything,
        Touch::Table(table) => Touching::Table(table),
        Touch::Row(table, key) => Touching::Row(table, key),
        Touch::UnknownRows(table) => Touching::UnknownRows(table),
    })
}
