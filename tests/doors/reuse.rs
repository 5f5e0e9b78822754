//! What is kept, for how long, and what a client is told about it.

use crate::support::{Site, nothing, page, request, respond, seconds};
use easy_cache_core::testing::MemoryPlainStore;
use easy_cache_core::{Cache, ManualClock};

#[crate::door::test]
async fn a_response_that_states_a_lifetime_is_reused_until_it_ends() {
    let site = Site::plain(|call, _| page(&[("cache-control", "max-age=60")], format!("page {call}")));
    assert_eq!(site.get("/").await.text(), "page 1");
    site.clock.advance(seconds(59));
    assert_eq!(site.get("/").await.text(), "page 1");
    site.clock.advance(seconds(1));
    assert_eq!(site.get("/").await.text(), "page 2");
}

#[crate::door::test]
async fn a_response_that_states_none_is_kept_only_if_the_route_gives_a_ttl() {
    let plain = Site::plain(|_, _| page(&[], "page"));
    plain.get("/").await;
    assert_eq!(plain.get("/").await.said().word("detail"), Some("no-lifetime"));
    let site = Site::of(|layer| layer.ttl(seconds(5)), |_, _| page(&[], "page"));
    site.get("/").await;
    let hit = site.get("/").await;
    assert!(hit.is_hit());
    assert_eq!(hit.header("cache-control"), None, "browsers are told nothing");
    site.clock.advance(seconds(5));
    assert!(!site.get("/").await.is_hit());
}

#[crate::door::test]
async fn the_ttl_of_a_route_is_for_its_statuses_and_never_makes_private_things_shared() {
    let status = |status| move |_, _: &_| respond(status, &[], nothing());
    let missing = Site::of(|layer| layer.ttl(seconds(60)), status(404));
    missing.get("/").await;
    assert!(!missing.get("/").await.is_hit());
    let named = Site::of(|layer| layer.ttl(seconds(60)).statuses([404]), status(404));
    named.get("/").await;
    assert!(named.get("/").await.is_hit());
    for word in ["private", "no-store", "no-cache", "max-age=0"] {
        let site = Site::of(|layer| layer.ttl(seconds(60)), move |_, _| page(&[("cache-control", word)], "mine"));
        site.get("/").await;
        assert!(!site.get("/").await.is_hit(), "{word}");
        assert_eq!(site.calls(), 2, "{word}");
    }
}

#[crate::door::test]
async fn a_lifetime_for_shared_caches_wins_over_that_for_browsers() {
    let site = Site::plain(|_, _| page(&[("cache-control", "max-age=60, s-maxage=5")], "page"));
    site.get("/").await;
    site.clock.advance(seconds(4));
    assert!(site.get("/").await.is_hit());
    site.clock.advance(seconds(1));
    assert!(!site.get("/").await.is_hit());
}

#[crate::door::test]
async fn the_age_on_arrival_and_the_time_in_the_cache_add_up() {
    let site = Site::plain(|_, _| page(&[("cache-control", "max-age=60"), ("age", "50")], "page"));
    site.get("/").await;
    site.clock.advance(seconds(7));
    let hit = site.get("/").await;
    assert_eq!(hit.header("age"), Some("57"));
    assert_eq!(hit.said().number("ttl"), Some(3));
    site.clock.advance(seconds(3));
    assert!(!site.get("/").await.is_hit());
}

#[crate::door::test]
async fn a_hit_has_the_fields_of_the_response_but_those_of_the_connection() {
    let fields: &[_] = &[
        ("cache-control", "max-age=60"),
        ("content-type", "text/plain"),
        ("x-own", "1"),
        ("x-own", "2"),
        ("connection", "x-hop"),
        ("x-hop", "secret"),
        ("keep-alive", "timeout=5"),
    ];
    let site = Site::plain(move |_, _| page(fields, "page"));
    let miss = site.get("/").await;
    let hit = site.get("/").await;
    assert!(hit.is_hit());
    assert_eq!(hit.header("content-type"), Some("text/plain"));
    assert_eq!(hit.headers.get_all("x-own").iter().count(), 2);
    assert_eq!(hit.header("content-length"), Some("4"));
    assert_eq!(hit.header("date"), miss.header("date"), "a hit does not claim to be made just now");
    assert!(hit.header("date").is_some());
    for hop in ["connection", "x-hop", "keep-alive"] {
        assert_eq!(hit.header(hop), None, "{hop}");
    }
}

