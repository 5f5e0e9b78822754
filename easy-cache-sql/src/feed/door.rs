//! What runs the statements of this module: an ORM's connections, seen as little as can be. Every column of every answer is text, so that any
//! driver will do.

use std::fmt;
use std::future::Future;

/// One row of an answer: its columns in their order, each of them text or NULL.
pub type Texts = Vec<Option<String>>;

/// Connections that a [`Relay`](super::Relay) asks. Each statement may run on another one; none belongs to a transaction.
///
/// What it writes must not be followed by the cache: it concerns nobody.
pub trait Ask: Send {
    /// What the database says if it refuses.
    type Error: fmt::Display + Send;

    /// The rows of a query.
    ///
    /// # Errors
    /// What the database said.
    fn rows(
        &mut self,
        sql: String,
        values: Vec<String>,
    ) -> impl Future<Output = Result<Vec<Texts>, Self::Error>> + Send;

    /// Runs what has no rows.
    ///
    /// # Errors
    /// What the database said.
    fn run(&mut self, sql: String, values: Vec<String>) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Why a connection that listens is of no use any more.
pub type Lost = Box<dyn std::error::Error + Send + Sync>;

/// Makes the connections of a [`Listener`](super::Listener).
pub trait Dial: Send + Sync {
    /// One of them.
    type Line: Line;

    /// Connects, and listens on [`CHANNEL`](super::CHANNEL): the database has acknowledged that when this is done.
    ///
    /// # Errors
    /// What the database said.
    fn dial(&self) -> impl Future<Output = Result<Self::Line, Lost>> + Send;
}

/// A connection that listens. It must be the server's own: through a pooler that hands out connections for a transaction it hears nothing.
pub trait Line: Send {
    /// The text of the next notification, whenever that comes. May be dropped, and asked again, without losing any.
    ///
    /// # Errors
    /// The connection is lost.
    fn hear(&mut self) -> impl Future<Output = Result<String, Lost>> + Send;

    /// Asks the server for anything, to see whether it is there.
    ///
    /// # Errors
    /// It is not.
    fn sign_of_life(&mut self) -> impl Future<Output = Result<(), Lost>> + Send;
}
