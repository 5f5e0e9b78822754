//! What operators ask: an entry with the records that decide about it, and how much there is of a namespace.
//!
//! Names are found by `SCAN`, which lets everybody else work in between. What the answers mean is left to who asked.

use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::redis::{RedisWrite, Value, cmd, from_redis_value};
use easy_cache_core::store::{
    Dependency, DependsOn, Found, Inspect, Progress, RecordState, StoreFuture, Stored, Survey, Version,
};

use crate::RedisStore;
use crate::failure::Failure;
use crate::lane::Lane;
use crate::layout::{Entry, Keys, Record};
use crate::store::Inner;
use crate::wire::Reply;

/// How many names the server looks at in one step.
const AT_ONCE: usize = 1000;

/// What is said of a server: the lines of `INFO` that matter to a cache.
const TOLD: [&str; 12] = [
    "redis_version",
    "role",
    "uptime_in_seconds",
    "connected_clients",
    "used_memory_human",
    "maxmemory_human",
    "maxmemory_policy",
    "evicted_keys",
    "expired_keys",
    "instantaneous_ops_per_sec",
    "aof_enabled",
    "connected_slaves",
];

/// The trait for a store: what it promises is written by its `Inner`, which is another one for a cluster.
macro_rules! inspected {
    ($store:ty) => {
        impl Inspect for $store {
            fn kinds<'a>(&'a self, key: &'a [u8], progress: Progress<'a>) -> StoreFuture<'a, Vec<u64>> {
                self.run("look for the entries of a key", self.inner.kinds_of(key, progress))
            }

            fn inspect<'a>(&'a self, key: &'a [u8], kind: u64) -> StoreFuture<'a, Found> {
                self.run("look at an entry", self.inner.stored(key, kind))
            }

            fn survey<'a>(&'a self, progress: Progress<'a>) -> StoreFuture<'a, Survey> {
                self.run("count what is stored", self.inner.count(progress))
            }
        }
    };
}
#[cfg(feature = "cluster")]
pub(crate) use inspected;

inspected!(RedisStore);

impl Inner {
    async fn kinds_of(&self, key: &[u8], progress: Progress<'_>) -> Result<Vec<u64>, Failure> {
        let mut kinds = Vec::new();
        let pattern = [&literal(&self.keys.entries()), b"*".as_slice()].concat();
        each_name(self.lane(), &pattern, &mut 0, progress, |name| {
            kinds.extend(self.keys.kind_in(name).filter(|kind| self.keys.entry(key, *kind) == name));
        })
        .await?;
        kinds.sort_unstable();
        kinds.dedup();
        Ok(kinds)
    }

    async fn stored(&self, key: &[u8], kind: u64) -> Result<Found, Failure> {
        let lane = self.lane_of(key);
        let entry = self.keys.entry(key, kind);
        let mut get = cmd("GET");
        get.write_arg(&entry);
        let (live, answer) = lane.ask(&get, lane.deadline()).await?;
        let Value::BulkString(bytes) = answer else { return Ok(Found::Nothing) };
        let length = bytes.len() as u64;
        let Ok(entry) = Entry::decode(bytes, &[]) else { return Ok(Found::Unreadable(length)) };
        let (header, ttl) = (entry.header, entry.ttl);
        let (payload, tags) = entry.into_payload();
        let mut carried = vec![
            (DependsOn::Everything, self.keys.epoch(), header.epoch),
            (DependsOn::Key, self.keys.key(key), header.key),
        ];
        carried.extend(tags.into_iter().map(|tag| {
            let name = self.keys.tag(&tag.tag);
            (DependsOn::Tag(tag.tag), name, tag.version)
        }));
        let age = live.age_of(header.stored);
        let remaining = ttl.map(|ttl: Duration| ttl.saturating_sub(age));
        Ok(Found::Entry(Box::new(Stored { payload, age, remaining, depends_on: self.compare(carried).await? })))
    }

