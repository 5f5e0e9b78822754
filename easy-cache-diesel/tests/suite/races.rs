//! Readers and writers at once, each step where a barrier puts it.

use std::sync::Barrier;
use std::thread;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::{sql_query, update};

use crate::home::{Conn, SNAPSHOT, writing};
use crate::suite::schema::books;
use crate::suite::shop::{Shop, title};

fn retitle(c: &mut Conn, id: i32, title: &str) {
    update(books::table.find(id)).set(books::title.eq(title)).execute(c).unwrap();
}

/// Reads a title in a cached computation that has read before `between` happens, and ends after it.
fn read_before(shop: &Shop, c: &mut Conn, between: impl FnOnce()) -> String {
    let load = || {
        let title = books::table.find(1).select(books::title).first::<String>(c);
        between();
        title
    };
    shop.cache.get_or_compute_sync("title:1", load).wait().unwrap()
}

#[test]
fn what_was_read_before_a_write_is_not_kept_after_it() {
    // case 85
    let shop = Shop::new();
    let (reader, writer) = (&mut shop.connection(), &mut shop.connection());
    assert_eq!(read_before(&shop, reader, || retitle(writer, 1, "New")), "Emma");
    assert_eq!(title(&shop, reader, 1), "New");
    assert_eq!(shop.statements_of(|| title(&shop, reader, 1)), 0);
}

#[test]
fn what_was_read_before_a_commit_is_not_kept_after_it() {
    let shop = Shop::new();
    let (reader, writer) = (&mut shop.connection(), &mut shop.connection());
    let (written, read, committed) = (Barrier::new(2), Barrier::new(2), Barrier::new(2));
    thread::scope(|threads| {
        threads.spawn(|| {
            let result = writer.transaction::<_, Error, _>(|c| {
                retitle(c, 1, "New");
                written.wait();
                read.wait();
                Ok(())
            });
            result.unwrap();
            committed.wait();
        });
        written.wait();
        let old = read_before(&shop, reader, || {
            read.wait();
            committed.wait();
        });
        assert_eq!(old, "Emma", "the transaction was open when this was read");
        assert_eq!(title(&shop, reader, 1), "New");
    });
}

#[test]
fn what_was_read_before_a_bulk_write_is_not_kept_after_it() {
    // case 86
    let shop = Shop::new();
    let (reader, writer) = (&mut shop.connection(), &mut shop.connection());
    let bulk = "UPDATE books SET title = concat(title, '!')";
    assert_eq!(read_before(&shop, reader, || writer.batch_execute(bulk).unwrap()), "Emma");
    assert_eq!(title(&shop, reader, 1), "Emma!");
}

#[test]
fn nothing_is_served_while_the_database_commits() {
    let shop = Shop::new();
    let writer = &mut shop.connection();
    shop.watch();
    let during = std::sync::Arc::new(parking_lot::Mutex::new(Vec::new()));
    let (seen, cache) = (during.clone(), shop.cache.clone());
    writer.set_instrumentation(shop.db.instrumentation().then(
        move |_: diesel::connection::InstrumentationEvent<'_>| {
            seen.lock().push(cache.contains("witness:books:1").wait());
        },
    ));
    writer.transaction::<_, Error, _>(|c| update(books::table.find(1)).set(books::author_id.eq(2)).execute(c)).unwrap();
    let served = during.lock().clone();
    // What is called behind ours sees the transaction begin (three events), the write (with the caching of its statement),
    // and the COMMIT: announced, started, finished.
    let [.., announced, started, finished] = served.as_slice() else { panic!("{served:?}") };
    assert_eq!([*announced, *started, *finished], [true, false, false], "{served:?}");
}

#[test]
fn an_older_snapshot_is_not_kept() {
    // case 87
    let shop = Shop::new();
    let (reader, writer) = (&mut shop.connection(), &mut shop.connection());
    reader.batch_execute(SNAPSHOT).unwrap();
    retitle(writer, 1, "New");
    assert_eq!(title(&shop, reader, 1), "Emma", "that is what this transaction sees");
    reader.batch_execute("COMMIT").unwrap();
    assert_eq!(title(&shop, reader, 1), "New");
}

#[test]
fn another_thread_sees_what_is_committed_and_nothing_else() {
    // case 74 and 81
    let shop = Shop::new();
    let (reader, writer) = (&mut shop.connection(), &mut shop.connection());
    assert_eq!(title(&shop, reader, 1), "Emma");
    writer
        .transaction::<_, Error, _>(|c| {
            retitle(c, 1, "New");
            assert_eq!(shop.statements_of(|| assert_eq!(title(&shop, reader, 1), "Emma")), 0);
            Ok(())
        })
        .unwrap();
    assert_eq!(title(&shop, reader, 1), "New");
}

/// A call that starts after a write has returned gets that write, or a later one: many threads, and the numbers only grow.
#[test]
fn no_reader_ever_goes_back_in_time() {
    const WRITES: i32 = 150;
    let shop = Shop::new();
    shop.behind().batch_execute("ALTER TABLE books ADD COLUMN n INTEGER NOT NULL DEFAULT 0").unwrap();
    let committed = std::sync::atomic::AtomicI32::new(0);
    let order = std::sync::atomic::Ordering::SeqCst;
    let start = Barrier::new(4);
    thread::scope(|threads| {
        threads.spawn(|| {
            let c = &mut shop.connection();
            start.wait();
            for number in 1..=WRITES {
                let write = |c: &mut Conn| {
                    sql_query(format!("UPDATE books SET n = {number} WHERE id = 1")).execute(c).map(|_| ())
                };
                match number % 3 {
                    0 => write(c).unwrap(),
                    1 => writing(c, write).unwrap(),
                    _ => writing(c, |c| {
                        let undone = c.transaction::<(), Error, _>(|c| {
                            sql_query("DELETE FROM books").execute(c)?;
                            Err(Error::RollbackTransaction)
                        });
                        assert!(undone.is_err());
                        c.transaction(write)
                    })
                    .unwrap(),
                }
                committed.store(number, order);
            }
        });
        for _ in 0..3 {
            threads.spawn(|| {
                let c = &mut shop.connection();
                start.wait();
                loop {
                    let least = committed.load(order);
                    let load =
                        || sql_query("SELECT n FROM books WHERE id = 1").get_result::<Number>(c).map(|row| row.n);
                    let found = shop.cache.get_or_compute_sync("n", load).wait().unwrap();
                    assert!(found >= least, "{found} was served after {least} was committed");
                    if least == WRITES {
                        break;
                    }
                }
            });
        }
    });
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    n: i32,
}
