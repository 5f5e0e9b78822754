//! The servers that this program is itself, in a process of their own: a bare site on axum, the same behind the layer, and the
//! reverse proxy. A site has the same bytes for all; which of its answers are kept is decided by what they say of themselves.

use std::convert::Infallible;
use std::error::Error;
use std::future::pending;
use std::io::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::response::IntoResponse;
use axum::routing::get;
use bytes::Bytes;
use easy_cache_core::Cache;
use easy_cache_tower::ResponseCacheLayer;
use http_body::Frame;
use tokio::net::TcpListener;

use crate::books::Books;
use crate::servers::Kind;

const KEPT: &str = "max-age=3600";

/// Serves until it is killed. Prints where, first.
pub(crate) fn serve(kind: &Kind) -> Result<(), Box<dyn Error>> {
    // As `#[tokio::main]` does it: with a thread for each core that it may use, and that is one.
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        // For the parent, which reads it.
        writeln!(std::io::stdout(), "{}", listener.local_addr()?)?;
        match kind {
            Kind::Plain => axum::serve(nodelay(listener), site()?).await?,
            Kind::Layer => {
                axum::serve(nodelay(listener), site()?.layer(ResponseCacheLayer::new(Cache::new()))).await?;
            }
            Kind::Proxy(origin) => {
                let options = reverse_proxy::Options { origin: origin.parse()?, ..reverse_proxy::Options::default() };
                reverse_proxy::serve(listener, &options, pending()).await?;
            }
        }
        Ok(())
    })
}

fn nodelay(listener: TcpListener) -> impl axum::serve::Listener<Addr = std::net::SocketAddr> {
    use axum::serve::ListenerExt as _;

    listener.tap_io(|stream| {
        let _slower = stream.set_nodelay(true);
    })
}

/// The same pages for all.
///
/// # Errors
/// If the database cannot be opened.
pub(crate) fn site() -> Result<Router, Box<dyn Error>> {
    let books = Books::open()?;
    let list = get(move || async move {
        match books.page() {
            Ok(page) => answer(KEPT, page).into_response(),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        }
    });
    let page = |size: usize, kept: &'static str| {
        let bytes = Bytes::from(vec![b'x'; size]);
        get(move || async move { answer(kept, bytes) })
    };
    let site = Router::new()
        .route("/books", list)
        .route("/1024", page(1 << 10, KEPT))
        .route("/65536", page(1 << 16, KEPT))
        .route("/no-store", page(1 << 10, "no-store"))
        .route("/stream/{bytes}", get(|size: axum::extract::Path<u64>| async move { stream(KEPT, size.0) }))
        .route(
            "/no-store-stream/{bytes}",
            get(|size: axum::extract::Path<u64>| async move { stream("no-store", size.0) }),
        );
    Ok(site)
}

fn answer(kept: &'static str, body: impl IntoResponse) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, kept), (ETAG, "\"a-tag-of-some-length\"")], body)
}

/// Whatever it says of being kept, it is too long for that.
fn stream(kept: &'static str, bytes: u64) -> impl IntoResponse {
    answer(kept, Body::new(Stream { frame: Bytes::from(vec![b'x'; 1 << 16]), left: bytes }))
}

struct Stream {
    frame: Bytes,
    left: u64,
}

impl http_body::Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left = self.left.saturating_sub(self.frame.len() as u64);
        Poll::Ready(Some(Ok(Frame::data(self.frame.clone()))))
    }
}
