//! Stale responses are asked about, kept on if they are still current, and replaced if not. Many clients at once are in
//! `crowd`, a `HEAD` in `head`.

use crate::door::Door;
use crate::support::{Asked, Fields, Site, TAGGED, is_asked, nothing, page, respond, seconds};
use easy_cache_core::{Cache, Tag, scope};

/// Says 304 with these fields to whoever has a condition.
fn confirming(update: Fields<'static>) -> Site {
    Site::plain(
        move |call, request| {
            if is_asked(request) { respond(304, update, nothing()) } else { page(TAGGED, format!("page {call}")) }
        },
    )
}

#[crate::door::test]
async fn a_stale_response_is_confirmed_and_served_again_with_renewed_fields() {
    let site =
        confirming(&[("cache-control", "max-age=20"), ("x-both", "new"), ("content-length", "999"), ("x-late", "1")]);
    site.get("/").await;
    site.clock.advance(seconds(10));
    let confirmed = site.get("/").await;
    assert_eq!((confirmed.status.as_u16(), confirmed.text()), (200, "page 1"));
    let said = confirmed.said();
    assert_eq!((said.word("fwd"), said.number("fwd-status"), said.number("ttl")), (Some("stale"), Some(304), Some(20)));
    assert!(said.has("stored"));
    site.clock.advance(seconds(19));
    let hit = site.get("/").await;
    assert!(hit.is_hit());
    for answer in [&confirmed, &hit] {
        assert_eq!(answer.header("x-first"), Some("kept"));
        assert_eq!(answer.header("x-both"), Some("new"));
        assert_eq!(answer.header("x-late"), Some("1"));
        assert_eq!(answer.header("etag"), Some("\"one\""));
        assert_eq!(answer.header("content-type"), Some("text/plain"));
        assert_ne!(answer.header("content-length"), Some("999"));
        assert_eq!(answer.text(), "page 1");
    }
    assert_eq!(hit.header("age"), Some("19"), "the age counts from the confirmation");
    assert_eq!(site.calls(), 2);
}

#[crate::door::test]
async fn a_confirmation_without_a_date_does_not_leave_the_old_one_to_age_the_response() {
    let site = confirming(&[("cache-control", "max-age=10")]);
    site.get("/").await;
    for round in 1..=3 {
        site.clock.advance(seconds(10));
        assert_eq!(site.get("/").await.said().number("fwd-status"), Some(304), "round {round}");
        assert!(site.get("/").await.is_hit(), "round {round}");
    }
}

#[crate::door::test]
async fn a_confirmed_response_lives_as_long_as_a_new_one() {
    let handler = |call, request: &Asked| {
        if is_asked(request) { respond(304, &[], nothing()) } else { page(TAGGED, format!("page {call}")) }
    };
    let site = Site::of(|layer| layer.keep_for_validation(seconds(5)), handler);
    site.get("/").await;
    for _ in 0..20 {
        site.clock.advance(seconds(14));
        assert_eq!(site.get("/").await.said().number("fwd-status"), Some(304));
        site.clock.advance(seconds(9));
        assert!(site.get("/").await.is_hit());
        site.clock.advance(seconds(5));
        assert_eq!(site.get("/").await.said().number("fwd-status"), Some(304));
    }
    assert_eq!(site.get("/").await.text(), "page 1");
}

#[crate::door::test]
async fn what_was_kept_long_enough_is_not_asked_about() {
    let site = Site::of(
        |layer| layer.keep_for_validation(seconds(5)),
        |call, request| {
            assert!(!is_asked(request));
            match call {
                2 => page(&[("cache-control", "max-age=10"), ("vary", "accept"), ("etag", "\"two\"")], "page 2"),
                _ => page(TAGGED, format!("page {call}")),
            }
        },
    );
    for text in ["page 1", "page 2", "page 3"] {
        let answer = site.get("/").await;
        assert_eq!(answer.text(), text);
        assert_ne!(answer.said().word("fwd"), Some("stale"));
        site.clock.advance(seconds(15));
    }
}

