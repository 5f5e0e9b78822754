//! Listens to what sentinels announce, all of them at once: a failover that somebody has asked for leaves the former master in its place
//! for some seconds, and one that has hung wakes up as what it was. Connections to it do not break by themselves.
//!
//! Nothing depends on it: who cannot listen notices when a connection ends.

use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{AsyncConnectionConfig, Client, ConnectionInfo, PushInfo, PushKind, Value, cmd};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::ask::who;
use super::head::Head;
use super::speaking_first;
use crate::backoff::Backoff;
use crate::failure::Failure;

/// A replica was made the master; and, from the others, that it is known now.
const CHANNELS: [&str; 2] = ["+promoted-slave", "+switch-master"];
/// How long a line may be silent before it is tried.
const QUIET: Duration = Duration::from_secs(15);

/// The tasks that listen. They end with this.
#[derive(Debug, Default)]
pub(super) struct Watch(Vec<JoinHandle<()>>);

impl Watch {
    /// Begins, or begins again where the runtime has ended that it was on.
    pub(super) fn go_on(&mut self, sentinels: &[ConnectionInfo], name: &Arc<str>, head: &Arc<Head>, dial: Duration) {
        if self.0.iter().any(|task| !task.is_finished()) {
            return;
        }
        let ear = |sentinel: &ConnectionInfo| Ear {
            sentinel: speaking_first(sentinel.clone()),
            name: Arc::clone(name),
            head: Arc::clone(head),
            dial,
        };
        self.0 = sentinels.iter().map(|sentinel| tokio::spawn(ear(sentinel).go_on())).collect();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

/// One sentinel that is listened to.
struct Ear {
    sentinel: ConnectionInfo,
    name: Arc<str>,
    head: Arc<Head>,
    dial: Duration,
}

impl Ear {
    async fn go_on(self) {
        let mut backoff = Backoff::default();
        loop {
            let failure = self.listen(&mut backoff).await;
            // Nobody waits for it: more slowly than what somebody does.
            let pause = 5 * backoff.failed(failure.clone(), Instant::now());
            tracing::debug!(sentinel = %self.sentinel.addr(), %failure, ?pause, "a sentinel is not heard");
            sleep(pause).await;
        }
    }

    /// One connection, from its beginning to its end.
    async fn listen(&self, backoff: &mut Backoff) -> Failure {
        let ended = Arc::new(Notify::new());
        match timeout(self.dial, self.begin(&ended, backoff)).await {
            Ok(Ok(mut connection)) => loop {
                if timeout(QUIET, ended.notified()).await.is_ok() {
                    return Failure::ended();
                }
                match timeout(self.dial, connection.send_packed_command(&cmd("PING"))).await {
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => return error.into(),
                    Err(_) => return Failure::Late(self.dial),
                }
            },
            Ok(Err(failure)) => failure,
            Err(_) => Failure::Late(self.dial),
        }
    }

    async fn begin(&self, ended: &Arc<Notify>, backoff: &mut Backoff) -> Result<MultiplexedConnection, Failure> {
        let (head, name, ended) = (Arc::clone(&self.head), Arc::clone(&self.name), Arc::clone(ended));
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_push_sender(move |push: PushInfo| {
                if push.kind == PushKind::Disconnection {
                    ended.notify_one();
                } else if let (PushKind::Message, Some(master)) = (push.kind, announced(&push.data, &name)) {
                    head.announce(master);
                }
                Ok::<(), ()>(())
            });
        let client = Client::open(self.sentinel.clone())?;
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        connection.subscribe(CHANNELS.as_slice()).await?;
        backoff.succeeded();
        // What was announced before it could be heard.
        if let Some(named) = who(&mut connection, &self.name).await? {
            self.head.catch_up(named.address(), named.epoch);
        }
        Ok(connection)
    }
}

/// Whom a message makes the master of this name.
fn announced(message: &[Value], name: &str) -> Option<String> {
    let [Value::BulkString(channel), Value::BulkString(text)] = message else { return None };
    let text = str::from_utf8(text).ok()?;
    let words: Vec<_> = text.split(' ').collect();
    let (whose, host, port) = match (channel.as_slice(), words.as_slice()) {
        (b"+switch-master", [whose, _, _, host, port]) => (whose, host, port),
        (b"+promoted-slave", ["slave", _, host, port, "@", whose, ..]) => (whose, host, port),
        _ => return None,
    };
    (*whose == name).then(|| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announcement_is_of_one_master_and_says_where_the_next_one_is() {
        let said = |channel: &str, text: &str| {
            let bytes = |text: &str| Value::BulkString(text.as_bytes().to_vec());
            announced(&[bytes(channel), bytes(text)], "shop")
        };
        let next = Some("10.0.0.2:6380".to_owned());
        assert_eq!(said("+switch-master", "shop 10.0.0.1 6379 10.0.0.2 6380"), next);
        assert_eq!(said("+promoted-slave", "slave 10.0.0.2:6380 10.0.0.2 6380 @ shop 10.0.0.1 6379"), next);
        for (channel, text) in [
            ("+switch-master", "till 10.0.0.1 6379 10.0.0.2 6380"),
            ("+promoted-slave", "slave 10.0.0.2:6380 10.0.0.2 6380 @ till 10.0.0.1 6379"),
            ("+switch-master", "shop"),
            ("+sdown", "master shop 10.0.0.1 6379"),
        ] {
            assert_eq!(said(channel, text), None, "{channel} {text}");
        }
    }
}
