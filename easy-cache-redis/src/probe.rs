//! Whether a server is still the master. One that was replaced and is alive ends no connection by itself and refuses only writes: it goes on
//! answering those who do nothing but read, with what it had.
//!
//! So it is asked when a connection begins, and from then on along with a lookup, in the same write, once in a while. Lookups that come while
//! that answer is fresh ask nothing, those that come when it has got old believe what they find only together with the next. What another
//! answer means for the connection is `lane`'s.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{Cmd, Pipeline, RedisWrite, ServerErrorKind, Value, cmd};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::greeting;
use crate::lane::{Lane, Limits, Live};
use crate::layout::Keys;
use crate::wire::{Reply, command};

/// How a server is asked.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    way: Way,
    /// A name under which there is never anything.
    nothing: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Role,
    /// To delete nothing: for users that may not ask for a role, and for what does not know the command.
    Write,
}

impl Question {
    pub(crate) fn new(keys: &Keys) -> Self {
        Self { way: Way::Role, nothing: keys.waiting(0) }
    }

    /// Asks, and if that is refused in the other way, from now on.
    ///
    /// # Errors
    /// If the server is a replica, or nothing can be said.
    pub(crate) async fn ask(&mut self, connection: &mut MultiplexedConnection) -> Result<(), Failure> {
        let answer = answer(connection, &self.command()).await;
        if self.way == Way::Role && answer.as_ref().is_err_and(|failure| failure.code().is_some()) {
            self.way = Way::Write;
            return Box::pin(self.ask(connection)).await;
        }
        self.read(answer)
    }

    fn command(&self) -> Cmd {
        match self.way {
            Way::Role => cmd("ROLE"),
            Way::Write => {
                let mut delete = cmd("DEL");
                delete.write_arg(&self.nothing);
                delete
            }
        }
    }

    fn read(&self, answer: Result<Value, Failure>) -> Result<(), Failure> {
        match (self.way, answer) {
            (Way::Role, Ok(Value::Array(role))) => match role.first() {
                Some(Value::BulkString(word)) if word == b"master" => Ok(()),
                Some(Value::BulkString(_)) => Err(ServerErrorKind::ReadOnly.into()),
                _ => Err(Failure::Garbled("no role")),
            },
            // The connection ends, and the next one finds out how to ask.
            (Way::Role, Ok(_)) => Err(Failure::Garbled("no role")),
            (Way::Role, Err(failure)) if failure.code().is_some() => {
                Err(Failure::Garbled("it no longer tells its role"))
            }
            (Way::Role, Err(failure)) => Err(failure),
            (Way::Write, Ok(_)) => Ok(()),
            // What only masters answer; and who may not even ask this is left to believe.
            (Way::Write, Err(failure)) => match failure.code() {
                Some("NOREPLICAS" | "MISCONF" | "NOPERM") => Ok(()),
                _ => Err(failure),
            },
        }
    }
}

/// What is told on this connection, and what is looked up by these lanes, is one server's from now on. Yields its name for itself.
pub(crate) async fn agree(connection: &mut MultiplexedConnection, lanes: &[Arc<Lane>]) -> Result<String, Failure> {
    if lanes.is_empty() {
        return Ok(String::new());
    }
    // A server that refuses has no name.
    let info = connection.send_packed_command(cmd("INFO").arg("server")).await?;
    let server = greeting::run_id(info);
    lanes.iter().for_each(|lane| lane.agree(&server));
    Ok(server)
}

async fn answer(connection: &mut MultiplexedConnection, command: &Cmd) -> Result<Value, Failure> {
    Ok(connection.send_packed_command(command).await?.extract_error()?)
}

/// Before all deadlines.
const DOUBTED: u64 = 0;

/// What is known of the server of one connection, and since when.
pub(crate) struct Probe {
    question: Question,
    every: Duration,
    /// The deadline of an operation that began together with the connection. All times are those of deadlines, which operations have anyway.
    begun: Instant,
    /// The first deadline that comes too late for the latest answer, in nanoseconds since then.
    due: AtomicU64,
    asking: AtomicBool,
}

impl Probe {
    /// Asks for the first time.
    ///
    /// # Errors
    /// If the server is not the master.
    pub(crate) async fn begin(
        connection: &mut MultiplexedConnection,
        keys: Option<&Keys>,
        limits: Limits,
    ) -> Result<Option<Self>, Failure> {
        let Some(keys) = keys else { return Ok(None) };
        let (mut question, begun) = (Question::new(keys), Instant::now() + limits.operation);
        question.ask(connection).await?;
        let due = AtomicU64::new(nanoseconds(limits.master));
        Ok(Some(Self { question, every: limits.master, begun, due, asking: AtomicBool::new(false) }))
    }

    /// Everybody asks until there is an answer.
    pub(crate) fn doubt(&self) {
        self.due.store(DOUBTED, Ordering::Relaxed);
    }

    /// Whether the latest answer is too old for an operation with this deadline.
    pub(crate) fn is_due(&self, deadline: Instant) -> bool {
        self.moment(deadline) >= self.due.load(Ordering::Relaxed)
    }

    /// Whether who has this deadline would have to ask now.
    pub(crate) fn is_to_be_asked(&self, deadline: Instant) -> bool {
        self.is_due(deadline) && (!self.asking.load(Ordering::Relaxed) || self.is_late(deadline))
    }

    /// Whether who has this deadline has to ask: the first does, and if no answer comes for as long again, everybody.
    fn enter(&self, deadline: Instant) -> Option<Asking<'_>> {
        let is_first = !self.asking.swap(true, Ordering::Relaxed);
        let asking = Asking { probe: self, is_first };
        (is_first || self.is_late(deadline)).then_some(asking)
    }

    fn is_late(&self, deadline: Instant) -> bool {
        let due = self.due.load(Ordering::Relaxed);
        due == DOUBTED || self.moment(deadline) >= due.saturating_add(nanoseconds(self.every))
    }

    /// An operation with this deadline was told that the server is the master.
    fn proved(&self, deadline: Instant) {
        let due = self.moment(deadline).saturating_add(nanoseconds(self.every));
        self.due.fetch_max(due, Ordering::Relaxed);
    }

    fn moment(&self, deadline: Instant) -> u64 {
        nanoseconds(deadline.saturating_duration_since(self.begun))
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Somebody asks. Whoever is dropped meanwhile leaves it to the next.
struct Asking<'a> {
    probe: &'a Probe,
    is_first: bool,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if self.is_first {
            self.probe.asking.store(false, Ordering::Relaxed);
        }
    }
}

impl Lane {
    /// A lookup together with the question, in one write. `None`: somebody else asks already, and it can go by itself.
    pub(crate) async fn look_and_ask(
        self: &Arc<Self>,
        live: &Arc<Live>,
        probe: &Probe,
        parts: [&[u8]; 3],
        count: usize,
        deadline: Instant,
    ) -> Option<Result<Reply, Failure>> {
        let _asking = probe.enter(deadline)?;
        let mut commands = Pipeline::with_capacity(2);
        commands.add_command(probe.question.command()).add_command(command(&parts.concat()));
        let mut answers = match self.ask_all(&commands, Some(live.generation), deadline).await {
            Ok(answers) => answers.into_iter(),
            Err(failure) => return Some(Err(failure)),
        };
        let mut next = || answers.next().unwrap_or(Err(Failure::Garbled("fewer answers than commands")));
        let proved = probe.question.read(next()).and_then(|()| {
            probe.proved(deadline);
            Reply::read(next()?, count)
        });
        self.judge(live, proved.as_ref().err());
        Some(proved)
    }
}
