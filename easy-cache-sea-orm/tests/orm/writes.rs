//! The table of truth: for each way to write, the tags that are invalidated, and by that the ones that are not.
// case 82

use easy_cache_sea_orm::CachedDb;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, Statement,
};

use crate::entities::{author, book, loan};
use crate::shop::{Shop, TAGS, new_book, retitled};

/// The tags that a write drops in a fresh shop.
async fn dropped_by<T>(write: impl AsyncFnOnce(&CachedDb) -> Result<T, DbErr>) -> Vec<&'static str> {
    let shop = Shop::in_memory().await;
    shop.watch().await;
    assert!(shop.dropped().await.is_empty(), "a witness that nothing has dropped is a hit");
    write(&shop.db).await.unwrap();
    shop.dropped().await
}

fn title_is(title: &str) -> sea_orm::sea_query::SimpleExpr {
    book::Column::Title.eq(title)
}

fn sqlite(sql: &str, values: impl IntoIterator<Item = sea_orm::Value>) -> Statement {
    Statement::from_sql_and_values(sea_orm::DbBackend::Sqlite, sql, values)
}

#[tokio::test]
async fn an_insert_without_a_key_drops_the_table_and_no_row() {
    assert_eq!(dropped_by(async |db| new_book("New").insert(db).await).await, ["books"]);
    assert_eq!(dropped_by(async |db| new_book("New").save(db).await).await, ["books"]);
    assert_eq!(dropped_by(async |db| book::Entity::insert(new_book("New")).exec(db).await).await, ["books"]);
    let returning = dropped_by(async |db| book::Entity::insert(new_book("New")).exec_with_returning(db).await).await;
    assert_eq!(returning, ["books"]);
    let many = dropped_by(async |db| book::Entity::insert_many([new_book("A"), new_book("B")]).exec(db).await).await;
    assert_eq!(many, ["books"]);
}

#[tokio::test]
async fn a_change_by_key_drops_the_table_and_that_row() {
    assert_eq!(dropped_by(async |db| retitled(1, "New").update(db).await).await, ["books", "books:1"]);
    assert_eq!(dropped_by(async |db| retitled(2, "New").save(db).await).await, ["books", "books:2"]);
    let by_model = dropped_by(async |db| {
        let emma = book::Entity::find_by_id(1).one(db).await?.unwrap();
        emma.into_active_model().delete(db).await
    });
    assert_eq!(by_model.await, ["books", "books:1"]);
    assert_eq!(dropped_by(async |db| book::Entity::delete_by_id(2).exec(db).await).await, ["books", "books:2"]);
    let filtered = async |db: &CachedDb| {
        let update = book::Entity::update_many().col_expr(book::Column::Title, Expr::value("x"));
        update.filter(book::Column::Id.is_in([1, 7])).exec(db).await
    };
    assert_eq!(dropped_by(filtered).await, ["books", "books:1"]);
}

#[tokio::test]
async fn an_insert_with_a_key_drops_the_table_and_that_row() {
    let with_key = || book::ActiveModel { id: Set(9), ..new_book("New") };
    assert_eq!(dropped_by(async |db| book::Entity::insert(with_key()).exec(db).await).await, ["books"]);
    let shop = Shop::in_memory().await;
    assert_eq!(shop.title(9).await, "none");
    book::Entity::insert(with_key()).exec(&shop.db).await.unwrap();
    assert_eq!(shop.title(9).await, "New");
}

#[tokio::test]
async fn a_change_of_rows_that_nobody_named_drops_every_row() {
    let every_row = ["books", "books:1", "books:2", "books:*"];
    let expected = ["books", "books:*"];
    let update = async |db: &CachedDb| {
        let update = book::Entity::update_many().col_expr(book::Column::AuthorId, Expr::value(2));
        update.filter(title_is("Emma")).exec(db).await
    };
    assert_eq!(dropped_by(update).await, expected);
    let delete = async |db: &CachedDb| book::Entity::delete_many().filter(title_is("Emma")).exec(db).await;
    assert_eq!(dropped_by(delete).await, expected);
    let upsert = async |db: &CachedDb| {
        let on_conflict = OnConflict::column(book::Column::Title).update_column(book::Column::AuthorId).to_owned();
        book::Entity::insert(new_book("Emma")).on_conflict(on_conflict).exec(db).await
    };
    assert_eq!(dropped_by(upsert).await, expected, "an upsert may change any of {every_row:?}");
}

#[tokio::test]
async fn a_bulk_change_reaches_values_that_were_built_from_single_rows() {
    let shop = Shop::in_memory().await;
    assert_eq!(shop.title(1).await, "Emma");
    let update = book::Entity::update_many().col_expr(book::Column::Title, Expr::value("All"));
    update.filter(title_is("Emma")).exec(&shop.db).await.unwrap();
    assert_eq!(shop.title(1).await, "All");
}

#[tokio::test]
async fn raw_statements_are_understood_with_their_values() {
    let bound = async |db: &CachedDb| {
        db.execute_raw(sqlite("UPDATE books SET title = ? WHERE id = ?", ["x".into(), 2.into()])).await
    };
    assert_eq!(dropped_by(bound).await, ["books", "books:2"]);
    let text = async |db: &CachedDb| db.execute_unprepared("DELETE FROM books WHERE id = 1").await;
    assert_eq!(dropped_by(text).await, ["books", "books:1"]);
    let several = async |db: &CachedDb| {
        db.execute_unprepared("UPDATE books SET title = 'x' WHERE id = 1; DELETE FROM loans").await
    };
    assert_eq!(dropped_by(several).await, ["books", "books:1", "loans"]);
    let returning = async |db: &CachedDb| {
        db.query_one_raw(sqlite("UPDATE books SET title = 'x' WHERE id = 2 RETURNING title", [])).await
    };
    assert_eq!(dropped_by(returning).await, ["books", "books:2"]);
}

