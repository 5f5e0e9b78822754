//! What the domain promises on a real database, in memory and in a file; how it is asked over HTTP is left to the binaries.
#![cfg(test)]

use std::{fs, path::PathBuf, process};

use bookstore::{
    Db, ErrorKind,
    input::{BookChange, BookFilter, NewBook, Retitle},
    query,
    view::BookPage,
    write::{self, Ending},
};

async fn open(url: &str) -> Result<Db, sea_orm::DbErr> {
    bookstore::open(url, &easy_cache_core::Cache::new()).await
}

async fn shop() -> Db {
    open("sqlite::memory:").await.unwrap()
}

fn search(q: &str) -> BookFilter {
    BookFilter { q: Some(q.to_owned()), ..BookFilter::default() }
}

fn titles(list: &BookPage) -> Vec<&str> {
    list.books.iter().map(|book| book.title.as_str()).collect()
}

/// A database file that is gone when the test is over.
struct DatabaseFile(PathBuf);

impl DatabaseFile {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("bookstore-{name}-{}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn url(&self) -> String {
        format!("sqlite://{}?mode=rwc", self.0.join("books.db").display())
    }
}

impl Drop for DatabaseFile {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

#[tokio::test]
async fn a_second_start_finds_the_first_ones_changes_and_adds_no_book() {
    let file = DatabaseFile::new("second-start");
    let first = open(&file.url()).await.unwrap();
    let books = query::stats(&first).await.unwrap().books;
    write::delete_book(&first, 1).await.unwrap();
    first.close().await.unwrap();

    let second = open(&file.url()).await.unwrap();
    assert_eq!(query::stats(&second).await.unwrap().books, books - 1);
    second.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_shops_that_open_one_new_file_at_once_fill_it_once() {
    let file = DatabaseFile::new("both-at-once");
    let url = file.url();
    let (one, other) = tokio::join!(open(&url), open(&url));
    let (one, other) = (one.unwrap(), other.unwrap());
    let in_memory = query::stats(&shop().await).await.unwrap();
    assert_eq!(query::stats(&one).await.unwrap(), in_memory);
    one.close().await.unwrap();
    other.close().await.unwrap();
}

async fn read_and_write_at_once(db: &Db) {
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8 {
        let db = db.clone();
        tasks.spawn(async move {
            for round in 0..20 {
                let id = 1 + task * 20 + round;
                query::stats(&db).await.unwrap();
                write::move_book(&db, id, 1, Ending::Commit).await.unwrap();
                assert_eq!(query::book(&db, id).await.unwrap().author_id, 1);
            }
        });
    }
    while let Some(outcome) = tasks.join_next().await {
        outcome.unwrap();
    }
    assert_eq!(query::stats(db).await.unwrap().transfers, 160);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_readers_and_writers_in_memory_see_one_database_and_never_a_locked_one() {
    read_and_write_at_once(&shop().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_readers_and_writers_of_a_file_never_see_a_locked_one() {
    let file = DatabaseFile::new("many");
    let db = open(&file.url()).await.unwrap();
    read_and_write_at_once(&db).await;
    db.close().await.unwrap();
}

#[tokio::test]
async fn a_search_finds_titles_and_authors_and_takes_wildcards_literally() {
    let db = shop().await;
    assert_eq!(titles(&query::books(&db, &search("  moby ")).await.unwrap()), ["Moby-Dick; or, The Whale"]);
    assert_eq!(query::books(&db, &search("shakespeare")).await.unwrap().total, 12);
    for nothing in ["%", "_liad", r"\", "'; DROP TABLE books; --"] {
        assert_eq!(query::books(&db, &search(nothing)).await.unwrap().total, 0, "{nothing}");
    }
    assert!(query::books(&db, &search("   ")).await.unwrap().total > 300);
}

#[tokio::test]
async fn pages_cover_the_list_once_and_end() {
    let db = shop().await;
    let mut seen = std::collections::BTreeSet::new();
    let first = query::books(&db, &BookFilter::default()).await.unwrap();
    for page in 1..=first.pages as u32 {
        let list = query::books(&db, &BookFilter { page: Some(page), ..BookFilter::default() }).await.unwrap();
        assert!(list.books.iter().all(|book| seen.insert(book.id)), "page {page} repeats a book");
    }
    assert_eq!(seen.len() as u64, first.total);
    let past = query::books(&db, &BookFilter { page: Some(u32::MAX), ..BookFilter::default() }).await;
    assert!(past.unwrap().books.is_empty());
}

#[tokio::test]
async fn an_author_without_books_has_no_years() {
    let db = shop().await;
    for id in [1, 2] {
        write::delete_book(&db, id).await.unwrap();
    }
    let homer = query::author(&db, 1).await.unwrap();
    assert_eq!((homer.name.as_str(), homer.books, homer.first_year, homer.last_year), ("Homer", 0, None, None));
}

#[tokio::test]
async fn retitling_changes_all_books_of_one_author_and_no_other() {
    let db = shop().await;
    let prefix = |text: &str| Retitle { prefix: text.to_owned() };
    assert_eq!(write::retitle(&db, 1, prefix("Old: ")).await.unwrap(), 2);
    assert_eq!(query::book(&db, 1).await.unwrap().title, "Old: The Iliad");
    assert_eq!(query::books(&db, &search("Old: ")).await.unwrap().total, 2);
    assert_eq!(write::retitle(&db, 9999, prefix("x")).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(write::retitle(&db, 1, prefix("")).await.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn titles_do_not_grow_without_end_however_often_they_are_retitled() {
    let db = shop().await;
    for round in 0..20 {
        let prefix = format!("{round:->60}");
        write::retitle(&db, 1, Retitle { prefix: prefix.clone() }).await.unwrap();
        let title = query::book(&db, 1).await.unwrap().title;
        assert!(title.starts_with(&prefix) && title.chars().count() <= 300, "{title}");
    }
}

#[tokio::test]
async fn a_failed_move_leaves_both_tables_as_they_were() {
    let db = shop().await;
    let before = (query::book(&db, 1).await.unwrap(), query::stats(&db).await.unwrap());
    let refused = write::move_book(&db, 1, 5, Ending::RollBack).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert_eq!(write::move_book(&db, 1, 9999, Ending::Commit).await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(write::move_book(&db, 9999, 5, Ending::Commit).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!((query::book(&db, 1).await.unwrap(), query::stats(&db).await.unwrap()), before);
}

#[tokio::test]
async fn a_move_changes_the_book_and_is_noted() {
    let db = shop().await;
    let moved = write::move_book(&db, 1, 5, Ending::Commit).await.unwrap();
    assert_eq!(moved, query::book(&db, 1).await.unwrap());
    assert_eq!((moved.author_id, query::stats(&db).await.unwrap().transfers), (5, 1));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let db = shop().await;
    let before = query::book(&db, 1).await.unwrap();
    let with = |title: &str, year, language: &str| BookChange {
        title: Some(title.to_owned()),
        year: Some(year),
        language: Some(language.to_owned()),
        author_id: None,
    };
    let too_long = "x".repeat(301);
    for change in [with(" ", 1, "el"), with("x", 3000, "el"), with("x", 1, "xx"), with(&too_long, 1, "el")] {
        assert_eq!(write::update_book(&db, 1, change).await.unwrap_err().kind(), ErrorKind::Invalid);
    }
    let unknown_author = BookChange { author_id: Some(9999), ..BookChange::default() };
    assert_eq!(write::update_book(&db, 1, unknown_author).await.unwrap_err().kind(), ErrorKind::Invalid);
    let orphan = NewBook { title: "x".to_owned(), author_id: 9999, year: 1, language: None };
    assert_eq!(write::create_book(&db, orphan).await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(query::book(&db, 1).await.unwrap(), before);
}
