//! Transactions and savepoints of Diesel: nothing is told before the outermost COMMIT, and nothing of what was rolled back.

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::prelude::*;
use diesel::result::Error;
use diesel::{delete, insert_into, update};
use easy_cache_core::ecached;
use easy_cache_core::{Cache, Scope};
use easy_cache_diesel::{CachedConn, without_cache};

use crate::home::{Conn, writing};
use crate::suite::schema::{authors, books, loan, loans, new_book};
use crate::suite::shop::{Shop, title};

fn retitle(c: &mut Conn, id: i32, title: &str) {
    update(books::table.find(id)).set(books::title.eq(title)).execute(c).unwrap();
}

#[test]
fn nothing_is_dropped_before_the_commit_and_everything_after_it() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    shop.watch();
    c.transaction::<_, Error, _>(|c| {
        retitle(c, 1, "New");
        insert_into(loans::table).values(loan(2, 8)).execute(c)?;
        assert_eq!(shop.dropped(), "");
        Ok(())
    })
    .unwrap();
    assert_eq!(shop.dropped(), "books books:1 loans");
}

#[test]
fn a_rollback_drops_nothing() {
    // case 79
    let shop = Shop::new();
    let c = &mut shop.connection();
    let dropped = shop.dropped_by(|| {
        let result = c.transaction::<(), Error, _>(|c| {
            retitle(c, 1, "New");
            Err(Error::RollbackTransaction)
        });
        assert_eq!(result, Err(Error::RollbackTransaction));
    });
    assert_eq!(dropped, "");
}

#[test]
fn a_panic_in_a_transaction_drops_nothing_while_the_transaction_is_open() {
    let shop = Shop::new();
    let mut conn = shop.connection();
    shop.watch();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        conn.transaction::<(), Error, _>(|c| {
            retitle(c, 1, "New");
            panic!("in the middle");
        })
    }));
    assert!(panicked.is_err());
    drop(conn);
    assert_eq!(shop.dropped(), "", "what was open is rolled back");
}

#[test]
fn what_a_savepoint_rolled_back_is_not_dropped() {
    // case 75
    let shop = Shop::new();
    let c = &mut shop.connection();
    let dropped = shop.dropped_by(|| {
        c.transaction::<_, Error, _>(|c| {
            retitle(c, 2, "New");
            let inner = c.transaction::<(), Error, _>(|c| {
                delete(authors::table).execute(c)?;
                Err(Error::RollbackTransaction)
            });
            assert!(inner.is_err());
            c.transaction::<_, Error, _>(|c| insert_into(loans::table).values(loan(1, 8)).execute(c))
        })
    });
    assert_eq!(dropped, "books books:2 loans");
}

#[test]
fn what_a_released_savepoint_wrote_is_rolled_back_with_the_transaction() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    let dropped = shop.dropped_by(|| {
        c.transaction::<(), Error, _>(|c| {
            c.transaction::<_, Error, _>(|c| delete(books::table).execute(c))?;
            Err(Error::RollbackTransaction)
        })
    });
    assert_eq!(dropped, "");
}

#[test]
fn savepoints_in_savepoints_are_told_apart_although_their_names_come_again() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    let dropped = shop.dropped_by(|| {
        c.transaction::<_, Error, _>(|c| {
            for (id, keep) in [(1, false), (2, true)] {
                let _ = c.transaction::<(), Error, _>(|c| {
                    let _ = c.transaction::<(), Error, _>(|c| {
                        delete(loans::table).execute(c)?;
                        Err(Error::RollbackTransaction)
                    });
                    retitle(c, id, "New");
                    if keep { Ok(()) } else { Err(Error::RollbackTransaction) }
                });
            }
            Ok(())
        })
    });
    assert_eq!(dropped, "books books:2");
}

#[test]
fn all_ways_to_begin_are_followed() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    let dropped = shop.dropped_by(|| {
        writing(c, |c| {
            retitle(c, 1, "A");
            assert_eq!(shop.dropped(), "");
            Ok(())
        })
    });
    assert_eq!(dropped, "books books:1");
    let dropped = shop.dropped_by(|| {
        AnsiTransactionManager::begin_transaction(c).unwrap();
        retitle(c, 2, "B");
        assert_eq!(shop.dropped(), "");
        AnsiTransactionManager::commit_transaction(c).unwrap();
    });
    assert_eq!(dropped, "books books:2");
}

#[test]
fn a_test_transaction_never_commits_so_nothing_is_ever_dropped() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    c.begin_test_transaction().unwrap();
    assert_eq!(shop.dropped_by(|| delete(books::table).execute(c)), "");
}

#[test]
fn after_a_transaction_everything_is_as_before() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    c.transaction::<_, Error, _>(|c| delete(loans::table).execute(c)).unwrap();
    assert_eq!(shop.dropped_by(|| retitle(c, 1, "New")), "books books:1", "an autocommit write is told at once");
    assert_eq!(title(&shop, c, 1), "New");
    assert_eq!(shop.statements_of(|| title(&shop, c, 1)), 0, "reads are kept");
}

#[test]
fn what_is_read_in_a_transaction_is_not_kept() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    c.transaction::<(), Error, _>(|c| {
        retitle(c, 1, "Never");
        assert_eq!(title(&shop, c, 1), "Never");
        Err(Error::RollbackTransaction)
    })
    .unwrap_err();
    assert_eq!(title(&shop, c, 1), "Emma");
}

#[test]
fn a_scope_around_a_transaction_is_tainted() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    let mut scope = Scope::new();
    scope.run(|| c.transaction::<_, Error, _>(|c| books::table.count().get_result::<i64>(c))).unwrap();
    assert!(scope.is_tainted());
}

#[ecached("books:count", skip(conn), cache = cache)]
fn count_books(cache: &Cache, conn: &mut CachedConn<'_, Conn>) -> QueryResult<i64> {
    books::table.count().get_result(&mut **conn)
}

#[test]
fn a_cached_function_that_is_given_a_connection_computes_in_a_transaction() {
    // case 80
    let shop = Shop::new();
    let c = &mut shop.connection();
    let count = |c: &mut Conn| count_books(&shop.cache, &mut CachedConn::of(c)).unwrap();
    assert_eq!(count(c), 2);
    assert_eq!(shop.statements_of(|| count(c)), 0);
    c.transaction::<(), Error, _>(|c| {
        insert_into(books::table).values(new_book("Third")).execute(c)?;
        assert_eq!(count(c), 3);
        Err(Error::RollbackTransaction)
    })
    .unwrap_err();
    assert_eq!(shop.statements_of(|| assert_eq!(count(c), 2)), 0);
    let stranger = &mut shop.behind();
    assert!(shop.cache.contains("books:count").wait());
    delete(books::table).execute(stranger).unwrap();
    assert_eq!(count(stranger), 0, "nobody would tell when it changes, so it is not answered from the cache");
}

#[test]
fn a_transaction_without_cache_sees_its_own_writes_in_every_cached_function() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    assert_eq!(title(&shop, c, 1), "Emma");
    c.transaction::<(), Error, _>(|c| {
        without_cache(|| {
            retitle(c, 1, "Never");
            assert_eq!(title(&shop, c, 1), "Never");
        });
        Err(Error::RollbackTransaction)
    })
    .unwrap_err();
    assert_eq!(shop.statements_of(|| assert_eq!(title(&shop, c, 1), "Emma")), 0);
}
