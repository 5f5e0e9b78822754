//! Variants (RFC 9110 §12.5.5, RFC 9111 §4.1).

use super::{again, fields, fresh, giving, not_reused, optimal, required};
use crate::{Check, Step, get};

type Sent = &'static [(&'static str, &'static str)];

fn with(step: Step, sent: Sent) -> Step {
    sent.iter().fold(step, |step, (name, value)| step.send(name, *value))
}

fn varying(by: &str, sent: Sent) -> Step {
    with(fresh().gives("Vary", by).miss(), sent)
}

pub(super) fn checks() -> Vec<Check> {
    let mut checks = matches();
    checks.extend(mismatches());
    checks.extend(normalised());
    for lines in
        [vec!["*"], vec!["*, *"], vec!["*", "*"], vec![", *"], vec![", *", ", *"], vec!["*, Foo"], vec!["Foo, *"]]
    {
        let first = lines.iter().fold(fresh(), |step, line| step.gives("Vary", *line)).send("Foo", "1").miss();
        let name = format!("Vary of `{}`", lines.join("` and `"));
        checks.push(required(name).then(first).then(get().send("Foo", "1").miss()));
    }
    checks
}

fn matches() -> Vec<Check> {
    let rows: [(&str, &str, Sent, Sent); 6] = [
        ("a match on one field", "Foo", &[("Foo", "1")], &[("Foo", "1")]),
        ("a match on two fields", "Foo, Bar", &[("Foo", "1"), ("Bar", "a")], &[("Foo", "1"), ("Bar", "a")]),
        (
            "a match on three fields",
            "Foo, Bar, Baz",
            &[("Foo", "1"), ("Bar", "a"), ("Baz", "x")],
            &[("Baz", "x"), ("Bar", "a"), ("Foo", "1")],
        ),
        ("a field that is not named", "Foo", &[("Foo", "1"), ("Other", "2")], &[("Foo", "1"), ("Other", "3")]),
        ("a field that both lack", "Foo", &[], &[]),
        ("two fields of which both lack one", "Foo, Bar", &[("Foo", "1")], &[("Foo", "1")]),
    ];
    let mut checks: Vec<_> = rows
        .into_iter()
        .map(|(name, by, first, second)| optimal(name).then(varying(by, first)).then(again(with(get(), second))))
        .collect();
    checks.push(
        optimal("two variants at once")
            .then(varying("Foo", &[("Foo", "1")]))
            .then(varying("Foo", &[("Foo", "2")]))
            .then(again(with(get(), &[("Foo", "1")])))
            .then(with(get(), &[("Foo", "2")]).hit().reads_of(2)),
    );
    checks
}

fn mismatches() -> Vec<Check> {
    let rows: [(&str, &str, Sent, Sent); 7] = [
        ("another value", "Foo", &[("Foo", "1")], &[("Foo", "2")]),
        ("a field that is missing now", "Foo", &[("Foo", "1")], &[]),
        ("a field that was missing then", "Foo", &[], &[("Foo", "1")]),
        (
            "another value of the second of two",
            "Foo, Bar",
            &[("Foo", "1"), ("Bar", "a")],
            &[("Foo", "1"), ("Bar", "b")],
        ),
        (
            "another value of the first of two, in another order",
            "Bar, Foo",
            &[("Foo", "1"), ("Bar", "a")],
            &[("Foo", "2"), ("Bar", "a")],
        ),
        (
            "another value of the third of three",
            "Foo, Bar, Baz",
            &[("Foo", "1"), ("Bar", "a"), ("Baz", "x")],
            &[("Foo", "1"), ("Bar", "a"), ("Baz", "y")],
        ),
        (
            "a third field that is missing now",
            "Foo, Bar, Baz",
            &[("Foo", "1"), ("Bar", "a"), ("Baz", "x")],
            &[("Foo", "1"), ("Bar", "a")],
        ),
    ];
    let mut checks: Vec<_> = rows
        .into_iter()
        .map(|(name, by, first, second)| {
            required(format!("no match: {name}")).then(varying(by, first)).then(with(get(), second).miss().reads_of(2))
        })
        .collect();
    checks.push(not_reused(required("Vary: * is never reused"), fields!["Cache-Control": "max-age=3600", "Vary": "*"]));
    checks
}

fn normalised() -> Vec<Check> {
    let rows: [(&str, &str, Sent, Sent); 6] = [
        ("lines that are combined", "Foo", &[("Foo", "1, 2")], &[("Foo", "1"), ("Foo", "2")]),
        ("white space in a list", "Foo", &[("Foo", "1,2")], &[("Foo", " 1,  2 ")]),
        (
            "Accept-Language in another order of weights",
            "Accept-Language",
            &[("Accept-Language", "en, de;q=0.5")],
            &[("Accept-Language", "de;q=0.5, en")],
        ),
        (
            "Accept-Language in another order",
            "Accept-Language",
            &[("Accept-Language", "en, de")],
            &[("Accept-Language", "de, en")],
        ),
        (
            "Accept-Language in another case",
            "Accept-Language",
            &[("Accept-Language", "en, de")],
            &[("Accept-Language", "eN, De")],
        ),
        (
            "Accept-Language with other white space",
            "Accept-Language",
            &[("Accept-Language", "en, de")],
            &[("Accept-Language", " en ,   de")],
        ),
    ];
    let mut checks: Vec<_> = rows
        .into_iter()
        .map(|(name, by, first, second)| {
            optimal(format!("the same: {name}")).then(varying(by, first)).then(again(with(get(), second)))
        })
        .collect();
    checks.push(
        optimal("a Content-Language chosen by weights")
            .declined("only the handler knows which languages it has, and what it falls back to")
            .then(
                giving(fields!["Cache-Control": "max-age=3600", "Vary": "Accept-Language", "Content-Language": "de"])
                    .send("Accept-Language", "en, de;q=0.9")
                    .miss(),
            )
            .then(again(get().send("Accept-Language", "fr;q=0.5, de;q=1.0"))),
    );
    checks
}
