//! The relay: looks into the outbox at an interval and invalidates what it tells. Which rows are new is known to `outbox`; who runs the
//! statements is left to the integrations of ORMs.

use std::convert::Infallible;
use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::{Ask, Outbox, Record, Texts, drop_what_was_told};
use crate::Dialect;
use crate::hook::{Hook, Pending};

/// Often enough that nobody notices, seldom enough that nobody pays: five small queries a second.
const EVERY: Duration = Duration::from_millis(200);
/// Long enough for a relay that was down over night.
const KEEP: Duration = Duration::from_secs(24 * 3_600);
/// A relay whose database does not answer asks again after this.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Invalidates what the outbox tells, whoever wrote it.
///
/// A relay begins by dropping everything. One with a [name](Self::named), over a store that outlives the process, reads on where the last of that
/// name stopped, and drops nothing. The integrations of ORMs have one each, over their own connections; for
/// anything else, implement [`Ask`].
///
/// # Example: a relay over any client of a database
/// ```
/// use easy_cache_sql::feed::{Ask, Relay, Texts};
/// use easy_cache_sql::hook::Hook;
///
/// struct Client; // of any library
///
/// impl Ask for Client {
///     type Error = std::io::Error;
///
///     async fn rows(&mut self, sql: String, values: Vec<String>) -> Result<Vec<Texts>, Self::Error> {
///         # let _ = (sql, values);
///         Ok(Vec::new()) // what the database answers
///     }
///
///     async fn run(&mut self, sql: String, values: Vec<String>) -> Result<(), Self::Error> {
///         # let _ = (sql, values);
///         Ok(())
///     }
/// }
///
/// async fn hear(hook: &Hook) {
///     Relay::over(Client, hook).named("shop").run().await;
/// }
/// ```
#[must_use = "a relay does nothing until it runs"]
pub struct Relay<A> {
    ask: A,
    hook: Hook,
    name: Option<String>,
    every: Duration,
    keep: Duration,
    outbox: Option<Outbox>,
    /// When old rows were deleted last, by the cache's clock.
    purged: Option<Duration>,
    /// When the position was saved last, by the cache's clock; `None` if something was told since.
    saved: Option<Duration>,
}

/// What a look has brought.
struct Looked {
    changes: usize,
    /// Whether everything that was told has arrived at the store: if not, it is read again.
    is_delivered: bool,
}

/// The words that every relay has, for the integrations of this workspace, whose relays have one of these in their first field. Not part of what
/// is promised to others.
#[doc(hidden)]
#[macro_export]
macro_rules! relay_words {
    () => {
        /// Keeps its position in the database under this name, and reads on from there.
        ///
        /// A name belongs to one database, one store and one namespace. The namespace is saved beside the position: a relay of another one drops
        /// everything when it begins, and an event says so. Over a cache in memory a name has no effect: what another relay has read is still in
        /// the memory of this process.
        pub fn named(self, name: impl Into<String>) -> Self {
            Self(self.0.named(name))
        }

        /// How long it waits between two looks: 200 ms unless said otherwise. Each costs one query.
        pub fn every(self, interval: ::std::time::Duration) -> Self {
            Self(self.0.every(interval))
        }

        /// How long rows stay in the outbox: a day unless said otherwise. A named relay that was away for more than half of it drops everything.
        pub fn keep(self, time: ::std::time::Duration) -> Self {
            Self(self.0.keep(time))
        }
    };
}

impl<A: Ask> Relay<A> {
    /// A relay for the cache, the models and the cascades of this hook.
    pub fn over(ask: A, hook: &Hook) -> Self {
        Self { ask, hook: hook.clone(), name: None, every: EVERY, keep: KEEP, outbox: None, purged: None, saved: None }
    }

    /// Keeps its position in the database under this name, and reads on from there.
    ///
    /// A name belongs to one database, one store and one namespace. The namespace is saved beside the position: a relay of another one drops
    /// everything when it begins, and an event says so. Over a cache in memory a name has no effect: what another relay has read is still in
    /// the memory of this process.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How long it waits between two looks: 200 ms unless said otherwise. Each costs one query.
    pub const fn every(mut self, interval: Duration) -> Self {
        self.every = interval;
        self
    }

    /// How long rows stay in the outbox: a day unless said otherwise. A named relay that was away for more than half of it drops everything.
    pub const fn keep(mut self, time: Duration) -> Self {
        self.keep = time;
        self
    }

    /// Looks, invalidates, waits, for ever. What the database refuses is told as an event, and tried again.
    pub async fn run(mut self) -> Infallible {
        let clock = self.hook.cache().clock().clone();
        let mut pause = self.every;
        loop {
            let is_behind = match self.hear().await {
                Ok(looked) => !looked.is_delivered,
                Err(error) => {
                    tracing::warn!(%error, "the outbox could not be read: what others write is heard later");
                    true
                }
            };
            let longer = pause.saturating_mul(2).min(LONGEST_PAUSE).max(self.every);
            pause = if is_behind { longer } else { self.every };
            clock.sleep(pause).await;
        }
    }

    /// Looks once, and yields the number of changes that were told. The first look finds out where to begin.
    ///
    /// What a store outside the process did not take is told as an event, and read again by the next look.
    ///
    /// # Errors
    /// What the database said; the next look begins where this one did.
    pub async fn look(&mut self) -> Result<usize, A::Error> {
        Ok(self.hear().await?.changes)
    }

