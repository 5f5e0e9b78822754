//! Finds rows that a statement names by primary key. Only what is exact counts: a condition that must hold, on every
//! column of the key, against constants or bound values. Everything else is the whole table.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Array, Assignment, AssignmentTarget, BinaryOperator, ConflictTarget, DataType, Expr, GroupByExpr, Ident, Insert,
    ObjectName, Query, Select, SetExpr, TableFactor, UnaryOperator, Value, ValueWithSpan, visit_expressions,
};

use super::Context;
use crate::{
    Dialect, KeyColumn, TableName,
    consequence::Assigned,
    key::{Bind, KeyKind},
    rows::{MOST_KEYS, RowPlan, Slot, combinations},
};

/// The rows of a query that reads nothing but `table`.
pub(super) fn of_query(query: &Query, table: &TableName, context: Context<'_>) -> RowPlan {
    let (SetExpr::Select(select), None) = (&*query.body, &query.with) else { return RowPlan::All };
    let ([from], true) = (select.from.as_slice(), is_plain(select)) else { return RowPlan::All };
    let TableFactor::Table { alias, args: None, version: None, sample: None, json_path: None, .. } = &from.relation
    else {
        return RowPlan::All;
    };
    let alias = alias.as_ref().map(|alias| context.catalog.fold(&alias.name));
    of_condition(select.selection.as_ref(), table, alias.as_deref(), context)
}

/// Whether a select returns a row for each row that its condition admits, and no other. Grouping does not: a count of
/// nothing is a row too.
fn is_plain(select: &Select) -> bool {
    let ungrouped = matches!(&select.group_by, GroupByExpr::Expressions(by, more) if by.is_empty() && more.is_empty());
    ungrouped
        && select.having.is_none()
        && select.into.is_none()
        && select.qualify.is_none()
        && select.prewhere.is_none()
        && select.lateral_views.is_empty()
        && select.connect_by.is_empty()
        && select.from.iter().all(|from| from.joins.is_empty())
}

/// The rows of `table`, perhaps under another name, that a condition admits.
pub(super) fn of_condition(
    condition: Option<&Expr>,
    table: &TableName,
    alias: Option<&str>,
    context: Context<'_>,
) -> RowPlan {
    let (Some(condition), Some(key)) = (condition, context.catalog.primary_keys.get(table)) else {
        return RowPlan::All;
    };
    if is_bound_otherwise(condition, context) {
        return RowPlan::All;
    }
    let finder = Finder { key, table, alias, context };
    finder.rows(condition).filter(|rows| rows.len() <= MOST_KEYS).map_or(RowPlan::All, RowPlan::Keys)
}

