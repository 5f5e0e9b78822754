//! Asks all sentinels at once who the master is. The answer that knows of the most failovers counts: a sentinel may have been cut off, or
//! not have heard of the last one yet.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, Pipeline, RedisError, Value, cmd, from_redis_value,
};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::lost::Lost;
use crate::failure::Failure;

/// Once one has answered, the others are waited for no longer than this part of the time.
const OTHERS: u32 = 8;

/// A server that sentinels call the master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) host: String,
    pub(super) port: u16,
    /// Which failover has made it the master; 0 where the sentinel does not let us ask.
    pub(super) epoch: u64,
    /// How many sentinels have answered.
    pub(super) votes: usize,
    /// The term in which they were asked.
    pub(super) term: u64,
}

impl Named {
    pub(super) fn address(&self) -> String {
        let Self { host, port, .. } = self;
        format!("{host}:{port}")
    }
}

/// What the sentinels say, within so much time.
pub(super) async fn all(sentinels: &[ConnectionInfo], name: &Arc<str>, within: Duration) -> Result<Named, Lost> {
    let mut asking = JoinSet::new();
    for sentinel in sentinels {
        let (sentinel, name) = (sentinel.clone(), Arc::clone(name));
        asking.spawn(async move {
            let asked = timeout(within, one(&sentinel, &name)).await.unwrap_or(Err(Failure::Late(within)));
            (sentinel.addr().to_string(), asked)
        });
    }
    let (mut heard, mut until) = (Heard::default(), Instant::now() + 2 * within);
    while let Ok(Some(asked)) = timeout_at(until, asking.join_next()).await {
        let Ok((sentinel, answer)) = asked else { continue };
        if matches!(answer, Ok(Some(_))) {
            until = until.min(Instant::now() + within / OTHERS);
        }
        heard.add(sentinel, answer);
    }
    heard.best(name)
}

/// What was answered so far.
#[derive(Debug, Default)]
struct Heard {
    named: Vec<Named>,
    /// Sentinels that do not know the name.
    ignorant: Vec<String>,
    failed: Vec<String>,
}

impl Heard {
    fn add(&mut self, sentinel: String, answer: Result<Option<Named>, Failure>) {
        match answer {
            Ok(Some(named)) => self.named.push(named),
            Ok(None) => self.ignorant.push(sentinel),
            Err(failure) if is_of_a_server(&failure) => {
                self.failed.push(format!("{sentinel} is no sentinel (most listen on port 26379)"));
            }
            Err(failure) => self.failed.push(format!("{sentinel}: {failure}")),
        }
    }

    /// The latest; among several of those, whom most name.
    fn best(self, name: &str) -> Result<Named, Lost> {
        let supporters = |named: &Named| self.named.iter().filter(|other| *other == named).count();
        match self.named.iter().max_by_key(|named| (named.epoch, supporters(named))) {
            Some(best) => Ok(Named { votes: self.named.len(), ..best.clone() }),
            None if self.ignorant.is_empty() => {
                Err(Lost::Silence { name: name.to_owned(), each: self.failed.join("; ") })
            }
            None => Err(Lost::Unknown { name: name.to_owned(), asked: self.ignorant.join(", ") }),
        }
    }
}

/// A server of data has never heard of the command.
fn is_of_a_server(failure: &Failure) -> bool {
    matches!(failure, Failure::Redis(error) if error.detail().is_some_and(|detail| detail.contains("unknown command")))
}

async fn one(sentinel: &ConnectionInfo, name: &str) -> Result<Option<Named>, Failure> {
    // No time of its own: whoever asks has one.
    let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
    let client = Client::open(sentinel.clone())?;
    who(&mut client.get_multiplexed_async_connection_with_config(&config).await?, name).await
}

/// Whom one sentinel names on an open connection.
pub(super) async fn who(connection: &mut MultiplexedConnection, name: &str) -> Result<Option<Named>, Failure> {
    let mut questions = Pipeline::with_capacity(2);
    // The count first: so it is never higher than that of the address.
    questions.add_command(question("MASTER", name)).add_command(question("GET-MASTER-ADDR-BY-NAME", name));
    let mut answers = connection.send_packed_commands(&questions, 0, 2).await?.into_iter();
    let (details, address) = (answers.next().unwrap_or_default(), answers.next().unwrap_or_default());
    let address: Option<(String, u16)> = from_redis_value(address.extract_error()?).map_err(RedisError::from)?;
    let named = |(host, port)| Named { host, port, epoch: epoch(details), votes: 1, term: 0 };
    Ok(address.map(named))
}

fn question(what: &str, name: &str) -> Cmd {
    let mut question = cmd("SENTINEL");
    question.arg(what).arg(name);
    question
}

/// Not every user of a sentinel may ask for it.
fn epoch(details: Value) -> u64 {
    let details: HashMap<String, Value> = from_redis_value(details).unwrap_or_default();
    let epoch = details.into_iter().find_map(|(name, value)| (name == "config-epoch").then_some(value));
    epoch.and_then(|epoch| from_redis_value(epoch).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(port: u16, epoch: u64) -> Result<Option<Named>, Failure> {
        Ok(Some(Named { host: "h".to_owned(), port, epoch, votes: 1, term: 0 }))
    }

    fn best(answers: impl IntoIterator<Item = Result<Option<Named>, Failure>>) -> Result<(u16, usize), String> {
        let mut heard = Heard::default();
        answers.into_iter().enumerate().for_each(|(place, answer)| heard.add(format!("s{place}"), answer));
        heard.best("shop").map(|named| (named.port, named.votes)).map_err(|lost| lost.to_string())
    }

    #[test]
    fn the_latest_failover_counts_whoever_knows_of_it_and_then_the_number_of_those_who_do() {
        assert_eq!(best([named(1, 4), named(2, 5), named(1, 4)]), Ok((2, 3)));
        assert_eq!(best([named(1, 0), named(2, 0), named(2, 0), Ok(None)]), Ok((2, 3)));
    }

    #[test]
    fn who_knows_nothing_and_who_says_nothing_is_told_apart() {
        let unknown = best([Ok(None), Err(Failure::Late(Duration::from_secs(1)))]).unwrap_err();
        assert!(unknown.contains("do not know a master called `shop`") && unknown.contains("(asked: s0)"), "{unknown}");
        let silence = best([Err(Failure::ended()), Err(Failure::Late(Duration::from_secs(1)))]).unwrap_err();
        assert!(silence.starts_with("no sentinel names the master of `shop`: s0: "), "{silence}");
        assert!(silence.contains("; s1: there was no answer within 1s"), "{silence}");
    }
}
