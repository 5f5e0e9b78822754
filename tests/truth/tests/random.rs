//! Random transactions, with savepoints and errors in them, on each database. Whatever is different afterwards must have been invalidated: by the
//! witnesses, by what the triggers told, and by values that were read through the cache before and are compared with the database after.
//! `EASY_CACHE_CASES` runs more of them.

use std::cell::RefCell;

use easy_cache_sql::Dialect;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use sea_orm::{ConnectionTrait, DbErr, TransactionTrait};

use crate::library::{name, quoted};
use crate::site::{Effects, Site};
use crate::statements::covers;

/// One move inside of a transaction.
#[derive(Clone, Debug)]
enum Move {
    Write(String),
    Savepoint,
    Release,
    RollBack,
}

/// How a transaction ends, or whether there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Autocommit,
    Commit,
    RollBack,
    Drop,
}

fn id() -> impl Strategy<Value = u8> {
    1_u8..8
}

/// What a condition is made of; most of it concerns the key, in every spelling.
fn atom() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => id().prop_map(|id| format!("id = {id}")),
        1 => id().prop_map(|id| format!("{id} = books.id")),
        1 => id().prop_map(|id| format!("books.id IN ({id}, {})", id + 2)),
        1 => id().prop_map(|id| format!("id <> {id}")),
        1 => id().prop_map(|id| format!("NOT id = {id}")),
        1 => id().prop_map(|id| format!("id NOT IN ({id})")),
        1 => id().prop_map(|id| format!("id >= {id}")),
        1 => id().prop_map(|id| format!("id BETWEEN {id} AND {}", id + 1)),
        1 => id().prop_map(|id| format!("(id, stock) IN (({id}, 3), ({id}, 9))")),
        1 => id().prop_map(|id| format!("id = (SELECT MIN(book) FROM loans WHERE days > {id})")),
        1 => id().prop_map(|id| format!("id = {id} + 0")),
        1 => id().prop_map(|id| format!("\"id\" = '{id}'")),
        1 => id().prop_map(|id| format!("author = {id}")),
        1 => (0..10).prop_map(|stock| format!("stock < {stock}")),
        1 => Just("title LIKE 'R%'".to_owned()),
        1 => Just("EXISTS (SELECT 1 FROM loans WHERE loans.book = books.id)".to_owned()),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    atom().prop_recursive(3, 6, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("{left} AND {right}")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("{left} OR {right}")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left} OR {right}) AND {right}")),
            inner.clone().prop_map(|inner| format!("({inner})")),
            inner.prop_map(|inner| format!("NOT ({inner})")),
        ]
    })
}

fn on_books(kind: Dialect) -> BoxedStrategy<String> {
    let upsert = if kind == Dialect::MySql {
        "ON DUPLICATE KEY UPDATE stock = stock + 1"
    } else {
        "ON CONFLICT (id) DO UPDATE SET stock = books.stock + 1"
    };
    let ignored = match kind {
        Dialect::MySql => "INSERT IGNORE",
        Dialect::Postgres => "INSERT",
        _ => "INSERT OR IGNORE",
    };
    let unless = if kind == Dialect::Postgres { " ON CONFLICT DO NOTHING" } else { "" };
    let replace = if kind == Dialect::Postgres { "INSERT" } else { "REPLACE" };
    prop_oneof![
        4 => (condition(), 0..20).prop_map(|(condition, stock)| format!("UPDATE books SET stock = {stock} WHERE {condition}")),
        2 => condition().prop_map(|condition| format!("DELETE FROM books WHERE {condition}")),
        1 => (id(), condition()).prop_map(|(id, condition)| format!("UPDATE books SET id = {id} WHERE {condition}")),
        1 => (id(), 0..99).prop_map(|(id, n)| format!("UPDATE books SET title = 'T{n}', stock = stock + 1 WHERE id = {id}")),
        1 => (0..99).prop_map(|n| format!("INSERT INTO books (title, author) VALUES ('N{n}', 2)")),
        1 => (id(), 0..99).prop_map(|(id, n)| format!("INSERT INTO books (title, id, author) VALUES ('K{n}', {id}, 3)")),
        1 => (id(), 0..99).prop_map(move |(id, n)| format!("INSERT INTO books (id, title, author) VALUES ({id}, 'U{n}', 3) {upsert}")),
        1 => (id(), id()).prop_map(move |(id, n)| format!("{ignored} INTO books (id, title, author) VALUES ({id}, 'I{n}', 3){unless}")),
        1 => (id(), 0..9).prop_map(move |(id, n)| format!("{replace} INTO books (id, title, author) VALUES ({id}, 'U{n}', 3)")),
    ]
    .boxed()
}

