//! What takes away: invalidations, the marks of writers; and leases. Scripts of a bounded number of names, in one write.

use std::time::Duration;

use deadpool_redis::redis::{Cmd, Pipeline, RedisWrite, Value, cmd};
use easy_cache_core::Tag;
use easy_cache_core::store::{Leased, Mark, Version};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::greeting::fresh;
use crate::layout::{Keys, bucket};
use crate::scripts::{self, Lua};
use crate::store::Inner;

/// Names in one script: the server does nothing else meanwhile.
pub(crate) const AT_ONCE: usize = 200;
/// The longest hold; the scripts know it as well.
pub(crate) const LONGEST_HOLD: Duration = Duration::from_secs(24 * 3600);

impl Inner {
    pub(crate) async fn invalidate_names(&self, tags: &[Tag], keys: &[&[u8]]) -> Result<(), Failure> {
        let keys = keys.iter().map(|key| self.keys.key(key));
        let names: Vec<Vec<u8>> = tags.iter().map(|tag| self.keys.tag(tag)).chain(keys).collect();
        self.carry_out(&scripts::INVALIDATE, &invalidation(&self.keys, &names)?).await?;
        self.recent.note(names, Instant::now());
        Ok(())
    }

    pub(crate) async fn flush(&self) -> Result<(), Failure> {
        self.carry_out(&scripts::FLUSH, &flush(&self.keys)?).await?;
        self.recent.note_everything(Instant::now());
        Ok(())
    }

    pub(crate) async fn put_marks(&self, mark: Mark<'_>, within: Duration) -> Result<(), Failure> {
        let within = (within.min(LONGEST_HOLD).as_micros() as u64).to_string();
        let mut commands = Pipeline::new();
        for names in self.marked(mark).chunks(AT_ONCE) {
            let terms = [mark.writer.as_bytes().as_slice(), within.as_bytes()];
            commands.add_command(about(&self.keys, &scripts::HOLD, names, &terms)?);
        }
        self.carry_out(&scripts::HOLD, &commands).await
    }

    pub(crate) async fn take_marks(&self, mark: Mark<'_>) -> Result<(), Failure> {
        let mut commands = Pipeline::new();
        for names in self.marked(mark).chunks(AT_ONCE) {
            commands.add_command(about(&self.keys, &scripts::RELEASE, names, &[mark.writer.as_bytes()])?);
        }
        self.carry_out(&scripts::RELEASE, &commands).await
    }

    pub(crate) async fn take_lease(&self, key: &[u8], holder: Version, within: Duration) -> Result<Leased, Failure> {
        let mut set = cmd("SET");
        set.write_arg(&self.keys.lease(key));
        set.write_arg(holder.as_bytes());
        set.arg("NX").arg("PX").arg((within.as_millis() as u64).max(1));
        let lane = self.lane_of(key);
        match lane.ask(&set, lane.deadline()).await?.1 {
            Value::Okay => Ok(Leased::Yours),
            Value::Nil => Ok(Leased::Taken),
            _ => Err(Failure::Garbled("no answer about a lease")),
        }
    }

    pub(crate) async fn give_lease_back(&self, key: &[u8], holder: Version) -> Result<(), Failure> {
        let mut end = scripts::END_LEASE.run(1);
        end.write_arg(&self.keys.lease(key));
        end.write_arg(holder.as_bytes());
        let mut commands = Pipeline::new();
        commands.add_command(end);
        self.carry_out(&scripts::END_LEASE, &commands).await
    }

    fn marked(&self, mark: Mark<'_>) -> Vec<Vec<u8>> {
        match mark.tags {
            Some(tags) => tags.iter().map(|tag| self.keys.tag(tag)).collect(),
            None => vec![self.keys.epoch()],
        }
    }

    /// Each of these scripts may run twice: what it takes away is gone already then.
    async fn carry_out(&self, script: &Lua, commands: &Pipeline) -> Result<(), Failure> {
        if commands.is_empty() {
            return Ok(());
        }
        let lane = self.lane();
        let deadline = lane.deadline();
        let mut answers = lane.ask_all(commands, None, deadline).await?;
        if answers.iter().any(|answer| answer.as_ref().is_err_and(Failure::is_of_a_script)) {
            let mut again = Pipeline::new();
            again.add_command(script.load());
            commands.cmd_iter().for_each(|command| _ = again.add_command(command.clone()));
            answers = lane.ask_all(&again, None, deadline).await?;
        }
        answers.into_iter().try_for_each(|answer| answer.map(drop))
    }
}

/// A script about names: the records of the namespace, theirs; sixteen fresh bytes, what else it has to know, their buckets.
pub(crate) fn about(keys: &Keys, script: &Lua, names: &[Vec<u8>], more: &[&[u8]]) -> Result<Cmd, Failure> {
    let mut command = script.run(3 + names.len());
    let epoch = keys.epoch();
    [&keys.order(), &keys.buckets(), &epoch].into_iter().for_each(|key| command.write_arg(key));
    names.iter().for_each(|name| command.write_arg(name));
    command.write_arg(fresh()?.as_bytes());
    more.iter().for_each(|arg| command.write_arg(arg));
    for name in names {
        if *name == epoch {
            command.write_arg(b"");
        } else {
            command.arg(bucket(name));
        }
    }
    Ok(command)
}

/// The commands of an invalidation.
pub(crate) fn invalidation(keys: &Keys, names: &[Vec<u8>]) -> Result<Pipeline, Failure> {
    let mut commands = Pipeline::new();
    for names in names.chunks(AT_ONCE) {
        commands.add_command(about(keys, &scripts::INVALIDATE, names, &[])?);
    }
    Ok(commands)
}

/// The command of an invalidation of everything.
pub(crate) fn flush(keys: &Keys) -> Result<Pipeline, Failure> {
    let mut commands = Pipeline::new();
    commands.add_command(about(keys, &scripts::FLUSH, &[], &[])?);
    Ok(commands)
}
