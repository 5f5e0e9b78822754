//! What the text of statements does not show, asked of the database: nothing is declared, and nothing old is served.

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::SimpleAsyncConnection;
use easy_cache_core::Cache;
use easy_cache_diesel::CachedDb;

use crate::site::{PgSite, Site, authors};

/// How many there are by the cache's answer.
fn count(cache: &Cache, conn: &mut SqliteConnection, table: &str) -> i64 {
    let load = || diesel::select(sql::<BigInt>(&format!("(SELECT COUNT(*) FROM {table})"))).get_result::<i64>(conn);
    cache.get_or_compute_sync(format!("count:{table}"), load).wait().unwrap()
}

/// Books and novels before and after their author is deleted.
fn around_a_cascade(site: &Site) -> [i64; 4] {
    let conn = &mut site.connection();
    let before = [count(&site.cache, conn, "books"), count(&site.cache, conn, "novels")];
    diesel::delete(authors::table.find(1)).execute(conn).unwrap();
    [before[0], before[1], count(&site.cache, conn, "books"), count(&site.cache, conn, "novels")]
}

const VIEW: &str = "CREATE VIEW novels AS SELECT * FROM books";

#[test]
fn foreign_keys_and_views_are_found_out() {
    let mut site = Site::bare(|builder| builder);
    site.write(VIEW);
    let builder = CachedDb::builder(&site.cache).model(authors::table);
    site.db = builder.introspect(&mut site.other()).unwrap().build();
    assert_eq!(around_a_cascade(&site), [2, 2, 0, 0]);
}

#[test]
fn a_schema_that_was_not_asked_for_is_not_known() {
    let site = Site::bare(|builder| builder);
    site.write(VIEW);
    assert_eq!(around_a_cascade(&site), [2, 2, 2, 2], "this is what asking is for");
}

#[test]
fn what_triggers_write_is_found_out() {
    let mut site = Site::bare(|builder| builder);
    site.write("CREATE TRIGGER tidy AFTER INSERT ON authors BEGIN DELETE FROM books WHERE id = 1; END");
    site.db = CachedDb::builder(&site.cache).introspect(&mut site.connection()).unwrap().build();
    site.dropped();
    site.connection().batch_execute("INSERT INTO authors VALUES (2)").unwrap();
    assert_eq!(site.dropped(), "authors books books:*");
}

#[tokio::test]
async fn postgres_is_asked_by_an_asynchronous_connection() {
    let site = PgSite::bare();
    let conn = &mut site.other().await;
    let db = CachedDb::<Pg>::builder(&site.cache).introspect_async(conn).await.unwrap().build();
    site.dropped();
    db.instrument_async(conn);
    conn.batch_execute("DELETE FROM authors WHERE id = 1").await.unwrap();
    assert_eq!(site.dropped(), "authors authors:* books books:*");
}
