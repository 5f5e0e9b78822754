//! Callbacks: told of what is committed, whoever wrote it, and of nothing else.

use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::{delete, insert_into, sql_query, update};
use easy_cache_diesel::{Change, Database, WriteKind};
use easy_cache_sql::Dialect;
use parking_lot::Mutex;

use crate::home::Backend;
use crate::suite::schema::{authors, book, books, loan, loans, new_book, shelves};
use crate::suite::shop::Shop;

/// What was told of books and loans.
struct Told {
    shop: Shop,
    changes: Arc<Mutex<Vec<Change>>>,
}

impl Told {
    fn new() -> Self {
        let (shop, changes) = (Shop::new(), Arc::new(Mutex::new(Vec::new())));
        let (books, loans) = (changes.clone(), changes.clone());
        shop.db.on_change(books::table, move |change| books.lock().push(change.clone()));
        shop.db.on_change(loans::table, move |change| loans.lock().push(change.clone()));
        Self { shop, changes }
    }

    /// Since the last time.
    fn all(&self) -> Vec<Change> {
        assert!(self.shop.db.wait_until_told(Duration::from_secs(30)));
        std::mem::take(&mut self.changes.lock())
    }

    fn books(&self) -> Vec<(WriteKind, Option<Vec<i32>>)> {
        self.all().iter().map(|change| (change.kind, change.keys())).collect()
    }
}

#[test]
fn every_way_of_writing_is_told_with_its_keys() {
    use WriteKind::{Change, Delete, Insert, Update};
    let told = Told::new();
    let c = &mut told.shop.connection();
    insert_into(books::table).values(book(7, "Seven")).execute(c).unwrap();
    insert_into(books::table).values(new_book("Eight")).execute(c).unwrap();
    book(7, "Again").save_changes::<crate::suite::schema::Book>(c).unwrap();
    update(books::table.filter(books::id.eq_any([1, 2]))).set(books::author_id.eq(2)).execute(c).unwrap();
    sql_query("UPDATE books SET title = 'x' WHERE id = 1").execute(c).unwrap();
    c.batch_execute("DELETE FROM books WHERE id = 2").unwrap();
    delete(authors::table.find(1)).execute(c).unwrap();
    let wanted = [
        (Insert, Some(vec![7])),
        (Insert, None),
        (Update, Some(vec![7])),
        (Update, Some(vec![1, 2])),
        (Update, Some(vec![1])),
        (Delete, Some(vec![2])),
        (Change, None),
    ];
    assert_eq!(told.books(), wanted);
}

#[test]
fn keys_of_several_columns_come_as_tuples() {
    let told = Told::new();
    insert_into(loans::table).values(loan(2, 8)).execute(&mut told.shop.connection()).unwrap();
    let keys: Vec<_> = told.all().iter().map(Change::keys::<(i32, i32)>).collect();
    assert_eq!(keys, [Some(vec![(2, 8)])]);
}

#[test]
fn keys_of_texts_come_as_they_were_written_where_texts_are_told_apart() {
    let told = Told::new();
    let keys: Arc<Mutex<Vec<_>>> = Arc::default();
    let noted = keys.clone();
    told.shop.db.on_change(shelves::table, move |change| noted.lock().push(change.keys::<(i32, String)>()));
    let shelf = (shelves::room.eq(2), shelves::name.eq("a,b:%"));
    insert_into(shelves::table).values(shelf).execute(&mut told.shop.connection()).unwrap();
    told.all();
    // MySQL may take texts for the same that differ.
    let expected = (Backend::DIALECT != Dialect::MySql).then(|| vec![(2, "a,b:%".to_owned())]);
    assert_eq!(*keys.lock(), [expected]);
}

#[test]
fn a_transaction_is_told_when_it_is_committed_without_what_it_took_back() {
    let told = Told::new();
    let c = &mut told.shop.connection();
    c.transaction::<_, Error, _>(|c| {
        update(books::table.find(2)).set(books::title.eq("B")).execute(c)?;
        let undone = c.transaction::<(), Error, _>(|c| {
            delete(books::table).execute(c)?;
            Err(Error::RollbackTransaction)
        });
        assert!(undone.is_err());
        c.transaction::<_, Error, _>(|c| update(books::table.find(1)).set(books::title.eq("A")).execute(c))?;
        assert_eq!(told.books(), [], "nothing is committed yet");
        Ok(())
    })
    .unwrap();
    assert_eq!(told.books(), [(WriteKind::Update, Some(vec![2])), (WriteKind::Update, Some(vec![1]))]);
    let refused = c.transaction::<(), Error, _>(|c| {
        delete(books::table).execute(c)?;
        Err(Error::RollbackTransaction)
    });
    assert!(refused.is_err());
    assert_eq!(told.books(), []);
}

#[test]
fn a_write_that_the_database_refuses_is_not_told() {
    let told = Told::new();
    let c = &mut told.shop.connection();
    insert_into(books::table).values(book(1, "Taken")).execute(c).unwrap_err();
    assert_eq!(told.books(), []);
}

#[test]
fn a_text_is_told_once_also_if_it_leaves_its_transaction_open() {
    let told = Told::new();
    let c = &mut told.shop.connection();
    c.batch_execute("BEGIN; UPDATE books SET title = 'A' WHERE id = 1; COMMIT").unwrap();
    assert_eq!(told.books().len(), 1);
    c.batch_execute("BEGIN; UPDATE books SET title = 'B' WHERE id = 1").unwrap();
    c.batch_execute("COMMIT").unwrap();
    assert_eq!(told.books().len(), 1);
}

#[test]
fn a_callback_finds_the_new_row_through_the_cache_and_may_write() {
    let told = Told::new();
    let seen = Arc::new(Mutex::new(None));
    let (cache, found) = (told.shop.cache.clone(), seen.clone());
    let (reader, writer) = (Mutex::new(told.shop.connection()), Mutex::new(told.shop.connection()));
    let title = move || {
        let load = || books::table.find(1).select(books::title).first::<String>(&mut *reader.lock());
        cache.get_or_compute_sync("title:1", load).wait().unwrap()
    };
    assert_eq!(title(), "Emma");
    told.shop.db.on_change(books::table, move |_| {
        *found.lock() = Some(title());
        delete(loans::table).execute(&mut *writer.lock()).unwrap();
    });
    update(books::table.find(1)).set(books::title.eq("New")).execute(&mut told.shop.connection()).unwrap();
    let tables: Vec<_> = [told.all(), told.all()].concat().iter().map(|change| change.table.to_string()).collect();
    assert_eq!(tables, ["books", "loans"]);
    assert_eq!(seen.lock().as_deref(), Some("New"));
}
