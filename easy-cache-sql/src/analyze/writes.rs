//! The tables that `INSERT`, `UPDATE`, `DELETE` and `MERGE` write, at the top or inside of a query. Which rows is left
//! to `rows`.

use sqlparser::ast::{
    Assignment, Delete, FromTable, Insert, Merge, MergeAction, MergeUpdateExpr, MergeUpdateKind, ObjectName,
    OnConflictAction, OnInsert, SqliteOnConflict, Statement, TableFactor, TableObject, TableWithJoins, Update,
};

use super::{reads::Collector, rows};
use crate::{
    Dialect, Opaque, TableName, WriteKind,
    consequence::{Assigned, Deed},
    effect::WritePlan,
    rows::RowPlan,
};

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
        let replaced = self.replaced(insert, &table);
        let known = matches!(replaced, Replaced::Nothing | Replaced::SameKey(_));
        let rows = if known { rows::of_insert(insert, &table, self.context) } else { RowPlan::All };
        let (kind, deed) = match replaced {
            Replaced::Nothing => (WriteKind::Insert, Deed::inserts()),
            Replaced::SameKey(assigns) | Replaced::Other(assigns) => {
                (WriteKind::Change, Deed::inserts().and(Deed::assigns(assigns)))
            }
            Replaced::Removed => (WriteKind::Change, Deed::inserts().and(Deed::deletes())),
        };
        self.add_write(WritePlan { table, rows, kind, deed });
        Ok(())
    }

    /// What an insert may do to rows that exist.
    fn replaced(&self, insert: &Insert, table: &TableName) -> Replaced {
        if insert.replace_into || matches!(insert.or, Some(SqliteOnConflict::Replace)) {
            return Replaced::Removed;
        }
        match &insert.on {
            None => Replaced::Nothing,
            Some(OnInsert::DuplicateKeyUpdate(assignments)) => Replaced::Other(self.assigned(assignments)),
            Some(OnInsert::OnConflict(conflict)) => match &conflict.action {
                OnConflictAction::DoNothing => Replaced::Nothing,
                OnConflictAction::DoUpdate(update) => {
                    let assigned = self.assigned(&update.assignments);
                    let by_key = rows::is_key(conflict.conflict_target.as_ref(), table, self.context);
                    let moves = rows::assigns_key(&update.assignments, table, self.context);
                    if by_key && !moves { Replaced::SameKey(assigned) } else { Replaced::Other(assigned) }
                }
            },
            Some(_) => Replaced::Other(Assigned::Anything),
        }
    }

    fn assigned(&self, assignments: &[Assignment]) -> Assigned {
        rows::assigned(assignments, self.context)
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
        let deed = Deed::assigns(self.assigned(&update.assignments));
        let deed = if replaces { deed.and(Deed::deletes()) } else { deed };
        self.add_write(WritePlan { table, rows: plan, kind: WriteKind::Update, deed: deed.clone() });
        for join in &update.table.joins {
            // Only tables can be assigned to: what is joined otherwise is read by the walk.
            if let TableFactor::Table { name, .. } = &join.relation {
                let joined = self.table(name)?;
                self.add_write(WritePlan { kind: WriteKind::Update, ..WritePlan::change(joined, deed.clone()) });
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
                self.add_write(WritePlan { table, rows: plan, kind: WriteKind::Delete, deed: Deed::deletes() });
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
            self.add_write(WritePlan { kind: WriteKind::Delete, ..WritePlan::change(table, Deed::deletes()) });
        }
        Ok(())
    }

    fn merge(&mut self, merge: &Merge) -> Result<(), Opaque> {
        let (table, _) = self.target(&merge.table)?;
        let deeds = merge.clauses.iter().map(|clause| match &clause.action {
            MergeAction::Insert(_) => Deed::inserts(),
            MergeAction::Update(MergeUpdateExpr { kind: MergeUpdateKind::Set(assignments), .. }) => {
                Deed::assigns(self.assigned(assignments))
            }
            MergeAction::Update(_) => Deed::anything(),
            MergeAction::Delete { .. } => Deed::deletes(),
            MergeAction::DoNothing { .. } => Deed::default(),
        });
        let deed = deeds.fold(Deed::default(), Deed::and);
        self.add_write(WritePlan::change(table, deed));
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

/// What becomes of a row that stands where an insert wants to put another.
enum Replaced {
    /// It stays as it is.
    Nothing,
    /// It is the one with the key that was inserted, and these of its columns are changed.
    SameKey(Assigned),
    /// It may be any, and these of its columns are changed.
    Other(Assigned),
    /// It may be any, and goes.
    Removed,
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
