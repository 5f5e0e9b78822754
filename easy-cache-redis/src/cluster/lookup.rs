//! Lookups: the entry from its node and the records from theirs, at the same time.

use std::sync::Arc;
use std::time::Duration;

use easy_cache_core::Tag;
use easy_cache_core::store::{Hit, Look, Looked, Miss, MissReason, StoreFence};
use futures_util::future::{join, join_all, try_join, try_join_all};
use tokio::time::{Instant, timeout_at};

use super::group::{Found, Group, Sight, joined};
use super::split::Part;
use super::store::Inner;
use crate::failure::Failure;
use crate::filling;
use crate::layout::{Entry, LONGEST, Record};
use crate::lookup::Records;

/// What a lookup leaves for the fill that follows it.
#[derive(Debug)]
pub(crate) struct Fence {
    /// Of each group; of those that were not asked, what was met there last, which may be older, and is the stricter for it.
    pub(crate) sights: Vec<Option<Arc<Sight>>>,
    pub(crate) key: Record,
    /// Sorted by tag.
    pub(crate) tags: Vec<(Tag, Record)>,
}

/// All that was found, by group and by name.
pub(super) struct Sighted {
    epochs: Vec<Option<Record>>,
    sights: Vec<Option<Arc<Sight>>>,
    pub(super) key: Record,
    tags: Vec<(Tag, Record)>,
}

impl Inner {
    pub(crate) async fn look_up(&self, look: Look<'_>) -> Result<Looked, Failure> {
        let deadline = self.nodes.deadline();
        let tags = self.remembered.add_to(look.key, look.kind, look.tags);
        let parts = self.split(&[look.key], &tags);
        let name = self.keys.entry(look.key, look.kind);
        let asked = try_join(self.entry(&name, deadline), self.records(&parts, deadline));
        let (stored, found) = match self.groups.iter().all(|group| group.is_met()) {
            true => asked.await?,
            false => Box::pin(join(asked, self.meet(&parts))).await.0?,
        };
        let mut sighted = Sighted::nothing(self);
        sighted.add(parts, found);
        let Some(stored) = stored else { return Ok(missed(MissReason::Absent, &sighted)) };
        let Ok(entry) = Entry::decode(stored.bytes, &tags) else { return Ok(missed(MissReason::Unreadable, &sighted)) };
        let late: Vec<Tag> = entry.tags.iter().map(|tag| &tag.tag).filter(|tag| !sighted.has(tag)).cloned().collect();
        if !late.is_empty() {
            let parts = self.split(&[], &late);
            let found = self.records(&parts, deadline).await?;
            sighted.add(parts, found);
        }
        match self.refuse(look.key, &entry, &sighted) {
            Some(reason) => Ok(missed(reason, &sighted)),
            None => Ok(Looked::Hit(self.hit(look, entry, stored.remaining, &sighted))),
        }
    }

    /// Groups of which nothing is known are asked as well, once: a value may turn out to depend on them. This lookup does not, so it does not
    /// wait for one that takes long.
    async fn meet(&self, parts: &[Part]) {
        let is_unmet = |group: &&Arc<Group>| !group.is_met() && parts.iter().all(|part| part.group != group.index);
        let unmet: Vec<&Arc<Group>> = self.groups.iter().filter(is_unmet).collect();
        let met = join_all(unmet.iter().map(|group| group.meet(&self.nodes)));
        if timeout_at(self.nodes.soon(), met).await.is_err() {
            unmet.iter().for_each(|group| group.is_slow());
        }
    }

    pub(super) async fn records(&self, parts: &[Part], deadline: Instant) -> Result<Vec<Found>, Failure> {
        let asked = parts.iter().map(|part| self.groups[part.group].look(&self.nodes, &part.names, deadline));
        try_join_all(asked).await
    }

    fn refuse(&self, key: &[u8], entry: &Entry, sighted: &Sighted) -> Option<MissReason> {
        let touched = self.touched(key, entry.tags.iter().map(|tag| &tag.tag));
        let epochs: Vec<Record> = touched.into_iter().map(|group| sighted.epoch_of(group)).collect();
        Records { epoch: joined(&epochs), key: sighted.key, tags: sighted.tags.clone() }.refuse(entry)
    }

    /// The groups that a value depends on, in their order.
    pub(crate) fn touched<'a>(&self, key: &[u8], tags: impl Iterator<Item = &'a Tag>) -> Vec<usize> {
        let mut groups: Vec<usize> = tags.map(|tag| self.group_of_tag(tag)).collect();
        groups.push(self.group_of_key(key));
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    fn hit(&self, look: Look<'_>, entry: Entry, remaining: Duration, sighted: &Sighted) -> Hit {
        let ttl = entry.ttl;
        let (payload, tags) = entry.into_payload();
        self.remembered.note(look.key, look.kind, tags.iter().map(|tag| tag.tag.clone()));
        let lifetime = filling::lifetime(ttl);
        let mut hit = Hit::new(payload, tags, self.epochs.name(&sighted.sights));
        hit.fence = sighted.fence();
        hit.age = lifetime.saturating_sub(remaining);
        hit.remaining = ttl.map(|ttl| ttl.saturating_sub(hit.age));
        hit.followed = look.key.len() <= LONGEST && hit.tags.iter().all(|tag| tag.tag.encoded().len() <= LONGEST);
        hit
    }
}

fn missed(reason: MissReason, sighted: &Sighted) -> Looked {
    Looked::Miss(Miss { reason, fence: sighted.fence() })
}

impl Sighted {
    pub(super) fn nothing(inner: &Inner) -> Self {
        let sights = inner.groups.iter().map(|group| group.known()).collect();
        Self { epochs: vec![None; inner.groups.len()], sights, key: Record::Absent, tags: Vec::new() }
    }

    pub(super) fn add(&mut self, parts: Vec<Part>, found: Vec<Found>) {
        for (part, found) in parts.into_iter().zip(found) {
            let mut records = found.records.into_iter();
            if part.has_key {
                self.key = records.next().unwrap_or(Record::Absent);
            }
            self.tags.extend(part.tags.into_iter().zip(records));
            self.epochs[found.group] = Some(found.epoch);
            self.sights[found.group] = found.sight;
        }
        self.tags.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    }

    pub(super) fn epoch_of(&self, group: usize) -> Record {
        self.epochs[group].unwrap_or(Record::Absent)
    }

    pub(super) fn record_of(&self, tag: &Tag) -> Record {
        self.tags.binary_search_by(|(name, _)| name.cmp(tag)).map_or(Record::Absent, |place| self.tags[place].1)
    }

    fn has(&self, tag: &Tag) -> bool {
        self.tags.binary_search_by(|(name, _)| name.cmp(tag)).is_ok()
    }

    fn fence(&self) -> Option<StoreFence> {
        let (sights, tags) = (self.sights.clone(), self.tags.clone());
        sights.iter().any(Option::is_some).then(|| StoreFence::new(Fence { sights, key: self.key, tags }))
    }
}
