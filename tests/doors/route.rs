//! What a route says about its requests, and a handler about its responses.

use crate::door::{self, Door, Mark};
use crate::support::{Asked, Fields, Given, Site, User, nothing, page, request, respond, seconds, settle};
use easy_cache_core::{Cache, Tag};
use http::Response;

const FRESH: Fields<'static> = &[("cache-control", "max-age=60")];

fn told(request: &Asked, name: &str) -> String {
    request.headers().get(name).map_or_else(|| "-".to_owned(), |value| value.to_str().unwrap().to_owned())
}

/// Shows each user a page of their own, told by what a middleware outside of the cache has found out.
fn personal(configure: impl FnOnce(Door) -> Door) -> Site {
    Site::of(
        |layer| configure(door::per_user(layer).ttl(seconds(60))),
        |call, request| {
            let user = request.extensions().get::<User>().map_or("nobody", |user| user.0);
            page(&[], format!("{user} {call}"))
        },
    )
}

fn asked_by(user: Option<&'static str>, fields: Fields<'_>) -> Asked {
    let mut asked = request("GET", "/account", fields);
    if let Some(user) = user {
        asked.extensions_mut().insert(User(user));
    }
    asked
}

#[crate::door::test]
async fn two_users_each_have_copies_of_their_own_under_a_key_per_user() {
    let site = personal(|layer| layer);
    let credentials = [("authorization", "Bearer x"), ("cookie", "session=1")];
    let ask = |user| site.ask(asked_by(user, &credentials));
    assert_eq!(ask(Some("alice")).await.text(), "alice 1");
    assert_eq!(ask(Some("bob")).await.text(), "bob 2");
    let (alice, bob) = (ask(Some("alice")).await, ask(Some("bob")).await);
    assert_eq!((alice.text(), alice.is_hit()), ("alice 1", true));
    assert_eq!((bob.text(), bob.is_hit()), ("bob 2", true));
}

#[crate::door::test]
async fn a_user_whom_the_route_does_not_know_is_a_stranger_as_ever() {
    let site = personal(|layer| layer);
    site.ask(asked_by(Some(""), &[])).await;
    let first = site.ask(asked_by(None, &[])).await;
    assert_eq!((first.text(), first.is_hit()), ("nobody 2", false), "nobody is not the user without a name");
    assert!(site.ask(asked_by(None, &[])).await.is_hit());
    for credentials in [("authorization", "Bearer x"), ("cookie", "session=1")] {
        let answer = site.ask(asked_by(None, &[credentials])).await;
        assert_eq!((answer.is_hit(), answer.said().has("stored")), (false, false), "{credentials:?}");
    }
}

#[crate::door::test]
async fn private_pages_are_not_kept_under_a_key_per_user_either() {
    for forbidden in [("cache-control", "private"), ("cache-control", "no-store"), ("set-cookie", "session=1")] {
        let site = Site::of(|layer| door::per_user(layer).ttl(seconds(60)), move |_, _| page(&[forbidden], "mine"));
        site.ask(asked_by(Some("alice"), &[])).await;
        assert!(!site.ask(asked_by(Some("alice"), &[])).await.is_hit(), "{forbidden:?}");
    }
}

#[crate::door::test]
async fn what_one_user_was_shown_is_dropped_for_all_users_by_a_change() {
    let site = personal(|layer| layer);
    site.ask(asked_by(Some("alice"), &[])).await;
    site.ask(request("POST", "/account", &[])).await;
    assert!(!site.ask(asked_by(Some("alice"), &[])).await.is_hit());
}

#[crate::door::test]
async fn only_requests_that_the_route_admits_are_cached() {
    let site = Site::of(door::without_previews_and_drafts, |call, _| page(FRESH, format!("page {call}")));
    site.get("/").await;
    let preview = site.get_with("/", &[("x-preview", "1")]).await;
    assert_eq!(preview.text(), "page 2");
    assert_eq!((preview.said().word("fwd"), preview.said().word("detail")), (Some("bypass"), Some("route")));
    assert_eq!(site.get("/").await.text(), "page 1");
    site.get("/draft").await;
    assert!(!site.get("/draft").await.is_hit());
    assert_eq!(site.ask(request("DELETE", "/", &[("x-preview", "1")])).await.said().word("fwd"), Some("method"));
    assert!(!site.get("/").await.is_hit(), "a change counts, whoever makes it");
}

