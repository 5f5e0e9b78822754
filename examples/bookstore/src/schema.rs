//! Creates the tables and fills them, once and in one transaction. What they are filled with is left to `catalogue`.

use std::collections::HashMap;

use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait,
    Schema, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

use crate::{
    catalogue::{self, Record},
    entity::{author, book, transfer},
};

/// A transaction that will write. Said at its beginning, it waits for its turn then; an upgrade from reading to writing
/// would be refused at once if another writer had been faster.
pub(crate) const WRITING: TransactionOptions = TransactionOptions {
    isolation_level: None,
    access_mode: None,
    sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
};

/// Creates what is missing, and fills the tables if no author is in them yet (no route of the shop removes authors).
pub(crate) async fn prepare(db: &DatabaseConnection) -> Result<(), DbErr> {
    let tx = db.begin_with_options(WRITING).await?;
    create_tables(&tx).await?;
    if author::Entity::find().count(&tx).await? == 0 {
        let records = catalogue::records();
        let records = records.map_err(|reason| DbErr::Custom(format!("failed to read the catalogue: {reason}")))?;
        fill(&tx, &records).await?;
    }
    tx.commit().await
}

async fn create_tables(tx: &DatabaseTransaction) -> Result<(), DbErr> {
    let schema = Schema::new(tx.get_database_backend());
    tx.execute(schema.create_table_from_entity(author::Entity).if_not_exists()).await?;
    tx.execute(schema.create_table_from_entity(book::Entity).if_not_exists()).await?;
    tx.execute(schema.create_table_from_entity(transfer::Entity).if_not_exists()).await?;
    for mut index in schema.create_index_from_entity(book::Entity) {
        tx.execute(index.if_not_exists()).await?;
    }
    Ok(())
}

/// Authors and books are numbered from 1 in the order of the catalogue, so that the first book is number 1 everywhere.
async fn fill(tx: &DatabaseTransaction, records: &[Record]) -> Result<(), DbErr> {
    let mut author_ids = HashMap::new();
    let mut authors = Vec::new();
    let mut books = Vec::new();
    for (record, id) in records.iter().zip(1..) {
        let next_author_id = author_ids.len() as i32 + 1;
        let author_id = *author_ids.entry(record.author.as_str()).or_insert_with(|| {
            authors.push(author::ActiveModel { id: Set(next_author_id), name: Set(record.author.clone()) });
            next_author_id
        });
        books.push(book::ActiveModel {
            id: Set(id),
            title: Set(record.title.clone()),
            author_id: Set(author_id),
            year: Set(record.year),
            language: Set(record.language.clone()),
        });
    }
    author::Entity::insert_many(authors).exec_without_returning(tx).await?;
    book::Entity::insert_many(books).exec_without_returning(tx).await?;
    Ok(())
}
