//! The real server of the bookstore, on a free port, for one test.

use std::net::SocketAddr;

use bookstore_axum::Options;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::client::Client;

pub(crate) struct Shop {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            bookstore_axum::serve(listener, &Options::default(), stopped).await.unwrap();
        });
        Self { address, stop, server }
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    pub(crate) async fn close(self) {
        let _ = self.stop.send(());
        self.server.await.unwrap();
    }
}
