//! What a door tells caches in front of it, and what those who may can purge.

use easy_cache_core::{Tag, scope};
use http_body_util::BodyExt;
use http_body_util::channel::Channel;

use crate::door::{self, TagField};
use crate::support::{Asked, Broken, Site, page, refusal, request, respond, seconds};

const KEPT: &[(&str, &str)] = &[("cache-control", "max-age=60"), ("surrogate-key", "of-the-handler")];
const HERE: (&str, &str) = ("host", "shop.example");

fn telling(field: TagField) -> Site {
    Site::with(
        move |layer| layer.tell_tags(field),
        |cache, _, request: Asked| async move {
            scope::depend(&cache, [Tag::row("books", 7), Tag::new("new in")]);
            match request.uri().path() {
                "/streamed" => {
                    let (mut sender, body) = Channel::<_, Broken>::new(1);
                    tokio::spawn(async move { sender.send_data("streamed".into()).await });
                    Ok(respond(200, KEPT, body.boxed_unsync()))
                }
                "/private" => Ok(page(&[("cache-control", "private")], "mine")),
                _ => Ok(page(KEPT, "page")),
            }
        },
    )
}

#[crate::door::test]
async fn a_response_names_its_tags_when_it_is_made_and_when_it_is_served() {
    let site = telling(TagField::surrogate_key());
    for hit in [false, true] {
        let answer = site.get_with("/", &[HERE]).await;
        assert_eq!(answer.is_hit(), hit);
        assert_eq!(answer.header("surrogate-key"), Some("response:shop.example/ books:7 new%20in"));
    }
    let silent = Site::plain(|_, _| page(KEPT, "page"));
    assert_eq!(silent.get("/").await.header("surrogate-key"), Some("of-the-handler"));
}

#[crate::door::test]
async fn a_head_that_leaves_before_its_body_stands_for_any_tag_and_so_does_what_is_not_kept() {
    let site = telling(TagField::cache_tag());
    let on_its_way = site.get_with("/streamed", &[HERE]).await;
    assert_eq!(on_its_way.header("cache-tag"), Some("*"));
    assert_eq!(on_its_way.header("cdn-cache-control"), Some("no-store"), "nobody knows yet on what it will depend");
    let hit = site.get_with("/streamed", &[HERE]).await;
    assert_eq!(hit.header("cache-tag"), Some("response:shop.example/streamed,books:7,new%20in"));
    assert_eq!(hit.header("cdn-cache-control"), None);
    assert_eq!(site.get_with("/private", &[HERE]).await.header("cache-tag"), Some("*"));
    let narrow = telling(TagField::cache_tag().limit(8));
    assert_eq!(narrow.get_with("/", &[HERE]).await.header("cache-tag"), Some("*"));
}

#[crate::door::test]
async fn a_refusal_is_not_for_caches_in_front_also_where_it_is_an_error_and_whichever_way_it_takes() {
    let configure = |layer: door::Door| door::without_previews_and_drafts(layer.tell_tags(TagField::surrogate_key()));
    let site = Site::with(configure, |_, _, request: Asked| async move {
        let status = if request.uri().path() == "/broken" { 500 } else { 403 };
        Ok(refusal(status))
    });
    for (method, path) in
        [("GET", "/"), ("GET", "/"), ("GET", "/"), ("GET", "/draft"), ("POST", "/"), ("GET", "/broken")]
    {
        let answer = site.ask(request(method, path, &[HERE])).await;
        assert_eq!(answer.status.as_u16(), if path == "/broken" { 500 } else { 403 });
        let told = ["surrogate-control", "surrogate-key"].map(|name| answer.header(name));
        assert_eq!(told, [Some("no-store"), Some("*")], "{method} {path}");
    }
}

#[crate::door::test]
async fn a_renewed_response_names_its_tags_once() {
    let site = Site::with(
        |layer| layer.tell_tags(TagField::surrogate_key()),
        |cache, call, _| async move {
            scope::depend(&cache, [format!("call {call}")]);
            let fields = &[("cache-control", "max-age=10"), ("etag", "\"one\"")];
            Ok(if call == 1 { page(fields, "page") } else { respond(304, fields, crate::support::nothing()) })
        },
    );
    site.get_with("/", &[HERE]).await;
    site.clock.advance(seconds(10));
    for _ in 0..2 {
        let renewed = site.get_with("/", &[HERE]).await;
        let named: Vec<_> = renewed.header("surrogate-key").unwrap().split(' ').collect();
        assert_eq!(named.len(), 3, "{named:?}");
    }
}

fn purged() -> Site {
    Site::with(door::purged_with_the_word, |cache, call, request: Asked| async move {
        if request.method() == "PURGE" {
            return Ok(respond(405, &[], crate::support::nothing()));
        }
        scope::depend(&cache, [Tag::row("books", 7), Tag::prefix("shop:1"), Tag::new("new in")]);
        Ok(page(KEPT, format!("page {call}")))
    })
}

const WORD: (&str, &str) = ("x-word", "sesame");

#[crate::door::test]
async fn who_may_purges_a_path() {
    let site = purged();
    for path in ["/", "/?page=2", "/other"] {
        site.get_with(path, &[HERE]).await;
    }
    assert_eq!(site.ask(request("PURGE", "/", &[HERE, WORD])).await.status.as_u16(), 204);
    let mut kept = Vec::new();
    for path in ["/", "/?page=2", "/other"] {
        kept.push(site.get_with(path, &[HERE]).await.is_hit());
    }
    assert_eq!(kept, [false, false, true]);
}

#[crate::door::test]
async fn who_may_purges_tags_and_prefixes_by_the_names_that_responses_have() {
    let site = purged();
    for named in ["books:7", "shop:1", "nobody books:7,x", "new%20in"] {
        site.get_with("/", &[HERE]).await;
        assert_eq!(
            site.ask(request("PURGE", "/far", &[HERE, WORD, ("surrogate-key", named)])).await.status.as_u16(),
            204
        );
        assert!(!site.get_with("/", &[HERE]).await.is_hit(), "{named}");
    }
    assert_eq!(site.ask(request("PURGE", "/", &[HERE, WORD, ("surrogate-key", "100%")])).await.status.as_u16(), 400);
    assert!(site.get_with("/", &[HERE]).await.is_hit());
}

#[crate::door::test]
async fn who_may_not_purges_nothing() {
    for site in [
        purged(),
        Site::plain(|_, request| match request.method().as_str() {
            "PURGE" => respond(405, &[], crate::support::nothing()),
            _ => page(KEPT, "page"),
        }),
    ] {
        site.get_with("/", &[HERE]).await;
        let refused = site.ask(request("PURGE", "/", &[HERE, ("x-word", "guessed"), ("cache-tag", "books:7")])).await;
        assert_eq!(refused.status.as_u16(), 405);
        assert!(site.get_with("/", &[HERE]).await.is_hit());
    }
}
