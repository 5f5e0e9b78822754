//! What other programs write to the database, and what this one wrote right before it died: invalidated because the database itself tells.
//! The SQL is in [`easy_cache_sql::feed`].
//!
//! | | hears | by |
//! |---|---|---|
//! | [`Relay`] | every committed change, also those from while nobody listened | looking into the outbox table at an interval |
//! | [`Listener`] (feature `listen`) | changes while it is connected; drops everything at each connect | PostgreSQL's `LISTEN` |
//!
//! Both need the triggers that [`Triggers`] generates, in a migration. Run one of them in each process that has a memory cache; with a
//! store that processes share, one for all of them is enough.

#[cfg(feature = "listen")]
mod listener;
mod relay;

use easy_cache_sql::hook::{Hook, Pending};

pub use easy_cache_sql::feed::Triggers;
#[cfg(feature = "listen")]
pub use listener::Listener;
pub use relay::Relay;

/// Invalidates, or says why not. What could not be delivered to a store outside the process is owed by the cache from then on.
async fn invalidate(hook: &Hook, pending: &Pending) {
    if pending.is_empty() {
        return;
    }
    if let Err(error) = hook.invalidate(pending).await {
        tracing::error!(%error, "failed to invalidate what the database told");
    }
}
