//! What the open transaction of one connection has written, savepoint by savepoint, and whether it is certain that it is still
//! open. All of it is learned from the text of the statements that went over the connection. Talking to the cache is left to
//! `tracker`.

use easy_cache_sql::hook::{Pending, Plan};
use easy_cache_sql::{Control, Dialect, Opaque, Step};

use crate::outcome::Answer;
use crate::text::UNREADABLE;

/// The transaction of one connection; no frame, no transaction.
#[derive(Debug)]
pub(crate) struct Frames {
    dialect: Dialect,
    stack: Vec<Frame>,
    /// Whether transactions begin without a text that says so, from now on (`SET autocommit = 0`).
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

/// Whether a text that nobody understands may begin a transaction and leave it open.
fn may_begin(sql: &str) -> bool {
    let sql = sql.to_lowercase();
    ["begin", "start", "savepoint", "call", "execute"].iter().any(|word| sql.contains(word)) || sql == UNREADABLE
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
        self.write(Pending::everything());
    }

    /// To be called **before** a statement is sent: notes what it writes, and tells what it may make visible to others.
    pub(crate) fn before(&mut self, plan: &Plan) -> Pending {
        let written = plan.pending().unwrap_or_default();
        if self.is_open() {
            self.write(written.clone());
        }
        match Shape::of(plan) {
            Shape::Plain if self.is_open() && !self.is_doubtful() => Pending::default(),
            Shape::Plain => written,
            Shape::Control(control) => self.made_visible_by(control),
            Shape::Mixed => {
                let mut visible = self.all();
                visible.merge(written);
                visible
            }
        }
    }

    fn made_visible_by(&self, control: &Control) -> Pending {
        let ends = match control {
            // What is committed was begun before anybody looked.
            Control::Commit | Control::Release(_) if !self.is_open() => return Pending::everything(),
            Control::Commit => true,
            Control::Begin => self.dialect == Dialect::MySql,
            Control::Release(name) => self.position(name) == Some(0) || self.is_doubtful(),
            _ => false,
        };
        if ends { self.all() } else { Pending::default() }
    }

