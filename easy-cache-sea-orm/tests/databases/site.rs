//! A database of its own for each test, of any kind: one connection of ours with a cache, one of another program, and witnesses that
//! tell which tags were invalidated.

use std::collections::BTreeSet;
use std::path::PathBuf;

use easy_cache_core::{Cache, Tag};
use easy_cache_sea_orm::CachedDb;
use easy_cache_sea_orm::feed::Triggers;
use easy_cache_servers::{MariaDb, Postgres, unique};
use easy_cache_sql::{Dialect, KeyColumn};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};

pub(crate) mod book {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "books")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
        pub(crate) title: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod author {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "authors")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// What witnesses watch.
const TAGS: [&str; 7] = ["authors", "authors:*", "books", "books:1", "books:2", "books:3", "books:*"];

pub(crate) struct Site {
    pub(crate) db: CachedDb,
    pub(crate) cache: Cache,
    /// Another program's connection.
    pub(crate) other: DatabaseConnection,
    pub(crate) url: String,
    file: Option<PathBuf>,
}

/// Every kind of database.
pub(crate) const KINDS: [Dialect; 3] = [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql];

impl Site {
    /// Books 1 and 2 of author 1, and no triggers yet.
    pub(crate) async fn new(dialect: Dialect) -> Self {
        let (url, file) = match dialect {
            Dialect::Postgres => (Postgres::shared().database().url, None),
            Dialect::MySql => (MariaDb::shared().database().url, None),
            _ => {
                let file = std::env::temp_dir().join(format!("{}.db", unique("easy-cache-site")));
                (format!("sqlite://{}?mode=rwc", file.display()), Some(file))
            }
        };
        let other = connect(&url).await;
        for statement in [
            "CREATE TABLE authors (id INTEGER PRIMARY KEY)",
            "CREATE TABLE books (id INTEGER PRIMARY KEY, title VARCHAR(50) NOT NULL, author INTEGER NOT NULL, \
             FOREIGN KEY (author) REFERENCES authors (id) ON DELETE CASCADE)",
            "INSERT INTO authors VALUES (1)",
            "INSERT INTO books VALUES (1, 'Emma', 1), (2, 'Persuasion', 1)",
        ] {
            run(&other, statement).await;
        }
        let cache = Cache::new();
        let db = CachedDb::builder(connect(&url).await, &cache)
            .model::<book::Entity>()
            .model::<author::Entity>()
            .cascade("authors", ["books"])
            .build();
        Self { db, cache, other, url, file }
    }

    /// The same with the triggers of the outbox.
    pub(crate) async fn with_outbox(dialect: Dialect) -> Self {
        let site = Self::new(dialect).await;
        site.install(&watched(Triggers::outbox(dialect))).await;
        site
    }

    pub(crate) async fn install(&self, triggers: &Triggers) {
        for statement in triggers.up() {
            run(&self.other, &statement).await;
        }
    }

    /// Another program writes.
    pub(crate) async fn write(&self, sql: &str) {
        run(&self.other, sql).await;
    }

    /// The tags whose witnesses are gone; they are watched from now on.
    pub(crate) async fn dropped(&self) -> BTreeSet<&'static str> {
        let mut dropped = BTreeSet::new();
        for name in TAGS {
            let load = async {
                dropped.insert(name);
                Some(1)
            };
            self.cache.get_or_compute(format!("witness:{name}"), load).tags([self.tag(name)]).await;
        }
        dropped
    }

    fn tag(&self, name: &str) -> Tag {
        match name.split_once(':') {
            Some(("authors", _)) => self.db.unknown_rows_tag::<author::Entity>(),
            Some((_, "*")) => self.db.unknown_rows_tag::<book::Entity>(),
            Some((_, id)) => self.db.row_tag::<book::Entity>(id.parse::<i32>().unwrap()),
            None if name == "authors" => self.db.table_tag::<author::Entity>(),
            None => self.db.table_tag::<book::Entity>(),
        }
    }
}

/// Both tables.
pub(crate) fn watched(triggers: Triggers) -> Triggers {
    let id = || [KeyColumn::integer("id")];
    triggers.table("authors", id()).never_replaced().table("books", id()).never_replaced()
}

pub(crate) async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    // SQLite's foreign keys are off unless they are asked for; one connection keeps the journal simple.
    options.max_connections(2).sqlx_logging(false);
    Database::connect(options).await.unwrap()
}

pub(crate) async fn run(connection: &impl ConnectionTrait, sql: &str) {
    connection.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("`{sql}` failed: {error}"));
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            for suffix in ["", "-wal", "-shm", "-journal"] {
                let mut file = file.clone().into_os_string();
                file.push(suffix);
                let _ = std::fs::remove_file(file);
            }
        }
    }
}
