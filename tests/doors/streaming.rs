//! Bodies that are produced while they are sent.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http_body_util::BodyExt;
use http_body_util::channel::{Channel, Sender};
use parking_lot::Mutex;

use crate::support::{Answer, Broken, Fields, Given, Site, request, respond, settle, soon};

type Ends = Arc<Mutex<Vec<Sender<Bytes, Broken>>>>;

/// A site whose bodies are written by the test: one sender for each call.
fn streaming(max_body: u64, fields: &'static [(&'static str, &'static str)]) -> (Site, Ends) {
    let ends = Ends::default();
    let kept = Arc::clone(&ends);
    let site = Site::of(move |layer| layer.max_body(max_body), move |_, _| streamed(fields, &kept));
    (site, ends)
}

fn streamed(fields: Fields<'_>, ends: &Ends) -> Response<Given> {
    let (sender, body) = Channel::new(64);
    ends.lock().push(sender);
    respond(200, fields, body.boxed_unsync())
}

async fn write(ends: &Ends, call: usize, data: &'static str) {
    let mut sender = ends.lock().remove(call);
    sender.send_data(Bytes::from_static(data.as_bytes())).await.unwrap();
    ends.lock().insert(call, sender);
}

fn end(ends: &Ends, call: usize) {
    drop(ends.lock().remove(call));
}

const KEPT: &[(&str, &str)] = &[("cache-control", "max-age=60")];

#[crate::door::test]
async fn a_body_reaches_its_first_client_while_it_is_recorded_and_the_next_as_a_whole() {
    let (site, ends) = streaming(100, KEPT);
    let mut body = site.open(request("GET", "/", &[])).await.unwrap().into_body();
    write(&ends, 0, "one ").await;
    assert_eq!(soon(body.frame()).await.unwrap().unwrap().into_data().unwrap(), "one ");
    write(&ends, 0, "two").await;
    assert_eq!(soon(body.frame()).await.unwrap().unwrap().into_data().unwrap(), "two");
    assert!(site.cache.is_empty());
    end(&ends, 0);
    assert!(soon(body.frame()).await.is_none());
    let (one, two) = (site.get("/").await, site.get("/").await);
    assert_eq!(one.text(), "one two");
    assert_eq!(one.body.as_ptr() == two.body.as_ptr(), crate::place::IS_THE_PROCESS);
}

#[crate::door::test]
async fn a_body_over_the_limit_reaches_its_client_whole_and_is_not_kept() {
    let (site, ends) = streaming(6, KEPT);
    let first = site.spawn("/");
    settle().await;
    let follower = site.spawn("/");
    settle().await;
    write(&ends, 0, "four").await;
    settle().await;
    assert_eq!(site.calls(), 1);
    write(&ends, 0, "more").await;
    settle().await;
    assert_eq!(site.calls(), 2, "the one who waited goes to the handler as soon as it is too much");
    end(&ends, 0);
    assert_eq!(soon(first).await.unwrap().text(), "fourmore");
    end(&ends, 0);
    assert_eq!(soon(follower).await.unwrap().text(), "");
}

#[crate::door::test]
async fn a_body_that_announces_more_than_the_limit_is_not_even_recorded() {
    let site = Site::of(|layer| layer.max_body(9), |_, _| crate::support::page(KEPT, "ten bytes!"));
    assert_eq!(site.get("/").await.said().word("detail"), Some("too-large"));
    assert_eq!(site.get("/").await.text(), "ten bytes!");
    assert!(site.cache.is_empty());
    let (site, ends) = streaming(9, &[("cache-control", "max-age=60"), ("content-length", "10")]);
    let first = site.open(request("GET", "/", &[])).await.unwrap();
    let second = site.open(request("GET", "/", &[])).await.unwrap();
    assert_eq!(ends.lock().len(), 2, "nobody waits for it either");
    drop((first, second));
}

