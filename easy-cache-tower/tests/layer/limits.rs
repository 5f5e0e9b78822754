//! A limit on the handlers' work counts those who work, and not those who wait for what others are at.

use std::sync::Arc;

use easy_cache_core::Cache;
use easy_cache_tower::ResponseCacheLayer;
use http_body_util::{BodyExt, Channel};
use parking_lot::Mutex;
use tower::limit::ConcurrencyLimitLayer;
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::support::{Asked, Broken, Given, page, request, respond, settle, soon};

const KEPT: &[(&str, &str)] = &[("cache-control", "max-age=60")];

#[tokio::test]
async fn who_waits_for_another_ones_body_keeps_nobody_from_working() {
    let (mut sender, body) = Channel::<bytes::Bytes, Broken>::new(1);
    let body = Arc::new(Mutex::new(Some(body)));
    let handler = service_fn(move |request: Asked| {
        let response: http::Response<Given> = match request.uri().path() {
            "/slow" => respond(200, KEPT, body.lock().take().expect("called once").boxed_unsync()),
            _ => page(&[], "quick"),
        };
        std::future::ready(Ok::<_, Broken>(response))
    });
    let handler = tower::util::BoxCloneSyncService::new(handler);
    let service = ResponseCacheLayer::new(Cache::new()).layer(ConcurrencyLimitLayer::new(1).layer(handler));
    let leader = soon(service.clone().oneshot(request("GET", "/slow", &[]))).await.unwrap();
    let follower = tokio::spawn(service.clone().oneshot(request("GET", "/slow", &[])));
    settle().await; // it waits for the rest of the body
    let mut other = service.clone();
    let quick = soon(async { other.ready().await?.call(request("GET", "/quick", &[])).await }).await.unwrap();
    assert_eq!(quick.status(), 200);
    sender.send_data("slow".into()).await.unwrap();
    drop(sender);
    let followed = soon(follower).await.unwrap().unwrap();
    for response in [leader, followed] {
        assert_eq!(soon(response.into_body().collect()).await.unwrap().to_bytes(), "slow");
    }
}

#[tokio::test]
async fn who_has_waited_in_vain_waits_for_its_turn_before_it_works() {
    let (sender, body) = Channel::<bytes::Bytes, Broken>::new(1);
    let body = Arc::new(Mutex::new(Some(body)));
    let handler = service_fn(move |_: Asked| {
        let response: http::Response<Given> = match body.lock().take() {
            Some(body) => respond(200, KEPT, body.boxed_unsync()),
            None => page(KEPT, "second"),
        };
        std::future::ready(Ok::<_, Broken>(response))
    });
    let handler = tower::util::BoxCloneSyncService::new(handler);
    let service = ResponseCacheLayer::new(Cache::new()).layer(ConcurrencyLimitLayer::new(1).layer(handler));
    let leader = soon(service.clone().oneshot(request("GET", "/", &[]))).await.unwrap();
    let follower = tokio::spawn(service.clone().oneshot(request("GET", "/", &[])));
    settle().await;
    let mut busy = service.clone();
    soon(busy.ready()).await.unwrap(); // takes the only place, which the follower has given back
    drop((leader, sender));
    settle().await;
    assert!(!follower.is_finished(), "its turn has not come");
    drop(busy);
    let followed = soon(follower).await.unwrap().unwrap();
    assert_eq!(soon(followed.into_body().collect()).await.unwrap().to_bytes(), "second");
}
