//! Walks a statement and notes every table it reads, wherever it stands, and everything that makes the result
//! uncacheable. Writes met on the way are handed to `writes`, and rows are left to `rows`.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName, Query, Select,
    SetExpr, Statement, TableFactor, Value, ValueWithSpan, Visit, Visitor,
};

use super::{Context, Found, functions, rows, visit};
use crate::{
    Dialect, Opaque, SessionState, Step, TableName, Uncacheable, WriteKind, consequence::Deed, effect::WritePlan,
    rows::RowPlan,
};

/// Collects what one statement does while it is walked.
pub(super) struct Collector<'a> {
    pub(super) context: Context<'a>,
    pub(super) step: Step,
    /// The tables written by name, whose mention is not a read.
    pub(super) targets: Vec<*const TableFactor>,
    queries: Vec<Names>,
    /// How many things of any kind rows are taken from.
    factors: usize,
    /// Whether a function was called that might be an aggregate.
    may_aggregate: bool,
}

/// The names that the `WITH` of one query gives to its parts.
struct Names {
    /// Each name with the query it stands for.
    parts: Vec<(String, *const Query)>,
    /// How many of the names are visible where the walk is now.
    visible: usize,
    /// Whether a part sees itself, and whether it sees parts that come later.
    sees_itself: bool,
    sees_later: bool,
}

impl<'a> Collector<'a> {
    pub(super) fn of(context: Context<'a>) -> Self {
        let step = Step::default();
        Self { context, step, targets: vec![], queries: vec![], factors: 0, may_aggregate: false }
    }

    /// Walks `part`. If it is a whole query, `query`, its result may depend on single rows.
    pub(super) fn collect(mut self, part: &impl Visit, query: Option<&Query>) -> Found {
        visit(part, &mut self)?;
        let single = self.factors == 1 && !self.may_aggregate;
        if let (Some(query), true, [(table, plan)]) = (query, single, self.step.reads.as_mut_slice()) {
            *plan = rows::of_query(query, table, self.context);
        }
        Ok(self.step)
    }

    fn add_read(&mut self, table: TableName) {
        if !self.step.reads.iter().any(|(known, _)| *known == table) {
            self.step.reads.push((table, RowPlan::All));
        }
    }

    pub(super) fn add_write(&mut self, write: WritePlan) {
        self.step.writes.push(write);
    }

    fn refuse(&mut self, reason: Uncacheable) {
        self.step.uncacheable.get_or_insert(reason);
    }

    fn relation(&mut self, name: &ObjectName) -> Result<(), Opaque> {
        if let [part] = name.0.as_slice()
            && let Some(ident) = part.as_ident()
            && self.is_part_of_query(&self.context.catalog.fold(ident))
        {
            return Ok(());
        }
        if let Some(reason) = self.context.catalog.uncacheable(name) {
            self.refuse(reason);
        }
        self.add_read(self.context.catalog.table(name).ok_or(Opaque::Unknown)?);
        Ok(())
    }

    /// Whether a `WITH` around this place gives the name a meaning.
    fn is_part_of_query(&self, name: &str) -> bool {
        self.queries.iter().any(|names| names.parts[..names.visible].iter().any(|(part, _)| part == name))
    }

    fn call(&mut self, name: &ObjectName, arguments: &FunctionArguments) {
        let Some(function) = self.context.catalog.last_part(name) else { return };
        let dialect = self.context.catalog.dialect;
        if let Some(tables) = self.context.catalog.functions.get(&function) {
            for table in tables {
                self.add_write(WritePlan::change(table.clone(), Deed::anything()));
            }
        }
        if function == "set_config" {
            self.step.session_state = SessionState::Session;
        }
        let clock = functions::is_sqlite_time(&function, dialect) && !is_given_time(&function, arguments);
        self.may_aggregate |= !functions::is_plain(&function);
        if clock || functions::is_non_deterministic(&function) {
            self.refuse(Uncacheable::NonDeterministic(function));
        }
    }

    fn word(&mut self, word: &str) {
        if functions::is_function_word(word, self.context.catalog.dialect) {
            self.refuse(Uncacheable::NonDeterministic(word.to_lowercase()));
        } else if word.starts_with('@') && self.context.catalog.dialect == Dialect::MySql {
            self.refuse(Uncacheable::SessionVariable);
        }
    }

    fn select_into(&mut self, select: &Select) -> Result<(), Opaque> {
        let Some(into) = &select.into else { return Ok(()) };
        match self.context.catalog.dialect {
            Dialect::Postgres => {
                if into.temporary {
                    self.step.session_state = SessionState::Session;
                }
                for target in &into.targets {
                    let table = target_name(target).and_then(|name| self.context.catalog.table(&name));
                    let table = table.ok_or(Opaque::Unknown)?;
                    let (rows, kind, deed) = (RowPlan::All, WriteKind::Definition, Deed::default());
                    self.add_write(WritePlan { table, rows, kind, deed });
                }
            }
            Dialect::MySql => {
                self.step.session_state = SessionState::Session;
                self.refuse(Uncacheable::SessionVariable);
            }
            Dialect::Sqlite => return Err(Opaque::Unparsed),
        }
        Ok(())
    }
}

