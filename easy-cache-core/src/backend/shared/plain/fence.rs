//! What a lookup has read: the entry with the records that decide about it, which are the fence of the computation otherwise.

use super::super::{MissReason, Version, VersionedTag};
use super::layout::Record;
use crate::Tag;

/// The records as one lookup found them. On a miss, this is what the fill brings back.
#[derive(Debug, Clone)]
pub(super) struct Records {
    pub(super) order: Option<Vec<u8>>,
    pub(super) epoch: Option<Record>,
    pub(super) key: Option<Record>,
    pub(super) tags: Vec<(Tag, Option<Record>)>,
}

impl Records {
    /// From the answers in the order in which [`Adapter`](super::Adapter) asks: order, epoch, key, tags.
    pub(super) fn read(tags: Vec<Tag>, mut values: impl Iterator<Item = Option<Vec<u8>>>) -> Self {
        let mut next = || values.next().flatten();
        let (order, epoch, key) = (next(), Record::read(next().as_ref()), Record::read(next().as_ref()));
        let tags = tags.into_iter().map(|tag| (tag, Record::read(next().as_ref()))).collect();
        Self { order, epoch, key, tags }
    }

    /// The record of a tag, if the lookup asked for it.
    pub(super) fn of(&self, tag: &Tag) -> Option<Option<Record>> {
        self.tags.iter().find(|(name, _)| name == tag).map(|(_, record)| *record)
    }

    /// The version of a tag that was seen before the computation began.
    pub(super) fn version_of(&self, tag: &Tag) -> Option<Version> {
        self.of(tag).flatten().and_then(Record::version)
    }

    /// Whether a writer's mark was met. What is computed then may be from before that writer's COMMIT.
    pub(super) fn met_a_mark(&self) -> bool {
        let records = [self.epoch, self.key].into_iter().chain(self.tags.iter().map(|(_, record)| *record));
        records.flatten().any(|record| matches!(record, Record::Held(_)))
    }

    /// Why an entry under these versions may not be served, if so. Every tag of it must have been asked for.
    pub(super) fn refuse(&self, epoch: Version, key: Version, tags: &[VersionedTag]) -> Option<MissReason> {
        let tags = tags.iter().map(|tag| (self.of(&tag.tag).flatten(), tag.version));
        let pairs = [(self.epoch, epoch), (self.key, key)].into_iter().chain(tags);
        let changed = pairs.filter(|(record, version)| record.and_then(Record::version) != Some(*version));
        let held = |(record, _): (Option<Record>, Version)| matches!(record, Some(Record::Held(_)));
        changed.map(held).reduce(|a, b| a || b).map(|held| if held { MissReason::Held } else { MissReason::Outdated })
    }
}
