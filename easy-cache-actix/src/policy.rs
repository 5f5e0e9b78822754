//! What a route says about its requests and responses, as words on the middleware. What the words mean is decided in
//! `easy-cache-http`; those that every door has are written there, too.

use std::sync::Arc;

use actix_web::dev::ServiceRequest;
use easy_cache_core::Tag;

use crate::ResponseCache;

easy_cache_http::words_of_a_door!(ResponseCache, "ResponseCache", "easy_cache_actix");

/// What a route says about its requests.
impl ResponseCache {
    /// Caches only requests that this holds for; all others go to the handler as if there were no cache.
    ///
    /// # Example: nothing for those who are previewing
    /// ```
    /// # use easy_cache_core::Cache;
    /// # use easy_cache_actix::ResponseCache;
    /// let cached = ResponseCache::new(Cache::new()).only_if(|req| !req.headers().contains_key("x-preview"));
    /// ```
    pub fn only_if(self, question: impl Fn(&ServiceRequest) -> bool + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.route.set_only_if(question))
    }

    /// Lets requests purge that this holds for: `PURGE` drops the responses of its path, or, with a field `Surrogate-Key` or
    /// `Cache-Tag`, whatever depends on the tags (or prefixes) that it names; everything if that is
    /// `*`. It is answered with 204 when they are gone. For all others
    /// `PURGE` is a method like any other, and goes to the handler. Default: nobody.
    ///
    /// Ask for a secret, or for an address that only your own machines have: whoever may purge can empty the cache.
    ///
    /// # Example: who knows the word
    /// ```
    /// # use easy_cache_core::Cache;
    /// # use easy_cache_actix::ResponseCache;
    /// let cached = ResponseCache::new(Cache::new())
    ///     .purge_if(|req| req.headers().get("x-purge-key").is_some_and(|key| key == "sesame"));
    /// ```
    pub fn purge_if(self, question: impl Fn(&ServiceRequest) -> bool + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.route.set_purge_if(question))
    }

    /// Keeps a copy of its own for each user that this names: their requests may carry credentials, and nobody else is shown
    /// what is kept for them. Where it names nobody, the rules for requests of strangers hold. `private` and `no-store`
    /// still keep a response from being stored.
    ///
    /// Name the user by what was verified (what your authentication has put into the request's extensions), never by what a
    /// client may write by itself: whoever writes another's name gets that one's pages.
    ///
    /// # Example: the user that a middleware outside of the cache has authenticated
    /// ```
    /// # use easy_cache_core::Cache;
    /// # use easy_cache_actix::ResponseCache;
    /// use actix_web::HttpMessage as _;
    ///
    /// struct User {
    ///     id: u64,
    /// }
    ///
    /// let cached = ResponseCache::new(Cache::new())
    ///     .key_per_user(|req| Some(req.extensions().get::<User>()?.id.to_be_bytes()));
    /// ```
    pub fn key_per_user<U: AsRef<[u8]>>(
        self,
        question: impl Fn(&ServiceRequest) -> Option<U> + Send + Sync + 'static,
    ) -> Self {
        self.with(|settings| {
            settings.route.set_user(question);
            Arc::make_mut(&mut settings.shared).tells_users_apart = true;
        })
    }

    /// Tags that the address of a request alone tells; they join those that its handler's work collects.
    ///
    /// # Example: one shop of many
    /// ```
    /// # use easy_cache_core::Cache;
    /// # use easy_cache_actix::ResponseCache;
    /// let cached = ResponseCache::new(Cache::new()).tag_by(|req| {
    ///     let shop = req.path().split('/').nth(1);
    ///     shop.map(|shop| format!("shop:{shop}"))
    /// });
    /// ```
    pub fn tag_by<I: IntoIterator<Item: Into<Tag>>>(
        self,
        question: impl Fn(&ServiceRequest) -> I + Send + Sync + 'static,
    ) -> Self {
        self.with(|settings| settings.route.set_tags(question))
    }
}
