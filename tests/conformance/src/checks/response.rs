//! Directives of responses, and `Authorization` (RFC 9111 §3.5, §5.2.2).

use super::{LATER, again, chosen, fields, fresh, giving, not_reused, optimal, required, reused};
use crate::{Check, Value, get};

pub(super) fn checks() -> Vec<Check> {
    let mut checks = vec![
        not_reused(required("private"), fields!["Cache-Control": "private, max-age=3600"]),
        not_reused(required("no-store"), fields!["Cache-Control": "no-store"]),
        not_reused(required("No-StOrE"), fields!["Cache-Control": "No-StOrE"]),
        not_reused(
            required("no-store beside lifetimes"),
            fields!["Cache-Control": "no-store, max-age=3600", "Expires": Value::Date(3600)],
        ),
        not_reused(required("no-cache"), fields!["Cache-Control": "no-cache"]),
        not_reused(required("No-CaChE"), fields!["Cache-Control": "No-CaChE"]),
        not_reused(required("no-cache beside max-age"), fields!["Cache-Control": "no-cache, max-age=3600"]),
        optimal("no-cache is stored and asked about")
            .then(giving(fields!["Cache-Control": "no-cache", "ETag": "\"abc\""]).miss())
            .then(get().status(304).gives("ETag", "\"abc\"").asks("if-none-match", "\"abc\"").is(200).reads_of(1)),
        required("a fresh response outlives a later one with no-store")
            .then(fresh().miss())
            .then(again(get().gives("Cache-Control", "no-store")))
            .then(again(get())),
        required("a response with a lifetime is used after one with no-store for another query")
            .then(fresh().miss())
            .then(get().at("?other").gives("Cache-Control", "no-store").miss())
            .then(again(get())),
        reused(optimal("must-revalidate while fresh"), fields!["Cache-Control": "max-age=3600, must-revalidate"]),
        required("must-revalidate once stale")
            .then(giving(fields!["Cache-Control": "max-age=2, must-revalidate", "ETag": "\"abc\""]).miss())
            .then(get().after(LATER).status(304).asks("if-none-match", "\"abc\"").is(200).reads_of(1)),
    ];
    for (list, names) in [("a", vec!["a"]), ("a, b", vec!["a", "b"])] {
        let value = format!("max-age=3600, no-cache=\"{list}\"");
        let first = giving(fields!["Cache-Control": value.clone(), "a": "1", "b": "2"]).miss().says("a", "1");
        let second = names.iter().fold(again(get()), |step, name| step.lacks(name));
        checks.push(chosen(format!("no-cache=\"{list}\" drops these fields")).then(first).then(second));
    }
    checks.extend(authorization());
    checks
}

fn authorization() -> Vec<Check> {
    let asked = |step: crate::Step| step.send("Authorization", "Basic dGVzdDp0ZXN0");
    let mut checks = vec![
        required("a request with Authorization").then(asked(fresh()).miss()).then(asked(get()).miss().reads_of(2)),
    ];
    for directive in ["public", "must-revalidate", "s-maxage=3600"] {
        let first = giving(fields!["Cache-Control": format!("max-age=3600, {directive}")]);
        checks.push(
            optimal(format!("a request with Authorization and {directive}"))
                .then(asked(first).miss())
                .then(again(asked(get()))),
        );
    }
    checks
}