/// Whether the database may group the condition in another way than the parser does: in MySQL `XOR` binds less than `AND`,
/// and `||` is another `OR` unless the session says otherwise.
fn is_bound_otherwise(condition: &Expr, context: Context<'_>) -> bool {
    let is_doubtful = |expr: &Expr| {
        let doubtful = matches!(expr, Expr::BinaryOp { op: BinaryOperator::Xor | BinaryOperator::StringConcat, .. });
        if doubtful { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    context.catalog.dialect == Dialect::MySql && visit_expressions(condition, is_doubtful).is_break()
}

/// The rows that an insert adds, if it gives all of their keys.
pub(super) fn of_insert(insert: &Insert, table: &TableName, context: Context<'_>) -> RowPlan {
    let key = context.catalog.primary_keys.get(table);
    let rows = key.and_then(|key| {
        if insert.assignments.is_empty() {
            inserted_values(insert, key, context)
        } else {
            assigned_values(&insert.assignments, key, context).map(|row| vec![row])
        }
    });
    rows.map_or(RowPlan::All, RowPlan::Keys)
}

fn inserted_values(insert: &Insert, key: &[KeyColumn], context: Context<'_>) -> Option<Vec<Vec<Slot>>> {
    let SetExpr::Values(values) = &*insert.source.as_ref()?.body else { return None };
    let place = |column: &KeyColumn| insert.columns.iter().position(|name| is_column(name, column, context));
    let places = key.iter().map(place).collect::<Option<Vec<_>>>()?;
    if values.rows.len() > MOST_KEYS {
        return None;
    }
    let slots = |row: &[Expr]| {
        let slot = |(column, place): (&KeyColumn, &usize)| slot(row.get(*place)?, column.kind(), context);
        key.iter().zip(&places).map(slot).collect::<Option<Vec<_>>>()
    };
    values.rows.iter().map(|row| slots(row)).collect()
}

fn assigned_values(assignments: &[Assignment], key: &[KeyColumn], context: Context<'_>) -> Option<Vec<Slot>> {
    let value_of = |column: &KeyColumn| {
        assignments.iter().find(|assignment| match &assignment.target {
            AssignmentTarget::ColumnName(name) => is_column(name, column, context),
            AssignmentTarget::Tuple(_) => false,
        })
    };
    key.iter().map(|column| slot(&value_of(column)?.value, column.kind(), context)).collect()
}

/// Whether an update assigns a column of the primary key, so that rows change their identity.
pub(super) fn assigns_key(assignments: &[Assignment], table: &TableName, context: Context<'_>) -> bool {
    let Some(key) = context.catalog.primary_keys.get(table) else { return false };
    let in_key =
        |name: &ObjectName| key.iter().any(|column| is_column(name, column, context)) || is_rowid(name, context);
    assignments.iter().filter(|assignment| !is_idle(assignment)).any(|assignment| match &assignment.target {
        AssignmentTarget::ColumnName(name) => in_key(name),
        AssignmentTarget::Tuple(names) => names.iter().any(in_key),
    })
}

/// The columns that assignments give other values.
pub(super) fn assigned(assignments: &[Assignment], context: Context<'_>) -> Assigned {
    let mut columns = Vec::new();
    for assignment in assignments.iter().filter(|assignment| !is_idle(assignment)) {
        let names = match &assignment.target {
            AssignmentTarget::ColumnName(name) => std::slice::from_ref(name),
            AssignmentTarget::Tuple(names) => names.as_slice(),
        };
        for name in names {
            match name.0.last().and_then(|part| part.as_ident()) {
                Some(ident) if !is_rowid(name, context) => columns.push(context.catalog.fold(ident)),
                _ => return Assigned::Anything,
            }
        }
    }
    // Also if there is none: triggers run all the same, and may change the row.
    Assigned::Columns(columns)
}

/// Whether a column is given the value that it has, as in `ON DUPLICATE KEY UPDATE id = id`.
fn is_idle(assignment: &Assignment) -> bool {
    match (&assignment.target, &assignment.value) {
        (AssignmentTarget::ColumnName(name), Expr::Identifier(value)) => {
            matches!(name.0.as_slice(), [only] if only.as_ident() == Some(value))
        }
        _ => false,
    }
}

/// Whether the target of `ON CONFLICT` is the primary key, all of it and nothing else.
pub(super) fn is_key(target: Option<&ConflictTarget>, table: &TableName, context: Context<'_>) -> bool {
    let (Some(ConflictTarget::Columns(columns)), Some(key)) = (target, context.catalog.primary_keys.get(table)) else {
        return false;
    };
    columns.len() == key.len() && key.iter().all(|column| columns.iter().any(|name| is_named(name, column, context)))
}

/// Whether this is one of the names under which SQLite gives every table a key, perhaps the declared one.
fn is_rowid(name: &ObjectName, context: Context<'_>) -> bool {
    let column = context.catalog.last_part(name).unwrap_or_default();
    context.catalog.dialect == Dialect::Sqlite && matches!(column.as_str(), "rowid" | "oid" | "_rowid_")
}

/// Whether a name, qualified or not, ends in the name of this column.
fn is_column(name: &ObjectName, column: &KeyColumn, context: Context<'_>) -> bool {
    let last = name.0.last().and_then(|part| part.as_ident());
    last.is_some_and(|ident| is_named(ident, column, context))
}

fn is_named(ident: &Ident, column: &KeyColumn, context: Context<'_>) -> bool {
    context.catalog.fold(ident) == context.catalog.dialect.fold(column.name(), true)
}

/// The parts of a condition that must all hold.
fn conjunction(condition: &Expr) -> Vec<&Expr> {
    let (mut rest, mut parts) = (vec![condition], Vec::new());
    while let Some(part) = rest.pop() {
        match part {
            Expr::Nested(inner) => rest.push(inner),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => rest.extend([&**right, &**left]),
            other => parts.push(other),
        }
    }
    parts
}

/// Looks for the primary key of one table in conditions.
struct Finder<'a> {
    key: &'a [KeyColumn],
    table: &'a TableName,
    alias: Option<&'a str>,
    context: Context<'a>,
}

impl Finder<'_> {
    /// The rows that a condition admits, at most.
    fn rows(&self, condition: &Expr) -> Option<Vec<Vec<Slot>>> {
        let parts = conjunction(condition);
        let tuples = parts.iter().find_map(|part| self.tuples(part));
        tuples.or_else(|| self.columns(&parts)).or_else(|| parts.iter().find_map(|part| self.alternatives(part)))
    }

    /// `id = 1 OR id = 2`: each of the alternatives names its rows.
    fn alternatives(&self, part: &Expr) -> Option<Vec<Vec<Slot>>> {
        let (mut rest, mut rows) = (vec![part], Vec::new());
        if !matches!(part, Expr::BinaryOp { op: BinaryOperator::Or, .. }) {
            return None;
        }
        while let Some(part) = rest.pop() {
            match part {
                Expr::Nested(inner) => rest.push(inner),
                Expr::BinaryOp { left, op: BinaryOperator::Or, right } => rest.extend([&**right, &**left]),
                Expr::BinaryOp { op: BinaryOperator::And, .. } => rows.extend(self.columns(&conjunction(part))?),
                other => rows.extend(self.tuples(other).or_else(|| self.columns(&[other]))?),
            }
            if rows.len() > MOST_KEYS {
                return None;
            }
        }
        Some(rows)
    }

    /// `id = 1`, `a IN (1, 2) AND b = 3`: every column of the key has its own condition.
    fn columns(&self, parts: &[&Expr]) -> Option<Vec<Vec<Slot>>> {
        let slots = |column: &KeyColumn| parts.iter().find_map(|part| self.slots(part, column));
        let columns = self.key.iter().map(slots).collect::<Option<Vec<_>>>()?;
        let rows = combinations(&columns)?;
        Some(rows.into_iter().map(|row| row.into_iter().cloned().collect()).collect())
    }

    /// `(a, b) IN ((1, 2), (3, 4))` and `(a, b) = (1, 2)`.
    fn tuples(&self, part: &Expr) -> Option<Vec<Vec<Slot>>> {
        let (names, rows) = match part {
            Expr::InList { expr, list, negated: false } => (&**expr, list.as_slice()),
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => (&**left, std::slice::from_ref(&**right)),
            _ => return None,
        };
        let Expr::Tuple(names) = names else { return None };
        let place = |column: &KeyColumn| names.iter().position(|name| self.is_key(name, column));
        let places = self.key.iter().map(place).collect::<Option<Vec<_>>>()?;
        let row = |row: &Expr| {
            let Expr::Tuple(values) = row else { return None };
            let columns = self.key.iter().zip(&places);
            columns.map(|(column, place)| slot(values.get(*place)?, column.kind(), self.context)).collect()
        };
        rows.iter().map(row).collect()
    }

    /// The values that one condition admits for a column, if it is about that column.
    fn slots(&self, part: &Expr, column: &KeyColumn) -> Option<Vec<Slot>> {
        let (kind, context) = (column.kind(), self.context);
        match part {
            Expr::BinaryOp { left, op: BinaryOperator::Eq | BinaryOperator::Spaceship, right }
            | Expr::IsNotDistinctFrom(left, right) => {
                let value = if self.is_key(left, column) {
                    right
                } else if self.is_key(right, column) {
                    left
                } else {
                    return None;
                };
                slot(value, kind, context).map(|slot| vec![slot])
            }
            Expr::InList { expr, list, negated: false } if self.is_key(expr, column) && list.len() <= MOST_KEYS => {
                list.iter().map(|value| slot(value, kind, context)).collect()
            }
            Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } if self.is_key(left, column) => {
                each_of(right, kind, context)
            }
            _ => None,
        }
    }

    fn is_key(&self, expr: &Expr, column: &KeyColumn) -> bool {
        match expr {
            Expr::Identifier(name) => is_named(name, column, self.context),
            Expr::CompoundIdentifier(parts) => parts
                .split_last()
                .is_some_and(|(name, qualifier)| is_named(name, column, self.context) && self.is_table(qualifier)),
            _ => false,
        }
    }

    /// Whether what stands before a column means the table: its alias, or else its name.
    fn is_table(&self, qualifier: &[Ident]) -> bool {
        let catalog = self.context.catalog;
        match (qualifier, self.alias) {
            ([only], Some(alias)) => catalog.fold(only) == alias,
            ([only], None) => self.table.as_str().rsplit('.').next() == Some(catalog.fold(only).as_str()),
            _ => catalog.table(&ObjectName::from(qualifier.to_vec())).as_ref() == Some(self.table),
        }
    }
}

