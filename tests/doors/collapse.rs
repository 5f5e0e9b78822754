//! Requests for one key at the same time: one handler call, and nobody waits for what it cannot have.

use std::sync::Arc;

use http::Response;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::support::{Answer, Broken, Given, Site, page, request, respond, seconds, settle, soon};

const KEPT: &[(&str, &str)] = &[("cache-control", "max-age=60")];

/// Lets as many handlers go on as it is told to.
#[derive(Clone)]
struct Gate(Arc<Semaphore>);

impl Gate {
    fn shut() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    fn open(&self, times: usize) {
        self.0.add_permits(times);
    }

    async fn pass(&self) {
        self.0.acquire().await.unwrap().forget();
    }
}

/// A site whose handlers wait at a gate before they answer.
fn gated(answer: impl Fn(usize) -> Result<Response<Given>, Broken> + Clone + Send + Sync + 'static) -> (Site, Gate) {
    let gate = Gate::shut();
    let inside = gate.clone();
    let site = Site::with(
        |layer| layer,
        move |_, call, _| {
            let (gate, answer) = (inside.clone(), answer.clone());
            async move {
                gate.pass().await;
                answer(call)
            }
        },
    );
    (site, gate)
}

async fn crowd(site: &Site, size: usize) -> JoinSet<Answer> {
    let mut crowd = JoinSet::new();
    for _ in 0..size {
        let site = site.clone();
        crowd.spawn(async move { site.get("/").await });
    }
    settle().await;
    crowd
}

#[crate::door::test]
async fn a_hundred_requests_at_once_call_the_handler_once() {
    let (site, gate) = gated(|call| Ok(page(KEPT, format!("page {call}"))));
    let crowd = crowd(&site, 100).await;
    gate.open(1);
    let answers = soon(crowd.join_all()).await;
    assert_eq!(site.calls(), 1);
    assert!(answers.iter().all(|answer| answer.text() == "page 1"));
    let collapsed = answers.iter().map(Answer::said).filter(|said| said.has("collapsed"));
    assert_eq!(collapsed.filter(|said| said.word("fwd") == Some("uri-miss")).count(), 99);
}

#[crate::door::test]
async fn a_client_that_goes_away_leaves_nobody_hanging() {
    let (site, gate) = gated(|call| Ok(page(KEPT, format!("page {call}"))));
    let first = site.spawn("/");
    settle().await;
    let crowd = crowd(&site, 20).await;
    first.abort();
    settle().await;
    assert_eq!(site.calls(), 2, "one of those who waited took over");
    gate.open(1);
    let answers = soon(crowd.join_all()).await;
    assert!(answers.iter().all(|answer| answer.text() == "page 2"));
    assert_eq!(site.calls(), 2);
}

#[crate::door::test]
async fn a_handler_that_panics_leaves_nobody_hanging() {
    let (site, gate) = gated(|call| if call == 1 { panic!("a handler panics") } else { Ok(page(KEPT, "page")) });
    let first = site.spawn("/");
    settle().await;
    let crowd = crowd(&site, 5).await;
    gate.open(2);
    assert!(soon(crowd.join_all()).await.iter().all(|answer| answer.text() == "page"));
    assert!(first.await.unwrap_err().is_panic());
    assert_eq!(site.calls(), 2);
}

#[crate::door::test]
async fn a_handler_that_fails_is_tried_once_more_and_then_by_everybody_at_once() {
    let (site, gate) = gated(|_| Err(Broken));
    let mut crowd = JoinSet::new();
    for _ in 0..10 {
        let site = site.clone();
        crowd.spawn(async move { site.open(request("GET", "/", &[])).await.unwrap_err() });
    }
    settle().await;
    gate.open(2);
    settle().await;
    assert_eq!(site.calls(), 10, "after two failures all the others are with the handler");
    gate.open(8);
    assert_eq!(soon(crowd.join_all()).await, [Broken; 10], "the handler's own error reaches everybody");
}

