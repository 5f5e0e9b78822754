//! The statements of relays and introspection, on the connection inside: nothing follows them.

use easy_cache_sql::feed::{Ask, Texts};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, QueryResult, Statement};

pub(crate) struct Inner(pub(crate) DatabaseConnection);

impl Ask for Inner {
    type Error = DbErr;

    async fn rows(&mut self, sql: String, values: Vec<String>) -> Result<Vec<Texts>, DbErr> {
        let rows = self.0.query_all_raw(self.statement(sql, values)).await?;
        rows.iter().map(texts).collect()
    }

    async fn run(&mut self, sql: String, values: Vec<String>) -> Result<(), DbErr> {
        self.0.execute_raw(self.statement(sql, values)).await.map(drop)
    }
}

impl Inner {
    fn statement(&self, sql: String, values: Vec<String>) -> Statement {
        let values = values.into_iter().map(sea_orm::Value::from);
        Statement::from_sql_and_values(self.0.get_database_backend(), sql, values)
    }
}

fn texts(row: &QueryResult) -> Result<Texts, DbErr> {
    (0..row.column_names().len()).map(|column| row.try_get_by_index(column)).collect()
}
