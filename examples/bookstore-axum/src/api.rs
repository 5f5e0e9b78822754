//! The handlers for programs: JSON in, JSON out.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use bookstore::{
    input::{BookChange, BookFilter, Failing, NewAuthor, NewBook, Retitle},
    query,
    view::{Author, Book, BookPage, Retitled, Stats},
    write,
};

use crate::{
    error::ApiError,
    extract::{ApiJson, ApiPath, ApiQuery},
    router::AppState,
};

type Answer<T> = Result<Json<T>, ApiError>;

pub(crate) async fn books(State(shop): State<AppState>, ApiQuery(filter): ApiQuery<BookFilter>) -> Answer<BookPage> {
    Ok(Json(query::books(&shop.db, &filter).await?))
}

pub(crate) async fn book(State(shop): State<AppState>, ApiPath(id): ApiPath<i32>) -> Answer<Book> {
    Ok(Json(query::book(&shop.db, id).await?))
}

pub(crate) async fn author(State(shop): State<AppState>, ApiPath(id): ApiPath<i32>) -> Answer<Author> {
    Ok(Json(query::author(&shop.db, id).await?))
}

pub(crate) async fn stats(State(shop): State<AppState>) -> Answer<Stats> {
    Ok(Json(query::stats(&shop.db).await?))
}

pub(crate) async fn create_book(
    State(shop): State<AppState>,
    ApiJson(new): ApiJson<NewBook>,
) -> Result<impl IntoResponse, ApiError> {
    let book = write::create_book(&shop.db, new).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, format!("/api/books/{}", book.id))], Json(book)))
}

pub(crate) async fn update_book(
    State(shop): State<AppState>,
    ApiPath(id): ApiPath<i32>,
    ApiJson(change): ApiJson<BookChange>,
) -> Answer<Book> {
    Ok(Json(write::update_book(&shop.db, id, change).await?))
}

pub(crate) async fn delete_book(
    State(shop): State<AppState>,
    ApiPath(id): ApiPath<i32>,
) -> Result<StatusCode, ApiError> {
    write::delete_book(&shop.db, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn retitle(
    State(shop): State<AppState>,
    ApiPath(author_id): ApiPath<i32>,
    ApiJson(retitle): ApiJson<Retitle>,
) -> Answer<Retitled> {
    let updated = write::retitle(&shop.db, author_id, retitle).await?;
    Ok(Json(Retitled { author_id, updated }))
}

pub(crate) async fn move_book(
    State(shop): State<AppState>,
    ApiPath(id): ApiPath<i32>,
    ApiQuery(failing): ApiQuery<Failing>,
    ApiJson(to): ApiJson<NewAuthor>,
) -> Answer<Book> {
    Ok(Json(write::move_book(&shop.db, id, to.author_id, write::Ending::failing(failing.fail)).await?))
}
