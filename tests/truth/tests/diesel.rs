//! The table once more through Diesel, on SQLite: every statement as text, alone, in a transaction, and in a savepoint that is undone.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use easy_cache_diesel::CachedDb;
use easy_cache_sql::Dialect;

use crate::site::Site;
use crate::statements::{ends_transaction, judge};
use crate::table::{Case, cases};

diesel::table! { authors (id) { id -> Integer, name -> Text, } }
diesel::table! { books (id) { id -> Integer, title -> Text, author -> Integer, stock -> Integer, } }
diesel::table! { loans (book, member) { book -> Integer, member -> Text, days -> Integer, } }
diesel::table! { codes (code) { code -> Text, meaning -> Nullable<Text>, } }
diesel::table! { stats (id) { id -> Integer, total -> Integer, } }
diesel::table! { unrelated (id) { id -> Integer, } }
diesel::table! { #[sql_name = "Order Lines"] lines (id) { id -> Integer, } }

/// A connection that tells the site's cache what it writes.
async fn connect(site: &Site) -> SqliteConnection {
    let db = CachedDb::<Sqlite>::builder(&site.cache)
        .model(authors::table)
        .model(books::table)
        .model(loans::table)
        .model(codes::table)
        .model(stats::table)
        .model(unrelated::table)
        .model(lines::table)
        .schema(site.schema().await)
        .build();
    let mut conn = SqliteConnection::establish(site.file()).unwrap();
    let settings = "PRAGMA busy_timeout = 20000; PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON; PRAGMA synchronous = OFF";
    conn.batch_execute(settings).unwrap();
    conn.set_instrumentation(db.instrumentation());
    conn
}

fn send(conn: &mut SqliteConnection, case: &Case, way: usize) -> QueryResult<()> {
    match way {
        0 => diesel::sql_query(&case.sql).execute(conn).map(drop),
        1 => conn.batch_execute(&case.sql),
        2 => conn.transaction(|conn| conn.batch_execute(&case.sql)),
        // The savepoint is rolled back, and the transaction around it committed.
        _ => conn.transaction(|conn| {
            let undone = conn
                .transaction(|conn| conn.batch_execute(&case.sql).and(Err(diesel::result::Error::RollbackTransaction)));
            if undone == Err::<(), _>(diesel::result::Error::RollbackTransaction) { Ok(()) } else { undone }
        }),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_through_diesel_invalidates_what_the_table_says() {
    let mut site = Site::new(Dialect::Sqlite).await;
    let mut conn = connect(&site).await;
    let mut wrong = Vec::new();
    // A text of several statements is followed more closely here than the table can say. What is bound has a test of its own in the crate; definitions are the same on every way.
    for case in cases(Dialect::Sqlite).iter().filter(|case| case.values.is_empty() && !case.is("rebuild")) {
        for way in 0..4 {
            if (way == 0 && case.is("text")) || (way > 1 && case.is("alone")) {
                continue;
            }
            let result = send(&mut conn, case, way);
            let effects = site.effects().await;
            let is_undone = way == 3 && !ends_transaction(&site, case);
            let expected = if is_undone { BTreeSet::new() } else { case.expected.clone() };
            let is_doubtful = case.is("refused") || case.is("text");
            let expected = if is_doubtful { effects.published.clone() } else { expected };
            let mut problems = judge(Dialect::Sqlite, &effects, &expected, case.is("untold"));
            if result.is_err() != case.is("refused") {
                problems.push(format!("{result:?}"));
            }
            wrong.extend(problems.into_iter().map(|problem| format!("{} ({way}): {problem}: {}", case.name, case.sql)));
            site.put_back(&effects).await;
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
