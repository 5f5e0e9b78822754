//! Fills: each group is asked whether nothing was invalidated, and the entry is written, at the same time.
//!
//! The entry goes out with the versions that were seen before the computation, and with a new one for each record that was missing
//! then. If a group refuses, one of these is gone, or was never made, and never will be: the entry is dead where it lies. (Or it is held while
//! others wait: then the entry is good, and held, like any other.) Only
//! if a record has been made meanwhile by somebody else, the entry is written once more, with its version.

use std::time::Duration;

use deadpool_redis::redis::{Pipeline, RedisWrite, Value, cmd};
use easy_cache_core::Tag;
use easy_cache_core::store::{Fill, Filled, Version};
use futures_util::future::{join, join_all};
use tokio::time::Instant;

use super::group::{Sight, joined};
use super::lookup::Fence;
use super::slots::slot_of;
use super::split::Part;
use super::store::Inner;
use crate::failure::Failure;
use crate::filling::{LONGEST, awaited, is_of_a_script};
use crate::greeting::fresh;
use crate::layout::{Record, Sealed, bucket, fill_in};
use crate::scripts;

/// The versions under which a value is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Versions {
    /// Of the groups that it touches, in their order.
    epochs: Vec<Version>,
    key: Version,
    /// In the order of its tags.
    tags: Vec<Version>,
}

/// What one group says of a value.
enum Said {
    /// It may be kept under these: that of the group, then those of the names.
    Agreed(Vec<Version>),
    Refused(Filled),
}

impl Inner {
    pub(crate) async fn offer(&self, fill: Fill<'_>) -> Result<Filled, Failure> {
        let Some(fence) = fill.fence.and_then(|fence| fence.content::<Fence>()) else { return Ok(Filled::NotKept) };
        if fill.ttl.is_some_and(|ttl| ttl < Duration::from_millis(1)) {
            return Ok(Filled::NotKept);
        }
        self.remembered.note(fill.key, fill.kind, fill.tags.iter().cloned());
        let parts = self.split(&[fill.key], fill.tags);
        let groups: Vec<usize> = parts.iter().map(|part| part.group).collect();
        let sights: Option<Vec<&Sight>> = groups.iter().map(|group| fence.sights[*group].as_deref()).collect();
        let Some(sights) = sights else { return Ok(Filled::NotKept) };
        if fill.epoch.is_some_and(|epoch| !self.epochs.agree(epoch, &fence.sights, &groups)) {
            return Ok(Filled::Outdated);
        }
        let fresh = fresh()?;
        let Some(assumed) = assume(&fill, fence, &sights, fresh) else { return Ok(Filled::Outdated) };
        let deadline = self.nodes.deadline();
        let said =
            parts.iter().zip(&sights).map(|(part, sight)| self.acquire(&fill, fence, part, sight, fresh, deadline));
        let (said, stored) = join(join_all(said), self.write(&fill, &sights, &assumed, deadline)).await;
        let said = said.into_iter().collect::<Result<Vec<_>, _>>()?;
        let agreed = match self.agreed(&fill, &parts, said, &assumed) {
            Ok(agreed) => agreed,
            Err(refused) => return Ok(refused),
        };
        stored?;
        if agreed != assumed {
            self.write(&fill, &sights, &agreed, deadline).await?;
        }
        Ok(Filled::Kept)
    }

    /// One group's word.
    async fn acquire(
        &self,
        fill: &Fill<'_>,
        fence: &Fence,
        part: &Part,
        sight: &Sight,
        fresh: Version,
        deadline: Instant,
    ) -> Result<Said, Failure> {
        let (group, stamp) = (&self.groups[part.group], &sight.stamp);
        if !group.is_still(stamp) {
            return Ok(Said::Refused(Filled::NotKept));
        }
        let mut acquire = scripts::ACQUIRE.run(3 + part.names.len());
        [group.keys.order(), group.keys.buckets(), group.keys.epoch()].iter().for_each(|key| acquire.write_arg(key));
        part.names.iter().for_each(|name| acquire.write_arg(name));
        acquire.write_arg(fresh.as_bytes());
        acquire.write_arg(&sight.order.id);
        acquire.arg(sight.order.sequence);
        acquire.write_arg(awaited(fill));
        let key = part.has_key.then(|| free(fence.key));
        let seen = key.into_iter().chain(part.tags.iter().map(|tag| seen(fill, fence, tag)));
        for (name, seen) in part.names.iter().zip(seen) {
            acquire.arg(bucket(name));
            acquire.write_arg(seen.as_ref().map_or(b"", |version| version.as_bytes().as_slice()));
        }
        let mut commands = Pipeline::with_capacity(2);
        commands.add_command(acquire);
        let mut answers = stamp.node.ask(&commands, false, Some(stamp.generation), deadline).await;
        if matches!(&answers, Ok(answers) if answers.iter().any(is_of_a_script)) {
            let mut load = Pipeline::with_capacity(1);
            load.add_command(scripts::ACQUIRE.load());
            stamp.node.ask(&load, false, Some(stamp.generation), deadline).await?;
            answers = stamp.node.ask(&commands, false, Some(stamp.generation), deadline).await;
        }
        let answer =
            answers.and_then(|mut answers| answers.pop().unwrap_or(Err(Failure::Garbled("no word of a group"))));
        self.word(answer, part, sight)
    }

