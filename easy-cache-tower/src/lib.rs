//! A response cache as a tower layer, for axum, hyper and any service that speaks `http`.
//!
//! It collects the tags of whatever a handler used (cached functions, database reads through the hooks), so that a write
//! drops the responses that were built from what it changed, and nobody names a tag. Safe on a whole router: what the rules of
//! HTTP or the handler forbid is never kept. Under a [`ttl`](ResponseCacheLayer::ttl), a handler that knows its user by anything
//! but `Authorization` must say `private`.
//!
//! # Example: whatever the handlers allow
//! ```
//! use axum::{Router, http::header, routing::get};
//! use easy_cache_core::Cache;
//! use easy_cache_tower::ResponseCacheLayer;
//!
//! async fn books() -> impl axum::response::IntoResponse {
//!     ([(header::CACHE_CONTROL, "max-age=60")], "Emma, Middlemarch, Dracula")
//! }
//!
//! let app: Router = Router::new().route("/books", get(books)).layer(ResponseCacheLayer::new(Cache::new()));
//! ```
//!
//! # Example: a ttl for a route, a name, and tags that everybody can see
//! ```
//! # use tower::ServiceExt as _;
//! use std::time::Duration;
//!
//! use axum::{Router, extract::Request, http::HeaderValue, middleware, response::Response, routing::get};
//! use easy_cache_core::{Cache, scope};
//! use easy_cache_tower::{QueryKey, ResponseCacheLayer, current_tags};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cache = Cache::new();
//! let layer = ResponseCacheLayer::new(cache.clone())
//!     .named("bookstore")
//!     .ttl(Duration::from_secs(300))
//!     .query(QueryKey::all().without(["utm_source"]).in_any_order());
//!
//! /// Inside the cache: what it adds to the head is kept with the response.
//! async fn tell_tags(req: Request, next: middleware::Next) -> Response {
//!     let mut res = next.run(req).await;
//!     let tags: Vec<_> = current_tags().iter().map(ToString::to_string).collect();
//!     if let Ok(tags) = HeaderValue::try_from(tags.join(" ")) {
//!         res.headers_mut().insert("surrogate-key", tags);
//!     }
//!     res
//! }
//!
//! # let inside = cache.clone();
//! let books = move || async move {
//!     scope::depend(&inside, ["books"]); // reads through the database hooks do this by themselves
//!     "Emma, Middlemarch, Dracula"
//! };
//! let app: Router = Router::new().route("/books", get(books)).layer(middleware::from_fn(tell_tags)).layer(layer);
//! # let ask = || app.clone().oneshot(Request::get("/books").body(axum::body::Body::empty()).unwrap());
//! # for status in ["bookstore\"; fwd=uri-miss; fwd-status=200; stored; ttl=", "bookstore\"; hit; ttl="] {
//! #     let res = ask().await?;
//! #     assert!(res.headers()["cache-status"].to_str()?.contains(status));
//! #     assert_eq!(res.headers()["surrogate-key"], "books");
//! # }
//! cache.invalidate_tags(["books"]).await?; // a write through the hooks does this by itself
//! # assert!(ask().await?.headers()["cache-status"].to_str()?.contains("uri-miss"));
//! # Ok(()) }
//! ```
//!
//! # What it does
//!
//! - **Keeps** a `GET` response that states a lifetime (`s-maxage`, `max-age`, `Expires`), that a handler [marks](Mark), or
//!   that a route gives one ([`ttl`](ResponseCacheLayer::ttl)). None of these overrides `private` or `no-store`.
//! - **Never keeps**, by default: answers to requests with `Authorization` (unless `public`), responses with `Set-Cookie`,
//!   `Vary: *`, `Vary: Cookie` or `Vary: Authorization`, trailers, server-sent events, and what a handler read in an open
//!   transaction. For a route's ttl alone, nothing is kept of, or shown to, requests with a `Cookie`: a handler that states a
//!   lifetime, or [`ignore_request_cookies`](ResponseCacheLayer::ignore_request_cookies), says that cookies do not matter.
//!   [`key_per_user`](ResponseCacheLayer::key_per_user) keeps a copy for each user instead.
//! - **Asks** about what is stale, or `no-cache`, if it has an `ETag` or a `Last-Modified`: the handler's 304 renews it.
//! - **Serves stale**, where a response, a handler or a route allows it: at once, while a refresh goes on behind the answer
//!   ([`stale_while_revalidate`](ResponseCacheLayer::stale_while_revalidate)), and in place of a handler that fails
//!   ([`stale_if_error`](ResponseCacheLayer::stale_if_error)). What was invalidated is never served, stale or not.
//! - **Collapses**: requests for one key wait for the one that is with the handler. If its client goes away, another takes
//!   over; if its response turns out not to be for all, they go to the handler together, at once, and for a while nobody waits
//!   at that key.
//! - **Streams**: a body reaches its client while it is recorded. Those who wait for it read it on where a slow client does
//!   not. Over the [limit](ResponseCacheLayer::max_body) the recording is dropped, and the client still gets every byte.
//! - **Answers from the store**: `HEAD`, `Range`, `If-None-Match` and `If-Modified-Since`. Bodies are shared, never copied.
//! - **Drops** the responses of a path when an unsafe request for it succeeds, before that request is answered, together with
//!   the paths on the same host that `Location` and `Content-Location` name: see [`path_tag`]. A request that is never answered
//!   (its client went away) may have succeeded, and counts as if it had.
//! - **Refuses** to keep a response whose tags were invalidated while it was produced, its body included.
//! - **Tells** caches in front of it, on demand, on what a response depends ([`tell_tags`](ResponseCacheLayer::tell_tags)), and lets
//!   those purge who may ([`purge_if`](ResponseCacheLayer::purge_if)).
//! - **Says** what it did in `Cache-Status`, and on what a response depends in the extension [`ResponseTags`].
//!
//! Responses are kept where the cache keeps its values: in this process, or in a store outside of it, from which every server answers and in
//! which every server drops them. There a response is on its way to the store when its client has the end of it, each lookup takes a
//! trip, and a note on variants arrives behind the first response that varies. A response whose handler used values of another cache's
//! store is not kept.
//!
//! Several layers may share a cache, also one around another: each answers with what it kept itself, and what one keeps for a
//! route does not get past the middleware between the two.
//!
//! What each header field leads to is one table: [`easy_cache_http::rules`].
//!
//! # What it asks of the service
//!
//! To be `Clone + Send + 'static`, and so its futures and the bodies of requests and responses, with errors of bodies that are
//! `Send`: a refresh goes on behind its answer, and whoever waits for a body may be the one that reads it on. Every router of axum
//! is, with and without state.
//!
//! # What it does not
//!
//! - Requests are told apart by method, URI, the fields that `Vary` names, and those with which a proxy says what it changed. A
//!   handler that reads another one (`Accept-Language`, a key of its own) names it in `Vary`, or says `private`.
//! - If a middleware **outside** of this layer passes the user to the handler by other means (an extension), say
//!   [`key_per_user`](ResponseCacheLayer::key_per_user), put the layer outside of that middleware, or have the handler say
//!   `private`.
//! - A stream of unknown length that never ends must say `no-store`, if it is not `text/event-stream`.
//!
//! # Where to look
//!
//! | step of a request | module |
//! |---|---|
//! | what is set once | `layer`, `policy`, `route` |
//! | what a handler says of one response | `mark` |
//! | which way does it go? | `service`, `incoming` |
//! | walk that way | `future` |
//! | what goes on behind an answer | `behind` |
//! | send and record its body | `body`, `recording` |
//!
//! Every decision on the way is made in [`easy_cache_http::door`], which all doors share.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `tokio` | on by default: a refresh that goes on behind its answer runs on the runtime around the request. Without it, see [`refresh_on`](ResponseCacheLayer::refresh_on) |
//! | `axum` | on by default: knows the URI that the client asked for inside nested routers of axum 0.8, which show their layers only the rest of it. Without it, two nested routers must not share a cache |

mod layer;
mod mark;
mod policy;
mod route;

mod future;
mod incoming;
mod service;

mod behind;
mod body;
mod recording;

pub use behind::Refresh;
pub use body::ResponseBody;
pub use easy_cache_core::scope::current_tags;
pub use easy_cache_http::door::{ResponseTags, TagField, path_tag};
pub use easy_cache_http::{Policy, QueryKey};
pub use future::{ResponseFuture, Waiting};
pub use layer::ResponseCacheLayer;
pub use mark::Mark;
pub use route::RequestHead;
pub use service::ResponseCache;
