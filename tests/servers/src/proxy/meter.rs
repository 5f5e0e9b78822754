//! Counts trips (times that a client waits, one after the other) apart from commands (how many it sends meanwhile).
//!
//! A trip begins when something is sent while nothing is awaited, and ends when everything has been answered; so a hundred commands in one write are one trip, and
//! so are commands on several connections at once. Clients that send to several servers in parallel are counted right if
//! answers take a while: let the proxies delay them by some 20 ms.
//!
//! For Redis, commands and answers are matched. Of memcached, commands are counted, and any answer ends a trip; of anything else
//! only trips are known. A connection that carries news (tracking, subscriptions, replication) is not counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::resp::{self, First};

/// Counts what passes through one or several proxies. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    trips: u64,
    commands: Vec<String>,
    connections: BTreeMap<u64, Connection>,
}

#[derive(Debug, Default)]
struct Connection {
    language: Language,
    sent: Rest,
    answered: Rest,
    /// How many answers are awaited.
    awaited: u64,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Language {
    #[default]
    Unknown,
    Redis,
    Memcached,
    Other,
    /// A connection that is not counted.
    News,
}

/// What has come of a value that is not all there.
#[derive(Debug, Default)]
struct Rest {
    bytes: Vec<u8>,
    needed: usize,
}

impl Rest {
    /// Adds bytes, and calls back with each value that is complete.
    fn add(&mut self, bytes: &[u8], first: fn(&[u8]) -> First, mut value: impl FnMut(&[u8])) {
        self.bytes.extend(bytes);
        let mut place = 0;
        while place < self.bytes.len() && self.bytes.len() >= self.needed {
            match first(&self.bytes[place..]) {
                First::Whole(length) => {
                    value(&self.bytes[place..place + length]);
                    (place, self.needed) = (place + length, 0);
                }
                First::Short(length) => self.needed = place + length,
            }
        }
        self.bytes.drain(..place);
        self.needed = self.needed.saturating_sub(place);
    }
}

impl Meter {
    /// How many trips there were.
    #[must_use]
    pub fn trips(&self) -> u64 {
        self.counts().trips
    }

    /// What was sent, by name, in order: `GET`, `EVALSHA`, `CLIENT SETINFO`, `mg`.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        self.counts().commands.clone()
    }

    /// Counts from zero again. Nothing should be awaited meanwhile.
    pub fn reset(&self) {
        let mut counts = self.counts();
        counts.trips = 0;
        counts.commands.clear();
    }

    /// The trips and the number of commands of what `operation` does.
    pub fn measure<R>(&self, operation: impl FnOnce() -> R) -> (R, u64, usize) {
        self.reset();
        let result = operation();
        (result, self.trips(), self.commands().len())
    }

    pub(super) fn sent(&self, connection: u64, bytes: &[u8]) {
        let mut counts = self.counts();
        let is_idle = counts.connections.values().all(|connection| !connection.waits());
        let names = counts.connections.entry(connection).or_default().sent(bytes);
        if let Some(names) = names {
            counts.commands.extend(names);
            counts.trips += u64::from(is_idle);
        }
    }

    pub(super) fn answered(&self, connection: u64, bytes: &[u8]) {
        self.counts().connections.entry(connection).or_default().answered(bytes);
    }

    pub(super) fn forget(&self, connection: u64) {
        self.counts().connections.remove(&connection);
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    fn waits(&self) -> bool {
        self.language != Language::News && (self.awaited > 0 || !self.sent.bytes.is_empty())
    }

    /// The commands that are complete; `None` if the connection does not count.
    fn sent(&mut self, bytes: &[u8]) -> Option<Vec<String>> {
        if self.language == Language::Unknown {
            self.language = language_of(bytes);
        }
        let mut names = Vec::new();
        match self.language {
            Language::Redis => {
                self.sent.add(bytes, resp::first, |command| names.push(resp::name(command)));
                self.awaited += names.len() as u64;
            }
            Language::Memcached => {
                self.sent.add(bytes, first_of_memcached, |command| names.push(first_word(command)));
                self.awaited = 1;
            }
            Language::Unknown | Language::Other => self.awaited = 1,
            Language::News => {}
        }
        if names.iter().any(|name| carries_news(name)) {
            self.language = Language::News;
        }
        (self.language != Language::News).then_some(names)
    }

    fn answered(&mut self, bytes: &[u8]) {
        if self.language == Language::Redis {
            let mut answers = 0;
            // What a server tells unasked answers nothing.
            self.answered.add(bytes, resp::first, |answer| answers += u64::from(answer.first() != Some(&b'>')));
            self.awaited = self.awaited.saturating_sub(answers);
        } else {
            self.awaited = 0;
        }
    }
}

fn language_of(bytes: &[u8]) -> Language {
    match bytes.first() {
        Some(b'*') => Language::Redis,
        Some(b'a'..=b'z') => Language::Memcached,
        _ => Language::Other,
    }
}

fn carries_news(name: &str) -> bool {
    ["CLIENT TRACKING", "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "PSYNC", "REPLCONF", "MONITOR"].contains(&name)
}

/// A command of memcached is a line, and after some a block of bytes whose length the line says.
fn first_of_memcached(bytes: &[u8]) -> First {
    let Some(line) = bytes.windows(2).position(|pair| pair == b"\r\n") else { return First::Short(bytes.len() + 1) };
    let text = String::from_utf8_lossy(&bytes[..line]);
    let words: Vec<_> = text.split(' ').collect();
    let length: Option<usize> = match words.first() {
        Some(&"ms") => words.get(2).and_then(|length| length.parse().ok()),
        Some(&("set" | "add" | "replace" | "append" | "prepend" | "cas")) => {
            words.get(4).and_then(|length| length.parse().ok())
        }
        _ => None,
    };
    let whole = line + 2 + length.map_or(0, |length| length + 2);
    if whole <= bytes.len() { First::Whole(whole) } else { First::Short(whole) }
}

fn first_word(command: &[u8]) -> String {
    let text = String::from_utf8_lossy(command);
    text.split([' ', '\r']).next().unwrap_or_default().to_owned()
}
