//! Tags flow from whatever the handler used into the response, and can be read on the way.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use easy_cache_core::{Cache, Scope, Tag, scope};
use http::HeaderValue;
use http_body::{Body, Frame};
use http_body_util::BodyExt;

use crate::support::{Broken, Site, page, request, respond, seconds};

const KEPT: &[(&str, &str)] = &[("cache-control", "max-age=60")];

/// A function of the application that is cached under a tag.
async fn count(cache: &Cache) -> Option<usize> {
    cache.get_or_compute("count", async { Some(7) }).tags(["books"]).await
}

#[crate::door::test]
async fn a_response_inherits_the_tags_of_the_cached_functions_of_its_handler() {
    let site = Site::with(
        |layer| layer,
        |cache, call, _| async move {
            count(&cache).await;
            Ok(page(KEPT, format!("page {call}")))
        },
    );
    let (miss, hit) = (site.get("/").await, site.get("/").await);
    assert!(hit.is_hit());
    assert_eq!(hit.tags, Some(vec![Tag::new("books")]));
    assert_eq!(miss.tags, hit.tags);
    site.cache.invalidate_tags(["books"]).await.unwrap();
    assert_eq!(site.get("/").await.text(), "page 2");
    site.cache.invalidate_key("count").await.unwrap();
    assert!(site.get("/").await.is_hit(), "a key is no tag: name one for what must go together");
}

/// A body that uses the cache when it is read.
struct Lazy {
    cache: Cache,
    parts: usize,
}

impl Body for Lazy {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        self.parts += 1;
        let part = self.parts;
        scope::depend(&self.cache, [format!("part {part}")]);
        Poll::Ready((part <= 2).then(|| Ok(Frame::data(Bytes::from(format!("{part} "))))))
    }
}

#[crate::door::test]
async fn a_response_inherits_the_tags_that_its_body_collects_while_it_is_sent() {
    for part in 1..=3 {
        let site = Site::with(
            |layer| layer,
            |cache, _, _| async move { Ok(respond(200, KEPT, Lazy { cache, parts: 0 }.boxed_unsync())) },
        );
        assert_eq!(site.get("/").await.text(), "1 2 ");
        assert!(site.get("/").await.is_hit());
        site.cache.invalidate_tags([format!("part {part}")]).await.unwrap();
        assert!(!site.get("/").await.is_hit(), "part {part}");
    }
}

#[crate::door::test]
async fn an_inner_middleware_can_write_the_tags_so_far_into_the_head() {
    let site = Site::with(
        |layer| layer,
        |cache, _, _| async move {
            count(&cache).await;
            let mut response = page(KEPT, "page");
            let names: Vec<_> = easy_cache_core::scope::current_tags().iter().map(Tag::to_string).collect();
            response.headers_mut().insert("x-tags", HeaderValue::try_from(names.join(" ")).unwrap());
            Ok(response)
        },
    );
    for _ in 0..2 {
        assert_eq!(site.get("/").await.header("x-tags"), Some("books"));
    }
}

#[crate::door::test]
async fn the_tags_of_hits_and_misses_flow_on_to_whatever_is_around_the_layer() {
    let site = Site::with(
        |layer| layer,
        |cache, _, request| async move {
            count(&cache).await;
            let fields = if request.uri().path() == "/private" { &[("cache-control", "private")] } else { KEPT };
            Ok(page(fields, "page"))
        },
    );
    for uri in ["/", "/", "/private"] {
        let mut around = Scope::new();
        around.wrap(site.get(uri)).await;
        assert!(around.tags().contains(&Tag::new("books")), "{uri}: {:?}", around.tags());
    }
}

#[crate::door::test]
async fn what_a_handler_read_in_an_open_transaction_is_not_kept() {
    let site = Site::with(
        |layer| layer.ttl(seconds(60)),
        |_, _, _| async {
            scope::bypass(async {}).await;
            Ok(page(&[], "uncommitted"))
        },
    );
    assert_eq!(site.ask(request("GET", "/", &[])).await.said().word("detail"), Some("uncommitted-data"));
    assert!(!site.get("/").await.is_hit());
}

#[crate::door::test]
async fn a_hit_promises_no_more_time_than_what_it_was_built_from_has() {
    let site = Site::with(
        |layer| layer,
        |cache, call, _| async move {
            cache.get_or_compute("count", async { Some(7) }).ttl(seconds(10)).await;
            Ok(page(KEPT, format!("page {call}")))
        },
    );
    assert_eq!(site.get("/").await.said().number("ttl"), Some(10), "nor does the first answer");
    site.clock.advance(seconds(4));
    let hit = site.get("/").await;
    assert_eq!((hit.is_hit(), hit.said().number("ttl")), (true, Some(6)));
    site.clock.advance(seconds(6));
    assert_eq!(site.get("/").await.text(), "page 2");
}