fn elsewhere() -> BoxedStrategy<String> {
    let member = prop::sample::select(vec!["ann", "bob", "eve"]);
    prop_oneof![
        id().prop_map(|id| format!("DELETE FROM authors WHERE id = {id}")),
        (id(), id()).prop_map(|(id, n)| format!("UPDATE authors SET name = 'A{n}' WHERE id = {id} OR name = 'Eliot'")),
        id().prop_map(|id| format!("INSERT INTO authors (id, name) VALUES ({id}, 'New')")),
        (id(), member.clone()).prop_map(|(id, member)| format!(
            "UPDATE loans SET days = days + 1 WHERE member = '{member}' AND book = {id}"
        )),
        (id(), member.clone())
            .prop_map(|(id, member)| format!("INSERT INTO loans (book, member, days) VALUES ({id}, '{member}', 1)")),
        (id(), member).prop_map(|(id, member)| format!("UPDATE loans SET member = '{member}' WHERE book = {id}")),
        id().prop_map(|id| format!("DELETE FROM loans WHERE book = {id}")),
        id().prop_map(|n| format!("INSERT INTO notes (text) VALUES ('n{n}')")),
        Just("DELETE FROM notes".to_owned()),
        Just("UPDATE codes SET meaning = 'x' WHERE code = 'a' OR code = 'B'".to_owned()),
        Just("INSERT INTO \"Order Lines\" (id) SELECT id + 2 FROM unrelated".to_owned()),
        Just("SELECT COUNT(*) FROM books".to_owned()),
    ]
    .boxed()
}

fn moves(kind: Dialect) -> impl Strategy<Value = (Vec<Move>, Ending)> {
    let write = prop_oneof![3 => on_books(kind), 1 => elsewhere()].prop_map(Move::Write);
    let one = prop_oneof![6 => write, 2 => Just(Move::Savepoint), 1 => Just(Move::Release), 1 => Just(Move::RollBack)];
    let ending = prop_oneof![
        2 => Just(Ending::Autocommit),
        4 => Just(Ending::Commit),
        1 => Just(Ending::RollBack),
        1 => Just(Ending::Drop),
    ];
    (prop::collection::vec(one, 1..7), ending)
}

/// How the moves went.
struct Ran {
    /// All of them succeeded.
    is_clean: bool,
    /// A savepoint could not be set. The driver then ends the transaction, and what comes after is committed by itself.
    is_over: bool,
}

async fn run(site: &Site, moves: &[Move], ending: Ending) -> Ran {
    let (mut is_clean, mut is_over) = (true, false);
    if ending == Ending::Autocommit {
        for one in moves {
            if let Move::Write(sql) = one {
                is_clean &= site.db.execute_unprepared(&quoted(sql.clone(), site.kind)).await.is_ok();
            }
        }
        return Ran { is_clean, is_over };
    }
    let mut stack = vec![site.db.begin().await.unwrap()];
    for one in moves {
        let result: Result<(), DbErr> = match one {
            Move::Write(sql) => {
                stack[stack.len() - 1].execute_unprepared(&quoted(sql.clone(), site.kind)).await.map(drop)
            }
            Move::Savepoint => match stack[stack.len() - 1].begin().await {
                Ok(savepoint) => {
                    stack.push(savepoint);
                    Ok(())
                }
                Err(error) => {
                    is_over = true;
                    Err(error)
                }
            },
            Move::Release if stack.len() > 1 => stack.pop().unwrap().commit().await,
            Move::RollBack if stack.len() > 1 => stack.pop().unwrap().rollback().await,
            _ => Ok(()),
        };
        is_clean &= result.is_ok();
    }
    while let Some(transaction) = stack.pop() {
        is_clean &= match ending {
            Ending::RollBack if stack.is_empty() => transaction.rollback().await.is_ok(),
            Ending::Drop => true,
            _ => transaction.commit().await.is_ok(),
        };
    }
    Ran { is_clean, is_over }
}

