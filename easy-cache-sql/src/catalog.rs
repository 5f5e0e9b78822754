//! What the application declared about its tables, and which spellings mean the same table. Never changes once an
//! analyzer is built, so that remembered effects stay right.

use std::collections::HashMap;

use sqlparser::ast::{Ident, ObjectName};

use crate::{Dialect, KeyColumn, TableName, Uncacheable, WriteKind};

#[derive(Debug)]
pub(crate) struct Catalog {
    pub(crate) dialect: Dialect,
    pub(crate) default_schema: Option<String>,
    pub(crate) primary_keys: HashMap<TableName, Vec<KeyColumn>>,
    pub(crate) cascades: HashMap<TableName, Vec<TableName>>,
    pub(crate) views: HashMap<TableName, Vec<TableName>>,
    pub(crate) functions: HashMap<String, Vec<TableName>>,
}

impl Catalog {
    pub(crate) fn new(dialect: Dialect, default_schema: Option<&str>) -> Self {
        let default_schema = default_schema.or(dialect.default_schema()).map(|name| dialect.fold(name, true));
        Self {
            dialect,
            default_schema,
            primary_keys: HashMap::new(),
            cascades: HashMap::new(),
            views: HashMap::new(),
            functions: HashMap::new(),
        }
    }

    pub(crate) fn fold(&self, ident: &Ident) -> String {
        self.dialect.fold(&ident.value, ident.quote_style.is_some())
    }

    /// The table of a name in a statement, or `None` for names that are computed.
    pub(crate) fn table(&self, name: &ObjectName) -> Option<TableName> {
        let (schema, table) = self.parts(name)?;
        Some(self.qualified(schema.as_deref(), &table))
    }

    /// The table of a name as the application declares it: `table` or `schema.table`, as the database stores it.
    pub(crate) fn declared(&self, name: &str) -> TableName {
        let (schema, table) = match name.rsplit_once('.') {
            Some((schema, table)) => (Some(self.dialect.fold(schema, true)), table),
            None => (None, name),
        };
        self.qualified(schema.as_deref(), &self.dialect.fold(table, true))
    }

    /// The tables in which unknown rows change when this one is written: the bases of a view, and those that it cascades to.
    pub(crate) fn reached(&self, table: &TableName, kind: WriteKind) -> Vec<TableName> {
        let views = self.views.get(table).into_iter().flatten();
        let cascades = self.cascades.get(table).filter(|_| kind != WriteKind::Insert).into_iter().flatten();
        views.chain(cascades).cloned().collect()
    }

    /// Where the default schema is not known, schemas are left out: taking two tables for one is safe.
    fn qualified(&self, schema: Option<&str>, table: &str) -> TableName {
        match (schema, self.default_schema.as_deref()) {
            (Some(schema), Some(default)) if schema != default => TableName::new(Some(schema), table),
            _ => TableName::new(None, table),
        }
    }

    /// The folded schema and name. A database before the schema is left out: a connection sees only one.
    fn parts(&self, name: &ObjectName) -> Option<(Option<String>, String)> {
        let idents: Vec<&Ident> = name.0.iter().map(|part| part.as_ident()).collect::<Option<_>>()?;
        let (table, before) = idents.split_last()?;
        Some((before.last().map(|schema| self.fold(schema)), self.fold(table)))
    }

    /// The name of a function or column in lower case, without what qualifies it.
    pub(crate) fn last_part(&self, name: &ObjectName) -> Option<String> {
        name.0.last()?.as_ident().map(|ident| ident.value.to_lowercase())
    }

    /// Why reading this relation can never be cached, if so.
    pub(crate) fn uncacheable(&self, name: &ObjectName) -> Option<Uncacheable> {
        let (schema, table) = self.parts(name)?;
        let schema = schema.as_deref().unwrap_or_default();
        let temporary = match self.dialect {
            Dialect::Sqlite => schema == "temp",
            Dialect::Postgres => schema.starts_with("pg_temp"),
            Dialect::MySql => false,
        };
        let metadata = match self.dialect {
            Dialect::Sqlite => table.starts_with("sqlite_") || table == "dbstat" || table.starts_with("pragma_"),
            Dialect::Postgres => {
                matches!(schema, "pg_catalog" | "information_schema") || (schema.is_empty() && table.starts_with("pg_"))
            }
            Dialect::MySql => matches!(schema, "information_schema" | "performance_schema" | "mysql" | "sys"),
        };
        match (temporary, metadata) {
            (true, _) => Some(Uncacheable::TemporaryTable),
            (_, true) => Some(Uncacheable::Metadata),
            _ => None,
        }
    }
}
