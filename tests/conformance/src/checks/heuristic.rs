//! Lifetimes that are guessed (RFC 9111 §4.2.2).

use super::{chosen, fields, giving, not_reused, optimal, required, reused};
use crate::{Check, Value, get};

const DAY: i64 = 24 * 60 * 60;

pub(super) fn checks() -> Vec<Check> {
    let mut checks = Vec::new();
    for status in [200, 203, 204, 404, 405, 410, 414, 501] {
        let first = get().status(status).gives("Last-Modified", Value::Date(-DAY));
        checks.push(optimal(format!("a guess about {status}")).then(first.miss()).then(get().hit().is(status)));
    }
    let first = giving(fields!["Last-Modified": Value::Date(-DAY), "Cache-Control": "public"]).status(599);
    checks.push(optimal("a guess about 599 that is public").then(first.miss()).then(get().hit().is(599)));
    for status in [201, 202, 403, 502, 503, 504, 599] {
        let first = get().status(status).gives("Last-Modified", Value::Date(-DAY));
        checks.push(required(format!("no guess about {status}")).then(first.miss()).then(get().miss().reads_of(2)));
    }
    for seconds in [5, 10, 15, 20] {
        let first = get().gives("Last-Modified", Value::Date(-seconds)).miss();
        let name = format!("modified {seconds} s ago is stale 3 s later");
        checks.push(chosen(name).then(first).then(get().after(3).miss()));
    }
    for seconds in [120, 300, 600, 1200, 3600, 12 * 3600, DAY] {
        let first = get().gives("Last-Modified", Value::Date(-seconds)).miss();
        let name = format!("modified {seconds} s ago is fresh 3 s later");
        checks.push(chosen(name).then(first).then(get().after(3).hit().reads_of(1)));
    }
    checks.push(not_reused(
        chosen("no guess from what is modified in the future"),
        fields!["Last-Modified": Value::Date(DAY)],
    ));
    checks.push(reused(
        chosen("a download, by a guess"),
        fields!["Last-Modified": Value::Date(-DAY), "Content-Disposition": "attachment"],
    ));
    checks
}
