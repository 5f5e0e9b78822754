//! What is stored: the names of items, and the bytes of records and entries. A change here is one of the stored layout, which other
//! releases read.

mod entry;
mod keys;
mod record;

pub(crate) use entry::Entry;
pub(crate) use keys::{Keys, bucket};
pub(crate) use record::{Record, Token};
