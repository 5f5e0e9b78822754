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
    /// That one on a server: a private PostgreSQL.
    #[cfg(feature = "postgres")]
    DieselOnPostgres,
    /// A private MariaDB.
    #[cfg(feature = "mysql")]
    DieselOnMariaDb,
}

impl Framework {
    pub(crate) fn is_on_diesel(self) -> bool {
        !matches!(self, Self::Axum | Self::Actix)
    }

    /// An empty database on a server, if the shop has one.
    fn database(self) -> Option<String> {
        match self {
            Self::Axum | Self::Actix | Self::Diesel => None,
            #[cfg(feature = "postgres")]
            Self::DieselOnPostgres => Some(easy_cache_servers::Postgres::shared().database().url),
            #[cfg(feature = "mysql")]
            Self::DieselOnMariaDb => Some(easy_cache_servers::MariaDb::shared().database().url),
        }
    }
}

/// Tells each story to one bookstore.
macro_rules! on {
    ($shop:ident in $module:ident: $($story:ident),+) => {
        mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $story() {
                super::$story($crate::shop::Framework::$shop).await;
            })+
        }
    };
}
pub(crate) use on;

/// Tells each story to every bookstore whose database is a part of it.
macro_rules! on_every_framework {
    ($($story:ident),+ $(,)?) => {
        $crate::shop::on! { Axum in on_axum: $($story),+ }
        $crate::shop::on! { Actix in on_actix: $($story),+ }
        $crate::shop::on! { Diesel in on_actix_with_diesel: $($story),+ }
    };
}
pub(crate) use on_every_framework;

/// Tells each story to the bookstore on each server that it can use.
macro_rules! on_every_server {
    ($($story:ident),+ $(,)?) => {
        #[cfg(feature = "postgres")]
        $crate::shop::on! { DieselOnPostgres in on_postgres: $($story),+ }
        #[cfg(feature = "mysql")]
        $crate::shop::on! { DieselOnMariaDb in on_mariadb: $($story),+ }
    };
}
pub(crate) use on_every_server;

pub(crate) struct Shop {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
    folder: Option<PathBuf>,
}

impl Shop {
    /// With a database in memory, which has one connection: its statements run one after the other. Or one on the shop's server, which
    /// has several.
    pub(crate) async fn open(framework: Framework) -> Self {
        let options = Options::default();
        let database = framework.database().unwrap_or_else(|| options.database.clone());
        Self::serve(framework, Options { database, ..options }, None).await
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
                _ => bookstore_actix_diesel::serve(listener, &options, stopped).await,
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
