//! Conditions of clients, and questions of the cache (RFC 9110 §13, RFC 9111 §4.3).

use super::{LATER, brief, chosen, fields, fresh, giving, optimal, required};
use crate::{Check, Step, Value, get};

const MODIFIED: &str = "Wed, 01 Jan 2020 00:00:00 GMT";
const MODIFIED_IN_RFC850: &str = "Wednesday, 01-Jan-20 00:00:00 GMT";
const AFTERWARDS: &str = "Thu, 02 Jan 2020 00:00:00 GMT";

pub(super) fn checks() -> Vec<Check> {
    let mut checks = by_date();
    checks.extend(by_tag());
    checks.extend(asked_by_the_cache());
    checks.extend(odd_tags());
    checks.extend(on_a_miss());
    checks
}

fn by_date() -> Vec<Check> {
    let rows = [
        ("equal to Last-Modified", MODIFIED),
        ("later than Last-Modified", AFTERWARDS),
        ("in the format of RFC 850", MODIFIED_IN_RFC850),
    ];
    let mut checks: Vec<_> = rows
        .into_iter()
        .map(|(how, since)| {
            optimal(format!("If-Modified-Since {how}"))
                .then(fresh().gives("Last-Modified", MODIFIED).miss())
                .then(get().send("If-Modified-Since", since).hit().is(304))
        })
        .collect();
    checks.push(
        optimal("If-Modified-Since and a stale response").then(brief().gives("Last-Modified", MODIFIED).miss()).then(
            get()
                .after(LATER)
                .send("If-Modified-Since", MODIFIED)
                .status(304)
                .gives("Last-Modified", MODIFIED)
                .asks("if-modified-since", MODIFIED)
                .is(304),
        ),
    );
    checks.push(
        optimal("If-Modified-Since before Date, without a Last-Modified")
            .declined("two versions of one second have the same Date")
            .then(fresh().miss())
            .then(get().send("If-Modified-Since", Value::Date(-3000)).hit().is(304)),
    );
    checks
}

fn by_tag() -> Vec<Check> {
    let rows = [
        ("a strong tag", "\"abcdef\"", "\"abcdef\""),
        ("a weak tag", "W/\"abcdef\"", "W/\"abcdef\""),
        ("a tag at the first place", "\"abcdef\"", "\"abcdef\", \"one\", \"two\""),
        ("a tag in the middle", "\"abcdef\"", "\"one\", \"abcdef\", \"two\""),
        ("a tag at the last place", "\"abcdef\"", "\"one\", \"two\", \"abcdef\""),
    ];
    let mut checks: Vec<_> = rows
        .into_iter()
        .map(|(name, tag, sent)| {
            optimal(format!("If-None-Match with {name}"))
                .then(fresh().gives("ETag", tag).miss())
                .then(get().send("If-None-Match", sent).hit().is(304))
        })
        .collect();
    let tagged = || fresh().gives("ETag", "\"abcdef\"").gives("Last-Modified", MODIFIED).miss();
    checks.push(
        required("a 304 has the ETag")
            .then(tagged())
            .then(get().send("If-None-Match", "\"abcdef\"").is(304).says("etag", "\"abcdef\"")),
    );
    checks.push(
        required("If-None-Match goes before If-Modified-Since").then(tagged()).then(
            get().send("If-None-Match", "\"other\"").send("If-Modified-Since", MODIFIED).hit().is(200).reads_of(1),
        ),
    );
    checks
}

fn asked_by_the_cache() -> Vec<Check> {
    let question =
        |tag: &str| get().after(LATER).status(304).gives("ETag", tag).asks("if-none-match", tag).is(200).reads_of(1);
    let mut checks: Vec<_> = ["\"abcdef\"", "W/\"abcdef\""]
        .into_iter()
        .map(|tag| {
            optimal(format!("a stale response with the ETag {tag}"))
                .then(brief().gives("ETag", tag).miss())
                .then(question(tag))
        })
        .collect();
    checks.push(
        required("a question has the fields that Vary names")
            .then(brief().gives("ETag", "\"abcdef\"").gives("Vary", "Abc").send("Abc", "123").miss())
            .then(question("\"abcdef\"").send("Abc", "123").asks("abc", "123")),
    );
    checks.push(
        chosen("another variant's tag is not asked with")
            .then(brief().gives("ETag", "\"abcdef\"").gives("Vary", "Abc").send("Abc", "123").miss())
            .then(get().after(LATER).send("Abc", "456").asks_not("if-none-match").reads_of(2)),
    );
    checks
}

/// What is no tag by the grammar is none here, on either side.
fn odd_tags() -> Vec<Check> {
    let rows: [(&str, &[u8], &[u8], bool); 6] = [
        ("with bytes beyond ASCII", b"\"abc\xc3\xa9\"", b"\"abc\xc3\xa9\"", true),
        ("that is not quoted in the response", b"abcdef", b"\"abcdef\"", false),
        ("that is not quoted in the request", b"\"abcdef\"", b"abcdef", false),
        ("with w/", b"w/\"abcdef\"", b"W/\"abcdef\"", false),
        ("with W\\", b"W\\\"abcdef\"", b"W/\"abcdef\"", false),
        ("with W and no slash", b"W\"abcdef\"", b"W/\"abcdef\"", false),
    ];
    let mut checks: Vec<_> = rows
        .into_iter()
        .map(|(how, stored, sent, matches)| {
            let second = get().send("If-None-Match", sent).hit();
            let second = if matches { second.is(304) } else { second.is(200).reads_of(1) };
            chosen(format!("a tag {how}")).then(fresh().gives("ETag", stored).miss()).then(second)
        })
        .collect();
    checks.push(
        chosen("a tag that is not quoted is not asked with")
            .then(brief().gives("ETag", "abcdef").miss())
            .then(get().after(LATER).asks_not("if-none-match").reads_of(2)),
    );
    checks
}

/// A 304 could not be kept, so the origin is asked for the whole; the condition is met here afterwards.
fn on_a_miss() -> Vec<Check> {
    let on_a_miss = |sent: &str, status: u16| -> Step {
        giving(fields!["Cache-Control": "max-age=3600", "ETag": "\"abcdef\""])
            .send("If-None-Match", sent)
            .asks_not("if-none-match")
            .is(status)
    };
    vec![
        chosen("a condition that is met, on a miss").then(on_a_miss("\"abcdef\"", 304)),
        chosen("a condition that is not met, on a miss").then(on_a_miss("\"other\"", 200).reads_of(1)),
        chosen("a condition without quotes, on a miss").then(on_a_miss("abcdef", 200).reads_of(1)),
    ]
}
