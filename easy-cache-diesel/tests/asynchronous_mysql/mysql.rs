//! What only MariaDB does: refusals without a name, and rows that are returned by a statement that Diesel cannot write.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use diesel::connection::InstrumentationEvent;
use diesel::prelude::*;
use diesel::sql_query;
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use easy_cache_core::{Cache, ManualClock};
use futures_util::StreamExt;

use crate::shop::{Shop, books, retitle};
use crate::suite::lock;

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    id: i32,
}

#[tokio::test]
async fn rows_that_are_returned_before_their_commit_are_not_believed_too_early() {
    let shop = Shop::new();
    let (mut writer, reader) = (shop.behind().await, &mut shop.connection().await);
    let ended = Arc::new(AtomicUsize::new(0));
    let ends = ended.clone();
    writer.set_instrumentation(shop.db.instrumentation().then(move |event: InstrumentationEvent<'_>| {
        ends.fetch_add(usize::from(matches!(event, InstrumentationEvent::FinishQuery { .. })), Ordering::SeqCst);
    }));
    sql_query("SELECT 1").execute(&mut writer).await.unwrap();
    assert_eq!(shop.count(reader).await, 2);
    {
        // More than fits between the server and who does not read it: the statement goes on until somebody does.
        let insert = "INSERT INTO books SELECT seq + 10, repeat('x', 500) FROM seq_1_to_20000 RETURNING id, repeat(title, 8) AS long_title";
        let mut rows = sql_query(insert).load_stream::<Id>(&mut writer).await.unwrap();
        assert!(rows.next().await.unwrap().unwrap().id > 10);
        assert_eq!(AtomicUsize::load(&ended, Ordering::SeqCst), 2, "it is said to have ended");
        assert_eq!(shop.count(reader).await, 2, "and nothing is committed");
        assert!(!shop.keeps("count").await, "and nothing kept");
        while rows.next().await.is_some() {}
    }
    assert_eq!(shop.count(reader).await, 20_002);
    sql_query("SELECT 1").execute(&mut writer).await.unwrap();
    assert_eq!(shop.count(reader).await, 20_002);
    assert!(shop.keeps("count").await);
}

#[tokio::test]
async fn a_connection_that_is_killed_takes_back_what_it_wrote() {
    let shop = Shop::new();
    let (writer, reader) = (&mut shop.connection().await, &mut shop.connection().await);
    assert_eq!(shop.title(reader, 1).await, "Emma");
    writer.batch_execute("BEGIN").await.unwrap();
    retitle(writer, 1, "Never").await.unwrap();
    let id = shop.sql("SELECT trx_mysql_thread_id FROM information_schema.innodb_trx JOIN information_schema.processlist ON processlist.id = trx_mysql_thread_id WHERE db = database()");
    shop.sql(&format!("KILL {id}"));
    writer.batch_execute("COMMIT").await.unwrap_err();
    assert!(!shop.keeps("title:1").await, "nobody knows what became of it");
    assert_eq!(shop.title(reader, 1).await, "Emma");
    assert_eq!(books::table.count().get_result::<i64>(reader).await, Ok(2));
}

#[tokio::test]
async fn a_write_whose_future_is_dropped_breaks_its_connection_and_is_believed_to_happen_until_its_deadline() {
    // case 89
    let clock = ManualClock::new();
    let shop = Shop::with(Cache::builder().clock(clock.clock()).build());
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
    other.batch_execute("COMMIT").await.unwrap();
    // What comes now is the answer to the write, and the driver takes it for nobody's.
    for _ in 0..2 {
        sql_query("SELECT 1").execute(writer).await.unwrap_err();
        shop.title(reader, 1).await;
        assert!(!shop.keeps("title:1").await, "no proof");
    }
    shop.until("SELECT title FROM books WHERE id = 1", "New").await;
    clock.advance(Duration::from_secs(31));
    assert_eq!(shop.title(reader, 1).await, "New");
    assert!(shop.keeps("title:1").await);
}
