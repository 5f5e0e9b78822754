//! The door: what is declared once about the tables, and the effect of each text, remembered. How a text is understood
//! is left to `analyze`.

use std::sync::Arc;

use crate::{
    Bind, Dialect, Effect, KeyColumn, Rows, TableName, Write, WriteKind, analyze,
    catalog::Catalog,
    consequence::{Deed, Events, Trigger},
    introspect::Schema,
    key::join_columns,
    memo::Memo,
};

/// Finds what SQL texts do. One for each database; share it, its methods take `&self`.
#[derive(Debug)]
pub struct Analyzer {
    catalog: Catalog,
    memo: Memo,
}

/// Declares what text cannot show, before the first statement is seen.
///
/// Tables are named `table` or `schema.table`, as the database stores them.
#[derive(Clone, Debug)]
#[must_use]
pub struct AnalyzerBuilder {
    dialect: Dialect,
    default_schema: Option<String>,
    remembered_texts: usize,
    primary_keys: Vec<(String, Vec<KeyColumn>)>,
    cascades: Vec<(String, Vec<String>)>,
    views: Vec<(String, Vec<String>)>,
    functions: Vec<(String, Vec<String>)>,
    triggers: Vec<(String, Vec<String>)>,
    schema: Option<Schema>,
}

impl Analyzer {
    /// Starts to declare an analyzer. The default schema is `main` for SQLite, `public` for PostgreSQL, and unknown
    /// for MySQL, where schemas are ignored until one is given.
    pub fn builder(dialect: Dialect) -> AnalyzerBuilder {
        AnalyzerBuilder {
            dialect,
            default_schema: None,
            remembered_texts: 4096,
            primary_keys: Vec::new(),
            cascades: Vec::new(),
            views: Vec::new(),
            functions: Vec::new(),
            triggers: Vec::new(),
            schema: None,
        }
    }

    /// What `sql` does. Remembered: for a text seen before this is one look-up and allocates nothing.
    ///
    /// Never fails and never panics: what is not understood has an effect on everything.
    pub fn effect(&self, sql: &str) -> Arc<Effect> {
        self.memo.get_or_insert_with(sql, || analyze::effect(sql, &self.catalog))
    }

    /// Which dialect is understood.
    pub fn dialect(&self) -> Dialect {
        self.catalog.dialect
    }

    /// The canonical name of `table` or `schema.table`, the one that effects use.
    pub fn table(&self, name: &str) -> TableName {
        self.catalog.declared(name)
    }

    /// The canonical text of a row's primary key, the one that effects use. `None` if the table's key is not declared
    /// or the values cannot name exactly one row.
    pub fn row_key(&self, table: &TableName, values: &[Bind<'_>]) -> Option<String> {
        let columns = self.catalog.primary_keys.get(table).filter(|columns| columns.len() == values.len())?;
        let texts = columns.iter().zip(values).map(|(column, value)| column.kind().text_of(value, self.dialect()));
        let texts = texts.collect::<Option<Vec<_>>>()?;
        Some(join_columns(texts.iter().map(String::as_str)))
    }

    /// A write with all that it reaches by foreign keys, triggers, views, and what was declared. `None` if that may be anything.
    pub(crate) fn reached_from(&self, first: Write, deed: Deed) -> Option<Vec<Write>> {
        let mut reached = vec![(first, deed)];
        let mut next = 0;
        while let Some((Write { table, kind, .. }, deed)) = reached.get(next) {
            let found = self.catalog.consequences(table, *kind, deed);
            if found.everything {
                return None;
            }
            for (table, deed) in found.changes {
                let change = (Write { table, rows: Rows::All, kind: WriteKind::Change }, deed);
                if !reached.contains(&change) {
                    reached.push(change);
                }
            }
            next += 1;
        }
        Some(reached.into_iter().map(|(write, _)| write).collect())
    }

    #[cfg(test)]
    pub(crate) fn remembered(&self) -> usize {
        self.memo.len()
    }
}

impl AnalyzerBuilder {
    /// The schema of tables named without one: its tables have the same tags with and without it. Where the database was asked for its
    /// [schema](Self::schema), PostgreSQL has told it.
    pub fn default_schema(mut self, schema: impl Into<String>) -> Self {
        self.default_schema = Some(schema.into());
        self
    }

