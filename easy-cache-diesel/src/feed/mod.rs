//! What other programs write to the database, and what this one wrote right before it died: invalidated because the database itself tells.
//! The SQL, and what is done with the answers, is in [`easy_cache_sql::feed`].
//!
//! | | hears | by |
//! |---|---|---|
//! | [`Relay`], on a thread | every committed change, also those from while nobody listened | looking into the outbox table at an interval |
//! | [`AsyncRelay`] (feature `async`), a task | the same | the same |
//! | [`Listener`] (feature `listen`), a task | changes while it is connected; drops everything at each connect | PostgreSQL's `LISTEN` |
//!
//! All need the triggers that [`Triggers`] generates, in a migration. Run one of them in each process that has a memory cache; with a
//! store that processes share, one for all of them is enough.
//!
//! What they send is followed by nobody, so they may take connections out of the application's own pool.

#[cfg(feature = "async")]
mod async_relay;
#[cfg(feature = "listen")]
mod listener;
mod relay;
mod wait;

use std::error::Error;
use std::fmt;

use diesel::connection::LoadConnection;
use diesel::result::QueryResult;
use easy_cache_sql::feed::Notice;

use crate::Database;
use crate::texts::Speaks;

#[cfg(feature = "async")]
pub use async_relay::AsyncRelay;
pub use easy_cache_sql::feed::Triggers;
#[cfg(feature = "listen")]
pub use listener::Listener;
pub use relay::Relay;

/// All changes that the outbox has, in their order: what a test gives to [`Audit::missed`](easy_cache_sql::Audit::missed) when what it tests is
/// done.
///
/// # Errors
/// What the database said, also if there is no outbox.
pub fn told<C: LoadConnection<Backend: Database>>(conn: &mut C) -> QueryResult<Vec<Notice>> {
    notices(&C::Backend::rows(conn, Notice::all(), Vec::new())?)
}

/// The same on an asynchronous connection.
///
/// # Errors
/// What the database said, also if there is no outbox.
#[cfg(feature = "async")]
pub async fn told_async<C>(conn: &mut C) -> QueryResult<Vec<Notice>>
where
    C: diesel_async::AsyncConnection<Backend: Database>,
{
    notices(&C::Backend::rows_async(conn, Notice::all(), Vec::new()).await?)
}

fn notices(rows: &[easy_cache_sql::feed::Texts]) -> QueryResult<Vec<Notice>> {
    let notice = |row| Notice::of_texts(row).map_err(|error| diesel::result::Error::DeserializationError(error.into()));
    rows.iter().map(notice).collect()
}

/// What a relay asks.
struct Statement {
    sql: String,
    values: Vec<String>,
    has_rows: bool,
}

/// Why a relay could not look: what the database said, or whoever should have given it a connection.
#[derive(Debug)]
pub struct LookError(Box<dyn Error + Send + Sync>);

impl fmt::Display for LookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to look into the outbox: {}", self.0)
    }
}

impl Error for LookError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}
