//! Reads from a real replica of PostgreSQL, which is made to lag: nothing that is built from them is kept longer than the truth.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use easy_cache_core::Cache;
use easy_cache_sea_orm::CachedDb;
use easy_cache_servers::{Postgres, Proxy};
use easy_cache_sql::Dialect;
use futures_util::TryStreamExt;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, DatabaseConnection, EntityTrait, TransactionTrait};

use crate::site::{Site, book, connect};

/// A replica of the server that all tests share. Tests make it lag, one after the other.
struct Follower {
    server: Postgres,
    turn: Mutex<()>,
}

fn follower() -> &'static Follower {
    static FOLLOWER: LazyLock<Follower> =
        LazyLock::new(|| Follower { server: Postgres::shared().replica(), turn: Mutex::new(()) });
    &FOLLOWER
}

/// A database on the primary, the same on the replica, and the turn of this test to make the replica lag.
struct Replicated {
    primary: Site,
    behind: DatabaseConnection,
    _turn: MutexGuard<'static, ()>,
}

impl Replicated {
    async fn new() -> Self {
        let follower = follower();
        let turn = follower.turn.lock().unwrap_or_else(PoisonError::into_inner);
        follower.server.resume_replay();
        let primary = Site::new(Dialect::Postgres).await;
        Postgres::shared().wait_for(&follower.server);
        let name = primary.url.rsplit('/').next().unwrap();
        let behind = connect(&follower.server.database_named(name).url).await;
        Self { primary, behind, _turn: turn }
    }

    /// Another connection to the primary, by a way that can be watched.
    async fn primary_behind_a_proxy(&self) -> (DatabaseConnection, Proxy) {
        let port = Postgres::shared().port();
        let way = Proxy::before(([127, 0, 0, 1], port).into());
        let url = self.primary.url.replace(&format!(":{port}/"), &format!(":{}/", way.port()));
        (connect(&url).await, way)
    }

    fn cache(&self) -> &Cache {
        &self.primary.cache
    }

    /// The replica, of which nobody knows how far it is.
    fn unknown(&self) -> CachedDb {
        CachedDb::builder(self.behind.clone(), self.cache()).model::<book::Entity>().replica().build()
    }

    /// The replica that is compared with the primary.
    fn fenced(&self) -> CachedDb {
        let primary = self.primary.db.inner();
        CachedDb::builder(self.behind.clone(), self.cache()).model::<book::Entity>().replica_of(primary).build()
    }

    async fn retitle(&self, title: &str) {
        let book = book::ActiveModel { id: Set(1), title: Set(title.into()) };
        book.update(&self.primary.db).await.unwrap();
    }

    fn lag(&self) {
        follower().server.pause_replay();
    }

    fn catch_up(&self) {
        follower().server.resume_replay();
        Postgres::shared().wait_for(&follower().server);
    }

    /// The title of the first book, by the cache, and whether it was read for that.
    async fn title(&self, db: &CachedDb) -> (String, bool) {
        let mut read = false;
        let load = async {
            read = true;
            book::Entity::find_by_id(1).one(db).await.map(|found| found.unwrap().title)
        };
        let title = self.cache().get_or_compute("title", load).await.unwrap();
        (title, read)
    }
}

impl Drop for Replicated {
    fn drop(&mut self) {
        follower().server.resume_replay();
    }
}

fn read(title: &str) -> (String, bool) {
    (title.to_owned(), true)
}

fn hit(title: &str) -> (String, bool) {
    (title.to_owned(), false)
}

// case 88
#[tokio::test]
async fn what_is_read_from_a_replica_that_lags_is_not_kept() {
    let site = Replicated::new().await;
    let db = site.fenced();
    assert_eq!(site.title(&db).await, read("Emma"));
    assert_eq!(site.title(&db).await, hit("Emma"), "it had caught up");
    site.lag();
    site.retitle("Changed").await;
    for _ in 0..2 {
        assert_eq!(site.title(&db).await, read("Emma"), "outdated, and not kept");
    }
    site.catch_up();
    assert_eq!(site.title(&db).await, read("Changed"));
    assert_eq!(site.title(&db).await, hit("Changed"));
}

