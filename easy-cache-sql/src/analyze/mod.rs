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
mod words;
mod writes;

use std::ops::ControlFlow;

use sqlparser::{
    ast::{CopySource, Query, Statement, UtilityOption, Visit},
    parser::Parser,
    tokenizer::{Token, TokenWithSpan},
};

use crate::{
    Dialect, Effect, Opaque, Step, TableName, Uncacheable, WriteKind, catalog::Catalog, consequence::Deed,
    effect::WritePlan, rows::RowPlan,
};
use reads::Collector;
use tokens::{Placeholders, Text};
use words::Known;

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
    let steps = text.statements.iter().flat_map(|tokens| statements(tokens, &text.placeholders, catalog)).collect();
    Effect { dialect, steps, placeholders: text.placeholders.expected() }
}

/// What one statement does, which may be two things: `COMMIT AND CHAIN`.
fn statements(tokens: &[TokenWithSpan], placeholders: &Placeholders, catalog: &Catalog) -> Vec<Step> {
    match words::find(tokens, catalog) {
        Some(Known::Steps(steps)) => steps.into_iter().map(|step| step.with_consequences(catalog)).collect(),
        Some(Known::Plan(tokens)) => {
            let step = statement(tokens, placeholders, catalog);
            vec![Step { uncacheable: Some(Uncacheable::Metadata), ..step }]
        }
        None => vec![statement(tokens, placeholders, catalog)],
    }
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
        Statement::Call(function) => called(function, context),
        // The rows of a cursor are those of a statement that was sent before.
        Statement::Fetch { .. } if context.catalog.functions.is_empty() => {
            Ok(Step { unknown_reads: true, uncacheable: Some(Uncacheable::NotUnderstood), ..Step::default() })
        }
        Statement::Analyze(_) => {
            Ok(Step { commits_implicitly: context.catalog.dialect == Dialect::MySql, ..metadata() })
        }
        other if is_harmless(other) => Ok(metadata()),
        _ => Err(Opaque::Unknown),
    }
}

/// The tables that the query of a view reads, and why its result must not be kept, if so. `text` is the query, or the whole definition.
pub(crate) fn view(text: &str, catalog: &Catalog) -> (Vec<TableName>, Option<Uncacheable>) {
    let unclear = (Vec::new(), Some(Uncacheable::NotUnderstood));
    let Some(text) = Text::read(text, catalog.dialect) else { return unclear };
    let [tokens] = text.statements.as_slice() else { return unclear };
    let context = Context { catalog, placeholders: &text.placeholders };
    let found = stack::with_enough(tokens, || match parse(tokens, catalog.dialect)? {
        Statement::CreateView(view) => read_of(&view.query, context),
        Statement::Query(query) => read_of(&query, context),
        _ => Err(Opaque::Unknown),
    });
    match found {
        Ok(step) => (step.reads.into_iter().map(|(table, _)| table).collect(), step.uncacheable),
        Err(_) => unclear,
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
                step.writes.push(WritePlan {
                    table,
                    rows: RowPlan::All,
                    kind: WriteKind::Insert,
                    deed: Deed::inserts(),
                });
            }
        }
    }
    Ok(step)
}

/// A procedure may do anything, unless the application has said what it writes. One that fails keeps what its statements did, each of which
/// MySQL commits by itself.
fn called(function: &sqlparser::ast::Function, context: Context<'_>) -> Found {
    let name = context.catalog.last_part(&function.name).ok_or(Opaque::Unknown)?;
    if !context.catalog.functions.contains_key(&name) {
        return Err(Opaque::Unknown);
    }
    let step = Collector::of(context).collect(&sqlparser::ast::Expr::Function(function.clone()), None)?;
    Ok(Step { keeps_what_it_did: true, ..step })
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
        S::Vacuum(_)
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
            | S::Prepare { .. }
            | S::Declare { .. }
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
            if let Some(reason) = catalog.moving_views.get(table) {
                self.unknown_reads |= *reason == Uncacheable::NotUnderstood && catalog.is_of_unknown_tables(table);
                self.uncacheable.get_or_insert_with(|| reason.clone());
            }
            for base in catalog.views.get(table).cloned().unwrap_or_default() {
                if !self.reads.iter().any(|(known, _)| *known == base) {
                    self.reads.push((base, RowPlan::All));
                }
            }
            next += 1;
        }
        let mut next = 0;
        while let Some(WritePlan { table, kind, deed, .. }) = self.writes.get(next) {
            let found = catalog.consequences(table, *kind, deed);
            self.reaches_everything |= found.everything;
            for (table, deed) in found.changes {
                self.add_change(table, deed);
            }
            next += 1;
        }
        self
    }

    /// Adds a change of unknown rows, unless it is known already.
    fn add_change(&mut self, table: TableName, deed: Deed) {
        let change = WritePlan::change(table, deed);
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
