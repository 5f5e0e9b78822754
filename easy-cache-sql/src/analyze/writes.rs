//! The tables that `INSERT`, `UPDATE`, `DELETE` and `MERGE` write, at the top or inside of a query. Which rows is left
//! to `rows`.

use sqlparser::ast::{
    Delete, FromTable, Insert, Merge, ObjectName, OnConflictAction, OnInsert, SqliteOnConflict, Statement, TableFactor,
    TableObject, TableWithJoins, Update,
};

use super::{reads::Collector, rows};
use crate::{Dialect, Opaque, TableName, WriteKind, rows::RowPlan};

impl Collector<'_> {
    /// Notes what a statement met on the walk writes.
    pub(super) fn write(&mut self, statement: &Statement) -> Result<(), Opaque> {
        match statement {
            Statement::Query(_) => Ok(()),
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => self.update(update),
            Statement::Delete(delete) => self.delete(delete),
            Statement::Merge(merge) => self.merge(merge),
            _ => Err(Opaque::Unknown),
        }
    }

    fn insert(&mut self, insert: &Insert) -> Result<(), Opaque> {
        let TableObject::TableName(name) = &insert.table else { return Err(Opaque::Unknown) };
        if insert.overwrite || insert.multi_table_insert_type.is_some() {
            return Err(Opaque::Unknown);
        }
        let table = self.table(name)?;
        if may_change_rows(insert) {
            self.add_write(table, RowPlan::All, WriteKind::Change);
        } else {
            let plan = rows::of_insert(insert, &table, self.context);
            self.add_write(table, plan, WriteKind::Insert);
        }
        Ok(())
    }

    fn update(&mut self, update: &Update) -> Result<(), Opaque> {
        let (table, alias) = self.target(&update.table.relation)?;
        let alone = update.table.joins.is_empty() && update.from.is_none();
        let replaces = matches!(update.or, Some(SqliteOnConflict::Replace));
        let plan = if !alone || replaces || rows::assigns_key(&update.assignments, &table, self.context) {
            RowPlan::All
        } else {
            rows::of_condition(update.selection.as_ref(), &table, alias.as_deref(), self.context)
        };
        self.add_write(table, plan, WriteKind::Update);
        for join in &update.table.joins {
            // Only tables can be assigned to: what is joined otherwise is read by the walk.
            if let TableFactor::Table { name, .. } = &join.relation {
                let joined = self.table(name)?;
                self.add_write(joined, RowPlan::All, WriteKind::Update);
            } else if matches!(join.relation, TableFactor::NestedJoin { .. }) {
                return Err(Opaque::Unknown);
            }
        }
        Ok(())
    }

    fn delete(&mut self, delete: &Delete) -> Result<(), Opaque> {
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        match (&delete.using, self.context.catalog.dialect) {
            _ if !delete.tables.is_empty() => self.delete_named(&delete.tables, from),
            // `DELETE FROM b USING books b` of MySQL names its targets like the tables of a query.
            (Some(using), Dialect::MySql) => {
                let names: Vec<_> =
                    from.iter().map(|target| relation_name(target).cloned()).collect::<Result<_, _>>()?;
                self.delete_named(&names, using)
            }
            (using, _) => {
                let [TableWithJoins { relation, joins }] = from.as_slice() else { return Err(Opaque::Unknown) };
                let (table, alias) = self.target(relation)?;
                let plan = if using.is_none() && joins.is_empty() {
                    rows::of_condition(delete.selection.as_ref(), &table, alias.as_deref(), self.context)
                } else {
                    RowPlan::All
                };
                self.add_write(table, plan, WriteKind::Delete);
                Ok(())
            }
        }
    }

    /// Targets that are named apart from the tables they stand for, perhaps by an alias.
    fn delete_named(&mut self, names: &[ObjectName], from: &[TableWithJoins]) -> Result<(), Opaque> {
        let joined = from.iter().flat_map(|table| table.joins.iter().map(|join| &join.relation));
        let factors: Vec<_> = from.iter().map(|table| &table.relation).chain(joined).collect();
        for name in names {
            let [.., last] = name.0.as_slice() else { return Err(Opaque::Unknown) };
            let target = last.as_ident().map(|ident| self.context.catalog.fold(ident));
            let aliased = factors.iter().find_map(|factor| match factor {
                TableFactor::Table { name: table, alias: Some(alias), .. } => {
                    (name.0.len() == 1 && Some(self.context.catalog.fold(&alias.name)) == target).then_some(table)
                }
                _ => None,
            });
            let table = self.table(aliased.unwrap_or(name))?;
            self.add_write(table, RowPlan::All, WriteKind::Delete);
        }
        Ok(())
    }

    fn merge(&mut self, merge: &Merge) -> Result<(), Opaque> {
        let (table, _) = self.target(&merge.table)?;
        self.add_write(table, RowPlan::All, WriteKind::Change);
        Ok(())
    }

    /// The table that is written and its alias; its mention is not a read.
    fn target(&mut self, factor: &TableFactor) -> Result<(TableName, Option<String>), Opaque> {
        let TableFactor::Table { name, alias, args: None, .. } = factor else { return Err(Opaque::Unknown) };
        self.targets.push(factor);
        Ok((self.table(name)?, alias.as_ref().map(|alias| self.context.catalog.fold(&alias.name))))
    }

    fn table(&self, name: &ObjectName) -> Result<TableName, Opaque> {
        self.context.catalog.table(name).ok_or(Opaque::Unknown)
    }
}

/// Whether an insert may change or remove rows that exist.
fn may_change_rows(insert: &Insert) -> bool {
    let on_conflict = match &insert.on {
        None => false,
        Some(OnInsert::OnConflict(conflict)) => !matches!(conflict.action, OnConflictAction::DoNothing),
        Some(_) => true,
    };
    on_conflict || insert.replace_into || matches!(insert.or, Some(SqliteOnConflict::Replace))
}

fn relation_name(table: &TableWithJoins) -> Result<&ObjectName, Opaque> {
    match &table.relation {
        TableFactor::Table { name, .. } if table.joins.is_empty() => Ok(name),
        _ => Err(Opaque::Unknown),
    }
}

/// Whether the statement asks SQLite to keep the rows that it wrote before a row failed.
pub(super) fn fails_half_way(statement: &Statement) -> bool {
    let or = match statement {
        Statement::Insert(insert) => insert.or,
        Statement::Update(update) => update.or,
        _ => None,
    };
    or == Some(SqliteOnConflict::Fail)
}
