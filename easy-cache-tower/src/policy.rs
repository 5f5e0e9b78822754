//! What a route says about its requests and responses, as words on the layer. What the words mean is decided in
//! `easy-cache-http`; those that every door has are written there, too.

use std::sync::Arc;

use easy_cache_core::Tag;

use crate::{RequestHead, ResponseCacheLayer};

easy_cache_http::words_of_a_door!(ResponseCacheLayer, "ResponseCacheLayer", "easy_cache_tower");

/// What a route says about its requests.
impl ResponseCacheLayer {
    /// Caches only requests that this holds for; all others go to the handler as if there were no cache.
    ///
    /// # Example: nothing for those who are previewing
    /// ```
    /// # use easy_cache_core::Cache;
    /// # use easy_cache_tower::ResponseCacheLayer;
    /// let layer = ResponseCacheLayer::new(Cache::new()).only_if(|request| !request.headers.contains_key("x-preview"));
    /// ```
    pub fn only_if(self, question: impl Fn(&RequestHead<'_>) -> bool + Send + Sync + 'static) -> Self {
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
    /// # use easy_cache_tower::ResponseCacheLayer;
    /// let cached = ResponseCacheLayer::new(Cache::new())
    ///     .purge_if(|request| request.headers.get("x-purge-key").is_some_and(|key| key == "sesame"));
    /// ```
    pub fn purge_if(self, question: impl Fn(&RequestHead<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.route.set_purge_if(question))
    }

    /// Keeps a copy of its own for each user that this names: their requests may carry credentials, and nobody else is shown
    /// what is kept for them. Where it names nobody, the rules for requests of strangers hold. `private` and `no-store`
    /// still keep a response from being stored.
    ///
    /// Name the user by what was verified (an extension that your authentication has put there), never by what a client
    /// may write by itself: whoever writes another's name gets that one's pages.
    ///
    /// # Example: the user that a middleware outside of the cache has authenticated
    /// ```
    /// # use easy_cache_core::Cache;
    /// # use easy_cache_tower::ResponseCacheLayer;
    /// #[derive(Clone)]
    /// struct User {
    ///     id: u64,
    /// }
    ///
    /// let layer = ResponseCacheLayer::new(Cache::new())
    ///     .key_per_user(|request| Some(request.extensions.get::<User>()?.id.to_be_bytes()));
    /// ```
    pub fn key_per_user<U: AsRef<[u8]>>(
        self,
        question: impl Fn(&RequestHead<'_>) -> Option<U> + Send + Sync + 'static,
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
    /// # use easy_cache_tower::ResponseCacheLayer;
    /// let layer = ResponseCacheLayer::new(Cache::new()).tag_by(|request| {
    ///     let shop = request.uri.path().split('/').nth(1);
    ///     shop.map(|shop| format!("shop:{shop}"))
    /// });
    /// ```
    pub fn tag_by<I: IntoIterator<Item: Into<Tag>>>(
        self,
        question: impl Fn(&RequestHead<'_>) -> I + Send + Sync + 'static,
    ) -> Self {
        self.with(|settings| settings.route.set_tags(question))
    }
}
