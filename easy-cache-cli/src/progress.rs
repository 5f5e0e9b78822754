//! Says on the error output how far long work has come, if somebody looks at it.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::show;

/// Short work says nothing.
const SILENT: Duration = Duration::from_millis(500);
const BETWEEN: Duration = Duration::from_millis(200);

/// A line that is written over.
pub(crate) struct Progress {
    what: &'static str,
    next: Mutex<Option<Instant>>,
}

impl Progress {
    /// Completes "looked at 120,000".
    pub(crate) fn new(what: &'static str) -> Self {
        let shows = io::stderr().is_terminal();
        Self { what, next: Mutex::new(shows.then(|| Instant::now() + SILENT)) }
    }

    pub(crate) fn told(&self, number: u64) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if next.is_some_and(|next| Instant::now() >= next) {
            let _closed = write!(io::stderr(), "\r\x1b[K  {} {}", self.what, show::number(number));
            *next = Some(Instant::now() + BETWEEN);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if io::stderr().is_terminal() {
            let _closed = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
