//! What takes away: invalidations, the marks of writers, leases. Each group that has names of it is told at the same time.

use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::redis::{Pipeline, RedisWrite, Value, cmd};
use easy_cache_core::Tag;
use easy_cache_core::store::{Leased, Mark, Version};
use futures_util::future::join_all;
use tokio::time::Instant;

use super::group::Group;
use super::slots::slot_of;
use super::store::Inner;
use crate::failure::Failure;
use crate::scripts::{self, Lua};
use crate::writing::{AT_ONCE, LONGEST_HOLD, about, flush, invalidation};

impl Inner {
    pub(crate) async fn invalidate_names(&self, tags: &[Tag], keys: &[&[u8]]) -> Result<(), Failure> {
        let parts = self.split(keys, tags);
        let told = parts.into_iter().map(|part| async move {
            let group = &self.groups[part.group];
            self.tell(group, &scripts::INVALIDATE, invalidation(&group.keys, &part.names)?).await?;
            group.recent.note(part.names, Instant::now());
            Ok(())
        });
        all(told).await
    }

    pub(crate) async fn flush(&self) -> Result<(), Failure> {
        let told = self.groups.iter().map(|group| async move {
            self.tell(group, &scripts::FLUSH, flush(&group.keys)?).await?;
            group.recent.note_everything(Instant::now());
            Ok(())
        });
        all(told).await
    }

    pub(crate) async fn put_marks(&self, mark: Mark<'_>, within: Duration) -> Result<(), Failure> {
        let within = (within.min(LONGEST_HOLD).as_micros() as u64).to_string();
        self.mark(&scripts::HOLD, mark, &[mark.writer.as_bytes(), within.as_bytes()]).await
    }

    pub(crate) async fn take_marks(&self, mark: Mark<'_>) -> Result<(), Failure> {
        self.mark(&scripts::RELEASE, mark, &[mark.writer.as_bytes()]).await
    }

    async fn mark(&self, script: &Lua, mark: Mark<'_>, terms: &[&[u8]]) -> Result<(), Failure> {
        let marked: Vec<(&Arc<Group>, Vec<Vec<u8>>)> = match mark.tags {
            Some(tags) => {
                self.split(&[], tags).into_iter().map(|part| (&self.groups[part.group], part.names)).collect()
            }
            None => self.groups.iter().map(|group| (group, vec![group.keys.epoch()])).collect(),
        };
        let told = marked.into_iter().map(|(group, names)| async move {
            let mut commands = Pipeline::new();
            for names in names.chunks(AT_ONCE) {
                commands.add_command(about(&group.keys, script, names, terms)?);
            }
            self.tell(group, script, commands).await
        });
        all(told).await
    }

    async fn tell(&self, group: &Group, script: &Lua, commands: Pipeline) -> Result<(), Failure> {
        self.nodes.run(group.slot, &commands, Some(script), self.nodes.deadline()).await.map(drop)
    }

    pub(crate) async fn take_lease(&self, key: &[u8], holder: Version, within: Duration) -> Result<Leased, Failure> {
        let name = self.keys.lease(key);
        let mut set = cmd("SET");
        set.write_arg(&name);
        set.write_arg(holder.as_bytes());
        set.arg("NX").arg("PX").arg((within.as_millis() as u64).max(1));
        let mut commands = Pipeline::new();
        commands.add_command(set);
        let answers = self.nodes.run(slot_of(&name), &commands, None, self.nodes.deadline()).await?;
        match answers.first() {
            Some(Value::Okay) => Ok(Leased::Yours),
            Some(Value::Nil) => Ok(Leased::Taken),
            _ => Err(Failure::Garbled("no answer about a lease")),
        }
    }

    pub(crate) async fn give_lease_back(&self, key: &[u8], holder: Version) -> Result<(), Failure> {
        let name = self.keys.lease(key);
        let mut end = scripts::END_LEASE.run(1);
        end.write_arg(&name);
        end.write_arg(holder.as_bytes());
        let mut commands = Pipeline::new();
        commands.add_command(end);
        let script = Some(&*scripts::END_LEASE);
        self.nodes.run(slot_of(&name), &commands, script, self.nodes.deadline()).await.map(drop)
    }
}

/// All of them are carried out, whatever becomes of the others.
async fn all(told: impl Iterator<Item = impl Future<Output = Result<(), Failure>>>) -> Result<(), Failure> {
    join_all(told).await.into_iter().collect()
}