    /// What the answer of a group means. A group that is elsewhere by now is asked the next time.
    fn word(&self, answer: Result<Value, Failure>, part: &Part, sight: &Sight) -> Result<Said, Failure> {
        let bytes = match answer {
            Ok(Value::BulkString(bytes)) => bytes,
            Ok(_) => return Err(Failure::Garbled("no word of a group about a value")),
            Err(Failure::Replaced) => return Ok(Said::Refused(Filled::NotKept)),
            Err(failure) => {
                return match sight.stamp.node.elsewhere(&failure) {
                    Some(super::node::Elsewhere::Lost) | None => Err(failure),
                    Some(_) => {
                        self.nodes.learn_soon(None);
                        Ok(Said::Refused(Filled::NotKept))
                    }
                };
            }
        };
        match bytes.as_slice() {
            b"outdated" => Ok(Said::Refused(Filled::Outdated)),
            b"no fence" | b"held" => Ok(Said::Refused(Filled::NotKept)),
            versions if versions.len() == Version::LEN * (1 + part.names.len()) => {
                let (versions, _) = versions.as_chunks::<{ Version::LEN }>();
                Ok(Said::Agreed(versions.iter().copied().map(Version::from_bytes).collect()))
            }
            _ => Err(Failure::Garbled("another word of a group about a value")),
        }
    }

    /// The versions that all groups have agreed to; or why one has not.
    fn agreed(&self, fill: &Fill<'_>, parts: &[Part], said: Vec<Said>, assumed: &Versions) -> Result<Versions, Filled> {
        let mut agreed = Versions { epochs: Vec::new(), ..assumed.clone() };
        for (part, said) in parts.iter().zip(said) {
            let versions = match said {
                Said::Agreed(versions) => versions,
                Said::Refused(refused) => return Err(refused),
            };
            let mut versions = versions.into_iter();
            agreed.epochs.extend(versions.next());
            if part.has_key {
                agreed.key = versions.next().unwrap_or(agreed.key);
            }
            let places = fill.tags.iter().enumerate().filter(|(_, tag)| self.group_of_tag(tag) == part.group);
            places.zip(versions).for_each(|((place, _), version)| agreed.tags[place] = version);
        }
        Ok(agreed)
    }

    /// Writes the entry under these versions.
    async fn write(
        &self,
        fill: &Fill<'_>,
        sights: &[&Sight],
        versions: &Versions,
        deadline: Instant,
    ) -> Result<(), Failure> {
        let Some(order) = sights.first().map(|sight| sight.order) else { return Ok(()) };
        let mut value = Sealed { order, ttl: fill.ttl, tags: fill.tags, payload: fill.payload }.encode();
        let epochs: Vec<Record> = versions.epochs.iter().copied().map(Record::Free).collect();
        let Record::Free(epoch) = joined(&epochs) else { return Ok(()) };
        let names: Vec<Version> = std::iter::once(versions.key).chain(versions.tags.iter().copied()).collect();
        fill_in(&mut value, epoch, &names);
        let name = self.keys.entry(fill.key, fill.kind);
        let mut set = cmd("SET");
        [&name[..], &value, b"PX"].into_iter().for_each(|arg| set.write_arg(arg));
        set.arg(fill.ttl.unwrap_or(LONGEST).min(LONGEST).as_millis() as u64);
        let mut commands = Pipeline::with_capacity(1);
        commands.add_command(set);
        self.nodes.run(slot_of(&name), &commands, None, deadline).await.map(drop)
    }
}

/// The versions that everything will have if nothing has happened meanwhile; nothing if something has, by what is known here.
fn assume(fill: &Fill<'_>, fence: &Fence, sights: &[&Sight], fresh: Version) -> Option<Versions> {
    let epochs = sights.iter().map(|sight| free(sight.epoch).unwrap_or(fresh)).collect();
    let tags = fill.tags.iter().map(|tag| match (looked_up(fence, tag), fill.seen_version(tag)) {
        (Some(one), Some(other)) if one != other => None,
        (one, other) => Some(one.or(other).unwrap_or(fresh)),
    });
    Some(Versions { epochs, key: free(fence.key).unwrap_or(fresh), tags: tags.collect::<Option<_>>()? })
}

fn seen(fill: &Fill<'_>, fence: &Fence, tag: &Tag) -> Option<Version> {
    fill.seen_version(tag).or_else(|| looked_up(fence, tag))
}

fn looked_up(fence: &Fence, tag: &Tag) -> Option<Version> {
    let place = fence.tags.binary_search_by(|(name, _)| name.cmp(tag)).ok()?;
    free(fence.tags[place].1)
}

const fn free(record: Record) -> Option<Version> {
    match record {
        Record::Free(version) => Some(version),
        Record::Absent | Record::Held => None,
    }
}
