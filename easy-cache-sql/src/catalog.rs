//! What the application declared about its tables, and which spellings mean the same table. Never changes once an
//! analyzer is built, so that remembered effects stay right.

use std::collections::HashMap;

use sqlparser::ast::{Ident, ObjectName};

use crate::{
    Dialect, KeyColumn, TableName, Uncacheable,
    consequence::{Reference, Trigger},
};

#[derive(Debug)]
pub(crate) struct Catalog {
    pub(crate) dialect: Dialect,
    pub(crate) default_schema: Option<String>,
    pub(crate) primary_keys: HashMap<TableName, Vec<KeyColumn>>,
    pub(crate) cascades: HashMap<TableName, Vec<TableName>>,
    pub(crate) views: HashMap<TableName, Vec<TableName>>,
    pub(crate) functions: HashMap<String, Vec<TableName>>,
    /// The foreign keys that refer to a table.
    pub(crate) references: HashMap<TableName, Vec<Reference>>,
    pub(crate) triggers: HashMap<TableName, Vec<Trigger>>,
    /// Views whose result must not be kept, and why.
    pub(crate) moving_views: HashMap<TableName, Uncacheable>,
    /// Whether `references` are all that there are.
    pub(crate) knows_references: bool,
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
            references: HashMap::new(),
            triggers: HashMap::new(),
            moving_views: HashMap::new(),
            knows_references: false,
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

    /// The table of this name, both parts as the database compares them.
    pub(crate) fn named(&self, schema: Option<&str>, table: &str) -> TableName {
        self.qualified(schema, table)
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

    /// Whether nothing is known of what this view reads.
    pub(crate) fn is_of_unknown_tables(&self, view: &TableName) -> bool {
        self.views.get(view).is_none_or(Vec::is_empty)
    }

    /// Says which tables have a trigger that may write anything, since that makes their writes expensive.
    pub(crate) fn warn_of_unclear_triggers(&self) {
        let is_unclear = |triggers: &&Vec<Trigger>| triggers.iter().any(|trigger| trigger.writes.is_none());
        for (table, _) in self.triggers.iter().filter(|(_, triggers)| is_unclear(triggers)) {
            tracing::warn!(%table, "a trigger of this table may write anything, so each write to it drops everything: declare what it writes");
        }
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
