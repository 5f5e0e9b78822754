//! What the response to a `HEAD` says about a stored `GET` that is stale.

use crate::support::{Asked, Fields, Site, TAGGED, is_asked, nothing, page, request, respond, seconds};

/// A site whose `HEAD` says this.
fn with_head(head: Fields<'static>) -> Site {
    Site::plain(move |call, request: &Asked| {
        assert!(!is_asked(request) || request.method() == "GET", "a HEAD is passed on as it is");
        match request.method().as_str() {
            "HEAD" => respond(200, head, nothing()),
            _ => page(TAGGED, format!("page {call}")),
        }
    })
}

#[crate::door::test]
async fn a_head_that_names_the_stored_response_renews_it_and_its_body_stays() {
    let site =
        with_head(&[("etag", "\"one\""), ("cache-control", "max-age=20"), ("x-both", "new"), ("content-length", "6")]);
    site.get("/").await;
    site.clock.advance(seconds(10));
    let head = site.ask(request("HEAD", "/", &[])).await;
    assert_eq!((head.said().word("fwd"), head.body.len()), (Some("stale"), 0));
    assert!(head.said().has("stored"));
    site.clock.advance(seconds(19));
    let get = site.get("/").await;
    assert_eq!((get.text(), get.is_hit()), ("page 1", true));
    assert_eq!((get.header("x-both"), get.header("x-first")), (Some("new"), Some("kept")));
    assert_eq!(site.calls(), 2);
}

#[crate::door::test]
async fn a_head_that_contradicts_the_stored_response_drops_it() {
    for head in [&[("etag", "\"two\"")][..], &[("etag", "\"one\""), ("content-length", "7")]] {
        let site = with_head(head);
        site.get("/").await;
        site.clock.advance(seconds(10));
        site.ask(request("HEAD", "/", &[])).await;
        let get = site.get("/").await;
        assert_eq!((get.text(), get.said().word("fwd")), ("page 3", Some("uri-miss")), "{head:?}");
    }
}

#[crate::door::test]
async fn a_head_that_says_nothing_about_the_stored_response_changes_nothing() {
    let site = with_head(&[("cache-control", "max-age=60")]);
    site.get("/").await;
    site.clock.advance(seconds(10));
    assert!(!site.ask(request("HEAD", "/", &[])).await.said().has("stored"));
    let get = site.get("/").await;
    assert_eq!((get.text(), get.said().word("fwd")), ("page 3", Some("stale")));
}

#[crate::door::test]
async fn a_head_keeps_the_conditions_of_its_client() {
    let site = Site::plain(|call, request: &Asked| match request.headers().get("if-none-match") {
        Some(known) => {
            assert_eq!((request.method().as_str(), known.to_str().unwrap()), ("HEAD", "\"mine\""));
            respond(304, &[("etag", "\"mine\"")], nothing())
        }
        None => page(TAGGED, format!("page {call}")),
    });
    site.get("/").await;
    site.clock.advance(seconds(10));
    let head = site.ask(request("HEAD", "/", &[("if-none-match", "\"mine\"")])).await;
    assert_eq!((head.status.as_u16(), head.said().has("stored")), (304, false));
    assert_eq!(head.header("etag"), Some("\"mine\""));
}

#[crate::door::test]
async fn a_head_that_asks_for_a_part_renews_like_any_other() {
    let site = with_head(TAGGED);
    site.get("/").await;
    site.clock.advance(seconds(10));
    assert!(site.ask(request("HEAD", "/", &[("range", "bytes=0-1")])).await.said().has("stored"));
    assert!(site.get("/").await.is_hit());
}