#[crate::door::test]
async fn the_handler_is_asked_with_the_stored_conditions_and_the_clients_other_fields() {
    let site = Site::plain(|call, request| {
        let headers = request.headers();
        if call == 1 {
            assert!(!is_asked(request));
            return page(&[("cache-control", "max-age=1"), ("etag", "W/\"a\""), ("vary", "accept")], "a page");
        }
        assert_eq!(headers.get_all("if-none-match").iter().collect::<Vec<_>>(), ["W/\"a\""]);
        assert!(!headers.contains_key("if-modified-since"));
        assert_eq!(headers["accept"], "text/html");
        respond(304, &[], nothing())
    });
    let accept = ("accept", "text/html");
    site.get_with("/", &[accept]).await;
    site.clock.advance(seconds(1));
    let since = ("if-modified-since", "Sat, 04 Jan 2020 10:00:00 GMT");
    let answer = site.get_with("/", &[accept, ("if-none-match", "\"mine\""), since]).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "a page"));
    assert_eq!(site.calls(), 2);
}

#[crate::door::test]
async fn a_client_that_has_the_stale_response_gets_304_once_it_is_confirmed() {
    let modified = "Sat, 04 Jan 2020 10:00:00 GMT";
    let site = Site::plain(move |_, request| {
        if is_asked(request) {
            return respond(304, &[], nothing());
        }
        page(&[("cache-control", "max-age=1"), ("last-modified", modified)], "a page")
    });
    site.get("/").await;
    site.clock.advance(seconds(1));
    let answer = site.get_with("/", &[("if-modified-since", modified)]).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (304, ""));
    assert_eq!(answer.said().number("fwd-status"), Some(304));
    site.clock.advance(seconds(1));
    assert_eq!(site.get_with("/", &[("if-none-match", "\"x\"")]).await.status.as_u16(), 200);
}

#[crate::door::test]
async fn a_full_response_replaces_the_stale_one_and_its_tags() {
    let site = Site::with(
        |layer| layer,
        |cache: Cache, call, _| async move {
            scope::depend(&cache, [if call == 1 { "old" } else { "new" }]);
            Ok(page(TAGGED, format!("page {call}")))
        },
    );
    site.get("/").await;
    site.clock.advance(seconds(10));
    let replaced = site.get("/").await;
    assert_eq!((replaced.text(), replaced.said().word("fwd")), ("page 2", Some("stale")));
    let hit = site.get("/").await;
    assert_eq!((hit.text(), hit.is_hit()), ("page 2", true));
    let tags = hit.tags.unwrap();
    assert!(tags.contains(&Tag::new("new")) && !tags.contains(&Tag::new("old")), "{tags:?}");
}

#[crate::door::test]
async fn a_confirmed_response_has_the_tags_of_both_requests_and_dies_with_either() {
    for tag in ["first", "second"] {
        let site = Site::with(
            |layer| layer,
            |cache: Cache, call, request: Asked| async move {
                scope::depend(&cache, [if call == 1 { "first" } else { "second" }]);
                Ok(if is_asked(&request) { respond(304, &[], nothing()) } else { page(TAGGED, format!("page {call}")) })
            },
        );
        site.get("/").await;
        site.clock.advance(seconds(10));
        site.get("/").await;
        assert!(site.get("/").await.is_hit());
        site.cache.invalidate_tags([tag]).await.unwrap();
        assert_eq!(site.get("/").await.text(), "page 3", "{tag}");
    }
}

#[crate::door::test]
async fn a_response_that_is_invalidated_while_it_is_asked_about_is_not_kept() {
    let site = Site::with(
        |layer| layer,
        |cache: Cache, call, request: Asked| async move {
            scope::depend(&cache, ["books"]);
            if is_asked(&request) {
                cache.invalidate_tags(["books"]).await.unwrap();
                return Ok(respond(304, &[], nothing()));
            }
            Ok(page(TAGGED, format!("page {call}")))
        },
    );
    site.get("/").await;
    site.clock.advance(seconds(10));
    let answer = site.get("/").await;
    assert_eq!((answer.said().has("stored"), answer.said().word("detail")), (false, Some("outdated")));
    assert_eq!(site.get("/").await.text(), "page 3");
}

#[crate::door::test]
async fn what_was_invalidated_is_never_asked_about() {
    let site = Site::with(
        |layer| layer,
        |cache: Cache, call, request: Asked| async move {
            assert!(!is_asked(&request), "an outdated page is not to be confirmed");
            scope::depend(&cache, ["books"]);
            Ok(page(TAGGED, format!("page {call}")))
        },
    );
    site.get("/").await;
    site.cache.invalidate_tags(["books"]).await.unwrap();
    site.clock.advance(seconds(10));
    assert_eq!(site.get("/").await.text(), "page 2");
}

