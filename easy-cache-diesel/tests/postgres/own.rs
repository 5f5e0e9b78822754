//! What only PostgreSQL does: `COPY`, rows one by one, transactions that an error ends, types that Diesel has to ask for, and commits
//! that take their time.

use std::io::Write;
use std::sync::Arc;
use std::thread;

use diesel::connection::{InstrumentationEvent, SimpleConnection};
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::pg::{CopyFormat, Pg, PgRowByRowLoadingMode};
use diesel::prelude::*;
use diesel::query_builder::QueryId;
use diesel::result::Error;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::SqlType;
use diesel::{copy_from, copy_to, delete, insert_into, sql_query, update};
use easy_cache_core::{Scope, Tag};
use parking_lot::Mutex;

use crate::home::{Conn, server};
use crate::suite::schema::{Book, book, books, loans};
use crate::suite::shop::{Shop, title, titles};

#[test]
fn rows_that_are_copied_drop_their_table() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    assert_eq!(titles(&shop, c), ["Emma", "Persuasion"]);
    let dropped = shop.dropped_by(|| {
        let rows = vec![
            (books::id.eq(10), books::title.eq("Ten"), books::author_id.eq(1)),
            (books::id.eq(11), books::title.eq("Eleven"), books::author_id.eq(1)),
        ];
        assert_eq!(copy_from(books::table).from_insertable(rows).execute(c), Ok(2));
    });
    assert!(dropped.starts_with("books "), "{dropped}");
    let raw = |c: &mut Conn, id: i32| {
        let rows = format!("{id},Raw {id},1\n");
        copy_from(books::table)
            .from_raw_data(books::table, move |to| {
                to.write_all(rows.as_bytes()).map_err(|error| Error::SerializationError(error.into()))
            })
            .with_format(CopyFormat::Csv)
            .execute(c)
    };
    assert!(shop.dropped_by(|| raw(c, 12).unwrap()).starts_with("books "));
    assert_eq!(titles(&shop, c), ["Emma", "Persuasion", "Ten", "Eleven", "Raw 12"]);
    let dropped = shop.dropped_by(|| {
        c.transaction::<_, Error, _>(|c| {
            raw(c, 13)?;
            assert_eq!(shop.dropped(), "");
            Ok(())
        })
    });
    assert!(dropped.starts_with("books "), "{dropped}");
    raw(c, 13).unwrap_err();
    assert_eq!(titles(&shop, c).len(), 6);
}

#[test]
fn what_is_copied_out_is_no_write() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    let dropped = shop.dropped_by(|| drop(copy_to(books::table).with_format(CopyFormat::Csv).load_raw(c).unwrap()));
    assert_eq!(dropped, "");
}

#[test]
fn rows_that_are_read_one_by_one_from_the_server_are_a_dependency_and_a_write_once_they_are_all_read() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    let mut scope = Scope::new();
    let read = |c: &mut Conn| books::table.load_iter::<Book, PgRowByRowLoadingMode>(c).unwrap().count();
    assert_eq!(scope.run(|| read(c)), 2);
    assert_eq!((scope.tags(), scope.is_tainted()), (vec![Tag::table("books")], false));
    let dropped = shop.dropped_by(|| {
        let changing = update(books::table).set(books::author_id.eq(2)).returning(books::id);
        let mut rows = changing.load_iter::<i32, PgRowByRowLoadingMode>(c).unwrap();
        rows.next().unwrap().unwrap();
        assert_eq!(shop.dropped(), "books books:*", "held");
    });
    assert_eq!(dropped, "books books:*");
    assert_eq!(books::table.select(books::author_id).load::<i32>(&mut shop.behind()), Ok(vec![2, 2]));
}

#[test]
fn an_error_ends_a_transaction_and_its_commit_is_a_rollback() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    c.batch_execute("BEGIN").unwrap();
    update(books::table.find(1)).set(books::title.eq("Never")).execute(c).unwrap();
    insert_into(books::table).values(book(2, "Taken")).execute(c).unwrap_err();
    c.batch_execute("COMMIT").unwrap();
    assert_eq!(title(&shop, c, 1), "Emma");
    assert_eq!(shop.statements_of(|| title(&shop, c, 1)), 0, "the transaction is over");
    assert_eq!(shop.dropped_by(|| delete(loans::table).execute(c).unwrap()), "loans loans:*");
}

#[test]
fn a_refused_commit_changes_nothing_and_ends_the_transaction() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    let wrong = |c: &mut Conn| update(books::table.find(1)).set(books::author_id.eq(77)).execute(c);
    assert_eq!(shop.dropped_by(|| c.transaction::<_, Error, _>(wrong).unwrap_err()), "");
    assert_eq!(shop.dropped_by(|| wrong(c).unwrap_err()), "", "alone it is refused as well");
    assert_eq!(shop.dropped_by(|| delete(loans::table).execute(c).unwrap()), "loans loans:*");
    assert_eq!(title(&shop, c, 1), "Emma");
    assert_eq!(shop.statements_of(|| title(&shop, c, 1)), 0);
}

#[test]
fn transactions_are_followed_however_they_are_built() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    let dropped = shop.dropped_by(|| {
        c.build_transaction().serializable().deferrable().run::<_, Error, _>(|c| {
            update(books::table.find(1)).set(books::title.eq("A")).execute(c)?;
            assert_eq!(shop.dropped(), "");
            Ok(())
        })
    });
    assert_eq!(dropped, "books books:1");
    let refused = c.build_transaction().read_only().run::<_, Error, _>(|c| delete(books::table).execute(c));
    assert!(refused.is_err());
    assert_eq!(title(&shop, c, 1), "A");
    assert_eq!(shop.statements_of(|| title(&shop, c, 1)), 0);
}

