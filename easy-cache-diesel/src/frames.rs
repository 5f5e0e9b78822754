//! What the open transaction of one connection has written, savepoint by savepoint, and whether it is certain that it is still
//! open. All of it is learned from the text of the statements that went over the connection. Talking to the cache is left to
//! `tracker`.

use easy_cache_sql::hook::{Pending, Plan};
use easy_cache_sql::{Control, Dialect, Opaque, Step};

use crate::outcome::Answer;

/// The transaction of one connection; no frame, no transaction.
#[derive(Debug)]
pub(crate) struct Frames {
    dialect: Dialect,
    stack: Vec<Frame>,
    /// Whether transactions begin without a text that says so, from now on (`SET autocommit = 0`, `COMMIT AND CHAIN`).
    is_lost: bool,
}

/// The transaction itself, or one savepoint of it.
#[derive(Debug, Default)]
struct Frame {
    /// `None` for what was begun by `BEGIN`.
    savepoint: Option<String>,
    written: Pending,
    /// Whether something happened in it that may have ended the transaction.
    doubtful: bool,
}

/// How much of a text is about transactions.
enum Shape<'a> {
    /// Nothing.
    Plain,
    /// Nothing else.
    Control(&'a Control),
    /// Several statements, some of them; or one that nobody understands; or one that commits before it begins.
    Mixed,
}

impl Shape<'_> {
    fn of(plan: &Plan) -> Shape<'_> {
        match plan.steps() {
            [step] if is_understood(step) && step.control().is_some() => {
                step.control().map_or(Shape::Mixed, Shape::Control)
            }
            steps if steps.iter().all(|step| is_understood(step) && step.control().is_none()) => Shape::Plain,
            _ => Shape::Mixed,
        }
    }
}

fn is_understood(step: &Step) -> bool {
    step.opaque().is_none() && !step.commits_implicitly()
}

impl Frames {
    pub(crate) const fn new(dialect: Dialect) -> Self {
        Self { dialect, stack: Vec::new(), is_lost: false }
    }

    /// Whether a transaction may be open, so that what is read may be what others do not see.
    pub(crate) const fn is_open(&self) -> bool {
        !self.stack.is_empty()
    }

