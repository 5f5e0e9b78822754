//! Through servers of actix-web with two workers, over real sockets.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Responder, rt};
use bytes::Bytes;
use easy_cache_actix::ResponseCache;
use easy_cache_core::Cache;
use http_body_util::BodyExt;
use http_body_util::channel::Channel;

use crate::client::{get_with, open};
use crate::support::{Answer, seconds, settle, soon};

/// Two workers, so that what is shared is shared between threads.
fn serve(cached: ResponseCache, routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let app = move || App::new().wrap(cached.clone()).configure(routes.clone());
    // Clients that go away are noticed at once, and not when an answer is sent to them.
    let server = HttpServer::new(app).h1_allow_half_closed(false).workers(2).disable_signals();
    rt::spawn(server.listen(listener).unwrap().run());
    address
}

fn cached() -> ResponseCache {
    ResponseCache::new(Cache::new()).ttl(seconds(60))
}

#[actix_web::test]
async fn a_page_is_kept_for_all_workers_and_its_head_too() {
    let calls = Arc::new(AtomicUsize::new(0));
    let address = serve(cached(), move |app| {
        let calls = Arc::clone(&calls);
        let page = move || {
            let call = calls.fetch_add(1, Ordering::SeqCst) + 1;
            async move { format!("page {call}") }
        };
        app.route("/", web::get().to(page));
    });
    assert_eq!(get_with(address, "/", &[]).await.text(), "page 1");
    for _ in 0..4 {
        let hit = get_with(address, "/", &[]).await; // each over a connection of its own: workers take turns
        assert_eq!((hit.text(), hit.is_hit(), hit.header("content-length")), ("page 1", true, Some("6")));
    }
    let head = Answer::read(open(address, "HEAD", "/", &[]).await).await.unwrap();
    assert_eq!((head.text(), head.is_hit(), head.header("content-length")), ("", true, Some("6")));
    let part = get_with(address, "/", &[("range", "bytes=5-")]).await;
    assert_eq!((part.status.as_u16(), part.text(), part.header("content-length")), (206, "1", Some("1")));
}

async fn document(req: HttpRequest) -> impl Responder {
    let mut res = match req.headers().get("if-none-match") {
        Some(known) if known == "\"one\"" => HttpResponse::NotModified(),
        _ => HttpResponse::Ok(),
    };
    res.insert_header(("etag", "\"one\"")).insert_header(("cache-control", "max-age=10")).body("0123456789")
}

#[actix_web::test]
async fn who_has_the_document_is_told_so_without_a_body() {
    let address = serve(cached(), |app| {
        app.route("/document", web::get().to(document));
    });
    for hit in [false, true] {
        let known = get_with(address, "/document", &[("if-none-match", "\"one\"")]).await;
        assert_eq!((known.status.as_u16(), known.text(), known.is_hit()), (304, "", hit));
    }
    assert_eq!(get_with(address, "/document", &[]).await.text(), "0123456789");
}

#[actix_web::test]
async fn the_first_server_sent_event_arrives_while_the_stream_goes_on() {
    let events = || async {
        let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
        rt::spawn(async move {
            sender.send_data(Bytes::from_static(b"data: hello\n\n")).await.unwrap();
            std::future::pending::<()>().await; // the stream never ends
            drop(sender);
        });
        HttpResponse::Ok().content_type("text/event-stream").streaming(Chunks(body))
    };
    let address = serve(cached(), move |app| {
        app.route("/events", web::get().to(events));
    });
    for _ in 0..3 {
        let first = async { open(address, "GET", "/events", &[]).await.into_body().frame().await };
        let first = tokio::time::timeout(Duration::from_secs(5), first).await.expect("an event in time");
        assert_eq!(first.unwrap().unwrap().into_data().unwrap(), "data: hello\n\n");
    }
}

