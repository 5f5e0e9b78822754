//! A fill: versions for records that were found empty, a look at all others, and the entry, in one write. Tags that the lookup
//! did not ask for cost a trip before that.

use std::time::{Duration, SystemTime};

use easy_cache_core::Tag;
use easy_cache_core::store::{Envelope, Fill, Filled, Version, VersionedTag};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::layout::{Entry, Record, Token, bucket};
use crate::lookup::{Fence, Sight};
use crate::protocol::{Mode, Status};
use crate::store::Inner;
use crate::trip::{Ticket, Trip};

/// memcached takes a ttl beyond this for a date.
pub(crate) const LONGEST_TTL: u32 = 30 * 24 * 3600;

/// A name that the entry depends on.
struct Name {
    item: Vec<u8>,
    server: usize,
    standing: Standing,
}

/// What is known of its version.
enum Standing {
    /// It was seen before the computation, or was adopted since.
    Seen(Version),
    /// The record was found without a version: this one is written, if the record is as it was found.
    Claimed { version: Version, number: u64, generation: u64, record: Record },
    /// The lookup did not ask for it. A value that was used on the way may have come with a version.
    Late { tag: Tag, inner: Option<Version> },
}

impl Name {
    const fn version(&self) -> Option<Version> {
        match &self.standing {
            Standing::Seen(version) | Standing::Claimed { version, .. } => Some(*version),
            Standing::Late { .. } => None,
        }
    }
}

/// A step on the way to the entry found a reason against it.
enum Ended {
    Refused(Filled),
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Ended {
    fn from(failure: E) -> Self {
        match failure.into() {
            // The numbers that were noted are of another run of the server, perhaps.
            Failure::Replaced => Self::Refused(Filled::NotKept),
            other => Self::Failed(other),
        }
    }
}

impl Inner {
    pub(crate) async fn offer(&self, fill: Fill<'_>) -> Result<Filled, Failure> {
        self.remembered.note(fill.key, fill.kind, fill.tags.iter().cloned());
        match self.offered(&fill).await {
            Ok(()) => Ok(Filled::Kept),
            Err(Ended::Refused(filled)) => Ok(filled),
            Err(Ended::Failed(failure)) => Err(failure),
        }
    }

    async fn offered(&self, fill: &Fill<'_>) -> Result<(), Ended> {
        let deadline = self.deadline();
        let fence = fill.fence.and_then(|fence| fence.content::<Fence>()).ok_or(Ended::Refused(Filled::NotKept))?;
        let seconds = seconds(fill.ttl).ok_or(Ended::Refused(Filled::NotKept))?;
        let mut names = self.names(fill, fence)?;
        self.adopt(&mut names, fence, deadline).await?;
        let entry = seal(fill, &names).ok_or(Ended::Refused(Filled::NotKept))?;
        if entry.len() > self.max_value {
            tracing::warn!(bytes = entry.len(), limit = self.max_value, "a value is too large for memcached");
            return Err(Ended::Refused(Filled::NotKept));
        }
        let is_held = self.write(fill, fence, &names, &entry, seconds, deadline).await?;
        // Those who wait look at no entry: they may have called after a hold has ended, or after a writer has returned that still holds.
        if fill.awaited && is_held { Err(Ended::Refused(Filled::NotKept)) } else { Ok(()) }
    }

    /// The namespace, the key, and the tags.
    fn names(&self, fill: &Fill<'_>, fence: &Fence) -> Result<Vec<Name>, Ended> {
        let mut names = vec![fence.known_name(&fence.epoch, fill.epoch)?, fence.known_name(&fence.key, None)?];
        for tag in fill.tags {
            let inner = fill.seen_version(tag);
            names.push(match fence.of(tag) {
                Some(sight) => fence.known_name(sight, inner)?,
                None => {
                    let standing = Standing::Late { tag: tag.clone(), inner };
                    Name { item: self.keys.tag(tag), server: self.place_of_tag(tag), standing }
                }
            });
        }
        Ok(names)
    }

    /// Reads the versions of tags that the lookup did not ask for (missing records are made), and **then** whether anything in their
    /// buckets was invalidated since the fence. An invalidation that is not seen there appends its version later.
    async fn adopt(&self, names: &mut [Name], fence: &Fence, deadline: Instant) -> Result<(), Ended> {
        let mut trip = Trip::new(&self.servers);
        let mut tickets: Vec<(usize, Ticket)> = Vec::new();
        let mut buckets: Vec<(usize, u32)> = Vec::new();
        for (place, name) in names.iter().enumerate() {
            let Standing::Late { tag, .. } = &name.standing else { continue };
            let known = fence.known.get(name.server).copied().flatten();
            let (generation, _) = known.ok_or(Ended::Refused(Filled::NotKept))?;
            trip.only_over(name.server, generation)?;
            let fresh = Token::Version(Version::random()?).bytes();
            trip.add(name.server, |commands| commands.set(&name.item, &fresh, Mode::Add, 0));
            tickets.push((place, trip.add(name.server, |commands| commands.get(&name.item))));
            buckets.push((name.server, bucket(tag)));
        }
        if tickets.is_empty() {
            return Ok(());
        }
        let ask = |(server, bucket): (usize, u32)| {
            let (one, all) = (self.keys.bucket(bucket), self.keys.all_buckets());
            let one = trip.add(server, |commands| commands.get_or_make(&one, 0));
            (one, trip.add(server, |commands| commands.get_or_make(&all, 0)))
        };
        let buckets: Vec<(Ticket, Ticket)> = sorted(buckets).into_iter().map(ask).collect();
        let answers = trip.send(&self.servers, deadline).await?;
        for (place, ticket) in tickets {
            adopted(&mut names[place], &answers.reply(ticket)?.value)?;
        }
        for (one, all) in buckets {
            let known = fence.known.get(one.0).copied().flatten().map_or(0, |(_, known)| known);
            let quiet = |ticket| answers.reply(ticket).map(|reply| reply.number.is_some_and(|number| number <= known));
            // Either says that nothing was invalidated there. A bucket that was never used has no number yet.
            if !quiet(one)? && !quiet(all)? {
                return Err(Ended::Refused(Filled::Outdated));
            }
        }
        Ok(())
    }

