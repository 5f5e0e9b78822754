//! `CDN-Cache-Control` (RFC 9213).

use super::{LATER, chosen, fields, giving, not_reused, not_reused_later, optimal, required, reused};
use crate::{Check, Expect, Value, get};

pub(super) fn checks() -> Vec<Check> {
    let mut checks = wins_by_more();
    checks.extend(wins_by_less());
    checks.extend(grammar());
    checks.extend(what_is_sent());
    checks
}

fn wins_by_more() -> Vec<Check> {
    let mut checks = vec![
        reused(optimal("a targeted max-age alone"), fields!["CDN-Cache-Control": "max-age=3600"]),
        reused(
            optimal("a targeted max-age among unknown directives"),
            fields!["CDN-Cache-Control": "foobar, max-age=3600"],
        ),
        reused(
            optimal("a targeted max-age and a past Expires"),
            fields!["CDN-Cache-Control": "max-age=3600", "Expires": Value::Date(-10_000)],
        ),
        reused(
            optimal("a targeted max-age and an invalid Expires"),
            fields!["CDN-Cache-Control": "max-age=3600", "Expires": "0"],
        ),
        reused(
            optimal("a targeted max-age that is longer"),
            fields!["CDN-Cache-Control": "max-age=3600", "Cache-Control": "max-age=1", "Age": "5"],
        ),
        reused(
            required("a targeted max-age and no-store"),
            fields!["CDN-Cache-Control": "max-age=3600", "Cache-Control": "no-store"],
        ),
    ];
    for seconds in ["2147483648", "99999999999"] {
        checks.push(reused(
            optimal(format!("a targeted max-age of {seconds}")),
            fields!["CDN-Cache-Control": format!("max-age={seconds}")],
        ));
    }
    checks
}

fn wins_by_less() -> Vec<Check> {
    let mut checks = vec![
        not_reused_later(
            required("a targeted max-age that is shorter"),
            fields!["CDN-Cache-Control": "max-age=2", "Cache-Control": "max-age=3600"],
        ),
        not_reused(
            required("an Age beyond a targeted max-age"),
            fields!["CDN-Cache-Control": "max-age=3600", "Age": "7200"],
        ),
        not_reused(
            required("a targeted max-age=0 and a future Expires"),
            fields!["CDN-Cache-Control": "max-age=0", "Expires": Value::Date(3600)],
        ),
    ];
    for directive in ["max-age=0", "private", "no-cache", "no-store"] {
        checks.push(not_reused(
            required(format!("a targeted {directive}")),
            fields!["CDN-Cache-Control": directive, "Cache-Control": "max-age=3600", "Expires": Value::Date(3600)],
        ));
    }
    checks
}

fn grammar() -> Vec<Check> {
    let beside_fresh = |value: &str| fields!["CDN-Cache-Control": value, "Cache-Control": "max-age=3600"];
    vec![
        reused(required("a targeted field that does not parse"), beside_fresh("max-age=0, &&&&&")),
        reused(required("a targeted max-age of another type"), beside_fresh("max-age=\"0\"")),
        not_reused(
            required("a targeted field of another type gives nothing"),
            fields!["CDN-Cache-Control": "max-age=\"10000\"", "Cache-Control": "no-store"],
        ),
        reused(chosen("a targeted field with a space before ="), beside_fresh("max-age =0")),
        reused(chosen("a targeted field with a space behind ="), beside_fresh("max-age= 0")),
        reused(chosen("a targeted MaX-aGe"), beside_fresh("MaX-aGe=0")),
    ]
}

fn what_is_sent() -> Vec<Check> {
    let outlived = || {
        giving(fields!["CDN-Cache-Control": "max-age=3600", "Cache-Control": "max-age=1", "Expires": Value::Date(1)])
            .miss()
    };
    let same = |name: &str| get().after(LATER).hit().expect(Expect::FieldOf(name.to_owned(), 1));
    vec![
        chosen("a targeted field is passed on")
            .then(giving(fields!["CDN-Cache-Control": "max-age=3600"]).says("cdn-cache-control", "max-age=3600"))
            .then(get().hit().says("cdn-cache-control", "max-age=3600")),
        chosen("Age tells that a targeted lifetime is longer")
            .then(outlived())
            .then(get().after(LATER).hit().expect(Expect::AgeAtLeast(2))),
        chosen("Date stays where a targeted lifetime is longer").then(outlived()).then(same("date")),
        chosen("Expires stays where a targeted lifetime is longer").then(outlived()).then(same("expires")),
    ]
}
