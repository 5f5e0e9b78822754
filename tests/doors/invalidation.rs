//! What drops a stored response, and what must never be stored because it was invalidated on the way.

use std::sync::Arc;

use bytes::Bytes;
use easy_cache_core::Tag;
use http_body_util::BodyExt;
use http_body_util::channel::Channel;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::support::{Asked, Broken, Fields, Site, nothing, page, request, respond, settle, soon};

const KEPT: &[(&str, &str)] = &[("cache-control", "max-age=60")];

/// A site that answers other methods than `GET` with this.
fn changing(status: u16, fields: &'static [(&'static str, &'static str)]) -> Site {
    Site::plain(move |call, request: &Asked| match request.method().as_str() {
        "GET" => page(KEPT, format!("page {call}")),
        _ => respond(status, fields, nothing()),
    })
}

const HERE: Fields<'static> = &[("host", "shop.example")];

async fn is_kept(site: &Site, uri: &str) -> bool {
    let only: &[_] = &[("host", "shop.example"), ("cache-control", "only-if-cached")];
    site.get_with(uri, only).await.is_hit()
}

#[crate::door::test]
async fn a_change_that_succeeds_drops_its_page_with_all_variants_and_queries() {
    for method in ["POST", "PUT", "PATCH", "DELETE", "M-SEARCH"] {
        let site = changing(200, &[]);
        for uri in ["/books", "/books?page=2", "/authors"] {
            site.get_with(uri, HERE).await;
        }
        site.ask(request(method, "/books?x=1", HERE)).await;
        assert!(!is_kept(&site, "/books").await && !is_kept(&site, "/books?page=2").await, "{method}");
        assert!(is_kept(&site, "/authors").await, "{method}");
    }
}

#[crate::door::test]
async fn a_change_that_fails_and_a_request_that_changes_nothing_drop_nothing() {
    for (method, status) in [("POST", 500), ("POST", 404), ("OPTIONS", 200), ("HEAD", 200)] {
        let site = changing(status, &[]);
        site.get_with("/books", HERE).await;
        site.ask(request(method, "/books", HERE)).await;
        assert!(is_kept(&site, "/books").await, "{method} {status}");
    }
}

#[crate::door::test]
async fn a_change_drops_what_it_names_on_its_own_host_alone() {
    let site = changing(303, &[("location", "/books/7"), ("content-location", "http://other.example/books/8")]);
    for uri in ["/books", "/books/7", "/books/8"] {
        site.get_with(uri, HERE).await;
    }
    site.get_with("/books/8", &[("host", "other.example")]).await;
    site.ask(request("POST", "/books", HERE)).await;
    assert!(!is_kept(&site, "/books").await && !is_kept(&site, "/books/7").await);
    assert!(is_kept(&site, "/books/8").await);
    let other: &[_] = &[("host", "other.example"), ("cache-control", "only-if-cached")];
    assert!(site.get_with("/books/8", other).await.is_hit());
}

#[crate::door::test]
async fn a_change_drops_its_page_also_while_the_cache_is_switched_off() {
    let site = changing(200, &[]);
    site.get_with("/books", HERE).await;
    site.cache.set_enabled(false);
    site.ask(request("POST", "/books", HERE)).await;
    site.cache.set_enabled(true);
    assert!(!is_kept(&site, "/books").await);
}

#[crate::door::test]
async fn a_change_to_two_hosts_at_once_drops_both() {
    let site = changing(200, &[]);
    site.get_with("/books", HERE).await;
    site.ask(request("POST", "/books", &[("host", "other.example"), ("host", "shop.example")])).await;
    assert!(!is_kept(&site, "/books").await);
}

#[crate::door::test]
async fn a_change_is_told_by_its_whole_uri_as_well_as_by_its_host_field() {
    let site = changing(200, &[]);
    site.get_with("/books", HERE).await;
    site.ask(request("POST", "http://shop.example/books", &[])).await;
    assert!(!is_kept(&site, "/books").await);
}

#[crate::door::test]
async fn a_post_is_never_replayed() {
    let site = Site::plain(|call, _| page(KEPT, format!("done {call}")));
    assert_eq!(site.ask(request("POST", "/", &[])).await.text(), "done 1");
    assert_eq!(site.ask(request("POST", "/", &[])).await.text(), "done 2");
    assert_eq!(site.get("/").await.text(), "done 3");
    assert_eq!(site.ask(request("POST", "/", &[])).await.text(), "done 4");
}

#[crate::door::test]
async fn a_get_with_a_body_goes_to_the_handler() {
    let site = Site::plain(|call, _| page(KEPT, format!("page {call}")));
    site.get("/").await;
    assert_eq!(site.get_with("/", &[("content-length", "3")]).await.said().word("detail"), Some("request-body"));
}

