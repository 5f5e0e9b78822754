//! Computations that read on other threads.

use std::thread;

use diesel::prelude::*;
use diesel::update;
use easy_cache_core::{Scope, Tag, scope};

use crate::suite::schema::books;
use crate::suite::shop::{Shop, title};

#[tokio::test]
async fn a_value_that_was_read_in_a_blocking_task_depends_on_what_it_read() {
    let shop = std::sync::Arc::new(Shop::new());
    let page = async || {
        let theirs = std::sync::Arc::clone(&shop);
        let load = async {
            let mut conn = theirs.connection();
            let read = move || books::table.find(1).select(books::title).first::<String>(&mut conn);
            scope::spawn_blocking(read).await.unwrap()
        };
        shop.cache.get_or_compute("page", load).await.unwrap()
    };
    assert_eq!(page().await, "Emma");
    let statements = shop.statements();
    assert_eq!(page().await, "Emma");
    assert_eq!(shop.statements(), statements, "a hit");
    update(books::table.find(1)).set(books::title.eq("New")).execute(&mut shop.connection()).unwrap();
    assert_eq!(page().await, "New");
}

#[test]
fn cached_functions_on_another_thread_bring_their_tags_back() {
    let shop = Shop::new();
    for _ in 0..2 {
        let mut request = Scope::new();
        request.run(|| {
            let carried = scope::carry();
            let work = || carried.run(|| title(&shop, &mut shop.connection(), 1));
            assert_eq!(thread::scope(|threads| threads.spawn(work).join().unwrap()), "Emma");
        });
        assert!(request.tags().contains(&Tag::row("books", 1)), "also on a hit");
    }
}

#[test]
fn what_must_not_be_kept_is_not_kept_on_the_other_side_either() {
    let shop = Shop::new();
    let mut request = Scope::new();
    request.run(|| {
        let carried = scope::carry();
        let change = || update(books::table.find(1)).set(books::author_id.eq(2)).execute(&mut shop.connection());
        thread::scope(|threads| threads.spawn(|| carried.run(change)).join().unwrap()).unwrap();
    });
    assert!(request.is_tainted());
}
