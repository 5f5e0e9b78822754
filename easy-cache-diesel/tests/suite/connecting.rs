//! The ways to connect a database, next to what listens already.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::connection::InstrumentationEvent;
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool};
use diesel::{sql_query, update};

use crate::home::{Backend, Conn, SETTING};
use crate::suite::schema::books;
use crate::suite::shop::{Shop, title};

/// What is dropped when the first book changes.
fn dropped_by(shop: &Shop, conn: &mut impl Connect) -> String {
    shop.dropped_by(|| conn.change())
}

trait Connect {
    fn change(&mut self);
}

impl<C> Connect for C
where
    C: diesel::connection::LoadConnection<Backend = Backend>,
{
    fn change(&mut self) {
        update(books::table.find(1)).set(books::author_id.eq(2)).execute(self).unwrap();
    }
}

#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl CustomizeConnection<Conn, diesel::r2d2::Error> for Counted {
    fn on_acquire(&self, conn: &mut Conn) -> Result<(), diesel::r2d2::Error> {
        self.0.fetch_add(1, Ordering::SeqCst);
        sql_query(SETTING).execute(conn)?;
        Ok(())
    }
}

#[test]
fn every_connection_of_a_pool_is_followed() {
    let shop = Shop::new();
    let manager = ConnectionManager::<Conn>::new(shop.url());
    let pool = Pool::builder().max_size(2).connection_customizer(shop.db.customizer()).build(manager).unwrap();
    let (mut first, mut second) = (pool.get().unwrap(), pool.get().unwrap());
    assert_eq!(dropped_by(&shop, &mut first), "books books:1");
    assert_eq!(dropped_by(&shop, &mut second), "books books:1");
    let dropped = shop.dropped_by(|| {
        first.transaction::<_, diesel::result::Error, _>(|c| {
            c.change();
            assert_eq!(shop.dropped(), "");
            Ok(())
        })
    });
    assert_eq!(dropped, "books books:1");
}

#[test]
fn a_pool_keeps_the_customizer_that_it_had_and_what_that_sets() {
    let shop = Shop::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let customizer = shop.db.customizer_after(Counted(Arc::clone(&calls)));
    let manager = ConnectionManager::<Conn>::new(shop.url());
    let pool = Pool::builder().max_size(1).connection_customizer(customizer).build(manager).unwrap();
    let mut conn = pool.get().unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    assert_eq!(title(&shop, &mut conn, 1), "Emma");
    assert!(shop.cache.contains("title:1").wait(), "a setting that all connections share is no state of one");
    assert_eq!(dropped_by(&shop, &mut conn), "books books:1");
}

#[test]
fn a_connection_is_followed_once_however_often_it_is_connected() {
    let shop = Shop::new();
    let conn = &mut shop.behind();
    shop.db.instrument(conn);
    conn.transaction::<_, diesel::result::Error, _>(|conn| {
        shop.db.instrument(conn);
        conn.change();
        Ok(())
    })
    .unwrap();
    assert_eq!(title(&shop, conn, 1), "Emma");
    assert!(shop.cache.contains("title:1").wait(), "the transaction that was open is over");
}

#[test]
fn a_listener_that_panics_harms_nobody_else() {
    let shop = Shop::new();
    let mut conn = shop.behind();
    conn.set_instrumentation(shop.db.instrumentation().then(|event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            assert!(!query.to_string().contains("DELETE"), "a listener that panics");
        }
    }));
    let dropped = shop.dropped_by(|| {
        let panicked =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| diesel::delete(books::table).execute(&mut conn)));
        assert!(panicked.is_err());
        conn.change();
    });
    assert_eq!(dropped, "books books:1 books:*", "nobody saw the statement end, so it may have run");
}
