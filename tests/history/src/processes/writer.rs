//! A writer that dies at a step of its write, over any store. What is left of it is for others to see.

use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use easy_cache_core::{Cache, Clock};

use super::mistaken::Mistaken;
use super::stores::{Kind, Opening};
use super::ways::Ways;
use crate::cached::tag;
use crate::steps::{Death, Step, Steps};

/// Long enough for any machine that is not stuck.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it writes until it gives up.
const ATTEMPTS: u32 = 20;

/// What it is told on its command line.
#[derive(Debug, Clone)]
pub struct Writer {
    /// What it uses.
    pub kind: Kind,
    /// The way there.
    pub ways: Ways,
    /// Of this run alone.
    pub namespace: String,
    /// What it writes.
    pub row: usize,
    /// How long its hold lasts.
    pub within: Duration,
    /// Where it dies.
    pub step: Step,
}

impl Writer {
    /// A cache over the store, of a process that dies so.
    ///
    /// # Errors
    /// If the store refuses its settings.
    pub fn cache(&self, death: Death) -> Result<Cache, easy_cache_core::Error> {
        let opening = Opening { timeout: PATIENCE, ..Opening::default() };
        let store = Mistaken::new(self.kind.open(&self.ways, &self.namespace, &Clock::system(), opening)?, None);
        let builder = Cache::builder().namespace(&self.namespace).store_timeout(PATIENCE);
        let builder = builder.store(Steps::new(store, 0, death));
        Ok(self.kind.near(builder).build())
    }

    /// Lets a process of that program do it, and tells how it ended.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn run(&self, program: &Path) -> io::Result<ExitStatus> {
        Command::new(program).arg("writer").args(self.words()).stdin(Stdio::null()).status()
    }

    /// Writes, and is dead before it has done so, or right after. A hold that could not be placed is none of its matter: it tries again.
    ///
    /// # Errors
    /// If the store refuses its settings.
    pub fn work(&self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let _entered = runtime.enter();
        let cache = self.cache(Death::At(self.step)).map_err(io::Error::other)?;
        for _ in 0..ATTEMPTS {
            let hold = cache.hold([tag(self.row)], self.within).wait();
            if hold.refusal().is_none() {
                let _invalidated = hold.commit().wait();
            }
        }
        Ok(())
    }

    fn words(&self) -> [String; 6] {
        let Self { kind, ways, namespace, row, within, step } = self;
        let (row, within) = (row.to_string(), within.as_millis().to_string());
        [kind.name().to_owned(), ways.word(), namespace.clone(), row, within, format!("{step:?}")]
    }

    /// The task that some words are.
    #[must_use]
    pub fn read(words: &[String]) -> Option<Self> {
        let [kind, ways, namespace, row, within, step] = words else { return None };
        Some(Self {
            kind: Kind::named(kind)?,
            ways: Ways::read(ways)?,
            namespace: namespace.clone(),
            row: row.parse().ok()?,
            within: Duration::from_millis(within.parse().ok()?),
            step: Step::named(step)?,
        })
    }
}
