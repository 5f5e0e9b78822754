//! The words with which users set a cache, the same on every door: what each means is said once, here.

/// Gives a door its words. It names the type, which has `settings_mut(&mut self) -> &mut Settings`, its path in examples, and
/// the crate.
#[doc(hidden)]
#[macro_export]
macro_rules! words_of_a_door {
    ($door:ty, $name:literal, $from:literal) => {
        /// What is said of the cache as a whole.
        impl $door {
            /// The name of this cache in `Cache-Status`. Default: `easy-cache`.
            pub fn named(mut self, name: impl Into<String>) -> Self {
                self.settings_mut().name = name.into();
                self
            }

            /// Says in `Cache-Status` under which URI a response is stored. It tells strangers how the cache works: for
            /// development.
            pub fn tell_key(mut self) -> Self {
                self.settings_mut().tells_key = true;
                self
            }

            /// Names the tags of each response in a header field, for caches in front of the application that purge by them. It
            /// tells strangers the names of tables and rows, where nothing in front takes it out. Off by default.
            pub fn tell_tags(mut self, field: $crate::door::TagField) -> Self {
                self.settings_mut().tag_field = Some(field);
                self
            }

            /// Lets a `POST` to this path do what `PURGE` does, for clients that have no method of their own choice: for whom
            /// `purge_if` says yes, and for nobody else, whose request goes on to the handler. What is purged is named in
            /// `Surrogate-Key` or `Cache-Tag` (`*` is everything), or by paths in the query, percent-encoded:
            /// `POST /-/purge?path=/books/7&path=/`. Off by default.
            ///
            /// # Example
            /// ```
            #[doc = concat!("use ", $from, "::", $name, ";")]
            ///
            #[doc = concat!("let cached = ", $name, "::new(easy_cache_core::Cache::new()).purge_at(\"/-/purge\");")]
            /// // and `purge_if`, which says who may
            /// ```
            pub fn purge_at(mut self, path: impl Into<String>) -> Self {
                self.settings_mut().purge_at = Some(path.into());
                self
            }

            /// The largest body, in bytes, that is kept. A larger one reaches its client whole, and is not kept. Default:
            /// 1 MiB.
            pub fn max_body(mut self, bytes: u64) -> Self {
                self.settings_mut().max_body = bytes;
                self
            }

            /// How many variants of one URI (by its `Vary`) are kept before all of them are given up for new ones. Default: 64.
            pub fn max_variants(mut self, variants: usize) -> Self {
                self.settings_mut().max_variants = variants.max(1);
                self
            }
        }

        /// The policy of a route. None of it makes shared what a handler calls `private` or `no-store`.
        impl $door {
            /// Takes over a policy that was put together elsewhere, in place of all that was said of responses and keys
            /// before.
            pub fn policy(mut self, policy: $crate::Policy) -> Self {
                self.settings_mut().policy = policy;
                self
            }

            /// Keeps responses that state no lifetime for this long. It is for this cache alone: browsers are told nothing.
            ///
            /// They are then answers for everybody. Requests with `Authorization` or `Cookie` are left out, unless the handler
            /// or [`ignore_request_cookies`](Self::ignore_request_cookies) says otherwise; a handler that knows its user by
            /// another header, or by an extension, says `Cache-Control: private`.
            pub fn ttl(self, ttl: ::std::time::Duration) -> Self {
                self.says(|policy| policy.ttl(ttl))
            }

            /// Gives the ttl to responses with these statuses, in place of 200, 203, 204, 301 and 308.
            pub fn statuses(self, statuses: impl IntoIterator<Item = u16>) -> Self {
                self.says(|policy| policy.statuses(statuses))
            }

            /// Chooses which query parameters are part of the key. Default: the whole query, byte for byte.
            pub fn query(self, query: $crate::QueryKey) -> Self {
                self.says(|policy| policy.query(query))
            }

            /// Makes request header fields part of the key: see
            /// [`Policy::key_headers`](easy_cache_http::Policy::key_headers).
            pub fn key_headers<N: Into<String>>(self, names: impl IntoIterator<Item = N>) -> Self {
                self.says(|policy| policy.key_headers(names))
            }

            /// Makes cookies part of the key, by name: see
            /// [`Policy::key_cookies`](easy_cache_http::Policy::key_cookies).
            pub fn key_cookies<N: Into<String>>(self, names: impl IntoIterator<Item = N>) -> Self {
                self.says(|policy| policy.key_cookies(names))
            }

            /// Lets the same languages in another order share a variant: see
            /// [`Policy::languages_in_any_order`](easy_cache_http::Policy::languages_in_any_order).
            pub fn languages_in_any_order(self) -> Self {
                self.says($crate::Policy::languages_in_any_order)
            }

            /// Says that no handler here reads cookies: see
            /// [`Policy::ignore_request_cookies`](easy_cache_http::Policy::ignore_request_cookies).
            pub fn ignore_request_cookies(self) -> Self {
                self.says($crate::Policy::ignore_request_cookies)
            }

            /// Keeps a response that sets cookies, without the cookies: see
            /// [`Policy::store_without_cookies`](easy_cache_http::Policy::store_without_cookies).
            pub fn store_without_cookies(self) -> Self {
                self.says($crate::Policy::store_without_cookies)
            }

            /// Keeps `Set-Cookie` and sends it to **every** user: see
            /// [`Policy::share_set_cookie_between_users`](easy_cache_http::Policy::share_set_cookie_between_users).
            pub fn share_set_cookie_between_users(self) -> Self {
                self.says($crate::Policy::share_set_cookie_between_users)
            }

            /// Keeps responses with `Vary: Cookie` or `Vary: Authorization`, one for each value: see
            /// [`Policy::store_variants_per_user`](easy_cache_http::Policy::store_variants_per_user).
            pub fn store_variants_per_user(self) -> Self {
                self.says($crate::Policy::store_variants_per_user)
            }

            /// Gives a lifetime to responses that state none, from their `Last-Modified`: see
            /// [`Policy::guess_lifetimes`](easy_cache_http::Policy::guess_lifetimes).
            pub fn guess_lifetimes(self) -> Self {
                self.says($crate::Policy::guess_lifetimes)
            }

            /// Keeps parts that clients asked for: see [`Policy::keep_parts`](easy_cache_http::Policy::keep_parts).
            pub fn keep_parts(self) -> Self {
                self.says($crate::Policy::keep_parts)
            }

            /// For this long past its lifetime a response is served at once and refreshed behind the answer: see
            /// [`Policy::stale_while_revalidate`](easy_cache_http::Policy::stale_while_revalidate).
            ///
            /// # Example: a front page that nobody waits for, and that survives a database's restart
            /// ```
            /// # use easy_cache_core::Cache;
            #[doc = concat!("# use ", $from, "::", $name, ";")]
            /// use std::time::Duration;
            ///
            #[doc = concat!("let cached = ", $name, "::new(Cache::new())")]
            ///     .ttl(Duration::from_secs(60))
            ///     .stale_while_revalidate(Duration::from_secs(300))
            ///     .stale_if_error(Duration::from_secs(3600));
            /// ```
            pub fn stale_while_revalidate(self, window: ::std::time::Duration) -> Self {
                self.says(|policy| policy.stale_while_revalidate(window))
            }

            /// For this long past its lifetime a response is served if the handler fails: see
            /// [`Policy::stale_if_error`](easy_cache_http::Policy::stale_if_error).
            pub fn stale_if_error(self, window: ::std::time::Duration) -> Self {
                self.says(|policy| policy.stale_if_error(window))
            }

            /// For this long past its lifetime a response that can be validated is kept: see
            /// [`Policy::keep_for_validation`](easy_cache_http::Policy::keep_for_validation).
            pub fn keep_for_validation(self, window: ::std::time::Duration) -> Self {
                self.says(|policy| policy.keep_for_validation(window))
            }

            /// Heeds these fields in place of `Cache-Control` and `Expires`: see
            /// [`Policy::targeted_by`](easy_cache_http::Policy::targeted_by).
            pub fn targeted_by<N: Into<String>>(self, fields: impl IntoIterator<Item = N>) -> Self {
                self.says(|policy| policy.targeted_by(fields))
            }

            /// Obeys clients that ask for a fresh answer: see
            /// [`Policy::honour_client_refresh`](easy_cache_http::Policy::honour_client_refresh).
            pub fn honour_client_refresh(self) -> Self {
                self.says($crate::Policy::honour_client_refresh)
            }

            fn says(mut self, change: impl FnOnce($crate::Policy) -> $crate::Policy) -> Self {
                let policy = &mut self.settings_mut().policy;
                *policy = change(::std::mem::take(policy));
                self
            }
        }
    };
}
