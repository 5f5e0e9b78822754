//! Follows one connection, statement by statement: what each of them reads is recorded, what it makes visible is held while it
//! runs, and settled when it has ended. How transactions nest is left to `frames`, what an error says to `outcome`.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(feature = "async")]
use std::time::Duration;

use diesel::result::Error;
use easy_cache_core::scope;
use easy_cache_sql::Dialect;
use easy_cache_sql::hook::{Hook, Outcome, Pending, Plan, Reading};

use crate::frames::Frames;
use crate::holding::Holding;
#[cfg(feature = "async")]
use crate::holding::{A_MOMENT, invalidate};
use crate::outcome::Answer;
#[cfg(feature = "async")]
use crate::overlap::{MOST_LATE, Overlap};
use crate::text::Text;

/// What Diesel asks PostgreSQL between the beginning of a statement and its sending: the numbers of a type that is bound.
const QUESTION: &str = r#"SELECT "pg_type"."oid", "pg_type"."typarray" FROM "#;

/// What Diesel sets every connection to, when it is made: no state of a session, since all have it.
const SETTINGS: [&str; 6] = [
    "SET TIME ZONE 'UTC'",
    "SET CLIENT_ENCODING TO 'UTF8'",
    "SET time_zone = '+00:00';",
    "SET character_set_client = 'utf8mb4'",
    "SET character_set_connection = 'utf8mb4'",
    "SET character_set_results = 'utf8mb4'",
];

/// What is known of one connection.
#[derive(Debug)]
pub(crate) struct Tracker {
    hook: Hook,
    frames: Frames,
    text: Text,
    running: Option<Running>,
    /// Whether Diesel asks something of its own before it sends what runs.
    is_asking: bool,
    /// Writes whose end nobody has seen. When the connection answers to a later statement, they have ended: a database does
    /// one after the other. If it never does, their deadline counts.
    unproved: Vec<Holding>,
    #[cfg(feature = "async")]
    overlap: Overlap,
    /// How long a store is waited for where a runtime stands still meanwhile.
    #[cfg(feature = "async")]
    patience: Duration,
    is_open: Arc<AtomicBool>,
    counting: Counting,
}

/// What is read by somebody who can tell how many rows came back. Diesel does not.
#[derive(Debug, Default)]
enum Counting {
    #[default]
    Nobody,
    /// The next statement.
    Next,
    /// A statement that has ended.
    Ended(Reading),
}

/// The statement that was sent and has not ended.
#[derive(Debug)]
struct Running {
    plan: Plan,
    reading: Reading,
    visible: Pending,
    hold: Option<Holding>,
    is_counted: bool,
    /// Whether somebody collected what it reads when it was begun.
    is_collected: bool,
}

impl Tracker {
    pub(crate) fn new(hook: Hook) -> Self {
        let frames = Frames::new(hook.analyzer().dialect());
        let (text, unproved) = (Text::default(), Vec::new());
        Self {
            hook,
            frames,
            text,
            running: None,
            is_asking: false,
            unproved,
            #[cfg(feature = "async")]
            overlap: Overlap::default(),
            #[cfg(feature = "async")]
            patience: A_MOMENT,
            is_open: Arc::default(),
            counting: Counting::Nobody,
        }
    }

    /// Whether a transaction is open, or may be. Shared with who asks while the connection is in use.
    pub(crate) const fn is_open(&self) -> &Arc<AtomicBool> {
        &self.is_open
    }

    /// The connection had begun a transaction before it was followed.
    pub(crate) fn begin_in_doubt(&mut self) {
        self.frames.begin_in_doubt();
        self.note_open();
    }

    /// To be called by who can count the rows of the next statement, before it is sent.
    pub(crate) fn count_next(&mut self) {
        self.counting = Counting::Next;
    }

    /// The same, after it has ended: how many rows came back, if that is known.
    pub(crate) fn counted(&mut self, rows: Option<usize>) {
        if let Counting::Ended(reading) = std::mem::take(&mut self.counting) {
            reading.returned(rows);
        }
    }

