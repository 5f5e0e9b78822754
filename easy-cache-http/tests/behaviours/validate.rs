//! Asking whether a stored response is current, and what the answer changes (RFC 9111 §4.3).

use crate::support::Fields;
use easy_cache_http::Validation::{self, Confirmed, Contradicted, Failed, Replaced};
use easy_cache_http::conditional::Validators;
use easy_cache_http::validate::renews;

const MODIFIED: &str = "Sat, 04 Jan 2020 10:00:00 GMT";

fn conditions(stored: Fields<'_>) -> Vec<(&'static str, String)> {
    let validators = Validators::parse(stored);
    validators.conditions().map(|(name, value)| (name, String::from_utf8_lossy(value).into_owned())).collect()
}

fn verdict(stored: Fields<'_>, status: u16, response: Fields<'_>) -> Validation {
    Validation::of(&Validators::parse(stored), status, response)
}

#[test]
fn a_validating_request_repeats_tag_and_date_as_they_were_written() {
    assert_eq!(conditions(&[("etag", "\"a\"")]), [("if-none-match", "\"a\"".to_owned())]);
    assert_eq!(conditions(&[("etag", "W/\"a\"")]), [("if-none-match", "W/\"a\"".to_owned())]);
    let old = "Saturday, 04-Jan-20 10:00:00 GMT";
    assert_eq!(
        conditions(&[("etag", "\"a\""), ("last-modified", old)]),
        [("if-none-match", "\"a\"".to_owned()), ("if-modified-since", old.to_owned())]
    );
    for broken in [("etag", "a"), ("etag", "w/\"a\""), ("last-modified", "yesterday")] {
        assert!(conditions(&[broken]).is_empty(), "{broken:?}");
    }
}

#[test]
fn a_304_confirms_what_it_names_or_what_was_asked_if_it_names_nothing() {
    let both: Fields<'_> = &[("etag", "\"a\""), ("last-modified", MODIFIED)];
    for named in [("etag", "\"a\""), ("etag", "W/\"a\""), ("last-modified", MODIFIED), ("date", MODIFIED)] {
        assert_eq!(verdict(both, 304, &[named]), Confirmed, "{named:?}");
    }
    for other in [("etag", "\"b\""), ("last-modified", "Sat, 04 Jan 2020 10:00:01 GMT")] {
        assert_eq!(verdict(both, 304, &[other]), Contradicted, "{other:?}");
    }
    assert_eq!(
        verdict(both, 304, &[("etag", "\"a\""), ("last-modified", "Sat, 04 Jan 2020 10:00:01 GMT")]),
        Confirmed,
        "where there are tags, they decide"
    );
}

#[test]
fn a_failure_says_nothing_and_anything_else_replaces() {
    for status in [500, 502, 503, 504] {
        assert_eq!(verdict(&[("etag", "\"a\"")], status, &[]), Failed, "{status}");
    }
    for status in [200, 203, 206, 301, 404, 410, 412, 501] {
        assert_eq!(verdict(&[("etag", "\"a\"")], status, &[("etag", "\"a\"")]), Replaced, "{status}");
    }
}

#[test]
fn a_head_confirms_only_what_it_names_and_replaces_what_it_contradicts() {
    let stored = Validators::parse(&[("etag", "\"a\"")][..]);
    let head = |status, fields: Fields<'_>| Validation::of_head(&stored, 200, 6, status, fields);
    assert_eq!(head(200, &[("etag", "\"a\"")]), Some(Confirmed));
    assert_eq!(head(200, &[("etag", "\"a\""), ("content-length", "6")]), Some(Confirmed));
    assert_eq!(head(200, &[("etag", "\"a\""), ("content-length", "7")]), Some(Replaced));
    assert_eq!(head(200, &[("etag", "\"b\"")]), Some(Replaced));
    assert_eq!(head(200, &[("content-length", "7")]), None, "nothing in common");
    assert_eq!(head(500, &[("etag", "\"b\"")]), None);
    assert_eq!(head(405, &[("etag", "\"b\"")]), None);
}

#[test]
fn a_304_renews_all_fields_but_those_about_the_stored_bytes_and_those_of_the_connection() {
    for renewed in [
        "cache-control",
        "clear-site-data",
        "content-foo",
        "content-location",
        "content-security-policy",
        "date",
        "expires",
        "set-cookie",
        "test-header",
        "vary",
        "x-content-foo",
        "x-frame-options",
        "x-test-header",
    ] {
        assert!(renews(renewed, true) && renews(renewed, false), "{renewed}");
    }
    for kept in [
        "Content-Length",
        "content-encoding",
        "content-md5",
        "content-range",
        "content-type",
        "trailer",
        "connection",
        "transfer-encoding",
        "upgrade",
        "age",
    ] {
        assert!(!renews(kept, true) && !renews(kept, false), "{kept}");
    }
    assert!(renews("etag", false), "a response without a tag may get one");
    assert!(!renews("ETag", true), "a weak tag that was confirmed does not become a strong one");
}

#[test]
fn a_range_is_cut_only_if_its_condition_repeats_a_strong_validator() {
    let sent = "Sat, 04 Jan 2020 10:00:01 GMT";
    let stored = Validators::parse(&[("etag", "\"a\""), ("last-modified", MODIFIED), ("date", sent)][..]);
    let allows = |value: &str| stored.allow_range(&[("if-range", value)][..]);
    assert!(stored.allow_range(&[("range", "bytes=0-1")][..]), "without a condition");
    assert!(allows("\"a\"") && allows(MODIFIED) && allows("Saturday, 04-Jan-20 10:00:00 GMT"));
    for other in ["\"b\"", "W/\"a\"", "a", "", "*", "\"a\", \"b\"", "Sat, 04 Jan 2020 10:00:01 GMT"] {
        assert!(!allows(other), "{other}");
    }
    let twice: Fields<'_> = &[("if-range", "\"a\""), ("if-range", "\"a\"")];
    assert!(!stored.allow_range(twice));
    let weak = Validators::parse(&[("etag", "W/\"a\""), ("last-modified", MODIFIED), ("date", MODIFIED)][..]);
    assert!(!weak.allow_range(&[("if-range", "W/\"a\"")][..]));
    assert!(!weak.allow_range(&[("if-range", MODIFIED)][..]), "another change may share the second");
}
