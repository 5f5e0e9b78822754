//! A connection of our own making: the client library speaks over it as over any other, and lookups travel on it past the library.
//!
//! A lookup is one command and an array of strings, nothing that would need a general parser, a value for each string, two channels and
//! a timer of the library's. So between the library and the socket there is a stream ([`Stream`]) that writes the commands of lookups
//! between those of the library, and takes their replies out of what it reads, whole and in the memory in which they arrived. Replies come in
//! the order of the commands, so whose a reply is follows from the order in which they were written, and never from what is in it.
//!
//! All else is the library's: logging in, scripts, fills; what is read for it is handed on byte for byte. Connections that
//! only the library can make (over TLS, or by the application's own pool) have no such stream, and lookups go over them as
//! commands like any other.
//!
//! `frame` knows where replies end, `stream` is what the library reads from, `ask` what callers wait at, `batch` what those of them share that
//! ask at the same time, `slot` where the answer to one arrives, `watch` the timer of all; `dial` makes it all.

mod ask;
mod batch;
mod dial;
mod frame;
#[cfg(feature = "testing")]
pub(crate) mod hostile;
mod reply;
mod slot;
mod stream;
#[cfg(test)]
mod tests;
mod watch;

pub(crate) use ask::Wire;
pub(crate) use dial::{Connected, Driver, Supply, reach};
pub(crate) use frame::{Number, write};
pub(crate) use reply::{Reply, command};
pub(crate) use slot::Told;