#[tokio::test]
async fn a_definition_drops_its_table_and_what_is_not_understood_drops_everything() {
    let alter = async |db: &CachedDb| db.execute_unprepared("ALTER TABLE books ADD COLUMN year INTEGER").await;
    assert_eq!(dropped_by(alter).await, ["books", "books:*"]);
    let unknown = async |db: &CachedDb| db.execute_unprepared("DELETE FROM loans WHERE days ISNULL").await;
    assert_eq!(dropped_by(unknown).await, TAGS, "SQLite understands this, and the analysis does not");
    let maintenance = async |db: &CachedDb| db.execute_unprepared("REINDEX books").await;
    assert_eq!(dropped_by(maintenance).await, [""; 0]);
}

#[tokio::test]
async fn a_foreign_key_that_cascades_reaches_the_rows_of_the_other_table() {
    let delete = async |db: &CachedDb| author::Entity::delete_by_id(1).exec(db).await;
    assert_eq!(dropped_by(delete).await, ["authors", "books", "books:*"]);
    let insert = async |db: &CachedDb| {
        let author = author::ActiveModel { name: Set("Eliot".into()), ..Default::default() };
        author::Entity::insert(author).exec(db).await
    };
    assert_eq!(dropped_by(insert).await, ["authors"]);
}

#[tokio::test]
async fn a_model_that_is_saved_with_its_relations_drops_both() {
    let nested = async |db: &CachedDb| {
        let author = author::ActiveModel::builder().set_name("Eliot");
        author.add_book(book::ActiveModel::builder().set_title("Middlemarch")).save(db).await
    };
    assert_eq!(dropped_by(nested).await, ["authors", "books"]);
}

#[tokio::test]
async fn an_update_that_finds_no_row_drops_no_more_than_one_that_does() {
    let shop = Shop::in_memory().await;
    shop.watch().await;
    assert_eq!(retitled(7, "x").update(&shop.db).await, Err(DbErr::RecordNotUpdated));
    assert_eq!(shop.dropped().await, ["books"]);
}

#[tokio::test]
async fn a_refused_statement_costs_no_hit() {
    let shop = Shop::in_memory().await;
    shop.watch().await;
    assert_eq!(shop.titles().await.len(), 3);
    let before = shop.statements();
    for refused in [
        retitled(1, "Villette").update(&shop.db).await.map(|_| ()),
        book::Entity::insert(new_book("Emma")).exec(&shop.db).await.map(|_| ()),
        shop.db.execute_unprepared("DELETE FROM no_such_table").await.map(|_| ()),
        shop.db.execute_unprepared("UPDATE books SET title = NULL").await.map(|_| ()),
    ] {
        refused.unwrap_err();
    }
    assert_eq!(shop.dropped().await, [""; 0]);
    let after = shop.statements();
    shop.titles().await;
    assert_eq!((shop.statements(), after - before), (after, 2), "only the two prepared writes reached the database");
}

#[tokio::test]
async fn of_several_statements_the_first_may_have_been_done_when_the_second_is_refused() {
    let shop = Shop::in_memory().await;
    assert_eq!(shop.title(1).await, "Emma");
    let text = "UPDATE books SET title = 'First' WHERE id = 1; UPDATE books SET title = NULL WHERE id = 2";
    shop.db.execute_unprepared(text).await.unwrap_err();
    assert_eq!(shop.title(1).await, "First");
}

// case 83
#[tokio::test]
async fn a_column_whose_name_sounds_like_a_write_is_no_write() {
    let shop = Shop::in_memory().await;
    shop.behind().execute_unprepared("ALTER TABLE loans ADD COLUMN updated_at TEXT").await.unwrap();
    shop.watch().await;
    let read = r#"SELECT "updated_at", 'DELETE FROM books' AS "delete" FROM loans"#;
    shop.db.query_all_raw(sqlite(read, [])).await.unwrap();
    assert_eq!(shop.dropped().await, [""; 0]);
}

#[tokio::test]
async fn a_row_may_be_known_by_a_key_of_two_columns() {
    let shop = Shop::in_memory().await;
    let days = async |reader: &str| {
        let key = (1, reader.to_owned());
        let read =
            async { loan::Entity::find_by_id(key.clone()).one(&shop.db).await.map(|loan| loan.map(|loan| loan.days)) };
        shop.cache.get_or_compute(format!("days:{reader}"), read).await.unwrap()
    };
    shop.behind().execute_unprepared("INSERT INTO loans VALUES (1, 'bob', 3)").await.unwrap();
    assert_eq!((days("ann").await, days("bob").await), (Some(7), Some(3)));
    let longer = loan::ActiveModel { book_id: Set(1), reader: Set("ann".into()), days: Set(30) };
    longer.update(&shop.db).await.unwrap();
    let before = shop.statements();
    assert_eq!(days("bob").await, Some(3));
    assert_eq!(shop.statements(), before, "the other reader's loan is still a hit");
    assert_eq!(days("ann").await, Some(30));
    assert_eq!(shop.statements(), before + 1);
}
