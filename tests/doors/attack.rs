//! Purges and tags under attack: by who may not, by who writes odd bytes, and by what would leave the application for those for whom
//! it is not. Each tells of two clients.

use easy_cache_core::{Tag, scope};

use crate::door::{self, TagField, path_tag};
use crate::support::{Asked, Site, User, nothing, page, request, respond, seconds};

const KEPT: &[(&str, &str)] = &[("cache-control", "max-age=60")];
const HERE: (&str, &str) = ("host", "shop.example");
const WORD: (&str, &str) = ("x-word", "sesame");

/// A shop in which who knows the word may purge, also by `POST`.
fn shop() -> Site {
    Site::with(
        |layer| door::purged_with_the_word(layer).purge_at("/-/purge"),
        |cache, call, request: Asked| async move {
            if request.method() != "GET" {
                return Ok(respond(405, &[], nothing()));
            }
            scope::depend(&cache, [Tag::row("books", 7), Tag::new("new in")]);
            Ok(page(KEPT, format!("page {call}")))
        },
    )
}

async fn is_kept(site: &Site) -> bool {
    site.get_with("/", &[HERE]).await.is_hit()
}

async fn answered(site: &Site, method: &str, uri: &str, fields: &[(&str, &str)]) -> u16 {
    site.ask(request(method, uri, fields)).await.status.as_u16()
}

#[crate::door::test]
async fn who_may_purges_by_post_what_purge_does() {
    let site = shop();
    let at = "/-/purge";
    for (uri, named) in [
        (at, ("surrogate-key", "books:7")),
        (at, ("cache-tag", "x,new%20in")),
        ("/-/purge?path=/other&path=/", ("x-nothing", "")),
        ("/-/purge?path=%2F", ("x-nothing", "")),
    ] {
        is_kept(&site).await;
        assert_eq!(answered(&site, "POST", uri, &[HERE, WORD, named]).await, 204, "{uri}");
        assert!(!is_kept(&site).await, "{uri} {named:?}");
    }
    for uri in [at, "/-/purge?", "/-/purge?path=books", "/-/purge?path=%2", "/-/purge?path=/&tag=x"] {
        assert_eq!(answered(&site, "POST", uri, &[HERE, WORD]).await, 400, "{uri}");
    }
    assert!(is_kept(&site).await, "what cannot be read drops nothing");
}

#[crate::door::test]
async fn a_star_purges_everything_and_a_tag_of_that_name_does_not() {
    let site = shop();
    for (method, uri) in [("PURGE", "/far"), ("POST", "/-/purge")] {
        is_kept(&site).await;
        assert_eq!(answered(&site, method, uri, &[HERE, WORD, ("surrogate-key", "%2A")]).await, 204);
        assert!(is_kept(&site).await);
        assert_eq!(answered(&site, method, uri, &[HERE, WORD, ("surrogate-key", "nobody *")]).await, 204);
        assert!(!is_kept(&site).await);
    }
}

#[crate::door::test]
async fn who_may_not_gets_nothing_purged_by_any_method_or_word() {
    let site = shop();
    is_kept(&site).await;
    let everything = ("surrogate-key", "*");
    for fields in
        [&[HERE, everything][..], &[HERE, everything, ("x-word", "Sesame")], &[HERE, everything, ("x-word", "")]]
    {
        for (method, uri) in [
            ("PURGE", "/"),
            ("POST", "/-/purge"),
            ("POST", "/-/purge?path=/"),
            ("BAN", "/"),
            ("purge", "/"),
            ("DELETE", "/-/purge"),
        ] {
            assert_eq!(answered(&site, method, uri, fields).await, 405, "{method} {uri} goes to the handler");
        }
        assert!(is_kept(&site).await, "{fields:?}");
    }
    for (method, uri) in [("GET", "/-/purge"), ("PUT", "/-/purge"), ("POST", "/-/purge/"), ("POST", "/")] {
        answered(&site, method, uri, &[HERE, WORD, ("surrogate-key", "books:7")]).await;
        assert!(is_kept(&site).await, "{method} {uri} is no purge");
    }
}

#[crate::door::test]
async fn odd_bytes_in_a_purge_are_refused_or_name_nothing_here() {
    let site = shop();
    for named in ["%", "%zz", "%ff", "100%", " ", ",", ""] {
        is_kept(&site).await;
        assert_eq!(answered(&site, "PURGE", "/", &[HERE, WORD, ("surrogate-key", named)]).await, 400, "`{named}`");
        assert!(is_kept(&site).await, "`{named}`");
    }
    for named in ["books:7%00", "books%3a77", "books:7%0d%0aX", "(books:7|x)", "books", "BOOKS:7", "ooks:7"] {
        assert_eq!(answered(&site, "PURGE", "/", &[HERE, WORD, ("surrogate-key", named)]).await, 204, "`{named}`");
        assert!(is_kept(&site).await, "`{named}` is another name");
    }
    assert_eq!(answered(&site, "PURGE", "/", &[HERE, ("host", "other.example"), WORD]).await, 400, "two hosts");
    assert!(is_kept(&site).await);
}

