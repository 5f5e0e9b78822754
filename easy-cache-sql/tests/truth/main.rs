//! What each statement does, exactly: one line for each, as ORMs write it and by hand.
//!
//! An effect is written as words: `<books` reads a table and `<books[1]` a row; `+books` inserts, `~books` changes and
//! `!books` defines; `;` stands between statements. The rest are the names of what else is reported.

mod grouping;
mod hook;
mod hostile;
mod mysql;
mod postgres;
mod rules;
mod schema;
mod sqlite;
mod telling;
mod words;

use easy_cache_sql::{
    Analyzer, AnalyzerBuilder, Bind, Control, Dialect, KeyColumn, Rows, SessionState, Touched, Uncacheable, WriteKind,
};

/// A statement, the values bound to it, and its effect.
type Case<'a> = (&'a str, &'a [Bind<'a>], &'a str);

/// A small library: the same tables for every dialect.
fn library(dialect: Dialect) -> AnalyzerBuilder {
    Analyzer::builder(dialect)
        .primary_key("books", [KeyColumn::integer("id")])
        .primary_key("authors", [KeyColumn::integer("id")])
        .primary_key("loans", [KeyColumn::integer("book_id"), KeyColumn::text("member")])
        .primary_key("documents", [KeyColumn::uuid("id")])
        .primary_key("codes", [KeyColumn::text("code")])
        .view("best_sellers", ["books", "sales"])
        .function("recount", ["stats"])
}

fn check(dialect: Dialect, cases: &[Case<'_>]) {
    let analyzer = library(dialect).build();
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(sql, binds, expected)| {
            let actual = describe(&analyzer, sql, binds);
            (actual != *expected).then(|| format!("{sql}\n  expected: {expected}\n  actual:   {actual}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} cases for {dialect:?}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn describe(analyzer: &Analyzer, sql: &str, binds: &[Bind<'_>]) -> String {
    let effect = analyzer.effect(sql);
    let statements = effect.steps().iter().enumerate().map(|(index, step)| {
        let mut words = touched(&effect.bind_step(index, binds));
        words.extend(step.control().map(control));
        words.extend(step.commits_implicitly().then(|| "commits".to_owned()));
        match step.session_state() {
            SessionState::Unchanged => {}
            state => words.push(format!("{state:?}").to_lowercase()),
        }
        words.join(" ")
    });
    statements.collect::<Vec<_>>().join(" ; ")
}

fn touched(touched: &Touched) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    words.extend(touched.reads.iter().map(|read| format!("<{}{}", read.table, rows(&read.rows))));
    words.extend((touched.unknown_reads && touched.opaque.is_none()).then(|| "<?".to_owned()));
    words.extend(touched.writes.iter().map(|write| {
        let sign = match write.kind {
            WriteKind::Insert => '+',
            WriteKind::Update | WriteKind::Delete | WriteKind::Change => '~',
            _ => '!',
        };
        format!("{sign}{}{}", write.table, rows(&write.rows))
    }));
    words.extend(touched.opaque.map(|reason| format!("opaque:{reason:?}")));
    words.extend(touched.uncacheable.as_ref().filter(|_| touched.opaque.is_none()).map(|reason| match reason {
        Uncacheable::NonDeterministic(name) => format!("uncacheable:{name}"),
        other => format!("uncacheable:{other:?}"),
    }));
    words
}

fn rows(rows: &Rows) -> String {
    match rows {
        Rows::All => String::new(),
        Rows::Keys(keys) => format!("[{}]", keys.join(" ")),
    }
}

fn control(control: &Control) -> String {
    match control {
        Control::Savepoint(name) => format!("savepoint:{name}"),
        Control::Release(name) => format!("release:{name}"),
        Control::RollbackTo(name) => format!("rollback-to:{name}"),
        other => format!("{other:?}").to_lowercase(),
    }
}