#[crate::door::test]
async fn fields_and_cookies_of_the_key_keep_pages_apart() {
    let site = Site::of(
        |layer| layer.ttl(seconds(60)).key_headers(["x-tenant"]).key_cookies(["theme"]).ignore_request_cookies(),
        |_, request| page(&[], format!("{} {}", told(request, "x-tenant"), told(request, "cookie"))),
    );
    for (fields, text) in [
        (&[("x-tenant", "a"), ("cookie", "theme=dark; session=1")][..], "a theme=dark; session=1"),
        (&[("x-tenant", "a"), ("cookie", "session=2; theme=dark")], "a theme=dark; session=1"),
        (&[("x-tenant", "b"), ("cookie", "theme=dark")], "b theme=dark"),
        (&[("x-tenant", "a"), ("cookie", "theme=light")], "a theme=light"),
        (&[], "- -"),
    ] {
        assert_eq!(site.get_with("/", fields).await.text(), text, "{fields:?}");
    }
    assert_eq!(site.calls(), 4);
}

#[crate::door::test]
async fn a_route_tells_tags_by_the_address() {
    let site = Site::of(door::by_shop, |_, _| page(FRESH, "page"));
    for uri in ["/one/books", "/one/authors", "/two/books"] {
        site.get(uri).await;
    }
    site.cache.invalidate_tags(["shop:one"]).await.unwrap();
    let mut kept = Vec::new();
    for uri in ["/one/books", "/one/authors", "/two/books"] {
        kept.push(site.get(uri).await.is_hit());
    }
    assert_eq!(kept, [false, false, true]);
}

fn marked(mark: Mark, status: u16, fields: Fields<'static>) -> Site {
    Site::plain(move |call, request| {
        let mut response = if request.headers().contains_key("if-none-match") {
            respond(304, &[], nothing())
        } else {
            respond(status, fields, page(&[], format!("page {call}")).into_body())
        };
        if response.status() != 304 {
            response.extensions_mut().insert(mark.clone());
        }
        response
    })
}

#[crate::door::test]
async fn a_handler_gives_its_response_a_lifetime_whatever_its_status_and_header_fields() {
    for (status, fields) in [(200, &[][..]), (404, &[]), (200, &[("cache-control", "max-age=5")])] {
        let site = marked(Mark::new().ttl(seconds(60)), status, fields);
        site.get("/").await;
        site.clock.advance(seconds(59));
        assert!(site.get("/").await.is_hit(), "{status} {fields:?}");
        site.clock.advance(seconds(1));
        assert!(!site.get("/").await.is_hit());
    }
}

#[crate::door::test]
async fn a_mark_makes_nothing_shared_that_header_fields_forbid() {
    for forbidden in [("cache-control", "private"), ("cache-control", "no-store"), ("set-cookie", "a=b"), ("vary", "*")]
    {
        let fields: Fields<'static> = Box::leak(Box::new([forbidden]));
        let site = marked(Mark::new().ttl(seconds(60)), 200, fields);
        site.get("/").await;
        assert!(!site.get("/").await.is_hit(), "{forbidden:?}");
    }
    let site = marked(Mark::new().ttl(seconds(60)), 200, &[]);
    site.get_with("/", &[("authorization", "Bearer bob")]).await;
    assert!(!site.get("/").await.is_hit(), "nor what one with credentials was shown");
}

#[crate::door::test]
async fn a_handler_forbids_keeping_what_would_be_kept() {
    let site = marked(Mark::new().forbid(), 200, FRESH);
    assert_eq!(site.get("/").await.said().word("detail"), Some("handler"));
    assert!(!site.get("/").await.is_hit());
}