#[crate::door::test]
async fn a_tag_that_a_client_had_a_hand_in_writes_no_field_of_its_own() {
    let site = Site::with(
        |layer| layer.tell_tags(TagField::surrogate_key()),
        |cache, _, request: Asked| async move {
            let name = request.headers().get("x-name").map(|name| name.to_str().unwrap().to_owned());
            let injected = format!("{}\r\nSet-Cookie: session=1\r\n\r\n<b>", name.unwrap_or_default());
            scope::depend(&cache, [Tag::new(injected), Tag::new("* books:7"), Tag::new("\u{0}\u{7f}größe")]);
            Ok(page(KEPT, "page"))
        },
    );
    for _ in 0..2 {
        let answer = site.get_with("/", &[HERE, ("x-name", "a b,*")]).await;
        assert_eq!(answer.header("set-cookie"), None);
        let names: Vec<_> = answer.header("surrogate-key").unwrap().split(' ').collect();
        assert_eq!(names.len(), 4, "{names:?}");
        assert!(!names.contains(&"*") && !names.contains(&"books:7"), "{names:?}");
    }
}

#[crate::door::test]
async fn more_tags_than_a_header_holds_are_any_tag() {
    let site = Site::with(
        |layer| layer.tell_tags(TagField::surrogate_key()),
        |cache, _, request: Asked| async move {
            let count: usize = request.uri().path()[1..].parse().unwrap();
            scope::depend(&cache, (0..count).map(|n| Tag::row("books", n)));
            Ok(page(KEPT, "page"))
        },
    );
    let few = site.get_with("/100", &[HERE]).await;
    assert!(few.header("surrogate-key").unwrap().ends_with("books:99"));
    for _ in 0..2 {
        assert_eq!(site.get_with("/1000", &[HERE]).await.header("surrogate-key"), Some("*"));
    }
}

#[crate::door::test]
async fn what_is_not_for_everybody_is_not_for_caches_in_front() {
    let handler = |_: usize, request: &Asked| match request.uri().path() {
        "/private" => page(&[("cache-control", "private, max-age=60")], "mine"),
        "/public" => page(&[("cache-control", "public, max-age=60"), ("surrogate-control", "max-age=60")], "page"),
        _ => page(KEPT, "page"),
    };
    let told = |field: TagField| move |layer: door::Door| layer.tell_tags(field);
    let site = Site::of(told(TagField::surrogate_key()), handler);
    for _ in 0..2 {
        assert_eq!(site.get_with("/", &[HERE]).await.header("surrogate-control"), None);
        let public = site.get_with("/public", &[HERE]).await;
        assert_eq!(public.header("surrogate-control"), Some("max-age=60"), "what the handler says to them");
        assert_eq!(site.get_with("/private", &[HERE]).await.header("surrogate-control"), Some("no-store"));
    }
    // It passes by this cache, so nobody would know what to purge.
    let passing = Site::of(|layer| told(TagField::cache_tag())(door::without_previews_and_drafts(layer)), handler);
    let draft = passing.get_with("/draft", &[HERE]).await;
    assert_eq!((draft.header("cache-tag"), draft.header("cdn-cache-control")), (Some("*"), Some("no-store")));
    // Kept apart by what those in front know nothing of.
    let by_header = Site::of(|layer| told(TagField::surrogate_key())(layer.key_headers(["x-tenant"])), handler);
    let by_cookie = Site::of(|layer| told(TagField::surrogate_key())(layer.key_cookies(["theme"])), handler);
    for site in [by_header, by_cookie] {
        for hit in [false, true] {
            let answer = site.get_with("/", &[HERE]).await;
            assert_eq!((answer.is_hit(), answer.header("surrogate-control")), (hit, Some("no-store")));
        }
    }
}

#[crate::door::test]
async fn a_page_of_one_user_is_not_for_caches_in_front_and_is_purged_for_all_users() {
    let site = Site::of(
        |layer| {
            let layer = door::purged_with_the_word(door::per_user(layer).ttl(seconds(60)));
            layer.tell_tags(TagField::surrogate_key())
        },
        |call, request| {
            let user = request.extensions().get::<User>().map_or("nobody", |user| user.0);
            page(&[], format!("{user} {call}"))
        },
    );
    let ask = |user: &'static str| {
        let mut asked = request("GET", "/account", &[HERE, ("cookie", "session=1")]);
        asked.extensions_mut().insert(User(user));
        site.ask(asked)
    };
    let of_a_stranger = site.get_with("/account", &[HERE]).await;
    assert!(of_a_stranger.text().starts_with("nobody"));
    assert_eq!(of_a_stranger.header("surrogate-control"), Some("no-store"), "in front, nobody is known");
    for hit in [false, true] {
        for user in ["alice", "bob"] {
            let answer = ask(user).await;
            assert!(answer.text().starts_with(user), "{}", answer.text());
            assert_eq!((answer.is_hit(), answer.header("surrogate-control")), (hit, Some("no-store")));
        }
    }
    assert_eq!(answered(&site, "PURGE", "/account", &[HERE, WORD]).await, 204);
    for user in ["alice", "bob"] {
        assert!(!ask(user).await.is_hit(), "{user}");
    }
    site.cache.invalidate_tags([path_tag("shop.example", "/account")]).await.unwrap();
    assert!(!ask("alice").await.is_hit());
}

#[crate::door::test]
async fn a_response_that_was_outdated_while_it_was_made_is_not_for_caches_in_front() {
    let site = Site::with(
        |layer| layer.tell_tags(TagField::surrogate_key()),
        |cache, _, _| async move {
            scope::depend(&cache, ["t"]);
            cache.invalidate_tags(["t"]).await.unwrap();
            Ok(page(KEPT, "from before"))
        },
    );
    let answer = site.get_with("/", &[HERE]).await;
    assert_eq!(answer.text(), "from before");
    if answer.said().word("detail") == Some("outdated") {
        assert_eq!((answer.header("surrogate-key"), answer.header("surrogate-control")), (Some("*"), Some("no-store")));
    } else {
        assert!(site.cache.is_shared(), "a store outside the process says so only behind the answer");
    }
}