#[crate::door::test]
async fn a_response_that_cannot_be_kept_is_never_handed_to_another_client() {
    for word in ["private", "no-store"] {
        let (site, gate) = gated(move |call| Ok(page(&[("cache-control", word)], format!("for {call}"))));
        let crowd = crowd(&site, 20).await;
        gate.open(20);
        let mut bodies: Vec<_> = soon(crowd.join_all()).await.iter().map(|answer| answer.text().to_owned()).collect();
        bodies.sort_unstable();
        bodies.dedup();
        assert_eq!(bodies.len(), 20, "{word}");
    }
}

#[crate::door::test]
async fn those_who_waited_for_a_response_that_cannot_be_kept_go_to_the_handler_together() {
    let (site, gate) = gated(|_| Ok(page(&[("cache-control", "private")], "mine")));
    let first = crowd(&site, 20).await;
    assert_eq!(site.calls(), 1);
    gate.open(1);
    settle().await;
    assert_eq!(site.calls(), 20, "not one after the other");
    gate.open(19);
    soon(first.join_all()).await;
    let second = crowd(&site, 20).await;
    assert_eq!(site.calls(), 40, "the next crowd does not wait at all");
    gate.open(20);
    soon(second.join_all()).await;
}

#[crate::door::test]
async fn a_key_at_which_nobody_waits_is_shared_again_once_a_response_can_be_kept() {
    let (site, gate) = gated(|call| Ok(if call <= 20 { page(&[], "mine") } else { page(KEPT, "for all") }));
    let first = crowd(&site, 20).await;
    gate.open(20);
    soon(first.join_all()).await;
    gate.open(2);
    let seen = site.get("/").await;
    assert_eq!((seen.text(), seen.said().word("detail")), ("for all", Some("not-kept-before")));
    assert_eq!(site.get("/").await.text(), "for all");
    assert!(site.get("/").await.is_hit(), "after the first that could have been kept, one is");
}

#[crate::door::test]
async fn what_is_never_kept_goes_through_without_being_looked_at_twice() {
    let (site, gate) = gated(|call| Ok(page(&[("cache-control", "no-store")], format!("for {call}"))));
    gate.open(5);
    for call in 1..=5 {
        let answer = site.get("/").await;
        assert_eq!((answer.text(), answer.said().word("detail")), (&*format!("for {call}"), Some("no-store")));
    }
    // A crowd is with the handler as one, and after a while it is seen anew whether it is still so.
    let all = crowd(&site, 5).await;
    assert_eq!(site.calls(), 10);
    gate.open(5);
    soon(all.join_all()).await;
    site.clock.advance(seconds(11));
    let again = crowd(&site, 5).await;
    assert_eq!(site.calls(), 11, "four wait for the first");
    gate.open(5);
    soon(again.join_all()).await;
}

#[crate::door::test]
async fn a_first_answer_that_is_one_clients_alone_does_not_part_a_crowd() {
    let (site, gate) =
        gated(|call| Ok(if call == 1 { page(&[KEPT[0], ("set-cookie", "a=1")], "hi") } else { page(KEPT, "page") }));
    gate.open(1);
    site.get("/").await;
    let crowd = crowd(&site, 20).await;
    assert_eq!(site.calls(), 2);
    gate.open(1);
    assert!(soon(crowd.join_all()).await.iter().all(|answer| answer.text() == "page"));
}

#[crate::door::test]
async fn where_some_answers_can_be_kept_and_some_not_one_that_can_is_kept() {
    let (site, gate) = gated(|call| {
        let private = [("cache-control", "private")];
        Ok(if call % 4 == 0 { page(KEPT, "for all") } else { page(&private, "mine") })
    });
    gate.open(8);
    // Two that are not for keeping, one more that passes by, and the fourth that is seen and missed; the eighth is kept.
    for _ in 0..8 {
        assert!(!site.get("/").await.is_hit());
    }
    assert!(site.get("/").await.is_hit());
}

#[crate::door::test]
async fn an_error_of_one_moment_does_not_end_the_waiting_for_later_ones() {
    let (site, gate) = gated(|call| {
        let body = page(&[], "").into_body();
        Ok(if call <= 5 { respond(503, &[], body) } else { page(KEPT, "well again") })
    });
    let first = crowd(&site, 5).await;
    gate.open(5);
    soon(first.join_all()).await;
    let second = crowd(&site, 20).await;
    assert_eq!(site.calls(), 6);
    gate.open(1);
    soon(second.join_all()).await;
}