/// The table that `SELECT … INTO` names, which the parser takes for an expression.
fn target_name(target: &Expr) -> Option<ObjectName> {
    match target {
        Expr::Identifier(name) => Some(ObjectName::from(vec![name.clone()])),
        Expr::CompoundIdentifier(names) => Some(ObjectName::from(names.clone())),
        _ => None,
    }
}

/// Whether a function of time in SQLite is given a time that stays the same. A bound value might be `now`.
fn is_given_time(function: &str, arguments: &FunctionArguments) -> bool {
    let FunctionArguments::List(list) = arguments else { return false };
    let mut values = list.args.iter().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    let needed = if function == "strftime" { 2 } else { 1 };
    let is_placeholder = |expr: &Expr| matches!(expr, Expr::Value(ValueWithSpan { value: Value::Placeholder(_), .. }));
    list.args.len() >= needed && !values.any(is_placeholder)
}

impl Visitor for Collector<'_> {
    type Break = Opaque;

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<Opaque> {
        or_break(self.write(statement))
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Opaque> {
        if !query.locks.is_empty() {
            self.refuse(Uncacheable::RowLock);
        }
        // The parser loses tokens after a `TABLE name` inside of a query.
        if contains_table_command(&query.body) {
            return ControlFlow::Break(Opaque::Unparsed);
        }
        if let Some(around) = self.queries.last_mut() {
            around.enter(query);
        }
        self.queries.push(Names::of(query, self.context));
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<Opaque> {
        self.queries.pop();
        if let Some(around) = self.queries.last_mut() {
            around.leave(query);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Opaque> {
        or_break(self.select_into(select))
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Opaque> {
        self.factors += 1;
        match factor {
            TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. } => {
                self.call(name, &FunctionArguments::None);
                if let Some(reason) = self.context.catalog.uncacheable(name) {
                    self.refuse(reason);
                }
            }
            TableFactor::Table { name, sample, .. } => {
                if sample.is_some() {
                    self.refuse(Uncacheable::NonDeterministic("tablesample".into()));
                }
                if !self.targets.iter().any(|target| std::ptr::eq(*target, factor)) {
                    return or_break(self.relation(name));
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Opaque> {
        match expr {
            Expr::Function(Function { name, args, .. }) => self.call(name, args),
            Expr::Identifier(ident) if ident.quote_style.is_none() => self.word(&ident.value),
            Expr::BinaryOp { op: BinaryOperator::Assignment, .. } => {
                self.step.session_state = SessionState::Session;
                self.refuse(Uncacheable::SessionVariable);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<Opaque> {
        if let Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) = &value.value
            && functions::is_moving_time(text)
        {
            self.refuse(Uncacheable::NonDeterministic(text.clone()));
        }
        ControlFlow::Continue(())
    }
}

fn or_break(result: Result<(), Opaque>) -> ControlFlow<Opaque> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(reason) => ControlFlow::Break(reason),
    }
}

/// Whether `TABLE name` is one of the operands of this query.
fn contains_table_command(body: &SetExpr) -> bool {
    let mut rest = vec![body];
    while let Some(part) = rest.pop() {
        match part {
            SetExpr::Table(_) => return true,
            SetExpr::SetOperation { left, right, .. } => rest.extend([&**left, &**right]),
            _ => {}
        }
    }
    false
}

impl Names {
    fn of(query: &Query, context: Context<'_>) -> Self {
        let recursive = query.with.as_ref().is_some_and(|with| with.recursive);
        let parts = query.with.iter().flat_map(|with| &with.cte_tables);
        let parts: Vec<_> =
            parts.map(|part| (context.catalog.fold(&part.alias.name), &raw const *part.query)).collect();
        let (sees_itself, sees_later) = match context.catalog.dialect {
            // SQLite needs no `RECURSIVE`, and refuses a table of the same name.
            Dialect::Sqlite => (true, true),
            Dialect::Postgres => (recursive, recursive),
            Dialect::MySql => (recursive, false),
        };
        let visible = if sees_later { parts.len() } else { 0 };
        Self { parts, visible, sees_itself, sees_later }
    }

    fn place(&self, query: &Query) -> Option<usize> {
        self.parts.iter().position(|(_, part)| std::ptr::eq(*part, query))
    }

    /// The walk enters a query directly inside of this one, perhaps one that has a name.
    fn enter(&mut self, query: &Query) {
        if let Some(place) = self.place(query)
            && !self.sees_later
        {
            self.visible = place + usize::from(self.sees_itself);
        }
    }

    fn leave(&mut self, query: &Query) {
        if let Some(place) = self.place(query)
            && !self.sees_later
        {
            self.visible = place + 1;
        }
    }
}
