//! The three databases whose SQL is understood, and how each of them compares names. How text becomes a statement is
//! left to `analyze`.

use sqlparser::dialect::{Dialect as Grammar, MySqlDialect, PostgreSqlDialect, SQLiteDialect};

/// Which database a statement is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// SQLite. Table names are the same in every case, quoted or not.
    Sqlite,
    /// PostgreSQL. Names that are not quoted are lower-cased; quoted ones are kept; both are cut after 63 bytes.
    Postgres,
    /// MySQL and MariaDB. Whether case matters depends on the server's file system: it is ignored here, because taking
    /// two tables for one costs some hits, and taking one for two would lose invalidations.
    MySql,
}

/// PostgreSQL cuts identifiers after this many bytes.
const POSTGRES_NAME_BYTES: usize = 63;

impl Dialect {
    pub(crate) fn grammar(self) -> &'static dyn Grammar {
        match self {
            Self::Sqlite => &SQLiteDialect {},
            Self::Postgres => &PostgreSqlDialect {},
            Self::MySql => &MySqlDialect {},
        }
    }

    /// The schema of a table that is named without one. MySQL has none that is known from the text.
    pub(crate) fn default_schema(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => Some("main"),
            Self::Postgres => Some("public"),
            Self::MySql => None,
        }
    }

    /// The one form of an identifier that all its spellings share.
    pub(crate) fn fold(self, name: &str, quoted: bool) -> String {
        match self {
            Self::Sqlite | Self::MySql => name.to_lowercase(),
            Self::Postgres => {
                let kept = &name[..name.floor_char_boundary(POSTGRES_NAME_BYTES)];
                if quoted { kept.to_owned() } else { kept.to_ascii_lowercase() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgres_keeps_the_case_of_quoted_names_only() {
        assert_eq!(Dialect::Postgres.fold("Books", false), "books");
        assert_eq!(Dialect::Postgres.fold("Books", true), "Books");
    }

    #[test]
    fn sqlite_and_mysql_ignore_case() {
        assert_eq!(Dialect::Sqlite.fold("Books", true), "books");
        assert_eq!(Dialect::MySql.fold("Books", false), "books");
    }

    #[test]
    fn postgres_names_are_cut_at_a_character_within_63_bytes() {
        let long = "é".repeat(40);
        assert_eq!(Dialect::Postgres.fold(&long, true), "é".repeat(31));
    }
}
