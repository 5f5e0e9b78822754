//! The real server of a bookstore, on a free port, for one test.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use bookstore::Options;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::client::Client;

/// Which of the bookstores: their pages, routes and promises are the same.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Framework {
    Axum,
    Actix,
    /// The same on Diesel.
    Diesel,
}

/// Tells each story to every bookstore.
macro_rules! on_every_framework {
    ($($story:ident),+ $(,)?) => {
        mod on_axum {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $story() {
                super::$story($crate::shop::Framework::Axum).await;
            })+
        }
        mod on_actix {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $story() {
                super::$story($crate::shop::Framework::Actix).await;
            })+
        }
        mod on_actix_with_diesel {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $story() {
                super::$story($crate::shop::Framework::Diesel).await;
            })+
        }
    };
}
pub(crate) use on_every_framework;

pub(crate) struct Shop {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
    folder: Option<PathBuf>,
}

impl Shop {
    /// With a database in memory, which has one connection: its statements run one after the other.
    pub(crate) async fn open(framework: Framework) -> Self {
        Self::serve(framework, Options::default(), None).await
    }

    /// With a database in a file, which has several connections: readers run beside the writer, on snapshots.
    pub(crate) async fn open_on_file(framework: Framework, name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("easy-cache-{name}-{framework:?}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let database = format!("sqlite://{}?mode=rwc", folder.join("books.db").display());
        Self::serve(framework, Options { database, ..Options::default() }, Some(folder)).await
    }

    async fn serve(framework: Framework, options: Options, folder: Option<PathBuf>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            match framework {
                Framework::Axum => {
                    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                    bookstore_axum::serve(listener, &options, stopped).await
                }
                Framework::Actix => bookstore_actix::serve(listener, &options, stopped).await,
                Framework::Diesel => bookstore_actix_diesel::serve(listener, &options, stopped).await,
            }
            .unwrap();
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
