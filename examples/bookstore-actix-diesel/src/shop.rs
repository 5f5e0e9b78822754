//! The shop as `bookstore-actix` asks it. Diesel blocks, so the work is done on other threads, and the scope goes there with it: that is
//! how a response knows what its handler has read.

use std::future::Future;
use std::net::TcpListener;

use actix_web::web;
use bookstore::input::{BookChange, BookFilter, NewBook, Retitle};
use bookstore::view::{Author, AuthorName, Book, BookPage, Stats};
use bookstore::write::Ending;
use bookstore::{Error, Front, Options, StartError};
use bookstore_actix::{Opened, Shop};
use easy_cache_core::{Cache, scope};

use crate::connection::Kind;
use crate::refused::Refused;
use crate::{AnyConnection, Database, query, write};

impl Database {
    /// Runs work that blocks.
    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Error> {
        let (db, scope) = (self.clone(), scope::carry());
        let done = web::block(move || scope.run(|| work(&db))).await.map_err(Error::database)?;
        Ok(done?)
    }

    /// The same for work on one connection.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Error> {
        self.ask(move |db| work(&mut *db.connection()?)).await
    }
}

impl Shop for Database {
    fn cache(&self) -> &Cache {
        self.cache()
    }

    async fn close(self) {}

    async fn books(&self, filter: &BookFilter) -> Result<BookPage, Error> {
        let filter = filter.clone();
        self.ask(move |db| query::books(db, &filter)).await
    }

    async fn book(&self, id: i32) -> Result<Book, Error> {
        self.ask(move |db| query::book(db, id)).await
    }

    async fn author(&self, id: i32) -> Result<Author, Error> {
        self.ask(move |db| query::author(db, id)).await
    }

    async fn authors(&self) -> Result<Vec<AuthorName>, Error> {
        self.ask(query::authors).await
    }

    async fn stats(&self) -> Result<Stats, Error> {
        self.ask(query::stats).await
    }

    async fn create_book(&self, new: NewBook) -> Result<Book, Error> {
        self.write(move |conn| write::create_book(conn, &new)).await
    }

    async fn update_book(&self, id: i32, change: BookChange) -> Result<Book, Error> {
        self.write(move |conn| write::update_book(conn, id, &change)).await
    }

    async fn delete_book(&self, id: i32) -> Result<(), Error> {
        self.write(move |conn| write::delete_book(conn, id)).await
    }

    async fn retitle(&self, author_id: i32, retitle: Retitle) -> Result<u64, Error> {
        self.write(move |conn| write::retitle(conn, author_id, retitle)).await
    }

    async fn move_book(&self, id: i32, author_id: i32, ending: Ending) -> Result<Book, Error> {
        self.write(move |conn| write::move_book(conn, id, author_id, ending)).await
    }
}

/// Diesel's shop, on the database that the options name.
///
/// # Errors
///
/// A [`StartError`] that says what to do if the database cannot be opened.
pub async fn open(options: &Options) -> Result<Opened<Database>, StartError> {
    if let Some(missing) = Kind::of(&options.database).missing() {
        return Err(StartError::database(&options.database, missing));
    }
    let (cache, front) = Front::open(options)?;
    let url = options.database.clone();
    let opened = tokio::task::spawn_blocking(move || Database::open(&url, &cache)).await;
    let opened = opened.map_err(|reason| StartError::database(&options.database, reason))?;
    let shop = opened.map_err(|refused| StartError::database(&options.database, Error::from(refused)))?;
    Ok(Opened { shop, front })
}

/// Runs the whole program: opens the database, listens, prints one line with the address, and serves until Ctrl-C or SIGTERM.
///
/// # Errors
///
/// A [`StartError`] that says what to do if the database cannot be opened or the address cannot be listened on.
pub async fn run(options: &Options) -> Result<(), StartError> {
    bookstore_actix::run_shop(options, open(options)).await
}

/// Serves on a listener of the caller until `shutdown` is ready; the listen address of the options is not used.
///
/// # Errors
///
/// A [`StartError`] if the database cannot be opened.
pub async fn serve(
    listener: TcpListener,
    options: &Options,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), StartError> {
    bookstore_actix::serve_shop(listener, open(options).await?, shutdown).await
}
