//! Which of Diesel's backends are known, and how each of them writes SQL. Each stands behind a feature of its name.

use std::fmt::Display;

use diesel::backend::Backend;
use diesel::query_builder::QueryFragment;
use easy_cache_sql::Dialect;

use crate::texts::Speaks;

/// A backend of Diesel whose SQL is understood.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not known to easy-cache-diesel",
    note = "enable the feature `sqlite`, `postgres` or `mysql` of easy-cache-diesel, as of Diesel"
)]
pub trait Database: Backend<QueryBuilder: Default> + Default + Speaks + 'static {
    /// The dialect that it speaks.
    const DIALECT: Dialect;
}

#[cfg(feature = "sqlite")]
impl Database for diesel::sqlite::Sqlite {
    const DIALECT: Dialect = Dialect::Sqlite;
}

#[cfg(feature = "postgres")]
impl Database for diesel::pg::Pg {
    const DIALECT: Dialect = Dialect::Postgres;
}

#[cfg(feature = "mysql")]
impl Database for diesel::mysql::Mysql {
    const DIALECT: Dialect = Dialect::MySql;
}

/// What a part of a query looks like in SQL, with its bound values behind it: as instrumentation shows it.
pub(crate) fn sql_of<DB: Database>(part: &impl QueryFragment<DB>) -> impl Display {
    diesel::debug_query::<DB, _>(part)
}
