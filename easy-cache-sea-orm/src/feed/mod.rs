//! What other programs write to the database, and what this one wrote right before it died: invalidated because the database itself tells.
//! The SQL, and what is done with the answers, is in [`easy_cache_sql::feed`].
//!
//! | | hears | by |
//! |---|---|---|
//! | [`Relay`] | every committed change, also those from while nobody listened | looking into the outbox table at an interval |
//! | [`Listener`] (feature `listen`) | changes while it is connected; drops everything at each connect | PostgreSQL's `LISTEN` |
//!
//! Both need the triggers that [`Triggers`] generates, in a migration. Run one of them in each process that has a memory cache; with a
//! store that processes share, one for all of them is enough.

mod ask;
#[cfg(feature = "listen")]
mod listener;
mod relay;

use easy_cache_sql::feed::{Ask, Notice};
use sea_orm::DbErr;

use crate::CachedDb;
pub(crate) use ask::Inner;

pub use easy_cache_sql::feed::Triggers;
#[cfg(feature = "listen")]
pub use listener::Listener;
pub use relay::Relay;

/// All changes that the outbox has, in their order: what a test gives to [`Audit::missed`](easy_cache_sql::Audit::missed) when what it tests is
/// done.
///
/// # Errors
/// What the database said, also if there is no outbox.
pub async fn told(db: &CachedDb) -> Result<Vec<Notice>, DbErr> {
    let rows = Inner(db.inner().clone()).rows(Notice::all(), Vec::new()).await?;
    rows.iter().map(|row| Notice::of_texts(row).map_err(|error| DbErr::Custom(error.to_string()))).collect()
}
