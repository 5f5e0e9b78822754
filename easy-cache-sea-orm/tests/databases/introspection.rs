//! What the text of statements does not show, asked of each kind of database: nothing is declared, and nothing old is served.

use easy_cache_core::Cache;
use easy_cache_sea_orm::CachedDb;
use sea_orm::{ConnectionTrait, EntityTrait, Statement};

use crate::site::{KINDS, Site, author, book, connect};

/// How many books there are by a query of the caller's, and whether the database was asked.
async fn count(db: &CachedDb, sql: &str) -> (i64, bool) {
    let mut asked = false;
    let load = async {
        asked = true;
        let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
        row.map_or(Ok(0), |row| row.try_get_by_index::<i64>(0))
    };
    let count = db.cache().get_or_compute(sql, load).await.unwrap();
    (count, asked)
}

const BOOKS: &str = "SELECT COUNT(*) FROM books";
const NOVELS: &str = "SELECT COUNT(*) FROM novels";

#[tokio::test(flavor = "multi_thread")]
async fn foreign_keys_and_views_are_found_out() {
    for kind in KINDS {
        let site = Site::new(kind).await;
        site.write("CREATE VIEW novels AS SELECT * FROM books WHERE title <> 'Poems'").await;
        let db = CachedDb::builder(connect(&site.url).await, &Cache::new()).introspect().await.unwrap().build();
        assert_eq!((count(&db, BOOKS).await, count(&db, NOVELS).await), ((2, true), (2, true)), "{kind:?}");
        assert_eq!((count(&db, BOOKS).await, count(&db, NOVELS).await), ((2, false), (2, false)), "{kind:?}");
        book::Entity::delete_by_id(2).exec(&db).await.unwrap();
        assert_eq!(count(&db, NOVELS).await, (1, true), "{kind:?}: the view shows what its table has");
        assert_eq!(count(&db, BOOKS).await, (1, true), "{kind:?}");
        author::Entity::delete_by_id(1).exec(&db).await.unwrap();
        assert_eq!(
            (count(&db, BOOKS).await, count(&db, NOVELS).await),
            ((0, true), (0, true)),
            "{kind:?}: they cascade"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_is_computed_carries_on_every_update() {
    for kind in KINDS {
        let site = Site::new(kind).await;
        site.write("CREATE TABLE shelves (id INT PRIMARY KEY, room INT, code INT GENERATED ALWAYS AS (room + 1) STORED UNIQUE)").await;
        let boxes = "CREATE TABLE boxes (id INT PRIMARY KEY, shelf INT, FOREIGN KEY (shelf) REFERENCES shelves (code) ON UPDATE CASCADE)";
        site.write(boxes).await;
        site.write("INSERT INTO shelves (id, room) VALUES (1, 1)").await;
        site.write("INSERT INTO boxes VALUES (1, 2)").await;
        let db = CachedDb::builder(connect(&site.url).await, &Cache::new()).introspect().await.unwrap().build();
        let moved = "SELECT COUNT(*) FROM boxes WHERE shelf = 6";
        assert_eq!(count(&db, moved).await, (0, true), "{kind:?}");
        db.execute_unprepared("UPDATE shelves SET room = 5").await.unwrap();
        assert_eq!(count(&db, moved).await, (1, true), "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_was_not_asked_for_is_not_known() {
    let site = Site::new(easy_cache_sql::Dialect::Sqlite).await;
    let db = CachedDb::new(connect(&site.url).await, &Cache::new());
    assert_eq!(count(&db, BOOKS).await, (2, true));
    author::Entity::delete_by_id(1).exec(&db).await.unwrap();
    assert_eq!(count(&db, BOOKS).await, (2, false), "this is what asking is for");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_found_where_the_search_path_finds_them() {
    let site = Site::new(easy_cache_sql::Dialect::Postgres).await;
    site.write("CREATE SCHEMA shop; CREATE SCHEMA common").await;
    site.write("CREATE TABLE common.rooms (id INT PRIMARY KEY); INSERT INTO common.rooms VALUES (1)").await;
    site.write("CREATE TABLE shop.shelves (id INT PRIMARY KEY, room INT REFERENCES common.rooms ON DELETE CASCADE)")
        .await;
    site.write("CREATE TABLE shop.boxes (id INT PRIMARY KEY, shelf INT REFERENCES shop.shelves ON DELETE CASCADE)")
        .await;
    site.write("INSERT INTO shop.shelves VALUES (1, 1), (2, 1); INSERT INTO shop.boxes VALUES (1, 1), (2, 2)").await;
    let mut options = sea_orm::ConnectOptions::new(&site.url);
    options.set_schema_search_path("shop,common");
    let connection = sea_orm::Database::connect(options).await.unwrap();
    let db = CachedDb::builder(connection, &Cache::new()).introspect().await.unwrap().build();
    for (write, left) in [
        ("DELETE FROM shelves WHERE id = 2", 1),
        ("DELETE FROM shop.shelves WHERE id = 7", 1),
        ("DELETE FROM rooms", 0),
    ] {
        count(&db, "SELECT COUNT(*) FROM boxes").await;
        db.execute_unprepared(write).await.unwrap();
        assert_eq!(count(&db, "SELECT COUNT(*) FROM boxes").await, (left, true), "{write}");
    }
}
