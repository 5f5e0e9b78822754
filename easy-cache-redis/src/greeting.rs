//! What a new connection begins with: the scripts are made known, and the server is asked who it is. If it is not the one on
//! which the namespace was begun, it may lack invalidations, and the namespace is emptied.

use std::sync::Arc;
use std::time::Instant;

use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{Cmd, Pipeline, RedisError, Value, cmd, from_redis_value};
use easy_cache_core::store::Version;

use crate::failure::Failure;
use crate::layout::Keys;
use crate::recent::{Again, Recent};
use crate::{scripts, writing};

/// For which namespace a connection is opened, and what a restart of the server means.
#[derive(Debug, Clone)]
pub(crate) struct Greeting {
    /// The namespace, and what of it the server may not have heard of. Not on a cluster: a node is opened before it is known
    /// which groups are on it.
    pub(crate) whose: Option<(Keys, Arc<Recent>)>,
    /// Whether data from before a restart is used.
    pub(crate) keeps_across_restarts: bool,
}

impl Greeting {
    /// Yields the server's name for itself (empty if it does not tell, or if that does not matter), and its clock.
    pub(crate) async fn exchange(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> Result<(String, (u64, Instant)), Failure> {
        let mut commands = Pipeline::new();
        scripts::all().into_iter().for_each(|script| _ = commands.add_command(script.load()));
        #[cfg(feature = "cluster")]
        if self.whose.is_none() {
            commands.add_command(scripts::ACQUIRE.load());
        }
        commands.add_command(cmd("INFO").arg("server").take()).add_command(cmd("TIME"));
        // From before it was asked: nothing is then taken for younger than it is.
        let asked = Instant::now();
        let mut answers = connection.send_packed_commands(&commands, 0, commands.len()).await?;
        let clock = (microseconds(answers.pop().unwrap_or_default())?, asked);
        let info = answers.pop().unwrap_or_default();
        for answer in answers {
            answer.extract_error()?;
        }
        let server = if self.keeps_across_restarts { String::new() } else { run_id(info) };
        if let Some((keys, recent)) = &self.whose {
            let answer = connection.send_packed_command(&command(keys, &server)?).await?.extract_error()?;
            let again = repetition(keys, recent)?;
            if !empties(&answer) && !again.is_empty() {
                for answer in connection.send_packed_commands(&again, 0, again.len()).await? {
                    answer.extract_error()?;
                }
            }
        }
        Ok((server, clock))
    }
}

/// Makes the namespace's own records where they are missing.
pub(crate) fn command(keys: &Keys, server: &str) -> Result<Cmd, Failure> {
    let mut command = scripts::GREET.run_as_text(3);
    command.arg(keys.order()).arg(keys.buckets()).arg(keys.epoch());
    command.arg(fresh()?.as_bytes()).arg(server);
    Ok(command)
}

/// Whether nothing of the namespace is left, by the answer to that.
pub(crate) fn empties(answer: &Value) -> bool {
    *answer == Value::BulkString(b"emptied".to_vec())
}

/// What was invalidated a moment ago, once more.
pub(crate) fn repetition(keys: &Keys, recent: &Recent) -> Result<Pipeline, Failure> {
    match recent.again(tokio::time::Instant::now()) {
        Again::Names(names) => writing::invalidation(keys, &names),
        Again::Everything => writing::flush(keys),
    }
}

/// Sixteen bytes that were never used before.
pub(crate) fn fresh() -> Result<Version, Failure> {
    Version::random().map_err(|_| Failure::Pool("the system has no random bytes".to_owned()))
}

fn microseconds(time: Value) -> Result<u64, Failure> {
    let (seconds, rest): (u64, u64) = from_redis_value(time.extract_error()?).map_err(RedisError::from)?;
    Ok(seconds.saturating_mul(1_000_000).saturating_add(rest))
}

/// A server without this line, or one that does not answer `INFO`, tells nothing.
pub(crate) fn run_id(info: Value) -> String {
    let text = match info {
        Value::BulkString(bytes) => String::from_utf8(bytes).unwrap_or_default(),
        Value::VerbatimString { text, .. } => text,
        _ => String::new(),
    };
    text.lines().find_map(|line| line.strip_prefix("run_id:")).unwrap_or_default().trim().to_owned()
}
