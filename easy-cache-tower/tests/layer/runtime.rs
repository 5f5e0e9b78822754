//! Where a refresh goes on behind its answer, and what happens where there is no such place.

use std::sync::Arc;

use http_body_util::BodyExt;
use parking_lot::Mutex;

use crate::support::{Fields, Site, page, request, seconds, soon};

const WINDOW: Fields<'static> = &[("cache-control", "max-age=10, stale-while-revalidate=30")];

#[tokio::test]
async fn a_refresh_runs_where_the_application_says() {
    let queue = Arc::new(Mutex::new(Vec::new()));
    let queued = Arc::clone(&queue);
    let site = Site::of(
        |layer| layer.refresh_on(move |refresh| queued.lock().push(refresh)),
        |call, _| page(WINDOW, format!("page {call}")),
    );
    site.get("/").await;
    site.clock.advance(seconds(15));
    site.get("/").await;
    site.get("/").await;
    assert_eq!(site.get("/").await.text(), "page 1");
    let mut waiting = std::mem::take(&mut *queue.lock());
    assert_eq!(waiting.len(), 1);
    let refresh = waiting.remove(0);
    soon(refresh).await;
    assert_eq!(site.get("/").await.text(), "page 2");
}

#[test]
fn without_a_runtime_one_request_waits_for_the_refresh() {
    fn now<F: Future>(future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
            std::task::Poll::Ready(output) => output,
            std::task::Poll::Pending => panic!("it waits"),
        }
    }
    let site = Site::plain(|call, _| page(WINDOW, format!("page {call}")));
    let text = || {
        let response = now(site.service.ask(request("GET", "/", &[]))).unwrap();
        now(response.into_body().collect()).unwrap().to_bytes()
    };
    assert_eq!(text(), "page 1");
    site.clock.advance(seconds(15));
    assert_eq!(text(), "page 2");
    assert_eq!(text(), "page 2");
}
