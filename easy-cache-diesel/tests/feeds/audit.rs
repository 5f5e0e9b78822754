//! The test mode: what was invalidated, compared with what triggers tell.

use diesel::prelude::*;
use easy_cache_diesel::feed::{Triggers, told, told_async};
use easy_cache_sql::Dialect;

use crate::site::{PgSite, Site, authors, books, watched};

fn missed(site: &Site, work: impl FnOnce(&mut SqliteConnection)) -> Vec<String> {
    let audit = site.db.audit();
    work(&mut site.connection());
    audit.missed(&told(&mut site.other()).unwrap()).iter().map(ToString::to_string).collect()
}

#[test]
fn nothing_is_missed_of_what_goes_through_the_connection() {
    let missed = missed(&Site::new(), |conn| {
        diesel::insert_into(books::table).values((books::title.eq("x"), books::author.eq(1))).execute(conn).unwrap();
        diesel::update(books::table.find(1)).set(books::title.eq("y")).execute(conn).unwrap();
        conn.transaction(|conn| diesel::delete(authors::table).execute(conn)).unwrap();
    });
    assert_eq!(missed, [""; 0]);
}

#[test]
fn a_write_past_the_connection_and_a_cascade_that_nobody_declared_are_named() {
    let site = Site::new();
    let past = missed(&site, |_| site.write("UPDATE books SET title = 'x' WHERE id = 1"));
    assert_eq!(past, ["rows of `books` were updated, and nobody was told"]);

    let site = Site::bare(|builder| builder);
    watched(Triggers::outbox(Dialect::Sqlite)).up().iter().for_each(|sql| site.write(sql));
    let cascade = missed(&site, |conn| assert_eq!(diesel::delete(authors::table).execute(conn), Ok(1)));
    assert_eq!(cascade, ["rows of `books` were deleted, and nobody was told"; 2]);
}

#[tokio::test]
async fn an_asynchronous_connection_is_audited() {
    let site = PgSite::with(Triggers::outbox(Dialect::Postgres));
    let audit = site.db.audit();
    let conn = &mut site.other().await;
    site.db.instrument_async(conn);
    let write = diesel::update(books::table.find(1)).set(books::title.eq("x"));
    diesel_async::RunQueryDsl::execute(write, &mut *conn).await.unwrap();
    assert_eq!(audit.missed(&told_async(conn).await.unwrap()), []);
    let conn = &mut site.other().await;
    let write = diesel::update(books::table.find(2)).set(books::title.eq("y"));
    diesel_async::RunQueryDsl::execute(write, &mut *conn).await.unwrap();
    assert_eq!(audit.missed(&told_async(conn).await.unwrap()).len(), 2, "both, since it is told of both again");
}

#[tokio::test]
async fn a_write_that_returns_rows_on_an_asynchronous_connection_is_known_when_it_has_returned() {
    let site = PgSite::with(Triggers::outbox(Dialect::Postgres));
    let audit = site.db.audit();
    let conn = &mut site.other().await;
    site.db.instrument_async(conn);
    let new = (books::id.eq(3), books::title.eq("Lady Susan"), books::author.eq(1));
    let write = diesel::insert_into(books::table).values(new).returning(books::id);
    assert_eq!(diesel_async::RunQueryDsl::get_result::<i32>(write, &mut *conn).await, Ok(3));
    assert_eq!(audit.missed(&told_async(conn).await.unwrap()), []);
}
