//! Parts of a stored response.

use crate::support::{Answer, Fields, Site, page, request, respond, seconds, settle};
use http_body_util::BodyExt;

const TAGGED: Fields<'static> = &[
    ("cache-control", "max-age=60, stale-while-revalidate=60"),
    ("content-type", "text/plain"),
    ("etag", "\"one\""),
    ("last-modified", "Sat, 04 Jan 2020 10:00:00 GMT"),
];

async fn stored() -> Site {
    let site = Site::plain(|_, _| page(TAGGED, "0123456789"));
    site.get("/").await;
    site
}

async fn part(site: &Site, range: &str) -> Answer {
    site.get_with("/", &[("range", range)]).await
}

#[crate::door::test]
async fn a_range_is_cut_from_the_stored_response_with_its_fields() {
    let site = stored().await;
    site.clock.advance(seconds(5));
    for (range, text, content_range) in [
        ("bytes=0-1", "01", "bytes 0-1/10"),
        ("bytes=1-", "123456789", "bytes 1-9/10"),
        ("bytes=-1", "9", "bytes 9-9/10"),
    ] {
        let answer = part(&site, range).await;
        assert_eq!((answer.status.as_u16(), answer.text(), answer.is_hit()), (206, text, true), "{range}");
        assert_eq!(answer.header("content-range"), Some(content_range));
        assert_eq!(answer.header("content-length"), Some(text.len().to_string().as_str()));
        assert_eq!((answer.header("etag"), answer.header("content-type")), (Some("\"one\""), Some("text/plain")));
        assert_eq!(answer.header("age"), Some("5"));
    }
    let whole = site.get("/").await;
    assert_eq!(
        (whole.text(), whole.header("content-length"), whole.header("content-range")),
        ("0123456789", Some("10"), None)
    );
    assert_eq!(site.calls(), 1);
}

#[crate::door::test]
async fn a_range_that_is_not_there_is_refused_with_the_length() {
    let answer = part(&stored().await, "bytes=10-").await;
    assert_eq!((answer.status.as_u16(), answer.text()), (416, ""));
    assert_eq!((answer.header("content-range"), answer.header("content-length")), (Some("bytes */10"), Some("0")));
    assert!(answer.is_hit());
}

#[crate::door::test]
async fn several_ranges_other_units_and_head_get_the_whole() {
    let site = stored().await;
    for range in ["bytes=0-1,4-5", "lines=0-1", "bytes=5-1"] {
        let answer = part(&site, range).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "0123456789"), "{range}");
    }
    let head = site.ask(request("HEAD", "/", &[("range", "bytes=0-1")])).await;
    assert_eq!((head.status.as_u16(), head.header("content-length")), (200, Some("10")));
}

#[crate::door::test]
async fn if_range_asks_for_a_part_of_this_response_or_the_whole_of_another() {
    let site = stored().await;
    let same = site.get_with("/", &[("range", "bytes=0-1"), ("if-range", "\"one\"")]).await;
    assert_eq!((same.status.as_u16(), same.text()), (206, "01"));
    for other in ["\"two\"", "W/\"one\"", "Sat, 04 Jan 2020 10:00:01 GMT"] {
        let answer = site.get_with("/", &[("range", "bytes=0-1"), ("if-range", other)]).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "0123456789"), "{other}");
    }
    let condition = site.get_with("/", &[("range", "bytes=0-1"), ("if-none-match", "\"one\"")]).await;
    assert_eq!(condition.status.as_u16(), 304, "the client has it all");
}

#[crate::door::test]
async fn a_part_of_something_that_is_not_stored_is_the_handlers_affair_and_is_not_kept() {
    let site = Site::plain(|_, request| match request.headers().get("range") {
        Some(range) => {
            assert_eq!(range, "bytes=0-1");
            let body = page(&[], "01").into_body().boxed_unsync();
            respond(206, &[("cache-control", "max-age=60"), ("content-range", "bytes 0-1/10")], body)
        }
        None => page(TAGGED, "0123456789"),
    });
    let first = part(&site, "bytes=0-1").await;
    assert_eq!((first.status.as_u16(), first.text(), first.said().has("stored")), (206, "01", false));
    assert_eq!(site.get("/").await.text(), "0123456789", "a part is never taken for the whole");
    assert!(part(&site, "bytes=0-1").await.is_hit());
}

