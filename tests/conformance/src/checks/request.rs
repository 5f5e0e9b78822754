//! Wishes of clients (RFC 9111 §5.2.1, §5.4). They are advice, and by default passed over: see the rules.

use super::{LATER, again, chosen, fields, fresh, giving, reused};
use crate::{Check, Value, get};

pub(super) fn checks() -> Vec<Check> {
    let mut checks = Vec::new();
    for wish in ["max-age=0", "max-age=1", "min-fresh=7200", "max-stale=1000", "no-cache", "no-store"] {
        let second = again(get().after(2).send("Cache-Control", wish));
        checks.push(chosen(format!("a stored response answers a wish for {wish}")).then(fresh().miss()).then(second));
    }
    for wish in ["max-age=600", "min-fresh=1000"] {
        let first = fresh().gives("Age", "1000").miss();
        let second = again(get().send("Cache-Control", wish));
        checks
            .push(chosen(format!("a stored response with an Age answers a wish for {wish}")).then(first).then(second));
    }
    for wish in ["max-stale", "max-stale=1000"] {
        let first = giving(fields!["Cache-Control": "max-age=2"]).miss();
        let second = get().after(LATER).send("Cache-Control", wish).miss().reads_of(2);
        checks.push(chosen(format!("{wish} is no reason to serve what is stale")).then(first).then(second));
    }
    for (validator, value) in [("ETag", "\"abc\""), ("Last-Modified", "Wed, 01 Jan 2020 00:00:00 GMT")] {
        let first = fresh().gives(validator, value).miss();
        let second = again(get().send("Cache-Control", "no-cache"));
        checks.push(chosen(format!("no-cache and a stored {validator}")).then(first).then(second));
    }
    checks.push(
        chosen("an answer to a request with no-store is not kept")
            .then(fresh().send("Cache-Control", "no-store").miss())
            .then(get().miss()),
    );
    checks.push(chosen("only-if-cached gives 504").then(get().send("Cache-Control", "only-if-cached").hit().is(504)));
    checks.extend(pragma());
    checks
}

fn pragma() -> Vec<Check> {
    vec![
        chosen("Pragma: no-cache of a request").then(fresh().miss()).then(again(get().send("Pragma", "no-cache"))),
        chosen("another Pragma of a request").then(fresh().miss()).then(again(get().send("Pragma", "foo"))),
        reused(chosen("another Pragma of a response"), fields!["Cache-Control": "max-age=3600", "Pragma": "foo"]),
        reused(
            chosen("Pragma: no-cache of a response"),
            fields!["Cache-Control": "max-age=3600", "Pragma": "no-cache"],
        ),
        reused(
            chosen("Pragma: no-cache of a response with a guessed lifetime"),
            fields!["Last-Modified": Value::Date(-86_400), "Pragma": "no-cache"],
        ),
    ]
}
