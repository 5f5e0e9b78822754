//! Readers and a writer. A writer gives books new editions; a reader looks into the database which edition there is, asks a shop,
//! and notes whether it was shown an older one, and for how long that had been outdated when the reader asked.

use std::collections::HashMap;
use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bookstore::entity::book;
use sea_orm::{ConnectOptions, Database, DatabaseConnection, EntityTrait};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::client::Client;

/// Books that are read and written: few, so that they are written while copies of them are near.
const BOOKS: usize = 30;
/// Readers of each shop.
const READERS: usize = 3;
const BETWEEN_READS: Duration = Duration::from_millis(2);
const BETWEEN_WRITES: Duration = Duration::from_millis(40);

type Failed = Box<dyn Error + Send + Sync>;

/// What readers of one shop have seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) requests: AtomicU64,
    /// Answers that were older than the database.
    pub(crate) stale: AtomicU64,
    /// For how long the oldest of them had been outdated, in microseconds.
    pub(crate) oldest: AtomicU64,
}

/// When each edition of each book was there for everybody: when the write of it had returned.
#[derive(Debug, Default)]
struct Editions(Mutex<HashMap<usize, Vec<Instant>>>);

impl Editions {
    fn add(&self, book: usize) {
        let mut books = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        books.entry(book).or_default().push(Instant::now());
    }

    /// For how long an edition had been outdated at a moment. The first one of a book is number 0.
    fn outdated(&self, book: usize, edition: usize, at: Instant) -> Duration {
        let books = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = books.get(&book).and_then(|editions| editions.get(edition));
        next.map_or(Duration::ZERO, |next| at.saturating_duration_since(*next))
    }
}

/// What everybody does.
#[derive(Debug)]
pub(crate) struct Traffic {
    pub(crate) seen: Vec<Arc<Seen>>,
    pub(crate) writes: Arc<AtomicU64>,
    tasks: JoinSet<Result<(), Failed>>,
}

impl Traffic {
    /// Begins to read from these ports, and to write.
    pub(crate) async fn start(ports: &[u16], database: &str) -> Result<Self, Failed> {
        let mut options = ConnectOptions::new(database);
        let db = Database::connect(options.sqlx_logging(false).to_owned()).await?;
        let (editions, writes) = (Arc::new(Editions::default()), Arc::new(AtomicU64::new(0)));
        let (mut tasks, mut all_seen) = (JoinSet::new(), Vec::new());
        for &port in ports {
            let seen = Arc::new(Seen::default());
            for number in 0..READERS {
                let reader = Reader { db: db.clone(), editions: Arc::clone(&editions), seen: Arc::clone(&seen) };
                tasks.spawn(reader.go_on(Client::connect(port).await?, number * 7));
            }
            all_seen.push(seen);
        }
        let mut clients = Vec::new();
        for &port in ports {
            clients.push(Client::connect(port).await?);
        }
        tasks.spawn(write(clients, editions, Arc::clone(&writes)));
        Ok(Self { seen: all_seen, writes, tasks })
    }

    /// Why it does not go on. Returns only if it does not.
    pub(crate) async fn failed(&mut self) -> String {
        match self.tasks.join_next().await {
            Some(Ok(Err(reason))) => format!("a reader or the writer failed: {reason}"),
            Some(Err(reason)) => format!("a reader or the writer failed: {reason}"),
            _ => "nobody reads or writes any more".to_owned(),
        }
    }
}

struct Reader {
    db: DatabaseConnection,
    editions: Arc<Editions>,
    seen: Arc<Seen>,
}

impl Reader {
    async fn go_on(self, mut client: Client, first: usize) -> Result<(), Failed> {
        for step in first.. {
            let book = step % BOOKS + 1;
            let row = book::Entity::find_by_id(i32::try_from(book)?).one(&self.db).await?;
            let published = row.map_or(0, |row| edition(&row.title));
            let asked = Instant::now();
            let shown = client.get(&format!("/api/books/{book}")).await?;
            let shown = edition(shown.get("title").and_then(Value::as_str).unwrap_or_default());
            self.seen.requests.fetch_add(1, Ordering::Relaxed);
            if shown < published {
                let outdated = self.editions.outdated(book, shown, asked).as_micros() as u64;
                self.seen.stale.fetch_add(1, Ordering::Relaxed);
                self.seen.oldest.fetch_max(outdated, Ordering::Relaxed);
            }
            sleep(BETWEEN_READS).await;
        }
        Ok(())
    }
}

/// One edition after the other, through one shop after the other.
async fn write(mut clients: Vec<Client>, editions: Arc<Editions>, writes: Arc<AtomicU64>) -> Result<(), Failed> {
    let shops = clients.len();
    for step in 0.. {
        let (book, edition) = (step % BOOKS + 1, step / BOOKS + 1);
        let change = json!({ "title": title(edition) });
        clients[step % shops].put(&format!("/api/books/{book}"), &change).await?;
        editions.add(book);
        writes.fetch_add(1, Ordering::Relaxed);
        sleep(BETWEEN_WRITES).await;
    }
    Ok(())
}

fn title(edition: usize) -> String {
    format!("Edition {edition}")
}

/// The number of an edition. Books of the catalogue have none: 0.
fn edition(title: &str) -> usize {
    title.strip_prefix("Edition ").and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editions_are_numbered_from_the_catalogue_on() {
        assert_eq!((edition("Emma"), edition(&title(12))), (0, 12));
    }

    #[test]
    fn an_edition_is_outdated_from_the_next_one_on() {
        let editions = Editions::default();
        editions.add(7);
        let later = Instant::now() + Duration::from_secs(5);
        assert!(editions.outdated(7, 0, later) >= Duration::from_secs(5));
        assert_eq!(editions.outdated(7, 1, later), Duration::ZERO, "there is no edition 2");
        assert_eq!(editions.outdated(8, 0, later), Duration::ZERO);
    }
}
