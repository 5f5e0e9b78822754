//! What is broken at the moment, and the connections that it applies to.

use std::collections::BTreeMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Requests.
    ToServer,
    /// Answers, and what servers tell unasked.
    ToClient,
}

/// What happens to bytes that go one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    /// They are passed on.
    #[default]
    None,
    /// They are passed on later, by this much at least.
    Delay(Duration),
    /// The same on every second connection: what is sent on one overtakes what was sent on another.
    DelaySome(Duration),
    /// They wait until the fault is another one.
    Hold,
    /// They are lost, and the connection stays open: a socket that is half-open.
    Swallow,
    /// As many others are passed on in their place.
    Garbage,
}

/// What a pump does with the bytes that it has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Pass,
    Lose,
    Replace,
    End,
}

#[derive(Debug, Default)]
pub(super) struct Faults {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    ways: [Side; 2],
    refused: bool,
    ended: bool,
    accepted: u64,
    connections: BTreeMap<u64, Ends>,
    /// How many connections there have been.
    entered: u64,
}

/// A connection.
#[derive(Debug)]
struct Ends {
    both: [TcpStream; 2],
    /// Whether it is the second, the fourth, and so on, of its proxy.
    is_second: bool,
}

/// One direction.
#[derive(Debug, Default)]
struct Side {
    fault: Fault,
    cuts_next: bool,
    /// Bytes that were held back or swallowed under this fault.
    stopped: u64,
}

impl Faults {
    pub(super) fn set(&self, direction: Direction, fault: Fault) {
        let mut state = self.state();
        let side = &mut state.ways[direction as usize];
        (side.fault, side.stopped) = (fault, 0);
        self.changed.notify_all();
    }

    pub(super) fn cut_at_next(&self, direction: Direction) {
        self.state().ways[direction as usize].cuts_next = true;
    }

    pub(super) fn refuse(&self, refused: bool) {
        self.state().refused = refused;
    }

    /// Ends all connections.
    pub(super) fn cut(&self) {
        for Ends { both: [client, server], .. } in std::mem::take(&mut self.state().connections).into_values() {
            // Who is at the other end may have been faster.
            let _gone = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
        }
        self.changed.notify_all();
    }

    pub(super) fn end(&self) {
        self.state().ended = true;
        self.cut();
    }

    pub(super) fn has_ended(&self) -> bool {
        self.state().ended
    }

    /// Counts a connection; `false` if it is to be ended.
    pub(super) fn accept(&self) -> bool {
        let mut state = self.state();
        state.accepted += 1;
        !state.refused
    }

    pub(super) fn accepted(&self) -> u64 {
        self.state().accepted
    }

    pub(super) fn open(&self) -> usize {
        self.state().connections.len()
    }

    pub(super) fn stopped(&self, direction: Direction) -> u64 {
        self.state().ways[direction as usize].stopped
    }

    pub(super) fn enter(&self, connection: u64, both: [TcpStream; 2]) {
        let mut state = self.state();
        let is_second = !state.entered.is_multiple_of(2);
        state.entered += 1;
        state.connections.insert(connection, Ends { both, is_second });
    }

    pub(super) fn leave(&self, connection: u64) {
        self.state().connections.remove(&connection);
        self.changed.notify_all();
    }

    /// What to do with bytes that have just been read. Waits as long as they are held back.
    pub(super) fn judge(&self, connection: u64, direction: Direction, bytes: usize) -> Verdict {
        let read_at = Instant::now();
        let mut state = self.state();
        let mut is_counted = false;
        loop {
            let Some(is_second) = state.connections.get(&connection).map(|ends| ends.is_second) else {
                return Verdict::End;
            };
            let side = &mut state.ways[direction as usize];
            if std::mem::take(&mut side.cuts_next) {
                return Verdict::End;
            }
            if matches!(side.fault, Fault::Hold | Fault::Swallow) && !std::mem::replace(&mut is_counted, true) {
                side.stopped += bytes as u64;
            }
            let patience = match side.fault {
                Fault::None => return Verdict::Pass,
                Fault::Swallow => return Verdict::Lose,
                Fault::Garbage => return Verdict::Replace,
                Fault::DelaySome(_) if !is_second => return Verdict::Pass,
                Fault::Hold => Duration::from_secs(3_600),
                Fault::Delay(by) | Fault::DelaySome(by) => match by.checked_sub(read_at.elapsed()) {
                    Some(rest) if !rest.is_zero() => rest,
                    _ => return Verdict::Pass,
                },
            };
            let waited = self.changed.wait_timeout(state, patience);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
