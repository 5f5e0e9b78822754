//! A relay over synchronous connections of this database: what another program writes is dropped, exactly; one that has a name, over a store that
//! outlives it, reads on where the last one stopped, unless that was another namespace's.

use diesel::connection::SimpleConnection;
use easy_cache_core::Cache;
use easy_cache_core::testing::MemoryPlainStore;
use easy_cache_diesel::feed::{Relay, Triggers};
use easy_cache_diesel::{CachedDb, Database};
use easy_cache_sql::KeyColumn;

use crate::home::Backend;
use crate::suite::schema::{authors, books};
use crate::suite::shop::{Shop, witnesses};

/// Another program makes the triggers, as a migration does.
fn with_triggers() -> Shop {
    let shop = Shop::new();
    let id = || [KeyColumn::integer("id")];
    let triggers = Triggers::outbox(Backend::DIALECT).table("authors", id()).never_replaced();
    for sql in triggers.table("books", id()).never_replaced().up() {
        shop.behind().batch_execute(&sql).unwrap();
    }
    shop
}

fn write(shop: &Shop, sql: &str) {
    shop.behind().batch_execute(sql).unwrap();
}

fn relay(shop: &Shop, db: &CachedDb<Backend>) -> Relay {
    let url = shop.url();
    Relay::of(db, move || <crate::home::Conn as diesel::Connection>::establish(&url))
}

#[test]
fn what_another_program_writes_is_dropped_and_nothing_else() {
    let shop = with_triggers();
    let mut relay = relay(&shop, &shop.db);
    relay.look().unwrap();
    for (sql, changes, expected) in [
        ("UPDATE books SET title = 'x' WHERE id = 1", 1, "books books:1"),
        ("UPDATE books SET title = 'never' WHERE id = 77", 0, ""),
        ("BEGIN; UPDATE books SET title = 'never' WHERE id = 2; ROLLBACK", 0, ""),
        ("DELETE FROM books WHERE id = 2", 1, "books books:2"),
    ] {
        write(&shop, sql);
        let dropped = shop.dropped_by(|| assert_eq!(relay.look().unwrap(), changes, "{sql}"));
        assert_eq!(dropped, expected, "{sql}");
    }
}

#[test]
fn one_with_a_name_reads_on_where_the_last_of_its_namespace_stopped() {
    let (shop, store) = (with_triggers(), MemoryPlainStore::default());
    let process = |namespace: &str| {
        let cache = Cache::builder().namespace(namespace).plain_store(store.clone()).build();
        // The first call in a namespace finds nothing in order yet, and is not kept.
        cache.set("first", 1).wait();
        let db = CachedDb::<Backend>::builder(&cache).model(authors::table).model(books::table).build();
        (relay(&shop, &db).named("shop"), cache)
    };
    let (mut first, _) = process("shop");
    first.look().unwrap();
    write(&shop, "UPDATE books SET title = 'x' WHERE id = 1");
    assert_eq!(first.look().unwrap(), 1);
    drop(first);

    write(&shop, "UPDATE books SET title = 'while nobody listens' WHERE id = 2");
    let (mut next, cache) = process("shop");
    let dropped = witnesses(&cache, || assert_eq!(next.look().unwrap(), 1));
    assert_eq!(dropped, "books books:2");

    write(&shop, "UPDATE books SET title = 'y' WHERE id = 2");
    let (mut other, cache) = process("Shop");
    // On MariaDB one that begins reads again what it need not.
    let dropped = witnesses(&cache, || other.look().unwrap());
    assert!(dropped.contains("authors") && dropped.contains("books:1"), "all that is there: {dropped}");
}