/// The elements of an array, written out or bound.
fn each_of(array: &Expr, kind: KeyKind, context: Context<'_>) -> Option<Vec<Slot>> {
    match array {
        Expr::Array(Array { elem, .. }) if elem.len() <= MOST_KEYS => {
            elem.iter().map(|value| slot(value, kind, context)).collect()
        }
        Expr::Value(ValueWithSpan { value: Value::Placeholder(_), span }) => {
            let index = context.placeholders.index(span.start)?;
            Some(vec![Slot::EachOf { index, kind }])
        }
        _ => None,
    }
}

/// A constant or a bound value that can be a key of this kind.
fn slot(value: &Expr, kind: KeyKind, context: Context<'_>) -> Option<Slot> {
    let known = |value: Bind<'_>| kind.text_of(&value, context.catalog.dialect).map(Slot::Known);
    match value {
        Expr::Nested(inner) => slot(inner, kind, context),
        Expr::Cast { expr, data_type, .. } if keeps_key(data_type, kind) => slot(expr, kind, context),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => known(Bind::Integer(-number(expr)?)),
        Expr::Value(ValueWithSpan { value, span }) => match value {
            Value::Placeholder(_) => Some(Slot::Bound { index: context.placeholders.index(span.start)?, kind }),
            Value::SingleQuotedString(text) => known(Bind::Text(text)),
            Value::Number(..) => known(Bind::Integer(number_of(value)?)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a cast to this type leaves a key of this kind what it is.
fn keeps_key(data_type: &DataType, kind: KeyKind) -> bool {
    use DataType as D;
    match kind {
        KeyKind::Integer => matches!(
            data_type,
            D::SmallInt(None) | D::Int(None) | D::Integer(None) | D::BigInt(None) | D::Int4(None) | D::Int8(None)
        ),
        KeyKind::Uuid => matches!(data_type, D::Uuid),
        KeyKind::Text => false,
    }
}

fn number(expr: &Expr) -> Option<i128> {
    match expr {
        Expr::Value(ValueWithSpan { value, .. }) => number_of(value),
        _ => None,
    }
}

fn number_of(value: &Value) -> Option<i128> {
    match value {
        Value::Number(digits, _) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    }
}
