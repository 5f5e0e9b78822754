//! Values that a handler asks for by type: loaded by a key from the request, and cached.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse, error};
use easy_cache_core::Tag;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::EasyCache;

/// A value that [`Cached`] loads: which one a request asks for, and how it is loaded.
pub trait Cacheable: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// What tells this type from every other in the cache.
    const NAME: &'static str;

    /// What names one value. Written out, it must tell two values apart.
    type Key: fmt::Display;

    /// Why a load failed. It goes to the log; the client is told 500 and nothing else.
    type Error: fmt::Display;

    /// Which value a request asks for.
    ///
    /// # Errors
    /// Whatever the client is to be told of a request that asks for none.
    fn key(req: &HttpRequest) -> Result<Self::Key, Error>;

    /// Loads the value: `None` if there is none, which the client is told as 404 and nobody keeps.
    fn load(key: &Self::Key, req: &HttpRequest) -> impl Future<Output = Result<Option<Self>, Self::Error>>;

    /// For how long it is kept. Default: until something that it was built from is invalidated.
    #[must_use]
    fn ttl() -> Option<Duration> {
        None
    }

    /// What it depends on, beside what its load has read.
    #[must_use]
    fn tags(&self) -> Vec<Tag> {
        Vec::new()
    }
}

/// A cached value as an argument of a handler.
///
/// Requests for one value wait for one load. The value's tags become those of the response, so that whoever drops the value
/// drops the pages that show it.
///
/// # Example: an author by the number in the path
/// ```
/// use actix_web::{App, Error, HttpRequest, Responder, error, test, web};
/// use easy_cache_actix::{Cacheable, Cached};
/// use easy_cache_core::{Cache, Tag};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Serialize, Deserialize)]
/// struct Author {
///     id: u32,
///     name: String,
/// }
///
/// impl Cacheable for Author {
///     const NAME: &'static str = "author";
///     type Key = u32;
///     type Error = std::io::Error; // that of your database
///
///     fn key(req: &HttpRequest) -> Result<u32, Error> {
///         req.match_info().query("id").parse().map_err(error::ErrorBadRequest)
///     }
///
///     async fn load(id: &u32, _: &HttpRequest) -> Result<Option<Self>, std::io::Error> {
///         Ok((*id == 7).then(|| Self { id: 7, name: "Mary Ann Evans".into() })) // your query
///     }
///
///     fn tags(&self) -> Vec<Tag> {
///         vec![Tag::new(format!("authors:{}", self.id))]
///     }
/// }
///
/// async fn author(author: Cached<Author>) -> impl Responder {
///     author.name.clone()
/// }
///
/// # #[actix_web::main] async fn main() {
/// let app = App::new().app_data(web::Data::new(Cache::new())).route("/authors/{id}", web::get().to(author));
/// # let app = test::init_service(app).await;
/// # for (path, status) in [("/authors/7", 200), ("/authors/8", 404), ("/authors/x", 400)] {
/// #     let res = test::call_service(&app, test::TestRequest::get().uri(path).to_request()).await;
/// #     assert_eq!(res.status(), status);
/// # }
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cached<T>(pub T);

impl<T> Cached<T> {
    /// The value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Cached<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Why there is no value.
enum Failure<E> {
    Missing,
    Load(E),
}

impl<T: Cacheable> Cached<T> {
    async fn extract(req: HttpRequest) -> Result<Self, Error> {
        let key = T::key(&req)?;
        let cache = EasyCache::of(&req).map_err(|reason| opaque(T::NAME, &reason))?;
        let load = async {
            let loaded = T::load(&key, &req).await.map_err(Failure::Load)?;
            loaded.ok_or(Failure::Missing)
        };
        let mut call = cache.get_or_compute(format!("{}:{key}", T::NAME), load);
        if let Some(ttl) = T::ttl() {
            call = call.ttl(ttl);
        }
        match call.tags_of(T::tags).await {
            Ok(value) => Ok(Self(value)),
            Err(Failure::Missing) => {
                Err(error::InternalError::from_response("", HttpResponse::NotFound().finish()).into())
            }
            Err(Failure::Load(reason)) => Err(opaque(&format!("{}:{key}", T::NAME), &reason)),
        }
    }
}

/// The reason is for the log alone.
fn opaque(what: &str, reason: &impl fmt::Display) -> Error {
    tracing::error!(%reason, "failed to load `{what}`");
    error::InternalError::from_response("", HttpResponse::InternalServerError().finish()).into()
}

impl<T: Cacheable> FromRequest for Cached<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(Self::extract(req.clone()))
    }
}
