//! A cache in Redis over a real database, in several processes that read and write through SeaORM or Diesel, and are killed; and a referee that
//! asks the database for the truth.
//!
//! Each row has a number, which every write raises in the same transaction. Whoever looks into the cache asks the database first, by a
//! connection of its own, what is committed; whoever calls asks what was acknowledged. So nobody's memory and nobody's clock decides
//! what is outdated. The rules:
//!
//! - **Strict**: a hit is not older than what was committed when the look began. Every writer holds, so this counts from COMMIT on, and not
//!   from the invalidation; it counts for what writers have left that died, were dropped, or lost their connection in the middle of
//!   COMMIT.
//! - **Acknowledged**: no answer is older than a write that had returned, in any process, before the call.
//! - **Rolled back**: what was taken back is in nobody's answer.
//! - **Not in vain**: there were hits, and after the faults there are hits again.
//!
//! Reading order: [`kind`] (which databases), [`referee`] (the truth), [`items`] and [`diesel_items`] (what is
//! read and written, through the cache), [`through`] (one of the two), [`session`]
//! (random operations, and the rules), [`negligent`] (what a store leaves out), [`worker`], [`scenario`],
//! [`parent`], [`command`].

pub mod command;
pub mod diesel_items;
pub mod items;
pub mod kind;
pub mod negligent;
pub mod parent;
pub mod referee;
pub mod scenario;
pub mod session;
pub mod through;
pub mod worker;