    /// To be called before a statement is sent.
    pub(crate) fn start(&mut self, query: &(impl Display + ?Sized)) {
        if self.running.is_some() && self.is_question(query) {
            self.is_asking = true;
            return;
        }
        if let Some(running) = self.running.take() {
            self.abandon(running);
        }
        self.text.read(query);
        let plan = self.hook.plan(self.text.sql(), &self.text);
        if !SETTINGS.contains(&self.text.sql()) {
            self.hook.note_session(&plan, self.text.sql());
        }
        if plan.writes() || plan.controls_transaction() || self.frames.is_open() {
            scope::taint();
        }
        let is_counted = matches!(std::mem::take(&mut self.counting), Counting::Next);
        let reading = if is_counted { self.hook.observe(&plan) } else { self.hook.observe_uncounted(&plan) };
        let visible = self.frames.before(&plan);
        let hold = (!visible.is_empty()).then(|| self.hold(&visible));
        self.running = Some(Running { plan, reading, visible, hold, is_counted, is_collected: scope::is_active() });
    }

    /// To be called when a statement has ended.
    pub(crate) fn finish(&mut self, query: &(impl Display + ?Sized), error: Option<&Error>) {
        if std::mem::take(&mut self.is_asking) || !self.ends_what_runs(query) {
            return;
        }
        let Some(Running { plan, reading, visible, hold, is_counted, is_collected }) = self.running.take() else {
            return;
        };
        self.check_scope(is_collected);
        if is_counted {
            self.counting = Counting::Ended(reading);
        } else {
            reading.returned(None);
        }
        let answer = Answer::of(error, plan.dialect());
        let is_certain = plan.is_all_or_nothing() && !self.frames.is_doubtful();
        self.frames.after(&plan, self.text.sql(), answer);
        self.note_open();
        // What another statement was answered says nothing about this one, nor about those before it.
        let is_another = self.may_be_another(&visible);
        if answer != Answer::Lost && !is_another {
            self.settle_unproved();
        }
        match (hold, answer) {
            (Some(hold), _) if is_another => self.doubt(hold, &visible),
            (Some(hold), Answer::Lost) => self.unproved.push(hold),
            (Some(hold), Answer::Refused) if is_certain => hold.settle(&self.hook, Outcome::RolledBack),
            (Some(hold), _) if self.goes_on(&plan) => self.doubt(hold, &visible),
            (Some(hold), _) => hold.settle(&self.hook, Outcome::Committed),
            (None, _) => {}
        }
    }

    /// Whether this is no statement of the application's, but belongs to the one that runs: that is not even sent.
    fn is_question(&self, query: &(impl Display + ?Sized)) -> bool {
        let mut text = Text::default();
        self.hook.analyzer().dialect() == Dialect::Postgres && {
            text.read(query);
            text.sql().starts_with(QUESTION)
        }
    }

    /// Nobody will say how this statement ended: its future was dropped, or it never left this process.
    fn abandon(&mut self, Running { plan, visible, hold, .. }: Running) {
        #[cfg(feature = "async")]
        self.overlap.add(self.text.sql(), visible, &self.hook);
        #[cfg(not(feature = "async"))]
        drop(visible);
        self.frames.after(&plan, self.text.sql(), Answer::Lost);
        self.note_open();
        self.unproved.extend(hold);
    }

    fn settle_unproved(&mut self) {
        for hold in std::mem::take(&mut self.unproved) {
            hold.settle(&self.hook, Outcome::Committed);
        }
    }

    /// Something here went wrong: nothing that is known of the connection can be trusted any more.
    pub(crate) fn give_up(&mut self) {
        tracing::error!("failed to follow a statement: everything is invalidated, and this connection is not trusted");
        self.frames.lose_track();
        self.note_open();
        self.running = None;
        self.is_asking = false;
        scope::taint();
        let hold = self.hold(&Pending::everything());
        self.unproved.push(hold);
    }

    fn note_open(&self) {
        let is_open = self.frames.is_open();
        if self.is_open.load(Ordering::Relaxed) != is_open {
            self.is_open.store(is_open, Ordering::Release);
        }
    }
}

