//! Who joins a computation that is under way when a write has returned: what it yields may be from before that.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tokio::sync::Notify;

use crate::shop::{Shop, books};

#[tokio::test]
async fn who_calls_after_a_write_has_returned_gets_nothing_older_from_a_computation_that_was_under_way() {
    let shop = Shop::new();
    let (reader, writer) = (&mut shop.connection().await, &mut shop.connection().await);
    let (has_read, go_on) = (Notify::new(), Notify::new());
    let slow = async {
        let title = books::table.find(1).select(books::title).first::<String>(reader).await;
        has_read.notify_one();
        go_on.notified().await;
        title
    };
    let mut slow = pin!(async { shop.cache.get_or_compute("title:1", slow).await.unwrap() });
    let reading = async {
        tokio::select! {
            _ = &mut slow => panic!("it waits to be told"),
            () = has_read.notified() => {}
        }
    };
    reading.await;

    let written = diesel::update(books::table.find(1)).set(books::title.eq("New")).returning(books::title);
    assert_eq!(written.get_result::<String>(writer).await.unwrap(), "New");
    let another = &mut shop.connection().await;
    let mut follower = pin!(shop.title(another, 1));
    assert_eq!(follower.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending);
    go_on.notify_one();
    assert_eq!(slow.await, "Emma", "it began before");
    assert_eq!(follower.await, "New");
}
