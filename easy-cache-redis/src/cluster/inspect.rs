//! What operators ask of a cluster: an entry with the records that decide about it, wherever they are, and how much all masters have
//! of a namespace. What the answers mean is left to who asked.

use std::sync::Arc;

use easy_cache_core::store::{
    Dependency, DependsOn, Found, Inspect, Progress, RecordState, StoreFuture, Stored, Survey, Version,
};

use super::group::joined;
use super::lookup::Sighted;
use super::node::Node;
use super::store::{Inner, RedisClusterStore};
use crate::failure::Failure;
use crate::inspect::{about_itself, each_name, inspected, literal};
use crate::layout::{Entry, Record};

/// What is said of each master: the lines of `INFO` that tell nodes apart.
const TOLD: [&str; 4] = ["redis_version", "used_memory_human", "maxmemory_policy", "evicted_keys"];

inspected!(RedisClusterStore);

impl Inner {
    async fn kinds_of(&self, key: &[u8], progress: Progress<'_>) -> Result<Vec<u64>, Failure> {
        let (mut kinds, mut seen) = (Vec::new(), 0);
        let pattern = [&literal(&self.keys.entries()), b"*".as_slice()].concat();
        for node in self.masters().await? {
            let of_key = |name: &[u8]| {
                kinds.extend(self.keys.kind_in(name).filter(|kind| self.keys.entry(key, *kind) == name));
            };
            each_name(&node.lane, &pattern, &mut seen, progress, of_key).await?;
        }
        kinds.sort_unstable();
        kinds.dedup();
        Ok(kinds)
    }

    async fn stored(&self, key: &[u8], kind: u64) -> Result<Found, Failure> {
        self.agreement.as_is().await?;
        let Some(stored) = self.entry(&self.keys.entry(key, kind), self.nodes.deadline()).await? else {
            return Ok(Found::Nothing);
        };
        let (length, remaining) = (stored.bytes.len() as u64, stored.remaining);
        let Ok(entry) = Entry::decode(stored.bytes, &[]) else { return Ok(Found::Unreadable(length)) };
        let (header, lifetime) = (entry.header, crate::filling::lifetime(entry.ttl));
        let limited = entry.ttl.is_some();
        let (payload, tags) = entry.into_payload();
        let names: Vec<_> = tags.iter().map(|tag| tag.tag.clone()).collect();
        let parts = self.split(&[key], &names);
        let found = self.records(&parts, self.nodes.deadline()).await?;
        let mut sighted = Sighted::nothing(self);
        sighted.add(parts, found);
        let epochs = self.touched(key, names.iter()).into_iter().map(|group| sighted.epoch_of(group));
        let mut depends_on = vec![
            dependency(DependsOn::Everything, header.epoch, joined(&epochs.collect::<Vec<_>>())),
            dependency(DependsOn::Key, header.key, sighted.key),
        ];
        depends_on.extend(tags.into_iter().map(|tag| {
            let record = sighted.record_of(&tag.tag);
            dependency(DependsOn::Tag(tag.tag), tag.version, record)
        }));
        let age = lifetime.saturating_sub(remaining);
        Ok(Found::Entry(Box::new(Stored { payload, age, remaining: limited.then_some(remaining), depends_on })))
    }

    async fn count(&self, progress: Progress<'_>) -> Result<Survey, Failure> {
        self.agreement.as_is().await?;
        let (mut survey, mut seen) = (Survey::default(), 0);
        let (entries, leases) = (self.keys.entries(), self.keys.leases());
        let mut own: Vec<_> = self.groups.iter().flat_map(|group| [group.keys.order(), group.keys.buckets()]).collect();
        own.extend(self.groups.iter().map(|group| group.keys.number_of_groups()));
        own.push(self.keys.number_of_groups());
        let is_record = |name: &[u8]| self.groups.iter().any(|group| name.starts_with(group.keys.records()));
        for node in self.masters().await? {
            survey.server.push((node.address.to_string(), told_of(&node).await?));
            let counted = |name: &[u8]| match name {
                name if name.starts_with(&entries) => survey.entries += 1,
                name if is_record(name) => survey.records += 1,
                name if name.starts_with(&leases) => survey.leases += 1,
                name if own.iter().any(|own| own == name) => {}
                _ => survey.others += 1,
            };
            each_name(&node.lane, b"*", &mut seen, progress, counted).await?;
        }
        Ok(survey)
    }

    /// All nodes that serve something, as the cluster sees it now.
    async fn masters(&self) -> Result<Vec<Arc<Node>>, Failure> {
        self.nodes.learn(None, self.nodes.deadline()).await?;
        Ok(self.nodes.masters())
    }
}

fn dependency(name: DependsOn, stored: Version, record: Record) -> Dependency {
    let record = match record {
        Record::Absent => RecordState::Absent,
        Record::Free(version) => RecordState::Free(version),
        Record::Held => RecordState::Held,
    };
    Dependency { name, stored, record }
}

/// One line about a node.
async fn told_of(node: &Node) -> Result<String, Failure> {
    let lines = about_itself(&node.lane, &TOLD).await?;
    Ok(lines.into_iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", "))
}
