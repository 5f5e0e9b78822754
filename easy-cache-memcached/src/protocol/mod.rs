//! The meta protocol of memcached as bytes: commands that are written, replies that are read. What they mean is not known here.
//!
//! Every command carries a number of its own, which its reply repeats: an answer can never be taken for that to another question.

mod command;
mod reply;

pub(crate) use command::{Commands, Mode};
pub(crate) use reply::{Replies, Reply, Status};
