//! Which route leads to which handler, and what is around them.

use actix_web::dev::HttpServiceFactory;
use actix_web::guard;
use actix_web::web::{self, ServiceConfig, delete, post, put};
use actix_web::{Resource, Route};
use bookstore::announce::KEPT_FOR;
use easy_cache_actix::{ResponseCache, TagField};

use crate::shop::{Opened, Shop};
use crate::{api, error, pages};

/// The cache around a whole shop. One for all workers.
pub fn cached<S: Shop>(opened: &Opened<S>) -> ResponseCache {
    let cached = ResponseCache::new(opened.shop.cache().clone()).named("bookstore").ttl(KEPT_FOR).statuses([200, 404]);
    match opened.front.purges() {
        Some(_) => cached.tell_tags(TagField::surrogate_key()),
        None => cached,
    }
}

/// All routes of a shop, which is the application's data.
pub fn routes<S: Shop>(config: &mut ServiceConfig) {
    config.service(api_routes::<S>());
    page_routes::<S>(config);
    config.default_service(web::to(error::no_such_page));
}

fn api_routes<S: Shop>() -> impl HttpServiceFactory {
    web::scope("/api")
        .service(route("/books").route(get().to(api::books::<S>)).route(post().to(api::create_book::<S>)))
        .service(
            route("/books/{id}")
                .route(get().to(api::book::<S>))
                .route(put().to(api::update_book::<S>))
                .route(delete().to(api::delete_book::<S>)),
        )
        .service(route("/books/{id}/move").route(post().to(api::move_book::<S>)))
        .service(route("/authors/{id}").route(get().to(api::author::<S>)))
        .service(route("/authors/{id}/retitle").route(post().to(api::retitle::<S>)))
        .service(route("/stats").route(get().to(api::stats::<S>)))
        .default_service(web::to(error::no_such_route))
}

fn route(path: &str) -> Resource {
    web::resource(path).default_service(web::to(error::api_method_not_allowed))
}

fn page_routes<S: Shop>(config: &mut ServiceConfig) {
    config
        .service(page("/").route(get().to(pages::books::<S>)))
        .service(page("/books").route(post().to(pages::create_book::<S>)))
        .service(page("/books/{id}").route(get().to(pages::book::<S>)).route(post().to(pages::update_book::<S>)))
        .service(page("/books/{id}/move").route(post().to(pages::move_book::<S>)))
        .service(page("/books/{id}/delete").route(post().to(pages::delete_book::<S>)))
        .service(page("/authors/{id}").route(get().to(pages::author::<S>)))
        .service(page("/authors/{id}/retitle").route(post().to(pages::retitle::<S>)))
        .service(page("/stats").route(get().to(pages::stats::<S>)));
}

fn page(path: &str) -> Resource {
    web::resource(path).default_service(web::to(error::page_method_not_allowed))
}

/// Whoever may read may ask for the head alone.
fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}