#[actix_web::test]
async fn a_client_that_disconnects_leaves_nobody_hanging_on_either_worker() {
    let (entered, mut entries) = tokio::sync::mpsc::unbounded_channel();
    let calls = Arc::new(AtomicUsize::new(0));
    let address = serve(cached(), move |app| {
        let (entered, calls) = (entered.clone(), Arc::clone(&calls));
        let page = move || {
            entered.send(()).unwrap();
            let first = calls.fetch_add(1, Ordering::SeqCst) == 0;
            async move {
                if first {
                    std::future::pending::<()>().await;
                }
                "page"
            }
        };
        app.route("/", web::get().to(page));
    });
    let first = tokio::spawn(async move { open(address, "GET", "/", &[]).await });
    soon(entries.recv()).await.unwrap();
    let others: Vec<_> = (0..4).map(|_| tokio::spawn(async move { get_with(address, "/", &[]).await })).collect();
    settle().await;
    first.abort(); // closes its connection
    for other in others {
        assert_eq!(soon(other).await.unwrap().text(), "page");
    }
}

/// More than sockets and servers keep between them.
const SIZE: usize = 8 << 20;
const CHUNK: usize = 65_536;

/// What a channel brings, as actix-web streams it.
struct Chunks(Channel<Bytes, Infallible>);

impl futures_core::Stream for Chunks {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        let frame = http_body::Body::poll_frame(std::pin::Pin::new(&mut self.0), cx);
        frame.map_ok(|frame| frame.into_data().unwrap_or_default())
    }
}

#[actix_web::test]
async fn a_client_that_stops_reading_holds_nobody_up() {
    for announced in [false, true] {
        let calls = Arc::new(AtomicUsize::new(0));
        let address = serve(cached().max_body(2 * SIZE as u64), move |app| {
            let calls = Arc::clone(&calls);
            let page = move || {
                let call = calls.fetch_add(1, Ordering::SeqCst) + 1;
                async move {
                    let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
                    rt::spawn(async move {
                        for _ in 0..SIZE / CHUNK {
                            let _ = sender.send_data(Bytes::from(vec![7; CHUNK])).await;
                        }
                    });
                    let mut res = HttpResponse::Ok();
                    res.insert_header(("x-calls", call.to_string()));
                    match announced {
                        true => res.body(SizedStream::new(SIZE as u64, Chunks(body))),
                        false => res.streaming(Chunks(body)),
                    }
                }
            };
            app.route("/", web::get().to(page));
        });
        let slow = open(address, "GET", "/", &[]).await;
        let other = get_with(address, "/", &[]).await;
        assert_eq!((other.body.len(), other.header("x-calls")), (SIZE, Some("1")));
        assert_eq!(Answer::read(slow).await.unwrap().body.len(), SIZE);
    }
}

#[actix_web::test]
async fn two_users_get_their_own_pages() {
    let account = |req: HttpRequest| async move {
        let name = req.headers().get("cookie").map_or("stranger", |name| name.to_str().unwrap()).to_owned();
        HttpResponse::Ok().insert_header(("cache-control", "private")).body(format!("hello {name}"))
    };
    let address = serve(cached(), move |app| {
        app.route("/account", web::get().to(account));
    });
    for name in ["ann", "bob", "ann"] {
        assert_eq!(get_with(address, "/account", &[("cookie", name)]).await.text(), format!("hello {name}"));
    }
}

#[actix_web::test]
async fn a_body_of_a_read_reaches_its_handler_and_is_in_no_key() {
    let echo = |body: Bytes| async move { body };
    let address = serve(cached(), move |app| {
        app.route("/echo", web::post().to(echo)).route("/echo", web::get().to(|| async { "page" }));
    });
    assert!(!get_with(address, "/echo", &[]).await.is_hit());
    let posted = open(address, "POST", "/echo", &[]).await;
    assert_eq!(Answer::read(posted).await.unwrap().said().word("fwd"), Some("method"));
    assert!(!get_with(address, "/echo", &[]).await.is_hit(), "the change dropped it");
}
