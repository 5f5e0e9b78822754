//! Very many callers in several processes ask for one key that nobody has computed yet, and the lease lets one of them compute.
//!
//! The computation ends only when all callers have made their call, so nobody comes too late to count. It may be the process that computes
//! that is killed instead: then another one computes, when the lease of the dead has passed, and nobody else does.
//!
//! Each process has one line to the parent for itself, and one for each computation that it begins.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use easy_cache_core::Cache;
use easy_cache_redis::RedisStore;
use easy_cache_servers::{Redis, unique};
use tokio::sync::oneshot;

/// How long a lease lasts that nobody has to wait for.
const LONG: Duration = Duration::from_secs(120);
/// What a process may take in all.
const PATIENCE: Duration = Duration::from_secs(90);

/// What a process says first on a line: that all its callers have made their call, or that it computes.
const THERE: u8 = b't';
const COMPUTES: u8 = b'c';

/// What to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The program that has the processes in it: `easy-cache-history`.
    pub program: PathBuf,
    /// How many processes.
    pub processes: usize,
    /// How many callers each has.
    pub callers: usize,
    /// Whether the first process that computes is killed, and how long its lease lasts then.
    pub dies: Option<Duration>,
    /// Whether there is a store at all. Without it there is no lease either.
    pub is_reached: bool,
    /// Whether all are given as long as they like to reach it; else as long as is usual.
    pub is_patient: bool,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// How often the key was computed.
    pub loads: usize,
    /// Callers that got the value.
    pub served: usize,
    /// From when the computation could end until all were served.
    pub took: Duration,
}

/// A process of the crowd, as words of a command line.
struct Task {
    parent: SocketAddr,
    server: String,
    namespace: String,
    number: usize,
    callers: usize,
    lease: Duration,
    is_patient: bool,
}

