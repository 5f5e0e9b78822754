//! The protocol over five methods: lookups, invalidations and holds. Fills are in `filling`.
//!
//! The order of writes is what makes it right, and the model in `tests/model/src/plain` tries every order of steps: an
//! invalidation replaces the **order record first**, then the records of its names; a hold replaces the records, then the
//! order record.

use std::fmt;
use std::time::Duration;

use super::super::{
    Envelope, Fill, Filled, Hit, Look, Looked, Mark, Miss, MissReason, Store, StoreFence, StoreFuture, Version,
};
use super::PlainStore;
use super::carried::Carried;
use super::fence::Records;
use super::layout::{Keys, Record};
use super::phase::{self, Phase};
use crate::clock::Clock;
use crate::{Error, Tag};

/// How long the record of a tag or key lives after it was written. Entries end with their records, so it is long; and
/// records of tags that nobody uses any more must not stay for ever.
pub(super) const RECORDS_TTL: Duration = Duration::from_secs(30 * 24 * 3600);

/// Makes a [`Store`] of a [`PlainStore`].
///
/// [`CacheBuilder::plain_store`](crate::CacheBuilder::plain_store) makes it where it is needed; it is public for those who
/// want to wrap it.
pub struct Adapter<P> {
    pub(super) store: P,
    pub(super) keys: Keys,
    pub(super) clock: Clock,
    pub(super) carried: Carried,
}

impl<P: PlainStore> Adapter<P> {
    /// Runs the protocol for one namespace in the store. The clock dates what is written, for people.
    pub fn new(store: P, namespace: &str, clock: Clock) -> Self {
        Self { store, keys: Keys::new(namespace), clock, carried: Carried::new() }
    }

    /// The store underneath.
    pub const fn plain(&self) -> &P {
        &self.store
    }

