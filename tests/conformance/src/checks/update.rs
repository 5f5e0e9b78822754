//! What a 304, and the response to a `HEAD`, do to what is stored (RFC 9111 §3.2, §4.3.4, §4.3.5).

use super::{LATER, brief, chosen, fields, required};
use crate::{Check, Expect, ask, get};

/// Name, stored value, value of the 304.
type Row = (&'static str, &'static str, &'static str);

const MUST_RENEW: [Row; 4] = [
    ("Test-Header", "first", "second"),
    ("X-Test-Header", "first", "second"),
    ("Content-Foo", "first", "second"),
    ("X-Content-Foo", "first", "second"),
];

/// They say nothing about the bytes, so they are renewed like any other.
const RENEWED: [Row; 9] = [
    ("Content-Location", "/foo", "/bar"),
    ("Content-Security-Policy", "default-src 'self'", "default-src 'none'"),
    ("Clear-Site-Data", "\"cache\"", "\"cookies\""),
    ("Expires", "Fri, 01 Jan 2038 01:01:01 GMT", "Mon, 11 Jan 2038 11:11:11 GMT"),
    ("Public-Key-Pins", "first", "second"),
    ("Set-Cookie", "a=b", "a=c"),
    ("Set-Cookie2", "a=b", "a=c"),
    ("X-Frame-Options", "deny", "sameorigin"),
    ("X-XSS-Protection", "1", "0"),
];

/// They describe bytes that the 304 does not have.
const KEPT: [Row; 4] = [
    ("Content-Encoding", "first", "second"),
    ("Content-MD5", "rL0Y20zC+Fzt72VPzMSk2A==", "N7UdGUp1E+RbVvZSTy1R8g=="),
    ("Content-Range", "first", "second"),
    ("Content-Type", "text/plain", "text/plain;charset=utf-8"),
];

pub(super) fn checks() -> Vec<Check> {
    let mut checks = Vec::new();
    for row in MUST_RENEW {
        checks.push(after_304(required(format!("a 304 renews {}", row.0)), row, row.2));
    }
    for row in RENEWED {
        checks.push(after_304(chosen(format!("a 304 renews {}", row.0)), row, row.2));
    }
    for row in KEPT {
        checks.push(after_304(chosen(format!("a 304 leaves {} alone", row.0)), row, row.1));
    }
    checks.push(
        required("a 304 renews Cache-Control")
            .then(brief().gives("ETag", "\"abcdef\"").miss())
            .then(confirmed().says("cache-control", "max-age=3600"))
            .then(get().after(LATER).hit().reads_of(1).says("cache-control", "max-age=3600")),
    );
    checks.push(
        required("a 304 does not renew Content-Length")
            .then(brief().gives("ETag", "\"abcdef\"").gives("Content-Length", "5").content("12345").miss())
            .then(confirmed().gives("Content-Length", "10").says("content-length", "5").reads("12345"))
            .then(get().hit().says("content-length", "5").reads("12345")),
    );
    checks.push(
        required("a field that a 304 omits stays")
            .then(brief().gives("ETag", "\"abcdef\"").gives("Test-Header", "first").miss())
            .then(confirmed().says("test-header", "first"))
            .then(get().hit().says("test-header", "first")),
    );
    checks.push(
        chosen("a 304 with another ETag renews nothing")
            .then(brief().gives("ETag", "\"abcdef\"").gives("Test-Header", "first").miss())
            .then(
                get()
                    .after(LATER)
                    .status(304)
                    .gives("ETag", "\"other\"")
                    .gives("Test-Header", "second")
                    .expect(Expect::Field("test-header".to_owned(), "first".into())),
            )
            .then(get().miss().asks_not("if-none-match")),
    );
    checks.extend(by_head());
    checks
}

/// The origin confirms what is stored.
fn confirmed() -> crate::Step {
    let step = get().after(LATER).status(304).gives("ETag", "\"abcdef\"").gives("Cache-Control", "max-age=3600");
    step.asks("if-none-match", "\"abcdef\"").is(200).reads_of(1)
}

fn after_304(check: Check, (name, first, second): Row, then: &str) -> Check {
    check
        .then(brief().gives("ETag", "\"abcdef\"").gives(name, first).miss().says(name, first))
        .then(confirmed().gives(name, second).says(name, then))
        .then(get().hit().reads_of(1).says(name, then))
}

fn by_head() -> Vec<Check> {
    let stored = || brief().gives("ETag", "\"abcdef\"").gives("A", "1").gives("B", "1").content("12345").miss();
    let head = || ask("HEAD").after(LATER).content("12345");
    let renewing = || {
        fields!["Cache-Control": "max-age=3600", "ETag": "\"abcdef\"", "A": "2"]
            .into_iter()
            .fold(head(), |step, (name, value)| step.gives(name, value))
    };
    vec![
        chosen("a HEAD at a stale GET goes to the origin").then(stored()).then(head().miss()),
        chosen("a HEAD with the same tag renews a stored GET").then(stored()).then(renewing().miss()).then(get().hit()),
        chosen("its fields are renewed").then(stored()).then(renewing()).then(get().hit().says("a", "2")),
        chosen("fields that it omits stay").then(stored()).then(renewing()).then(get().hit().says("b", "1")),
        chosen("a 410 to a HEAD says nothing about a stored GET")
            .then(stored())
            .then(renewing().status(410).miss().is(410))
            .then(get().status(304).asks("if-none-match", "\"abcdef\"").is(200).reads("12345")),
    ]
}
