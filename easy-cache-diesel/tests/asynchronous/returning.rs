//! Writes that return rows outside of a transaction: they are said to have ended when the first row is there, before their COMMIT.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use easy_cache_core::{Cache, Verdict};

use crate::home::Conn;
use crate::shop::{Shop, books};

/// As applications write it.
async fn rename(conn: &mut Conn, title: &str) -> String {
    let written = diesel::update(books::table.find(1)).set(books::title.eq(title)).returning(books::title);
    written.get_result::<String>(conn).await.unwrap()
}

#[tokio::test]
async fn it_is_held_until_its_connection_has_answered_again_and_then_invalidated() {
    let shop = Shop::new();
    let (reader, writer) = (&mut shop.connection().await, &mut shop.connection().await);
    assert_eq!(shop.title(reader, 1).await, "Emma");

    assert_eq!(rename(writer, "New").await, "New");
    let verdict = shop.cache.explain("title:1").verdict;
    assert!(matches!(verdict, Verdict::Held { .. }), "invalidated at its end, and not twice: {verdict:?}");
    assert_eq!(shop.title(reader, 1).await, "New");
    assert!(!shop.keeps("title:1").await);

    assert_eq!(shop.title(writer, 2).await, "Persuasion");
    assert_eq!(shop.title(reader, 1).await, "New");
    assert!(shop.keeps("title:1").await);
}

#[tokio::test]
async fn caches_in_front_which_know_of_no_hold_hear_of_it_when_it_has_returned_and_once_more_at_its_end() {
    let told = Arc::new(AtomicUsize::new(0));
    let counted = told.clone();
    let cache = Cache::builder().on_invalidated(move |_| _ = counted.fetch_add(1, Ordering::SeqCst)).build();
    let shop = Shop::with(cache);
    let writer = &mut shop.connection().await;
    rename(writer, "New").await;
    assert_eq!(AtomicUsize::load(&told, Ordering::SeqCst), 1);
    shop.title(writer, 2).await;
    assert_eq!(AtomicUsize::load(&told, Ordering::SeqCst), 2);
}
