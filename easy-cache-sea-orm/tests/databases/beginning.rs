//! The beginning of a transaction, dropped at each of its awaits, on the only connection of a pool.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use easy_cache_sea_orm::CachedDb;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, EntityTrait, TransactionTrait};

use crate::site::{KINDS, Site, book};

/// Whether the future ended before it was dropped.
async fn ends_within<F: Future>(mut polls: u32, future: F) -> bool {
    let mut future = pin!(future);
    poll_fn(|cx| {
        if polls == 0 {
            return Poll::Ready(false);
        }
        polls -= 1;
        future.as_mut().poll(cx).map(|_| true)
    })
    .await
}

// A driver that is dropped in the middle of BEGIN does not know that a transaction is open.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_begin_that_is_dropped_leaves_no_transaction_open() {
    for kind in KINDS {
        let site = Site::new(kind).await;
        let mut options = ConnectOptions::new(&site.url);
        options.max_connections(1).sqlx_logging(false);
        let db = CachedDb::new(Database::connect(options).await.unwrap(), &site.cache);
        for polls in 1.. {
            let has_ended = ends_within(polls, db.begin()).await;
            let title = format!("after {polls} polls");
            db.execute_unprepared(&format!("UPDATE books SET title = '{title}' WHERE id = 1")).await.unwrap();
            let seen = book::Entity::find_by_id(1).one(&site.other).await.unwrap().unwrap().title;
            assert_eq!(seen, title, "what was written is not committed, in {kind:?}");
            if has_ended {
                break;
            }
        }
    }
}
