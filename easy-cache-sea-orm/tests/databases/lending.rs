//! Work that takes longer than a hold lasts, on every kind of database: the connection that is lent to a migration, and statements and
//! COMMITs that wait for a lock.

use std::time::Duration;

use easy_cache_core::{Cache, ManualClock};
use easy_cache_sea_orm::{CachedDb, CachedSelect};
use easy_cache_sql::Dialect;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, TransactionTrait};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::site::{KINDS, Site, author, book, retitled, run};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// A hold of a cache lasts for 30 s by this clock.
struct Slow {
    site: Site,
    clock: ManualClock,
    db: CachedDb,
}

impl Slow {
    async fn new(kind: Dialect) -> Self {
        let (site, clock) = (Site::new(kind).await, ManualClock::new());
        let cache = Cache::builder().clock(clock.clock()).build();
        let db = CachedDb::builder(site.db.inner().clone(), &cache);
        let db = db.model::<book::Entity>().model::<author::Entity>().build();
        Self { site, clock, db }
    }

    /// As the cache has it.
    async fn title(&self) -> String {
        let found = book::Entity::find_by_id(1).one_cached(&self.db).await.unwrap();
        found.map_or_else(|| "none".to_owned(), |book| book.title.clone())
    }

    /// Whether the next read of the title asks the database, which somebody has changed behind the cache's back.
    async fn is_kept(&self, title: &str) -> bool {
        self.site.write(&format!("UPDATE books SET title = '{title}' WHERE id = 1")).await;
        self.title().await != title
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_takes_longer_than_a_hold_lasts_is_held_until_it_is_done() {
    for kind in KINDS {
        let slow = Slow::new(kind).await;
        assert_eq!(slow.title().await, "Emma");
        let migrated = slow.db.with_inner(async |inner: &DatabaseConnection| {
            for step in 0..9 {
                // MariaDB commits before and after each of the first kind; the others may roll them back.
                let column = if kind == Dialect::MySql { "VARCHAR(9)" } else { "TEXT" };
                inner.execute_unprepared(&format!("ALTER TABLE authors ADD COLUMN step_{step} {column}")).await?;
                inner.execute_unprepared(&format!("UPDATE books SET title = 'step {step}' WHERE id = 1")).await?;
                slow.clock.advance(Duration::from_secs(15));
                tokio::task::yield_now().await;
                assert_eq!(slow.title().await, format!("step {step}"), "{kind:?}: nothing is served meanwhile");
            }
            Ok::<_, DbErr>(())
        });
        migrated.await.unwrap();
        assert_eq!(slow.title().await, "step 8", "{kind:?}");
        assert!(slow.is_kept("behind").await, "{kind:?}: nothing is held any more");
        slow.clock.advance(LONG);
        assert!(slow.is_kept("behind again").await, "{kind:?}: nor counts as written later");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_fails_late_has_dropped_what_its_first_steps_changed() {
    for kind in KINDS {
        let slow = Slow::new(kind).await;
        assert_eq!(slow.title().await, "Emma");
        let failed = slow.db.with_inner(async |inner: &DatabaseConnection| {
            inner.execute_unprepared("UPDATE books SET title = 'first' WHERE id = 1").await?;
            slow.clock.advance(LONG);
            tokio::task::yield_now().await;
            inner.execute_unprepared("ALTER TABLE nothing ADD COLUMN step INTEGER").await
        });
        failed.await.unwrap_err();
        assert_eq!(slow.title().await, "first", "{kind:?}");
        assert!(slow.is_kept("behind").await, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_is_dropped_half_way_counts_as_written_at_its_deadline() {
    for kind in KINDS {
        let slow = Slow::new(kind).await;
        assert_eq!(slow.title().await, "Emma");
        let half_way = Notify::new();
        let never = slow.db.with_inner(async |inner: &DatabaseConnection| {
            inner.execute_unprepared("UPDATE books SET title = 'first' WHERE id = 1").await?;
            half_way.notify_one();
            std::future::pending::<Result<(), DbErr>>().await
        });
        tokio::select! {
            _ = never => panic!("it never ends"),
            () = half_way.notified() => {}
        }
        assert_eq!(slow.title().await, "first", "{kind:?}: held");
        assert!(!slow.is_kept("held").await, "{kind:?}: held");
        slow.clock.advance(LONG);
        assert_eq!(slow.title().await, "held", "{kind:?}");
        assert!(slow.is_kept("behind").await, "{kind:?}: from then on all is as before");
    }
}

// The hold is over long before the database answers. What is read meanwhile is as committed, and is dropped when the write ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_waits_longer_than_its_hold_lasts_drops_what_was_read_meanwhile() {
    for kind in KINDS {
        let slow = Slow::new(kind).await;
        assert_eq!(slow.title().await, "Emma");
        let lock = slow.site.other.begin().await.unwrap();
        run(&lock, "UPDATE books SET title = 'locked' WHERE id = 1").await;
        let db = slow.db.clone();
        let write = tokio::spawn(async move { retitled(1, "Slow").update(&db).await });
        let held = async {
            while is_served(&slow).await {
                tokio::task::yield_now().await;
            }
        };
        timeout(LONG, held).await.unwrap();
        slow.clock.advance(LONG);
        assert_eq!(slow.title().await, "Emma", "{kind:?}: as committed");
        assert!(is_served(&slow).await, "{kind:?}: the hold is over");
        assert!(!write.is_finished());
        lock.rollback().await.unwrap();
        write.await.unwrap().unwrap();
        assert_eq!(slow.title().await, "Slow", "{kind:?}");
    }
}

/// Whether the row is served: a witness that carries its tag is found when it has been made.
async fn is_served(slow: &Slow) -> bool {
    let is_found = async || {
        let mut found = true;
        let load = async {
            found = false;
            Some(1)
        };
        slow.db.cache().get_or_compute("witness", load).tags([slow.db.row_tag::<book::Entity>(1)]).await;
        found
    };
    is_found().await || is_found().await
}
