//! The real server of the bookstore, on a free port, for one test.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use bookstore_axum::Options;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::client::Client;

pub(crate) struct Shop {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
    folder: Option<PathBuf>,
}

impl Shop {
    /// With a database in memory, which has one connection: its statements run one after the other.
    pub(crate) async fn open() -> Self {
        Self::serve(Options::default(), None).await
    }

    /// With a database in a file, which has several connections: readers run beside the writer, on snapshots.
    pub(crate) async fn open_on_file(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("easy-cache-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let database = format!("sqlite://{}?mode=rwc", folder.join("books.db").display());
        Self::serve(Options { database, ..Options::default() }, Some(folder)).await
    }

    async fn serve(options: Options, folder: Option<PathBuf>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            bookstore_axum::serve(listener, &options, stopped).await.unwrap();
        });
        Self { address, stop, server, folder }
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    pub(crate) async fn close(self) {
        let _ = self.stop.send(());
        self.server.await.unwrap();
        if let Some(folder) = self.folder {
            fs::remove_dir_all(folder).unwrap();
        }
    }
}
