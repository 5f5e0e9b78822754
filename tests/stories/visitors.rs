//! The readers: each notes what has been answered, asks, and checks that the answer is not from before.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use hyper::StatusCode;
use serde_json::Value;

use crate::client::{Answer, Client};
use crate::ledger::{Ledger, Versioned, books_of};

/// What a visitor has seen.
#[derive(Debug, Default)]
pub(crate) struct Visits {
    pub(crate) checks: usize,
    pub(crate) hits: usize,
}

pub(crate) struct Visitor {
    client: Client,
    ledger: Arc<Ledger>,
    visits: Visits,
}

impl Visitor {
    pub(crate) fn new(client: Client, ledger: Arc<Ledger>) -> Self {
        Self { client, ledger, visits: Visits::default() }
    }

    /// Reads everything in turn, as fast as it can, until the writers are done.
    pub(crate) async fn walk(mut self, start: usize) -> Visits {
        for n in start.. {
            if self.ledger.is_done() {
                break;
            }
            match n % 9 {
                0 | 1 => self.one_book(n).await,
                2 => self.list_of_versioned(n).await,
                3 => self.front_page().await,
                4 => self.growing_author().await,
                5 => self.shrinking_author().await,
                6 => self.retitled_books().await,
                7 => self.statistics().await,
                _ => self.moved_book().await,
            }
        }
        std::mem::take(&mut self.visits)
    }

    async fn get(&mut self, path: &str) -> Answer {
        let answer = self.client.get(path).await;
        self.visits.hits += usize::from(answer.is_hit());
        answer
    }

    fn check(&mut self, what: &str, seen: i64, allowed: RangeInclusive<i64>, answer: &Answer) {
        self.visits.checks += 1;
        self.ledger.checks.fetch_add(1, Ordering::Relaxed);
        assert!(allowed.contains(&seen), "{what}: saw {seen}, allowed was {allowed:?}: {answer:?}");
    }

    async fn one_book(&mut self, n: usize) {
        let ledger = Arc::clone(&self.ledger);
        let book = &ledger.versioned[n % ledger.versioned.len()];
        let floor = book.version.answered();
        let answer = self.get(&format!("/api/books/{}", book.id)).await;
        let seen = version_of(book, answer.json()["title"].as_str().unwrap());
        self.check("title of a book", seen, book.version.since(floor), &answer);
    }

    async fn list_of_versioned(&mut self, n: usize) {
        let ledger = Arc::clone(&self.ledger);
        let author = ledger.versioned[n % ledger.versioned.len()].author;
        let floors: Vec<_> = ledger.versioned.iter().map(|book| book.version.answered()).collect();
        let answer = self.get(&format!("/api/books?author={author}")).await;
        let listed = books_of(&answer.json());
        for (book, floor) in ledger.versioned.iter().zip(floors).filter(|(book, _)| book.author == author) {
            let title = title_of(&listed, book.id);
            self.check("title in a list", version_of(book, &title), book.version.since(floor), &answer);
        }
    }

    async fn front_page(&mut self) {
        let ledger = Arc::clone(&self.ledger);
        let floors: Vec<_> = ledger.versioned.iter().map(|book| book.version.answered()).collect();
        let answer = self.get("/").await;
        assert_eq!(answer.status, StatusCode::OK);
        for (book, floor) in ledger.versioned.iter().zip(floors) {
            self.check("title on the front page", version_of(book, &answer.body), book.version.since(floor), &answer);
        }
    }

    async fn growing_author(&mut self) {
        let ledger = Arc::clone(&self.ledger);
        let (floor, base) = (ledger.created.answered(), ledger.growing.books.len() as i64);
        let answer = self.get(&format!("/api/authors/{}", ledger.growing.id)).await;
        let seen = answer.json()["books"].as_i64().unwrap() - base;
        self.check("books of an author who gets new ones", seen, ledger.created.since(floor), &answer);
    }

