//! Statements that define tables and views, and `TRUNCATE`. A definition writes every table it names; one that may
//! reach tables it does not name is opaque.

use sqlparser::ast::{AlterTableOperation as Alter, CreateTable, ObjectName, ObjectType, RenameTable, Statement};

use super::{Context, Found, read_of};
use crate::{Dialect, Opaque, SessionState, Step, WriteKind, consequence::Deed, effect::WritePlan, rows::RowPlan};

/// What the statement does, if it is one of these.
pub(super) fn find(statement: &Statement, context: Context<'_>) -> Option<Found> {
    let found = match statement {
        Statement::CreateTable(table) => create(table, context),
        Statement::CreateView(view) => written([&view.name], context).map(|step| in_session(step, view.temporary)),
        Statement::CreateVirtualTable { name, .. } | Statement::AlterView { name, .. } => written([name], context),
        Statement::CreateIndex(index) => written([&index.table_name], context),
        Statement::AlterTable(table) => {
            if table.operations.iter().all(stays_in_table) {
                written([&table.name], context)
            } else {
                Err(Opaque::Unknown)
            }
        }
        Statement::RenameTable(renames) => {
            written(renames.iter().flat_map(|RenameTable { old_name, new_name }| [old_name, new_name]), context)
        }
        Statement::Drop { object_type, names, cascade: false, .. } if holds_rows(object_type) => {
            written(names, context).map(emptied)
        }
        Statement::Drop { object_type: ObjectType::Index, cascade: false, .. } => Ok(super::metadata()),
        Statement::Truncate(truncate) => return Some(truncated(truncate, context)),
        _ => return None,
    };
    let commits_implicitly = context.catalog.dialect == Dialect::MySql;
    Some(found.map(|step| Step { commits_implicitly, ..step }))
}

fn create(table: &CreateTable, context: Context<'_>) -> Found {
    let mut step = match &table.query {
        Some(query) => read_of(query, context)?,
        None => Step::default(),
    };
    step.writes.extend(written([&table.name], context)?.writes);
    Ok(in_session(step, table.temporary))
}

fn truncated(truncate: &sqlparser::ast::Truncate, context: Context<'_>) -> Found {
    let cascades = matches!(truncate.cascade, Some(sqlparser::ast::CascadeOption::Cascade));
    if cascades && !context.catalog.knows_references {
        return Err(Opaque::Unknown);
    }
    let mut step = written(truncate.table_names.iter().map(|target| &target.name), context)?;
    for write in &mut step.writes {
        write.kind = WriteKind::Delete;
        // Without the word, a table that others refer to is refused.
        write.deed = if cascades { Deed::empties() } else { Deed::deletes() };
    }
    Ok(Step { commits_implicitly: context.catalog.dialect == Dialect::MySql, ..step })
}

fn written<'n>(names: impl IntoIterator<Item = &'n ObjectName>, context: Context<'_>) -> Found {
    let table = |name| context.catalog.table(name).ok_or(Opaque::Unknown);
    let (rows, kind) = (RowPlan::All, WriteKind::Definition);
    let write = |name| Ok(WritePlan { table: table(name)?, rows: rows.clone(), kind, deed: Deed::default() });
    let writes = names.into_iter().map(write).collect::<Result<_, _>>()?;
    Ok(Step { writes, ..Step::default() })
}

/// SQLite deletes the rows of a table that is dropped, and what refers to them goes as well.
fn emptied(mut step: Step) -> Step {
    step.writes.iter_mut().for_each(|write| write.deed = Deed::deletes());
    step
}

/// A temporary table hides another one of its name until the session ends.
fn in_session(step: Step, temporary: bool) -> Step {
    if temporary { Step { session_state: SessionState::Session, ..step } } else { step }
}

/// Changes that leave the table where it is. Renames, schemas and exchanged partitions reach names that are not told.
fn stays_in_table(operation: &Alter) -> bool {
    matches!(
        operation,
        Alter::AddColumn { .. }
            | Alter::DropColumn { .. }
            | Alter::RenameColumn { .. }
            | Alter::AlterColumn { .. }
            | Alter::ChangeColumn { .. }
            | Alter::ModifyColumn { .. }
            | Alter::AddConstraint { .. }
            | Alter::DropConstraint { .. }
    )
}

fn holds_rows(object_type: &ObjectType) -> bool {
    matches!(object_type, ObjectType::Table | ObjectType::View | ObjectType::MaterializedView)
}
