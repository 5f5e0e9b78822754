//! The side for people: pages, and forms without scripts.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};

use crate::shop::{Shop, location, text};

#[tokio::test]
async fn every_page_is_complete_and_loads_nothing_from_elsewhere() {
    let shop = Shop::open().await;
    for path in ["/", "/?q=homer", "/?page=2", "/books/1", "/authors/1", "/stats", "/nothing", "/books/9999"] {
        let (_, page) = shop.page(path).await;
        assert!(page.starts_with("<!DOCTYPE html>") && page.contains("<h1>") && page.ends_with("</html>"), "{path}");
        for outside in ["src=\"", "href=\"http", "@import", "url("] {
            assert!(!page.contains(outside), "{path} has {outside}");
        }
    }
}

#[tokio::test]
async fn a_saved_form_leads_to_the_page_on_which_it_is_seen() {
    let shop = Shop::open().await;
    let saved = shop.post_form("/books/1", "title=The+%3CIliad%3E&year=-740&language=la").await;
    assert_eq!((saved.status(), location(&saved)), (StatusCode::SEE_OTHER, "/books/1"));
    let (status, page) = shop.page("/books/1").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("The &lt;Iliad&gt;") && page.contains("740 BC") && page.contains("Latin"), "{page}");
}

#[tokio::test]
async fn a_book_is_added_moved_and_removed_with_forms() {
    let shop = Shop::open().await;
    let added = shop.post_form("/books", "author_id=1&title=Margites&year=-700&language=el").await;
    let book = location(&added).to_owned();
    assert!(shop.page("/authors/1").await.1.contains("Margites"));

    let moved = shop.post_form(&format!("{book}/move"), "author_id=2").await;
    assert_eq!((moved.status(), location(&moved)), (StatusCode::SEE_OTHER, book.as_str()));
    assert!(!shop.page("/authors/1").await.1.contains("Margites"));

    let removed = shop.post_form(&format!("{book}/delete"), "").await;
    assert_eq!(location(&removed), "/authors/2");
    assert_eq!(shop.page(&book).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn retitling_shows_on_the_authors_page() {
    let shop = Shop::open().await;
    let retitled = shop.post_form("/authors/1/retitle", "prefix=Epic%3A+").await;
    assert_eq!(location(&retitled), "/authors/1");
    let (_, page) = shop.page("/authors/1").await;
    assert!(page.contains("Epic: The Iliad") && page.contains("Epic: The Odyssey"), "{page}");
}

#[tokio::test]
async fn a_refused_form_says_why_and_leads_back() {
    let shop = Shop::open().await;
    let refused = [
        ("/books/1", "title=+", StatusCode::UNPROCESSABLE_ENTITY, "The title is empty."),
        ("/books/1", "year=x", StatusCode::UNPROCESSABLE_ENTITY, "The form does not fit"),
        ("/books/1/move", "author_id=2&fail=true", StatusCode::CONFLICT, "Rolled back"),
        ("/books/9999/delete", "", StatusCode::NOT_FOUND, "There is no book 9999."),
    ];
    for (path, form, status, reason) in refused {
        let (answered, page) = text(shop.post_form(path, form).await).await;
        assert_eq!(answered, status, "{path} {form}");
        assert!(page.contains(reason) && page.contains("All books"), "{path} {form}: {page}");
    }
}

#[tokio::test]
async fn every_answer_says_how_long_it_took() {
    let shop = Shop::open().await;
    for path in ["/", "/api/books/1", "/api/nothing", "/books/abc"] {
        let answer = shop.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert!(answer.headers()["server-timing"].to_str().unwrap().starts_with("total;dur="), "{path}");
    }
}
