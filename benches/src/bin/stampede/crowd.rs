//! A crowd of callers, each a task, and the computation that waits until the whole crowd is there.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use easy_cache_benches::candidate::Answer;
use easy_cache_benches::workload;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

/// Many times what the slowest of those that end takes for a hundred thousand callers.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long after the last caller made its call the computation ends: until then the crowd has had time to wait.
const SETTLED: Duration = Duration::from_millis(50);

/// A boxed call: one allocation for each caller and each candidate alike.
pub(crate) type Call = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A cache with one function that has not been called yet, made anew for each run: `make` gets the computation.
pub(crate) struct Candidate {
    pub(crate) name: &'static str,
    pub(crate) make: fn(Load) -> Box<dyn Fn() -> Call + Send>,
}

/// What became of a crowd.
pub(crate) struct Outcome {
    pub(crate) loads: usize,
    pub(crate) served: usize,
    pub(crate) took: Duration,
    pub(crate) hung: bool,
}

/// The computation that all callers ask for.
#[derive(Clone)]
pub(crate) struct Load(Arc<State>);

struct State {
    loads: AtomicUsize,
    /// Set when everybody is there; until then computations wait.
    open: AtomicBool,
    opened: Notify,
    /// The task that computes first.
    leader: std::sync::Mutex<Option<tokio::task::Id>>,
}

impl Load {
    fn new() -> Self {
        Self(Arc::new(State {
            loads: AtomicUsize::new(0),
            open: AtomicBool::new(false),
            opened: Notify::new(),
            leader: std::sync::Mutex::new(None),
        }))
    }

    /// Computes.
    pub(crate) async fn run(&self) -> Answer {
        if self.0.loads.fetch_add(1, Ordering::SeqCst) == 0 {
            *self.leader() = tokio::task::try_id();
        }
        let opened = self.0.opened.notified();
        if !self.0.open.load(Ordering::SeqCst) {
            opened.await;
        }
        workload::answer(12_345, "2024-06")
    }

    fn leader(&self) -> std::sync::MutexGuard<'_, Option<tokio::task::Id>> {
        self.0.leader.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn open(&self) {
        self.0.open.store(true, Ordering::SeqCst);
        self.0.opened.notify_waiters();
    }
}

/// All ask, and all stay.
pub(crate) fn together(candidate: &Candidate, callers: usize) -> io::Result<Outcome> {
    run(candidate, callers, |_, _| {})
}

/// All ask, and the caller whose computation runs is aborted before it ends.
pub(crate) fn leader_dropped(candidate: &Candidate, callers: usize) -> io::Result<Outcome> {
    run(candidate, callers, |load, tasks| {
        let leader = *load.leader();
        // A library that computes in a task of its own cannot lose its leader: then the first caller goes.
        let found = tasks.iter().find(|task| Some(task.id()) == leader).or_else(|| tasks.first());
        found.into_iter().for_each(AbortHandle::abort);
    })
}

fn run(candidate: &Candidate, callers: usize, disturb: fn(&Load, &[AbortHandle])) -> io::Result<Outcome> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build()?;
    let outcome = runtime.block_on(crowd(candidate, callers, disturb));
    end(runtime);
    Ok(outcome)
}

/// Without waiting for tasks that will never end.
fn end(runtime: Runtime) {
    runtime.shutdown_background();
}

async fn crowd(candidate: &Candidate, callers: usize, disturb: fn(&Load, &[AbortHandle])) -> Outcome {
    let load = Load::new();
    let call = (candidate.make)(load.clone());
    let there = Arc::new(AtomicUsize::new(0));
    let mut crowd = JoinSet::new();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (call, there) = (call(), Arc::clone(&there));
            crowd.spawn(async move {
                there.fetch_add(1, Ordering::SeqCst);
                call.await
            })
        })
        .collect();
    while there.load(Ordering::SeqCst) < callers {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(SETTLED).await;
    disturb(&load, &tasks);
    let started = Instant::now();
    load.open();
    let mut served = 0;
    let everybody = async {
        while let Some(ended) = crowd.join_next().await {
            served += usize::from(ended.is_ok());
        }
    };
    let hung = tokio::time::timeout(PATIENCE, everybody).await.is_err();
    Outcome { loads: load.0.loads.load(Ordering::SeqCst), served, took: started.elapsed(), hung }
}