    /// Whether a refused COMMIT may yet have been preceded by one that nobody saw.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.stack.iter().any(|frame| frame.doubtful)
    }

    /// To be called when a transaction may be open that nobody saw beginning.
    pub(crate) fn begin_in_doubt(&mut self) {
        self.open();
        self.doubt_everything();
    }

    /// To be called when nobody knows anything any more: from now on every write is told at once, and again at every COMMIT.
    pub(crate) fn lose_track(&mut self) {
        self.is_lost = true;
        self.begin_in_doubt();
        self.write(Pending::Everything);
    }

    /// To be called **before** a statement is sent: notes what it writes, and tells what it may make visible to others.
    pub(crate) fn before(&mut self, plan: &Plan) -> Pending {
        let mut written = plan.pending().unwrap_or_default();
        self.write(written.clone());
        match Shape::of(plan) {
            Shape::Plain if self.is_open() && !self.is_doubtful() => Pending::default(),
            Shape::Plain => written,
            Shape::Control(control) => self.made_visible_by(control),
            Shape::Mixed => {
                written.merge(self.all());
                written
            }
        }
    }

    fn made_visible_by(&self, control: &Control) -> Pending {
        let ends = match control {
            // What is committed was begun before anybody looked.
            Control::Commit | Control::Release(_) if !self.is_open() => return Pending::Everything,
            Control::Commit => true,
            Control::Begin => self.dialect == Dialect::MySql,
            Control::Release(name) => self.position(name) == Some(0) || self.is_doubtful(),
            _ => false,
        };
        if ends { self.all() } else { Pending::default() }
    }

    /// To be called when the statement has ended.
    pub(crate) fn after(&mut self, plan: &Plan, answer: Answer) {
        match (Shape::of(plan), answer) {
            (Shape::Plain, Answer::Done) => {}
            (Shape::Plain, _) => self.doubt(),
            (Shape::Control(control), Answer::Done) => self.apply(control),
            (Shape::Control(control), _) => self.failed(control, answer),
            (Shape::Mixed, Answer::Done) => self.apply_all(plan),
            (Shape::Mixed, _) => self.failed_somewhere(plan),
        }
    }

    fn apply(&mut self, control: &Control) {
        match control {
            // PostgreSQL only warns that a transaction is open; for SQLite this is a proof that none was.
            Control::Begin if self.is_open() && self.dialect == Dialect::Postgres => {}
            Control::Begin => self.stack = vec![Frame::default()],
            Control::Commit | Control::Rollback => self.end(),
            // Outside of a transaction it begins one in SQLite, and does nothing elsewhere.
            Control::Savepoint(name) if self.is_open() || self.dialect == Dialect::Sqlite => {
                self.stack.push(Frame { savepoint: Some(name.clone()), ..Frame::default() });
            }
            Control::Release(name) => self.release(name),
            Control::RollbackTo(name) => self.roll_back_to(name),
            _ => {}
        }
    }

    fn apply_all(&mut self, plan: &Plan) {
        for step in plan.steps() {
            if step.commits_implicitly() {
                self.end();
            }
            match (step.opaque(), step.control()) {
                (Some(Opaque::Transaction), _) => {
                    self.is_lost = true;
                    self.end();
                }
                (Some(_), _) => self.doubt_everything(),
                (None, Some(control)) => self.apply(control),
                (None, None) => {}
            }
        }
        self.write(plan.pending().unwrap_or_default());
    }

    fn failed(&mut self, control: &Control, answer: Answer) {
        match (control, answer) {
            (Control::Commit | Control::Rollback, Answer::NotOpen) => self.end(),
            (Control::Begin, Answer::Lost) => self.begin_in_doubt(),
            (Control::Begin, _) => {}
            _ => self.doubt_everything(),
        }
    }

    /// The text may have come as far as any of its statements.
    fn failed_somewhere(&mut self, plan: &Plan) {
        let may_begin = plan.begins_transaction() || plan.steps().iter().any(|step| step.opaque().is_some());
        if may_begin || self.is_open() {
            self.begin_in_doubt();
            self.write(plan.pending().unwrap_or_default());
        }
    }

    fn release(&mut self, name: &str) {
        match self.position(name) {
            Some(0) => self.end(),
            Some(position) => {
                for frame in self.stack.split_off(position) {
                    self.write(frame.written);
                }
            }
            None => {}
        }
    }

    /// The savepoint stays. That the database knows it proves that the transaction has lived until now.
    fn roll_back_to(&mut self, name: &str) {
        if let Some(position) = self.position(name) {
            self.stack.truncate(position);
            self.stack.push(Frame { savepoint: Some(name.to_owned()), ..Frame::default() });
        }
    }

    /// Of several savepoints with one name, the database takes the last.
    fn position(&self, name: &str) -> Option<usize> {
        self.stack.iter().rposition(|frame| frame.savepoint.as_deref() == Some(name))
    }

    fn open(&mut self) {
        if self.stack.is_empty() {
            self.stack.push(Frame::default());
        }
    }

    fn end(&mut self) {
        self.stack.clear();
        if self.is_lost {
            self.begin_in_doubt();
        }
    }

    fn write(&mut self, written: Pending) {
        if let Some(frame) = self.stack.last_mut() {
            frame.written.merge(written);
        }
    }

    /// SQLite and MySQL answer some errors by rolling everything back. What is written after that is committed at once.
    fn doubt(&mut self) {
        if let Some(frame) = self.stack.last_mut() {
            frame.doubtful = true;
        }
    }

    fn doubt_everything(&mut self) {
        self.stack.iter_mut().for_each(|frame| frame.doubtful = true);
    }

    fn all(&self) -> Pending {
        let mut all = Pending::default();
        self.stack.iter().for_each(|frame| all.merge(frame.written.clone()));
        all
    }
}
