//! The handlers for programs: JSON in, JSON out.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::Json;
use bookstore::{
    input::{BookChange, BookFilter, Failing, NewAuthor, NewBook, Retitle},
    query,
    view::{Author, Book, BookPage, Retitled, Stats},
    write,
};

use crate::{
    error::ApiError,
    extract::{ApiJson, ApiPath, ApiQuery, State},
};

type Answer<T> = Result<Json<T>, ApiError>;

pub(crate) async fn books(shop: State, filter: ApiQuery<BookFilter>) -> Answer<BookPage> {
    Ok(Json(query::books(&shop.db, &filter.0).await?))
}

pub(crate) async fn book(shop: State, id: ApiPath) -> Answer<Book> {
    Ok(Json(query::book(&shop.db, id.0).await?))
}

pub(crate) async fn author(shop: State, id: ApiPath) -> Answer<Author> {
    Ok(Json(query::author(&shop.db, id.0).await?))
}

pub(crate) async fn stats(shop: State) -> Answer<Stats> {
    Ok(Json(query::stats(&shop.db).await?))
}

pub(crate) async fn create_book(shop: State, new: ApiJson<NewBook>) -> Result<HttpResponse, ApiError> {
    let book = write::create_book(&shop.db, new.0).await?;
    Ok(HttpResponse::Created().insert_header((LOCATION, format!("/api/books/{}", book.id))).json(book))
}

pub(crate) async fn update_book(shop: State, id: ApiPath, change: ApiJson<BookChange>) -> Answer<Book> {
    Ok(Json(write::update_book(&shop.db, id.0, change.0).await?))
}

pub(crate) async fn delete_book(shop: State, id: ApiPath) -> Result<HttpResponse, ApiError> {
    write::delete_book(&shop.db, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(crate) async fn retitle(shop: State, id: ApiPath, retitle: ApiJson<Retitle>) -> Answer<Retitled> {
    let updated = write::retitle(&shop.db, id.0, retitle.0).await?;
    Ok(Json(Retitled { author_id: id.0, updated }))
}

pub(crate) async fn move_book(
    shop: State,
    id: ApiPath,
    failing: ApiQuery<Failing>,
    to: ApiJson<NewAuthor>,
) -> Answer<Book> {
    Ok(Json(write::move_book(&shop.db, id.0, to.0.author_id, write::Ending::failing(failing.0.fail)).await?))
}