#[tokio::test]
async fn what_is_read_from_a_replica_of_which_nothing_is_known_is_never_kept() {
    let site = Replicated::new().await;
    let db = site.unknown();
    assert_eq!(site.title(&db).await, read("Emma"));
    assert_eq!(site.title(&db).await, read("Emma"));
    assert_eq!(site.title(&site.primary.db).await, read("Emma"));
    assert_eq!(site.title(&db).await, hit("Emma"), "what others have computed is served");
}

#[tokio::test]
async fn a_value_that_is_built_from_both_servers_is_kept_only_if_the_replica_had_caught_up() {
    let site = Replicated::new().await;
    let db = site.fenced();
    let both = async || {
        let mut computed = false;
        let load = async {
            computed = true;
            let here = book::Entity::find_by_id(2).one(&site.primary.db).await?;
            let there = book::Entity::find().all(&db).await?;
            Ok::<_, sea_orm::DbErr>(there.len() + usize::from(here.is_some()))
        };
        site.cache().get_or_compute("both", load).await.unwrap();
        computed
    };
    assert_eq!((both().await, both().await), (true, false));
    site.lag();
    site.retitle("Changed").await;
    assert_eq!((both().await, both().await), (true, true));
    site.catch_up();
    assert_eq!((both().await, both().await), (true, false));
}

#[tokio::test]
async fn streams_and_transactions_on_a_replica_are_never_kept() {
    let site = Replicated::new().await;
    let db = site.fenced();
    for _ in 0..2 {
        let mut computed = false;
        let streamed = async {
            computed = true;
            let books = book::Entity::find().stream(&db).await?.try_collect::<Vec<_>>().await?;
            Ok::<_, sea_orm::DbErr>(books.len())
        };
        assert_eq!(site.cache().get_or_compute("streamed", streamed).await.unwrap(), 2);
        assert!(computed);
        let tx = db.begin().await.unwrap();
        let mut computed = false;
        let within = async {
            computed = true;
            book::Entity::find().all(&tx).await.map(|books| books.len())
        };
        assert_eq!(site.cache().get_or_compute("within", within).await.unwrap(), 2);
        assert!(computed);
    }
}

#[tokio::test]
async fn a_primary_that_does_not_answer_costs_what_would_be_kept_and_no_read() {
    let site = Replicated::new().await;
    let (primary, _way) = site.primary_behind_a_proxy().await;
    let db = CachedDb::builder(site.behind.clone(), site.cache()).replica_of(&primary).build();
    primary.close_by_ref().await.unwrap();
    assert_eq!(site.title(&db).await, read("Emma"));
    assert_eq!(site.title(&db).await, read("Emma"));
}

#[tokio::test]
async fn a_server_that_follows_nobody_is_not_taken_for_a_replica_that_has_caught_up() {
    let site = Replicated::new().await;
    let primary = site.primary.db.inner();
    let db = CachedDb::builder(primary.clone(), site.cache()).replica_of(primary).build();
    assert_eq!(site.title(&db).await, read("Emma"));
    assert_eq!(site.title(&db).await, read("Emma"));
    let turned = CachedDb::builder(primary.clone(), site.cache()).replica_of(&site.behind).build();
    assert_eq!(site.title(&turned).await, read("Emma"), "a replica has no position to ask for");
    assert_eq!(site.title(&turned).await, read("Emma"));
}

#[tokio::test]
async fn the_primary_is_asked_only_if_a_computation_reads() {
    let site = Replicated::new().await;
    let (primary, way) = site.primary_behind_a_proxy().await;
    let db = CachedDb::builder(site.behind.clone(), site.cache()).replica_of(&primary).build();
    assert_eq!(site.title(&db).await, read("Emma"));
    assert!(way.meter().trips() > 0);
    way.meter().reset();
    assert_eq!(site.title(&db).await, hit("Emma"));
    book::Entity::find().all(&db).await.unwrap();
    assert_eq!(way.meter().trips(), 0);
}
