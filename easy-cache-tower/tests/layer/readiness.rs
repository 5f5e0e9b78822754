//! A service is called only when it said that it was ready, and only the one that said so.

use easy_cache_core::Cache;
use easy_cache_tower::ResponseCacheLayer;
use http_body_util::BodyExt;
use tower::{Layer, Service, service_fn};
use tower_test::mock::{self, Spawn};
use tower_test::{assert_request_eq, mock::Mock};

use crate::support::{Asked, Broken, Given, page, request, soon};

type Inner = Mock<Path, http::Response<Given>>;
type Path = String;

/// The mock counts readiness for each clone on its own, and panics if one is called without it.
#[derive(Clone)]
struct ByPath(Inner);

impl Service<Asked> for ByPath {
    type Response = http::Response<Given>;
    type Error = <Inner as Service<Path>>::Error;
    type Future = <Inner as Service<Path>>::Future;

    fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Asked) -> Self::Future {
        self.0.call(request.uri().path().to_owned())
    }
}

#[tokio::test]
async fn a_service_that_is_not_ready_is_never_called() {
    soon(ask_three_times()).await;
}

async fn ask_three_times() {
    let layer = ResponseCacheLayer::new(Cache::new());
    let (mut service, mut handle): (Spawn<_>, _) =
        mock::spawn_with(|inner: Inner| tower::Layer::layer(&layer, ByPath(inner)));
    handle.allow(1);
    assert_ready(&mut service);
    let answered = tokio::spawn(service.call(request("GET", "/first", &[])));
    assert_request_eq!(handle, "/first".to_owned()).send_response(page(&[("cache-control", "max-age=60")], "page"));
    assert!(service.poll_ready().is_pending(), "the one that was ready is with the first request");
    soon(answered).await.unwrap().unwrap();
    handle.allow(1);
    assert_ready(&mut service);
    let hit = soon(service.call(request("GET", "/first", &[]))).await.unwrap();
    assert!(hit.headers()["cache-status"].to_str().unwrap().contains("hit"));
    assert_ready(&mut service); // a hit used nothing up
    let third = tokio::spawn(service.call(request("POST", "/third", &[])));
    assert_request_eq!(handle, "/third".to_owned()).send_response(page(&[], "done"));
    soon(third).await.unwrap().unwrap();
    assert!(service.poll_ready().is_pending());
}

fn assert_ready<S: Service<Asked>>(service: &mut Spawn<S>) {
    assert!(matches!(service.poll_ready(), std::task::Poll::Ready(Ok(()))));
}

/// Without a wait there is no copy of the service either.
#[tokio::test]
async fn who_misses_alone_is_with_the_handler_at_once_also_at_a_page_with_variants() {
    let handler = service_fn(|request: Asked| {
        let vary: &[(&str, &str)] = &[("cache-control", "max-age=60"), ("vary", "accept-language")];
        let language = request.headers().get("accept-language").map(|value| value.as_bytes().to_vec());
        std::future::ready(Ok::<_, Broken>(page(vary, language.unwrap_or_default())))
    });
    let mut service = ResponseCacheLayer::new(Cache::new()).layer(handler);
    let asked = |language| request("GET", "/", &[("accept-language", language)]);
    for language in ["en", "de", "fr"] {
        let answer = service.call(asked(language));
        assert!(format!("{answer:?}").contains("handler"), "{answer:?}");
        assert_eq!(soon(answer).await.unwrap().into_body().collect().await.unwrap().to_bytes(), language);
    }
    let (first, second) = (service.call(asked("it")), service.call(asked("it")));
    assert!(
        format!("{first:?}").contains("handler") && format!("{second:?}").contains("waits"),
        "{first:?} {second:?}"
    );
    for answer in [first, second] {
        assert_eq!(soon(answer).await.unwrap().into_body().collect().await.unwrap().to_bytes(), "it");
    }
    assert!(format!("{:?}", service.call(asked("en"))).contains("answers"));
}