    /// To be called when the statement has ended.
    pub(crate) fn after(&mut self, plan: &Plan, sql: &str, answer: Answer) {
        match (Shape::of(plan), answer) {
            (Shape::Plain, Answer::Done) => {}
            (Shape::Plain, _) => self.doubt(),
            (Shape::Control(control), Answer::Done) => self.apply(control),
            (Shape::Control(control), _) => self.failed(control, answer),
            (Shape::Mixed, Answer::Done) => self.apply_all(plan, sql),
            (Shape::Mixed, _) => self.failed_somewhere(plan, sql),
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

    fn apply_all(&mut self, plan: &Plan, sql: &str) {
        for step in plan.steps() {
            if step.commits_implicitly() {
                self.end();
            }
            match (step.opaque(), step.control()) {
                (Some(Opaque::Transaction), _) => {
                    self.is_lost = true;
                    self.end();
                }
                (Some(_), _) if may_begin(sql) => self.begin_in_doubt(),
                (Some(_), _) => self.doubt_everything(),
                (None, Some(control)) => self.apply(control),
                (None, None) => {}
            }
        }
        self.write_at_the_bottom(plan.pending().unwrap_or_default());
    }

    fn failed(&mut self, control: &Control, answer: Answer) {
        match (control, answer) {
            (Control::Commit | Control::Rollback, Answer::NotOpen) => self.end(),
            // PostgreSQL has rolled back.
            (Control::Commit, Answer::Refused) if self.dialect == Dialect::Postgres => self.end(),
            (Control::Begin, Answer::Lost) => self.begin_in_doubt(),
            (Control::Begin, _) => {}
            _ => self.doubt_everything(),
        }
    }

    /// The text may have come as far as any of its statements.
    fn failed_somewhere(&mut self, plan: &Plan, sql: &str) {
        let is_opaque = plan.steps().iter().any(|step| step.opaque().is_some());
        if self.is_open() || plan.begins_transaction() || (is_opaque && may_begin(sql)) {
            self.begin_in_doubt();
            self.write_at_the_bottom(plan.pending().unwrap_or_default());
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

    /// What a text of several statements writes may stand before or behind the savepoints in it: no going back to one of
    /// them takes it away.
    fn write_at_the_bottom(&mut self, pending: Pending) {
        if let Some(frame) = self.stack.first_mut() {
            frame.written.merge(pending);
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

#[cfg(test)]
mod tests {
    use easy_cache_core::{Cache, Tag};
    use easy_cache_sql::hook::{HOLD_FOR, Hook};
    use easy_cache_sql::{Analyzer, Bind};

    use super::*;

    /// A connection to a database that is not there.
    struct Connection(Hook, Frames);

    impl Connection {
        fn to(dialect: Dialect) -> Self {
            let hook = Hook::new(Analyzer::builder(dialect).build(), Cache::new(), HOLD_FOR);
            Self(hook, Frames::new(dialect))
        }

        /// What the statement may make visible.
        fn run_with(&mut self, sql: &str, answer: Answer) -> Pending {
            let plan = self.0.plan::<[Bind<'_>]>(sql, &[]);
            let visible = self.1.before(&plan);
            self.1.after(&plan, sql, answer);
            visible
        }

        fn run(&mut self, sql: &str) -> Pending {
            self.run_with(sql, Answer::Done)
        }
    }

    fn changed<const N: usize>(tables: [&str; N]) -> Pending {
        Pending::of(tables.into_iter().flat_map(|table| [Tag::table(table), Tag::unknown_rows(table)]))
    }

    fn nothing() -> Pending {
        Pending::default()
    }

    #[test]
    fn postgres_goes_on_with_the_transaction_that_is_open_when_another_begins() {
        let mut conn = Connection::to(Dialect::Postgres);
        conn.run("BEGIN");
        assert_eq!(conn.run("UPDATE a SET x = 1"), nothing());
        assert_eq!(conn.run("BEGIN"), nothing());
        assert_eq!(conn.run("COMMIT"), changed(["a"]));
        assert!(!conn.1.is_open());
    }

    #[test]
    fn a_transaction_whose_commit_is_refused_is_over_in_postgres_and_may_go_on_elsewhere() {
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            let mut conn = Connection::to(dialect);
            conn.run("BEGIN");
            conn.run("UPDATE a SET x = 1");
            conn.run_with("COMMIT", Answer::Refused);
            assert_eq!(conn.1.is_open(), dialect == Dialect::Sqlite);
        }
    }

    #[test]
    fn mysql_commits_before_a_new_transaction_and_before_a_definition() {
        let mut conn = Connection::to(Dialect::MySql);
        conn.run("BEGIN");
        conn.run("UPDATE a SET x = 1");
        assert_eq!(conn.run("START TRANSACTION"), changed(["a"]));
        conn.run("UPDATE b SET x = 1");
        assert_eq!(conn.run("CREATE INDEX i ON c (x)"), changed(["b", "c"]));
        assert!(!conn.1.is_open());
        assert_eq!(conn.run("UPDATE a SET x = 1"), changed(["a"]), "an autocommit write");
    }

    #[test]
    fn a_savepoint_outside_of_a_transaction_begins_one_in_sqlite_alone() {
        for dialect in [Dialect::Sqlite, Dialect::MySql] {
            let mut conn = Connection::to(dialect);
            conn.run("SAVEPOINT a");
            assert_eq!(conn.1.is_open(), dialect == Dialect::Sqlite);
        }
    }

    #[test]
    fn transactions_that_begin_by_themselves_are_never_trusted_again() {
        for text in ["SET autocommit = 0", "SET @@autocommit = OFF"] {
            let mut conn = Connection::to(Dialect::MySql);
            conn.run("BEGIN");
            conn.run("UPDATE a SET x = 1");
            assert_eq!(conn.run(text), Pending::everything(), "{text}");
            for _ in 0..2 {
                assert!(conn.1.is_open(), "{text}");
                assert_eq!(conn.run("UPDATE b SET x = 1"), changed(["b"]), "told at once, {text}");
                assert_ne!(conn.run("COMMIT"), nothing(), "and at the end, {text}");
            }
        }
    }

    #[test]
    fn a_transaction_that_is_chained_to_the_last_one_is_open_at_once() {
        let mut conn = Connection::to(Dialect::Postgres);
        conn.run("BEGIN");
        conn.run("UPDATE a SET x = 1");
        assert_eq!(conn.run("COMMIT AND CHAIN"), changed(["a"]));
        assert!(conn.1.is_open() && !conn.1.is_doubtful());
        assert_eq!(conn.run("UPDATE b SET x = 1"), nothing());
        assert_eq!(conn.run("ROLLBACK AND CHAIN"), changed(["b"]), "more than needed");
        assert_eq!(conn.run("COMMIT"), nothing());
        assert!(!conn.1.is_open());
    }

    #[test]
    fn a_begin_or_commit_without_an_answer_may_have_happened() {
        let mut conn = Connection::to(Dialect::Postgres);
        conn.run_with("BEGIN", Answer::Lost);
        assert!(conn.1.is_open() && conn.1.is_doubtful());
        assert_eq!(conn.run("UPDATE a SET x = 1"), changed(["a"]));
        assert_eq!(conn.run_with("COMMIT", Answer::Lost), changed(["a"]));
        assert_eq!(conn.run("UPDATE b SET x = 1"), changed(["b"]));
        assert_eq!(conn.run("COMMIT"), changed(["a", "b"]));
        assert!(!conn.1.is_open());
    }

    #[test]
    fn the_end_of_a_transaction_that_nobody_saw_beginning_makes_everything_visible() {
        let mut conn = Connection::to(Dialect::Postgres);
        assert_eq!(conn.run("COMMIT"), Pending::everything());
        assert_eq!(conn.run("ROLLBACK"), nothing());
    }

    #[test]
    fn a_block_that_nobody_understands_may_have_begun_a_transaction_and_other_text_has_not() {
        let mut conn = Connection::to(Dialect::MySql);
        assert_eq!(conn.run("OPTIMIZE EVERYTHING AT ONCE"), Pending::everything());
        assert!(!conn.1.is_open());
        assert_eq!(conn.run("CALL pay(7)"), Pending::everything());
        assert!(conn.1.is_open());
        conn.run("COMMIT");
        assert!(!conn.1.is_open());
    }
}