/// On a connection that answers while a statement runs, one follows the other.
#[cfg(not(feature = "async"))]
impl Tracker {
    fn hold(&self, pending: &Pending) -> Holding {
        Holding::here(&self.hook, pending)
    }

    #[expect(clippy::unused_self, reason = "asynchronous connections have an answer of their own")]
    fn ends_what_runs(&self, _: &(impl Display + ?Sized)) -> bool {
        true
    }

    #[expect(clippy::unused_self, reason = "the same")]
    fn check_scope(&self, _: bool) {}

    #[expect(clippy::unused_self, reason = "the same")]
    const fn may_be_another(&self, _: &Pending) -> bool {
        false
    }

    fn doubt(&mut self, hold: Holding, _: &Pending) {
        self.unproved.push(hold);
    }

    #[expect(clippy::unused_self, reason = "the same")]
    fn goes_on(&self, _: &Plan) -> bool {
        false
    }
}

/// Asynchronous connections: futures are made before they run, dropped while they run, and several may run at once.
#[cfg(feature = "async")]
impl Tracker {
    /// How long a store is waited for where a runtime stands still meanwhile: a moment, unless this was said.
    pub(crate) const fn wait_for_store(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// To be called before the first statement of a connection that is asynchronous.
    pub(crate) fn expect_overlap(&mut self) {
        self.overlap.expect();
    }

    fn hold(&self, pending: &Pending) -> Holding {
        if self.overlap.is_excluded() {
            Holding::here(&self.hook, pending)
        } else {
            Holding::of(&self.hook, pending, self.patience)
        }
    }

    /// Whether it is the statement that was begun last that has ended. What is known of others with this text is invalidated once
    /// more: it may be one of them.
    fn ends_what_runs(&mut self, query: &(impl Display + ?Sized)) -> bool {
        let ended = self.overlap.ended(&self.text, query);
        if !ended.again.is_empty() {
            self.hold(&ended.again).settle(&self.hook, Outcome::Committed);
        }
        ended.is_last
    }

    /// What a future reads is collected where it is made: one that was made outside of the computation that awaits it is collected by
    /// nobody.
    fn check_scope(&self, was_collected: bool) {
        if !was_collected && scope::is_active() {
            scope::taint();
            tracing::warn!(
                sql = self.text.sql(),
                "a query was made outside of the computation that awaits it: its value is not kept. Make it inside, in an `async` block"
            );
        }
    }

    /// Whether what has ended may be another statement with the text of the one that was begun last, which may go on then.
    fn may_be_another(&mut self, visible: &Pending) -> bool {
        self.overlap.keep(self.text.sql(), visible, &self.hook)
    }

    /// Nobody knows whether this write has ended. If it has, its caller goes on now, and must not be handed what somebody is still computing
    /// from before it: a hold prevents that entries are served, and no more. So it is invalidated now, and once more when it must have ended.
    /// Those of which there are too many are over: so many are not in flight.
    fn doubt(&mut self, hold: Holding, visible: &Pending) {
        invalidate(&self.hook, visible, self.patience);
        self.hook.note_told(visible);
        self.unproved.push(hold);
        if self.unproved.len() > MOST_LATE {
            self.unproved.remove(0).settle(&self.hook, Outcome::Committed);
        }
    }

    /// Whether a statement may go on although it is said to have ended: the rows that it returns are not read yet, and nothing is
    /// committed before that.
    fn goes_on(&self, plan: &Plan) -> bool {
        self.overlap.is_certain() && !plan.controls_transaction() && may_return_rows(self.text.sql())
    }
}

#[cfg(feature = "async")]
fn may_return_rows(sql: &str) -> bool {
    let sql = sql.trim_start().to_ascii_lowercase();
    let is_plain = ["insert", "update", "delete", "replace"].iter().any(|word| sql.starts_with(word));
    !is_plain || sql.contains("returning")
}

#[cfg(all(test, feature = "async"))]
mod tests;
