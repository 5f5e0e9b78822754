//! Stale answers: at once while a refresh goes on behind them, and in place of a handler that fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::door::Door;
use crate::support::{Broken, Fields, Site, nothing, page, request, respond, seconds, settle};
use bytes::Bytes;
use easy_cache_core::{Cache, scope};
use http_body_util::BodyExt;
use http_body_util::channel::Channel;
use tokio::sync::Semaphore;

const WINDOW: Fields<'static> = &[("cache-control", "max-age=10, stale-while-revalidate=30")];

fn numbered() -> Site {
    Site::plain(|call, _| page(WINDOW, format!("page {call}")))
}

#[crate::door::test]
async fn a_stale_response_is_served_at_once_and_refreshed_behind() {
    let site = numbered();
    site.get("/").await;
    site.clock.advance(seconds(15));
    let stale = site.get("/").await;
    assert_eq!((stale.text(), stale.header("age")), ("page 1", Some("15")));
    assert!(stale.is_hit());
    assert_eq!(stale.said().number("ttl"), Some(-5), "it says that it is stale");
    settle().await;
    let fresh = site.get("/").await;
    assert_eq!((fresh.text(), fresh.is_hit(), fresh.said().number("ttl")), ("page 2", true, Some(10)));
    assert_eq!(site.calls(), 2);
}

#[crate::door::test]
async fn after_its_window_nothing_is_served_stale() {
    let site = numbered();
    site.get("/").await;
    site.clock.advance(seconds(40));
    assert_eq!(site.get("/").await.text(), "page 2");
}

#[crate::door::test]
async fn a_route_gives_the_window_for_its_ttl() {
    let configure = |layer: Door| layer.ttl(seconds(10)).stale_while_revalidate(seconds(30));
    let site = Site::of(configure, |call, _| page(&[], format!("page {call}")));
    site.get("/").await;
    site.clock.advance(seconds(39));
    assert_eq!(site.get("/").await.text(), "page 1");
    settle().await;
    assert_eq!(site.get("/").await.text(), "page 2");
}

/// A handler whose second call and those after it wait at a gate.
fn gated(configure: impl FnOnce(Door) -> Door) -> (Site, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let inside = Arc::clone(&gate);
    let site = Site::with(configure, move |_, call, _| {
        let gate = Arc::clone(&inside);
        async move {
            if call > 1 {
                gate.acquire().await.unwrap().forget();
            }
            Ok(page(WINDOW, format!("page {call}")))
        }
    });
    (site, gate)
}

#[crate::door::test]
async fn a_crowd_at_a_stale_response_is_answered_at_once_and_refreshes_it_once() {
    let (site, gate) = gated(|layer| layer);
    site.get("/").await;
    site.clock.advance(seconds(15));
    for _ in 0..20 {
        assert_eq!(site.get("/").await.text(), "page 1");
    }
    settle().await;
    assert_eq!(site.calls(), 2, "one of them refreshes");
    gate.add_permits(1);
    settle().await;
    assert_eq!((site.get("/").await.text(), site.calls()), ("page 2", 2));
}

#[crate::door::test]
async fn what_is_invalidated_is_not_served_however_long_its_window() {
    let site = Site::with(
        |layer| layer,
        |cache: Cache, call, _| async move {
            scope::depend(&cache, ["books"]);
            Ok(page(WINDOW, format!("page {call}")))
        },
    );
    site.get("/").await;
    site.clock.advance(seconds(15));
    site.cache.invalidate_tags(["books"]).await.unwrap();
    assert_eq!(site.get("/").await.text(), "page 2");
}

#[crate::door::test]
async fn a_refresh_that_an_invalidation_overtakes_is_not_kept() {
    let (gate, calls) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let (inside, counted) = (Arc::clone(&gate), Arc::clone(&calls));
    let site = Site::with(
        |layer| layer,
        move |cache: Cache, call, _| {
            let (gate, calls) = (Arc::clone(&inside), Arc::clone(&counted));
            async move {
                scope::depend(&cache, ["books"]);
                calls.fetch_add(1, Ordering::SeqCst);
                if call == 2 {
                    gate.acquire().await.unwrap().forget();
                }
                Ok(page(WINDOW, format!("page {call}")))
            }
        },
    );
    site.get("/").await;
    site.clock.advance(seconds(15));
    site.get("/").await;
    settle().await;
    site.cache.invalidate_tags(["books"]).await.unwrap();
    gate.add_permits(1);
    settle().await;
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    assert_eq!(site.get("/").await.text(), "page 3", "the refresh read what was there before");
}

