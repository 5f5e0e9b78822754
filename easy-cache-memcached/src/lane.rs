//! One connection to one server, which all callers share, and its replacement: one dial at a time, with a growing pause between
//! failures, and nobody waits for longer than an operation may take.
//!
//! Commands of many callers go out in one write, and their replies come back in the same order. Every connection has a generation:
//! numbers of the server that were met on one mean nothing on the next, since the server behind it may have started anew.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use easy_cache_core::store::Backoff;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use crate::failure::Failure;
use crate::protocol::{Commands, Replies, Reply};

/// Consecutive operations without an answer that end a connection: one may be slow, two are a dead line.
const LATE: u32 = 2;
/// Operations that may wait for one server. With more it is not slow but lost.
const WAITING: usize = 16_384;
/// Bytes that are written at once, about.
const WRITE: usize = 256 << 10;

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) operation: Duration,
    pub(crate) dial: Duration,
}

/// What waits for its replies.
struct Waiting {
    first: u32,
    count: u32,
    answer: oneshot::Sender<Result<Vec<Reply>, Failure>>,
}

struct Request {
    bytes: Vec<u8>,
    waiting: Waiting,
}

/// A connection in use.
pub(crate) struct Live {
    pub(crate) generation: u64,
    /// The highest of the server's numbers that was met on it.
    known: AtomicU64,
    requests: mpsc::Sender<Request>,
}

impl Live {
    /// The highest of the server's numbers that is known: whatever changes later gets a higher one.
    pub(crate) fn known(&self) -> u64 {
        self.known.load(Ordering::Acquire)
    }
}

/// A place for one connection.
pub(crate) struct Lane {
    address: String,
    /// What every connection begins with: the server's number for all buckets is there, and known.
    order: Vec<u8>,
    runtime: Handle,
    limits: Limits,
    live: ArcSwapOption<Live>,
    dial: Arc<Mutex<Backoff<Failure>>>,
    failing: AtomicBool,
    generations: AtomicU64,
    late: AtomicU32,
}

impl Lane {
    pub(crate) fn new(address: String, order: Vec<u8>, runtime: Handle, limits: Limits) -> Self {
        Self {
            address,
            order,
            runtime,
            limits,
            live: ArcSwapOption::empty(),
            dial: Arc::default(),
            failing: AtomicBool::new(false),
            generations: AtomicU64::new(0),
            late: AtomicU32::new(0),
        }
    }

    /// The connection, if there is one now.
    pub(crate) fn current(&self) -> Option<Arc<Live>> {
        self.live.load_full()
    }

    /// Sends commands in one write, over the connection of this generation if it has to be, and waits for all replies.
    pub(crate) async fn ask(
        self: &Arc<Self>,
        commands: Commands,
        generation: Option<u64>,
        deadline: Instant,
    ) -> Result<(Arc<Live>, Vec<Reply>), Failure> {
        let live = self.live(deadline).await?;
        if generation.is_some_and(|generation| generation != live.generation) {
            return Err(Failure::Replaced);
        }
        let answer = match self.send(&live, commands) {
            Err(failure) => Err(failure),
            Ok(answer) => match timeout_at(deadline, answer).await {
                Ok(Ok(replies)) => replies,
                Ok(Err(_)) => Err(Failure::Replaced),
                Err(_) => Err(Failure::Late(self.limits.operation)),
            },
        };
        self.judge(&live, answer.as_ref().err());
        answer.map(|replies| (live, replies))
    }

    /// Sends commands over this connection, and waits for nothing.
    pub(crate) fn send(
        &self,
        live: &Live,
        commands: Commands,
    ) -> Result<oneshot::Receiver<Result<Vec<Reply>, Failure>>, Failure> {
        let (answer, receiver) = oneshot::channel();
        let waiting = Waiting { first: commands.first(), count: commands.count(), answer };
        let request = Request { bytes: commands.into_bytes(), waiting };
        match live.requests.try_send(request) {
            Ok(()) => Ok(receiver),
            Err(mpsc::error::TrySendError::Full(_)) => Err(Failure::Overloaded),
            Err(mpsc::error::TrySendError::Closed(_)) => {
                self.forget(live);
                Err(Failure::Replaced)
            }
        }
    }

    async fn live(self: &Arc<Self>, deadline: Instant) -> Result<Arc<Live>, Failure> {
        match self.live.load_full().filter(|live| !live.requests.is_closed()) {
            Some(live) => Ok(live),
            None => self.dialled(deadline).await,
        }
    }

