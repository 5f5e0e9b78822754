//! `Age` and `Date` of hits, queries, cookies, downloads (RFC 9111 §2, §4, §5).

use super::{LATER, again, chosen, fields, fresh, giving, optimal, required, reused};
use crate::{Check, Expect, Value, get};

pub(super) fn checks() -> Vec<Check> {
    let aged = |seconds| get().after(LATER).hit().expect(Expect::AgeAtLeast(seconds));
    let same_date = |step: crate::Step| step.expect(Expect::FieldOf("date".to_owned(), 1));
    let expiring = || giving(fields!["Expires": Value::Date(3600)]);
    vec![
        required("a hit has an Age").then(fresh().miss()).then(get().hit().expect(Expect::AgeAtLeast(0))),
        required("Age is the time that it was stored").then(fresh().miss()).then(aged(2)),
        required("a received Age is added, beside max-age").then(fresh().gives("Age", "30").miss()).then(aged(32)),
        required("a received Age is added, beside Expires").then(expiring().gives("Age", "30").miss()).then(aged(32)),
        required("Date is not rewritten").then(fresh().miss()).then(same_date(get().after(LATER).hit())),
        required("Date is not rewritten beside Expires")
            .then(expiring().miss())
            .then(same_date(get().after(LATER).hit())),
        chosen("Expires is left alone")
            .then(expiring().miss())
            .then(get().after(LATER).hit().expect(Expect::FieldOf("expires".to_owned(), 1))),
        chosen("the time of a slow origin is in Age")
            .then(fresh().takes(2).miss())
            .then(get().hit().expect(Expect::AgeAtLeast(2))),
        required("another query").then(fresh().at("?a=1").miss()).then(get().at("?a=2").miss().reads_of(2)),
        optimal("the same query").then(fresh().at("?a=1").miss()).then(again(get().at("?a=1"))),
        reused(optimal("Set-Cookie"), fields!["Cache-Control": "max-age=3600", "Set-Cookie": "a=b"]),
        optimal("Cookie").then(fresh().send("Cookie", "a=b").miss()).then(again(get().send("Cookie", "a=c"))),
        reused(
            chosen("a download"),
            fields!["Cache-Control": "max-age=3600", "Content-Disposition": "attachment; filename=a"],
        ),
        chosen("a HEAD is answered from a stored GET")
            .then(fresh().miss())
            .then(crate::ask("HEAD").hit().is(200).reads(""))
            .then(again(get())),
    ]
}
