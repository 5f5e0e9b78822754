//! The invalidation protocol of easy-cache as an executable model.
//!
//! Small worlds of readers, writers and accidents take turns in every possible order, one atomic step at a time, and in
//! every state that can be reached nothing outdated may be served. Each rule of the protocol has a mutation that breaks it,
//! and a world that notices.
//!
//! | module | is about |
//! |---|---|
//! | [`explore`] | visiting every state, and explaining a violation by the shortest way to it |
//! | `turn` | one step of one actor, in every model alike |
//! | [`memory`] | the memory store, where an operation is several steps, interleaved with those of others |
//! | [`store`] | a shared store, where an operation is one trip, and where any record may be lost |
//! | [`plain`] | a store that can only get, set and delete: no operation depends on what is there |
//! | [`memcached`] | a memcached server: commands that append or compare, and numbers from one counter |
//! | [`cluster`] | a cluster: records in groups, each atomic for itself, and entries elsewhere |
//! | [`near`] | a near cache whose mirror of tag records hears about invalidations late |
//! | [`lease`] | processes of which one computes, and who takes over when it dies |
//! | [`catalogue`] | all worlds and mutations by name |

#[macro_use]
mod tables;

pub mod catalogue;
pub mod cluster;
pub mod explore;
pub mod lease;
pub mod memcached;
pub mod memory;
pub mod near;
pub mod plain;
pub mod store;
mod turn;
