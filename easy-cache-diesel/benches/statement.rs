//! What a followed connection adds to a statement, and what a hit costs next to the query that it spares: SQLite in memory, so
//! that nothing else is in the way. `cargo bench -p easy-cache-diesel`.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a command for the terminal that has nobody to hand errors to"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use easy_cache_core::{Cache, Scope};
use easy_cache_diesel::{CachedDb, CachedQuery};
use schema::books;

mod schema {
    diesel::table! {
        books {
            id -> Integer,
            title -> Text,
            author_id -> Integer,
        }
    }
}

type Row = (i32, String, i32);
type Statement = fn(&mut SqliteConnection, i32);

/// Rounds are short, so that some of them are not interrupted by anything else on the machine: the best one counts.
const ROUNDS: u32 = 1000;
const STATEMENTS: u32 = 50;

fn connect() -> SqliteConnection {
    let mut conn = SqliteConnection::establish(":memory:").expect("SQLite opens");
    conn.batch_execute(
        "CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL, author_id INTEGER NOT NULL);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
         INSERT INTO books SELECT i, 'title ' || i, i % 50 FROM n",
    )
    .expect("the table is made");
    conn
}

/// The time of one statement in the best round.
fn best(mut run: impl FnMut(i32)) -> Duration {
    let round = |_| {
        let start = Instant::now();
        for n in 0..STATEMENTS {
            run(i32::try_from(n % 1000).unwrap_or(0) + 1);
        }
        start.elapsed() / STATEMENTS
    };
    (0..ROUNDS).map(round).min().unwrap_or_default()
}

fn find(conn: &mut SqliteConnection, id: i32) {
    black_box(books::table.find(id).first::<Row>(conn).expect("there is such a book"));
}

fn update(conn: &mut SqliteConnection, id: i32) {
    let update = diesel::update(books::table.find(id)).set(books::title.eq("another title"));
    black_box(update.execute(conn).expect("it can be updated"));
}

fn list(conn: &mut SqliteConnection, _: i32) {
    black_box(books::table.limit(20).load::<Row>(conn).expect("there are books"));
}

fn transaction(conn: &mut SqliteConnection, id: i32) {
    conn.transaction::<_, diesel::result::Error, _>(|conn| {
        update(conn, id);
        Ok(())
    })
    .expect("it commits");
}

fn main() {
    let cache = Cache::new();
    let db = CachedDb::<Sqlite>::builder(&cache).model(books::table).build();
    let (mut plain, mut followed) = (connect(), connect());
    db.instrument(&mut followed);
    let compare = |name: &str, plain: Duration, followed: Duration| {
        let more = followed.as_nanos().cast_signed() - plain.as_nanos().cast_signed();
        println!("{name:<28} {plain:>10.0?} {followed:>10.0?} {more:>+7} ns");
    };
    println!("{:<28} {:>10} {:>10} {:>10}", "", "plain", "followed", "more");
    let statements: [(&str, Statement); 4] = [
        ("select by key", find),
        ("update by key", update),
        ("list of 20", list),
        ("transaction of one update", transaction),
    ];
    for (name, run) in statements {
        let before = best(|id| run(&mut plain, id));
        let after = best(|id| run(&mut followed, id));
        compare(name, before, after);
    }
    let before = best(|id| find(&mut plain, id));
    compare("select by key, in a scope", before, best(|id| Scope::new().run(|| find(&mut followed, id))));
    let hit = best(|_| drop(black_box(books::table.find_cached::<Row, _, _>(1, &mut followed))));
    println!("find_cached, a hit           {hit:>10.0?}, the query {before:.0?}");
    let hit = best(|_| drop(black_box(books::table.limit(20).load_cached::<Row, _>(&mut followed))));
    println!("load_cached of 20, a hit     {hit:>10.0?}, the query {:.0?}", best(|id| list(&mut plain, id)));
}
