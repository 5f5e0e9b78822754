//! Reads from a real replica of PostgreSQL, which is made to lag: nothing that is built from them is kept longer than the truth.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use easy_cache_core::Cache;
use easy_cache_sea_orm::CachedDb;
use easy_cache_servers::postgres::Database;
use easy_cache_servers::{Postgres, Proxy};
use futures_util::TryStreamExt;
use sea_orm::{ActiveModelTrait, DatabaseConnection, EntityTrait, TransactionTrait};
use tokio::sync::{Mutex, MutexGuard};

use crate::site::{book, connect, retitled};

const PATIENCE: Duration = Duration::from_secs(60);

/// A primary and its replica, with one database. Tests make the replica lag, one after the other.
struct Pair {
    primary: Postgres,
    replica: Postgres,
    database: Database,
    turn: Mutex<()>,
}

fn pair() -> &'static Pair {
    static PAIR: LazyLock<Pair> = LazyLock::new(|| {
        // What a vacuum writes is read by nobody, and lags like everything else.
        let primary = Postgres::options().setting("autovacuum", "off").start();
        let database = primary.database();
        primary.sql(
            &database.name,
            "CREATE TABLE books (id INTEGER PRIMARY KEY, title VARCHAR(50) NOT NULL, author INTEGER NOT NULL)",
        );
        let replica = primary.replica();
        Pair { primary, replica, database, turn: Mutex::default() }
    });
    &PAIR
}

/// The pair, connected for one test, whose turn it is to make the replica lag.
struct Replicated {
    cache: Cache,
    ahead: DatabaseConnection,
    behind: DatabaseConnection,
    /// Leads to the primary, as another connection.
    way: Proxy,
    _turn: MutexGuard<'static, ()>,
}

impl Replicated {
    /// Books 1 and 2, on both.
    async fn new() -> Self {
        let Pair { primary, replica, database, turn } = pair();
        let turn = turn.lock().await;
        replica.resume_replay();
        primary.sql(&database.name, "DELETE FROM books; INSERT INTO books VALUES (1, 'Emma', 1), (2, 'Persuasion', 1)");
        primary.wait_for(replica);
        let behind = connect(&replica.database_named(&database.name).url).await;
        let way = Proxy::before(([127, 0, 0, 1], primary.port()).into());
        Self { cache: Cache::new(), ahead: connect(&database.url).await, behind, way, _turn: turn }
    }

    /// The primary by a way that can be watched.
    async fn watched(&self) -> DatabaseConnection {
        let Pair { primary, database, .. } = pair();
        connect(&database.url.replace(&format!(":{}/", primary.port()), &format!(":{}/", self.way.port()))).await
    }

    fn primary(&self) -> CachedDb {
        CachedDb::builder(self.ahead.clone(), &self.cache).model::<book::Entity>().build()
    }

    /// The replica, of which nobody knows how far it is.
    fn unknown(&self) -> CachedDb {
        CachedDb::builder(self.behind.clone(), &self.cache).model::<book::Entity>().replica().build()
    }

    /// The replica that is compared with the primary.
    fn fenced(&self) -> CachedDb {
        CachedDb::builder(self.behind.clone(), &self.cache).model::<book::Entity>().replica_of(&self.ahead).build()
    }

    async fn retitle(&self, title: &str) {
        retitled(1, title).update(&self.primary()).await.unwrap();
    }

    fn lag(&self) {
        pair().replica.pause_replay();
    }

    fn catch_up(&self) {
        pair().replica.resume_replay();
        pair().primary.wait_for(&pair().replica);
    }

    /// The title of the first book, by the cache, and whether it was read for that.
    async fn title(&self, db: &CachedDb) -> (String, bool) {
        let mut read = false;
        let load = async {
            read = true;
            book::Entity::find_by_id(1).one(db).await.map(|found| found.unwrap().title)
        };
        let title = self.cache.get_or_compute("title", load).await.unwrap();
        (title, read)
    }
}

impl Drop for Replicated {
    fn drop(&mut self) {
        pair().replica.resume_replay();
    }
}

/// A replica may be behind for a moment again, by what the primary writes for itself: sooner or later what is read is kept.
async fn until_kept(site: &Replicated, db: &CachedDb, title: &str) {
    until(async || site.title(db).await == hit(title)).await;
}