    /// What an entry carries beside what there is now.
    async fn compare(&self, carried: Vec<(DependsOn, Vec<u8>, Version)>) -> Result<Vec<Dependency>, Failure> {
        let mut command = cmd("MGET");
        carried.iter().for_each(|(_, record, _)| command.write_arg(record));
        let lane = self.lane();
        let reply = Reply::read(lane.ask(&command, lane.deadline()).await?.1, carried.len())?;
        let dependency = |((name, _, stored), value): (_, Option<&[u8]>)| Dependency {
            name,
            stored,
            record: match Record::read(value) {
                Record::Absent => RecordState::Absent,
                Record::Free(version) => RecordState::Free(version),
                Record::Held => RecordState::Held,
            },
        };
        Ok(carried.into_iter().zip(reply.values()).map(dependency).collect())
    }

    async fn count(&self, progress: Progress<'_>) -> Result<Survey, Failure> {
        let mut survey = Survey { server: about_itself(self.lane(), &TOLD).await?, ..Survey::default() };
        let (entries, leases) = (self.keys.entries(), self.keys.leases());
        let [order, buckets] = [self.keys.order(), self.keys.buckets()];
        each_name(self.lane(), b"*", &mut 0, progress, |name| {
            let counted = match name {
                name if name.starts_with(&entries) => &mut survey.entries,
                name if name.starts_with(self.keys.records()) => &mut survey.records,
                name if name.starts_with(&leases) => &mut survey.leases,
                name if name == order || name == buckets => return,
                _ => &mut survey.others,
            };
            *counted += 1;
        })
        .await?;
        Ok(survey)
    }
}

/// What a server says of itself: these lines of `INFO`.
pub(crate) async fn about_itself(lane: &Arc<Lane>, told: &[&str]) -> Result<Vec<(String, String)>, Failure> {
    let text = match lane.ask(&cmd("INFO"), lane.deadline()).await?.1 {
        Value::BulkString(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Value::VerbatimString { text, .. } => text,
        _ => return Err(Failure::Garbled("no text about itself")),
    };
    let line = |name: &&str| {
        let value = text.lines().find_map(|line| line.strip_prefix(*name)?.strip_prefix(':'))?;
        Some(((*name).to_owned(), value.trim().to_owned()))
    };
    Ok(told.iter().filter_map(line).collect())
}

/// All names on one server that a pattern fits, some of them perhaps twice. Counts those that the server has gone through.
pub(crate) async fn each_name(
    lane: &Arc<Lane>,
    pattern: &[u8],
    seen: &mut u64,
    progress: Progress<'_>,
    mut each: impl FnMut(&[u8]),
) -> Result<(), Failure> {
    let mut cursor = b"0".to_vec();
    loop {
        let mut scan = cmd("SCAN");
        scan.write_arg(&cursor);
        scan.arg("MATCH").write_arg(pattern);
        scan.arg("COUNT").arg(AT_ONCE);
        let answer = lane.ask(&scan, lane.deadline()).await?.1;
        let (next, names): (Vec<u8>, Vec<Vec<u8>>) =
            from_redis_value(answer).map_err(|_| Failure::Garbled("no list of names"))?;
        names.iter().for_each(|name| each(name));
        *seen += AT_ONCE as u64;
        progress(*seen);
        if next == b"0" {
            return Ok(());
        }
        cursor = next;
    }
}

impl Keys {
    /// The kind in the name of an entry.
    pub(crate) fn kind_in(&self, name: &[u8]) -> Option<u64> {
        let rest = name.strip_prefix(self.entries().as_slice())?;
        let digits = rest.split(|byte| *byte == b':').next()?;
        u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    }
}

/// A pattern that fits nothing but these bytes.
pub(crate) fn literal(bytes: &[u8]) -> Vec<u8> {
    let escaped = |byte: &u8| if b"*?[]\\^-".contains(byte) { vec![b'\\', *byte] } else { vec![*byte] };
    bytes.iter().flat_map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_an_entry_is_in_its_name() {
        let keys = Keys::new("shop*");
        assert_eq!(keys.kind_in(&keys.entry(b"a:b", 0xfe)), Some(0xfe));
        assert_eq!(keys.kind_in(&keys.entry(&[b'x'; 600], u64::MAX)), Some(u64::MAX));
        assert_eq!(keys.kind_in(&keys.lease(b"a")), None);
        assert_eq!(keys.kind_in(&Keys::new("shop").entry(b"a", 1)), None);
    }

    #[test]
    fn a_namespace_with_the_letters_of_patterns_is_no_pattern() {
        assert_eq!(literal(b"ec1:a*[b]?:e:"), br"ec1:a\*\[b\]\?:e:");
    }
}
