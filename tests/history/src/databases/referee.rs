//! The truth: what is committed, what was acknowledged, and which rules were broken, kept by the database itself. On connections of its
//! own, which no fault is in the way of and no cache hears of.

use std::time::Duration;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, Statement, Value};

/// What is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Looks into the cache, and calls.
    pub reads: i64,
    /// Looks that found something.
    pub hits: i64,
    /// Writes that were acknowledged.
    pub writes: i64,
    /// Writes of which nobody knows how they ended: dropped, or without an answer.
    pub unknown: i64,
}

const SCHEMA: [&str; 5] = [
    "CREATE TABLE items (id INTEGER PRIMARY KEY, number BIGINT NOT NULL)",
    "CREATE TABLE acknowledged (id INTEGER PRIMARY KEY, number BIGINT NOT NULL)",
    "CREATE TABLE violations (id VARCHAR(60) PRIMARY KEY, words TEXT NOT NULL)",
    "CREATE TABLE counts (id INTEGER PRIMARY KEY, read_count BIGINT, hit_count BIGINT, write_count BIGINT, unknown_count BIGINT)",
    "INSERT INTO counts VALUES (1, 0, 0, 0, 0)",
];

/// The referee.
#[derive(Debug, Clone)]
pub struct Referee {
    connection: DatabaseConnection,
}

impl Referee {
    /// Connects to the database.
    ///
    /// # Errors
    /// What it says.
    pub async fn connect(url: &str, connections: u32) -> Result<Self, DbErr> {
        let mut options = ConnectOptions::new(url);
        options.max_connections(connections).acquire_timeout(Duration::from_secs(20)).sqlx_logging(false);
        Ok(Self { connection: Database::connect(options).await? })
    }

    /// Makes the tables, with so many rows.
    ///
    /// # Errors
    /// What the database says.
    pub async fn prepare(&self, rows: i32) -> Result<(), DbErr> {
        for statement in SCHEMA {
            self.connection.execute_unprepared(statement).await?;
        }
        let all = (0..rows).map(|row| format!("({row}, 0)")).collect::<Vec<_>>().join(", ");
        for table in ["items", "acknowledged"] {
            self.connection.execute_unprepared(&format!("INSERT INTO {table} VALUES {all}")).await?;
        }
        Ok(())
    }

    /// What is committed of all rows.
    ///
    /// # Errors
    /// What the database says.
    pub async fn committed(&self) -> Result<Vec<i64>, DbErr> {
        self.numbers("SELECT number FROM items ORDER BY id").await
    }

    /// What was acknowledged of all rows.
    ///
    /// # Errors
    /// What the database says.
    pub async fn acknowledged(&self) -> Result<Vec<i64>, DbErr> {
        self.numbers("SELECT number FROM acknowledged ORDER BY id").await
    }

    /// A write has returned.
    ///
    /// # Errors
    /// What the database says.
    pub async fn acknowledge(&self, row: i32, number: i64) -> Result<(), DbErr> {
        let (row, number) = (Value::from(row), Value::from(number));
        let sql = "UPDATE acknowledged SET number = ? WHERE id = ? AND number < ?";
        self.run(sql, [number.clone(), row, number]).await
    }

    /// A rule was broken.
    ///
    /// # Errors
    /// What the database says.
    pub async fn violation(&self, words: &str) -> Result<(), DbErr> {
        let id = easy_cache_servers::unique("violation");
        self.run("INSERT INTO violations VALUES (?, ?)", [id.into(), words.into()]).await
    }

    /// How many rules were broken, and the first of them.
    ///
    /// # Errors
    /// What the database says.
    pub async fn violations(&self) -> Result<(u64, Option<String>), DbErr> {
        let found = self.query("SELECT words FROM violations ORDER BY id").await?;
        let first = found.first().map(|row| row.try_get_by_index(0)).transpose()?;
        Ok((found.len() as u64, first))
    }

    /// Counts.
    ///
    /// # Errors
    /// What the database says.
    pub async fn count(&self, more: Counts) -> Result<(), DbErr> {
        let sql = "UPDATE counts SET read_count = read_count + ?, hit_count = hit_count + ?, \
                   write_count = write_count + ?, unknown_count = unknown_count + ? WHERE id = 1";
        self.run(sql, [more.reads, more.hits, more.writes, more.unknown].map(Value::from)).await
    }

    /// What was counted by all.
    ///
    /// # Errors
    /// What the database says.
    pub async fn counts(&self) -> Result<Counts, DbErr> {
        let found = self.query("SELECT read_count, hit_count, write_count, unknown_count FROM counts").await?;
        let Some(row) = found.first() else { return Ok(Counts::default()) };
        let number = |place| row.try_get_by_index(place);
        Ok(Counts { reads: number(0)?, hits: number(1)?, writes: number(2)?, unknown: number(3)? })
    }

    async fn numbers(&self, sql: &str) -> Result<Vec<i64>, DbErr> {
        self.query(sql).await?.iter().map(|row| row.try_get_by_index(0)).collect()
    }

    async fn query(&self, sql: &str) -> Result<Vec<sea_orm::QueryResult>, DbErr> {
        let statement = Statement::from_string(self.connection.get_database_backend(), sql);
        self.connection.query_all_raw(statement).await
    }

    async fn run<const N: usize>(&self, sql: &str, values: [Value; N]) -> Result<(), DbErr> {
        self.connection.execute_raw(statement(&self.connection, sql, values)).await.map(drop)
    }
}

/// A statement with `?` for its values, whatever the database calls them.
pub fn statement<const N: usize>(connection: &impl ConnectionTrait, sql: &str, values: [Value; N]) -> Statement {
    let backend = connection.get_database_backend();
    if backend != sea_orm::DbBackend::Postgres {
        return Statement::from_sql_and_values(backend, sql, values);
    }
    let mut pieces = sql.split('?');
    let mut numbered = pieces.next().unwrap_or_default().to_owned();
    for (place, piece) in pieces.enumerate() {
        numbered.push_str(&format!("${}{piece}", place + 1));
    }
    Statement::from_sql_and_values(backend, numbered, values)
}
