//! The handlers for people: pages, and forms that lead to the page on which their effect is seen.

use actix_web::http::header::{ETAG, LOCATION};
use actix_web::web::Html;
use actix_web::{CustomizeResponder, HttpResponse, Responder as _};
use bookstore::{
    input::{BookChange, BookFilter, Move, NewBook, Part, Retitle},
    page,
    write::Ending,
};

use crate::{
    error::PageError,
    extract::{PageForm, PagePath, PageQuery, State},
    shop::Shop,
};

type Shown = CustomizeResponder<Html>;
type Page = Result<Shown, PageError>;
type SeeOther = Result<HttpResponse, PageError>;

/// With what a browser asks whether the page is still the one that it has.
fn shown(page: String) -> Shown {
    let etag = page::etag(&page);
    Html::new(page).customize().insert_header((ETAG, etag))
}

fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path)).finish()
}

pub(crate) async fn books<S: Shop>(shop: State<S>, filter: PageQuery<BookFilter>) -> Page {
    Ok(shown(page::books(&filter.0, &shop.books(&filter.0).await?)))
}

pub(crate) async fn book<S: Shop>(shop: State<S>, id: PagePath) -> Page {
    Ok(shown(page::book(&shop.book(id.0).await?, &shop.authors().await?)))
}

pub(crate) async fn author<S: Shop>(shop: State<S>, id: PagePath, part: PageQuery<Part>) -> Page {
    let author = shop.author(id.0).await?;
    let filter = BookFilter { author: Some(id.0), page: part.0.page, ..BookFilter::default() };
    Ok(shown(page::author(&author, &shop.books(&filter).await?)))
}

pub(crate) async fn stats<S: Shop>(shop: State<S>) -> Page {
    Ok(shown(page::stats(&shop.stats().await?)))
}

pub(crate) async fn create_book<S: Shop>(shop: State<S>, new: PageForm<NewBook>) -> SeeOther {
    let author = format!("/authors/{}", new.0.author_id);
    let book = shop.create_book(new.0).await.map_err(PageError::back_to(author))?;
    Ok(see_other(&format!("/books/{}", book.id)))
}

pub(crate) async fn update_book<S: Shop>(shop: State<S>, id: PagePath, change: PageForm<BookChange>) -> SeeOther {
    let book = format!("/books/{}", id.0);
    shop.update_book(id.0, change.0).await.map_err(PageError::back_to(book.clone()))?;
    Ok(see_other(&book))
}

pub(crate) async fn move_book<S: Shop>(shop: State<S>, id: PagePath, form: PageForm<Move>) -> SeeOther {
    let book = format!("/books/{}", id.0);
    let ending = Ending::failing(form.0.fail);
    shop.move_book(id.0, form.0.author_id, ending).await.map_err(PageError::back_to(book.clone()))?;
    Ok(see_other(&book))
}

pub(crate) async fn delete_book<S: Shop>(shop: State<S>, id: PagePath) -> SeeOther {
    let author_id = shop.book(id.0).await?.author_id;
    shop.delete_book(id.0).await?;
    Ok(see_other(&format!("/authors/{author_id}")))
}

pub(crate) async fn retitle<S: Shop>(shop: State<S>, id: PagePath, retitle: PageForm<Retitle>) -> SeeOther {
    let author = format!("/authors/{}", id.0);
    shop.retitle(id.0, retitle.0).await.map_err(PageError::back_to(author.clone()))?;
    Ok(see_other(&author))
}
