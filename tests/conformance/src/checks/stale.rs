//! Stale answers (RFC 9111 §4.2.4, RFC 5861).

use super::{LATER, chosen, fields, giving, optimal, required};
use crate::{Check, Needs, get};

pub(super) fn checks() -> Vec<Check> {
    let mut checks = vec![
        optimal("stale-while-revalidate")
            .then(giving(fields!["Cache-Control": "max-age=1, stale-while-revalidate=3600"]).miss())
            .then(get().after(LATER).is(200).reads_of(1)),
        required("stale-while-revalidate is over")
            .then(giving(fields!["Cache-Control": "max-age=1, stale-while-revalidate=1"]).miss())
            .then(get().after(LATER + 1).miss().reads_of(2)),
    ];
    for directives in ["max-age=2", "max-age=2, stale-if-error=60"] {
        let first = || giving(fields!["Cache-Control": directives]).miss();
        checks.push(
            chosen(format!("an origin that closes, and {directives}"))
                .needs(Needs::Connections)
                .then(first())
                .then(get().after(LATER).closes().is(200).reads_of(1).lacks("warning")),
        );
        checks.push(
            chosen(format!("an origin that answers 503, and {directives}"))
                .then(first())
                .then(get().after(LATER).status(503).is(200).reads_of(1).lacks("warning")),
        );
    }
    for directives in ["max-age=2, must-revalidate", "max-age=2, proxy-revalidate", "max-age=2, no-cache", "s-maxage=2"]
    {
        let first = || giving(fields!["Cache-Control": directives, "ETag": "\"abc\""]).miss();
        checks.push(
            required(format!("an origin that closes, and {directives}"))
                .needs(Needs::Connections)
                .then(first())
                .then(get().after(LATER).closes().is(502)),
        );
        checks.push(
            chosen(format!("an origin that answers 503, and {directives}"))
                .then(first())
                .then(get().after(LATER).status(503).is(503)),
        );
    }
    checks
}
