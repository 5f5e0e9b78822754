//! One connection that all callers share, and its replacement: one dial at a time, with a growing pause between failures, and
//! nobody waits for longer than an operation may take.
//!
//! Every connection has a generation. What was noted on one (a fence) is worth nothing on the next: the server behind it may be
//! another one, with older data.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{Cmd, Pipeline, Value};
use easy_cache_core::store::Backoff;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::{Instant, timeout, timeout_at};

use crate::failure::Failure;
use crate::greeting::Greeting;
use crate::names::Names;
use crate::probe::Probe;
use crate::sentinel::{Leave, Lost, Standing};
use crate::together::Found;
use crate::wire::{Connected, Driver, Reply, Supply, Told, Wire, command};

/// Consecutive operations without an answer that end a connection: one may be slow, two are a dead line.
const LATE: u32 = 2;

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) operation: Duration,
    pub(crate) dial: Duration,
    /// How old an answer may get that the server is the master.
    pub(crate) master: Duration,
}

/// A connection in use.
pub(crate) struct Live {
    pub(crate) generation: u64,
    /// The server's name for itself, which it changes at every start.
    pub(crate) server: String,
    /// Microseconds by the server's clock at a moment of this process.
    clock: (u64, std::time::Instant),
    connection: MultiplexedConnection,
    /// Where lookups go past the client library, if they can.
    wire: Option<Arc<Wire>>,
    /// Whether the server is still the master. Nodes of a cluster say so unasked.
    probe: Option<Probe>,
    /// Under which master, where that may change.
    standing: Option<Standing>,
    _driver: Option<Driver>,
}

impl Live {
    /// Where questions are asked past the client library, if this connection has such a place.
    #[cfg(feature = "cluster")]
    pub(crate) fn wire(&self) -> Option<&Wire> {
        self.wire.as_deref()
    }

    /// How long ago something was stored at this moment of the server's clock. The calendar of this process has no part in it.
    pub(crate) fn age_of(&self, stored: u64) -> Duration {
        let (then, at) = self.clock;
        (Duration::from_micros(then) + at.elapsed()).saturating_sub(Duration::from_micros(stored))
    }
}

/// A place for one connection.
pub(crate) struct Lane {
    supply: Supply,
    limits: Limits,
    greeting: Greeting,
    live: ArcSwapOption<Live>,
    dial: Arc<Mutex<Backoff<Failure>>>,
    failing: AtomicBool,
    generations: AtomicU64,
    unanswered: AtomicU32,
}

impl Lane {
    pub(crate) fn new(supply: Supply, limits: Limits, greeting: Greeting) -> Self {
        Self {
            supply,
            limits,
            greeting,
            live: ArcSwapOption::empty(),
            dial: Arc::default(),
            failing: AtomicBool::new(false),
            generations: AtomicU64::new(0),
            unanswered: AtomicU32::new(0),
        }
    }

    /// What a caller is told who has waited for long enough.
    pub(crate) const fn late(&self) -> Failure {
        Failure::Late(self.limits.operation)
    }

