//! `HEAD`, and clients that have a response already.

use crate::support::{Asked, Site, nothing, page, request, respond};

const TAGGED: &[(&str, &str)] = &[
    ("cache-control", "max-age=60"),
    ("content-type", "text/plain"),
    ("etag", "\"one\""),
    ("last-modified", "Sat, 04 Jan 2020 10:00:00 GMT"),
];

#[crate::door::test]
async fn a_head_is_answered_from_a_stored_get_with_the_same_fields() {
    let site = Site::plain(|_, _| page(TAGGED, "a page"));
    site.get("/").await;
    let (get, head) = (site.get("/").await, site.ask(request("HEAD", "/", &[])).await);
    assert!(head.is_hit() && head.body.is_empty());
    assert_eq!(head.headers, get.headers);
    assert_eq!(head.header("content-length"), Some("6"));
    assert_eq!(site.calls(), 1);
}

#[crate::door::test]
async fn a_head_changes_nothing_that_a_get_returns() {
    let site = Site::plain(|call, request: &Asked| {
        let body = if request.method() == "HEAD" { String::new() } else { format!("page {call}") };
        page(&[("cache-control", "max-age=60")], body)
    });
    assert_eq!(site.ask(request("HEAD", "/", &[])).await.said().word("fwd"), Some("uri-miss"));
    assert_eq!(site.get("/").await.text(), "page 2");
    assert_eq!(site.get("/").await.text(), "page 2");
    site.cache.invalidate_all().await.unwrap();
    site.ask(request("HEAD", "/", &[])).await;
    assert_eq!(site.get("/").await.text(), "page 4");
}

#[crate::door::test]
async fn a_client_that_has_the_stored_response_is_told_so() {
    let site = Site::plain(|_, _| page(TAGGED, "a page"));
    site.get("/").await;
    for condition in [
        ("if-none-match", "\"zero\", W/\"one\""),
        ("if-none-match", "*"),
        ("if-modified-since", "Sat, 04 Jan 2020 10:00:00 GMT"),
    ] {
        let answer = site.get_with("/", &[condition]).await;
        assert_eq!((answer.status.as_u16(), answer.is_hit()), (304, true), "{condition:?}");
        assert!(answer.body.is_empty());
        assert_eq!(answer.header("etag"), Some("\"one\""));
        assert_eq!((answer.header("content-length"), answer.header("content-type")), (None, None));
    }
    let answer = site.get_with("/", &[("if-none-match", "\"zero\"")]).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "a page"));
    assert_eq!(site.calls(), 1);
}

#[crate::door::test]
async fn a_condition_does_not_reach_the_handler_of_a_response_that_is_recorded() {
    let site = Site::plain(|_, request| {
        assert!(!request.headers().contains_key("if-none-match"), "a 304 could not be recorded");
        page(TAGGED, "a page")
    });
    let first = site.get_with("/", &[("if-none-match", "\"one\"")]).await;
    assert_eq!(first.status.as_u16(), 304, "the client still gets what it would have got");
    assert!(first.said().has("stored"));
    assert_eq!(site.get("/").await.text(), "a page");
    assert_eq!(site.calls(), 1);
}

#[crate::door::test]
async fn a_condition_is_met_by_a_response_that_is_not_kept_as_well() {
    let site = Site::plain(|_, _| page(&[("cache-control", "private"), ("etag", "\"mine\"")], "a page"));
    let answer = site.get_with("/", &[("if-none-match", "\"mine\"")]).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (304, ""));
    assert_eq!(site.get_with("/", &[("if-none-match", "\"other\"")]).await.text(), "a page");
}

#[crate::door::test]
async fn a_stored_page_without_a_body_is_answered_without_one() {
    let site = Site::plain(|_, _| respond(204, &[("cache-control", "max-age=60")], nothing()));
    site.get("/").await;
    let hit = site.get("/").await;
    assert_eq!((hit.status.as_u16(), hit.is_hit(), hit.header("content-length")), (204, true, None));
}
