//! The table itself: every statement, on every database that knows it, on every way on which it can be sent. What it invalidates is what the table
//! says; what the database says has changed is among it; and what is rolled back invalidates nothing.

use std::collections::BTreeSet;
use std::fmt::Write;

use easy_cache_sql::Dialect;
use easy_cache_sql::feed::Notice;
use futures_util::TryStreamExt;
use sea_orm::{ConnectionTrait, DbErr, Statement, StreamTrait, TransactionTrait};

use crate::library::{canonical, name};
use crate::site::{Effects, Site, universe};
use crate::state::Difference;
use crate::table::{Case, cases};

/// How a statement is sent, and what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Prepared,
    Text,
    Query,
    Stream,
    Committed,
    SavepointReleased,
    RolledBack,
    SavepointRolledBack,
    Dropped,
}

impl Way {
    const ALL: [Self; 9] = [
        Self::Prepared,
        Self::Text,
        Self::Query,
        Self::Stream,
        Self::Committed,
        Self::SavepointReleased,
        Self::RolledBack,
        Self::SavepointRolledBack,
        Self::Dropped,
    ];

    pub(crate) const fn is_undone(self) -> bool {
        matches!(self, Self::RolledBack | Self::SavepointRolledBack | Self::Dropped)
    }

    const fn is_in_transaction(self) -> bool {
        self.is_undone() || matches!(self, Self::Committed | Self::SavepointReleased)
    }

    fn is_for(self, case: &Case) -> bool {
        match self {
            // Definitions are slow, and prepared by few.
            _ if case.is("rebuild") => matches!(self, Self::Text | Self::RolledBack),
            Self::Text => case.values.is_empty(),
            Self::Prepared | Self::Query | Self::Stream => !case.is("text"),
            _ => !case.is("alone"),
        }
    }
}

async fn send(connection: &impl ConnectionTrait, case: &Case) -> Result<(), DbErr> {
    if case.values.is_empty() {
        connection.execute_unprepared(&case.sql).await?;
    } else {
        connection.execute_raw(statement(connection, case)).await?;
    }
    Ok(())
}

fn statement(connection: &impl ConnectionTrait, case: &Case) -> Statement {
    Statement::from_sql_and_values(connection.get_database_backend(), &case.sql, case.values.clone())
}

async fn run(site: &Site, case: &Case, way: Way) -> Result<(), DbErr> {
    let db = &site.db;
    match way {
        Way::Prepared => db.execute_raw(statement(db, case)).await.map(drop),
        Way::Text => send(db, case).await,
        Way::Query => db.query_all_raw(statement(db, case)).await.map(drop),
        Way::Stream => db.stream_raw(statement(db, case)).await?.try_collect::<Vec<_>>().await.map(drop),
        Way::Committed | Way::RolledBack | Way::Dropped => {
            let tx = db.begin().await?;
            send(&tx, case).await?;
            quiet_before_the_end(site, case).await;
            match way {
                Way::Committed => tx.commit().await,
                Way::RolledBack => tx.rollback().await,
                _ => Ok(()),
            }
        }
        Way::SavepointReleased | Way::SavepointRolledBack => {
            let tx = db.begin().await?;
            let savepoint = tx.begin().await?;
            send(&savepoint, case).await?;
            if way == Way::SavepointReleased {
                savepoint.commit().await?;
            } else {
                savepoint.rollback().await?;
            }
            quiet_before_the_end(site, case).await;
            tx.commit().await
        }
    }
}

/// Nothing is told before the transaction ends, unless the statement may have ended it.
async fn quiet_before_the_end(site: &Site, case: &Case) {
    if !ends_transaction(site, case) {
        let early = site.published().await;
        assert!(early.is_empty(), "{} of {} is told before COMMIT: {early:?}", case.name, name(site.kind));
    }
}

pub(crate) fn ends_transaction(site: &Site, case: &Case) -> bool {
    let all_known = easy_cache_sql::introspect::Schema::read::<[Option<&str>; 7], _>(site.kind, []);
    easy_cache_sql::Analyzer::builder(site.kind).schema(all_known).build().effect(&case.sql).controls_transaction()
}

/// What is wrong with the effects of a statement, in words.
pub(crate) fn judge(kind: Dialect, effects: &Effects, expected: &BTreeSet<String>, untold: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let published = &effects.published;
    if !same(published, expected) {
        wrong.push(format!("invalidates {}, and not {}", short(published), short(expected)));
    }
    let missed: Vec<_> = effects.differences.iter().filter(|difference| !covers(published, difference)).collect();
    if !missed.is_empty() {
        wrong.push(format!("MISSED {missed:?}"));
    }
    let told: BTreeSet<String> = effects.told.iter().flat_map(|change| rows_told(change, kind)).collect();
    // MariaDB's triggers see nothing of what foreign keys do.
    let by_foreign_key = |table: &str| kind == Dialect::MySql && ["books", "loans"].contains(&table);
    let silent = effects.differences.iter().filter(|difference| !is_told(&told, difference));
    let silent: Vec<_> = silent.filter(|difference| !by_foreign_key(&difference.table)).collect();
    if !silent.is_empty() && !untold {
        wrong.push(format!("no trigger told of {silent:?}: {:?}", effects.told));
    }
    wrong
}

