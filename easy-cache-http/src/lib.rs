//! The rules of HTTP caching for a shared cache inside an application, tied to no framework: what may be stored, how
//! long it is fresh, which variant answers which request (RFC 9110, RFC 9111), and how to say so (RFC 9211).
//!
//! The rules store nothing, wait for nobody, and read no clock: a middleware asks, and does. It reads headers through [`Headers`].
//!
//! # Example: one response, stored and asked for again
//! ```
//! use std::time::{Duration, SystemTime};
//! use easy_cache_http::{decide, Arrival, Decision, Policy, RequestFacts, Reuse};
//!
//! let policy = Policy::new();
//! let request = RequestFacts::of("GET", &[("accept", "text/html")][..]);
//! assert_eq!(request.bypass(), None);
//!
//! let response = [("cache-control", "max-age=60"), ("content-type", "text/html")];
//! let arrival = Arrival { at: SystemTime::now(), delay: Duration::ZERO };
//! let Decision::Store(plan) = decide(&request, 200, &response[..], arrival, &policy) else { panic!("not stored") };
//! assert!(plan.fields.keeps("content-type") && !plan.fields.keeps("connection"));
//!
//! let later = Duration::from_secs(59);
//! assert_eq!(plan.terms.reuse(&request, &policy, later), Reuse::Serve { age: later });
//! assert_eq!(plan.terms.reuse(&request, &policy, Duration::from_secs(60)), Reuse::Stale);
//! ```
//!
//! # Where to look
//!
//! | step of a request | module |
//! |---|---|
//! | read it; may the store be used? | [`method`], [`request`], [`target`], [`policy`] |
//! | find what is stored | [`key`], [`vary`] |
//! | will it do? | [`stored`], [`freshness`], [`age`], [`stale`], [`conditional`], [`range`] |
//! | if not as it is: is it still current? | [`validate`] |
//! | otherwise: may the answer be stored? | [`store`], [`cache_control`], [`targeted`], [`headers`] |
//! | a change: what must go? | [`invalidate`] |
//! | say what was done | [`cache_status`] |
//!
//! Every behaviour, with what was decided and the test that holds it: [`rules`].
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `http` | [`Headers`] for the `HeaderMap` of `http` 1; off by default |
//! | `door` | what the integrations of frameworks share, on top of the rules: the way of a request through a cache (module `door`); off by default |

pub mod view;

pub mod method;
pub mod policy;
pub mod request;
pub mod target;

pub mod key;
mod language;
mod parts;
pub mod vary;

pub mod age;
pub mod conditional;
pub mod freshness;
pub mod range;
pub mod stale;
pub mod stored;
pub mod validate;

pub mod cache_control;
pub mod headers;
pub mod store;
pub mod targeted;

pub mod cache_status;
pub mod invalidate;

#[cfg(feature = "door")]
pub mod door;

pub mod date;
mod grammar;

#[doc = include_str!("../RULES.md")]
pub mod rules {}

pub use age::Arrival;
pub use cache_status::{CacheStatus, Forward};
pub use conditional::Conditional;
pub use freshness::Freshness;
pub use headers::KeptFields;
pub use invalidate::for_each_invalidated;
pub use key::QueryKey;
pub use method::MethodClass;
pub use policy::Policy;
pub use range::ByteRange;
pub use request::{Bypass, RequestFacts};
pub use stale::StaleUse;
pub use store::{Decision, Plan, Refusal, decide};
pub use stored::{Reuse, Terms};
pub use target::{Target, authority};
pub use validate::Validation;
pub use vary::Vary;
pub use view::Headers;
