//! The handlers for programs: JSON in, JSON out.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::Json;
use bookstore::{
    input::{BookChange, BookFilter, Failing, NewAuthor, NewBook, Retitle},
    view::{Author, Book, BookPage, Retitled, Stats},
    write::Ending,
};

use crate::{
    error::ApiError,
    extract::{ApiJson, ApiPath, ApiQuery, State},
    shop::Shop,
};

type Answer<T> = Result<Json<T>, ApiError>;

pub(crate) async fn books<S: Shop>(shop: State<S>, filter: ApiQuery<BookFilter>) -> Answer<BookPage> {
    Ok(Json(shop.books(&filter.0).await?))
}

pub(crate) async fn book<S: Shop>(shop: State<S>, id: ApiPath) -> Answer<Book> {
    Ok(Json(shop.book(id.0).await?))
}

pub(crate) async fn author<S: Shop>(shop: State<S>, id: ApiPath) -> Answer<Author> {
    Ok(Json(shop.author(id.0).await?))
}

pub(crate) async fn stats<S: Shop>(shop: State<S>) -> Answer<Stats> {
    Ok(Json(shop.stats().await?))
}

pub(crate) async fn create_book<S: Shop>(shop: State<S>, new: ApiJson<NewBook>) -> Result<HttpResponse, ApiError> {
    let book = shop.create_book(new.0).await?;
    Ok(HttpResponse::Created().insert_header((LOCATION, format!("/api/books/{}", book.id))).json(book))
}

pub(crate) async fn update_book<S: Shop>(shop: State<S>, id: ApiPath, change: ApiJson<BookChange>) -> Answer<Book> {
    Ok(Json(shop.update_book(id.0, change.0).await?))
}

pub(crate) async fn delete_book<S: Shop>(shop: State<S>, id: ApiPath) -> Result<HttpResponse, ApiError> {
    shop.delete_book(id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(crate) async fn retitle<S: Shop>(shop: State<S>, id: ApiPath, retitle: ApiJson<Retitle>) -> Answer<Retitled> {
    let updated = shop.retitle(id.0, retitle.0).await?;
    Ok(Json(Retitled { author_id: id.0, updated }))
}

pub(crate) async fn move_book<S: Shop>(
    shop: State<S>,
    id: ApiPath,
    failing: ApiQuery<Failing>,
    to: ApiJson<NewAuthor>,
) -> Answer<Book> {
    Ok(Json(shop.move_book(id.0, to.0.author_id, Ending::failing(failing.0.fail)).await?))
}