/// Whether whoever depends on the row, or on its absence, is told.
pub(crate) fn covers(published: &BTreeSet<String>, difference: &Difference) -> bool {
    let Difference { table, key, was_there } = difference;
    let has = |what: &str| published.contains(&format!("{table}:{what}"));
    published.contains(table) && key.as_ref().is_none_or(|key| has(key) || has("*") || (!was_there && has("+")))
}

/// The rows that a change names, or its table if it names none.
fn rows_told(change: &Notice, kind: Dialect) -> Vec<String> {
    let table = canonical(&change.table, kind);
    let rows = change.keys.as_ref().and_then(|keys| keys.as_array());
    let Some(rows) = rows else { return vec![table] };
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let key = |row: &serde_json::Value| -> Vec<String> { row.as_array().into_iter().flatten().map(text).collect() };
    rows.iter().map(|row| format!("{table}:{}", key(row).join(","))).collect()
}

fn is_told(told: &BTreeSet<String>, difference: &Difference) -> bool {
    let Difference { table, key, .. } = difference;
    told.contains(table) || key.as_ref().is_some_and(|key| told.contains(&format!("{table}:{key}")))
}

fn same(published: &BTreeSet<String>, expected: &BTreeSet<String>) -> bool {
    if expected.contains("everything") { published.len() == universe().len() } else { published == expected }
}

pub(crate) fn short(tags: &BTreeSet<String>) -> String {
    match tags.len() {
        0 => "nothing".to_owned(),
        all if all == universe().len() => "everything".to_owned(),
        _ => tags.iter().map(|tag| tag.replace(' ', "_")).collect::<Vec<_>>().join(" "),
    }
}

/// What a statement invalidates although it concerns no row that has changed.
fn excess(effects: &Effects) -> BTreeSet<String> {
    let row = |difference: &Difference| difference.key.as_ref().map(|key| format!("{}:{key}", difference.table));
    let needed: BTreeSet<String> = effects
        .differences
        .iter()
        .flat_map(|difference| [Some(difference.table.clone()), row(difference)])
        .flatten()
        .collect();
    // A row without a known key cannot be told otherwise.
    effects.published.difference(&needed).cloned().collect()
}

async fn table_holds_on(kind: Dialect) {
    let mut site = Site::new(kind).await;
    let (mut wrong, mut over) = (Vec::new(), String::new());
    let all = cases(kind);
    let mut runs = 0;
    for case in &all {
        for way in Way::ALL.into_iter().filter(|way| way.is_for(case)) {
            let result = run(&site, case, way).await;
            if result.is_err() != case.is("refused") {
                wrong.push(format!("{} ({way:?}): {result:?}: {}", case.name, case.sql));
            }
            let effects = site.effects().await;
            let is_final = !way.is_undone() || ends_transaction(&site, case);
            let nothing = BTreeSet::new();
            let expected = if is_final { &case.expected } else { &nothing };
            // What was refused inside of a transaction may have ended it.
            let is_doubtful = case.is("refused") && way.is_in_transaction();
            let expected = if is_doubtful { &effects.published } else { expected };
            let problems = judge(kind, &effects, expected, case.is("untold"));
            wrong.extend(
                problems.into_iter().map(|problem| format!("{} ({way:?}): {problem}: {}", case.name, case.sql)),
            );
            if way == Way::Text || (way == Way::Prepared && !case.values.is_empty()) {
                let excess = excess(&effects);
                if !excess.is_empty() {
                    let _ = writeln!(over, "| {} | {} | {} |", case.name, short(&effects.published), short(&excess));
                }
            }
            if is_final && case.is("rebuild") {
                site.build().await;
            } else {
                site.put_back(&effects).await;
            }
            runs += 1;
        }
    }
    println!("{}: {} statements, {runs} runs", name(kind), all.len());
    assert!(wrong.is_empty(), "{} on {}:\n{}", wrong.len(), name(kind), wrong.join("\n"));
    assert!(all.len() >= 80, "only {} statements", all.len());
    list(kind, &over);
}

/// The list of what is invalidated needlessly, kept beside the table so that nobody makes it longer without noticing.
fn list(kind: Dialect, over: &str) {
    let path = format!("{}/more_than_needed_{}.md", env!("CARGO_MANIFEST_DIR"), name(kind));
    let text = format!("| statement | invalidates | of that without need |\n|---|---|---|\n{over}");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "{path}: UPDATE_GOLDEN=1 writes it");
}

// case 82
#[tokio::test(flavor = "multi_thread")]
async fn every_write_on_sqlite_invalidates_what_the_table_says() {
    table_holds_on(Dialect::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_write_on_postgres_invalidates_what_the_table_says() {
    table_holds_on(Dialect::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_write_on_mariadb_invalidates_what_the_table_says() {
    table_holds_on(Dialect::MySql).await;
}