#[crate::door::test]
async fn no_cache_is_kept_and_asked_about_each_time_by_each_client() {
    let site = Site::plain(|call, request| {
        if is_asked(request) {
            return respond(304, &[("etag", "\"one\"")], nothing());
        }
        page(&[("cache-control", "no-cache"), ("etag", "\"one\"")], format!("page {call}"))
    });
    assert!(site.get("/").await.said().has("stored"));
    for call in 2..5 {
        let answer = site.get("/").await;
        assert_eq!((answer.text(), answer.is_hit(), site.calls()), ("page 1", false, call));
    }
}

#[crate::door::test]
async fn two_users_of_a_no_cache_page_each_get_what_the_handler_says_to_them() {
    let site = Site::plain(|_, request| {
        let user = request.headers().get("x-user").map_or("nobody", |user| user.to_str().unwrap()).to_owned();
        let tag = format!("\"{user}\"");
        let has_it = request.headers().get("if-none-match").is_some_and(|asked| asked == tag.as_str());
        let fields = [("cache-control", "no-cache"), ("etag", tag.as_str())];
        if has_it { respond(304, &fields, nothing()) } else { page(&fields, user) }
    });
    for user in ["alice", "bob", "alice", "alice", "bob"] {
        assert_eq!(site.get_with("/", &[("x-user", user)]).await.text(), user);
    }
}

#[crate::door::test]
async fn a_304_about_something_else_renews_nothing() {
    let site = confirming(&[("etag", "\"two\""), ("cache-control", "max-age=60")]);
    site.get("/").await;
    site.clock.advance(seconds(10));
    let answer = site.get("/").await;
    assert_eq!((answer.text(), answer.header("etag")), ("page 1", Some("\"one\"")));
    assert_eq!((answer.said().has("stored"), answer.said().word("detail")), (false, Some("contradicted")));
    assert_eq!(site.get("/").await.text(), "page 3", "and it is not trusted any longer");
}

#[crate::door::test]
async fn a_304_nobody_asked_for_is_passed_on() {
    let site = Site::plain(|_, _| respond(304, &[("cache-control", "max-age=60")], nothing()));
    assert_eq!(site.get("/").await.status.as_u16(), 304);
    assert_eq!(site.get("/").await.said().word("detail"), Some("status"));
}

#[crate::door::test]
async fn a_page_that_became_private_is_shown_to_its_user_and_what_was_kept_of_it_is_dropped() {
    let became = [("cache-control", "private"), ("x-both", "mine")];
    for confirms in [true, false] {
        let site = Site::plain(move |call, request| match call {
            1 => page(&[("cache-control", "max-age=10, stale-if-error=1000"), ("etag", "\"one\"")], "for all"),
            2 if confirms => respond(304, &became, nothing()),
            2 => page(&became, "for one"),
            _ => {
                assert!(!is_asked(request), "nothing is left to ask about");
                respond(503, &[], nothing())
            }
        });
        site.get("/").await;
        site.clock.advance(seconds(10));
        let first = site.get("/").await;
        assert_eq!(first.text(), if confirms { "for all" } else { "for one" });
        assert_eq!((first.header("x-both"), first.said().word("detail")), (Some("mine"), Some("private")));
        assert_eq!(site.get("/").await.status.as_u16(), 503, "nothing stands in for it");
    }
}

#[crate::door::test]
async fn a_fresh_response_outlives_an_answer_that_is_not_kept() {
    let site = Site::of(
        |layer| layer.honour_client_refresh(),
        |call, _| match call {
            1 => page(&[("cache-control", "max-age=60")], "page 1"),
            _ => page(&[("cache-control", "no-store")], "page 2"),
        },
    );
    site.get("/").await;
    assert_eq!(site.get_with("/", &[("cache-control", "no-cache")]).await.text(), "page 2");
    assert_eq!(site.get("/").await.text(), "page 1");
}

#[crate::door::test]
async fn a_client_that_wants_a_fresh_answer_has_the_stored_one_asked_about() {
    let handler = |call, request: &Asked| {
        if is_asked(request) { respond(304, &[], nothing()) } else { page(TAGGED, format!("page {call}")) }
    };
    let site = Site::of(|layer| layer.honour_client_refresh(), handler);
    site.get("/").await;
    let answer = site.get_with("/", &[("cache-control", "no-cache")]).await;
    assert_eq!((answer.text(), answer.said().word("fwd")), ("page 1", Some("request")));
    assert_eq!(answer.said().number("fwd-status"), Some(304));
}

