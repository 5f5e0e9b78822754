//! A response cache.

mod layer;
mod policy;

mod service;

mod key;
mod stored;

mod exchange;
mod find;
mod pass;

mod future;

mod settle;

mod ahead;
mod body;
mod record;
mod stream;
mod variants;

mod respond;

pub use body::ResponseBody;
pub use easy_cache_core::scope::current_tags;
pub use easy_cache_http::{Policy, QueryKey};
pub use future::{ResponseFuture, Waiting};
pub use key::path_tag;
pub use layer::ResponseCacheLayer;
pub use respond::ResponseTags;
pub use service::ResponseCache;