#[crate::door::test]
async fn the_bytes_of_a_body_are_shared_and_never_copied() {
    let site = Site::plain(|_, _| page(&[("cache-control", "max-age=60")], vec![7_u8; 100_000]));
    let miss = site.get("/").await.body;
    let (one, two) = (site.get("/").await.body, site.get("/").await.body);
    assert_eq!(one.len(), 100_000);
    if !crate::place::IS_THE_PROCESS {
        return;
    }
    assert_eq!(one.as_ptr(), two.as_ptr());
    assert_eq!(one.as_ptr(), miss.as_ptr(), "a body of one piece is kept as it came");
}

#[crate::door::test]
async fn what_is_kept_weighs_what_it_takes() {
    let site = Site::plain(|_, _| page(&[("cache-control", "max-age=60")], vec![7_u8; 100_000]));
    site.get("/").await;
    let weight = if crate::place::IS_THE_PROCESS { 100_000..110_000 } else { 0..1 };
    assert!(weight.contains(&site.cache.weight()), "{}", site.cache.weight());
}

#[crate::door::test]
async fn the_query_is_part_of_the_key_as_far_as_the_route_wants() {
    use crate::door::QueryKey;
    let handler = |_, request: &crate::support::Asked| {
        page(&[("cache-control", "max-age=60")], request.uri().query().unwrap_or_default().to_owned())
    };
    let all = Site::plain(handler);
    all.get("/books?page=1").await;
    assert_eq!(all.get("/books?page=2").await.text(), "page=2");
    assert_eq!(all.get("/books").await.text(), "");
    let some = Site::of(|layer| layer.query(QueryKey::all().without(["utm"])), handler);
    some.get("/books?page=1&utm=mail").await;
    assert!(some.get("/books?page=1").await.is_hit());
    assert!(!some.get("/books?page=2").await.is_hit());
}

#[crate::door::test]
async fn two_hosts_do_not_share_a_page() {
    let site = Site::plain(|call, _| page(&[("cache-control", "max-age=60")], format!("page {call}")));
    site.get_with("/", &[("host", "one.example")]).await;
    assert!(!site.get_with("/", &[("host", "two.example")]).await.is_hit());
    assert!(site.get_with("/", &[("host", "ONE.example:80")]).await.is_hit());
}

#[crate::door::test]
async fn a_field_that_is_not_in_the_key_cannot_poison_what_others_get() {
    let site = Site::plain(|_, request| {
        let host = request.headers().get("x-forwarded-host").map_or("shop.example", |host| host.to_str().unwrap());
        page(&[("cache-control", "max-age=60")], format!("<a href='//{host}/'>"))
    });
    let victim = [("host", "shop.example")];
    let attack = [("host", "shop.example"), ("x-forwarded-host", "evil.example")];
    site.get_with("/", &attack).await;
    assert!(!site.get_with("/", &victim).await.text().contains("evil"));
    let twice = [("host", "shop.example"), ("host", "evil.example")];
    assert_eq!(site.get_with("/", &twice).await.said().word("detail"), Some("ambiguous-host"));
}