#[crate::door::test]
async fn a_request_with_credentials_holds_nobody_up_and_waits_for_nobody() {
    let (site, gate) = gated(|_| Ok(page(KEPT, "page")));
    let crowd = crowd(&site, 3).await;
    let own = tokio::spawn({
        let site = site.clone();
        async move { site.get_with("/", &[("authorization", "ann")]).await }
    });
    settle().await;
    assert_eq!(site.calls(), 2);
    gate.open(2);
    soon(crowd.join_all()).await;
    assert_eq!(soon(own).await.unwrap().said().word("detail"), Some("authorization"));
}

#[crate::door::test]
async fn nobody_waits_for_a_head_which_leaves_nothing_to_wait_for() {
    let (site, gate) = gated(|_| Ok(page(KEPT, "page")));
    let head = tokio::spawn({
        let site = site.clone();
        async move { site.ask(request("HEAD", "/", &[])).await }
    });
    settle().await;
    let crowd = crowd(&site, 10).await;
    assert_eq!(site.calls(), 2);
    gate.open(2);
    soon(crowd.join_all()).await;
    soon(head).await.unwrap();
}

#[crate::door::test]
async fn a_crowd_at_a_variant_that_comes_to_vary_by_more_calls_the_handler_once() {
    let gate = Gate::shut();
    let inside = gate.clone();
    let site = Site::with(
        |layer| layer,
        move |_, _, request| {
            let gate = inside.clone();
            async move {
                gate.pass().await;
                let vary = if request.headers().contains_key("b") { "a, b" } else { "a" };
                Ok(page(&[KEPT[0], ("vary", vary)], "page"))
            }
        },
    );
    gate.open(1);
    site.get_with("/", &[("a", "1")]).await;
    let mut crowd = JoinSet::new();
    for _ in 0..20 {
        let site = site.clone();
        crowd.spawn(async move { site.get_with("/", &[("a", "2"), ("b", "1")]).await });
    }
    settle().await;
    gate.open(100);
    soon(crowd.join_all()).await;
    assert_eq!(site.calls(), 2);
}

#[crate::door::test]
async fn a_crowd_at_a_page_with_variants_calls_the_handler_once_for_each() {
    let (site, gate) = gated(|call| Ok(page(&[KEPT[0], ("vary", "accept-language")], format!("page {call}"))));
    let mut crowd = JoinSet::new();
    for number in 0..40 {
        let site = site.clone();
        let language = if number % 2 == 0 { "de" } else { "en" };
        crowd.spawn(async move { (language, site.get_with("/", &[("accept-language", language)]).await) });
    }
    settle().await;
    gate.open(2);
    let answers = soon(crowd.join_all()).await;
    assert_eq!(site.calls(), 2);
    let distinct = |wanted: &str| {
        let of_language = answers.iter().filter(|(language, _)| *language == wanted);
        of_language.map(|(_, answer)| answer.text()).collect::<Vec<_>>()
    };
    assert!(distinct("de").windows(2).all(|pair| pair[0] == pair[1]));
    assert_ne!(distinct("de")[0], distinct("en")[0]);
}

#[crate::door::test]
async fn those_who_ask_for_news_do_not_wait_for_each_other_again_and_again() {
    let gate = Arc::new(Semaphore::new(0));
    let inside = Arc::clone(&gate);
    let site = Site::with(
        |layer| layer,
        move |_, call, _| {
            let gate = Arc::clone(&inside);
            async move {
                gate.acquire().await.unwrap().forget();
                Ok(page(&[], format!("news {call}")))
            }
        },
    );
    let first = [site.spawn("/"), site.spawn("/")];
    settle().await;
    site.clock.advance(seconds(20));
    gate.add_permits(2);
    for answer in first {
        soon(answer).await.unwrap();
    }
    site.clock.advance(seconds(150));
    let second = [site.spawn("/"), site.spawn("/")];
    settle().await;
    assert_eq!(site.calls(), 4, "both are with the handler");
    gate.add_permits(2);
    for answer in second {
        soon(answer).await.unwrap();
    }
}