/// Reads of many shapes, each kept by the cache under its own text.
const READS: [&str; 14] = [
    "SELECT title, stock FROM books WHERE id = 1",
    "SELECT title, stock FROM books WHERE id = 3",
    "SELECT title, stock FROM books WHERE id = 6",
    "SELECT title, stock FROM books WHERE id IN (2, 4) ORDER BY id",
    "SELECT title, stock FROM books WHERE id = 2 OR id = 7 ORDER BY id",
    "SELECT title FROM books ORDER BY id",
    "SELECT title FROM books WHERE stock > 2 ORDER BY id",
    "SELECT COUNT(*), SUM(stock) FROM books",
    "SELECT days FROM loans WHERE book = 1 AND member = 'ann'",
    "SELECT days FROM loans WHERE member = 'eve' AND book = 2",
    "SELECT b.title, a.name FROM books b JOIN authors a ON a.id = b.author ORDER BY b.id",
    "SELECT title FROM in_stock ORDER BY id",
    "SELECT total FROM stats WHERE id = 1",
    "SELECT name FROM authors WHERE id = 2",
];

/// What a transaction has brought about, in words if it is wrong.
async fn judge(site: &Site, moves: &[Move], ending: Ending, before: &[String]) -> Result<(), String> {
    let audit = site.db.audit();
    let _earlier = audit.published();
    let ran = run(site, moves, ending).await;
    for (read, before) in READS.iter().zip(before) {
        let kept = site.kept(read).await;
        let now = site.looked_up(read).await;
        if let Some(kept) = kept.filter(|kept| *kept != now) {
            return Err(format!("`{read}` is still {kept}, and {before} before; it is {now}"));
        }
    }
    let effects = site.effects().await;
    let missed: Vec<_> =
        effects.differences.iter().filter(|difference| !covers(&effects.published, difference)).collect();
    if !missed.is_empty() {
        return Err(format!("missed {missed:?}; published {:?}", effects.published));
    }
    let missed = audit.missed(&effects.told);
    if !missed.is_empty() {
        return Err(format!("the audit misses {missed:?} of {:?}", effects.told));
    }
    quiet_when_undone(&effects, &ran, ending)
}

fn quiet_when_undone(effects: &Effects, ran: &Ran, ending: Ending) -> Result<(), String> {
    let is_undone = matches!(ending, Ending::RollBack | Ending::Drop) && !ran.is_over;
    if is_undone && !effects.differences.is_empty() {
        return Err(format!("this was not rolled back: {:?}", effects.differences));
    }
    if is_undone && ran.is_clean && !effects.published.is_empty() {
        return Err(format!("nothing happened, and this was published: {:?}", effects.published));
    }
    Ok(())
}

fn random_transactions_on(kind: Dialect, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let site = RefCell::new(runtime.block_on(Site::new(kind)));
    let more: u32 = std::env::var("EASY_CACHE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let config = Config { cases: cases * more, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let result = TestRunner::new(config).run(&moves(kind), |(moves, ending)| {
        let mut site = site.borrow_mut();
        runtime.block_on(async {
            site.refill().await;
            let mut before = Vec::new();
            for read in READS {
                before.push(site.read(read).await);
            }
            judge(&site, &moves, ending, &before).await.map_err(TestCaseError::fail)
        })
    });
    result.unwrap_or_else(|error| panic!("{}: {error}", name(kind)));
}

#[test]
fn random_transactions_on_sqlite_leave_nothing_outdated() {
    random_transactions_on(Dialect::Sqlite, 300);
}

#[test]
fn random_transactions_on_postgres_leave_nothing_outdated() {
    random_transactions_on(Dialect::Postgres, 150);
}

#[test]
fn random_transactions_on_mariadb_leave_nothing_outdated() {
    random_transactions_on(Dialect::MySql, 150);
}