#[crate::door::test]
async fn a_handler_names_tags_and_they_are_seen_and_obeyed() {
    let site = marked(Mark::new().tag("books").tags(["authors"]), 200, FRESH);
    site.get("/").await;
    let tags = site.get("/").await.tags.unwrap();
    assert!(tags.contains(&Tag::new("books")) && tags.contains(&Tag::new("authors")), "{tags:?}");
    site.cache.invalidate_tags(["authors"]).await.unwrap();
    assert!(!site.get("/").await.is_hit());
}

#[crate::door::test]
async fn a_tag_that_is_invalidated_while_its_handler_runs_is_obeyed_too() {
    let site = Site::with(
        |layer| layer,
        |cache: Cache, _, _| async move {
            cache.invalidate_tags(["books"]).await.unwrap();
            let mut response: Response<Given> = page(FRESH, "read before the change");
            response.extensions_mut().insert(Mark::new().tag("books"));
            Ok(response)
        },
    );
    assert_eq!(site.get("/").await.said().word("detail"), Some("outdated"));
    assert!(!site.get("/").await.is_hit());
}

#[crate::door::test]
async fn a_handler_says_for_how_long_its_response_may_be_served_stale() {
    let mark = Mark::new().ttl(seconds(10)).stale_while_revalidate(seconds(20)).stale_if_error(seconds(90));
    let site = marked(mark, 200, &[]);
    site.get("/").await;
    site.clock.advance(seconds(29));
    assert_eq!(site.get("/").await.text(), "page 1");
    settle().await;
    assert_eq!(site.get("/").await.text(), "page 2");
}

#[crate::door::test]
async fn a_handler_says_for_how_long_its_response_may_stand_in_for_it() {
    let site = Site::plain(|call, _| {
        if call > 1 {
            return respond(503, &[], nothing());
        }
        let mut response = page(&[], "page 1");
        response.extensions_mut().insert(Mark::new().ttl(seconds(10)).stale_if_error(seconds(90)));
        response
    });
    site.get("/").await;
    site.clock.advance(seconds(99));
    assert_eq!(site.get("/").await.text(), "page 1");
    site.clock.advance(seconds(1));
    assert_eq!(site.get("/").await.status.as_u16(), 503);
}

#[crate::door::test]
async fn a_window_in_the_header_fields_goes_before_the_one_of_a_mark() {
    let mark = Mark::new().ttl(seconds(10)).stale_while_revalidate(seconds(20));
    let site = marked(mark, 200, &[("cache-control", "max-age=10, stale-while-revalidate=5")]);
    site.get("/").await;
    site.clock.advance(seconds(15));
    assert_eq!(site.get("/").await.text(), "page 2");
}

#[crate::door::test]
async fn what_a_handler_said_outlives_a_confirmation_that_repeats_nothing() {
    let site = marked(Mark::new().ttl(seconds(10)).tag("books"), 200, &[("etag", "\"a\"")]);
    site.get("/").await;
    for _ in 0..2 {
        site.clock.advance(seconds(10));
        assert_eq!(site.get("/").await.said().number("ttl"), Some(10));
        assert!(site.get("/").await.is_hit());
    }
    site.cache.invalidate_tags(["books"]).await.unwrap();
    assert_eq!(site.get("/").await.text(), "page 4");
}

#[crate::door::test]
async fn the_key_is_told_only_when_asked() {
    let key = |answer: &crate::support::Answer| answer.header("cache-status").unwrap().contains("; key=");
    let site = Site::plain(|_, _| page(FRESH, "page"));
    assert!(!key(&site.get("/a?b=c").await) && !key(&site.get("/a?b=c").await));
    let site = Site::of(|layer| layer.tell_key(), |_, _| page(FRESH, "page"));
    for _ in 0..2 {
        let answer = site.get_with("/a?b=c", &[("host", "shop.example")]).await;
        assert!(answer.header("cache-status").unwrap().contains(r#"; key="http://shop.example/a?b=c""#));
    }
    assert!(key(&site.ask(request("HEAD", "/other", &[])).await));
}