    /// Yields whether a name is held.
    async fn write(
        &self,
        fill: &Fill<'_>,
        fence: &Fence,
        names: &[Name],
        entry: &[u8],
        seconds: u32,
        deadline: Instant,
    ) -> Result<bool, Ended> {
        let mut trip = Trip::new(&self.servers);
        let mut tickets = Vec::with_capacity(names.len());
        for name in names {
            tickets.push(match &name.standing {
                Standing::Claimed { number, generation, record, .. } => {
                    trip.only_over(name.server, *generation)?;
                    let record = record.bytes();
                    trip.add(name.server, |commands| commands.set(&name.item, &record, Mode::Same(*number), 0))
                }
                _ => trip.add(name.server, |commands| commands.get(&name.item)),
            });
        }
        let item = self.keys.entry(fill.key, fill.kind);
        let entry = trip.add(self.place_of_key(fill.key), |commands| commands.set(&item, entry, Mode::Set, seconds));
        let answers = trip.send(&self.servers, deadline).await?;
        let (mut is_current, mut is_held) = (true, false);
        for (name, ticket) in names.iter().zip(tickets) {
            let reply = answers.reply(ticket)?;
            let record = match &name.standing {
                Standing::Claimed { version, record, .. } if reply.is_done() => {
                    fence.note_claim(&name.item, *version);
                    record.clone()
                }
                Standing::Claimed { .. } => Record::default(),
                _ => Record::read(&reply.value),
            };
            is_current &= record.version.is_some() && record.version == name.version();
            is_held |= !record.marks.is_empty();
        }
        if !is_current {
            // What was written depends on a version that is not there: it is dead.
            return Err(Ended::Refused(Filled::Outdated));
        }
        match &answers.reply(entry)?.status {
            Status::Done => Ok(is_held),
            Status::Refused(words) => {
                tracing::warn!(reason = words, "memcached did not take a value");
                Err(Ended::Refused(Filled::NotKept))
            }
            _ => Err(Ended::Refused(Filled::NotKept)),
        }
    }
}

impl Fence {
    /// A name that the lookup has asked for. Two versions of one name cannot both be current.
    fn known_name(&self, sight: &Sight, inner: Option<Version>) -> Result<Name, Ended> {
        let standing = match (self.version_of(sight), inner) {
            (Some(version), Some(inner)) if version != inner => return Err(Ended::Refused(Filled::Outdated)),
            (Some(version), _) => Standing::Seen(version),
            (None, Some(_)) => return Err(Ended::Refused(Filled::Outdated)),
            (None, None) => {
                let number = sight.number.ok_or(Ended::Refused(Filled::NotKept))?;
                let version = Version::random()?;
                let record = Record { version: Some(version), marks: sight.record.marks.clone() };
                Standing::Claimed { version, number, generation: sight.generation, record }
            }
        };
        Ok(Name { item: sight.item.clone(), server: sight.server, standing })
    }
}

fn adopted(name: &mut Name, log: &[u8]) -> Result<(), Ended> {
    let version = Record::read(log).version.ok_or(Ended::Refused(Filled::NotKept))?;
    if let Standing::Late { inner: Some(inner), .. } = &name.standing
        && *inner != version
    {
        return Err(Ended::Refused(Filled::Outdated));
    }
    name.standing = Standing::Seen(version);
    Ok(())
}

/// In order, and each once.
pub(crate) fn sorted(mut buckets: Vec<(usize, u32)>) -> Vec<(usize, u32)> {
    buckets.sort_unstable();
    buckets.dedup();
    buckets
}

fn seal(fill: &Fill<'_>, names: &[Name]) -> Option<Vec<u8>> {
    let [epoch, key, tags @ ..] = names else { return None };
    let tags = fill.tags.iter().zip(tags);
    let tags = tags.map(|(tag, name)| Some(VersionedTag { tag: tag.clone(), version: name.version()? }));
    let envelope = Envelope {
        stored: SystemTime::now(),
        ttl: fill.ttl,
        epoch: epoch.version()?,
        key: key.version()?,
        tags: tags.collect::<Option<_>>()?,
        payload: fill.payload.to_vec(),
    };
    Some(Entry::encode(fill.key, fill.kind, &envelope))
}

/// What memcached is told: whole seconds, not more than were asked for. None if that is nothing; 0 is for ever.
fn seconds(ttl: Option<Duration>) -> Option<u32> {
    let Some(ttl) = ttl else { return Some(0) };
    let seconds = u32::try_from(ttl.as_secs()).unwrap_or(u32::MAX).min(LONGEST_TTL);
    (seconds > 0).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ttl_is_cut_to_whole_seconds_and_to_thirty_days() {
        assert_eq!(seconds(None), Some(0));
        assert_eq!(seconds(Some(Duration::from_millis(2999))), Some(2));
        assert_eq!(seconds(Some(Duration::from_millis(999))), None);
        assert_eq!(seconds(Some(Duration::MAX)), Some(LONGEST_TTL));
    }
}
