//! A fill over five methods: adopt the versions that were not seen before, **then** compare the order record, then write.

use super::super::{Envelope, Fill, Filled, Version, VersionedTag};
use super::PlainStore;
use super::adapter::{Adapter, RECORDS_TTL};
use super::fence::Records;
use super::layout::Record;
use super::phase::Phase;
use crate::{Error, Tag};

/// A name that the entry depends on.
struct Name {
    /// Where its record is.
    key: String,
    /// The version that the entry will carry, once it is known.
    version: Option<Version>,
}

/// All names of an entry: the namespace, the key, the tags.
struct Names<'a> {
    tags: &'a [Tag],
    names: Vec<Name>,
    /// Whether a version was read, or created, after the computation began.
    adopted: bool,
}

/// A step on the way to the entry found a reason against it.
enum Ended {
    Refused(Filled),
    Failed(Error),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl<P: PlainStore> Adapter<P> {
    pub(super) async fn offer(&self, fill: Fill<'_>) -> Result<Filled, Error> {
        let phase = Phase::of(fill.fresh, fill.ttl)?;
        self.carried.note(fill.key, fill.kind, fill.tags.iter().cloned(), phase.is_some());
        match self.resolve(&fill).await {
            Ok(names) => {
                if let Some(Phase { mark, fresh }) = phase {
                    let mark = (self.keys.fresh(fill.key, fill.kind), mark.as_bytes().to_vec());
                    self.set_many(&[mark], Some(fresh)).await?;
                }
                let entry = (self.keys.entry(fill.key, fill.kind), self.seal(&fill, &names, phase));
                self.set_many(&[entry], fill.ttl).await.map(|()| Filled::Kept)
            }
            Err(Ended::Refused(filled)) => Ok(filled),
            Err(Ended::Failed(error)) => Err(error),
        }
    }

    async fn resolve<'a>(&self, fill: &Fill<'a>) -> Result<Names<'a>, Ended> {
        let nothing = Records { order: None, epoch: None, key: None, tags: Vec::new() };
        let fence = fill.fence.and_then(|fence| fence.content()).unwrap_or(&nothing);
        if fence.met_a_mark() {
            return Err(Ended::Refused(Filled::NotKept));
        }
        let mut names = self.names(fill, fence)?;
        self.adopt(&mut names).await?;
        if names.adopted || fill.awaited {
            self.check(&names, fence.order.as_ref()).await?;
        }
        Ok(names)
    }

    /// The versions that were seen before the computation began, or with a value that it used. Two versions of one name
    /// cannot both be current. One that only such a value brought counts as adopted: what the computation had read itself by then may be
    /// from before an invalidation that the value is from behind.
    fn names<'a>(&self, fill: &Fill<'a>, fence: &Records) -> Result<Names<'a>, Ended> {
        let mut adopted = false;
        let mut agreed = |before: Option<Version>, on_the_way: Option<Version>| match (before, on_the_way) {
            (Some(before), Some(on_the_way)) if before != on_the_way => Err(Ended::Refused(Filled::Outdated)),
            _ => {
                adopted |= before.is_none() && on_the_way.is_some();
                Ok(before.or(on_the_way))
            }
        };
        let mut names = vec![
            Name { key: self.keys.epoch(), version: agreed(fence.epoch.and_then(Record::version), fill.epoch)? },
            Name { key: self.keys.key(fill.key), version: fence.key.and_then(Record::version) },
        ];
        for tag in fill.tags {
            let version = agreed(fence.version_of(tag), fill.seen_version(tag))?;
            names.push(Name { key: self.keys.tag(tag), version });
        }
        Ok(Names { tags: fill.tags, names, adopted })
    }

    /// Takes over the versions of all other names. Missing records are created, also if the value will be refused: the next
    /// lookup finds them.
    async fn adopt(&self, names: &mut Names<'_>) -> Result<(), Ended> {
        let mut unseen: Vec<&mut Name> = names.names.iter_mut().filter(|name| name.version.is_none()).collect();
        if unseen.is_empty() {
            return Ok(());
        }
        let keys: Vec<String> = unseen.iter().map(|name| name.key.clone()).collect();
        let mut missing = Vec::new();
        for (name, value) in unseen.iter_mut().zip(self.get_many(&keys).await?) {
            name.version = Some(match Record::read(value.as_ref()) {
                Some(Record::Free(version)) => version,
                Some(Record::Held(_)) => return Err(Ended::Refused(Filled::NotKept)),
                None => {
                    let (version, bytes) = Record::fresh()?;
                    missing.push((name.key.clone(), bytes));
                    version
                }
            });
        }
        names.adopted = true;
        self.create(missing).await.map_err(Ended::from)
    }

    /// The namespace's own record has no end: all entries would end with it.
    async fn create(&self, missing: Vec<(String, Vec<u8>)>) -> Result<(), Error> {
        let epoch = self.keys.epoch();
        let (lasting, others): (Vec<_>, Vec<_>) = missing.into_iter().partition(|(key, _)| *key == epoch);
        if !lasting.is_empty() {
            self.set_many(&lasting, None).await?;
        }
        if others.is_empty() { Ok(()) } else { self.set_many(&others, Some(RECORDS_TTL)).await }
    }

    /// An invalidation that has not replaced the order record by now will replace the versions later than they were read.
    async fn check(&self, names: &Names<'_>, order: Option<&Vec<u8>>) -> Result<(), Ended> {
        let mut keys = vec![self.keys.order()];
        keys.extend(names.names.iter().map(|name| name.key.clone()));
        let mut values = self.get_many(&keys).await?.into_iter();
        let now = values.next().flatten();
        if now.is_none() {
            self.replace_order().await?;
        }
        let current = |(name, value): (&Name, Option<Vec<u8>>)| {
            Record::read(value.as_ref()).and_then(Record::version) == name.version
        };
        let unchanged = names.names.iter().zip(values).all(current);
        let same_order = order.is_some() && now.as_ref() == order;
        match unchanged && (same_order || !names.adopted) {
            true => Ok(()),
            false if order.is_none() && unchanged => Err(Ended::Refused(Filled::NotKept)),
            false => Err(Ended::Refused(Filled::Outdated)),
        }
    }

    fn seal(&self, fill: &Fill<'_>, names: &Names<'_>, phase: Option<Phase>) -> Vec<u8> {
        let mut versions = names.names.iter().filter_map(|name| name.version);
        let unknown = Version::from_bytes([0; Version::LEN]);
        let mut next = || versions.next().unwrap_or(unknown);
        let (epoch, key) = (next(), next());
        let tags = names.tags.iter().map(|tag| VersionedTag { tag: tag.clone(), version: next() }).collect();
        let mut payload = fill.payload.to_vec();
        Phase::append(phase, &mut payload);
        Envelope { stored: self.clock.wall(), ttl: fill.ttl, epoch, key, tags, payload }.encode()
    }
}
