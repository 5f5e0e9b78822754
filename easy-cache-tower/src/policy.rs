//! What a route says about its responses, as words on the layer. What the words mean is decided in `easy-cache-http`.

use std::mem;
use std::time::Duration;

use easy_cache_core::Tag;
use easy_cache_http::{Policy, QueryKey};

use crate::{RequestHead, ResponseCacheLayer};

/// The policy of a route. None of it makes shared what a handler calls `private` or `no-store`.
impl ResponseCacheLayer {
    /// Takes over a policy that was put together elsewhere, in place of all that was said of responses and keys before.
    pub fn policy(self, policy: Policy) -> Self {
        self.with(|settings| settings.policy = policy)
    }

    /// Keeps responses that state no lifetime for this long. It is for this cache alone: browsers are told nothing.
    ///
    /// They are then answers for everybody. Requests with `Authorization` or `Cookie` are left out, unless the handler or
    /// [`ignore_request_cookies`](Self::ignore_request_cookies) says otherwise; a handler that knows its user by another
    /// header, or by an extension, says `Cache-Control: private`.
    pub fn ttl(self, ttl: Duration) -> Self {
        self.says(|policy| policy.ttl(ttl))
    }

    /// Gives the ttl to responses with these statuses, in place of 200, 203, 204, 301 and 308.
    pub fn statuses(self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.says(|policy| policy.statuses(statuses))
    }

    /// Chooses which query parameters are part of the key. Default: the whole query, byte for byte.
    pub fn query(self, query: QueryKey) -> Self {
        self.says(|policy| policy.query(query))
    }

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
        self.with(|settings| settings.route.set_user(question))
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

    /// Makes request header fields part of the key: see [`Policy::key_headers`].
    pub fn key_headers<N: Into<String>>(self, names: impl IntoIterator<Item = N>) -> Self {
        self.says(|policy| policy.key_headers(names))
    }

    /// Makes cookies part of the key, by name: see [`Policy::key_cookies`].
    pub fn key_cookies<N: Into<String>>(self, names: impl IntoIterator<Item = N>) -> Self {
        self.says(|policy| policy.key_cookies(names))
    }

    /// Lets the same languages in another order share a variant: see [`Policy::languages_in_any_order`].
    pub fn languages_in_any_order(self) -> Self {
        self.says(Policy::languages_in_any_order)
    }

    /// Says that no handler here reads cookies: see [`Policy::ignore_request_cookies`].
    pub fn ignore_request_cookies(self) -> Self {
        self.says(Policy::ignore_request_cookies)
    }

    /// Keeps a response that sets cookies, without the cookies: see [`Policy::store_without_cookies`].
    pub fn store_without_cookies(self) -> Self {
        self.says(Policy::store_without_cookies)
    }

    /// Keeps `Set-Cookie` and sends it to **every** user: see [`Policy::share_set_cookie_between_users`].
    pub fn share_set_cookie_between_users(self) -> Self {
        self.says(Policy::share_set_cookie_between_users)
    }

    /// Keeps responses with `Vary: Cookie` or `Vary: Authorization`, one for each value: see
    /// [`Policy::store_variants_per_user`].
    pub fn store_variants_per_user(self) -> Self {
        self.says(Policy::store_variants_per_user)
    }

    /// Gives a lifetime to responses that state none, from their `Last-Modified`: see [`Policy::guess_lifetimes`].
    pub fn guess_lifetimes(self) -> Self {
        self.says(Policy::guess_lifetimes)
    }

    /// Keeps parts that clients asked for: see [`Policy::keep_parts`].
    pub fn keep_parts(self) -> Self {
        self.says(Policy::keep_parts)
    }

    /// For this long past its lifetime a response is served at once and refreshed behind the answer: see
    /// [`Policy::stale_while_revalidate`].
    ///
    /// # Example: a front page that nobody waits for, and that survives a database's restart
    /// ```
    /// # use easy_cache_core::Cache;
    /// # use easy_cache_tower::ResponseCacheLayer;
    /// use std::time::Duration;
    ///
    /// let layer = ResponseCacheLayer::new(Cache::new())
    ///     .ttl(Duration::from_secs(60))
    ///     .stale_while_revalidate(Duration::from_secs(300))
    ///     .stale_if_error(Duration::from_secs(3600));
    /// ```
    pub fn stale_while_revalidate(self, window: Duration) -> Self {
        self.says(|policy| policy.stale_while_revalidate(window))
    }

    /// For this long past its lifetime a response is served if the handler fails: see [`Policy::stale_if_error`].
    pub fn stale_if_error(self, window: Duration) -> Self {
        self.says(|policy| policy.stale_if_error(window))
    }

    /// For this long past its lifetime a response that can be validated is kept: see [`Policy::keep_for_validation`].
    pub fn keep_for_validation(self, window: Duration) -> Self {
        self.says(|policy| policy.keep_for_validation(window))
    }

    /// Heeds these fields in place of `Cache-Control` and `Expires`: see [`Policy::targeted_by`].
    pub fn targeted_by<N: Into<String>>(self, fields: impl IntoIterator<Item = N>) -> Self {
        self.says(|policy| policy.targeted_by(fields))
    }

    /// Obeys clients that ask for a fresh answer: see [`Policy::honour_client_refresh`].
    pub fn honour_client_refresh(self) -> Self {
        self.says(Policy::honour_client_refresh)
    }

    fn says(self, change: impl FnOnce(Policy) -> Policy) -> Self {
        self.with(|settings| settings.policy = change(mem::take(&mut settings.policy)))
    }
}
