//! What the store keeps: the order of invalidations, a record for each tag and key, and the entries; each operation in one step.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::lines::News;
use crate::Tag;
use crate::clock::{Moment, NEVER, nanoseconds};
use crate::store::{Fill, Filled, Hit, Look, Looked, Mark, Miss, MissReason, StoreFence, Version, VersionedTag};

/// Tags and keys are names of their own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Name {
    Tag(Tag),
    Key(Box<[u8]>),
}

#[derive(Debug)]
struct Hold {
    writer: Version,
    /// None: everything.
    tag: Option<Tag>,
    deadline: Moment,
}

#[derive(Debug)]
struct Entry {
    payload: Vec<u8>,
    epoch: Version,
    tags: Vec<VersionedTag>,
    key: Version,
    fence: u64,
    stored: Moment,
    ends: Moment,
}

/// What a lookup leaves for its fill.
#[derive(Debug, Clone, Copy)]
struct Fence {
    epoch: Version,
    sequence: u64,
}

#[derive(Debug)]
pub(super) struct Records {
    epoch: Version,
    sequence: u64,
    /// The sequence of the last invalidation of each name.
    changed: HashMap<Name, u64>,
    versions: HashMap<Name, Version>,
    holds: Vec<Hold>,
    entries: HashMap<(Box<[u8]>, u64), Entry>,
    left_out: HashSet<Box<[u8]>>,
    made: u128,
}

impl Records {
    pub(super) fn new() -> Self {
        let mut new = Self {
            epoch: Version::from_bytes([0; Version::LEN]),
            sequence: 0,
            changed: HashMap::new(),
            versions: HashMap::new(),
            holds: Vec::new(),
            entries: HashMap::new(),
            left_out: HashSet::new(),
            made: 0,
        };
        new.epoch = new.version();
        new
    }

    pub(super) fn lose(&mut self, key: &[u8]) {
        self.entries.retain(|(other, _), _| **other != *key);
    }

    pub(super) fn leave_out(&mut self, key: &[u8]) {
        self.left_out.insert(key.into());
    }

    pub(super) fn look(&mut self, look: Look<'_>, now: Moment) -> (Looked, News) {
        let news = self.settle(now);
        let fence = StoreFence::new(Fence { epoch: self.epoch, sequence: self.sequence });
        let looked = match self.servable(look, now) {
            Ok(entry) => Looked::Hit(Hit {
                fence: Some(fence),
                age: Duration::from_nanos(now.saturating_sub(entry.stored)),
                remaining: (entry.ends != NEVER).then(|| Duration::from_nanos(entry.ends - now)),
                followed: !self.left_out.contains(look.key),
                ..Hit::new(entry.payload.clone(), entry.tags.clone(), entry.epoch)
            }),
            Err(reason) => Looked::Miss(Miss { reason, fence: Some(fence) }),
        };
        (looked, news)
    }

    fn servable(&self, look: Look<'_>, now: Moment) -> Result<&Entry, MissReason> {
        let entry = self.entries.get(&(look.key.into(), look.kind)).ok_or(MissReason::Absent)?;
        if now >= entry.ends {
            return Err(MissReason::Absent);
        }
        let is_current = |name: Name, version| self.versions.get(&name) == Some(&version);
        let current = entry.epoch == self.epoch
            && is_current(Name::Key(look.key.into()), entry.key)
            && entry.tags.iter().all(|seen| is_current(Name::Tag(seen.tag.clone()), seen.version));
        if !current {
            return Err(MissReason::Outdated);
        }
        let held = |tag: &Option<Tag>| tag.as_ref().is_none_or(|tag| entry.tags.iter().any(|seen| seen.tag == *tag));
        if self.holds.iter().any(|hold| held(&hold.tag)) { Err(MissReason::Held) } else { Ok(entry) }
    }

