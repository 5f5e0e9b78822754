//! Who asks for changes is told of them: after the invalidation, once, in order, and at nobody's expense.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use easy_cache_core::{Cache, Tag};
use easy_cache_sql::hook::{Change, Hook, Outcome, Pending};
use easy_cache_sql::{Analyzer, Bind, Dialect, KeyColumn, WriteKind};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(30);

fn hook() -> Hook {
    let analyzer = Analyzer::builder(Dialect::Sqlite)
        .primary_key("books", [KeyColumn::integer("id")])
        .cascade("authors", ["books"])
        .build();
    Hook::new(analyzer, Cache::new(), LONG)
}

fn pending(hook: &Hook, sql: &str) -> Pending {
    hook.plan(sql, &[] as &[Bind<'_>]).pending().unwrap_or_default()
}

fn settle(hook: &Hook, pending: &Pending, outcome: Outcome) {
    hook.settle_sync(hook.hold_sync(pending), outcome);
}

fn write(hook: &Hook, sql: &str) {
    settle(hook, &pending(hook, sql), Outcome::Committed);
}

/// What callbacks on these tables are told, as text.
fn told(hook: &Hook, tables: &[&str]) -> Receiver<String> {
    let (send, receive) = channel();
    for table in tables {
        let send = send.clone();
        hook.on_change(hook.analyzer().table(table), move |change| {
            let _ = send.send(text(change));
        });
    }
    receive
}

fn text(change: &Change) -> String {
    let keys = change.keys::<i64>().map_or_else(|| "*".to_owned(), |keys| format!("{keys:?}"));
    format!("{:?} {} {keys}", change.kind, change.table)
}

fn all(hook: &Hook, told: &Receiver<String>) -> Vec<String> {
    assert!(hook.wait_until_told(LONG));
    told.try_iter().collect()
}

#[test]
fn a_change_says_what_was_written_how_and_where() {
    let hook = hook();
    let told = told(&hook, &["books"]);
    for (sql, expected) in [
        ("INSERT INTO books (id) VALUES (7)", "Insert books [7]"),
        ("INSERT INTO books (title) VALUES ('a')", "Insert books *"),
        ("INSERT INTO books (id) VALUES (7) ON CONFLICT DO UPDATE SET title = 'a'", "Change books *"),
        ("UPDATE books SET title = 'a' WHERE id IN (1, 2)", "Update books [1, 2]"),
        ("UPDATE books SET title = 'a'", "Update books *"),
        ("DELETE FROM books WHERE id = 3", "Delete books [3]"),
        ("DELETE FROM authors WHERE name = 'a'", "Change books *"),
        ("DROP TABLE books", "Definition books *"),
        ("nobody understands this", "Change books *"),
    ] {
        write(&hook, sql);
        assert_eq!(all(&hook, &told), [expected], "{sql}");
    }
    write(&hook, "DELETE FROM loans");
    assert_eq!(all(&hook, &told), [""; 0], "nobody asked for this table");
}

#[test]
fn nothing_is_told_before_the_commit_nor_of_what_did_not_happen() {
    let hook = hook();
    let told = told(&hook, &["books"]);
    let delete = pending(&hook, "DELETE FROM books WHERE id = 1");
    let held = hook.hold_sync(&delete);
    assert_eq!(all(&hook, &told), [""; 0]);
    hook.settle_sync(held, Outcome::Committed);
    assert_eq!(all(&hook, &told), ["Delete books [1]"]);
    for outcome in [Outcome::RolledBack, Outcome::Unknown] {
        settle(&hook, &pending(&hook, "DELETE FROM books"), outcome);
    }
    drop(hook.hold_sync(&pending(&hook, "DELETE FROM books")));
    assert_eq!(all(&hook, &told), [""; 0]);
}

#[test]
fn writes_that_are_committed_together_are_told_in_their_order_and_once_wherever_they_waited() {
    let hook = hook();
    let told = told(&hook, &["authors", "books"]);
    let mut transaction = pending(&hook, "DELETE FROM books WHERE id = 2");
    transaction.merge(pending(&hook, "INSERT INTO authors VALUES (1)"));
    transaction.merge(pending(&hook, "DELETE FROM books WHERE id = 1"));
    let expected = ["Delete books [2]", "Insert authors *", "Delete books [1]"];
    settle(&hook, &transaction.clone(), Outcome::Committed);
    settle(&hook, &transaction, Outcome::Committed);
    assert_eq!(all(&hook, &told), expected);

    let again = pending(&hook, "DELETE FROM books WHERE id = 1");
    settle(&hook, &again, Outcome::Committed);
    assert_eq!(all(&hook, &told), ["Delete books [1]"], "the same statement, run again");
}

#[test]
fn who_is_told_finds_nothing_outdated() {
    let hook = hook();
    let (cache, seen) = (hook.cache().clone(), Arc::new(AtomicBool::new(false)));
    cache.set("list", 1).tags([Tag::table("books")]).wait();
    let saw = seen.clone();
    hook.on_change(hook.analyzer().table("books"), move |_| {
        saw.store(!cache.contains("list").wait(), Ordering::SeqCst);
    });
    write(&hook, "DELETE FROM books");
    assert!(hook.wait_until_told(LONG));
    assert!(seen.load(Ordering::SeqCst));
}

#[test]
fn a_callback_that_panics_harms_neither_the_write_nor_other_callbacks() {
    let hook = hook();
    hook.on_change(hook.analyzer().table("books"), |_| panic!("a callback of the application"));
    let told = told(&hook, &["books"]);
    write(&hook, "DELETE FROM books WHERE id = 1");
    write(&hook, "DELETE FROM books WHERE id = 2");
    assert_eq!(all(&hook, &told), ["Delete books [1]", "Delete books [2]"]);
}

/// A callback that is in the middle of its first change until the second barrier is reached.
fn slow(hook: &Hook) -> [Arc<Barrier>; 2] {
    let barriers = [(); 2].map(|()| Arc::new(Barrier::new(2)));
    let ([begun, done], is_first) = (barriers.clone(), AtomicBool::new(true));
    hook.on_change(hook.analyzer().table("books"), move |_| {
        if is_first.swap(false, Ordering::SeqCst) {
            begun.wait();
            done.wait();
        }
    });
    barriers
}

#[test]
fn no_write_waits_for_a_callback() {
    let hook = hook();
    let [begun, done] = slow(&hook);
    let told = told(&hook, &["books"]);
    write(&hook, "DELETE FROM books WHERE id = 1");
    begun.wait();
    write(&hook, "DELETE FROM books WHERE id = 2");
    assert!(!hook.wait_until_told(Duration::ZERO));
    assert_eq!(told.try_iter().count(), 0);
    done.wait();
    assert_eq!(all(&hook, &told), ["Delete books [1]", "Delete books [2]"]);
}

#[test]
fn changes_that_pile_up_are_told_together() {
    const MANY: usize = 5_000;
    let hook = hook();
    let [begun, done] = slow(&hook);
    let told = told(&hook, &["authors", "books"]);
    write(&hook, "DELETE FROM books WHERE id = 1");
    begun.wait();
    for _ in 0..MANY {
        write(&hook, "DELETE FROM books WHERE id = 2");
    }
    write(&hook, "INSERT INTO authors VALUES (1)");
    done.wait();
    let told = all(&hook, &told);
    assert!(told.len() < MANY / 2, "{}", told.len());
    assert_eq!(told[told.len() - 2..], ["Change books *", "Insert authors *"]);
}

#[test]
fn what_was_committed_is_told_although_the_database_is_given_up() {
    let hook = hook();
    let told = told(&hook, &["books"]);
    write(&hook, "DELETE FROM books WHERE id = 1");
    drop(hook);
    assert_eq!(told.recv_timeout(LONG).as_deref(), Ok("Delete books [1]"));
    assert!(told.recv_timeout(LONG).is_err(), "the thread ends, and lets go of the callback");
}

#[test]
fn a_write_that_replaces_rows_is_no_mere_insert() {
    let hook = hook();
    let kinds = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let seen = kinds.clone();
    hook.on_change(hook.analyzer().table("books"), move |change| seen.lock().push(change.kind));
    write(&hook, "REPLACE INTO books (id) VALUES (1)");
    write(&hook, "INSERT OR IGNORE INTO books (id) VALUES (1)");
    assert!(hook.wait_until_told(LONG));
    assert_eq!(*kinds.lock(), [WriteKind::Change, WriteKind::Insert]);
}
