//! The two writers: between them they use every route that writes, through the database as an application does.

use std::sync::Arc;

use hyper::StatusCode;
use serde_json::json;

use crate::client::{Answer, Client};
use crate::ledger::Ledger;

/// Single rows: titles, new books, moves that succeed.
pub(crate) async fn writer_of_rows(mut client: Client, ledger: Arc<Ledger>, rounds: usize) {
    for round in 0..rounds {
        if ledger.is_done() {
            return;
        }
        for book in ledger.versioned.iter().skip(round % 2).step_by(2) {
            let version = book.version.send();
            let title = json!({"title": format!("Book {} v{version}.", book.id)});
            expect(client.put(&format!("/api/books/{}", book.id), title).await, StatusCode::OK);
            book.version.answer();
            ledger.let_readers_look().await;
        }
        let n = ledger.created.send();
        let book = json!({"title": format!("New {n}"), "author_id": ledger.growing.id, "year": 2001});
        expect(client.post("/api/books", book).await, StatusCode::CREATED);
        ledger.created.answer();
        ledger.let_readers_look().await;

        let to = json!({"author_id": ledger.author_after(ledger.moves.send())});
        expect(client.post(&format!("/api/books/{}/move", ledger.moving_book()), to).await, StatusCode::OK);
        ledger.moves.answer();
        ledger.let_readers_look().await;
    }
}

/// Many rows: deletions, bulk updates, and moves that are rolled back after both of their writes.
pub(crate) async fn writer_of_bulk(mut client: Client, ledger: Arc<Ledger>, rounds: usize) {
    for _ in 0..rounds {
        if ledger.is_done() {
            return;
        }
        let n = ledger.retitles.send();
        let prefix = json!({"prefix": format!("r{n} ")});
        let path = format!("/api/authors/{}/retitle", ledger.retitled.id);
        expect(client.post(&path, prefix).await, StatusCode::OK);
        ledger.retitles.answer();
        ledger.let_readers_look().await;

        let n = ledger.deleted.sent() as usize;
        if let Some(id) = ledger.shrinking.books.iter().rev().nth(n) {
            ledger.deleted.send();
            expect(client.delete(&format!("/api/books/{id}")).await, StatusCode::NO_CONTENT);
            ledger.deleted.answer();
            ledger.let_readers_look().await;
        }

        ledger.failed_moves.send();
        let elsewhere = json!({"author_id": ledger.growing.id});
        let path = format!("/api/books/{}/move?fail=true", ledger.between[1].books[1]);
        expect(client.post(&path, elsewhere).await, StatusCode::CONFLICT);
        ledger.failed_moves.answer();
        ledger.let_readers_look().await;
    }
}

fn expect(answer: Answer, status: StatusCode) {
    assert_eq!(answer.status, status, "{answer:?}");
}