    /// Until when an operation that begins now may take.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.limits.operation
    }

    /// One command, one answer.
    pub(crate) async fn ask(self: &Arc<Self>, command: &Cmd, deadline: Instant) -> Result<(Arc<Live>, Value), Failure> {
        let live = self.live(deadline).await?;
        let mut connection = live.connection.clone();
        let answer = match timeout_at(deadline, connection.send_packed_command(command)).await {
            // Not those in a list: what is asked here answers with values, or is refused as a whole.
            Ok(Ok(refusal @ Value::ServerError(_))) => refusal.extract_error().map_err(Failure::from),
            Ok(answer) => answer.map_err(Failure::from),
            Err(_) => Err(self.late()),
        };
        self.judge(&live, answer.as_ref().err());
        Ok((live, answer?))
    }

    /// A command that asks for so many strings, in parts, as it is sent; and its reply.
    pub(crate) async fn look(
        self: &Arc<Self>,
        parts: [&[u8]; 3],
        count: usize,
        deadline: Instant,
    ) -> Result<(Arc<Live>, Reply), Failure> {
        let live = self.live(deadline).await?;
        if let Some(probe) = live.probe.as_ref().filter(|probe| probe.is_due(deadline))
            && let Some(answer) = Box::pin(self.look_and_ask(&live, probe, parts, count, deadline)).await
        {
            return answer.map(|reply| (live, reply));
        }
        let Some(wire) = &live.wire else {
            let (live, value) = Box::pin(self.ask(&command(&parts.concat()), deadline)).await?;
            return Ok((live, Reply::read(value, count)?));
        };
        let reply = match timeout_at(deadline, wire.ask(parts)).await {
            Ok(Ok(arrived)) => Reply::of(arrived, count),
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err(self.late()),
        };
        self.judge(&live, reply.as_ref().err());
        Ok((live, reply?))
    }

    /// A lookup that shares its command with those that ask at the same time; nothing if they cannot on this
    /// connection, or if the server has to be asked first whether it is the master: then it goes by itself.
    pub(crate) async fn look_together(
        self: &Arc<Self>,
        begin: &Arc<[u8]>,
        names: &Arc<Names>,
        deadline: Instant,
    ) -> Option<Result<(Arc<Live>, Found), Failure>> {
        let live = match self.live(deadline).await {
            Ok(live) => live,
            Err(failure) => return Some(Err(failure)),
        };
        if live.probe.as_ref().is_some_and(|probe| probe.is_to_be_asked(deadline)) {
            return None;
        }
        let wire = live.wire.as_ref()?;
        let found = match wire.ask_together(begin, names, deadline).await {
            Ok(Told::Found(found)) => Ok(found),
            Ok(Told::Late) => Err(self.late()),
            Ok(Told::Failed(failure)) | Err(failure) => Err(failure),
        };
        self.judge(&live, found.as_ref().err());
        Some(found.map(|found| (live, found)))
    }

    /// Several commands in one write, an answer or a refusal for each; on the connection of this generation, if it has to be.
    pub(crate) async fn ask_all(
        self: &Arc<Self>,
        commands: &Pipeline,
        generation: Option<u64>,
        deadline: Instant,
    ) -> Result<Vec<Result<Value, Failure>>, Failure> {
        let live = self.live(deadline).await?;
        if generation.is_some_and(|generation| generation != live.generation) {
            return Err(Failure::Replaced);
        }
        let mut connection = live.connection.clone();
        let answers = timeout_at(deadline, connection.send_packed_commands(commands, 0, commands.len())).await;
        let answers = match answers {
            Ok(answers) => answers.map_err(Failure::from),
            Err(_) => Err(self.late()),
        };
        self.judge(&live, answers.as_ref().err());
        let answers: Vec<_> =
            answers?.into_iter().map(|answer| answer.extract_error().map_err(Failure::from)).collect();
        answers.iter().filter_map(|answer| answer.as_ref().err()).for_each(|failure| self.judge(&live, Some(failure)));
        Ok(answers)
    }

    /// What is asked past the client library, on this connection.
    #[cfg(feature = "cluster")]
    pub(crate) async fn answered<T>(
        &self,
        live: &Arc<Live>,
        asked: impl Future<Output = Result<T, Failure>>,
        deadline: Instant,
    ) -> Result<T, Failure> {
        let answer = timeout_at(deadline, asked).await.unwrap_or_else(|_| Err(self.late()));
        self.judge(live, answer.as_ref().err());
        answer
    }

    /// The connection, if there is one; else it is dialled.
    pub(crate) async fn live(self: &Arc<Self>, deadline: Instant) -> Result<Arc<Live>, Failure> {
        match self.live.load_full() {
            Some(live) => Ok(live),
            // Behind a pointer: it is rare, and takes more room than all else that an operation does.
            None => Box::pin(self.dialled(deadline)).await,
        }
    }

    async fn dialled(self: &Arc<Self>, deadline: Instant) -> Result<Arc<Live>, Failure> {
        let late = |_| self.late();
        let turn = Arc::clone(&self.dial);
        let mut turn = match self.failing.load(Ordering::Relaxed) {
            false => timeout_at(deadline, turn.lock_owned()).await.map_err(late)?,
            // Somebody tries already, and may wait for long: this caller need not.
            true => turn.try_lock_owned().map_err(|_| Failure::Dialling)?,
        };
        if let Some(live) = self.live.load_full() {
            return Ok(live);
        }
        if let Some(last) = turn.refusal(Instant::now()).cloned() {
            return Err(Failure::BackingOff(Box::new(last)));
        }
        let lane = Arc::clone(self);
        // A task of its own: it goes on if this caller is dropped, so that impatient callers do not keep it from ever succeeding.
        let dialling = tokio::spawn(async move { lane.open(&mut turn).await });
        match timeout_at(deadline, dialling).await {
            Ok(Ok(opened)) => opened,
            Ok(Err(_)) => Err(Failure::Pool("the runtime has ended".to_owned())),
            Err(elapsed) => Err(late(elapsed)),
        }
    }

    async fn open(&self, turn: &mut OwnedMutexGuard<Backoff<Failure>>) -> Result<Arc<Live>, Failure> {
        let opened = match timeout(self.limits.dial, self.connect()).await {
            Ok(opened) => opened,
            Err(_) => Err(Failure::Late(self.limits.dial)),
        };
        self.failing.store(opened.is_err(), Ordering::Relaxed);
        match &opened {
            Ok(live) => {
                turn.succeeded();
                self.unanswered.store(0, Ordering::Relaxed);
                self.live.store(Some(Arc::clone(live)));
                // Another master may have been found meanwhile.
                self.leave();
                tracing::debug!(generation = live.generation, "connected to redis");
            }
            Err(failure) => {
                let pause = turn.failed(failure.clone(), Instant::now());
                tracing::warn!(%failure, ?pause, "failed to connect to redis");
                if failure.is_of_a_replica() {
                    self.supply.let_go();
                }
            }
        }
        opened
    }

    async fn connect(&self) -> Result<Arc<Live>, Failure> {
        let Connected { mut connection, wire, driver, standing } = self.supply.connect().await?;
        let (server, clock) = self.greeting.exchange(&mut connection).await?;
        let keys = self.greeting.whose.as_ref().map(|(keys, _)| keys);
        let probe = Probe::begin(&mut connection, keys, self.limits).await?;
        if standing.as_ref().is_some_and(|standing| !standing.holds()) {
            return Err(Lost::Replaced.into());
        }
        let generation = self.generations.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(Arc::new(Live { generation, server, clock, connection, wire, probe, standing, _driver: driver }))
    }

    /// What an operation has met decides about the connection: only about the one it went over.
    pub(crate) fn judge(&self, live: &Arc<Live>, failure: Option<&Failure>) {
        let ends = match failure {
            None => {
                if self.unanswered.load(Ordering::Relaxed) != 0 {
                    self.unanswered.store(0, Ordering::Relaxed);
                }
                false
            }
            Some(Failure::Late(_)) => self.unanswered.fetch_add(1, Ordering::Relaxed) + 1 >= LATE,
            Some(failure) => failure.ends_the_connection(),
        };
        if let (true, Some(failure)) = (ends, failure) {
            self.replace(live, failure);
        }
    }

    /// The server that tells a near cache is this one: a connection to another one is replaced, and where it is not known which
    /// it leads to, that is asked. What one server changes the other does not tell.
    pub(crate) fn agree(&self, server: &str) {
        let Some(live) = self.live.load_full() else { return };
        if server.is_empty() || live.server.is_empty() {
            live.probe.iter().for_each(Probe::doubt);
        } else if live.server != server {
            self.replace(&live, &Failure::Replaced);
        }
    }

    /// Whether that is still so, as far as the servers tell.
    pub(crate) fn agrees(&self, server: &str) -> bool {
        let live = self.live.load();
        live.as_ref().is_none_or(|live| server.is_empty() || live.server.is_empty() || live.server == server)
    }

    fn replace(&self, live: &Arc<Live>, failure: &Failure) {
        let before = self.live.compare_and_swap(live, None);
        if before.as_ref().is_some_and(|before| Arc::ptr_eq(before, live)) {
            tracing::warn!(%failure, generation = live.generation, "the connection to redis is replaced");
            if failure.is_of_a_replica() {
                // Others in the pool lead to the same server.
                self.supply.let_go();
            }
        }
    }
}

impl Leave for Lane {
    fn leave(&self) {
        if let Some(live) = self.live.load_full()
            && live.standing.as_ref().is_some_and(|standing| !standing.holds())
        {
            self.replace(&live, &Lost::Replaced.into());
        }
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("generations", &self.generations).finish_non_exhaustive()
    }
}
