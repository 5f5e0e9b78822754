//! What an unsafe request makes invalid (RFC 9111 §4.4).

use crate::support::Fields;
use easy_cache_http::{MethodClass, Target, for_each_invalidated};

fn invalidated(method: &str, status: u16, response: Fields<'_>) -> Vec<String> {
    let target = Target::new("https", "shop.example", "/books/7", Some("edit"));
    let mut dropped = Vec::new();
    for_each_invalidated(MethodClass::of(method), status, &target, response, |target| {
        let query = target.query.map(|query| format!("?{query}")).unwrap_or_default();
        dropped.push(format!("{}{}{query}", target.authority, target.path));
    });
    dropped
}

#[test]
fn a_successful_unsafe_request_invalidates_its_uri() {
    for method in ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "UNHEARD-OF"] {
        for status in [200, 201, 204, 303, 307] {
            assert_eq!(invalidated(method, status, &[]), ["shop.example/books/7?edit"], "{method} {status}");
        }
    }
}

#[test]
fn an_error_and_a_safe_request_invalidate_nothing() {
    for status in [100, 400, 404, 409, 500, 503] {
        assert!(invalidated("POST", status, &[("location", "/books")]).is_empty(), "{status}");
    }
    for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
        assert!(invalidated(method, 200, &[("location", "/books")]).is_empty(), "{method}");
    }
}

#[test]
fn location_and_content_location_of_the_same_origin_are_invalidated_too() {
    let response = [("location", "/books/8#top"), ("content-location", "https://SHOP.example:443/books?page=1")];
    let expected = ["shop.example/books/7?edit", "shop.example/books/8", "SHOP.example:443/books?page=1"];
    assert_eq!(invalidated("POST", 201, &response), expected);
    assert_eq!(invalidated("PUT", 200, &[("location", "9")])[1], "shop.example/books/9");
}

#[test]
fn another_origin_is_never_invalidated() {
    for location in [
        "https://other.example/books",
        "//other.example/books",
        "http://shop.example/books",
        "https://shop.example:8443/books",
        "https://shop.example@other.example/",
        "ftp://shop.example/",
        "mailto:a",
    ] {
        assert_eq!(invalidated("POST", 201, &[("location", location)]).len(), 1, "{location}");
    }
}

#[test]
fn a_location_that_is_the_target_itself_is_dropped_once() {
    assert_eq!(invalidated("POST", 303, &[("location", "/books/7?edit")]).len(), 1);
}