    async fn hear(&mut self) -> Result<Looked, A::Error> {
        if self.outbox.is_none() {
            self.outbox = self.begin().await?;
        }
        let Some(outbox) = &mut self.outbox else { return Ok(Looked { changes: 0, is_delivered: false }) };
        let answer = self.ask.rows(outbox.read(), Vec::new()).await?;
        let answer: Vec<Record> = answer.into_iter().map(Record::read).collect();
        let batch = outbox.take(&answer);
        let changes = batch.changes.len();
        if !drop_what_was_told(&self.hook, &batch.pending(self.hook.analyzer())).await {
            return Ok(Looked { changes, is_delivered: false });
        }
        outbox.done(batch);
        if changes > 0 {
            self.saved = None;
        }
        self.save().await?;
        self.purge().await?;
        Ok(Looked { changes, is_delivered: true })
    }

    fn dialect(&self) -> Dialect {
        self.hook.analyzer().dialect()
    }

    /// The name under which a position is of use: what is in memory was built in this process, and no other relay has dropped any of it.
    fn name(&self) -> Option<String> {
        self.name.clone().filter(|_| self.hook.cache().is_shared())
    }

    /// Where the last relay of this name stopped; else here and now, with everything dropped. `None` if that could not be delivered.
    async fn begin(&mut self) -> Result<Option<Outbox>, A::Error> {
        if let Some(outbox) = self.resume().await? {
            return Ok(Some(outbox));
        }
        let start = self.ask.rows(Outbox::start(self.dialect()), Vec::new()).await?;
        let start = start.into_iter().next().map(Record::read).unwrap_or_default();
        // After the position was read: what is committed from now on is told.
        let is_delivered = drop_what_was_told(&self.hook, &Pending::everything()).await;
        Ok(is_delivered.then(|| Outbox::begin(self.dialect(), &start)))
    }

    async fn resume(&mut self) -> Result<Option<Outbox>, A::Error> {
        let Some(name) = self.name() else { return Ok(None) };
        let rows = self.ask.rows(Outbox::load(self.dialect()), vec![name.clone()]).await?;
        let Some((saved, age)) = rows.into_iter().next().and_then(position) else { return Ok(None) };
        if age.unsigned_abs() > self.keep.as_secs() / 2 {
            tracing::warn!(name, age, "a relay was away for too long: everything is dropped");
            return Ok(None);
        }
        let namespace = self.hook.cache().namespace();
        if let Some(other) = namespace_of(&saved).filter(|other| other != namespace) {
            tracing::error!(
                name,
                namespace,
                other,
                "two relays that invalidate in different namespaces have one name, so each drops everything when it begins: name them apart"
            );
            return Ok(None);
        }
        Ok(Outbox::resume(self.dialect(), &saved).inspect_err(|error| tracing::warn!(name, %error)).ok())
    }

    /// Saves the position if something was told, and now and then to say that somebody is here: whoever is idle writes nothing.
    async fn save(&mut self) -> Result<(), A::Error> {
        let Some(name) = self.name() else { return Ok(()) };
        let now = self.hook.cache().clock().elapsed();
        let is_saved = self.saved.is_some_and(|last| now.saturating_sub(last) < self.keep / 10);
        let (Some(outbox), false) = (&self.outbox, is_saved) else { return Ok(()) };
        let position = with_namespace(&outbox.saved(), self.hook.cache().namespace());
        self.ask.run(Outbox::save(self.dialect()), vec![name, position]).await?;
        self.saved = Some(now);
        Ok(())
    }

    /// Deletes old rows, now and then, a thousand at each look. Several relays may do it: there is nothing to agree on.
    async fn purge(&mut self) -> Result<(), A::Error> {
        let now = self.hook.cache().clock().elapsed();
        if self.purged.is_some_and(|last| now.saturating_sub(last) < self.keep / 10) {
            return Ok(());
        }
        let old = self.ask.rows(Outbox::old(self.dialect(), self.keep.as_secs()), Vec::new()).await?;
        let ids: Vec<i64> = old.into_iter().filter_map(|row| row.first()?.as_deref()?.parse().ok()).collect();
        if ids.is_empty() {
            self.purged = Some(now);
            return Ok(());
        }
        self.ask.run(Outbox::delete(&ids), Vec::new()).await
    }
}

/// Where the namespace is beside a position: what that one has read says nothing about another.
const NAMESPACE: &str = "namespace";

/// A position as it is saved. The object has one more field, which who looks for a position passes over.
fn with_namespace(position: &str, namespace: &str) -> String {
    let mut saved: Value = serde_json::from_str(position).unwrap_or_default();
    if let Some(fields) = saved.as_object_mut() {
        fields.insert(NAMESPACE.to_owned(), namespace.into());
    }
    saved.to_string()
}

/// Whose position it is; none if it was saved before that was noted.
fn namespace_of(saved: &str) -> Option<String> {
    let saved: Value = serde_json::from_str(saved).ok()?;
    Some(saved.get(NAMESPACE)?.as_str()?.to_owned())
}

/// A saved position and its age; `None` if this is nothing that a relay saves.
fn position(row: Texts) -> Option<(String, i64)> {
    let mut columns = row.into_iter();
    let (saved, age) = (columns.next()??, columns.next()??);
    Some((saved, age.parse().ok()?))
}

impl<A> fmt::Debug for Relay<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, every, keep, outbox, .. } = self;
        let mut debug = f.debug_struct("Relay");
        debug
            .field("name", name)
            .field("every", every)
            .field("keep", keep)
            .field("outbox", outbox)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