#[crate::door::test]
async fn every_answer_says_in_cache_status_what_was_done() {
    let site = Site::of(
        |layer| layer.named("bookstore"),
        |_, request| match request.uri().path() {
            "/broken" => respond(500, &[], nothing()),
            "/behind" => page(&[("cache-status", "Far; hit"), ("cache-control", "no-store")], ""),
            _ => page(&[("cache-control", "max-age=60")], "page"),
        },
    );
    let miss = site.get("/").await.said();
    assert_eq!((miss.name(), miss.word("fwd"), miss.number("fwd-status")), ("bookstore", Some("uri-miss"), Some(200)));
    assert!(miss.has("stored"));
    assert_eq!(miss.number("ttl"), Some(60));
    assert!(site.get("/").await.is_hit());
    let refused = site.get("/broken").await.said();
    assert_eq!((refused.number("fwd-status"), refused.word("detail")), (Some(500), Some("no-lifetime")));
    assert!(!refused.has("stored"));
    assert_eq!(site.ask(request("POST", "/x", &[])).await.said().word("fwd"), Some("method"));
    assert_eq!(site.ask(request("OPTIONS", "/x", &[])).await.said().word("fwd"), Some("method"));
    let part = site.get_with("/part", &[("range", "bytes=0-1")]).await.said();
    assert_eq!((part.word("fwd"), part.word("detail")), (Some("uri-miss"), Some("range")));
    let behind = site.get("/behind").await;
    assert_eq!(behind.headers.get_all("cache-status").iter().count(), 2, "what others said stays");
    assert_eq!(behind.said().name(), "bookstore");
}

#[crate::door::test]
async fn a_cache_that_is_switched_off_is_passed_by_and_said_to_be() {
    let site = Site::plain(|_, _| page(&[("cache-control", "max-age=60")], "page"));
    site.get("/").await;
    site.cache.set_enabled(false);
    let said = site.get("/").await.said();
    assert_eq!((said.word("fwd"), said.word("detail")), (Some("bypass"), Some("disabled")));
    site.cache.set_enabled(true);
    assert!(site.get("/").await.is_hit());
}

#[crate::door::test]
async fn nothing_is_kept_in_the_process_of_what_other_processes_could_not_drop_here() {
    let clock = ManualClock::new();
    let store = MemoryPlainStore::new(clock.clock());
    let used = Cache::builder().clock(clock.clock()).plain_store(store).build();
    let handler = move |_, call, _| {
        let used = used.clone();
        async move {
            used.get_or_compute("count", async { Some(7) }).tags(["t"]).await;
            Ok(page(&[("cache-control", "max-age=60")], format!("page {call}")))
        }
    };
    let in_process = Cache::builder().clock(clock.clock()).build();
    let site = Site::over(in_process, clock, |layer| layer, handler);
    for text in ["page 1", "page 2"] {
        let answer = site.get("/").await;
        assert_eq!((answer.text(), answer.said().has("stored")), (text, false));
    }
    assert!(site.cache.is_empty());
}

#[crate::door::test]
async fn a_client_may_ask_for_a_stored_answer_or_none_and_for_no_copy_to_be_kept() {
    let site = Site::plain(|_, _| page(&[("cache-control", "max-age=60")], "page"));
    let none = site.get_with("/", &[("cache-control", "only-if-cached")]).await;
    assert_eq!((none.status.as_u16(), none.said().word("detail")), (504, Some("only-if-cached")));
    assert_eq!(site.calls(), 0);
    assert_eq!(
        site.get_with("/", &[("cache-control", "no-store")]).await.said().word("detail"),
        Some("request-no-store")
    );
    assert!(!site.get("/").await.is_hit());
    assert!(site.get_with("/", &[("cache-control", "only-if-cached")]).await.is_hit());
}

#[crate::door::test]
async fn a_client_that_asks_for_a_fresh_answer_gets_one_only_where_the_route_says_so() {
    let handler = |call, _: &_| page(&[("cache-control", "max-age=60")], format!("page {call}"));
    let site = Site::plain(handler);
    site.get("/").await;
    assert!(site.get_with("/", &[("cache-control", "no-cache")]).await.is_hit());
    let site = Site::of(|layer| layer.honour_client_refresh(), handler);
    site.get("/").await;
    let fresh = site.get_with("/", &[("cache-control", "no-cache")]).await;
    assert_eq!((fresh.text(), fresh.said().word("fwd")), ("page 2", Some("request")));
    assert_eq!(site.get("/").await.text(), "page 2", "the fresh answer is kept for everybody");
}