#[crate::door::test]
async fn a_refresh_that_fails_or_panics_leaves_the_stale_response_and_the_next_one_tries_again() {
    let site = Site::with(
        |layer| layer,
        |_, call, _| async move {
            match call {
                1 => Ok(page(WINDOW, "page 1")),
                2 => Err(Broken),
                3 => panic!("the handler panics"),
                _ => Ok(page(WINDOW, "page 4")),
            }
        },
    );
    site.get("/").await;
    site.clock.advance(seconds(15));
    for calls in 2..=4 {
        assert_eq!(site.get("/").await.text(), "page 1");
        settle().await;
        assert_eq!(site.calls(), calls);
    }
    assert_eq!(site.get("/").await.text(), "page 4");
}

/// A refresh gets a body that is sent on and on.
async fn endless(fields: Fields<'static>, size: usize) {
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let site = Site::of(
        |layer| layer.max_body(1_000),
        move |call, _| {
            if call == 1 {
                return page(WINDOW, "page 1");
            }
            let (mut sender, body) = Channel::<Bytes, Broken>::new(1);
            let sent = Arc::clone(&counted);
            tokio::spawn(async move {
                while sender.send_data(Bytes::from(vec![b'x'; size])).await.is_ok() {
                    sent.fetch_add(1, Ordering::SeqCst);
                }
                sent.store(usize::MAX, Ordering::SeqCst);
            });
            respond(200, fields, body.boxed_unsync())
        },
    );
    site.get("/").await;
    site.clock.advance(seconds(15));
    site.get("/").await;
    settle().await;
    assert_eq!(sent.load(Ordering::SeqCst), usize::MAX, "the body was let go: {fields:?}");
}

#[crate::door::test]
async fn a_refresh_reads_no_body_that_will_not_be_kept() {
    endless(&[("cache-control", "no-store")], 10).await;
    endless(&[("cache-control", "max-age=10"), ("content-type", "text/event-stream")], 10).await;
    endless(&[("cache-control", "max-age=10")], 600).await;
}

#[crate::door::test]
async fn a_refresh_keeps_a_body_that_comes_in_parts() {
    let site = Site::plain(|call, _| {
        let (mut sender, body) = Channel::<Bytes, Broken>::new(1);
        tokio::spawn(async move {
            for part in ["page ", if call == 1 { "1" } else { "2" }] {
                tokio::task::yield_now().await;
                let _ = sender.send_data(Bytes::from(part)).await;
            }
        });
        respond(200, WINDOW, body.boxed_unsync())
    });
    site.get("/").await;
    site.clock.advance(seconds(15));
    assert_eq!(site.get("/").await.text(), "page 1");
    settle().await;
    let fresh = site.get("/").await;
    assert_eq!((fresh.text(), fresh.is_hit(), site.calls()), ("page 2", true, 2));
}

#[crate::door::test]
async fn a_client_that_wants_a_stored_answer_or_none_gets_the_stale_one_and_starts_nothing() {
    let site = numbered();
    site.get("/").await;
    site.clock.advance(seconds(15));
    assert!(site.get_with("/", &[("cache-control", "only-if-cached")]).await.is_hit());
    assert!(site.get_with("/", &[("cache-control", "no-store")]).await.is_hit());
    assert!(site.ask(request("HEAD", "/", &[])).await.is_hit());
    settle().await;
    assert_eq!(site.calls(), 1);
    site.clock.advance(seconds(30));
    assert_eq!(site.get_with("/", &[("cache-control", "only-if-cached")]).await.status.as_u16(), 504);
}

/// Answers once, then fails.
fn failing(cache_control: &'static str, status: Option<u16>) -> Site {
    Site::with(
        |layer| layer,
        move |_, call, _| async move {
            match (call, status) {
                (1, _) => Ok(page(&[("cache-control", cache_control), ("etag", "\"a\"")], "page 1")),
                (_, Some(status)) => Ok(respond(status, &[], nothing())),
                (_, None) => Err(Broken),
            }
        },
    )
}

#[crate::door::test]
async fn a_stale_response_stands_in_for_a_handler_that_fails_within_its_window() {
    for status in [500, 502, 503, 504] {
        let site = failing("max-age=10, stale-if-error=30", Some(status));
        site.get("/").await;
        site.clock.advance(seconds(39));
        let answer = site.get("/").await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "page 1"), "{status}");
        let said = answer.said();
        assert_eq!((said.word("fwd"), said.number("fwd-status")), (Some("stale"), Some(status.into())));
        assert_eq!(
            (said.word("detail"), said.number("ttl"), said.has("stored")),
            (Some("stale-if-error"), Some(-29), false)
        );
        site.clock.advance(seconds(1));
        assert_eq!(site.get("/").await.status.as_u16(), status, "the window is over");
    }
}

