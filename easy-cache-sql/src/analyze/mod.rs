//! From text to effect: cut into statements, parse each of them, and ask what it does. Each kind of statement has a
//! file of its own; what no file knows is opaque.

mod control;
mod definitions;
mod functions;
mod reads;
mod rows;
mod stack;
mod tokens;
mod unparsed;
mod writes;

use std::ops::ControlFlow;

use sqlparser::{
    ast::{CopySource, Query, Statement, UtilityOption, Visit},
    parser::Parser,
    tokenizer::{Token, TokenWithSpan},
};

use crate::{Dialect, Effect, Opaque, Step, Uncacheable, WriteKind, catalog::Catalog, rows::RowPlan};
use reads::Collector;
use tokens::{Placeholders, Text};

/// The outcome of looking at a statement: what it does, or why that cannot be told.
type Found = Result<Step, Opaque>;

/// What the analysis of one statement needs to know.
#[derive(Clone, Copy)]
struct Context<'a> {
    catalog: &'a Catalog,
    placeholders: &'a Placeholders,
}

/// The effect of a whole text.
pub(crate) fn effect(sql: &str, catalog: &Catalog) -> Effect {
    let dialect = catalog.dialect;
    let Some(text) = Text::read(sql, dialect) else {
        return Effect { dialect, steps: vec![Step::opaque_because(Opaque::Unparsed)], placeholders: None };
    };
    let steps = text.statements.iter().map(|tokens| statement(tokens, &text.placeholders, catalog)).collect();
    Effect { dialect, steps, placeholders: text.placeholders.expected() }
}

fn statement(tokens: &[TokenWithSpan], placeholders: &Placeholders, catalog: &Catalog) -> Step {
    if let Some(step) = unparsed::pragma(tokens, catalog.dialect) {
        return step;
    }
    let context = Context { catalog, placeholders };
    let found = stack::with_enough(tokens, || {
        let parsed = parse(tokens, catalog.dialect)?;
        understand(&parsed, context)
    });
    match found {
        Ok(step) => step.with_consequences(catalog),
        Err(reason) => unparsed::guess(tokens, catalog, reason),
    }
}

fn parse(tokens: &[TokenWithSpan], dialect: Dialect) -> Result<Statement, Opaque> {
    let mut parser =
        Parser::new(dialect.grammar()).with_recursion_limit(stack::DEEPEST).with_tokens_with_locations(tokens.to_vec());
    let statement = parser.parse_statement().map_err(|_| Opaque::Unparsed)?;
    if parser.peek_token_ref().token == Token::EOF { Ok(statement) } else { Err(Opaque::Unparsed) }
}

fn understand(statement: &Statement, context: Context<'_>) -> Found {
    if let Some(found) = control::find(statement, context) {
        return found;
    }
    if let Some(found) = definitions::find(statement, context) {
        return found;
    }
    match statement {
        Statement::Query(query) => Collector::of(context).collect(statement, Some(query)),
        Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) | Statement::Merge(_) => {
            let step = Collector::of(context).collect(statement, None)?;
            Ok(Step { keeps_what_it_did: writes::fails_half_way(statement), ..step })
        }
        Statement::Copy { source, to, .. } => copy(source, *to, context),
        Statement::Explain { analyze, statement, options, .. } => {
            if *analyze || options.as_deref().is_some_and(runs) {
                let step = understand(statement, context)?;
                Ok(Step { uncacheable: Some(Uncacheable::Metadata), ..step })
            } else {
                Ok(metadata())
            }
        }
        other if is_harmless(other) => Ok(metadata()),
        _ => Err(Opaque::Unknown),
    }
}

/// Whether the options of an `EXPLAIN` make it run the statement.
fn runs(options: &[UtilityOption]) -> bool {
    options.iter().any(|option| option.name.value.eq_ignore_ascii_case("analyze"))
}

fn copy(source: &CopySource, to: bool, context: Context<'_>) -> Found {
    let mut step = Step::default();
    match source {
        CopySource::Query(query) => return read_of(query, context),
        CopySource::Table { table_name, .. } => {
            let table = context.catalog.table(table_name).ok_or(Opaque::Unknown)?;
            if to {
                step.uncacheable = context.catalog.uncacheable(table_name);
                step.reads.push((table, RowPlan::All));
            } else {
                step.writes.push((table, RowPlan::All, WriteKind::Insert));
            }
        }
    }
    Ok(step)
}

/// What a query inside of another kind of statement does.
fn read_of(query: &Query, context: Context<'_>) -> Found {
    Collector::of(context).collect(query, None)
}

/// Statements that show or maintain, and change no row.
fn is_harmless(statement: &Statement) -> bool {
    use Statement as S;
    matches!(
        statement,
        S::Analyze(_)
            | S::Vacuum(_)
            | S::ExplainTable { .. }
            | S::ShowFunctions { .. }
            | S::ShowVariable { .. }
            | S::ShowStatus { .. }
            | S::ShowVariables { .. }
            | S::ShowCreate { .. }
            | S::ShowColumns { .. }
            | S::ShowDatabases { .. }
            | S::ShowProcessList { .. }
            | S::ShowSchemas { .. }
            | S::ShowCharset(_)
            | S::ShowTables { .. }
            | S::ShowViews { .. }
            | S::ShowCollation { .. }
            | S::Comment { .. }
            | S::Deallocate { .. }
            | S::Close { .. }
            | S::Kill { .. }
            | S::LISTEN { .. }
            | S::UNLISTEN { .. }
            | S::NOTIFY { .. }
    )
}

/// Writes nothing; what it returns is not data of any table.
fn metadata() -> Step {
    Step { uncacheable: Some(Uncacheable::Metadata), ..Step::default() }
}

impl Step {
    /// Adds what views and cascades make of the tables that the statement names.
    fn with_consequences(mut self, catalog: &Catalog) -> Self {
        let mut next = 0;
        while let Some((table, _)) = self.reads.get(next) {
            for base in catalog.views.get(table).cloned().unwrap_or_default() {
                if !self.reads.iter().any(|(known, _)| *known == base) {
                    self.reads.push((base, RowPlan::All));
                }
            }
            next += 1;
        }
        let mut next = 0;
        while let Some((table, _, kind)) = self.writes.get(next) {
            for reached in catalog.reached(table, *kind) {
                self.add_change(reached);
            }
            next += 1;
        }
        self
    }

    /// Adds a change of unknown rows, unless it is known already.
    fn add_change(&mut self, table: crate::TableName) {
        let change = (table, RowPlan::All, WriteKind::Change);
        if !self.writes.contains(&change) {
            self.writes.push(change);
        }
    }
}

/// Runs a visitor over a part of a statement.
fn visit(part: &impl Visit, collector: &mut Collector<'_>) -> Result<(), Opaque> {
    match part.visit(collector) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(reason) => Err(reason),
    }
}
