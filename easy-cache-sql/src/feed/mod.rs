//! Changes that other programs make: triggers that write them down, and what becomes of them here. Who runs the statements, and
//! on which connection, is left to the integrations of ORMs: they implement [`Ask`], and [`Dial`].
//!
//! A hook in the application sees what the application writes. It does not see `psql`, a nightly job in another language, a
//! trigger, or the process that dies between its COMMIT and its invalidation. The database sees all of them. [`Triggers`]
//! generates what makes it tell:
//!
//! | | outbox | notify (PostgreSQL) |
//! |---|---|---|
//! | what | a row in a table, written by the transaction that it is about | `pg_notify` at the transaction's COMMIT |
//! | lost if nobody listens | no: a relay reads on where it stopped | yes: so everything is dropped at each connect |
//! | latency | the interval at which the relay looks (default 200 ms) | some milliseconds |
//! | databases | SQLite, PostgreSQL, MariaDB and MySQL | PostgreSQL |
//!
//! What either costs each write is measured in the documentation of the project (`docs/other-programs.md`).
//!
//! What triggers do not see: `TRUNCATE` on MariaDB and MySQL (PostgreSQL's is seen; SQLite has none), and there also rows that a foreign key
//! changes: declare these with [`cascade`](crate::AnalyzerBuilder::cascade), which counts here as it does for statements.

mod door;
mod listener;
mod mysql;
mod notice;
mod outbox;
mod postgres;
mod relay;
mod sqlite;
mod told;
mod triggers;

use crate::hook::{Hook, Pending};

pub use door::{Ask, Dial, Line, Lost, Texts};
pub use listener::Listener;
pub use notice::{Notice, Operation, Unreadable};
pub use outbox::{Batch, Outbox, Record, Unresumable};
pub use relay::Relay;
pub use triggers::Triggers;

/// The table that triggers write changes into.
pub const OUTBOX: &str = "easy_cache_outbox";
/// The table that says how far each named relay has come.
pub const RELAYS: &str = "easy_cache_relays";
/// The channel that triggers notify on.
pub const CHANNEL: &str = "easy_cache";

/// A statement that names more rows than these names none: the table is then known to have changed, and not where.
pub(crate) const MOST_KEYS: usize = 100;

/// Invalidates, or says why not; and whether it was delivered. What could not be delivered to a store outside the process is owed by the
/// cache from then on, and by nobody once this process has ended.
async fn drop_what_was_told(hook: &Hook, pending: &Pending) -> bool {
    if pending.is_empty() {
        return true;
    }
    let delivered = hook.invalidate(pending).await;
    delivered.inspect_err(|error| tracing::error!(%error, "failed to invalidate what the database told")).is_ok()
}
