//! A worker: a process with a cache over the shared store, and a few threads that use it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use std::{io, thread};

use easy_cache_core::{Cache, Clock, Error, ManualClock};

use super::mistaken::{Mistake, Mistaken};
use super::remote::Remote;
use super::session::{Session, Shared};
use super::stores::{Kind, Opening};
use super::ways::Ways;
use crate::cached::Cached;
use crate::steps::{Death, Steps};

const QUARTER_OF_AN_HOUR: Duration = Duration::from_secs(15 * 60);
/// Workers whose clocks are wrong. Those of all others run as they should.
const STANDS: usize = 0;
const LEAPS: usize = 1;
const BEHIND: usize = 2;
const STORE_TIMEOUT: Duration = Duration::from_millis(400);

/// What a worker is told on its command line.
#[derive(Debug, Clone)]
pub struct Task {
    /// Where the parent listens.
    pub parent: SocketAddr,
    /// Which worker it is.
    pub number: usize,
    /// What it uses.
    pub kind: Kind,
    /// The way there.
    pub ways: Ways,
    /// Of this run alone.
    pub namespace: String,
    /// Which random operations.
    pub seed: u64,
    /// How many threads.
    pub threads: u64,
    /// The first so many rows are exact.
    pub strict: usize,
    /// Whether its writers die.
    pub dies: bool,
    /// Whether its clock is wrong.
    pub is_skewed: bool,
    /// What its store leaves out.
    pub mistake: Option<Mistake>,
}

impl Task {
    /// As words of a command line.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mistake = self.mistake.map_or_else(|| "none".to_owned(), |mistake| format!("{mistake:?}"));
        let Self { parent, number, kind, ways, namespace, seed, threads, strict, dies, is_skewed, .. } = self;
        let numbers = [*number as u64, *seed, *threads, *strict as u64, u64::from(*dies), u64::from(*is_skewed)];
        let texts = [parent.to_string(), kind.name().to_owned(), ways.word(), namespace.clone(), mistake];
        texts.into_iter().chain(numbers.map(|number| number.to_string())).collect()
    }

    /// The task that some words are.
    #[must_use]
    pub fn read(words: &[String]) -> Option<Self> {
        let [parent, kind, ways, namespace, mistake, numbers @ ..] = words else { return None };
        let numbers: Option<Vec<u64>> = numbers.iter().map(|number| number.parse().ok()).collect();
        let [number, seed, threads, strict, dies, is_skewed] = numbers?.try_into().ok()?;
        Some(Self {
            parent: parent.parse().ok()?,
            number: number as usize,
            kind: Kind::named(kind)?,
            ways: Ways::read(ways)?,
            namespace: namespace.clone(),
            seed,
            threads,
            strict: strict as usize,
            dies: dies == 1,
            is_skewed: is_skewed == 1,
            mistake: Mistake::named(mistake),
        })
    }

    /// Does it, until the parent has had enough.
    ///
    /// # Errors
    /// If the parent is gone, or there are no threads to be had.
    pub fn work(&self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let _entered = runtime.enter();
        let remote = Remote::connect(self.parent, self.number)?;
        let own = (0..crate::database::Rows::count(&remote)).map(|_| AtomicU64::new(0)).collect();
        let wrong = self.is_skewed.then(|| WrongClock::new(self.number));
        let clock = wrong.as_ref().map_or_else(Clock::system, |wrong| wrong.clock.clock());
        let cached = Cached::new(self.cache(&clock).map_err(io::Error::other)?);
        let shared = Shared { cached, remote, strict: self.strict, own };
        let done = AtomicBool::new(false);
        thread::scope(|threads| {
            if let Some(wrong) = &wrong {
                threads.spawn(|| wrong.run(&done));
            }
            let (shared, runtime) = (&shared, runtime.handle());
            let session = |number: u64| {
                let _entered = runtime.enter();
                Session::new(shared, self.seed.wrapping_mul(1_000).wrapping_add(number)).run();
            };
            let running: Vec<_> = (0..self.threads).map(|number| threads.spawn(move || session(number))).collect();
            running.into_iter().for_each(|thread| {
                if thread.join().is_err() {
                    shared.remote.violation("a thread of a worker panicked");
                }
            });
            done.store(true, Ordering::SeqCst);
        });
        Ok(())
    }

    fn cache(&self, clock: &Clock) -> Result<Cache, Error> {
        let opened = Opening { is_trusting: self.mistake == Some(Mistake::TrustsThePast), ..Opening::default() };
        let store = Mistaken::new(self.kind.open(&self.ways, &self.namespace, clock, opened)?, self.mistake);
        let death = if self.dies { Death::Anywhere } else { Death::Elsewhere };
        let builder = Cache::builder().namespace(&self.namespace).clock(clock.clone());
        let builder = builder.store_timeout(STORE_TIMEOUT).store(Steps::new(store, self.seed, death));
        Ok(self.kind.near(builder).build())
    }
}

/// A clock that stands still, one that is ahead by a quarter of an hour from some moment on, or one that is behind all others by as much
/// from its beginning: these have been running for so much longer.
#[derive(Debug)]
struct WrongClock {
    clock: ManualClock,
    number: usize,
}

impl WrongClock {
    fn new(number: usize) -> Self {
        let clock = ManualClock::new();
        if number != BEHIND {
            clock.advance(QUARTER_OF_AN_HOUR);
        }
        Self { clock, number }
    }

    fn run(&self, done: &AtomicBool) {
        let tick = Duration::from_millis(10);
        let mut ticks = 0_u64;
        while !done.load(Ordering::SeqCst) {
            thread::sleep(tick);
            ticks += 1;
            match self.number {
                STANDS => {}
                LEAPS if ticks == 50 => self.clock.advance(QUARTER_OF_AN_HOUR),
                _ => self.clock.advance(tick),
            }
        }
    }
}
