//! Redis Cluster: records in one slot or a few, entries on all nodes, and a connection and a breaker of its own for each node.
//!
//! | module | what it is about |
//! |---|---|
//! | `config`, `store` | the doors, and which operation is where |
//! | `lookup`, `entry`, `filling`, `writing`, `follow` | the operations |
//! | `inspect` | what operators ask |
//! | `split`, `group`, `epochs` | which records stand together, and what this process knows of them |
//! | `agreement` | whether all programs divide them into the same number of groups |
//! | `route`, `nodes`, `node`, `slots` | how a command comes to the node that serves its slot |

mod agreement;
mod config;
mod entry;
mod epochs;
mod filling;
mod follow;
mod group;
mod inspect;
mod lookup;
mod node;
mod nodes;
mod route;
mod slots;
mod split;
mod store;
mod writing;

pub use config::RedisClusterStoreBuilder;
pub use store::RedisClusterStore;
