//! Events made by hand, as an asynchronous connection shows them: with its values when a statement begins, without when it has ended.

use std::fmt;
use std::sync::mpsc::channel;
use std::time::Duration;

use diesel::result::DatabaseErrorKind;
use easy_cache_core::Cache;
use easy_cache_sql::hook::HOLD_FOR;
use easy_cache_sql::{Analyzer, Dialect, KeyColumn};

use super::*;

const READ: &str = "SELECT title FROM books WHERE id = $1";
const WRITE: &str = "UPDATE books SET title = 'x' WHERE id = $1";
const DELETE: &str = "DELETE FROM books WHERE id = $1";

/// As Diesel shows a query.
struct Query(&'static str, i32);

impl Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(sql, id) = self;
        write!(f, "{sql} -- binds: {:?}", [id])
    }
}

/// A connection that is followed, another that reads, and the cache.
struct Story {
    writer: Tracker,
    hook: Hook,
}

impl Story {
    fn new() -> Self {
        let analyzer = Analyzer::builder(Dialect::Postgres).primary_key("books", [KeyColumn::integer("id")]).build();
        let hook = Hook::new(analyzer, Cache::new(), HOLD_FOR);
        let mut writer = Tracker::new(hook.clone());
        writer.expect_overlap();
        Self { writer, hook }
    }

    /// Reads a row, and says whether that is kept.
    async fn keeps(&self, id: i32) -> bool {
        let mut reader = Tracker::new(self.hook.clone());
        reader.expect_overlap();
        let cache = self.hook.cache();
        let read = async {
            reader.start(&Query(READ, id));
            reader.finish(READ, None);
            Ok::<_, Error>(id)
        };
        assert_eq!(cache.get_or_compute(format!("{id}"), read).await, Ok(id));
        self.has(id).await
    }

    async fn has(&self, id: i32) -> bool {
        self.hook.cache().contains(format!("{id}")).await
    }

    fn start(&mut self, sql: &'static str, id: i32) {
        self.writer.start(&Query(sql, id));
    }

    fn is_refused(&mut self, sql: &'static str) {
        let taken = Error::DatabaseError(DatabaseErrorKind::UniqueViolation, Box::new(String::new()));
        self.writer.finish(sql, Some(&taken));
    }

    fn is_done(&mut self, sql: &'static str) {
        self.writer.finish(sql, None);
    }

    fn run(&mut self, sql: &'static str, id: i32) {
        self.start(sql, id);
        self.is_done(sql);
    }
}

#[tokio::test]
async fn a_refusal_is_not_taken_for_that_of_another_write_with_the_same_text() {
    let mut story = Story::new();
    assert!(story.keeps(2).await);
    story.start(WRITE, 1);
    story.start(WRITE, 2);
    story.is_refused(WRITE);
    assert!(!story.keeps(2).await, "the second may yet be committed");
    story.is_done(WRITE);
    assert!(!story.has(2).await);
    story.run(READ, 7);
    assert!(story.keeps(1).await && story.keeps(2).await, "both have ended");
}

#[tokio::test]
async fn a_write_beside_another_with_its_text_is_told_again_when_it_has_ended() {
    let mut story = Story::new();
    story.start(WRITE, 1);
    story.start(WRITE, 2);
    story.is_refused(WRITE);
    // Seems to prove that everything before it has ended; but the write was begun before it was sent.
    story.run(READ, 7);
    assert!(story.keeps(2).await);
    story.is_done(WRITE);
    assert!(!story.has(2).await);
}

#[tokio::test]
async fn a_change_is_not_told_when_it_is_another_write_with_its_text_that_has_ended() {
    let mut story = Story::new();
    let (send, told) = channel();
    story.hook.on_change(story.hook.analyzer().table("books"), move |change| {
        let _ = send.send(change.rows.clone());
    });
    let told_now = |hook: &Hook| {
        assert!(hook.wait_until_told(Duration::MAX));
        told.try_iter().collect::<Vec<_>>()
    };
    story.run(WRITE, 2);
    let second = told_now(&story.hook);
    story.start(WRITE, 1);
    story.start(WRITE, 2);
    story.is_done(WRITE);
    assert!(!told_now(&story.hook).contains(&second[0]), "it may not have ended");
    story.is_done(WRITE);
    assert!(told_now(&story.hook).contains(&second[0]));
}

#[tokio::test]
async fn many_writes_with_the_text_of_a_dropped_one_push_nobody_out_and_do_not_pile_up() {
    let mut story = Story::new();
    story.start(DELETE, 1);
    story.start(WRITE, 2);
    for id in 1_000..1_100 {
        story.run(WRITE, id);
    }
    assert!(story.writer.unproved.len() <= MOST_LATE);
    story.run(READ, 7);
    assert!(story.keeps(1).await && story.keeps(2).await);
    story.is_done(DELETE);
    assert!(!story.has(1).await, "it was begun early and has run late");
    assert!(story.has(2).await);
}
