//! What only PostgreSQL does: rows that are returned before they are committed, and statements that run at once on one connection.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use diesel::connection::InstrumentationEvent;
use diesel::prelude::*;
use diesel::{insert_into, sql_query, update};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};

use crate::shop::{LONG, Shop, books, retitle};
use crate::suite::lock;

#[tokio::test]
async fn a_write_whose_future_is_dropped_is_believed_to_happen() {
    // case 89
    let shop = Shop::new();
    let (writer, reader) = (&mut shop.connection().await, &mut shop.connection().await);
    assert_eq!(shop.title(reader, 1).await, "Emma");
    let mut other = lock(&shop, 1).await;
    {
        let mut writing = pin!(retitle(writer, 1, "New"));
        tokio::select! {
            biased;
            () = shop.until_blocked(1) => {}
            _ = &mut writing => panic!("the row is locked"),
        }
    }
    assert_eq!(shop.title(reader, 1).await, "Emma", "that is what the database says");
    assert!(!shop.keeps("title:1").await, "and nobody knows for how long");
    {
        // The next statement of its connection waits behind it, and is no proof before it is answered.
        let mut asking = pin!(sql_query("SELECT 1").execute(writer));
        assert!(poll_fn(|cx| Poll::Ready(asking.as_mut().poll(cx).is_pending())).await);
        assert_eq!(shop.title(reader, 1).await, "Emma");
        assert!(!shop.keeps("title:1").await);
        other.batch_execute("COMMIT").await.unwrap();
        asking.await.unwrap();
    }
    assert_eq!(shop.sql("SELECT title FROM books WHERE id = 1"), "New");
    assert_eq!(shop.title(reader, 1).await, "New");
    assert!(shop.keeps("title:1").await);
}

#[tokio::test]
async fn rows_that_are_returned_before_their_commit_are_not_believed_too_early() {
    let shop = Shop::new();
    // The commit waits for a lock, long after the first rows were returned.
    shop.sql("CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END'");
    shop.sql("CREATE CONSTRAINT TRIGGER late AFTER INSERT ON books DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late()");
    let (mut writer, reader) = (shop.behind().await, &mut shop.connection().await);
    let ended = Arc::new(AtomicUsize::new(0));
    let ends = ended.clone();
    writer.set_instrumentation(shop.db.instrumentation().then(move |event: InstrumentationEvent<'_>| {
        ends.fetch_add(usize::from(matches!(event, InstrumentationEvent::FinishQuery { .. })), Ordering::SeqCst);
    }));
    sql_query("SELECT 1").execute(&mut writer).await.unwrap();
    assert_eq!(shop.count(reader).await, 2);
    let mut other = shop.behind().await;
    other.batch_execute("BEGIN; SELECT pg_advisory_xact_lock(1)").await.unwrap();
    let many = (10..310).map(|id| (books::id.eq(id), books::title.eq("x".repeat(400)))).collect::<Vec<_>>();
    let writing = tokio::spawn(async move {
        let rows: Vec<(i32, String)> = insert_into(books::table).values(many).get_results(&mut writer).await.unwrap();
        (writer, rows.len())
    });
    shop.until_blocked(1).await;
    while AtomicUsize::load(&ended, Ordering::SeqCst) < 2 {
        tokio::time::timeout(LONG, tokio::task::yield_now()).await.unwrap();
    }
    assert_eq!(shop.count(reader).await, 2, "it is said to have ended, and nothing is committed");
    assert!(!shop.keeps("count").await, "and nothing kept");
    other.batch_execute("COMMIT").await.unwrap();
    let (mut writer, rows) = writing.await.unwrap();
    assert_eq!((rows, shop.count(reader).await), (300, 302));
    sql_query("SELECT 1").execute(&mut writer).await.unwrap();
    assert_eq!(shop.count(reader).await, 302);
    assert!(shop.keeps("count").await);
}

#[tokio::test]
async fn statements_that_run_at_once_are_told_when_each_of_them_has_ended() {
    let shop = Shop::new();
    let (writer, reader) = (shop.connection().await, &mut shop.connection().await);
    let (mut first_lock, mut second_lock) = (lock(&shop, 1).await, lock(&shop, 2).await);
    let mut first = pin!(async {
        update(books::table.find(1)).set(books::title.eq("A")).execute(&mut &writer).await.unwrap();
    });
    let mut second = pin!(async {
        sql_query("UPDATE books SET title = 'B' WHERE id = 2").execute(&mut &writer).await.unwrap();
    });
    let mut is_first_done = false;
    let both = poll_fn(|cx| {
        if !is_first_done {
            is_first_done = first.as_mut().poll(cx).is_ready();
        }
        let is_second_done = second.as_mut().poll(cx).is_ready();
        assert!(is_first_done || !is_second_done, "one after the other");
        if is_second_done { Poll::Ready(()) } else { Poll::Pending }
    });
    let story = async {
        shop.until_blocked(1).await;
        first_lock.batch_execute("COMMIT").await.unwrap();
        shop.until("SELECT title FROM books WHERE id = 1", "A").await;
        shop.until_blocked(1).await;
        assert_eq!(shop.title(reader, 2).await, "Persuasion");
        assert!(!shop.keeps("title:2").await, "the second has not ended");
        second_lock.batch_execute("COMMIT").await.unwrap();
    };
    tokio::join!(both, story);
    assert_eq!((shop.title(reader, 1).await, shop.title(reader, 2).await), ("A".to_owned(), "B".to_owned()));
}

#[tokio::test]
async fn of_two_writes_with_one_text_that_run_at_once_the_refusal_of_one_hides_nothing_of_the_other() {
    let shop = Shop::new();
    shop.sql("CREATE UNIQUE INDEX titles ON books (title)");
    shop.sql("INSERT INTO books VALUES (3, 'Taken')");
    let (mut writer, reader) = (shop.connection().await, &mut shop.connection().await);
    assert_eq!(
        (shop.title(reader, 1).await, shop.title(reader, 2).await),
        ("Emma".to_owned(), "Persuasion".to_owned())
    );
    let retitle = async |id: i32, title: &str| {
        update(books::table.find(id)).set(books::title.eq(title)).execute(&mut &writer).await
    };
    let (refused, done) = tokio::join!(retitle(1, "Taken"), retitle(2, "Free"));
    assert!(refused.is_err() && done == Ok(1));
    assert_eq!((shop.title(reader, 1).await, shop.title(reader, 2).await), ("Emma".to_owned(), "Free".to_owned()));
    sql_query("SELECT 1").execute(&mut writer).await.unwrap();
    assert_eq!((shop.title(reader, 2).await.as_str(), shop.keeps("title:2").await), ("Free", true));
}

#[tokio::test]
async fn a_write_that_was_made_early_and_runs_late_is_told_when_it_has_ended() {
    let shop = Shop::new();
    let (writer, reader) = (shop.connection().await, &mut shop.connection().await);
    let (first, second) = (&mut &writer, &mut &writer);
    let late = update(books::table.find(1)).set(books::title.eq("Late")).execute(first);
    sql_query("SELECT 1").execute(second).await.unwrap();
    assert_eq!(shop.title(reader, 1).await, "Emma");
    late.await.unwrap();
    assert_eq!(shop.title(reader, 1).await, "Late");
}