/// A site that keeps parts, and whose handler cuts what it is asked for out of ten digits.
fn cutting(fields: Fields<'static>) -> Site {
    Site::of(
        |layer| layer.keep_parts(),
        move |call, request| {
            let Some(range) = request.headers().get("range") else { return page(TAGGED, "0123456789") };
            let (first, last) = range.to_str().unwrap()[6..].split_once('-').unwrap();
            let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap_or(9));
            let range = format!("bytes {first}-{last}/10");
            let named = [("content-range", range.as_str()), ("x-call", if call == 1 { "first" } else { "later" })];
            respond(206, &[fields, &named].concat(), page(&[], &"0123456789"[first..=last]).into_body())
        },
    )
}

#[crate::door::test]
async fn a_part_that_is_kept_serves_what_lies_inside_it() {
    let site = cutting(&[("cache-control", "max-age=60"), ("etag", "\"a\"")]);
    let first = part(&site, "bytes=4-9").await;
    assert_eq!((first.status.as_u16(), first.text(), first.said().has("stored")), (206, "456789", true));
    for (range, text, content_range) in [
        ("bytes=4-9", "456789", "bytes 4-9/10"),
        ("bytes=5-6", "56", "bytes 5-6/10"),
        ("bytes=5-", "56789", "bytes 5-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
        ("bytes=8-99", "89", "bytes 8-9/10"),
    ] {
        let answer = part(&site, range).await;
        assert_eq!((answer.status.as_u16(), answer.text(), answer.is_hit()), (206, text, true), "{range}");
        assert_eq!((answer.header("content-range"), answer.header("x-call")), (Some(content_range), Some("first")));
    }
    assert_eq!(site.calls(), 1);
}

#[crate::door::test]
async fn a_part_serves_nothing_outside_it_and_never_the_whole() {
    let site = cutting(&[("cache-control", "max-age=60"), ("etag", "\"a\"")]);
    part(&site, "bytes=4-6").await;
    for (range, text) in [("bytes=3-5", "345"), ("bytes=7-", "789"), ("bytes=0-0", "0")] {
        part(&site, "bytes=4-6").await;
        let answer = part(&site, range).await;
        assert_eq!((answer.text(), answer.is_hit()), (text, false), "{range}");
    }
    let other = site.get_with("/", &[("range", "bytes=0-0"), ("if-range", "\"b\"")]).await;
    assert!(!other.is_hit(), "another response is asked for");
    let whole = site.get("/").await;
    assert_eq!((whole.status.as_u16(), whole.text(), whole.is_hit()), (200, "0123456789", false));
    assert!(part(&site, "bytes=0-9").await.is_hit(), "from now on the whole serves all parts");
}

#[crate::door::test]
async fn a_part_is_dropped_by_its_lifetime_by_tags_and_by_changes() {
    let site = cutting(&[("cache-control", "max-age=60"), ("etag", "\"a\"")]);
    let kept = || async { part(&site, "bytes=0-4").await.is_hit() };
    assert!(!kept().await && kept().await);
    site.clock.advance(seconds(60));
    assert!(!kept().await && kept().await);
    site.ask(request("PUT", "/", &[])).await;
    assert!(!kept().await && kept().await);
    site.cache.invalidate_all().await.unwrap();
    assert!(!kept().await);
}

#[crate::door::test]
async fn parts_that_rules_or_arithmetic_forbid_are_not_kept() {
    let forbidden: [Fields<'static>; 7] = [
        &[("cache-control", "no-cache, max-age=60"), ("etag", "\"a\"")],
        &[("cache-control", "private, max-age=60")],
        &[("cache-control", "no-cache"), ("etag", "\"a\"")],
        &[("cache-control", "max-age=60"), ("set-cookie", "a=b")],
        &[("cache-control", "max-age=60"), ("vary", "accept")],
        &[("cache-control", "max-age=0"), ("etag", "\"a\"")],
        &[],
    ];
    for fields in forbidden {
        let site = cutting(fields);
        part(&site, "bytes=0-4").await;
        assert!(!part(&site, "bytes=0-4").await.is_hit(), "{fields:?}");
    }
    for content_range in ["bytes 0-2/10", "bytes 0-4/*", "bytes */10", "bytes 0-1/2, bytes 0-1/2", "x"] {
        let site = Site::of(
            |layer| layer.keep_parts(),
            move |_, _| {
                let fields = [("cache-control", "max-age=60"), ("content-range", content_range)];
                respond(206, &fields, page(&[], "0123").into_body())
            },
        );
        part(&site, "bytes=0-4").await;
        assert!(!part(&site, "bytes=0-3").await.is_hit(), "{content_range} of four bytes");
    }
}

/// A site that answers every request for a part with these bytes, and says that they are these.
fn sending(content_range: &'static str, body: &'static str) -> Site {
    Site::of(
        |layer| layer.keep_parts(),
        move |_, _| {
            let fields = [("cache-control", "max-age=60"), ("content-range", content_range)];
            respond(206, &fields, page(&[], body).into_body())
        },
    )
}

#[crate::door::test]
async fn a_part_that_ends_early_serves_as_far_as_it_came() {
    let site = sending("bytes 4-9/10", "45678");
    part(&site, "bytes=4-9").await;
    let inside = part(&site, "bytes=6-8").await;
    assert_eq!((inside.text(), inside.is_hit()), ("678", true));
    assert_eq!(inside.header("content-range"), Some("bytes 6-8/10"));
    for beyond in ["bytes=8-9", "bytes=-1", "bytes=5-"] {
        part(&site, "bytes=4-9").await;
        assert!(!part(&site, beyond).await.is_hit(), "{beyond}");
    }
}

#[crate::door::test]
async fn who_asks_in_the_same_words_gets_the_same_part_whatever_it_is() {
    let site = sending("bytes 2-5/10", "2345");
    part(&site, "bytes=-5").await;
    let again = part(&site, "bytes=-5").await;
    assert_eq!((again.status.as_u16(), again.text(), again.is_hit()), (206, "2345", true));
    assert_eq!(again.header("content-range"), Some("bytes 2-5/10"));
    assert!(!part(&site, "bytes=-4").await.is_hit(), "other words");
}

#[crate::door::test]
async fn two_users_a_part_for_one_with_credentials_is_not_shown_to_another() {
    let site = cutting(&[("cache-control", "max-age=60"), ("etag", "\"a\"")]);
    let bob = [("authorization", "Bearer bob"), ("range", "bytes=0-4")];
    site.get_with("/", &bob).await;
    assert!(!part(&site, "bytes=0-4").await.is_hit());
    assert!(!site.get_with("/", &bob).await.is_hit());
}

#[crate::door::test]
async fn a_206_that_nobody_asked_for_is_not_kept() {
    let site = Site::plain(|_, _| {
        respond(206, &[("cache-control", "max-age=60"), ("content-range", "bytes 0-1/10")], page(&[], "01").into_body())
    });
    site.get("/").await;
    assert_eq!(site.get("/").await.said().word("detail"), Some("status"));
}

#[crate::door::test]
async fn a_part_of_a_stale_response_is_cut_within_its_window_and_refreshes_nothing() {
    let site = stored().await;
    site.clock.advance(seconds(70));
    assert_eq!(part(&site, "bytes=0-1").await.text(), "01");
    settle().await;
    assert_eq!(site.calls(), 1);
    site.clock.advance(seconds(60));
    let answer = part(&site, "bytes=0-1").await;
    assert_eq!((answer.said().word("fwd"), site.calls()), (Some("stale"), 2));
}

#[crate::door::test]
async fn only_a_200_is_cut() {
    let site = Site::plain(|_, _| respond(404, &[("cache-control", "max-age=60")], page(&[], "not here").into_body()));
    site.get("/").await;
    let answer = part(&site, "bytes=0-1").await;
    assert_eq!((answer.status.as_u16(), answer.text(), answer.is_hit()), (404, "not here", true));
}

#[crate::door::test]
async fn a_head_is_never_answered_with_a_part() {
    let site = cutting(&[("cache-control", "max-age=60"), ("etag", "\"a\"")]);
    part(&site, "bytes=4-6").await;
    let head = site.ask(request("HEAD", "/", &[("range", "bytes=4-6")])).await;
    assert!(!head.is_hit(), "{head:?}");
}