#[crate::door::test]
async fn a_body_that_fails_half_way_is_not_kept() {
    let (site, ends) = streaming(100, KEPT);
    let mut first = site.open(request("GET", "/", &[])).await.unwrap().into_body();
    let follower = site.spawn("/");
    settle().await;
    write(&ends, 0, "half").await;
    assert_eq!(soon(first.frame()).await.unwrap().unwrap().into_data().unwrap(), "half");
    ends.lock().remove(0).abort(Broken);
    assert_eq!(soon(first.frame()).await.unwrap().unwrap_err(), Broken);
    settle().await;
    assert_eq!(site.calls(), 2);
    write(&ends, 0, "whole").await;
    end(&ends, 0);
    assert_eq!(soon(follower).await.unwrap().text(), "whole");
    assert_eq!(site.get("/").await.text(), "whole");
}

#[crate::door::test]
async fn a_client_that_goes_away_half_way_leaves_the_rest_to_those_who_wait() {
    let (site, ends) = streaming(100, KEPT);
    let first = site.open(request("GET", "/", &[])).await.unwrap();
    let follower = site.spawn("/");
    settle().await;
    write(&ends, 0, "half").await;
    drop(first);
    settle().await;
    assert_eq!(site.calls(), 2);
    write(&ends, 1, "whole").await;
    end(&ends, 1);
    assert_eq!(soon(follower).await.unwrap().text(), "whole");
}

#[crate::door::test]
async fn a_client_that_does_not_read_holds_nobody_up() {
    let (site, ends) = streaming(100, KEPT);
    let slow = site.open(request("GET", "/", &[])).await.unwrap();
    let crowd: Vec<_> = (0..5).map(|_| site.spawn("/")).collect();
    settle().await;
    crowd[0].abort(); // the one who reads ahead goes away as well
    write(&ends, 0, "one ").await;
    settle().await;
    write(&ends, 0, "two").await;
    end(&ends, 0);
    for follower in crowd.into_iter().skip(1) {
        assert_eq!(soon(follower).await.unwrap().text(), "one two");
    }
    assert_eq!(site.calls(), 1);
    assert_eq!(Answer::read(slow).await.unwrap().text(), "one two", "the slow one still gets every byte");
}

#[crate::door::test]
async fn a_client_that_does_not_read_holds_nobody_up_who_came_before_it_could() {
    let (ends, gate) = (Ends::default(), Arc::new(tokio::sync::Semaphore::new(0)));
    let (kept, inside) = (Arc::clone(&ends), Arc::clone(&gate));
    let site = Site::with(
        |layer| layer,
        move |_, _, _| {
            let (response, gate) = (streamed(KEPT, &kept), Arc::clone(&inside));
            async move {
                gate.acquire().await.unwrap().forget();
                Ok(response)
            }
        },
    );
    let slow = tokio::spawn({
        let site = site.clone();
        async move { site.open(request("GET", "/", &[])).await }
    });
    settle().await;
    let follower = site.spawn("/");
    settle().await;
    gate.add_permits(1);
    let slow = soon(slow).await.unwrap().unwrap();
    write(&ends, 0, "page").await;
    end(&ends, 0);
    assert_eq!(soon(follower).await.unwrap().text(), "page");
    drop(slow);
}

#[crate::door::test]
async fn a_client_that_does_not_read_gets_every_byte_also_over_the_limit() {
    let (site, ends) = streaming(6, KEPT);
    let slow = site.open(request("GET", "/", &[])).await.unwrap();
    let follower = site.spawn("/");
    settle().await;
    for data in ["four", "more", "than", "that"] {
        write(&ends, 0, data).await;
        settle().await;
    }
    assert_eq!(site.calls(), 2);
    end(&ends, 0);
    end(&ends, 0);
    soon(follower).await.unwrap();
    assert_eq!(Answer::read(slow).await.unwrap().text(), "fourmorethanthat");
}

#[crate::door::test]
async fn a_body_of_known_length_is_kept_although_nobody_asks_for_its_end() {
    let (site, ends) = streaming(100, &[("cache-control", "max-age=60"), ("content-length", "4")]);
    let mut body = site.open(request("GET", "/", &[])).await.unwrap().into_body();
    write(&ends, 0, "four").await;
    soon(body.frame()).await.unwrap().unwrap();
    drop(body); // as a server does when it has sent what it announced
    assert_eq!(site.get("/").await.text(), "four");
    assert_eq!(site.calls(), 1);
}

