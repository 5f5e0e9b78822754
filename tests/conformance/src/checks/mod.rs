//! The list: every behaviour that a shared cache is expected to show, by section, and this cache's choices where the RFCs leave
//! one. Each is a row, or one of several variants of a row, of the rules' own table (`easy_cache_http::rules`).
//!
//! The server under test guesses lifetimes from `Last-Modified`, keeps parts, shares `Set-Cookie`, heeds `CDN-Cache-Control`,
//! and lets stale responses stand in for failures for some seconds: what a proxy does by default.

mod age;
mod cc_parse;
mod conditional;
mod expires;
mod freshness;
mod headers;
mod heuristic;
mod interim;
mod invalidation;
mod other;
mod partial;
mod request;
mod response;
mod stale;
mod status;
mod targeted;
mod update;
mod vary;

use crate::check::{Check, Kind, Step, check, get};
use crate::field::Value;

/// The whole list.
#[must_use]
pub fn all() -> Vec<Check> {
    let sections: [fn() -> Vec<Check>; 18] = [
        freshness::checks,
        cc_parse::checks,
        age::checks,
        expires::checks,
        response::checks,
        stale::checks,
        heuristic::checks,
        status::checks,
        request::checks,
        vary::checks,
        conditional::checks,
        headers::checks,
        update::checks,
        invalidation::checks,
        partial::checks,
        other::checks,
        targeted::checks,
        interim::checks,
    ];
    sections.iter().flat_map(|section| section()).collect()
}

type Fields = Vec<(&'static str, Value)>;

/// Fields of a message.
macro_rules! fields {
    ($($name:literal : $value:expr),* $(,)?) => { vec![$(($name, $crate::Value::from($value))),*] };
}
use fields;

fn required(name: impl Into<String>) -> Check {
    check(Kind::Required, name)
}

fn optimal(name: impl Into<String>) -> Check {
    check(Kind::Optimal, name)
}

fn chosen(name: impl Into<String>) -> Check {
    check(Kind::Chosen, name)
}

/// A `GET` to which the origin answers with these fields.
fn giving(fields: Fields) -> Step {
    fields.into_iter().fold(get(), |step, (name, value)| step.gives(name, value))
}

/// A `GET` whose response may be reused for an hour.
fn fresh() -> Step {
    get().gives("Cache-Control", "max-age=3600")
}

/// A `GET` whose response may be reused for two seconds.
fn brief() -> Step {
    get().gives("Cache-Control", "max-age=2")
}

/// Long enough for what was brief to be stale.
const LATER: u64 = 3;

/// Asked for again at once, the response of the first request is there.
fn again(step: Step) -> Step {
    step.hit().reads_of(1)
}

/// A response with these fields is reused.
fn reused(check: Check, fields: Fields) -> Check {
    check.then(giving(fields).miss()).then(again(get()))
}

/// A response with these fields is not.
fn not_reused(check: Check, fields: Fields) -> Check {
    check.then(giving(fields).miss()).then(get().miss().reads_of(2))
}

/// A response with these fields is not reused some seconds later.
fn not_reused_later(check: Check, fields: Fields) -> Check {
    check.then(giving(fields).miss()).then(get().after(LATER).miss().reads_of(2))
}
