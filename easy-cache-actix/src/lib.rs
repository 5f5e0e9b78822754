//! A response cache for actix-web 4, and extractors for what handlers cache themselves.
//!
//! It collects the tags of whatever a handler used (cached functions, database reads through the hooks), so that a write
//! drops the responses that were built from what it changed, and nobody names a tag. Safe around a whole app: what the rules of
//! HTTP or the handler forbid is never kept. Under a [`ttl`](ResponseCache::ttl), a handler that knows its user by anything
//! but `Authorization` must say `private`.
//!
//! # Example: whatever the handlers allow
//! ```
//! use actix_web::{App, HttpResponse, Responder, http::header, web};
//! use easy_cache_actix::ResponseCache;
//! use easy_cache_core::Cache;
//!
//! async fn books() -> impl Responder {
//!     HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "max-age=60")).body("Emma, Middlemarch, Dracula")
//! }
//!
//! let app = App::new().wrap(ResponseCache::new(Cache::new())).route("/books", web::get().to(books));
//! ```
//!
//! # Example: a ttl for a route, a name, and tags that the handler reads
//! ```
//! use std::time::Duration;
//!
//! use actix_web::{App, HttpServer, Responder, test, web};
//! use easy_cache_actix::{EasyCache, QueryKey, ResponseCache};
//! use easy_cache_core::Cache;
//!
//! async fn books(cache: EasyCache) -> impl Responder {
//!     cache.tag(["books"]); // reads through the database hooks do this by themselves
//!     "Emma, Middlemarch, Dracula"
//! }
//!
//! # #[actix_web::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cache = Cache::new();
//! let cached = ResponseCache::new(cache.clone()) // once, outside of the closure: all workers share it
//!     .named("bookstore")
//!     .ttl(Duration::from_secs(300))
//!     .query(QueryKey::all().without(["utm_source"]).in_any_order());
//! let app = move || App::new().wrap(cached.clone()).route("/books", web::get().to(books));
//! # let server = app.clone();
//! # let _ = || HttpServer::new(server).bind("127.0.0.1:8000");
//! # let app = test::init_service(app()).await;
//! # let ask = || test::call_service(&app, test::TestRequest::get().uri("/books").to_request());
//! # for status in ["bookstore\"; fwd=uri-miss; fwd-status=200; stored; ttl=", "bookstore\"; hit; ttl="] {
//! #     assert!(ask().await.headers().get("cache-status").unwrap().to_str()?.contains(status));
//! # }
//!
//! cache.invalidate_tags(["books"]).await?; // a write through the hooks does this by itself
//! # assert!(ask().await.headers().get("cache-status").unwrap().to_str()?.contains("uri-miss"));
//! # Ok(()) }
//! ```
//!
//! # What it does
//!
//! - **Keeps** a `GET` response that states a lifetime (`s-maxage`, `max-age`, `Expires`), that a handler [marks](Marked), or
//!   that a route gives one ([`ttl`](ResponseCache::ttl)). None of these overrides `private` or `no-store`.
//! - **Never keeps**, by default: answers to requests with `Authorization` (unless `public`), responses with `Set-Cookie`,
//!   `Vary: *`, `Vary: Cookie` or `Vary: Authorization`, server-sent events, and what a handler read in an open
//!   transaction. For a route's ttl alone, nothing is kept of, or shown to, requests with a `Cookie`: a handler that states a
//!   lifetime, or [`ignore_request_cookies`](ResponseCache::ignore_request_cookies), says that cookies do not matter.
//!   [`key_per_user`](ResponseCache::key_per_user) keeps a copy for each user instead.
//! - **Asks** about what is stale, or `no-cache`, if it has an `ETag` or a `Last-Modified`: the handler's 304 renews it.
//! - **Serves stale**, where a response, a handler or a route allows it: at once, while a refresh goes on behind the answer
//!   ([`stale_while_revalidate`](ResponseCache::stale_while_revalidate)), and in place of a handler that fails
//!   ([`stale_if_error`](ResponseCache::stale_if_error)). What was invalidated is never served, stale or not.
//! - **Collapses**: requests for one key wait for the one that is with the handler, on whatever worker. If its client goes
//!   away, another takes over; a server of actix-web notices that while the handler works if it is told
//!   [not to allow half-closed connections](actix_web::HttpServer::h1_allow_half_closed).
//! - **Streams**: a body reaches its client while it is recorded. Once somebody waits for it, it is read ahead of a slow client.
//!   Over the [limit](ResponseCache::max_body) the recording is dropped, and the client still gets every byte.
//! - **Answers from the store**: `HEAD`, `Range`, `If-None-Match` and `If-Modified-Since`. Bodies are shared, never copied.
//! - **Drops** the responses of a path when an unsafe request for it succeeds, before that request is answered: see
//!   [`path_tag`].
//! - **Refuses** to keep a response whose tags were invalidated while it was produced, its body included.
//! - **Tells** caches in front of it, on demand, on what a response depends ([`tell_tags`](ResponseCache::tell_tags)), and lets
//!   those purge who may ([`purge_if`](ResponseCache::purge_if)).
//! - **Says** what it did in `Cache-Status`, and on what a response depends in the extension [`ResponseTags`].
//!
//! Responses are kept where the cache keeps its values: in this process, or in a store outside of it, from which every server answers and in
//! which every server drops them. The rules, field by field, are one table: [`easy_cache_http::rules`].
//!
//! # What handlers use
//!
//! | what | for |
//! |---|---|
//! | [`EasyCache`] | the cache and the scope of this request: tags, marks, `get_or_compute`, work on other threads |
//! | [`Cached<T>`](Cached) | a value by the request's key, loaded once and kept |
//! | [`Marked`] | what a handler says of one response |
//!
//! # What it does not
//!
//! - Requests are told apart by method, URI, the fields that `Vary` names, and those with which a proxy says what it changed. A
//!   handler that reads another one (`Accept-Language`, a key of its own) names it in `Vary`, or says `private`.
//! - If a middleware **outside** of this one passes the user to the handler by other means (an extension), say
//!   [`key_per_user`](ResponseCache::key_per_user), put the cache outside of that middleware, or have the handler say
//!   `private`. In actix-web, what is wrapped last is outermost.
//! - Put `Compress` outside of it: what is kept is then kept once, and compressed for whoever takes it so.
//! - With [`tell_tags`](ResponseCache::tell_tags) an error from behind it leaves inside of another one, which takes along what caches in front
//!   are told: a middleware that asks for its type (`as_error`) belongs inside of the cache.
//! - `web::block` runs outside of every scope: use [`EasyCache::block`], or `scope::carry`.
//! - Where a stale response goes out ahead of its refresh, the refresh takes the request along; what middleware outside finds in
//!   the response's request is the head alone, without extensions and data of the app.
//!
//! # Where to look
//!
//! | step of a request | module |
//! |---|---|
//! | what is set once | `middleware`, `policy`, `route` |
//! | what a handler uses, and says of one response | `extract`, `cached`, `mark` |
//! | a request in, and along its way | `incoming`, `service`, `twin` |
//! | between the types of actix-web and of the rules | `fields`, `read`, `answer` |
//! | send and record a body | `body`, `recording` |
//!
//! Every decision on the way is made in [`easy_cache_http::door`], which all doors share.

mod middleware;
mod policy;
mod route;

mod cached;
mod extract;
mod mark;

mod incoming;
mod service;
mod twin;

mod answer;
mod fields;
mod read;

mod body;
mod recording;
mod refusal;

pub use body::ResponseBody;
pub use cached::{Cacheable, Cached};
pub use easy_cache_core::scope::current_tags;
pub use easy_cache_http::door::{Mark, ResponseTags, TagField, path_tag};
pub use easy_cache_http::{Policy, QueryKey};
pub use extract::{EasyCache, NoCache};
pub use mark::Marked;
pub use middleware::ResponseCache;