/// A type of the database, whose number Diesel asks for when it is first bound on a connection.
#[derive(Debug, QueryId, SqlType)]
#[diesel(postgres_type(name = "genre"))]
pub struct GenreOfDatabase;

#[derive(AsExpression, Clone, Copy, Debug, FromSqlRow)]
#[diesel(sql_type = GenreOfDatabase)]
struct Poem;

impl ToSql<GenreOfDatabase, Pg> for Poem {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(b"poem")?;
        Ok(serialize::IsNull::No)
    }
}

mod sorted {
    diesel::table! {
        use diesel::sql_types::{Integer, Text};
        use crate::own::GenreOfDatabase;
        books {
            id -> Integer,
            title -> Text,
            genre -> GenreOfDatabase,
        }
    }
}

#[test]
fn what_diesel_asks_the_database_on_the_way_does_not_end_the_write() {
    let shop = Shop::new();
    let types = "CREATE TYPE genre AS ENUM ('novel', 'poem'); ALTER TABLE books ADD COLUMN genre genre DEFAULT 'novel'";
    shop.behind().batch_execute(types).unwrap();
    let (shop, asked) = (Arc::new(shop), Arc::new(Mutex::new(0)));
    let (theirs, reader, times) = (shop.clone(), Mutex::new(shop.connection()), asked.clone());
    let mut writer = shop.behind();
    writer.set_instrumentation(shop.db.instrumentation().then(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::FinishQuery { query, .. } = event
            && query.to_string().contains("pg_type")
        {
            *times.lock() += 1;
            assert_eq!(title(&theirs, &mut reader.lock(), 1), "Emma", "the write has not been sent");
        }
    }));
    let change = (sorted::books::title.eq("New"), sorted::books::genre.eq(Poem));
    assert_eq!(update(sorted::books::table.find(1)).set(change).execute(&mut writer), Ok(1));
    assert_eq!(*asked.lock(), 1);
    let c = &mut shop.connection();
    assert_eq!(title(&shop, c, 1), "New");
    // And a read: what it depends on is not forgotten over the question.
    let count = |c: &mut Conn| {
        let poems = sorted::books::table.filter(sorted::books::genre.eq(Poem));
        shop.cache.get_or_compute_sync("poems", || poems.count().get_result::<i64>(c)).wait().unwrap()
    };
    assert_eq!(count(c), 1);
    assert_eq!(shop.statements_of(|| count(c)), 0, "it is kept");
    delete(books::table.find(1)).execute(&mut writer).unwrap();
    assert_eq!(count(c), 0);
}

/// Lets each insert of a book wait for a lock when it is committed, after it has told everything that it returns.
fn commit_late(shop: &Shop) {
    let late = "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE NOTICE 'what was written so far is sent now'; PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER late AFTER INSERT ON books DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late();";
    shop.behind().batch_execute(late).unwrap();
}

#[test]
fn rows_that_are_returned_before_their_commit_are_not_believed_too_early() {
    let shop = Shop::new();
    commit_late(&shop);
    let (mut writer, reader, other) = (shop.connection(), &mut shop.connection(), &mut shop.behind());
    assert_eq!(titles(&shop, reader).len(), 2);
    other.batch_execute("BEGIN; SELECT pg_advisory_xact_lock(1)").unwrap();
    thread::scope(|threads| {
        let writing = threads.spawn(|| {
            let many = (10..310).map(|id| book(id, &format!("{id} {}", "x".repeat(400)))).collect::<Vec<_>>();
            insert_into(books::table).values(many).get_results::<Book>(&mut writer).unwrap().len()
        });
        let waiting =
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        easy_cache_servers::wait::until("the commit waits", || server().sql(&shop.home.database.name, waiting) == "1");
        assert_eq!(titles(&shop, reader).len(), 2, "nothing is committed");
        assert!(!shop.cache.contains("titles").wait(), "and nothing kept");
        other.batch_execute("COMMIT").unwrap();
        assert_eq!(writing.join().unwrap(), 300);
    });
    assert_eq!(titles(&shop, reader).len(), 302);
    assert_eq!(shop.statements_of(|| titles(&shop, reader)), 0);
}

#[test]
fn a_connection_that_is_cut_while_it_commits_leaves_what_it_wrote_unserved() {
    let shop = Shop::new();
    commit_late(&shop);
    let (mut writer, reader, other) = (shop.connection(), &mut shop.connection(), &mut shop.behind());
    shop.watch();
    other.batch_execute("BEGIN; SELECT pg_advisory_xact_lock(1)").unwrap();
    thread::scope(|threads| {
        let writing = threads.spawn(move || {
            let result =
                writer.transaction::<_, Error, _>(|c| insert_into(books::table).values(book(7, "Seven")).execute(c));
            result.unwrap_err();
        });
        let (name, server) = (&shop.home.database.name, server());
        let waiting = "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        easy_cache_servers::wait::until("the commit waits", || {
            server.sql(name, &format!("SELECT count(*) {waiting}")) == "1"
        });
        server.sql(name, &format!("SELECT pg_terminate_backend(pid) {waiting}"));
        writing.join().unwrap();
    });
    assert_eq!(shop.dropped(), "books", "nobody knows what became of it");
    assert_eq!(titles(&shop, reader).len(), 2);
    assert!(!shop.cache.contains("titles").wait());
    shop.clock.advance(std::time::Duration::from_secs(31));
    assert_eq!(shop.statements_of(|| (titles(&shop, reader), titles(&shop, reader))), 1, "its deadline has passed");
    sql_query("SELECT 1").execute(other).unwrap();
}
