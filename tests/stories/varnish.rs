//! The shop behind a real Varnish: after every write, once its purge is acknowledged, Varnish shows nothing from before it, and still
//! has what the write has not touched.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bookstore::{Front, Options};
use bookstore_actix::{Opened, Shop};
use bookstore_axum::AppState;
use easy_cache_core::Cache;
use easy_cache_servers::Varnish;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::client::{Answer, Client};
use crate::shop::{Framework, on_every_framework};

on_every_framework!(
    after_every_write_varnish_shows_what_is_and_keeps_what_was_not_touched,
    nothing_outdated_remains_in_varnish_however_many_read_while_it_is_written,
);

/// The one that the documents offer.
const VCL: &str = include_str!("../../easy-cache-cdn/vcl/easy-cache.vcl");

/// What a write may change, as pages and for programs.
const PATHS: [&str; 12] = [
    "/",
    "/books/1",
    "/books/2",
    "/authors/1",
    "/authors/2",
    "/stats",
    "/api/books/1",
    "/api/books/2",
    "/api/authors/1",
    "/api/books?author=1",
    "/api/books?author=2",
    "/api/stats",
];

struct Behind {
    varnish: Varnish,
    cache: Cache,
    front: Front,
    shop: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Behind {
    async fn open(framework: Framework) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shop = listener.local_addr().unwrap();
        let backend = format!("backend default {{ .host = \"{}\"; .port = \"{}\"; }}\n{VCL}", shop.ip(), shop.port());
        let varnish = tokio::task::spawn_blocking(move || Varnish::start(&backend));
        // What asks whether Varnish is there asks the shop as well.
        let knocking = tokio::spawn(async move { (listener.accept().await.map(drop), listener) });
        let varnish = varnish.await.unwrap();
        let (_, listener) = knocking.await.unwrap();
        let options = Options { varnish: Some(format!("http://{}", varnish.address())), ..Options::default() };
        let (stop, stopped) = oneshot::channel();
        let (cache, front, server) = serve(framework, listener, &options, stopped).await;
        Self { varnish, cache, front, shop, stop, server }
    }

    /// Somebody who comes by way of Varnish.
    async fn visitor(&self) -> Client {
        Client::connect(self.varnish.address()).await
    }

    async fn acknowledged(&self) {
        self.front.purges().unwrap().acknowledged().await;
    }

    async fn settled(&self) {
        self.front.purges().unwrap().settled().await;
    }

    /// Compares what Varnish shows with what the shop says. Yields which pages Varnish had kept.
    async fn compare(&self, after: &str) -> Vec<&'static str> {
        let (mut visitor, mut direct) = (self.visitor().await, Client::connect(self.shop).await);
        let mut kept = Vec::new();
        for path in PATHS {
            let shown = visitor.get(path).await;
            let said = direct.get(path).await;
            assert_eq!((shown.status, &shown.body), (said.status, &said.body), "{path} after {after}");
            if was_kept(&shown) {
                kept.push(path);
            }
        }
        kept
    }

    async fn close(self) {
        let _ = self.stop.send(());
        self.server.await.unwrap();
    }
}

/// A shop, on its way.
async fn serve(
    framework: Framework,
    listener: TcpListener,
    options: &Options,
    stopped: oneshot::Receiver<()>,
) -> (Cache, Front, JoinHandle<()>) {
    match framework {
        Framework::Axum => {
            let state = AppState::open(options).await.unwrap();
            let (cache, front) = (state.cache().clone(), state.front().clone());
            let serving = bookstore_axum::server::serve_state(listener, state, async { drop(stopped.await) });
            (cache, front, tokio::spawn(async move { serving.await.unwrap() }))
        }
        Framework::Actix => serve_opened(listener, bookstore_actix::shop::open(options).await.unwrap(), stopped),
        _ => serve_opened(listener, bookstore_actix_diesel::shop::open(options).await.unwrap(), stopped),
    }
}