async fn until(mut condition: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !condition().await {
        assert!(begun.elapsed() < PATIENCE, "nothing is ever kept");
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
    until_kept(&site, &db, "Emma").await;
    site.lag();
    site.retitle("Changed").await;
    for _ in 0..2 {
        assert_eq!(site.title(&db).await, read("Emma"), "outdated, and not kept");
    }
    site.catch_up();
    assert_eq!(site.title(&db).await, read("Changed"));
    until_kept(&site, &db, "Changed").await;
}

#[tokio::test]
async fn what_is_read_from_a_replica_of_which_nothing_is_known_is_never_kept() {
    let site = Replicated::new().await;
    let db = site.unknown();
    assert_eq!(site.title(&db).await, read("Emma"));
    assert_eq!(site.title(&db).await, read("Emma"));
    assert_eq!(site.title(&site.primary()).await, read("Emma"));
    assert_eq!(site.title(&db).await, hit("Emma"), "what others have computed is served");
}

#[tokio::test]
async fn a_value_that_is_built_from_both_servers_is_kept_only_if_the_replica_had_caught_up() {
    let site = Replicated::new().await;
    let (ahead, db) = (site.primary(), site.fenced());
    let both = async || {
        let mut computed = false;
        let load = async {
            computed = true;
            let here = book::Entity::find_by_id(2).one(&ahead).await?;
            let there = book::Entity::find().all(&db).await?;
            Ok::<_, sea_orm::DbErr>(there.len() + usize::from(here.is_some()))
        };
        site.cache.get_or_compute("both", load).await.unwrap();
        computed
    };
    until(async || !both().await).await;
    site.lag();
    site.retitle("Changed").await;
    assert_eq!((both().await, both().await), (true, true));
    site.catch_up();
    assert!(both().await);
    until(async || !both().await).await;
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
        assert_eq!(site.cache.get_or_compute("streamed", streamed).await.unwrap(), 2);
        assert!(computed);
        let tx = db.begin().await.unwrap();
        let mut computed = false;
        let within = async {
            computed = true;
            book::Entity::find().all(&tx).await.map(|books| books.len())
        };
        assert_eq!(site.cache.get_or_compute("within", within).await.unwrap(), 2);
        assert!(computed);
    }
}

#[tokio::test]
async fn a_primary_that_does_not_answer_costs_what_would_be_kept_and_no_read() {
    let site = Replicated::new().await;
    let primary = site.watched().await;
    let db = CachedDb::builder(site.behind.clone(), &site.cache).replica_of(&primary).build();
    primary.close_by_ref().await.unwrap();
    assert_eq!(site.title(&db).await, read("Emma"));
    assert_eq!(site.title(&db).await, read("Emma"));
}

#[tokio::test]
async fn a_server_that_follows_nobody_is_not_taken_for_a_replica_that_has_caught_up() {
    let site = Replicated::new().await;
    let primary = &site.ahead;
    let db = CachedDb::builder(primary.clone(), &site.cache).replica_of(primary).build();
    assert_eq!(site.title(&db).await, read("Emma"));
    assert_eq!(site.title(&db).await, read("Emma"));
    let turned = CachedDb::builder(primary.clone(), &site.cache).replica_of(&site.behind).build();
    assert_eq!(site.title(&turned).await, read("Emma"), "a replica has no position to ask for");
    assert_eq!(site.title(&turned).await, read("Emma"));
}

/// The pool asks a connection that it gets back whether it is well.
async fn until_quiet(db: &DatabaseConnection) {
    let pool = db.get_postgres_connection_pool();
    while pool.num_idle() < pool.size() as usize {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn the_primary_is_asked_only_if_a_computation_reads() {
    let site = Replicated::new().await;
    let primary = site.watched().await;
    let db = CachedDb::builder(site.behind.clone(), &site.cache).replica_of(&primary).build();
    until_kept(&site, &db, "Emma").await;
    assert!(site.way.meter().trips() > 0);
    until_quiet(&primary).await;
    site.way.meter().reset();
    assert_eq!(site.title(&db).await, hit("Emma"));
    book::Entity::find().all(&db).await.unwrap();
    assert_eq!(site.way.meter().trips(), 0);
}