    /// The primary key of a table, all its columns. Without it statements on the table never name single rows.
    pub fn primary_key(mut self, table: impl Into<String>, columns: impl IntoIterator<Item = KeyColumn>) -> Self {
        self.primary_keys.push((table.into(), columns.into_iter().collect()));
        self
    }

    /// Tables that change when rows of `table` are updated or deleted: foreign keys that cascade, and such triggers.
    /// Followed from table to table.
    pub fn cascade<T: Into<String>>(mut self, table: impl Into<String>, to: impl IntoIterator<Item = T>) -> Self {
        self.cascades.push((table.into(), to.into_iter().map(Into::into).collect()));
        self
    }

    /// The tables that a view stands for, in reads and in writes. Serves for a partitioned table and its partitions
    /// too. Views of views are followed.
    pub fn view<T: Into<String>>(mut self, view: impl Into<String>, over: impl IntoIterator<Item = T>) -> Self {
        self.views.push((view.into(), over.into_iter().map(Into::into).collect()));
        self
    }

    /// The tables that a function writes when it is called. Its name is given without a schema; case is ignored.
    pub fn function<T: Into<String>>(mut self, name: impl Into<String>, writes: impl IntoIterator<Item = T>) -> Self {
        self.functions.push((name.into(), writes.into_iter().map(Into::into).collect()));
        self
    }

    /// The tables that triggers of `table` write, whatever is done to it; none of them, if they only change the row at hand. Unlike
    /// [`cascade`](Self::cascade), this counts for inserts as well.
    pub fn trigger<T: Into<String>>(mut self, table: impl Into<String>, writes: impl IntoIterator<Item = T>) -> Self {
        self.triggers.push((table.into(), writes.into_iter().map(Into::into).collect()));
        self
    }

    /// What the database says of its own tables: foreign keys, views, partitions, triggers. Adds to what is declared; a declared
    /// [`trigger`](Self::trigger) counts instead of those of its table. Each that is not understood is warned of once, here.
    pub fn schema(mut self, schema: Schema) -> Self {
        self.schema = Some(schema);
        self
    }

    /// How many texts are remembered; 4,096 by default, which holds the statements of most applications although
    /// lists of every length (`IN (?, ?, …)`) are texts of their own. Long texts count for several.
    pub fn remembered_texts(mut self, texts: usize) -> Self {
        self.remembered_texts = texts;
        self
    }

    /// Builds the analyzer.
    #[must_use]
    pub fn build(self) -> Analyzer {
        let found = self.schema.as_ref().and_then(Schema::default_schema);
        let mut catalog = Catalog::new(self.dialect, self.default_schema.as_deref().or(found));
        for (table, columns) in self.primary_keys.into_iter().filter(|(_, columns)| !columns.is_empty()) {
            catalog.primary_keys.insert(catalog.declared(&table), columns);
        }
        for (table, children) in self.cascades {
            let children: Vec<_> = children.iter().map(|child| catalog.declared(child)).collect();
            catalog.cascades.entry(catalog.declared(&table)).or_default().extend(children);
        }
        for (view, tables) in self.views {
            let tables: Vec<_> = tables.iter().map(|table| catalog.declared(table)).collect();
            catalog.views.entry(catalog.declared(&view)).or_default().extend(tables);
        }
        for (name, tables) in self.functions {
            let tables: Vec<_> = tables.iter().map(|table| catalog.declared(table)).collect();
            catalog.functions.entry(name.to_lowercase()).or_default().extend(tables);
        }
        if let Some(schema) = &self.schema {
            schema.declare(&mut catalog);
        }
        for (table, written) in self.triggers {
            let written = written.iter().map(|table| catalog.declared(table)).collect();
            // What the application says of its triggers counts instead of what was read out of them.
            catalog.triggers.insert(catalog.declared(&table), vec![Trigger { on: Events::ALL, writes: Some(written) }]);
        }
        catalog.warn_of_unclear_triggers();
        Analyzer { catalog, memo: Memo::new(self.remembered_texts) }
    }
}