#[crate::door::test]
async fn a_page_is_dropped_by_hand_by_its_address() {
    let site = changing(200, &[]);
    site.get_with("/books?page=2", HERE).await;
    site.cache.invalidate_tags([crate::door::path_tag("Shop.example", "/books")]).await.unwrap();
    assert!(!is_kept(&site, "/books?page=2").await);
}

#[crate::door::test]
async fn a_response_whose_tag_is_invalidated_while_its_handler_runs_is_not_kept() {
    let gate = Arc::new(Semaphore::new(0));
    let inside = Arc::clone(&gate);
    let site = Site::with(
        |layer| layer,
        move |cache, call, _| {
            let gate = Arc::clone(&inside);
            async move {
                easy_cache_core::scope::depend(&cache, ["books"]);
                gate.acquire().await.unwrap().forget();
                Ok(page(KEPT, format!("page {call}")))
            }
        },
    );
    let first = site.spawn("/");
    settle().await;
    site.cache.invalidate_tags(["books"]).await.unwrap();
    gate.add_permits(2);
    let first = soon(first).await.unwrap();
    assert_eq!((first.text(), first.said().word("detail")), ("page 1", Some("outdated")));
    assert!(!first.said().has("stored"));
    assert_eq!(site.get("/").await.text(), "page 2");
    assert!(site.get("/").await.is_hit());
}

#[crate::door::test]
async fn a_response_that_is_invalidated_while_it_streams_is_not_kept() {
    for tag in [Tag::new("books"), crate::door::path_tag("", "/")] {
        let ends = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&ends);
        let site = Site::with(
            |layer| layer,
            move |cache, _, _| {
                let (sender, body) = Channel::<Bytes, Broken>::new(8);
                kept.lock().push(sender);
                async move {
                    easy_cache_core::scope::depend(&cache, ["books"]);
                    Ok(respond(200, KEPT, body.boxed_unsync()))
                }
            },
        );
        let first = site.spawn("/");
        settle().await;
        site.cache.invalidate_tags([&tag]).await.unwrap();
        ends.lock().clear();
        soon(first).await.unwrap();
        let second = site.spawn("/");
        settle().await;
        assert_eq!(site.calls(), 2, "{tag:?}");
        ends.lock().clear();
        soon(second).await.unwrap();
        assert!(site.get("/").await.is_hit());
    }
}

/// A site whose changes take place, and whose answers to them then never come.
fn changing_without_an_answer() -> Site {
    Site::with(
        |layer| layer,
        |_, call, request| async move {
            match request.method().as_str() {
                "GET" => Ok(page(KEPT, format!("page {call}"))),
                "PUT" => Err(Broken),
                _ => std::future::pending().await,
            }
        },
    )
}

#[crate::door::test]
async fn a_change_whose_client_goes_away_before_it_is_answered_drops_its_page() {
    let site = changing_without_an_answer();
    site.get_with("/books", HERE).await;
    let change = tokio::spawn({
        let site = site.clone();
        async move { drop(site.open(request("POST", "/books", HERE)).await) }
    });
    settle().await;
    assert!(is_kept(&site, "/books").await, "nothing is known yet");
    change.abort();
    settle().await;
    assert!(!is_kept(&site, "/books").await, "it may have happened");
}

#[crate::door::test]
async fn a_change_that_ends_in_an_error_of_the_service_drops_its_page() {
    let site = changing_without_an_answer();
    site.get_with("/books", HERE).await;
    assert!(site.open(request("PUT", "/books", HERE)).await.is_err());
    assert!(!is_kept(&site, "/books").await, "it may have happened");
}

#[crate::door::test]
async fn a_change_drops_what_it_names_by_whatever_scheme_its_host_is_reached() {
    let site = changing(201, &[("location", "https://shop.example/books/7")]);
    for uri in ["/books/7", "/books/8"] {
        site.get_with(uri, HERE).await;
    }
    site.ask(request("POST", "/books", HERE)).await;
    assert!(!is_kept(&site, "/books/7").await, "what ends TLS for an application tells it nothing");
    assert!(is_kept(&site, "/books/8").await);
}

#[crate::door::test]
async fn a_change_drops_its_page_however_its_path_is_spelled() {
    for (kept, changed) in [("/books/42", "/books/%34%32"), ("/caf%c3%a9", "/caf%C3%A9")] {
        let site = changing(200, &[]);
        site.get_with(kept, HERE).await;
        site.ask(request("PUT", changed, HERE)).await;
        assert!(!is_kept(&site, kept).await, "{changed}");
    }
    let site = changing(200, &[]);
    site.get_with("/a/b", HERE).await;
    site.ask(request("PUT", "/a%2Fb", HERE)).await;
    assert!(is_kept(&site, "/a/b").await, "an escaped slash is no slash");
}
