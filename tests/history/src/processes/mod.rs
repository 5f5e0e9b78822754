//! Several processes with one store, faults, and a parent that has the rows and follows all of them.
//!
//! The parent keeps the table: what is committed, and what was acknowledged when. Workers ask it before each call what the answer has to be at least, and tell it
//! of each acknowledged invalidation, so that "before" is decided in one place, by one clock, and not by comparing clocks. Meanwhile a
//! [`scenario`] breaks the store, the way to it, or the workers. The rules:
//!
//! - **Acknowledged**: no answer is older than what was acknowledged before the call, by any process (for near caches: longer than their bound before it).
//! - **In force here**: no answer in the process of the writer is older than its write, also if the invalidation could not be delivered.
//! - **Held to the end**: of a writer that died after its COMMIT, nothing older is served once the deadline of its hold has passed.
//! - **Strict**: where every writer holds and no record is lost, a hit is what was committed at some moment of the look.
//! - **Rolled back**, **not from the future**: as in a single process.
//! - **Not in vain**: there were hits, and after the faults there are hits again.
//!
//! Reading order: [`table`], [`wire`] (what workers say to the parent), [`remote`] (the table, as workers see it), [`session`] (their operations, and the rules),
//! [`worker`], [`writer`] (one that dies), [`stores`] (what is under test), [`mistaken`] (stores that leave out a duty), [`server`], [`ways`], [`scenario`], [`parent`], [`command`]. [`crowd`] is about something else: one cold key, and a lease.

pub mod command;
pub mod crowd;
pub mod mistaken;
pub mod parent;
pub mod plain_redis;
pub mod remote;
pub mod scenario;
pub mod server;
pub mod session;
pub mod stores;
pub mod table;
pub mod ways;
pub mod wire;
pub mod worker;
pub mod writer;
