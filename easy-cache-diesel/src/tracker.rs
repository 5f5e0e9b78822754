//! Follows one connection, statement by statement: what each of them reads is recorded, what it makes visible is held while it
//! runs, and settled when it has ended. How transactions nest is left to `frames`, what an error says to `outcome`.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use diesel::result::Error;
use easy_cache_core::scope;
use easy_cache_sql::hook::{Held, Hook, Outcome, Pending, Plan, Reading};

use crate::frames::Frames;
use crate::outcome::Answer;
use crate::text::Text;

/// What is known of one connection.
#[derive(Debug)]
pub(crate) struct Tracker {
    hook: Hook,
    frames: Frames,
    text: Text,
    running: Option<Running>,
    /// Writes whose end nobody has seen. When the connection answers to a later statement, they have ended: a database does
    /// one after the other. If it never does, their deadline counts.
    unproved: Vec<Held>,
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
    hold: Option<Held>,
    is_counted: bool,
}

impl Tracker {
    pub(crate) fn new(hook: Hook) -> Self {
        let frames = Frames::new(hook.analyzer().dialect());
        let (text, unproved) = (Text::default(), Vec::new());
        Self { hook, frames, text, running: None, unproved, is_open: Arc::default(), counting: Counting::Nobody }
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
        if let Some(running) = self.running.take() {
            self.abandon(running);
        }
        self.text.read(query);
        let plan = self.hook.plan(self.text.sql(), &self.text);
        self.hook.note_session(&plan, self.text.sql());
        if plan.writes() || plan.controls_transaction() || self.frames.is_open() {
            scope::taint();
        }
        let is_counted = matches!(std::mem::take(&mut self.counting), Counting::Next);
        let reading = if is_counted { self.hook.observe(&plan) } else { self.hook.observe_uncounted(&plan) };
        let visible = self.frames.before(&plan);
        let hold = (!visible.is_empty()).then(|| self.hook.hold_sync(&visible));
        self.running = Some(Running { plan, reading, hold, is_counted });
    }

    /// To be called when the statement has ended.
    pub(crate) fn finish(&mut self, error: Option<&Error>) {
        let Some(Running { plan, reading, hold, is_counted }) = self.running.take() else { return };
        if is_counted {
            self.counting = Counting::Ended(reading);
        } else {
            reading.returned(None);
        }
        let answer = Answer::of(error, plan.dialect());
        let is_certain = plan.is_all_or_nothing() && !self.frames.is_doubtful();
        self.frames.after(&plan, self.text.sql(), answer);
        self.note_open();
        match (hold, answer) {
            (Some(hold), Answer::Lost) => self.unproved.push(hold),
            (Some(hold), Answer::Refused) if is_certain => self.hook.settle_sync(hold, Outcome::RolledBack),
            (Some(hold), _) => self.hook.settle_sync(hold, Outcome::Committed),
            (None, _) => {}
        }
        if answer != Answer::Lost {
            self.settle_unproved();
        }
    }

    /// Nobody will say how this statement ended: its future was dropped, or it never left this process.
    fn abandon(&mut self, Running { plan, hold, .. }: Running) {
        self.frames.after(&plan, self.text.sql(), Answer::Lost);
        self.note_open();
        self.unproved.extend(hold);
    }

    fn settle_unproved(&mut self) {
        for hold in std::mem::take(&mut self.unproved) {
            self.hook.settle_sync(hold, Outcome::Committed);
        }
    }

    /// Something here went wrong: nothing that is known of the connection can be trusted any more.
    pub(crate) fn give_up(&mut self) {
        tracing::error!("failed to follow a statement: everything is invalidated, and this connection is not trusted");
        self.frames.lose_track();
        self.note_open();
        self.running = None;
        scope::taint();
        let hold = self.hook.hold_sync(&Pending::everything());
        self.unproved.push(hold);
    }

    fn note_open(&self) {
        let is_open = self.frames.is_open();
        if self.is_open.load(Ordering::Relaxed) != is_open {
            self.is_open.store(is_open, Ordering::Release);
        }
    }
}
