//! The answer to the query, fact by fact, and what each of them becomes in the catalog.

use std::collections::BTreeMap;

use super::{body, questions::SEPARATOR};
use crate::{
    Dialect, TableName, analyze,
    catalog::Catalog,
    consequence::{Action, Events, Reference, Trigger},
};

/// What a database says of its own tables. Given to [`AnalyzerBuilder::schema`](crate::AnalyzerBuilder::schema).
#[derive(Clone, Debug, Default)]
pub struct Schema {
    foreign_keys: BTreeMap<(String, String), ForeignKey>,
    views: Vec<(String, String)>,
    /// A view or a partitioned table, and one of those that it stands for.
    stands_for: Vec<(String, String)>,
    triggers: Vec<Fired>,
    unexplained: Vec<Unexplained>,
    default_schema: Option<String>,
}

#[derive(Clone, Debug, Default)]
struct ForeignKey {
    parent: String,
    columns: Vec<String>,
    parent_columns: Vec<Option<String>>,
    actions: String,
}

#[derive(Clone, Debug)]
struct Fired {
    table: String,
    on: Events,
    body: body::Body,
}

/// Something in the database that may write what nobody can tell. A write that sets it off invalidates everything, unless
/// [`AnalyzerBuilder::trigger`](crate::AnalyzerBuilder::trigger) says of its table what is written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unexplained {
    /// The table whose writes set it off.
    pub table: String,
    /// The name of the trigger, or of the rule.
    pub trigger: String,
}

impl Schema {
    /// Reads the rows that [`question`](super::question) brought: seven columns each, in order. Rows of another shape are left out.
    pub fn read<R, T>(dialect: Dialect, rows: impl IntoIterator<Item = R>) -> Self
    where
        R: AsRef<[Option<T>]>,
        T: AsRef<str>,
    {
        let mut schema = Self::default();
        for row in rows {
            let texts: Vec<Option<&str>> = row.as_ref().iter().map(|text| text.as_ref().map(AsRef::as_ref)).collect();
            if let [Some(fact), Some(table), other, name, one, two, three] = *texts.as_slice() {
                schema.add(dialect, fact, table, [other, name, one, two, three]);
            }
        }
        schema
    }

    /// What may write anything, for all that its text tells.
    #[must_use]
    pub fn unexplained(&self) -> &[Unexplained] {
        &self.unexplained
    }

    fn add(&mut self, dialect: Dialect, fact: &str, table: &str, rest: [Option<&str>; 5]) {
        let [other, name, one, two, three] = rest.map(|text| text.map(str::to_owned));
        let table = table.to_owned();
        match fact {
            "foreign key" => {
                let key = self.foreign_keys.entry((table, name.unwrap_or_default())).or_default();
                key.parent = other.unwrap_or_default();
                key.columns.extend(one);
                key.parent_columns.push(two);
                key.actions = three.unwrap_or_default();
            }
            "view" => self.views.push((table, one.unwrap_or_default())),
            "stands for" => self.stands_for.extend(other.map(|part| (table, part))),
            "trigger" => self.add_trigger(dialect, table, name.unwrap_or_default(), one, &two.unwrap_or_default()),
            "default schema" => self.default_schema = Some(table),
            _ => {}
        }
    }

    /// Where the connection that was asked looks first for a table without a schema, if that is known.
    pub(crate) fn default_schema(&self) -> Option<&str> {
        self.default_schema.as_deref()
    }

    fn add_trigger(&mut self, dialect: Dialect, table: String, name: String, events: Option<String>, text: &str) {
        if name.starts_with("easy_cache_") {
            return;
        }
        let body = body::Body::read(dialect, text);
        let on = events.map_or(body.events, |events| Events::read(&events));
        if body.is_unclear {
            let bare = table.replace(SEPARATOR, ".");
            self.unexplained.push(Unexplained { table: bare, trigger: name });
        }
        self.triggers.push(Fired { table, on, body });
    }

    /// Puts everything where statements are looked up.
    pub(crate) fn declare(&self, catalog: &mut Catalog) {
        catalog.knows_references = true;
        for ((child, _), key) in &self.foreign_keys {
            let reference = key.reference(named(catalog, child), catalog.dialect);
            catalog.references.entry(named(catalog, &key.parent)).or_default().push(reference);
        }
        for (whole, part) in &self.stands_for {
            let part = named(catalog, part);
            catalog.views.entry(named(catalog, whole)).or_default().push(part);
        }
        for trigger in &self.triggers {
            let writes = trigger.body.writes.iter().map(|name| named(catalog, name)).collect();
            let writes = (!trigger.body.is_unclear).then_some(writes);
            catalog
                .triggers
                .entry(named(catalog, &trigger.table))
                .or_default()
                .push(Trigger { on: trigger.on, writes });
        }
        for (view, text) in &self.views {
            self.declare_view(named(catalog, view), text, catalog);
        }
    }

    /// A view depends on what its query reads, and moves if that does. PostgreSQL has said already what it reads.
    fn declare_view(&self, view: TableName, text: &str, catalog: &mut Catalog) {
        let (tables, moves) = analyze::view(text, catalog);
        if let Some(moves) = moves {
            catalog.moving_views.insert(view.clone(), moves);
        }
        let known = catalog.views.entry(view).or_default();
        known.extend(tables);
        known.sort_unstable();
        known.dedup();
    }
}

/// A name of the answer.
fn named(catalog: &Catalog, name: &str) -> TableName {
    let fold = |part: &str| catalog.dialect.fold(part, true);
    match name.split_once(SEPARATOR) {
        Some((schema, table)) => catalog.named(Some(&fold(schema)), &fold(table)),
        None => catalog.named(None, &fold(name)),
    }
}

impl ForeignKey {
    fn reference(&self, child: TableName, dialect: Dialect) -> Reference {
        let fold = |name: &String| dialect.fold(name, true);
        let (on_delete, on_update) = self.actions.split_once('/').unwrap_or_default();
        let parent_columns: Option<Vec<String>> =
            self.parent_columns.iter().map(|name| name.as_ref().map(fold)).collect();
        Reference {
            child,
            columns: self.columns.iter().map(fold).collect(),
            parent_columns: parent_columns.unwrap_or_default(),
            on_delete: Action::read(on_delete),
            on_update: Action::read(on_update),
        }
    }
}

impl Action {
    /// In words, or by PostgreSQL's letter.
    fn read(text: &str) -> Self {
        match text {
            "CASCADE" | "c" => Self::Cascades,
            "SET NULL" | "SET DEFAULT" | "n" | "d" => Self::Sets,
            _ => Self::Refused,
        }
    }
}

impl Events {
    fn read(words: &str) -> Self {
        let has = |event| words.split_whitespace().any(|word| word == event);
        Self { insert: has("INSERT"), update: has("UPDATE"), delete: has("DELETE") }
    }
}