#[crate::door::test]
async fn variants_are_asked_about_one_by_one() {
    let site = Site::plain(|_, request| {
        let language = request.headers()["accept-language"].to_str().unwrap().to_owned();
        let tag = format!("\"{language}\"");
        let fields = [("cache-control", "max-age=5"), ("etag", tag.as_str()), ("vary", "accept-language")];
        match request.headers().get("if-none-match") {
            Some(asked) => {
                assert_eq!(asked, tag.as_str());
                respond(304, &fields, nothing())
            }
            None => page(&fields, language),
        }
    });
    for _ in 0..3 {
        for language in ["de", "en"] {
            assert_eq!(site.get_with("/", &[("accept-language", language)]).await.text(), language);
        }
        site.clock.advance(seconds(5));
    }
    assert_eq!(site.calls(), 6);
}

#[crate::door::test]
async fn a_stale_response_is_not_asked_about_for_somebody_it_was_not_made_for() {
    let site = Site::plain(|_, request| {
        assert!(!is_asked(request), "bob would be sent the page of the anonymous");
        let name = request.headers().get("authorization").map_or("nobody", |_| "bob");
        page(TAGGED, name)
    });
    assert_eq!(site.get("/").await.text(), "nobody");
    site.clock.advance(seconds(10));
    assert_eq!(site.get_with("/", &[("authorization", "Bearer bob")]).await.text(), "bob");
}

/// A handler that confirms, and renews the session of whoever asks.
fn renewing_sessions(configure: impl FnOnce(Door) -> Door) -> Site {
    Site::of(configure, |call, request| {
        if is_asked(request) {
            let cookie = format!("session={}", request.headers()["x-user"].to_str().unwrap());
            return respond(304, &[("set-cookie", cookie.as_str())], nothing());
        }
        page(TAGGED, format!("page {call}"))
    })
}

#[crate::door::test]
async fn a_cookie_that_comes_with_a_confirmation_is_for_its_client_alone() {
    for (left_out, hits) in [(true, true), (false, false)] {
        let site = renewing_sessions(|layer| if left_out { layer.store_without_cookies() } else { layer });
        site.get("/").await;
        site.clock.advance(seconds(10));
        let ann = site.get_with("/", &[("x-user", "ann")]).await;
        assert_eq!((ann.text(), ann.header("set-cookie")), ("page 1", Some("session=ann")));
        let bob = site.get_with("/", &[("x-user", "bob")]).await;
        assert_eq!((bob.is_hit(), bob.header("set-cookie")), (hits, None));
    }
}

#[crate::door::test]
async fn the_age_of_a_confirmation_counts_against_the_lifetime_that_it_states() {
    let site = Site::plain(|call, _| match call {
        1 => page(&[("cache-control", "max-age=60"), ("etag", "\"one\"")], "page"),
        2 => respond(304, &[("cache-control", "max-age=60"), ("age", "50"), ("etag", "\"one\"")], nothing()),
        _ => page(&[("cache-control", "max-age=60"), ("etag", "\"two\"")], "another"),
    });
    site.get("/").await;
    site.clock.advance(seconds(60));
    let confirmed = site.get("/").await;
    assert_eq!((confirmed.said().number("ttl"), confirmed.header("age")), (Some(10), Some("50")));
    site.clock.advance(seconds(9));
    assert_eq!(site.get("/").await.header("age"), Some("59"));
    site.clock.advance(seconds(1));
    assert_eq!(site.get("/").await.text(), "another");
}

#[crate::door::test]
async fn what_a_confirmation_names_as_private_is_for_its_client_alone() {
    let site = Site::plain(|call, _| match call {
        1 => page(&[("cache-control", "max-age=10"), ("etag", "\"one\""), ("x-user", "nobody")], "page"),
        _ => respond(
            304,
            &[
                ("cache-control", "max-age=60, private=\"x-user, set-cookie\""),
                ("connection", "x-hop"),
                ("set-cookie", "a=1"),
                ("set-cookie", "b=2"),
                ("x-hop", "1"),
                ("x-user", "ann"),
            ],
            nothing(),
        ),
    });
    site.get("/").await;
    site.clock.advance(seconds(10));
    let (ann, bob) = (site.get("/").await, site.get("/").await);
    let all = |name: &str| ann.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>();
    assert_eq!((all("x-user"), all("set-cookie"), all("x-hop").len()), (vec!["ann"], vec!["a=1", "b=2"], 0));
    assert_eq!((bob.is_hit(), bob.header("x-user"), bob.header("set-cookie")), (true, None, None));
}
