//! Many clients at one response that has to be asked about: who asks, who waits for what comes of it, and who may not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{Asked, Given, Site, TAGGED, is_asked, nothing, page, respond, seconds, settle, soon};
use easy_cache_core::scope;
use http::Response;
use tokio::sync::Semaphore;

#[crate::door::test]
async fn those_who_waited_for_a_no_cache_page_each_ask_about_it() {
    let gate = Arc::new(Semaphore::new(0));
    let inside = Arc::clone(&gate);
    let site = Site::with(
        |layer| layer,
        move |_, call, request: Asked| {
            let gate = Arc::clone(&inside);
            async move {
                if is_asked(&request) {
                    return Ok(respond(304, &[("x-call", call.to_string().as_str())], nothing()));
                }
                gate.acquire().await.unwrap().forget();
                Ok(page(&[("cache-control", "no-cache"), ("etag", "\"one\"")], "page"))
            }
        },
    );
    let crowd: Vec<_> = (0..5).map(|_| site.spawn("/")).collect();
    settle().await;
    gate.add_permits(5);
    let mut calls = Vec::new();
    for one in crowd {
        let answer = soon(one).await.unwrap();
        assert_eq!((answer.text(), answer.said().has("collapsed")), ("page", false));
        calls.push(answer.header("x-call").unwrap_or("first").to_owned());
    }
    calls.sort();
    assert_eq!(calls, ["2", "3", "4", "5", "first"]);
}

#[crate::door::test]
async fn those_who_find_a_no_cache_page_ask_about_it_all_at_once() {
    let (gate, asked) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let (inside, counted) = (Arc::clone(&gate), Arc::clone(&asked));
    let site = Site::with(
        |layer| layer,
        move |_, _, request: Asked| {
            let (gate, asked) = (Arc::clone(&inside), Arc::clone(&counted));
            async move {
                if !is_asked(&request) {
                    return Ok(page(&[("cache-control", "no-cache"), ("etag", "\"one\"")], "page"));
                }
                asked.fetch_add(1, Ordering::SeqCst);
                gate.acquire().await.unwrap().forget();
                Ok(respond(304, &[], nothing()))
            }
        },
    );
    site.get("/").await;
    let crowd: Vec<_> = (0..5).map(|_| site.spawn("/")).collect();
    settle().await;
    assert_eq!(asked.load(Ordering::SeqCst), 5, "nobody waits for an answer that is another's");
    gate.add_permits(5);
    for one in crowd {
        assert_eq!(soon(one).await.unwrap().text(), "page");
    }
}

fn gated() -> (Site, Arc<Semaphore>, Arc<AtomicUsize>) {
    let (gate, asked) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let (inside, counted) = (Arc::clone(&gate), Arc::clone(&asked));
    let site = Site::with(
        |layer| layer,
        move |_, call, request: Asked| {
            let (gate, asked) = (Arc::clone(&inside), Arc::clone(&counted));
            async move {
                if !is_asked(&request) {
                    return Ok(page(TAGGED, format!("page {call}")));
                }
                asked.fetch_add(1, Ordering::SeqCst);
                gate.acquire().await.unwrap().forget();
                Ok::<Response<Given>, _>(respond(304, &[], nothing()))
            }
        },
    );
    (site, gate, asked)
}

#[crate::door::test]
async fn a_crowd_at_a_stale_response_asks_once() {
    let (site, gate, asked) = gated();
    site.get("/").await;
    site.clock.advance(seconds(10));
    let crowd: Vec<_> = (0..50).map(|_| site.spawn("/")).collect();
    settle().await;
    gate.add_permits(50);
    let mut collapsed = 0;
    for one in crowd {
        let answer = soon(one).await.unwrap();
        assert_eq!(answer.text(), "page 1");
        collapsed += usize::from(answer.said().has("collapsed"));
    }
    assert_eq!((asked.load(Ordering::SeqCst), collapsed), (1, 49));
}

#[crate::door::test]
async fn a_client_that_goes_away_while_it_asks_leaves_nobody_hanging() {
    let (site, gate, asked) = gated();
    site.get("/").await;
    site.clock.advance(seconds(10));
    let (first, second) = (site.spawn("/"), site.spawn("/"));
    settle().await;
    first.abort();
    settle().await;
    gate.add_permits(2);
    assert_eq!(soon(second).await.unwrap().text(), "page 1");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[crate::door::test]
async fn who_waited_for_a_page_of_others_neither_gets_it_nor_asks_about_it() {
    let gate = Arc::new(Semaphore::new(0));
    let inside = Arc::clone(&gate);
    let site = Site::with(
        |layer| layer.ttl(seconds(60)),
        move |_, _, request: Asked| {
            let gate = Arc::clone(&inside);
            async move {
                assert!(!is_asked(&request), "ann would be sent the page of a stranger");
                let name = request.headers().get("cookie").map_or("stranger", |_| "ann");
                gate.acquire().await.unwrap().forget();
                Ok(page(&[("etag", "\"one\"")], name))
            }
        },
    );
    let stranger = site.spawn("/");
    settle().await;
    let waiting = site.clone();
    let ann = tokio::spawn(async move { waiting.get_with("/", &[("cookie", "ann")]).await });
    settle().await;
    assert_eq!(site.calls(), 1, "she waits");
    gate.add_permits(2);
    assert_eq!(soon(stranger).await.unwrap().text(), "stranger");
    assert_eq!(soon(ann).await.unwrap().text(), "ann");
    assert_eq!(site.get("/").await.text(), "stranger");
}

#[crate::door::test]
async fn a_crowd_at_a_stale_response_that_one_of_them_may_not_share_still_finds_it_in_place() {
    let (gate, calls) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let (inside, counted) = (Arc::clone(&gate), Arc::clone(&calls));
    let site = Site::with(
        |layer| layer,
        move |_, call, request: Asked| {
            let (gate, calls) = (Arc::clone(&inside), Arc::clone(&counted));
            async move {
                if call == 1 {
                    return Ok(page(TAGGED, "page 1"));
                }
                calls.fetch_add(1, Ordering::SeqCst);
                gate.acquire().await.unwrap().forget();
                if call == 2 {
                    scope::taint(); // it read in an open transaction
                    return Ok(page(TAGGED, "page 2"));
                }
                assert!(is_asked(&request), "the stale response is still there");
                Ok(respond(304, &[], nothing()))
            }
        },
    );
    site.get("/").await;
    site.clock.advance(seconds(10));
    let crowd: Vec<_> = (0..3).map(|_| site.spawn("/")).collect();
    settle().await;
    gate.add_permits(3);
    let mut texts = Vec::new();
    for one in crowd {
        texts.push(soon(one).await.unwrap().text().to_owned());
    }
    texts.sort();
    assert_eq!(texts, ["page 1", "page 1", "page 2"]);
    assert!(site.get("/").await.is_hit());
}