    pub(super) fn fill(&mut self, fill: &Fill<'_>, now: Moment) -> (Filled, News) {
        let news = self.settle(now);
        let Some(fence) = fill.fence.and_then(StoreFence::content::<Fence>).copied() else {
            return (Filled::NotKept, news);
        };
        if !self.is_valid(fill, fence) {
            return (Filled::Outdated, news);
        }
        let place = (Box::from(fill.key), fill.kind);
        if self.entries.get(&place).is_some_and(|other| other.epoch == self.epoch && other.fence > fence.sequence) {
            return (Filled::NotKept, news);
        }
        let (key, made) = self.record(Name::Key(fill.key.into()));
        let mut news = if made { news.and(News::Of(Vec::new(), vec![fill.key.into()])) } else { news };
        let mut tags = Vec::new();
        for tag in fill.tags {
            let (version, made) = self.record(Name::Tag(tag.clone()));
            tags.push(VersionedTag { tag: tag.clone(), version });
            news = if made { news.and(News::Of(vec![tag.clone()], Vec::new())) } else { news };
        }
        let ends = fill.ttl.map_or(NEVER, |ttl| now.saturating_add(nanoseconds(ttl)));
        let (payload, epoch) = (fill.payload.to_vec(), self.epoch);
        self.entries.insert(place, Entry { payload, epoch, tags, key, fence: fence.sequence, stored: now, ends });
        (Filled::Kept, news)
    }

    fn is_valid(&self, fill: &Fill<'_>, fence: Fence) -> bool {
        let unchanged = |name: Name| self.changed.get(&name).is_none_or(|changed| *changed <= fence.sequence);
        let seen = |seen: &VersionedTag| self.versions.get(&Name::Tag(seen.tag.clone())) == Some(&seen.version);
        fence.epoch == self.epoch
            && fill.epoch.is_none_or(|epoch| epoch == self.epoch)
            && unchanged(Name::Key(fill.key.into()))
            && fill.tags.iter().all(|tag| unchanged(Name::Tag(tag.clone())))
            && fill.seen.iter().all(seen)
    }

    pub(super) fn invalidate(&mut self, tags: &[Tag], keys: &[&[u8]]) -> News {
        self.sequence += 1;
        let keys: Vec<Box<[u8]>> = keys.iter().map(|key| Box::from(*key)).collect();
        for name in tags.iter().cloned().map(Name::Tag).chain(keys.iter().cloned().map(Name::Key)) {
            self.versions.remove(&name);
            self.changed.insert(name, self.sequence);
        }
        News::Of(tags.to_vec(), keys)
    }

    pub(super) fn invalidate_all(&mut self) -> News {
        self.epoch = self.version();
        self.sequence += 1;
        self.entries.clear();
        News::OfEverything
    }

    pub(super) fn hold(&mut self, mark: Mark<'_>, deadline: Moment) -> News {
        match mark.tags {
            None => self.holds.push(Hold { writer: mark.writer, tag: None, deadline }),
            Some(tags) => {
                let hold = |tag: &Tag| Hold { writer: mark.writer, tag: Some(tag.clone()), deadline };
                self.holds.extend(tags.iter().map(hold));
            }
        }
        news_of(mark)
    }

    pub(super) fn release(&mut self, mark: Mark<'_>) -> News {
        self.holds.retain(|hold| hold.writer != mark.writer);
        news_of(mark)
    }

    /// Whoever meets an expired hold turns it into an invalidation.
    fn settle(&mut self, now: Moment) -> News {
        let (expired, holds) = std::mem::take(&mut self.holds).into_iter().partition(|hold| hold.deadline <= now);
        self.holds = holds;
        let expired: Vec<Hold> = expired;
        expired.into_iter().fold(News::NONE, |news, hold| match hold.tag {
            None => self.invalidate_all(),
            Some(tag) => news.and(self.invalidate(&[tag], &[])),
        })
    }

    /// The version of a record, and whether it had to be made.
    fn record(&mut self, name: Name) -> (Version, bool) {
        if let Some(version) = self.versions.get(&name) {
            return (*version, false);
        }
        let version = self.version();
        self.versions.insert(name, version);
        (version, true)
    }

    fn version(&mut self) -> Version {
        self.made += 1;
        Version::from_bytes(self.made.to_be_bytes())
    }
}

fn news_of(mark: Mark<'_>) -> News {
    mark.tags.map_or(News::OfEverything, |tags| News::Of(tags.to_vec(), Vec::new()))
}
