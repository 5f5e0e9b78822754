//! Statements that the parser does not know, or not as each database means them, and that their first words tell: two-phase commit, chained
//! transactions, prepared text, refreshed views, loaded files, plans that are run.

use sqlparser::{
    keywords::Keyword as K,
    tokenizer::{Token, TokenWithSpan},
};

use super::{metadata, tokens::is_word};
use crate::{
    Control, Dialect, Opaque, Step, TableName, WriteKind, catalog::Catalog, consequence::Deed, effect::WritePlan,
    rows::RowPlan,
};

/// What a statement turned out to be.
pub(super) enum Known<'t> {
    /// These steps, one after the other.
    Steps(Vec<Step>),
    /// Another statement, which is run and whose result says how it went.
    Plan(&'t [TokenWithSpan]),
}

/// What the statement does, if its words tell.
pub(super) fn find<'t>(tokens: &'t [TokenWithSpan], catalog: &Catalog) -> Option<Known<'t>> {
    let words = Words(tokens);
    if catalog.dialect == Dialect::MySql && words.begin(&["analyze"]) {
        return plan(tokens);
    }
    let steps = match catalog.dialect {
        _ if words.chains() => chained(&words),
        Dialect::Postgres => postgres(&words, catalog),
        Dialect::MySql => mysql(&words, catalog),
        Dialect::Sqlite => None,
    };
    steps.map(Known::Steps)
}

/// `COMMIT AND CHAIN`: ends a transaction and begins the next.
fn chained(words: &Words<'_>) -> Option<Vec<Step>> {
    let end = if words.begin(&["rollback"]) || words.begin(&["abort"]) { Control::Rollback } else { Control::Commit };
    Some(vec![control(end), control(Control::Begin)])
}

fn postgres(words: &Words<'_>, catalog: &Catalog) -> Option<Vec<Step>> {
    // `BEGIN ISOLATION LEVEL SERIALIZABLE DEFERRABLE`
    if words.0.last().is_some_and(|last| is_word(&last.token, "deferrable"))
        && (words.begin(&["begin"]) || words.begin(&["start", "transaction"]))
    {
        return Some(vec![control(Control::Begin)]);
    }
    if words.begin(&["prepare", "transaction"]) {
        return Some(handed_over());
    }
    if words.begin(&["commit", "prepared"]) {
        return Some(vec![Step::opaque_because(Opaque::Unknown)]);
    }
    if words.begin(&["rollback", "prepared"]) || words.begin(&["prepare"]) {
        return Some(vec![metadata()]);
    }
    if words.begin(&["refresh", "materialized", "view"]) {
        let rest = words.after(if words.at(3, "concurrently") { 4 } else { 3 });
        return changed(table(rest, catalog)?, Deed::anything());
    }
    None
}

fn mysql(words: &Words<'_>, catalog: &Catalog) -> Option<Vec<Step>> {
    if words.begin(&["load"]) {
        return loaded(words, catalog);
    }
    if words.begin(&["prepare"]) {
        return Some(vec![metadata()]);
    }
    // `START TRANSACTION WITH CONSISTENT SNAPSHOT`
    if words.begin(&["start", "transaction", "with"]) {
        return Some(vec![control(Control::Begin)]);
    }
    if !words.begin(&["xa"]) {
        return None;
    }
    match words.second()?.as_str() {
        "start" | "begin" => Some(vec![control(Control::Begin)]),
        "end" | "recover" => Some(vec![metadata()]),
        "prepare" => Some(handed_over()),
        "commit" => Some(vec![Step::opaque_because(Opaque::Unknown), control(Control::Commit)]),
        "rollback" => Some(vec![control(Control::Rollback)]),
        _ => None,
    }
}

/// The transaction is no longer this session's: whoever commits it may do so where nobody sees it.
fn handed_over() -> Vec<Step> {
    vec![Step::opaque_because(Opaque::Unknown), control(Control::Rollback)]
}

/// `LOAD DATA INFILE … REPLACE INTO TABLE books`.
fn loaded(words: &Words<'_>, catalog: &Catalog) -> Option<Vec<Step>> {
    let into = (0..words.0.len()).find(|place| words.at(*place, "into") && words.at(*place + 1, "table"))?;
    let table = table(words.after(into + 2), catalog)?;
    if words.at(into.checked_sub(1)?, "replace") {
        return changed(table, Deed::inserts().and(Deed::deletes()));
    }
    let (rows, kind, deed) = (RowPlan::All, WriteKind::Insert, Deed::inserts());
    Some(vec![Step { writes: vec![WritePlan { table, rows, kind, deed }], ..Step::default() }])
}

/// `ANALYZE DELETE FROM books` of MariaDB, `ANALYZE FORMAT=JSON DELETE FROM books`, and `EXPLAIN ANALYZE` of MySQL.
fn plan(tokens: &[TokenWithSpan]) -> Option<Known<'_>> {
    let rest = tokens.get(1..)?;
    let rest = match rest {
        [format, equals, _, rest @ ..] if is_word(&format.token, "format") && equals.token == Token::Eq => rest,
        rest => rest,
    };
    let runs = ["select", "insert", "update", "delete", "replace", "with"];
    runs.iter().any(|word| rest.first().is_some_and(|first| is_word(&first.token, word))).then_some(Known::Plan(rest))
}

fn control(control: Control) -> Step {
    Step { control: Some(control), ..Step::default() }
}

fn changed(table: TableName, deed: Deed) -> Option<Vec<Step>> {
    Some(vec![Step { writes: vec![WritePlan::change(table, deed)], ..Step::default() }])
}

/// The table that is named here.
fn table(tokens: &[TokenWithSpan], catalog: &Catalog) -> Option<TableName> {
    let mut parts = Vec::new();
    for pair in tokens.chunks(2) {
        let Token::Word(word) = &pair.first()?.token else { return None };
        parts.push(catalog.dialect.fold(&word.value, word.quote_style.is_some()));
        if pair.get(1).is_none_or(|dot| dot.token != Token::Period) {
            break;
        }
    }
    let (table, schema) = parts.split_last()?;
    Some(catalog.named(schema.last().map(String::as_str), table))
}

struct Words<'t>(&'t [TokenWithSpan]);

impl<'t> Words<'t> {
    fn at(&self, place: usize, word: &str) -> bool {
        self.0.get(place).is_some_and(|token| is_word(&token.token, word))
    }

    fn begin(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(place, word)| self.at(place, word))
    }

    fn second(&self) -> Option<String> {
        match &self.0.get(1)?.token {
            Token::Word(word) => Some(word.value.to_lowercase()),
            _ => None,
        }
    }

    fn after(&self, count: usize) -> &'t [TokenWithSpan] {
        self.0.get(count..).unwrap_or_default()
    }

    /// `COMMIT [WORK] AND CHAIN`, and not `AND NO CHAIN`.
    fn chains(&self) -> bool {
        let ends = ["commit", "rollback", "end", "abort"].iter().any(|word| self.begin(&[word]));
        let place = self.0.len().saturating_sub(2);
        ends && self.at(place, "and")
            && matches!(&self.0[place + 1].token, Token::Word(word) if word.keyword == K::CHAIN)
    }
}
