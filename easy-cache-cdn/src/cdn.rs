//! The trait: what a cache in front of the application can do. When it is asked to, and how often, is decided in `courier`.

use std::future::Future;
use std::sync::Arc;

use crate::PurgeError;

/// What is to be dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purge {
    /// Every response that names one of these tags, **and every response that names `*`**: what depends on more than its field could say.
    /// Written as in that field; each once, at least one.
    Names(Vec<String>),
    /// Every response of the application.
    Everything,
}

/// A cache in front of the application that drops responses when it is told to.
///
/// [`Varnish`](crate::Varnish) is one. Another takes a few lines around its API: one request for each call, `Ok` only if that was
/// acknowledged. It is called by one task, one call after the other, and again with the same names if it fails; a call that never ends
/// delays all others, so it needs a timeout of its own.
///
/// # Example: one that purges by an API
/// ```
/// use easy_cache_cdn::{Cdn, Purge, PurgeError};
///
/// struct Api;
///
/// impl Api {
///     async fn post(&self, path: &str, body: String) -> u16 {
///         // … with the HTTP client of your choice
/// #       let _ = (path, body);
///         200
///     }
/// }
///
/// impl Cdn for Api {
///     async fn purge(&self, purge: &Purge) -> Result<(), PurgeError> {
///         let status = match purge {
///             Purge::Names(names) => self.post("/purge", format!("* {}", names.join(" "))).await,
///             _everything => self.post("/purge_all", String::new()).await,
///         };
///         match status {
///             200 => Ok(()),
///             status => Err(PurgeError::new(format!("the API answered {status}"))),
///         }
///     }
///
///     fn most_names(&self) -> usize {
///         255 // and `*`
///     }
/// }
/// ```
pub trait Cdn: Send + Sync + 'static {
    /// Drops it, and resolves when it is gone.
    ///
    /// # Errors
    /// If that is not certain: it is asked for again.
    fn purge(&self, purge: &Purge) -> impl Future<Output = Result<(), PurgeError>> + Send;

    /// How many names one call takes. Default: as many as fit.
    fn most_names(&self) -> usize {
        usize::MAX
    }

    /// How many bytes the names of one call take, with one between each two. Default: 4096, as much as the field of a response. A name that alone
    /// is longer becomes a purge of everything.
    fn most_bytes(&self) -> usize {
        4096
    }
}

impl<C: Cdn> Cdn for Arc<C> {
    fn purge(&self, purge: &Purge) -> impl Future<Output = Result<(), PurgeError>> + Send {
        (**self).purge(purge)
    }

    fn most_names(&self) -> usize {
        (**self).most_names()
    }

    fn most_bytes(&self) -> usize {
        (**self).most_bytes()
    }
}
