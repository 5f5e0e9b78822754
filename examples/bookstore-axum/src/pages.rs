//! The handlers for people: pages, and forms that lead to the page on which their effect is seen.

use axum::{
    extract::State,
    http::{HeaderName, header::ETAG},
    response::{Html, Redirect},
};
use bookstore::{
    input::{BookChange, BookFilter, Move, NewBook, Part, Retitle},
    page, query, write,
};

use crate::{
    error::PageError,
    extract::{PageForm, PagePath, PageQuery},
    router::AppState,
};

type Shown = ([(HeaderName, String); 1], Html<String>);
type Page = Result<Shown, PageError>;
type SeeOther = Result<Redirect, PageError>;

/// With what a browser asks whether the page is still the one that it has.
fn shown(page: String) -> Shown {
    ([(ETAG, page::etag(&page))], Html(page))
}

pub(crate) async fn books(State(shop): State<AppState>, PageQuery(filter): PageQuery<BookFilter>) -> Page {
    Ok(shown(page::books(&filter, &query::books(&shop.db, &filter).await?)))
}

pub(crate) async fn book(State(shop): State<AppState>, PagePath(id): PagePath<i32>) -> Page {
    Ok(shown(page::book(&query::book(&shop.db, id).await?, &query::authors(&shop.db).await?)))
}

pub(crate) async fn author(
    State(shop): State<AppState>,
    PagePath(id): PagePath<i32>,
    PageQuery(part): PageQuery<Part>,
) -> Page {
    let author = query::author(&shop.db, id).await?;
    let filter = BookFilter { author: Some(id), page: part.page, ..BookFilter::default() };
    Ok(shown(page::author(&author, &query::books(&shop.db, &filter).await?)))
}

pub(crate) async fn stats(State(shop): State<AppState>) -> Page {
    Ok(shown(page::stats(&query::stats(&shop.db).await?)))
}

pub(crate) async fn create_book(State(shop): State<AppState>, PageForm(new): PageForm<NewBook>) -> SeeOther {
    let author = format!("/authors/{}", new.author_id);
    let book = write::create_book(&shop.db, new).await.map_err(PageError::back_to(author))?;
    Ok(Redirect::to(&format!("/books/{}", book.id)))
}

pub(crate) async fn update_book(
    State(shop): State<AppState>,
    PagePath(id): PagePath<i32>,
    PageForm(change): PageForm<BookChange>,
) -> SeeOther {
    let book = format!("/books/{id}");
    write::update_book(&shop.db, id, change).await.map_err(PageError::back_to(book.clone()))?;
    Ok(Redirect::to(&book))
}

pub(crate) async fn move_book(
    State(shop): State<AppState>,
    PagePath(id): PagePath<i32>,
    PageForm(form): PageForm<Move>,
) -> SeeOther {
    let book = format!("/books/{id}");
    write::move_book(&shop.db, id, form.author_id, write::Ending::failing(form.fail))
        .await
        .map_err(PageError::back_to(book.clone()))?;
    Ok(Redirect::to(&book))
}

pub(crate) async fn delete_book(State(shop): State<AppState>, PagePath(id): PagePath<i32>) -> SeeOther {
    let author_id = query::book(&shop.db, id).await?.author_id;
    write::delete_book(&shop.db, id).await?;
    Ok(Redirect::to(&format!("/authors/{author_id}")))
}

pub(crate) async fn retitle(
    State(shop): State<AppState>,
    PagePath(id): PagePath<i32>,
    PageForm(retitle): PageForm<Retitle>,
) -> SeeOther {
    let author = format!("/authors/{id}");
    write::retitle(&shop.db, id, retitle).await.map_err(PageError::back_to(author.clone()))?;
    Ok(Redirect::to(&author))
}