    pub(super) async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let values = self.store.get_many(&keys).await;
        let values = values.map_err(|source| Error::store(format!("failed to read {}", Shown(&keys)), source))?;
        if values.len() == keys.len() {
            Ok(values)
        } else {
            let counts = format!("it answered with {} values for {} keys", values.len(), keys.len());
            Err(Error::store(format!("failed to read {}", Shown(&keys)), counts))
        }
    }

    pub(super) async fn set_many(&self, entries: &[(String, Vec<u8>)], ttl: Option<Duration>) -> Result<(), Error> {
        let entries: Vec<(&str, &[u8])> = entries.iter().map(|(key, value)| (key.as_str(), value.as_slice())).collect();
        self.store.set_many(&entries, ttl).await.map_err(|source| {
            let keys: Vec<&str> = entries.iter().map(|(key, _)| *key).collect();
            Error::store(format!("failed to write {}", Shown(&keys)), source)
        })
    }

    /// Whatever fence was taken before this is not that of the namespace any more.
    pub(super) async fn replace_order(&self) -> Result<(), Error> {
        let order = Version::random()?;
        self.set_many(&[(self.keys.order(), order.as_bytes().to_vec())], None).await
    }

    async fn look_up(&self, look: Look<'_>) -> Result<Looked, Error> {
        let known = self.carried.of(look.key, look.kind);
        let tags = known.add_to(look.tags);
        let mut keys = vec![self.keys.entry(look.key, look.kind)];
        keys.extend([self.keys.order(), self.keys.epoch(), self.keys.key(look.key)]);
        keys.extend(tags.iter().map(|tag| self.keys.tag(tag)));
        keys.extend(known.is_marked.then(|| self.keys.fresh(look.key, look.kind)));
        let mut values = self.get_many(&keys).await?.into_iter();
        let entry = values.next().flatten();
        let mut mark = if known.is_marked { Some(values.next_back().flatten()) } else { None };
        let mut records = Records::read(tags, values);
        let Some(entry) = entry else { return Ok(missed(MissReason::Absent, records)) };
        let read = Envelope::decode(&entry).ok();
        let read = read.and_then(|mut envelope| Some((Phase::split(&mut envelope.payload)?, envelope)));
        let Some((phase, envelope)) = read else { return Ok(missed(MissReason::Unreadable, records)) };
        let asks_for_mark = phase.is_some() && mark.is_none();
        self.ask_for_late(&look, &envelope, &mut records, asks_for_mark.then_some(&mut mark)).await?;
        if let Some(reason) = records.refuse(envelope.epoch, envelope.key, &envelope.tags) {
            return Ok(missed(reason, records));
        }
        let phase = phase.map(|phase| (phase, mark.flatten().is_some_and(|mark| mark == phase.mark.as_bytes())));
        Ok(Looked::Hit(Hit { fence: Some(StoreFence::new(records)), ..self.hit(&look, envelope, phase) }))
    }

    /// The second trip, if the entry carries tags, or a mark, that the first one did not ask for.
    async fn ask_for_late(
        &self,
        look: &Look<'_>,
        envelope: &Envelope,
        records: &mut Records,
        mark: Option<&mut Option<Option<Vec<u8>>>>,
    ) -> Result<(), Error> {
        let late: Vec<Tag> =
            envelope.tags.iter().filter(|tag| records.of(&tag.tag).is_none()).map(|tag| tag.tag.clone()).collect();
        let mut keys: Vec<String> = late.iter().map(|tag| self.keys.tag(tag)).collect();
        keys.extend(mark.is_some().then(|| self.keys.fresh(look.key, look.kind)));
        if keys.is_empty() {
            return Ok(());
        }
        let mut values = self.get_many(&keys).await?;
        if let Some(mark) = mark {
            *mark = values.pop();
        }
        records.tags.extend(late.into_iter().zip(values.iter().map(|value| Record::read(value.as_ref()))));
        Ok(())
    }

    /// Whether the entry is still there, and still fresh, is the store's decision; how old it is within that, by two calendars,
    /// only an estimate.
    fn hit(&self, look: &Look<'_>, envelope: Envelope, phase: Option<(Phase, bool)>) -> Hit {
        let tags = envelope.tags.iter().map(|tag| tag.tag.clone());
        self.carried.note(look.key, look.kind, tags, phase.is_some());
        let by_calendar = self.clock.wall().duration_since(envelope.stored).unwrap_or_default();
        let age = phase::age(by_calendar, envelope.ttl, phase);
        let remaining = envelope.ttl.map(|ttl| ttl.saturating_sub(age));
        Hit { age, remaining, ..Hit::new(envelope.payload, envelope.tags, envelope.epoch) }
    }

    async fn replace(&self, keys: impl Iterator<Item = String>) -> Result<(), Error> {
        let fresh = keys.map(|key| Ok((key, Record::fresh()?.1))).collect::<Result<Vec<_>, Error>>()?;
        if fresh.is_empty() { Ok(()) } else { self.set_many(&fresh, Some(RECORDS_TTL)).await }
    }

    async fn invalidate_names(&self, tags: &[Tag], keys: &[&[u8]]) -> Result<(), Error> {
        self.replace_order().await?;
        let tags = tags.iter().map(|tag| self.keys.tag(tag));
        self.replace(tags.chain(keys.iter().map(|key| self.keys.key(key)))).await
    }

    fn marked(&self, mark: Mark<'_>) -> Vec<String> {
        match mark.tags {
            Some(tags) => tags.iter().map(|tag| self.keys.tag(tag)).collect(),
            None => vec![self.keys.epoch()],
        }
    }

    /// The marks first: a fence that is taken before them is not that of the namespace afterwards, and a lookup that comes
    /// after them sees them.
    async fn put_marks(&self, mark: Mark<'_>, within: Duration) -> Result<(), Error> {
        let held = Record::Held(mark.writer).bytes();
        let marks: Vec<_> = self.marked(mark).into_iter().map(|key| (key, held.clone())).collect();
        self.set_many(&marks, Some(within)).await?;
        self.replace_order().await
    }

    /// What is still marked gets a new version; what another writer has changed since is left to that one.
    async fn take_marks(&self, mark: Mark<'_>) -> Result<(), Error> {
        let keys = self.marked(mark);
        let values = self.get_many(&keys).await?;
        let own = Some(Record::Held(mark.writer));
        let still = keys.into_iter().zip(values).filter(|(_, value)| Record::read(value.as_ref()) == own);
        self.replace(still.map(|(key, _)| key)).await
    }
}

fn missed(reason: MissReason, records: Records) -> Looked {
    Looked::Miss(Miss { reason, fence: Some(StoreFence::new(records)) })
}

impl<P: PlainStore> Store for Adapter<P> {
    fn look<'a>(&'a self, look: Look<'a>) -> StoreFuture<'a, Looked> {
        Box::pin(self.look_up(look))
    }

    fn fill<'a>(&'a self, fill: Fill<'a>) -> StoreFuture<'a, Filled> {
        Box::pin(self.offer(fill))
    }

    fn invalidate<'a>(&'a self, tags: &'a [Tag], keys: &'a [&'a [u8]]) -> StoreFuture<'a, ()> {
        Box::pin(self.invalidate_names(tags, keys))
    }

    fn invalidate_all(&self) -> StoreFuture<'_, ()> {
        Box::pin(async {
            self.replace_order().await?;
            self.set_many(&[(self.keys.epoch(), Record::fresh()?.1)], None).await
        })
    }

    fn hold<'a>(&'a self, mark: Mark<'a>, within: Duration) -> StoreFuture<'a, ()> {
        Box::pin(self.put_marks(mark, within))
    }

    fn release<'a>(&'a self, mark: Mark<'a>) -> StoreFuture<'a, ()> {
        Box::pin(self.take_marks(mark))
    }
}

impl<P> fmt::Debug for Adapter<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adapter").field("keys", &self.keys).finish_non_exhaustive()
    }
}

/// The first of several keys, for an error message.
struct Shown<'a>(&'a [&'a str]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("nothing"),
            [key] => write!(f, "`{key}`"),
            [key, rest @ ..] => write!(f, "`{key}` and {} more", rest.len()),
        }
    }
}