    async fn shrinking_author(&mut self) {
        let ledger = Arc::clone(&self.ledger);
        let (floor, base) = (ledger.deleted.answered(), ledger.shrinking.books.len() as i64);
        let answer = self.get(&format!("/api/authors/{}", ledger.shrinking.id)).await;
        let seen = base - answer.json()["books"].as_i64().unwrap();
        self.check("books of an author who loses them", seen, ledger.deleted.since(floor), &answer);
        if floor > 0 {
            let gone = ledger.shrinking.books[ledger.shrinking.books.len() - floor as usize];
            let answer = self.get(&format!("/api/books/{gone}")).await;
            self.check("a deleted book", i64::from(answer.status.as_u16()), 404..=404, &answer);
        }
    }

    async fn retitled_books(&mut self) {
        let ledger = Arc::clone(&self.ledger);
        let floor = ledger.retitles.answered();
        let answer = self.get(&format!("/api/books?author={}", ledger.retitled.id)).await;
        for book in books_of(&answer.json()) {
            let seen = prefix_of(book["title"].as_str().unwrap());
            self.check("prefix in a list", seen, ledger.retitles.since(floor), &answer);
        }
        let floor = ledger.retitles.answered();
        let answer = self.get(&format!("/api/books/{}", ledger.retitled.books[0])).await;
        let seen = prefix_of(answer.json()["title"].as_str().unwrap());
        self.check("prefix of a book that was changed in bulk", seen, ledger.retitles.since(floor), &answer);
    }

    async fn statistics(&mut self) {
        let ledger = Arc::clone(&self.ledger);
        let (created, deleted, moves) = (ledger.created.answered(), ledger.deleted.answered(), ledger.moves.answered());
        let answer = self.get("/api/stats").await;
        let stats = answer.json();
        let fewest = ledger.total + created - ledger.deleted.sent();
        let most = ledger.total + ledger.created.sent() - deleted;
        self.check("number of books", stats["books"].as_i64().unwrap(), fewest..=most, &answer);
        self.check("number of moves", stats["transfers"].as_i64().unwrap(), ledger.moves.since(moves), &answer);
    }

    /// Where a book is after a number of moves is certain only if no move was under way while it was read.
    async fn moved_book(&mut self) {
        let ledger = Arc::clone(&self.ledger);
        let before = ledger.moves.answered();
        let answer = self.get(&format!("/api/books/{}", ledger.moving_book())).await;
        if ledger.moves.sent() == before {
            let author = ledger.author_after(before);
            self.check(
                "author of a moved book",
                answer.json()["author_id"].as_i64().unwrap(),
                author..=author,
                &answer,
            );
        }
        let unmoved = &ledger.between[1];
        let answer = self.get(&format!("/api/books/{}", unmoved.books[1])).await;
        let seen = answer.json()["author_id"].as_i64().unwrap();
        self.check("author of a book whose move was rolled back", seen, unmoved.id..=unmoved.id, &answer);
    }
}

/// A visitor that has seen something wrong ends the test for all: nobody waits for its looks any more.
impl Drop for Visitor {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.ledger.done.store(true, Ordering::SeqCst);
        }
    }
}

fn title_of(books: &[Value], id: i64) -> String {
    let book = books.iter().find(|book| book["id"] == id).unwrap_or_else(|| panic!("no book {id} in {books:?}"));
    book["title"].as_str().unwrap().to_owned()
}

/// The version in a title, or in a page that has the title somewhere; 0 before the first change.
fn version_of(book: &Versioned, text: &str) -> i64 {
    let marker = format!("Book {} v", book.id);
    text.split_once(&marker).map_or(0, |(_, rest)| rest.split_once('.').unwrap().0.parse().unwrap())
}

/// The number of the newest prefix of a title; 0 before the first.
fn prefix_of(title: &str) -> i64 {
    let number = title.strip_prefix('r').and_then(|rest| rest.split_once(' ')).map(|(number, _)| number.parse());
    number.and_then(Result::ok).unwrap_or(0)
}
