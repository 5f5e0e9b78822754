//! Lookups: the entry and all records that decide about it, in one command.

use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::redis::{RedisWrite, cmd};
use easy_cache_core::Tag;
use easy_cache_core::store::{Hit, Look, Looked, Miss, MissReason, StoreFence, VersionedTag};
use tokio::time::{Instant, timeout_at};

use crate::combine::{Answer, Combiner};
use crate::failure::Failure;
use crate::greeting;
use crate::lane::{Lane, Live};
use crate::layout::{Entry, LONGEST, Order, Record};
use crate::recipe::Known;
use crate::store::Inner;
use crate::together::{Found, Sighted};
use crate::wire::Reply;

/// What a lookup leaves for the fill that follows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fence {
    pub(crate) order: Order,
    /// The connection it was read on.
    pub(crate) generation: u64,
}

impl Fence {
    fn wrap(self) -> StoreFence {
        let id = u128::from_le_bytes(self.order.id);
        StoreFence::of_words([id as u64, (id >> 64) as u64, self.order.sequence, self.generation])
    }

    /// What a lookup has left, if it was one of this kind of store.
    pub(crate) fn of(fence: &StoreFence) -> Option<Self> {
        let [low, high, sequence, generation] = fence.words()?;
        let id = (u128::from(low) | u128::from(high) << 64).to_le_bytes();
        Some(Self { order: Order { id, sequence }, generation })
    }
}

/// The records that decide about an entry, as they were found.
pub(crate) struct Records {
    pub(crate) epoch: Record,
    pub(crate) key: Record,
    /// Sorted by tag.
    pub(crate) tags: Vec<(Tag, Record)>,
}

impl Inner {
    pub(crate) async fn look_up(&self, look: Look<'_>) -> Result<Looked, Failure> {
        let lookups = self.lookups_of(look.key);
        let deadline = lookups.lane().deadline();
        let known = self.recipes.of(&self.keys, look);
        let mut answer = lookups.ask(&known.recipe.names, deadline).await?;
        if answer.found.order.is_none() {
            answer = Box::pin(self.ask_again(lookups, &known, &answer.live, deadline)).await?;
        }
        let Answer { live, found: Found { entry, order, epoch, records } } = answer;
        let fence = order.map(|order| Fence { order, generation: live.generation }.wrap());
        let missed = |reason, fence| Ok(Looked::Miss(Miss { reason, fence }));
        let Some(bytes) = entry else { return missed(MissReason::Absent, fence) };
        let Ok(entry) = Entry::decode(bytes, &known.recipe.tags) else { return missed(MissReason::Unreadable, fence) };
        let agrees = matches!(records, Sighted::Agree) && known.recipe.begins_with(&entry.tags);
        if !agrees {
            let mut records = Records::read(epoch, records, &entry, &known.recipe.tags);
            Box::pin(self.ask_for_late(lookups.lane(), &entry.tags, &mut records, deadline)).await?;
            if let Some(reason) = records.refuse(&entry) {
                return missed(reason, fence);
            }
        }
        Ok(Looked::Hit(self.hit(look, known, entry, fence, &live)))
    }

    /// The first lookup of a namespace, or one whose order was lost: it is made, so that the value can be kept.
    async fn ask_again(
        &self,
        lookups: &Arc<Combiner>,
        known: &Known,
        live: &Live,
        deadline: Instant,
    ) -> Result<Answer, Failure> {
        let greeting = greeting::command(&self.keys, &live.server)?;
        lookups.lane().ask(&greeting, deadline).await?;
        // Who comes back with what is left of its time would else be told with those who have come meanwhile that it is late.
        let again = timeout_at(deadline, lookups.ask(&known.recipe.names, deadline)).await;
        again.unwrap_or_else(|_| Err(lookups.lane().late()))
    }

    /// The second trip, if the entry carries tags that the first one did not ask for.
    async fn ask_for_late(
        &self,
        lane: &Arc<Lane>,
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
        let reply = Reply::read(lane.ask(&command, deadline).await?.1, late.len())?;
        records.tags.extend(late.into_iter().zip(reply.values().map(Record::read)));
        records.tags.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok(())
    }

    fn hit(&self, look: Look<'_>, known: Known, entry: Entry, fence: Option<StoreFence>, live: &Live) -> Hit {
        let (stored, epoch, ttl) = (entry.header.stored, entry.header.epoch, entry.ttl);
        let (payload, tags) = entry.into_payload();
        self.recipes.note(&self.keys, look, known, &tags);
        let age = live.age_of(stored);
        let mut hit = Hit::new(payload, tags, epoch);
        hit.fence = fence;
        hit.age = age;
        hit.remaining = ttl.map(|ttl: Duration| ttl.saturating_sub(age));
        hit.followed = look.key.len() <= LONGEST && hit.tags.iter().all(|tag| tag.tag.encoded().len() <= LONGEST);
        hit
    }
}

impl Records {
    /// From the answer to a question: the key's, then the tags'. Of records that agree with the entry, the tags are asked for once more:
    /// several may have the same version.
    fn read(epoch: Record, sighted: Sighted, entry: &Entry, tags: &[Tag]) -> Self {
        let Sighted::Each(records) = sighted else {
            return Self { epoch, key: Record::Free(entry.header.key), tags: Vec::new() };
        };
        let mut records = records.into_iter();
        let key = records.next().unwrap_or(Record::Absent);
        let mut tags: Vec<_> = tags.iter().cloned().zip(records).collect();
        tags.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Self { epoch, key, tags }
    }

    pub(crate) fn of(&self, tag: &Tag) -> Option<Record> {
        self.tags.binary_search_by(|(name, _)| name.cmp(tag)).ok().map(|at| self.tags[at].1)
    }

    /// Why an entry may not be served, if so. All its tags must have been asked for.
    pub(crate) fn refuse(&self, entry: &Entry) -> Option<MissReason> {
        let own = [(self.epoch, entry.header.epoch), (self.key, entry.header.key)];
        let tags = entry.tags.iter().map(|tag| (self.of(&tag.tag).unwrap_or(Record::Absent), tag.version));
        let changed = own.into_iter().chain(tags).filter(|(record, version)| *record != Record::Free(*version));
        let held = |(record, _): (Record, _)| record == Record::Held;
        changed.map(held).reduce(|a, b| a || b).map(|held| if held { MissReason::Held } else { MissReason::Outdated })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_is_what_was_wrapped() {
        let order = Order { id: *b"0123456789abcdef", sequence: 1 << 63 };
        let fence = Fence { order, generation: u64::MAX - 1 };
        assert_eq!(Fence::of(&fence.wrap()), Some(fence));
        assert_eq!(Fence::of(&StoreFence::new(fence)), None);
    }
}