#[crate::door::test]
async fn a_body_that_is_not_as_long_as_announced_is_not_kept() {
    for sent in ["two", "much too long"] {
        let (site, ends) = streaming(100, &[("cache-control", "max-age=60"), ("content-length", "6")]);
        let first = site.spawn("/");
        settle().await;
        let follower = site.spawn("/");
        settle().await;
        write(&ends, 0, sent).await;
        settle().await;
        assert_eq!(site.calls(), if sent.len() > 6 { 2 } else { 1 }, "too much is noticed at once");
        end(&ends, 0);
        assert_eq!(soon(first).await.unwrap().text(), sent);
        assert!(site.cache.is_empty(), "{sent}");
        settle().await;
        end(&ends, 0);
        soon(follower).await.unwrap();
    }
}

#[crate::door::test]
async fn trailers_are_passed_on_and_a_response_with_them_is_not_kept() {
    if !crate::door::HAS_TRAILERS {
        return;
    }
    let (site, ends) = streaming(100, KEPT);
    let body = site.open(request("GET", "/", &[])).await.unwrap().into_body();
    write(&ends, 0, "data").await;
    let mut sender = ends.lock().remove(0);
    let trailers = http::HeaderMap::from_iter([(http::header::ETAG, http::HeaderValue::from_static("\"x\""))]);
    sender.send_trailers(trailers.clone()).await.unwrap();
    drop(sender);
    assert_eq!(soon(body.collect()).await.unwrap().trailers(), Some(&trailers));
    assert!(site.cache.is_empty());
}

#[crate::door::test]
async fn the_time_that_a_body_took_counts_against_its_lifetime() {
    let (site, ends) = streaming(100, KEPT);
    let first = site.spawn("/");
    settle().await;
    site.clock.advance(crate::support::seconds(20));
    end(&ends, 0);
    soon(first).await.unwrap();
    assert_eq!(site.get("/").await.header("age"), Some("20"));
    site.clock.advance(crate::support::seconds(40));
    let late = site.spawn("/");
    settle().await;
    assert_eq!(site.calls(), 2);
    end(&ends, 0);
    soon(late).await.unwrap();
}

#[crate::door::test]
async fn server_sent_events_hold_nobody_up_whatever_ttl_the_route_gives() {
    let ends = Ends::default();
    let kept = Arc::clone(&ends);
    let site = Site::of(
        |layer| layer.ttl(crate::support::seconds(60)),
        move |_, _| streamed(&[("content-type", "text/event-stream; charset=utf-8")], &kept),
    );
    let first = site.open(request("GET", "/", &[])).await.unwrap();
    let second = site.open(request("GET", "/", &[])).await.unwrap();
    assert_eq!(site.calls(), 2);
    drop((first, second));
}

/// A body that begins, and panics whenever it is asked for more.
struct Panicking(Option<&'static str>);

impl http_body::Body for Panicking {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Broken>>> {
        let data = self.0.take().expect("this body panics");
        std::task::Poll::Ready(Some(Ok(http_body::Frame::data(Bytes::from_static(data.as_bytes())))))
    }
}

#[crate::door::test]
async fn a_body_that_panics_takes_nobody_down_but_its_own_client() {
    let site = Site::plain(|call, _| match call {
        1 => respond(200, KEPT, Panicking(Some("half")).boxed_unsync()),
        _ => crate::support::page(KEPT, "whole"),
    });
    let first = site.open(request("GET", "/", &[])).await.unwrap();
    let waiting = [site.spawn("/"), site.spawn("/")];
    settle().await;
    let first = tokio::spawn(Answer::read(first));
    assert!(soon(first).await.unwrap_err().is_panic(), "half a body is not passed off as a whole one");
    for waiting in waiting {
        assert_eq!(soon(waiting).await.expect("no panic").text(), "whole");
    }
    assert_eq!(site.calls(), 2);
}
