//! Caches in front of the application (Varnish, a content delivery network) drop what the application has invalidated.
//!
//! Two halves meet here. Each response says on what it depends (`tell_tags` of the doors writes its tags into `Surrogate-Key`), and each
//! invalidation of a [`Cache`](easy_cache_core::Cache) is handed on to what keeps those responses elsewhere: a [`Cdn`].
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use easy_cache_cdn::{Purger, Varnish};
//! use easy_cache_core::Cache;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let purges = Purger::new(Varnish::at("http://127.0.0.1:6081")?).start();
//! let cache = Cache::builder().on_invalidated(purges.listener()).build();
//! // … `ResponseCacheLayer::new(cache.clone()).tell_tags(TagField::surrogate_key())`, and serve.
//! cache.shutdown(Duration::from_secs(5)).await?;
//! purges.shutdown(Duration::from_secs(5)).await?; // what is still owed
//! # Ok(()) }
//! ```
//!
//! # What is promised
//!
//! - **No request waits for a purge.** An invalidation is noted under a lock that is held for a moment; a task of its own does the rest. What comes
//!   while a purge is under way travels together with the next one.
//! - **No purge is lost while the process lives.** One that fails is tried again, with pauses that grow to seconds. What is owed is bounded:
//!   too many names, or names that could not be delivered for too long, become one purge of everything.
//! - **Purged twice.** A response that was built before an invalidation may be on its way while the purge overtakes it, and be kept afterwards. So
//!   names are purged again [a while later](Purger::again_after). Once [`Purges::settled`] resolves, nothing from before the
//!   invalidations that it waited for is served any more, if no response takes longer than that from the application to the cache in front.
//! - **At the end** [`Purges::shutdown`] delivers what is left, or says how much it is.
//!
//! Who dies takes what he owed with him: a process that is killed between its COMMIT and the purge leaves those in front with what they have, until
//! the lifetime that they were told. Keep that short enough to live with, or let a process that starts
//! [purge everything](Purges::purge_everything).
//!
//! # Modules
//!
//! | module | job |
//! |---|---|
//! | `cdn` | the trait: what a cache in front can do |
//! | `purger` | how one is told of invalidations, and the handle of who tells it |
//! | `owed` | what it has not been told yet |
//! | `courier` | the task that tells it |
//! | `varnish` | Varnish, and whatever else purges by `Surrogate-Key` on request |
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `varnish` | yes | [`Varnish`], over HTTP/1.1 without TLS |

mod cdn;
mod error;

mod courier;
mod owed;
mod purger;

#[cfg(feature = "varnish")]
mod varnish;

pub use cdn::{Cdn, Purge};
pub use error::PurgeError;
pub use purger::{Purger, Purges};
#[cfg(feature = "varnish")]
pub use varnish::Varnish;
