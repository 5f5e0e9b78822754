//! What a worker's thread says to the parent: fixed records, one answer each, so that a worker that is killed never leaves half a sentence
//! that matters.

use std::io::{self, Read, Write};
use std::net::TcpStream;

/// A question or a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Word {
    /// Which worker this is (`row`). The answer is the number of rows.
    Hello,
    /// Whether to go on: one or zero.
    Next,
    /// The number that is committed.
    Read,
    /// The oldest number that an answer may have. `content` is a shape, or more than there are.
    Floor,
    /// A hold is about to be placed.
    Begin,
    /// COMMIT; the number, or [`REFUSED`]. `content` is one if a hold was begun.
    Commit,
    /// The invalidation has returned. `content` is a shape, if it was by key.
    Acknowledge,
    /// The invalidation failed.
    Leave,
    /// Counts something: `row` is which [`Count`](super::session::Count), `content` how many.
    Count,
    /// A rule was broken. So many bytes of text (`content`) follow.
    Violation,
}

/// The answer to a COMMIT that comes too late.
pub const REFUSED: u64 = u64::MAX;
/// No shape.
pub const NONE: u64 = u64::MAX;

const WORDS: [Word; 10] = [
    Word::Hello,
    Word::Next,
    Word::Read,
    Word::Floor,
    Word::Begin,
    Word::Commit,
    Word::Acknowledge,
    Word::Leave,
    Word::Count,
    Word::Violation,
];

/// One record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sentence {
    /// What is said.
    pub word: Word,
    /// Of which row.
    pub row: usize,
    /// What else.
    pub content: u64,
}

impl Sentence {
    const LENGTH: usize = 17;

    /// Writes it in one piece.
    ///
    /// # Errors
    /// If the other end is gone.
    pub fn write(self, stream: &mut TcpStream) -> io::Result<()> {
        let mut bytes = [0; Self::LENGTH];
        bytes[0] = self.word as u8;
        bytes[1..9].copy_from_slice(&(self.row as u64).to_le_bytes());
        bytes[9..].copy_from_slice(&self.content.to_le_bytes());
        stream.write_all(&bytes)
    }

    /// Reads the next one.
    ///
    /// # Errors
    /// If the other end is gone, or says something else.
    pub fn read(stream: &mut TcpStream) -> io::Result<Self> {
        let mut bytes = [0; Self::LENGTH];
        stream.read_exact(&mut bytes)?;
        let word = WORDS.iter().find(|word| **word as u8 == bytes[0]).ok_or(io::ErrorKind::InvalidData)?;
        let number = |from: usize| u64::from_le_bytes(std::array::from_fn(|place| bytes[from + place]));
        Ok(Self { word: *word, row: number(1) as usize, content: number(9) })
    }
}
