//! The parent's table, as the threads of a worker see it: each over a connection of its own.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::session::Count;
use super::wire::{NONE, REFUSED, Sentence, Word};
use crate::database::{Rows, as_seen_here};
use crate::store::Shape;

thread_local! {
    static CONNECTION: RefCell<Option<TcpStream>> = const { RefCell::new(None) };
}

/// The table of the parent.
#[derive(Debug)]
pub struct Remote {
    parent: SocketAddr,
    worker: usize,
    rows: usize,
}

impl Remote {
    /// Connects to the parent.
    ///
    /// # Errors
    /// If it is gone.
    pub fn connect(parent: SocketAddr, worker: usize) -> io::Result<Self> {
        let mut remote = Self { parent, worker, rows: 0 };
        remote.rows = remote.greet(&mut remote.open()?)? as usize;
        Ok(remote)
    }

    /// Whether to go on.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.say(Word::Next, 0, 0) == 1
    }

    /// What is committed now.
    #[must_use]
    pub fn committed(&self, row: usize) -> u64 {
        self.say(Word::Read, row, 0)
    }

    /// The oldest number that an answer may have of the row, or under a key.
    #[must_use]
    pub fn floor(&self, row: usize, shape: Option<Shape>) -> u64 {
        self.say(Word::Floor, row, content_of(shape))
    }

    /// A hold is about to be placed.
    pub fn begin(&self, row: usize) {
        self.say(Word::Begin, row, 0);
    }

    /// COMMIT. `None` if the hold is too old.
    #[must_use]
    pub fn commit(&self, row: usize, holds: bool) -> Option<u64> {
        Some(self.say(Word::Commit, row, u64::from(holds))).filter(|number| *number != REFUSED)
    }

    /// The invalidation has returned.
    pub fn acknowledge(&self, row: usize, shape: Option<Shape>) {
        self.say(Word::Acknowledge, row, content_of(shape));
    }

    /// The invalidation failed.
    pub fn leave(&self, row: usize) {
        self.say(Word::Leave, row, 0);
    }

    /// Counts.
    pub fn count_up(&self, what: Count, by: u64) {
        self.say(Word::Count, what as usize, by);
    }

    /// Tells of a broken rule.
    pub fn violation(&self, text: &str) {
        self.with(|stream| {
            Sentence { word: Word::Violation, row: 0, content: text.len() as u64 }.write(stream)?;
            stream.write_all(text.as_bytes())?;
            answer(stream)
        });
    }

    fn say(&self, word: Word, row: usize, content: u64) -> u64 {
        self.with(|stream| {
            Sentence { word, row, content }.write(stream)?;
            answer(stream)
        })
    }

    /// Without its parent a worker has nothing to do.
    fn with(&self, talk: impl FnOnce(&mut TcpStream) -> io::Result<u64>) -> u64 {
        let answer = CONNECTION.with_borrow_mut(|place| {
            if place.is_none() {
                let mut stream = self.open()?;
                self.greet(&mut stream)?;
                *place = Some(stream);
            }
            place.as_mut().map_or_else(|| Err(io::ErrorKind::NotConnected.into()), talk)
        });
        answer.unwrap_or_else(|_| std::process::exit(0))
    }

    fn open(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(self.parent)?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn greet(&self, stream: &mut TcpStream) -> io::Result<u64> {
        Sentence { word: Word::Hello, row: self.worker, content: 0 }.write(stream)?;
        answer(stream)
    }
}

impl Rows for Remote {
    fn count(&self) -> usize {
        self.rows
    }

    fn read(&self, row: usize) -> u64 {
        as_seen_here(row, self.committed(row))
    }
}

fn answer(stream: &mut TcpStream) -> io::Result<u64> {
    let mut bytes = [0; 8];
    stream.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

fn content_of(shape: Option<Shape>) -> u64 {
    shape.map_or(NONE, |shape| shape as u64)
}
