//! What the writers have done, as far as it was answered: the truth that readers are checked against.
//!
//! Each number counts one kind of write, twice: when it was sent, and when its answer had come. What a reader sees must
//! lie between what was answered before its request and what was sent before its answer came.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::time::interval;

use crate::client::Client;

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count {
    sent: AtomicI64,
    answered: AtomicI64,
}

impl Count {
    /// The next write of this kind is about to be sent: its number.
    pub(crate) fn send(&self) -> i64 {
        self.sent.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn answer(&self) {
        self.answered.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn sent(&self) -> i64 {
        self.sent.load(Ordering::SeqCst)
    }

    pub(crate) fn answered(&self) -> i64 {
        self.answered.load(Ordering::SeqCst)
    }

    /// What may be seen by a reader that noted `floor` before it asked, and has its answer now.
    pub(crate) fn since(&self, floor: i64) -> RangeInclusive<i64> {
        floor..=self.sent()
    }
}

/// A book whose title is changed to `Book {id} v{n}.`, again and again.
#[derive(Debug)]
pub(crate) struct Versioned {
    pub(crate) id: i64,
    pub(crate) author: i64,
    pub(crate) version: Count,
}

/// An author in a role that only one writer has.
#[derive(Debug, Default)]
pub(crate) struct Author {
    pub(crate) id: i64,
    /// The books that the author had in the beginning.
    pub(crate) books: Vec<i64>,
}

#[derive(Debug)]
pub(crate) struct Ledger {
    /// The books on the first page of the shop, whose titles change.
    pub(crate) versioned: Vec<Versioned>,
    /// Gets new books.
    pub(crate) growing: Author,
    pub(crate) created: Count,
    /// Loses books.
    pub(crate) shrinking: Author,
    pub(crate) deleted: Count,
    /// All titles at once get the prefix `r{n} `.
    pub(crate) retitled: Author,
    pub(crate) retitles: Count,
    /// Their first book moves to and fro.
    pub(crate) between: [Author; 2],
    pub(crate) moves: Count,
    /// Moves that are rolled back: they must never be seen.
    pub(crate) failed_moves: Count,
    pub(crate) total: i64,
    /// How often readers have looked.
    pub(crate) checks: AtomicUsize,
    pub(crate) done: AtomicBool,
}

/// How many checks there are between two writes of one writer, at least.
const LOOKS_PER_WRITE: usize = 24;

/// The authors that play roles are so young that the first page, which is sorted by year, has none of their books.
const DELETABLE: usize = 400;

impl Ledger {
    /// Reads the shop as it is, and prepares it: enough books to delete.
    pub(crate) async fn prepare(client: &mut Client) -> Self {
        let first_page = books_of(&client.get("/api/books").await.json());
        let mut authors = prolific_authors(client, &first_page).await.into_iter();
        let mut next = || authors.next().expect("the shop has six more authors with several books");
        let (growing, mut shrinking, retitled, between) = (next(), next(), next(), [next(), next()]);
        for n in 0..DELETABLE {
            let book = serde_json::json!({"title": format!("To go {n}"), "author_id": shrinking.id, "year": 2000});
            shrinking.books.push(client.post("/api/books", book).await.json()["id"].as_i64().unwrap());
        }
        let total = client.get("/api/stats").await.json()["books"].as_i64().unwrap();
        let versioned = |book: &Value| Versioned {
            id: book["id"].as_i64().unwrap(),
            author: book["author_id"].as_i64().unwrap(),
            version: Count::default(),
        };
        Self {
            versioned: first_page.iter().map(versioned).collect(),
            growing,
            created: Count::default(),
            shrinking,
            deleted: Count::default(),
            retitled,
            retitles: Count::default(),
            between,
            moves: Count::default(),
            failed_moves: Count::default(),
            total,
            checks: AtomicUsize::new(0),
            done: AtomicBool::new(false),
        }
    }

    /// Lets readers look at what a write has left behind, before the next write covers it up.
    pub(crate) async fn let_readers_look(&self) {
        let enough = self.checks.load(Ordering::Relaxed) + LOOKS_PER_WRITE;
        let mut pace = interval(Duration::from_micros(500));
        while self.checks.load(Ordering::Relaxed) < enough && !self.is_done() {
            pace.tick().await;
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.done.load(Ordering::SeqCst)
    }

    /// The book that moves, and the author it is with after `n` moves.
    pub(crate) fn moving_book(&self) -> i64 {
        self.between[0].books[0]
    }

    pub(crate) fn author_after(&self, moves: i64) -> i64 {
        self.between[usize::from(moves % 2 == 1)].id
    }
}

pub(crate) fn books_of(page: &Value) -> Vec<Value> {
    page["books"].as_array().unwrap_or_else(|| panic!("no books in {page}")).clone()
}

async fn prolific_authors(client: &mut Client, first_page: &[Value]) -> Vec<Author> {
    let taken = |id: i64| first_page.iter().any(|book| book["author_id"] == id);
    let mut authors = Vec::new();
    for id in (1..200).filter(|id| !taken(*id)) {
        let books = books_of(&client.get(&format!("/api/books?author={id}")).await.json());
        if (4..20).contains(&books.len()) {
            let books = books.iter().map(|book| book["id"].as_i64().unwrap()).collect();
            authors.push(Author { id, books });
        }
    }
    authors
}
