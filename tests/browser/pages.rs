//! What a person sees: never what was before an edit, on whichever page, by whichever way; and what it costs the server.

use std::path::PathBuf;

use crate::driver::Person;
use crate::shop::Shop;

const TITLE: &str = "return document.querySelector('h1').innerText";

/// Keeps a picture of the page where a person can look at it: in the folder that `EASY_CACHE_PICTURES` names, if it does.
async fn picture(person: &Person, name: &str) {
    let picture = person.pictures().await;
    assert!(picture.len() > 10_000, "{name} is not empty: {} bytes", picture.len());
    if let Some(folder) = std::env::var_os("EASY_CACHE_PICTURES") {
        std::fs::write(PathBuf::from(folder).join(format!("{name}.png.base64")), picture).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_is_seen_on_every_open_page_when_it_is_next_loaded() {
    let (shop, person) = (Shop::open().await, Person::sits_down().await);
    let book = person.window().await;
    person.goes_to(&shop.url("/books/1")).await;
    let mut others = Vec::new();
    for path in ["/", "/authors/1", "/books/1"] {
        let window = person.opens_a_window().await;
        person.goes_to(&shop.url(path)).await;
        assert!(person.finds("return document.body.innerText").await.as_str().unwrap().contains("The Iliad"), "{path}");
        others.push((window, path));
    }
    person.looks_at(&book).await;
    person.writes("form[action='/books/1'] [name=title]", "Ilias, edited").await;
    person.sees("the edit", "return document.querySelector('h1').innerText.includes('Ilias, edited')").await;
    for (window, path) in others {
        person.looks_at(&window).await;
        person.reloads().await;
        let text = person.finds("return document.body.innerText").await;
        let text = text.as_str().unwrap();
        assert!(text.contains("Ilias, edited") && !text.contains("The Iliad"), "{path}: {text}");
    }
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn back_and_forward_show_what_is_and_unchanged_pages_cost_no_body() {
    let (shop, person) = (Shop::open().await, Person::sits_down().await);
    person.goes_to(&shop.url("/books/1")).await;
    let first = shop.visits();
    assert!(first.iter().all(|visit| (visit.status, visit.is_question) == (200, false)), "{first:?}");
    person.reloads().await;
    let again = shop.visits();
    assert!(again.iter().any(|visit| (visit.status, visit.is_question) == (304, true)), "{again:?}");
    assert!(again.iter().all(|visit| visit.cache.contains("hit")), "by the cache, without the handler: {again:?}");
    person.sees("where it came from", "return document.querySelector('#source').innerText === 'from the cache'").await;

    person.goes_to(&shop.url("/authors/1")).await;
    person.writes("form[action='/authors/1/retitle'] [name=prefix]", "Old: ").await;
    person.sees("the new titles", "return document.body.innerText.includes('Old: The Iliad')").await;
    for _ in 0..3 {
        person.goes_back().await;
        if person.finds("return location.pathname").await == "/books/1" {
            break;
        }
    }
    person
        .sees(
            "the new title on the way back",
            "return document.querySelector('h1').innerText.startsWith('Old: The Iliad')",
        )
        .await;
    shop.visits();
    person.goes_forward().await;
    person.sees("the author", "return location.pathname === '/authors/1'").await;
    person.sees("the new titles", "return document.body.innerText.includes('Old: The Iliad')").await;
    person.goes_back().await;
    person
        .sees(
            "the book",
            "return location.pathname === '/books/1' && document.querySelector('h1').innerText.startsWith('Old: ')",
        )
        .await;
    let moved = shop.visits();
    assert!(moved.iter().all(|visit| visit.status == 304 || visit.cache.contains("hit")), "{moved:?}");
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_laid_out_within_a_wide_and_a_narrow_window() {
    let (shop, person) = (Shop::open().await, Person::sits_down().await);
    for (size, width, height) in [("wide", 1200, 1000), ("narrow", 500, 1000)] {
        person.resizes(width, height).await;
        for (name, path) in [
            ("books", "/"),
            ("book", "/books/1"),
            ("author", "/authors/1"),
            ("stats", "/stats"),
            ("missing", "/nowhere"),
        ] {
            person.goes_to(&shop.url(path)).await;
            person.sees("where it came from", "return !document.querySelector('#told').hidden").await;
            let overflow = person
                .finds("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
                .await;
            assert_eq!(overflow, 0, "{name} is wider than a {size} window");
            assert!(!person.finds(TITLE).await.as_str().unwrap().is_empty());
            picture(&person, &format!("{name}-{size}")).await;
        }
    }
    person.leaves().await;
}