#[crate::door::test]
async fn a_stale_response_stands_in_for_an_error_of_the_service() {
    let site = failing("max-age=10, stale-if-error=30", None);
    site.get("/").await;
    site.clock.advance(seconds(15));
    assert_eq!(site.get("/").await.text(), "page 1");
    let other = site.open(request("GET", "/other", &[])).await;
    assert_eq!(other.err(), Some(Broken), "nothing stands in for what was never there");
}

#[crate::door::test]
async fn nothing_stands_in_where_stale_answers_are_forbidden_or_nobody_asked_for_them() {
    let strict = [
        "max-age=10",
        "max-age=10, stale-if-error=30, must-revalidate",
        "max-age=10, stale-if-error=30, proxy-revalidate",
        "no-cache, stale-if-error=30",
        "s-maxage=10",
    ];
    for value in strict {
        let site = failing(value, Some(503));
        site.get("/").await;
        site.clock.advance(seconds(15));
        assert_eq!(site.get("/").await.status.as_u16(), 503, "{value}");
    }
}

#[crate::door::test]
async fn a_missing_page_is_an_answer_and_no_failure() {
    let site = failing("max-age=10, stale-if-error=30", Some(404));
    site.get("/").await;
    site.clock.advance(seconds(15));
    assert_eq!(site.get("/").await.status.as_u16(), 404);
}

#[crate::door::test]
async fn what_is_invalidated_while_the_handler_fails_does_not_stand_in() {
    let site = Site::with(
        |layer| layer,
        |cache: Cache, call, _| async move {
            scope::depend(&cache, ["books"]);
            if call == 1 {
                return Ok(page(&[("cache-control", "max-age=10, stale-if-error=30")], "page 1"));
            }
            cache.invalidate_tags(["books"]).await.unwrap();
            Ok(respond(503, &[], nothing()))
        },
    );
    site.get("/").await;
    site.clock.advance(seconds(15));
    assert_eq!(site.get("/").await.status.as_u16(), 503);
}

#[crate::door::test]
async fn an_answer_that_only_its_own_request_keeps_from_being_kept_leaves_the_stale_response_alone() {
    let site = Site::with(
        |layer| layer,
        |_, call, _| async move {
            match call {
                1 => Ok(page(&[("cache-control", "max-age=10, stale-if-error=30")], "page 1")),
                2 => {
                    scope::taint(); // it read in an open transaction
                    Ok(page(&[("cache-control", "max-age=10")], "page 2"))
                }
                _ => Err(Broken),
            }
        },
    );
    site.get("/").await;
    site.clock.advance(seconds(15));
    assert_eq!(site.get("/").await.said().word("detail"), Some("uncommitted-data"));
    assert_eq!(site.get("/").await.text(), "page 1");
}

#[crate::door::test]
async fn a_stale_answer_taints_what_is_made_of_it() {
    let site = numbered();
    site.get("/").await;
    let mut fresh = easy_cache_core::Scope::new();
    fresh.wrap(site.get("/")).await;
    assert!(!fresh.is_tainted());
    site.clock.advance(seconds(15));
    let mut stale = easy_cache_core::Scope::new();
    stale.wrap(site.get("/")).await;
    assert!(stale.is_tainted());
}

#[crate::door::test]
async fn two_users_a_stale_page_for_everybody_is_not_shown_to_one_with_credentials() {
    let site = Site::plain(|_, request| {
        let name = request.headers().get("authorization").map_or("nobody", |_| "bob");
        page(&[("cache-control", "max-age=10, stale-while-revalidate=30, stale-if-error=30")], name)
    });
    site.get("/").await;
    site.clock.advance(seconds(15));
    assert_eq!(site.get_with("/", &[("authorization", "Bearer bob")]).await.text(), "bob");
    assert_eq!(site.get("/").await.text(), "nobody", "and his page is shown to nobody else");
}

#[crate::door::test]
async fn two_users_what_a_refresh_is_told_in_private_is_shown_to_nobody() {
    let site = Site::plain(|call, request| match request.headers().get("cookie") {
        Some(user) if call > 1 => page(&[("cache-control", "private, max-age=60")], user.as_bytes().to_vec()),
        _ => page(WINDOW, format!("page {call}")),
    });
    site.get("/").await;
    site.clock.advance(seconds(15));
    assert_eq!(site.get_with("/", &[("cookie", "ann")]).await.text(), "page 1", "her request refreshes the page");
    settle().await;
    assert_eq!(site.calls(), 2);
    assert_eq!(site.get_with("/", &[("cookie", "bob")]).await.text(), "bob");
    assert_eq!(site.get("/").await.text(), "page 4");
}
