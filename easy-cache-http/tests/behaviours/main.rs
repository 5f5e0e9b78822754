//! What the rules promise, said as behaviours: one file for each field or step, and the properties of every parser.

mod age;
mod cache_control;
mod cache_status;
mod conditional;
mod expires;
mod freshness;
mod headers;
mod heuristic;
mod invalidate;
mod key;
mod properties;
mod range;
mod request;
mod rules;
mod stale;
mod store;
mod support;
mod targeted;
mod validate;
mod vary;