    async fn dialled(self: &Arc<Self>, deadline: Instant) -> Result<Arc<Live>, Failure> {
        let late = |_| Failure::Late(self.limits.operation);
        let turn = Arc::clone(&self.dial);
        let mut turn = match self.failing.load(Ordering::Relaxed) {
            false => timeout_at(deadline, turn.lock_owned()).await.map_err(late)?,
            // Somebody tries already, and may wait for long: this caller need not.
            true => turn.try_lock_owned().map_err(|_| Failure::Dialling)?,
        };
        if let Some(live) = self.live.load_full().filter(|live| !live.requests.is_closed()) {
            return Ok(live);
        }
        if let Some(last) = turn.refusal(Instant::now()).cloned() {
            return Err(Failure::BackingOff(Box::new(last)));
        }
        let lane = Arc::clone(self);
        // A task of its own: it goes on if this caller is dropped, so that impatient callers do not keep it from ever succeeding.
        let dialling = self.runtime.spawn(async move { lane.open(&mut turn).await });
        match timeout_at(deadline, dialling).await {
            Ok(Ok(opened)) => opened,
            Ok(Err(_)) => Err(Failure::Replaced),
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
                self.late.store(0, Ordering::Relaxed);
                self.live.store(Some(Arc::clone(live)));
                tracing::debug!(server = self.address, generation = live.generation, "connected to memcached");
            }
            Err(failure) => {
                let pause = turn.failed(failure.clone(), Instant::now());
                tracing::warn!(server = self.address, %failure, ?pause, "failed to connect to memcached");
            }
        }
        opened
    }

    async fn connect(&self) -> Result<Arc<Live>, Failure> {
        let mut stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        greet(&mut stream).await?;
        let generation = self.generations.fetch_add(1, Ordering::Relaxed) + 1;
        let (requests, incoming) = mpsc::channel(WAITING);
        let live = Arc::new(Live { generation, known: AtomicU64::new(0), requests });
        let (read, write) = stream.into_split();
        let (waiting, answered) = mpsc::unbounded_channel();
        // The writer ends with the last handle to the connection or with an error, and the reader with the writer or an error of its own.
        let reading = self.runtime.spawn(read_replies(read, answered, Arc::downgrade(&live)));
        self.runtime.spawn(write_commands(write, incoming, waiting, reading, self.limits.dial));
        let mut commands = Commands::new();
        commands.get_or_make(&self.order, 0);
        self.send(&live, commands)?.await.map_err(|_| Failure::Replaced)??;
        Ok(live)
    }

    /// What an operation has met decides about the connection: only about the one it went over.
    fn judge(&self, live: &Live, failure: Option<&Failure>) {
        let ends = match failure {
            None => {
                if self.late.load(Ordering::Relaxed) != 0 {
                    self.late.store(0, Ordering::Relaxed);
                }
                false
            }
            Some(Failure::Late(_)) => self.late.fetch_add(1, Ordering::Relaxed) + 1 >= LATE,
            Some(failure) => failure.ends_the_connection(),
        };
        if let (true, Some(failure)) = (ends, failure)
            && self.forget(live)
        {
            tracing::warn!(server = self.address, %failure, "the connection to memcached is replaced");
        }
    }

    fn forget(&self, live: &Live) -> bool {
        let current = self.live.load();
        match &*current {
            Some(now) if now.generation == live.generation => {
                let before = self.live.compare_and_swap(&*current, None);
                before.as_ref().is_some_and(|before| before.generation == live.generation)
            }
            _ => false,
        }
    }
}

/// Whoever answers this as memcached does, understands the meta protocol.
async fn greet(stream: &mut TcpStream) -> Result<(), Failure> {
    stream.write_all(b"mn\r\n").await?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await?;
    if &answer == b"MN\r\n" { Ok(()) } else { Err(Failure::Garbled("no answer of the meta protocol (memcached 1.6)")) }
}

async fn write_commands(
    mut write: OwnedWriteHalf,
    mut incoming: mpsc::Receiver<Request>,
    waiting: mpsc::UnboundedSender<Waiting>,
    reading: tokio::task::JoinHandle<()>,
    patience: Duration,
) {
    let mut bytes = Vec::new();
    loop {
        let mut next = tokio::select! {
            request = incoming.recv() => request,
            () = waiting.closed() => None,
        };
        if next.is_none() {
            break;
        }
        while let Some(request) = next.take() {
            bytes.extend_from_slice(&request.bytes);
            if waiting.send(request.waiting).is_err() {
                return;
            }
            if bytes.len() < WRITE {
                next = incoming.try_recv().ok();
            }
        }
        if !matches!(timeout(patience, write.write_all(&bytes)).await, Ok(Ok(()))) {
            break;
        }
        bytes.clear();
        bytes.shrink_to(WRITE);
    }
    drop(waiting);
    // Nothing is asked over it any more: what has been asked is answered by now, or given up by those who asked.
    reading.abort();
}

async fn read_replies(
    mut read: OwnedReadHalf,
    mut waiting: mpsc::UnboundedReceiver<Waiting>,
    live: std::sync::Weak<Live>,
) {
    let mut replies = Replies::default();
    let failure = loop {
        let next = tokio::select! {
            next = waiting.recv() => next,
            // Nobody has asked anything: it is the end of the connection, or nonsense.
            read = read.read_buf(&mut replies.bytes) => match read {
                Ok(0) | Err(_) => break Failure::Replaced,
                // The question may have been asked since.
                Ok(_) => match waiting.try_recv() {
                    Ok(next) => Some(next),
                    Err(_) => break Failure::Garbled("an answer to no question"),
                },
            },
        };
        let Some(next) = next else { return };
        match collect(&mut read, &mut replies, &next, &live).await {
            // Who does not wait any more has been told something else already.
            Ok(answer) => _ = next.answer.send(Ok(answer)),
            Err(failure) => {
                _ = next.answer.send(Err(failure.clone()));
                break failure;
            }
        }
    };
    waiting.close();
    while let Some(next) = waiting.recv().await {
        _ = next.answer.send(Err(failure.clone()));
    }
}

async fn collect(
    read: &mut OwnedReadHalf,
    replies: &mut Replies,
    next: &Waiting,
    live: &std::sync::Weak<Live>,
) -> Result<Vec<Reply>, Failure> {
    let mut answer = Vec::with_capacity(next.count.min(1024) as usize);
    for index in 0..next.count {
        let reply = loop {
            if let Some(reply) = replies.next()? {
                break reply;
            }
            if read.read_buf(&mut replies.bytes).await? == 0 {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
            }
        };
        reply.check(next.first.wrapping_add(index))?;
        if let (Some(number), Some(live)) = (reply.number, live.upgrade()) {
            live.known.fetch_max(number, Ordering::AcqRel);
        }
        answer.push(reply);
    }
    Ok(answer)
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("address", &self.address).finish_non_exhaustive()
    }
}
