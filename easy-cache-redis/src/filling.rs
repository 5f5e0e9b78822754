//! Fills: the value goes to a place of its own, and a script decides in the same write whether it is moved into its place.

use std::time::Duration;

use deadpool_redis::redis::{Cmd, Pipeline, RedisWrite, Value, cmd};
use easy_cache_core::store::{Fill, Filled, Look};

use crate::failure::Failure;
use crate::greeting::fresh;
use crate::layout::{Sealed, bucket};
use crate::lookup::Fence;
use crate::scripts;
use crate::store::Inner;

/// How long a value lasts whose script was never run.
const ON_ITS_WAY: u64 = 60_000;
/// An entry lasts no longer than the records that it depends on, so none is kept for longer.
pub(crate) const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// How long an entry is kept.
pub(crate) fn lifetime(ttl: Option<Duration>) -> Duration {
    ttl.unwrap_or(LONGEST).min(LONGEST)
}

impl Inner {
    pub(crate) async fn offer(&self, fill: Fill<'_>) -> Result<Filled, Failure> {
        let Some(fence) = fill.fence.and_then(Fence::of) else { return Ok(Filled::NotKept) };
        if fill.ttl.is_some_and(|ttl| ttl < Duration::from_millis(1)) {
            return Ok(Filled::NotKept);
        }
        let mut look = Look::new(fill.key, fill.tags);
        look.kind = fill.kind;
        self.recipes.expect(&self.keys, look);
        let lane = self.lane_of(fill.key);
        let deadline = lane.deadline();
        let commands = self.commands(&fill, fence)?;
        let mut answer = lane.ask_all(&commands, Some(fence.generation), deadline).await;
        if matches!(&answer, Ok(answers) if answers.iter().any(is_of_a_script)) {
            let mut load = Pipeline::new();
            load.add_command(scripts::FILL.load());
            lane.ask_all(&load, Some(fence.generation), deadline).await?;
            answer = lane.ask_all(&commands, Some(fence.generation), deadline).await;
        }
        match answer {
            Ok(mut answers) => decided(answers.pop(), answers.pop()),
            Err(Failure::Replaced) => Ok(Filled::NotKept),
            Err(failure) => Err(failure),
        }
    }

    fn commands(&self, fill: &Fill<'_>, fence: Fence) -> Result<Pipeline, Failure> {
        let fresh = fresh()?;
        let waiting = self.keys.waiting(u128::from_be_bytes(*fresh.as_bytes()));
        let value = Sealed { order: fence.order, ttl: fill.ttl, tags: fill.tags, payload: fill.payload }.encode();
        let mut set = cmd("SET");
        [&waiting[..], &value, b"PX"].into_iter().for_each(|arg| set.write_arg(arg));
        set.arg(ON_ITS_WAY);
        let mut decide = scripts::FILL.run(6 + fill.tags.len());
        let own = [self.keys.order(), self.keys.buckets(), self.keys.epoch(), waiting];
        own.iter().for_each(|key| decide.write_arg(key));
        decide.write_arg(&self.keys.entry(fill.key, fill.kind));
        let (key, tags) = (self.keys.key(fill.key), fill.tags.iter().map(|tag| self.keys.tag(tag)));
        let names: Vec<Vec<u8>> = std::iter::once(key).chain(tags).collect();
        names.iter().for_each(|name| decide.write_arg(name));
        decide.write_arg(fresh.as_bytes());
        decide.write_arg(&fence.order.id);
        let ttl = lifetime(fill.ttl).as_millis() as u64;
        decide.arg(fence.order.sequence).arg(value.len()).arg(ttl);
        decide.write_arg(fill.epoch.as_ref().map_or(b"", |epoch| epoch.as_bytes().as_slice()));
        decide.write_arg(awaited(fill));
        self.describe(&mut decide, fill, &names);
        Ok([set, decide].into_iter().fold(Pipeline::with_capacity(2), |mut commands, command| {
            commands.add_command(command);
            commands
        }))
    }

    /// The bucket of each name, and its version if one was seen.
    fn describe(&self, decide: &mut Cmd, fill: &Fill<'_>, names: &[Vec<u8>]) {
        let mut seen: Vec<_> = fill.seen.iter().map(|seen| (&seen.tag, seen.version)).collect();
        seen.sort_unstable_by_key(|(tag, _)| *tag);
        let version = |tag| seen.binary_search_by(|(name, _)| (*name).cmp(tag)).ok().map(|at| seen[at].1);
        let versions = std::iter::once(None).chain(fill.tags.iter().map(version));
        for (name, version) in names.iter().zip(versions) {
            decide.arg(bucket(name));
            decide.write_arg(version.as_ref().map_or(b"", |version| version.as_bytes().as_slice()));
        }
    }
}

/// Whether somebody waits for the value, in the words of the scripts.
pub(crate) const fn awaited(fill: &Fill<'_>) -> &'static [u8] {
    if fill.awaited { b"1" } else { b"" }
}

pub(crate) fn is_of_a_script(answer: &Result<Value, Failure>) -> bool {
    answer.as_ref().is_err_and(Failure::is_of_a_script)
}

/// What the script has answered; if the value was not taken, that is what failed.
fn decided(decision: Option<Result<Value, Failure>>, sent: Option<Result<Value, Failure>>) -> Result<Filled, Failure> {
    let missing = || Err(Failure::Garbled("fewer answers than commands"));
    sent.unwrap_or_else(missing)?;
    match decision.unwrap_or_else(missing)? {
        Value::BulkString(word) => match word.as_slice() {
            b"kept" => Ok(Filled::Kept),
            b"outdated" => Ok(Filled::Outdated),
            _ => Ok(Filled::NotKept),
        },
        _ => Err(Failure::Garbled("no decision about a value")),
    }
}
