//! All rows of the library as text, and what is different between two such states: the truth that every claim is compared with.

use std::collections::{BTreeMap, BTreeSet};

use easy_cache_sql::Dialect;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement};

use crate::library::{TABLES, canonical, quoted};

/// Each row, as table and key, with its contents. Rows without a key are their own key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State(BTreeMap<(String, String), String>);

/// What happened to one row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Difference {
    pub(crate) table: String,
    /// `None` where rows have no key.
    pub(crate) key: Option<String>,
    pub(crate) was_there: bool,
}

impl State {
    pub(crate) async fn of(connection: &DatabaseConnection, kind: Dialect) -> Result<Self, DbErr> {
        let statement = Statement::from_string(connection.get_database_backend(), question(kind));
        let mut rows = BTreeMap::new();
        for row in connection.query_all_raw(statement).await? {
            let (table, key): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            rows.insert((canonical(&table, kind), key), row.try_get_by_index(2)?);
        }
        Ok(Self(rows))
    }

    /// The rows that are not the same in both.
    pub(crate) fn differences(&self, after: &Self) -> BTreeSet<Difference> {
        let places = self.0.keys().chain(after.0.keys()).collect::<BTreeSet<_>>();
        let changed = places.into_iter().filter(|place| self.0.get(*place) != after.0.get(*place));
        changed
            .map(|place| {
                let (table, key) = place;
                let keyless = TABLES.iter().any(|(name, _, keys)| *keys == 0 && name == table);
                Difference {
                    table: table.clone(),
                    key: (!keyless).then(|| key.clone()),
                    was_there: self.0.contains_key(place),
                }
            })
            .collect()
    }
}

/// One query for all tables, since each costs a round trip.
fn question(kind: Dialect) -> String {
    let parts = TABLES.map(|(table, columns, keys)| {
        let key = if keys == 0 { columns } else { &columns[..keys] };
        format!("SELECT '{table}', {}, {} FROM \"{table}\"", joined(key, kind), joined(columns, kind))
    });
    quoted(parts.join(" UNION ALL "), kind)
}

/// The columns as one text, separated by commas.
fn joined(columns: &[&str], kind: Dialect) -> String {
    let text = |column: &&str| match kind {
        Dialect::MySql => format!("IFNULL(CAST(\"{column}\" AS CHAR), '-')"),
        _ => format!("COALESCE(CAST(\"{column}\" AS TEXT), '-')"),
    };
    let texts: Vec<String> = columns.iter().map(text).collect();
    match kind {
        Dialect::MySql => format!("CONCAT_WS(',', {})", texts.join(", ")),
        _ => texts.join(" || ',' || "),
    }
}
