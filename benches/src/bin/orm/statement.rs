//! The statements that both ORMs send, and the ways they are sent.

use std::fmt;

/// How many statements a scope has, as a request may.
pub(crate) const IN_A_SCOPE: usize = 10;

/// What is asked of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statement {
    Find,
    List,
    Update,
    Insert,
}

impl Statement {
    pub(crate) const ALL: [Self; 4] = [Self::Find, Self::List, Self::Update, Self::Insert];
}

impl fmt::Display for Statement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Find => "select by key",
            Self::List => "list of 20",
            Self::Update => "update by key",
            Self::Insert => "insert",
        })
    }
}

/// Over which connection, and who asks what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Plain,
    Followed,
    /// Followed, and somebody collects what is read.
    InScope,
}

impl Way {
    /// The first one is the measure for the others.
    pub(crate) const fn of(statement: Statement) -> &'static [Self] {
        match statement {
            Statement::Find | Statement::List => &[Self::Plain, Self::Followed, Self::InScope],
            Statement::Update | Statement::Insert => &[Self::Plain, Self::Followed],
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Followed => "followed",
            Self::InScope => "followed, ten in a scope",
        }
    }
}

/// The keys that are asked for, one after the other.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Keys(i32);

impl Keys {
    /// The next one, of those that are there at the start.
    pub(crate) const fn next(&mut self) -> i32 {
        self.0 = (self.0 + 331) % crate::place::BOOKS;
        self.0 + 1
    }
}
