//! Lookups: the entry and all records that decide about it, in one command.

use std::time::Duration;

use deadpool_redis::redis::{Cmd, RedisWrite, Value, cmd};
use easy_cache_core::Tag;
use easy_cache_core::store::{Hit, Look, Looked, Miss, MissReason, StoreFence, Version, VersionedTag};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::lane::{Lane, Live};
use crate::layout::{Entry, LONGEST, Order};
use crate::store::Inner;

/// What a lookup leaves for the fill that follows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fence {
    pub(crate) order: Order,
    /// The connection it was read on.
    pub(crate) generation: u64,
}

/// The records that decide about an entry, as one trip found them.
struct Records {
    order: Option<Order>,
    epoch: Record,
    key: Record,
    /// Sorted by tag.
    tags: Vec<(Tag, Record)>,
}

/// What a record says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Record {
    /// Nothing, or nothing that could be read.
    Absent,
    Free(Version),
    Held,
}

impl Record {
    fn read(value: Value) -> Self {
        let Value::BulkString(bytes) = value else { return Self::Absent };
        match <[u8; 16]>::try_from(bytes.as_slice()) {
            Ok([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) => Self::Absent,
            Ok(version) => Self::Free(Version::from_bytes(version)),
            Err(_) if bytes.len() > 16 => Self::Held,
            Err(_) => Self::Absent,
        }
    }
}

impl Inner {
    pub(crate) async fn look_up(&self, look: Look<'_>) -> Result<Looked, Failure> {
        let lane = self.lane_of(look.key);
        let deadline = lane.deadline();
        let tags = self.remembered.add_to(look.key, look.tags);
        let command = self.lookup(look, &tags);
        let (mut live, values) = mget(lane, &command, deadline).await?;
        let mut found = found(values, tags)?;
        if found.1.order.is_none() {
            // The first lookup of a namespace, or one whose order was lost: it is made, so that the value can be kept.
            let tags = found.1.tags.into_iter().map(|(tag, _)| tag).collect();
            lane.ask(&lane.greeting().command(&live.server)?, deadline).await?;
            let values;
            (live, values) = mget(lane, &command, deadline).await?;
            found = self::found(values, tags)?;
        }
        let (entry, mut records) = found;
        let fence = records.order.map(|order| StoreFence::new(Fence { order, generation: live.generation }));
        let missed = |reason, fence| Ok(Looked::Miss(Miss { reason, fence }));
        let Some(bytes) = entry else { return missed(MissReason::Absent, fence) };
        let Ok(entry) = Entry::decode(bytes) else { return missed(MissReason::Unreadable, fence) };
        self.ask_for_late(lane, &entry.tags, &mut records, deadline).await?;
        match records.refuse(&entry) {
            Some(reason) => missed(reason, fence),
            None => Ok(Looked::Hit(self.hit(look.key, entry, fence, &live))),
        }
    }

    fn lookup(&self, look: Look<'_>, tags: &[Tag]) -> Cmd {
        let mut command = cmd("MGET");
        command.write_arg(&self.keys.entry(look.key, look.kind));
        command.write_arg(&self.keys.order());
        command.write_arg(&self.keys.epoch());
        command.write_arg(&self.keys.key(look.key));
        tags.iter().for_each(|tag| command.write_arg(&self.keys.tag(tag)));
        command
    }

    /// The second trip, if the entry carries tags that the first one did not ask for.
    async fn ask_for_late(
        &self,
        lane: &std::sync::Arc<Lane>,
        tags: &[VersionedTag],
        records: &mut Records,
        deadline: Instant,
    ) -> Result<(), Failure> {
        let late: Vec<Tag> =
            tags.iter().filter(|tag| records.of(&tag.tag).is_none()).map(|tag| tag.tag.clone()).collect();
        if late.is_empty() {
            return Ok(());
        }
        let mut command = cmd("MGET");
        late.iter().for_each(|tag| command.write_arg(&self.keys.tag(tag)));
        let (_, values) = mget(lane, &command, deadline).await?;
        if values.len() != late.len() {
            return Err(Failure::Garbled("another number of values than it was asked for"));
        }
        records.tags.extend(late.into_iter().zip(values.into_iter().map(Record::read)));
        records.tags.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok(())
    }

    fn hit(&self, key: &[u8], entry: Entry, fence: Option<StoreFence>, live: &Live) -> Hit {
        let (stored, epoch, ttl) = (entry.header.stored, entry.header.epoch, entry.ttl);
        let (payload, tags) = entry.into_payload();
        self.remembered.note(key, tags.iter().map(|tag| tag.tag.clone()));
        let age = live.age_of(stored);
        let mut hit = Hit::new(payload, tags, epoch);
        hit.fence = fence;
        hit.age = age;
        hit.remaining = ttl.map(|ttl: Duration| ttl.saturating_sub(age));
        hit.followed = key.len() <= LONGEST && hit.tags.iter().all(|tag| tag.tag.encoded().len() <= LONGEST);
        hit
    }
}

async fn mget(
    lane: &std::sync::Arc<Lane>,
    command: &Cmd,
    deadline: Instant,
) -> Result<(std::sync::Arc<Live>, Vec<Value>), Failure> {
    match lane.ask(command, deadline).await? {
        (live, Value::Array(values)) => Ok((live, values)),
        _ => Err(Failure::Garbled("no list of values")),
    }
}

/// From the values in the order in which they were asked for: entry, order, epoch, key, tags.
fn found(values: Vec<Value>, tags: Vec<Tag>) -> Result<(Option<Vec<u8>>, Records), Failure> {
    if values.len() != tags.len() + 4 {
        return Err(Failure::Garbled("another number of values than it was asked for"));
    }
    let mut values = values.into_iter();
    let mut next = || match values.next() {
        Some(Value::BulkString(bytes)) => Some(bytes),
        _ => None,
    };
    let (entry, order) = (next(), next().as_deref().and_then(Order::read));
    let mut record = || values.next().map_or(Record::Absent, Record::read);
    let (epoch, key) = (record(), record());
    let tags = tags.into_iter().map(|tag| (tag, record())).collect();
    Ok((entry, Records { order, epoch, key, tags }))
}

impl Records {
    fn of(&self, tag: &Tag) -> Option<Record> {
        self.tags.binary_search_by(|(name, _)| name.cmp(tag)).ok().map(|at| self.tags[at].1)
    }

    /// Why an entry may not be served, if so. All its tags must have been asked for.
    fn refuse(&self, entry: &Entry) -> Option<MissReason> {
        let own = [(self.epoch, entry.header.epoch), (self.key, entry.header.key)];
        let tags = entry.tags.iter().map(|tag| (self.of(&tag.tag).unwrap_or(Record::Absent), tag.version));
        let changed = own.into_iter().chain(tags).filter(|(record, version)| *record != Record::Free(*version));
        let held = |(record, _): (Record, Version)| record == Record::Held;
        changed.map(held).reduce(|a, b| a || b).map(|held| if held { MissReason::Held } else { MissReason::Outdated })
    }
}
