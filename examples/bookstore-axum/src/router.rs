//! Which route leads to which handler, and what all of them share.

use axum::{
    Router, middleware,
    routing::{get, post},
};
use bookstore::announce::KEPT_FOR;
use bookstore::{Db, Front, Options, StartError};
use easy_cache_core::Cache;
use easy_cache_tower::{ResponseCacheLayer, TagField};

use crate::{api, error, pages, provenance};

/// What all handlers share.
#[derive(Clone, Debug)]
pub struct AppState {
    pub(crate) db: Db,
    front: Front,
}

impl AppState {
    /// Opens the database that the options name.
    ///
    /// # Errors
    ///
    /// A [`StartError`] that says what to do if the database cannot be opened.
    pub async fn open(options: &Options) -> Result<Self, StartError> {
        let (cache, front) = Front::open(options)?;
        Ok(Self { front, ..Self::with_cache(&options.database, &cache).await? })
    }

    /// The same with a cache that was made elsewhere, such as one whose values other processes share.
    ///
    /// # Errors
    ///
    /// A [`StartError`] that says what to do if the database cannot be opened.
    pub async fn with_cache(database: &str, cache: &Cache) -> Result<Self, StartError> {
        let at_url = |reason| StartError::database(database, reason);
        Ok(Self { db: bookstore::open(database, cache).await.map_err(at_url)?, front: Front::default() })
    }

    /// The cache of the shop.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        self.db.cache()
    }

    /// What is in front of the shop.
    #[must_use]
    pub const fn front(&self) -> &Front {
        &self.front
    }

    /// The response cache around the whole shop.
    fn cached(&self) -> ResponseCacheLayer {
        let layer =
            ResponseCacheLayer::new(self.db.cache().clone()).named("bookstore").ttl(KEPT_FOR).statuses([200, 404]);
        match self.front.purges() {
            Some(_) => layer.tell_tags(TagField::surrogate_key()),
            None => layer,
        }
    }

    /// Tells what is in front of the shop what it has not been told yet, and closes the database, so that a file is left tidy.
    pub(crate) async fn close(self) {
        self.front.close().await;
        if let Err(reason) = self.db.close().await {
            tracing::warn!("failed to close the database: {reason}");
        }
    }
}

/// The whole shop.
pub fn router(state: AppState) -> Router {
    Router::new()
        .nest("/api", api_routes())
        .merge(page_routes())
        .fallback(error::no_such_page)
        .layer(middleware::from_fn(provenance::list_tags))
        .layer(state.cached())
        .layer(middleware::from_fn(provenance::tell))
        .with_state(state)
}

fn api_routes() -> Router<AppState> {
    Router::new()
        .route("/books", get(api::books).post(api::create_book))
        .route("/books/{id}", get(api::book).put(api::update_book).delete(api::delete_book))
        .route("/books/{id}/move", post(api::move_book))
        .route("/authors/{id}", get(api::author))
        .route("/authors/{id}/retitle", post(api::retitle))
        .route("/stats", get(api::stats))
        .method_not_allowed_fallback(error::api_method_not_allowed)
        .fallback(error::no_such_route)
}

fn page_routes() -> Router<AppState> {
    Router::new()
        .route("/", get(pages::books))
        .route("/books", post(pages::create_book))
        .route("/books/{id}", get(pages::book).post(pages::update_book))
        .route("/books/{id}/move", post(pages::move_book))
        .route("/books/{id}/delete", post(pages::delete_book))
        .route("/authors/{id}", get(pages::author))
        .route("/authors/{id}/retitle", post(pages::retitle))
        .route("/stats", get(pages::stats))
        .method_not_allowed_fallback(error::page_method_not_allowed)
}
