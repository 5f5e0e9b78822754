//! The place of a server on its port: taken by the first process that gets one, left by a kill, taken again by the next.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::port;
use crate::process::{Plan, Process};

/// Ports that are tried: if all of these are taken by others meanwhile, something else is wrong.
pub(crate) const ATTEMPTS: usize = 20;

/// A server's, who may be killed and started again.
#[derive(Debug)]
pub(crate) struct Seat {
    name: &'static str,
    /// `None` while it is killed.
    process: Mutex<Option<Process>>,
}

impl Seat {
    /// Nobody's yet.
    pub(crate) const fn free(name: &'static str) -> Self {
        Self { name, process: Mutex::new(None) }
    }

    /// Starts the server on a free port, or on this one and no other, and returns when it answers. An attempt prepares what it needs for
    /// its port; the last one is the one that counts. Who answers is told the process id: on a taken port somebody else answers.
    ///
    /// # Panics
    /// If it does not start, or finds its port taken each time.
    pub(crate) fn take<T>(
        &self,
        fixed: Option<u16>,
        mut attempt: impl FnMut(u16) -> (T, Plan),
        answers: impl Fn(&T, u32) -> bool,
    ) -> (u16, T) {
        let attempts = if fixed.is_some() { 1 } else { ATTEMPTS };
        for last in (0..attempts).rev() {
            let port = fixed.unwrap_or_else(port::free);
            let (prepared, plan) = attempt(port);
            let mut process = Process::start(&plan);
            let id = process.id();
            if process.wait_until_ready(self.name, || answers(&prepared, id)) {
                *self.process() = Some(process);
                return (port, prepared);
            }
            assert!(last > 0, "port {port} is taken. The log of {}:\n{}", self.name, process.log());
        }
        unreachable!("the last attempt returns, or panics")
    }

    /// Ends it as `kill -9` does, or as it has to be ended where that leaves something behind.
    pub(crate) fn leave(&self) {
        self.process().take();
    }

    /// Starts it again where it was, unless it runs.
    ///
    /// # Panics
    /// If it does not start.
    pub(crate) fn take_again(&self, plan: impl FnOnce() -> Plan, answers: impl Fn(u32) -> bool) {
        let mut place = self.process();
        if place.is_none() {
            let mut process = Process::start(&plan());
            let id = process.id();
            let is_ready = process.wait_until_ready(self.name, || answers(id));
            assert!(is_ready, "the port of a killed {} was taken by somebody else:\n{}", self.name, process.log());
            *place = Some(process);
        }
    }

    /// Sends it a signal by name, if it runs.
    pub(crate) fn signal(&self, name: &str) {
        self.process().iter().for_each(|process| process.signal(name));
    }

    /// All that it has written; nothing if it is killed.
    pub(crate) fn log(&self) -> String {
        self.process().as_ref().map(Process::log).unwrap_or_default()
    }

    /// Its process id, if it runs.
    pub(crate) fn id(&self) -> Option<u32> {
        self.process().as_ref().map(Process::id)
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
