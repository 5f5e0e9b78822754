//! Which route leads to which handler, and what all of them share.

use actix_web::dev::HttpServiceFactory;
use actix_web::guard;
use actix_web::web::{self, ServiceConfig, delete, post, put};
use actix_web::{Resource, Route};
use bookstore::announce::KEPT_FOR;
use bookstore::{Db, Front, Options, StartError};
use easy_cache_actix::{ResponseCache, TagField};

use crate::{api, error, pages};

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
        let at_url = |reason| StartError::database(&options.database, reason);
        let (cache, front) = Front::open(options)?;
        Ok(Self { db: bookstore::open(&options.database, &cache).await.map_err(at_url)?, front })
    }

    /// Tells what is in front of the shop what it has not been told yet, and closes the database, so that a file is left tidy.
    pub(crate) async fn close(self) {
        self.front.close().await;
        if let Err(reason) = self.db.close().await {
            tracing::warn!("failed to close the database: {reason}");
        }
    }
}

/// The cache around the whole shop. One for all workers.
pub fn cached(state: &AppState) -> ResponseCache {
    let cached = ResponseCache::new(state.db.cache().clone()).named("bookstore").ttl(KEPT_FOR).statuses([200, 404]);
    match state.front.purges() {
        Some(_) => cached.tell_tags(TagField::surrogate_key()),
        None => cached,
    }
}

/// The whole shop.
pub fn routes(config: &mut ServiceConfig) {
    config.service(api_routes());
    page_routes(config);
    config.default_service(web::to(error::no_such_page));
}

fn api_routes() -> impl HttpServiceFactory {
    web::scope("/api")
        .service(route("/books").route(get().to(api::books)).route(post().to(api::create_book)))
        .service(
            route("/books/{id}")
                .route(get().to(api::book))
                .route(put().to(api::update_book))
                .route(delete().to(api::delete_book)),
        )
        .service(route("/books/{id}/move").route(post().to(api::move_book)))
        .service(route("/authors/{id}").route(get().to(api::author)))
        .service(route("/authors/{id}/retitle").route(post().to(api::retitle)))
        .service(route("/stats").route(get().to(api::stats)))
        .default_service(web::to(error::no_such_route))
}

fn route(path: &str) -> Resource {
    web::resource(path).default_service(web::to(error::api_method_not_allowed))
}

fn page_routes(config: &mut ServiceConfig) {
    config
        .service(page("/").route(get().to(pages::books)))
        .service(page("/books").route(post().to(pages::create_book)))
        .service(page("/books/{id}").route(get().to(pages::book)).route(post().to(pages::update_book)))
        .service(page("/books/{id}/move").route(post().to(pages::move_book)))
        .service(page("/books/{id}/delete").route(post().to(pages::delete_book)))
        .service(page("/authors/{id}").route(get().to(pages::author)))
        .service(page("/authors/{id}/retitle").route(post().to(pages::retitle)))
        .service(page("/stats").route(get().to(pages::stats)));
}

fn page(path: &str) -> Resource {
    web::resource(path).default_service(web::to(error::page_method_not_allowed))
}

/// Whoever may read may ask for the head alone.
fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}