/// Runs the plan.
///
/// # Errors
/// If processes cannot be started, or are not done in time.
///
/// # Panics
/// If Redis is not installed.
pub fn run(plan: &Plan) -> io::Result<Report> {
    let redis = Redis::start();
    if !plan.is_reached {
        redis.kill();
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let (parent, namespace) = (listener.local_addr()?, unique("crowd"));
    let task = |number| Task {
        parent,
        server: redis.url(),
        namespace: namespace.clone(),
        number,
        callers: plan.callers,
        lease: plan.dies.unwrap_or(LONG),
        is_patient: plan.is_patient,
    };
    let start = |number| Ok::<_, io::Error>((number, task(number).start(&plan.program)?));
    let running = (0..plan.processes).map(start).collect::<Result<_, _>>()?;
    Crowd { running, there: Vec::new(), computing: Vec::new(), loads: 0 }.attend(&listener, plan)
}

/// The processes, as the parent sees them.
struct Crowd {
    running: BTreeMap<usize, Child>,
    there: Vec<TcpStream>,
    computing: Vec<(usize, TcpStream)>,
    loads: usize,
}

impl Crowd {
    fn attend(mut self, listener: &TcpListener, plan: &Plan) -> io::Result<Report> {
        while self.there.len() < plan.processes || self.computing.is_empty() {
            self.accept(listener)?;
        }
        if plan.dies.is_some() {
            self.kill_who_computes()?;
            while self.computing.is_empty() {
                self.accept(listener)?;
            }
        }
        let began = Instant::now();
        for (_, line) in &mut self.computing {
            line.write_all(b"!")?;
        }
        let parent = listener.local_addr()?;
        let listener = listener.try_clone()?;
        let late = thread::spawn(move || end_at_once(&listener));
        let served = self.served();
        // Says nothing, which ends it.
        drop(TcpStream::connect(parent)?);
        let late = late.join().map_err(|_| io::ErrorKind::Other)?;
        Ok(Report { loads: self.loads + late, served: served?, took: began.elapsed() })
    }

    fn accept(&mut self, listener: &TcpListener) -> io::Result<()> {
        let (mut line, _) = listener.accept()?;
        line.set_read_timeout(Some(PATIENCE))?;
        let mut said = [0; 9];
        line.read_exact(&mut said)?;
        let number = u64::from_le_bytes(std::array::from_fn(|place| said[place + 1])) as usize;
        match said[0] {
            THERE => self.there.push(line),
            COMPUTES => {
                self.loads += 1;
                self.computing.push((number, line));
            }
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
        Ok(())
    }

    fn kill_who_computes(&mut self) -> io::Result<()> {
        for (number, _) in std::mem::take(&mut self.computing) {
            if let Some(mut process) = self.running.remove(&number) {
                process.kill()?;
                process.wait()?;
            }
        }
        Ok(())
    }

    /// What the living say when all their callers have their answer.
    fn served(&mut self) -> io::Result<usize> {
        let mut served = 0;
        for mut line in std::mem::take(&mut self.there) {
            let mut count = [0; 8];
            match line.read_exact(&mut count) {
                Ok(()) => served += u64::from_le_bytes(count) as usize,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(error),
                Err(_) => {} // of the dead
            }
        }
        Ok(served)
    }
}

/// Whoever computes although it need not is counted, and keeps nobody waiting.
fn end_at_once(listener: &TcpListener) -> usize {
    let mut count = 0;
    while let Ok((mut line, _)) = listener.accept() {
        let mut said = [0; 9];
        if line.read_exact(&mut said).is_err() {
            break;
        }
        count += 1;
        let _gone = line.write_all(b"!");
    }
    count
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for process in self.running.values_mut() {
            let _gone = process.kill();
            let _reaped = process.wait();
        }
    }
}

impl Task {
    fn start(&self, program: &Path) -> io::Result<Child> {
        let numbers = [self.number as u64, self.callers as u64, self.lease.as_millis() as u64, self.is_patient.into()];
        let numbers = numbers.map(|number| number.to_string());
        let texts = [self.parent.to_string(), self.server.clone(), self.namespace.clone()];
        Command::new(program).arg("crowd-worker").args(texts).args(numbers).stdin(Stdio::null()).spawn()
    }

    fn read(words: &[String]) -> Option<Self> {
        let [parent, server, namespace, number, callers, lease, is_patient] = words else { return None };
        Some(Self {
            parent: parent.parse().ok()?,
            server: server.clone(),
            namespace: namespace.clone(),
            number: number.parse().ok()?,
            callers: callers.parse().ok()?,
            lease: Duration::from_millis(lease.parse().ok()?),
            is_patient: is_patient == "1",
        })
    }

    /// A line on which something was said.
    fn say(&self, what: u8) -> io::Result<TcpStream> {
        let mut line = TcpStream::connect(self.parent)?;
        let mut said = [what; 9];
        said[1..].copy_from_slice(&(self.number as u64).to_le_bytes());
        line.write_all(&said)?;
        Ok(line)
    }

    /// Ends when the parent says so. The runtime is not blocked meanwhile.
    async fn compute(&self) -> io::Result<u64> {
        let mut line = self.say(COMPUTES)?;
        let (done, ended) = oneshot::channel();
        thread::spawn(move || done.send(line.read_exact(&mut [0])));
        ended.await.map_err(io::Error::other)??;
        Ok(42)
    }

    async fn ask(self: Arc<Self>, cache: Cache, there: Arc<AtomicUsize>) -> bool {
        there.fetch_add(1, Ordering::SeqCst);
        let answer = cache.get_or_compute("cold", self.compute()).ttl(PATIENCE).lease(self.lease).await;
        answer.is_ok_and(|answer| answer == 42)
    }

    async fn work(self: Arc<Self>) -> io::Result<()> {
        // Longer than usual, both: tens of thousands of callers on a busy machine ask all at once, and who does not reach the store
        // computes.
        let (mut store, mut cache) = (RedisStore::builder(&self.namespace).url(&self.server), Cache::builder());
        if self.is_patient {
            store = store.timeout(PATIENCE).connect_timeout(PATIENCE);
            cache = cache.flight_wait(PATIENCE).store_timeout(PATIENCE);
        }
        let cache = cache.store(store.build().map_err(io::Error::other)?).build();
        let there = Arc::new(AtomicUsize::new(0));
        let callers: Vec<_> =
            (0..self.callers).map(|_| tokio::spawn(Arc::clone(&self).ask(cache.clone(), Arc::clone(&there)))).collect();
        while there.load(Ordering::SeqCst) < self.callers {
            tokio::task::yield_now().await;
        }
        let mut line = self.say(THERE)?;
        let mut served = 0_u64;
        for caller in callers {
            served += u64::from(caller.await.is_ok_and(|is_served| is_served));
        }
        line.write_all(&served.to_le_bytes())
    }
}

/// Does the task of a process of the crowd.
///
/// # Errors
/// If the words are none, or the parent is gone.
pub fn work(words: &[String]) -> io::Result<()> {
    let task = Task::read(words).ok_or(io::ErrorKind::InvalidInput)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(Arc::new(task).work())
}
