//! Readers and writers at once: no read that starts after a write was acknowledged may see anything older.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use easy_cache_sea_orm::CachedTx;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, DbErr, EntityTrait, QueryFilter};

use crate::entities::book;
use crate::shop::{Shop, retitled};

const WRITES: i64 = 500;

/// One book's versions: the last that was sent, and the last that was acknowledged.
#[derive(Default)]
struct Version {
    sent: AtomicI64,
    acknowledged: AtomicI64,
}

#[derive(Default)]
struct Ledger {
    books: [Version; 3],
    done: AtomicBool,
    reads: AtomicU64,
    hits: AtomicU64,
}

fn version_of(title: &str) -> i64 {
    title.rsplit_once(" v").map_or(0, |(_, version)| version.parse().unwrap())
}

/// Each in turn: by key with RETURNING, in a transaction, by a filter, and in a transaction that is rolled back.
async fn writer(shop: Arc<Shop>, ledger: Arc<Ledger>, id: i32) {
    let version = &ledger.books[id as usize - 1];
    for n in 1..=WRITES {
        let title = format!("{id} v{n}");
        version.sent.store(n, Ordering::SeqCst);
        match n % 3 {
            0 => {
                retitled(id, &title).update(&shop.db).await.unwrap();
            }
            1 => {
                let change = async |tx: &CachedTx| retitled(id, &title).update(tx).await;
                shop.db.transaction_async(change).await.unwrap();
            }
            _ => {
                let update = book::Entity::update_many().col_expr(book::Column::Title, Expr::value(title.as_str()));
                update
                    .filter(book::Column::Id.lt(id + 1))
                    .filter(book::Column::Id.gt(id - 1))
                    .exec(&shop.db)
                    .await
                    .unwrap();
            }
        }
        version.acknowledged.store(n, Ordering::SeqCst);
        if n % 10 == 0 {
            let undo = async |tx: &CachedTx| {
                retitled(id, &format!("{id} v{}", 10 * WRITES)).update(tx).await?;
                Err::<(), _>(DbErr::Custom("undo".into()))
            };
            shop.db.transaction_async(undo).await.unwrap_err();
        }
    }
}

/// Acknowledged or not: once anybody has seen a version, nothing older is served.
async fn hits_are_what_is_committed(shop: &Shop, id: i32) {
    let committed = book::Entity::find_by_id(id).one(shop.behind()).await.unwrap().unwrap();
    if let Some(hit) = shop.cache.get::<String>(format!("title:{id}")).await {
        let (seen, committed) = (version_of(&hit), version_of(&committed.title));
        assert!(seen >= committed, "a hit on book {id} at version {seen}, {committed} is committed");
    }
}

async fn reader(shop: Arc<Shop>, ledger: Arc<Ledger>, offset: usize) {
    for n in offset.. {
        if ledger.done.load(Ordering::SeqCst) {
            return;
        }
        if n % 3 == 0 {
            hits_are_what_is_committed(&shop, 1 + (n % 9) as i32 / 3).await;
        }
        let floors: Vec<_> = ledger.books.iter().map(|version| version.acknowledged.load(Ordering::SeqCst)).collect();
        let before = shop.statements();
        let titles = match n % 4 {
            0 => shop.titles().await.into_iter().enumerate().collect(),
            id => vec![(id - 1, shop.title(id as i32).await)],
        };
        ledger.hits.fetch_add(u64::from(shop.statements() == before), Ordering::Relaxed);
        for (book, title) in titles {
            let (seen, sent) = (version_of(&title), ledger.books[book].sent.load(Ordering::SeqCst));
            assert!(seen >= floors[book], "book {} at version {seen}, {} was acknowledged", book + 1, floors[book]);
            assert!(seen <= sent, "book {} at version {seen}, but {sent} was the last that was sent", book + 1);
        }
        ledger.reads.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn no_read_sees_less_than_what_was_acknowledged_before_it_began() {
    let (shop, ledger) = (Arc::new(Shop::on_disk().await), Arc::<Ledger>::default());
    let readers: Vec<_> =
        (0..4).map(|offset| tokio::spawn(reader(Arc::clone(&shop), Arc::clone(&ledger), offset))).collect();
    let writers: Vec<_> = (1..=3).map(|id| tokio::spawn(writer(Arc::clone(&shop), Arc::clone(&ledger), id))).collect();
    let mut outcomes = Vec::new();
    for writer in writers {
        outcomes.push(writer.await);
    }
    ledger.done.store(true, Ordering::SeqCst);
    for reader in readers {
        outcomes.push(reader.await);
    }
    outcomes.into_iter().for_each(|outcome| outcome.unwrap());
    let (reads, hits) = (ledger.reads.load(Ordering::Relaxed), ledger.hits.load(Ordering::Relaxed));
    println!("{reads} reads beside {} writes, at least {hits} of them hits", 3 * WRITES);
    assert!(reads > 100 && hits > 0, "{reads} reads, {hits} hits");
    for id in 1..=3 {
        assert_eq!(version_of(&shop.title(id).await), WRITES);
    }
}
