//! Which fields of a response are kept with it (RFC 9111 §3.1).

use super::{fresh, required};
use crate::{Check, Expect, Needs, get};

const KEPT: [(&str, &str); 22] = [
    ("Test-Header", "stored-value"),
    ("X-Test-Header", "stored-value"),
    ("Content-Foo", "stored-value"),
    ("X-Content-Foo", "stored-value"),
    ("Content-Encoding", "stored-value"),
    ("Content-Length", "36"),
    ("Content-Location", "/foo"),
    ("Content-MD5", "rL0Y20zC+Fzt72VPzMSk2A=="),
    ("Content-Range", "stored-value"),
    ("Content-Type", "text/plain"),
    ("Content-Security-Policy", "default-src 'self'"),
    ("Clear-Site-Data", "\"cache\""),
    ("ETag", "\"abcdef\""),
    ("Expires", "Fri, 01 Jan 2038 01:01:01 GMT"),
    ("Public-Key-Pins", "stored-value"),
    ("Set-Cookie", "a=b"),
    ("Set-Cookie2", "a=b"),
    ("X-Frame-Options", "deny"),
    ("X-XSS-Protection", "1"),
    ("Server", "stored-value"),
    ("Link", "</a.css>; rel=preload"),
    ("Content-Language", "en"),
];

const NOT_KEPT: [(&str, &str); 9] = [
    ("Keep-Alive", "stored-value"),
    ("Proxy-Authenticate", "stored-value"),
    ("Proxy-Authentication-Info", "stored-value"),
    ("Proxy-Authorization", "stored-value"),
    ("Proxy-Connection", "stored-value"),
    ("TE", "stored-value"),
    ("Transfer-Encoding", "stored-value"),
    ("Upgrade", "stored-value"),
    ("Connection", "stored-value"),
];

/// As long as the `Content-Length` above says.
const BODY: &str = "a body of thirty-six bytes, exactly.";

pub(super) fn checks() -> Vec<Check> {
    let mut checks = vec![
        required("Cache-Control is kept").then(fresh().miss()).then(get().hit().says("cache-control", "max-age=3600")),
    ];
    for (name, value) in KEPT {
        let check = required(format!("{name} is kept")).then(fresh().gives(name, value).content(BODY).miss());
        checks.push(check.then(get().hit().says(name, value).reads(BODY)));
    }
    for (name, value) in NOT_KEPT {
        let not_there = Expect::NotField(name.to_owned(), value.to_owned());
        checks.push(
            required(format!("{name} is not kept"))
                .needs(Needs::Connections)
                .then(fresh().gives(name, value).content(BODY).miss())
                .then(get().hit().expect(not_there).reads(BODY)),
        );
    }
    checks.push(
        required("fields that Connection lists are not kept")
            .needs(Needs::Connections)
            .then(fresh().gives("Connection", "a, b").gives("a", "1").gives("b", "2").gives("c", "3").miss())
            .then(get().hit().lacks("a").lacks("b").says("c", "3")),
    );
    checks
}
