//! The cache of the shop, and the one that may be in front of it: a Varnish that is told what to drop. What the responses tell it
//! is said where the response cache is set.

use easy_cache_cdn::{Purger, Purges, Varnish};
use easy_cache_core::Cache;

use crate::announce::FAREWELL;
use crate::{Options, StartError};

/// What is in front of the shop, if anything is.
#[derive(Clone, Debug, Default)]
pub struct Front(Option<Purges>);

impl Front {
    /// The cache that the options ask for, and what hears of its invalidations. Whatever a Varnish has kept of a shop that ran before
    /// is dropped: nobody knows what that one could not say any more.
    ///
    /// # Errors
    ///
    /// A [`StartError`] if a Varnish is named by something that is no address.
    pub fn open(options: &Options) -> Result<(Cache, Self), StartError> {
        let builder = Cache::builder().namespace("bookstore").enabled(!options.no_cache);
        let Some(address) = &options.varnish else { return Ok((builder.build(), Self(None))) };
        let purges = Purger::new(Varnish::at(address).map_err(StartError::Varnish)?).start();
        purges.purge_everything();
        Ok((builder.on_invalidated(purges.listener()).build(), Self(Some(purges))))
    }

    /// What has been told, and how far it has come.
    #[must_use]
    pub const fn purges(&self) -> Option<&Purges> {
        self.0.as_ref()
    }

    /// Tells what is left to tell. To be called when nobody is served any more.
    pub async fn close(&self) {
        if let Some(purges) = &self.0
            && let Err(reason) = purges.shutdown(FAREWELL).await
        {
            tracing::warn!("{reason}");
        }
    }
}
