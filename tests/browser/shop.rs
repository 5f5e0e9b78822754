//! The real shop on a free port, and a list of what it was asked and what it answered.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::Request;
use axum::middleware::{self, Next};
use bookstore::Options;
use bookstore_axum::AppState;
use tokio::net::TcpListener;

/// One request for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Visit {
    pub(crate) path: String,
    /// The browser asked whether what it has is still current.
    pub(crate) is_question: bool,
    pub(crate) status: u16,
    pub(crate) cache: String,
}

#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) address: SocketAddr,
    visits: Arc<Mutex<Vec<Visit>>>,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shop = Self { address: listener.local_addr().unwrap(), visits: Arc::default() };
        let state = AppState::open(&Options::default()).await.unwrap();
        let visits = Arc::clone(&shop.visits);
        let noted = middleware::from_fn(move |req: Request, next: Next| {
            let visits = Arc::clone(&visits);
            async move {
                let (path, is_question) = (req.uri().path().to_owned(), req.headers().contains_key("if-none-match"));
                let res = next.run(req).await;
                let cache = res.headers().get("cache-status").map(|said| said.to_str().unwrap().to_owned());
                let (status, cache) = (res.status().as_u16(), cache.unwrap_or_default());
                visits.lock().unwrap().push(Visit { path, is_question, status, cache });
                res
            }
        });
        let app = bookstore_axum::router(state).layer(noted);
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        shop
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What was asked and answered since this was last called.
    pub(crate) fn visits(&self) -> Vec<Visit> {
        std::mem::take(&mut self.visits.lock().unwrap())
    }
}