fn serve_opened<S: Shop>(
    listener: TcpListener,
    opened: Opened<S>,
    stopped: oneshot::Receiver<()>,
) -> (Cache, Front, JoinHandle<()>) {
    let (cache, front) = (opened.shop.cache().clone(), opened.front.clone());
    let listener = listener.into_std().unwrap();
    let serving = bookstore_actix::serve_shop(listener, opened, async { drop(stopped.await) });
    (cache, front, tokio::spawn(async move { serving.await.unwrap() }))
}

/// Varnish names two requests: this one, and the one that brought what it shows.
fn was_kept(answer: &Answer) -> bool {
    answer.headers["x-varnish"].to_str().unwrap().split(' ').count() == 2
}

async fn after_every_write_varnish_shows_what_is_and_keeps_what_was_not_touched(framework: Framework) {
    let behind = Behind::open(framework).await;
    behind.acknowledged().await;
    behind.compare("nothing").await;
    assert_eq!(behind.compare("nothing").await, PATHS, "all of it is kept");
    let mut writer = behind.visitor().await;

    let change = json!({"title": "Iliad, anew", "year": -700, "language": "el"});
    assert!(writer.put("/api/books/1", change).await.status.is_success());
    behind.acknowledged().await;
    let kept = behind.compare("an update").await;
    for path in ["/books/2", "/api/books/2", "/authors/2", "/api/books?author=2"] {
        assert_eq!(
            kept.contains(&path),
            !path.contains("author"),
            "{path}: rows stay, lists of the table go: {kept:?}"
        );
    }

    let created =
        writer.post("/api/books", json!({"title": "Hymns", "author_id": 1, "year": -650, "language": "el"})).await;
    let id = created.json()["id"].as_i64().unwrap();
    behind.acknowledged().await;
    behind.compare("an insert").await;
    assert!(writer.get(&format!("/api/books/{id}")).await.status.is_success());

    assert!(writer.post(&format!("/api/books/{id}/move"), json!({"author_id": 2})).await.status.is_success());
    behind.acknowledged().await;
    behind.compare("a move").await;
    assert_eq!(writer.get(&format!("/api/books/{id}")).await.json()["author_id"], 2);

    assert!(writer.post("/api/authors/1/retitle", json!({"prefix": "Old: "})).await.status.is_success());
    behind.acknowledged().await;
    let kept = behind.compare("a write of rows that nobody counts").await;
    assert!(!kept.contains(&"/api/books/1") && !kept.contains(&"/api/books/2"), "{kept:?}");

    assert!(writer.delete(&format!("/api/books/{id}")).await.status.is_success());
    behind.acknowledged().await;
    behind.compare("a delete").await;
    assert_eq!(writer.get(&format!("/api/books/{id}")).await.status.as_u16(), 404);

    behind.cache.invalidate_all().await.unwrap();
    behind.acknowledged().await;
    assert!(behind.compare("everything").await.is_empty());
    drop(writer);
    behind.close().await;
}

/// Answers are on their way while purges overtake them.
async fn nothing_outdated_remains_in_varnish_however_many_read_while_it_is_written(framework: Framework) {
    let behind = Arc::new(Behind::open(framework).await);
    for round in 0..2 {
        let (done, reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let readers: Vec<_> = (0..8)
            .map(|n| {
                let (behind, done, reads) = (Arc::clone(&behind), Arc::clone(&done), Arc::clone(&reads));
                tokio::spawn(async move {
                    let mut visitor = behind.visitor().await;
                    for path in PATHS.iter().cycle().skip(n) {
                        if done.load(Ordering::SeqCst) {
                            break;
                        }
                        visitor.get(path).await;
                        reads.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        let mut writer = behind.visitor().await;
        for n in 0..40 {
            let title = format!("Iliad {round} {n}");
            let change = json!({"title": title, "year": -700, "language": "el"});
            assert!(writer.put("/api/books/1", change).await.status.is_success());
            let seen = reads.load(Ordering::SeqCst);
            while reads.load(Ordering::SeqCst) < seen + 4 {
                tokio::task::yield_now().await;
            }
        }
        behind.settled().await;
        behind.compare("many writes").await;
        done.store(true, Ordering::SeqCst);
        for reader in readers {
            reader.await.unwrap();
        }
    }
    Arc::into_inner(behind).unwrap().close().await;
}
