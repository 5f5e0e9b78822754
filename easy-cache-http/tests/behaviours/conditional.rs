//! `If-None-Match` and `If-Modified-Since` of clients (RFC 9110 §13, RFC 9111 §4.3.2).

use crate::support::{Fields, date_at};
use easy_cache_http::Conditional::{self, Full, NotModified};
use easy_cache_http::conditional::Validators;
use easy_cache_http::{RequestFacts, headers};

fn with_tag(etag: &str, if_none_match: &str) -> Conditional {
    Validators::parse(&[("etag", etag)][..]).evaluate(200, &[("if-none-match", if_none_match)][..])
}

fn since(stored: Fields<'_>, if_modified_since: &str) -> Conditional {
    Validators::parse(stored).evaluate(200, &[("if-modified-since", if_modified_since)][..])
}

#[test]
fn a_matching_tag_gives_304_weak_or_strong_on_either_side() {
    for (stored, asked) in [("\"a\"", "\"a\""), ("W/\"a\"", "\"a\""), ("\"a\"", "W/\"a\""), ("W/\"a\"", "W/\"a\"")] {
        assert_eq!(with_tag(stored, asked), NotModified, "{stored} {asked}");
    }
    for asked in ["\"b\"", "\"A\"", "\"aa\"", "\"\"", ""] {
        assert_eq!(with_tag("\"a\"", asked), Full, "{asked}");
    }
}

#[test]
fn a_tag_at_the_first_middle_or_last_place_of_a_list_matches() {
    for list in [
        "\"a\", \"x\", \"y\"",
        "\"x\",\"a\",\"y\"",
        "\"x\", W/\"y\" ,\t\"a\"",
        ", ,\"a\",",
        "junk, \"a\"",
        "\"x\"junk, \"a\"",
    ] {
        assert_eq!(with_tag("\"a\"", list), NotModified, "{list}");
    }
    let lines = [("if-none-match", "\"x\""), ("if-none-match", "\"a\"")];
    assert_eq!(Validators::parse(&[("etag", "\"a\"")][..]).evaluate(200, &lines[..]), NotModified);
}

#[test]
fn a_comma_or_a_backslash_in_a_tag_is_part_of_it() {
    assert_eq!(with_tag("\"a,b\"", "\"x\", \"a,b\""), NotModified);
    assert_eq!(with_tag("\"b\"", "\"a,b\""), Full);
    assert_eq!(with_tag("\"a\\\"", "\"a\\\""), NotModified);
}

#[test]
fn a_tag_may_have_bytes_beyond_ascii() {
    let stored = Validators::parse(&[("etag", b"\"\xfc\"".as_slice())][..]);
    assert_eq!(stored.evaluate(200, &[("if-none-match", b"\"\xfc\"".as_slice())][..]), NotModified);
    assert_eq!(stored.evaluate(200, &[("if-none-match", b"\"\xfd\"".as_slice())][..]), Full);
}

#[test]
fn what_is_not_a_tag_matches_nothing_on_either_side() {
    for broken in ["a", "w/\"a\"", "W\\\"a\"", "W\"a\"", "\"a", "a\"", "'a'", "\"a\"b", "\"a b\""] {
        assert_eq!(with_tag(broken, broken), Full, "{broken}");
        assert_eq!(with_tag("\"a\"", broken), Full, "{broken}");
        assert_eq!(with_tag(broken, "\"a\""), Full, "{broken}");
    }
    let twice = Validators::parse(&[("etag", "\"a\""), ("etag", "\"a\"")][..]);
    assert_eq!(twice.evaluate(200, &[("if-none-match", "\"a\"")][..]), Full);
}

#[test]
fn a_star_matches_whatever_is_stored_but_only_alone() {
    assert_eq!(with_tag("\"a\"", "*"), NotModified);
    assert_eq!(Validators::default().evaluate(200, &[("if-none-match", " * ")][..]), NotModified);
    assert_eq!(with_tag("\"a\"", "*, \"b\""), Full);
}

#[test]
fn if_none_match_has_precedence_over_if_modified_since() {
    let (modified, later) = (date_at(-100), date_at(0));
    let stored = Validators::parse(&[("etag", "\"a\""), ("last-modified", &modified)][..]);
    let differs = [("if-none-match", "\"b\""), ("if-modified-since", later.as_str())];
    assert_eq!(stored.evaluate(200, &differs[..]), Full);
    let earlier = date_at(-1000);
    let same = [("if-none-match", "\"a\""), ("if-modified-since", earlier.as_str())];
    assert_eq!(stored.evaluate(200, &same[..]), NotModified);
    let broken = [("if-none-match", "junk"), ("if-modified-since", later.as_str())];
    assert_eq!(stored.evaluate(200, &broken[..]), Full);
}

#[test]
fn last_modified_equal_to_or_earlier_than_asked_gives_304() {
    let modified = date_at(-100);
    let stored = [("last-modified", modified.as_str())];
    assert_eq!(since(&stored, &date_at(-100)), NotModified);
    assert_eq!(since(&stored, &date_at(0)), NotModified);
    assert_eq!(since(&stored, &date_at(-101)), Full);
}

#[test]
fn if_modified_since_is_read_in_the_old_formats_and_ignored_if_broken_or_repeated() {
    let stored = [("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT")];
    for asked in ["Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
        assert_eq!(since(&stored, asked), NotModified, "{asked}");
    }
    assert_eq!(since(&stored, "Sun, 06 Nov 2044 08:49:37 UTC"), Full);
    let now = date_at(0);
    let twice = [("if-modified-since", now.as_str()), ("if-modified-since", now.as_str())];
    assert_eq!(Validators::parse(&stored[..]).evaluate(200, &twice[..]), Full);
}

#[test]
fn without_a_stored_last_modified_the_date_does_not_stand_in() {
    let dated = date_at(-10);
    assert_eq!(since(&[("date", &dated)], &date_at(0)), Full);
    assert_eq!(since(&[("date", &dated)], &date_at(-3010)), Full);
}

#[test]
fn conditions_count_only_where_the_answer_is_a_success() {
    let stored = Validators::parse(&[("etag", "\"a\"")][..]);
    for (status, expected) in [(200, NotModified), (204, NotModified), (301, Full), (404, Full), (503, Full)] {
        assert_eq!(stored.evaluate(status, &[("if-none-match", "\"a\"")][..]), expected, "{status}");
    }
}

#[test]
fn a_request_without_conditions_gets_the_full_response() {
    let stored = Validators::parse(&[("etag", "\"a\"")][..]);
    assert_eq!(stored.evaluate(200, &[("accept", "*/*")][..]), Full);
    assert!(!RequestFacts::of("GET", &[("accept", "*/*")][..]).conditional);
    assert!(RequestFacts::of("GET", &[("if-none-match", "\"a\"")][..]).conditional);
    assert!(RequestFacts::of("HEAD", &[("if-modified-since", "x")][..]).conditional);
}

#[test]
fn a_304_carries_the_tag_and_what_caches_need_but_not_what_describes_the_body() {
    for name in ["ETag", "cache-control", "content-location", "date", "expires", "vary", "x-other", "set-cookie", "age"]
    {
        assert!(headers::belongs_to_not_modified(name), "{name}");
    }
    for name in ["Content-Length", "content-type", "content-encoding", "content-range", "transfer-encoding"] {
        assert!(!headers::belongs_to_not_modified(name), "{name}");
    }
}
