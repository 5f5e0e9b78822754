//! What the handlers ask of a shop: the reads and writes of the domain. SeaORM's is here; others bring their own.

use std::future::Future;

use bookstore::input::{BookChange, BookFilter, NewBook, Retitle};
use bookstore::view::{Author, AuthorName, Book, BookPage, Stats};
use bookstore::write::Ending;
use bookstore::{Db, Error, Front, Options, StartError, query, write};
use easy_cache_core::Cache;

/// What an answer takes, on the thread of its request.
type Asked<T> = Result<T, Error>;

/// A shop: its reads are cached, and its writes make sure that no answer shows what was before. A refusal is an
/// [`Error`] that may be shown to who asked.
pub trait Shop: Clone + Send + 'static {
    /// The cache that all of it shares.
    fn cache(&self) -> &Cache;

    /// Leaves the database tidy.
    fn close(self) -> impl Future<Output = ()> + Send;

    /// One page of the books that the filter lets through.
    fn books(&self, filter: &BookFilter) -> impl Future<Output = Asked<BookPage>>;

    /// One book.
    fn book(&self, id: i32) -> impl Future<Output = Asked<Book>>;

    /// An author, with numbers about the books.
    fn author(&self, id: i32) -> impl Future<Output = Asked<Author>>;

    /// All authors by name, to choose from.
    fn authors(&self) -> impl Future<Output = Asked<Vec<AuthorName>>>;

    /// Numbers about the whole shop.
    fn stats(&self) -> impl Future<Output = Asked<Stats>>;

    /// Adds a book.
    fn create_book(&self, new: NewBook) -> impl Future<Output = Asked<Book>>;

    /// Changes the given fields of a book.
    fn update_book(&self, id: i32, change: BookChange) -> impl Future<Output = Asked<Book>>;

    /// Removes a book.
    fn delete_book(&self, id: i32) -> impl Future<Output = Asked<()>>;

    /// Puts a prefix before all titles of an author, and answers how many there were.
    fn retitle(&self, author_id: i32, retitle: Retitle) -> impl Future<Output = Asked<u64>>;

    /// Gives a book to another author and notes it in the log of transfers: both, or neither.
    fn move_book(&self, id: i32, author_id: i32, ending: Ending) -> impl Future<Output = Asked<Book>>;
}

impl Shop for Db {
    fn cache(&self) -> &Cache {
        self.cache()
    }

    async fn close(self) {
        if let Err(reason) = Self::close(self).await {
            tracing::warn!("failed to close the database: {reason}");
        }
    }

    async fn books(&self, filter: &BookFilter) -> Asked<BookPage> {
        query::books(self, filter).await
    }

    async fn book(&self, id: i32) -> Asked<Book> {
        query::book(self, id).await
    }

    async fn author(&self, id: i32) -> Asked<Author> {
        query::author(self, id).await
    }

    async fn authors(&self) -> Asked<Vec<AuthorName>> {
        query::authors(self).await
    }

    async fn stats(&self) -> Asked<Stats> {
        query::stats(self).await
    }

    async fn create_book(&self, new: NewBook) -> Asked<Book> {
        write::create_book(self, new).await
    }

    async fn update_book(&self, id: i32, change: BookChange) -> Asked<Book> {
        write::update_book(self, id, change).await
    }

    async fn delete_book(&self, id: i32) -> Asked<()> {
        write::delete_book(self, id).await
    }

    async fn retitle(&self, author_id: i32, retitle: Retitle) -> Asked<u64> {
        write::retitle(self, author_id, retitle).await
    }

    async fn move_book(&self, id: i32, author_id: i32, ending: Ending) -> Asked<Book> {
        write::move_book(self, id, author_id, ending).await
    }
}

/// A shop, and what is in front of it.
#[derive(Clone, Debug)]
pub struct Opened<S> {
    /// The shop.
    pub shop: S,
    /// A Varnish, if the options name one.
    pub front: Front,
}

impl<S: Shop> Opened<S> {
    /// Tells what is in front of the shop what it has not been told yet, and leaves the database tidy.
    pub(crate) async fn close(self) {
        self.front.close().await;
        self.shop.close().await;
    }
}

/// SeaORM's shop, on the database that the options name.
///
/// # Errors
///
/// A [`StartError`] that says what to do if the database cannot be opened.
pub async fn open(options: &Options) -> Result<Opened<Db>, StartError> {
    let at_url = |reason| StartError::database(&options.database, reason);
    let (cache, front) = Front::open(options)?;
    Ok(Opened { shop: bookstore::open(&options.database, &cache).await.map_err(at_url)?, front })
}
