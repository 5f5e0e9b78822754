//! The same through calls of SeaORM: what its methods write is invalidated as the statements they make say.

use std::collections::BTreeSet;

use easy_cache_sea_orm::{CachedDb, CachedTx};
use easy_cache_sql::Dialect;
use futures_util::future::BoxFuture;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Alias, ExprTrait, OnConflict, Query};
use sea_orm::{
    ActiveValue, IntoActiveModel, QuerySelect, QueryTrait, Set, TransactionTrait, TryInsertResult, Unchanged,
};

use crate::library::{KINDS, name};
use crate::site::Site;
use crate::statements::judge;
use crate::table::tags;

pub(crate) mod author {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "authors")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: i32,
        pub(crate) name: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod book {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "books")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
        pub(crate) title: String,
        pub(crate) author: i32,
        pub(crate) stock: i32,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod loan {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "loans")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) book: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) member: String,
        pub(crate) days: i32,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod code {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "codes")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) code: String,
        pub(crate) meaning: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod line {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "Order Lines")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: i32,
        #[sea_orm(column_name = "Count")]
        pub(crate) count: Option<i32>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod stat {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "stats")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: i32,
        pub(crate) total: i32,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod unrelated {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "unrelated")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: i32,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

type Written<'c> = BoxFuture<'c, Result<(), DbErr>>;

/// A way of writing, as a call on the connection and as the same call on a transaction.
struct Call {
    name: &'static str,
    /// On SQLite, PostgreSQL, MariaDB; empty where it cannot be.
    expected: [&'static str; 3],
    on_db: fn(&CachedDb) -> Written<'_>,
    on_tx: fn(&CachedTx) -> Written<'_>,
}

/// The same body for both types, which no closure can be.
macro_rules! call {
    ($name:literal, $expected:expr, |$db:ident| $body:block) => {
        Call {
            name: $name,
            expected: $expected,
            on_db: |$db| {
                Box::pin(async move {
                    $body;
                    Ok(())
                })
            },
            on_tx: |$db| {
                Box::pin(async move {
                    $body;
                    Ok(())
                })
            },
        }
    };
}

fn everywhere(tags: &'static str) -> [&'static str; 3] {
    [tags; 3]
}

fn new_book(id: Option<i32>, title: &str) -> book::ActiveModel {
    book::ActiveModel {
        id: id.map_or(ActiveValue::NotSet, Set),
        title: Set(title.to_owned()),
        author: Set(2),
        stock: Set(1),
    }
}

fn changed_book(id: i32) -> book::ActiveModel {
    book::ActiveModel { id: Unchanged(id), stock: Set(44), ..Default::default() }
}

fn new_loan(book: i32, member: &str) -> loan::ActiveModel {
    loan::ActiveModel { book: Set(book), member: Set(member.to_owned()), days: Set(1) }
}

fn inserts() -> Vec<Call> {
    vec![
        call!("insert", everywhere("books books:+"), |db| { new_book(None, "x").insert(db).await? }),
        call!("insert with a key", everywhere("books books:5"), |db| { new_book(Some(5), "x").insert(db).await? }),
        call!("save of a new row", everywhere("books books:+"), |db| { new_book(None, "x").save(db).await? }),
        call!("insert of one", everywhere("books books:5"), |db| {
            book::Entity::insert(new_book(Some(5), "x")).exec(db).await?
        }),
        call!("insert without looking back", everywhere("books books:5"), |db| {
            book::Entity::insert(new_book(Some(5), "x")).exec_without_returning(db).await?
        }),
        call!("insert of many", everywhere("books books:+"), |db| {
            book::Entity::insert_many([new_book(None, "x"), new_book(None, "y")]).exec(db).await?
        }),
        call!("insert of many with keys", everywhere("books books:5 books:6"), |db| {
            book::Entity::insert_many([new_book(Some(5), "x"), new_book(Some(6), "y")]).exec(db).await?
        }),
        call!("insert of a composite key", ["loans loans:3,eve", "loans loans:3,eve", "loans loans:+"], |db| {
            new_loan(3, "eve").insert(db).await?
        }),
        call!("insert that is ignored", everywhere("books books:1").map_mysql("books books:*"), |db| {
            let nothing = OnConflict::column(book::Column::Id).do_nothing_on([book::Column::Id]).to_owned();
            let inserted =
                book::Entity::insert_many([new_book(Some(1), "x")]).on_conflict(nothing).try_insert().exec(db).await?;
            assert!(matches!(inserted, TryInsertResult::Conflicted));
        }),
        call!("upsert", ["books books:1", "books books:1", "books books:*"], |db| {
            let update = OnConflict::column(book::Column::Id).update_column(book::Column::Title).to_owned();
            book::Entity::insert(new_book(Some(1), "x")).on_conflict(update).exec(db).await?
        }),
        call!("upsert by another column", everywhere("books books:*"), |db| {
            let update = OnConflict::column(book::Column::Title).update_column(book::Column::Stock).to_owned();
            book::Entity::insert(new_book(None, "Emma")).on_conflict(update).exec(db).await?
        }),
        call!(
            "insert under a quoted name",
            ["order_lines order_lines:3", "Order_Lines Order_Lines:3", "order_lines order_lines:3"],
            |db| { line::ActiveModel { id: Set(3), count: Set(None) }.insert(db).await? }
        ),
    ]
}

fn updates() -> Vec<Call> {
    vec![
        call!("update", everywhere("books books:1"), |db| { changed_book(1).update(db).await? }),
        call!("save of a row that is there", everywhere("books books:1"), |db| { changed_book(1).save(db).await? }),
        call!("update of a model that was read", everywhere("books books:1"), |db| {
            let book = book::Entity::find_by_id(1).one(db).await?.unwrap();
            let mut book = book.into_active_model();
            book.title = Set("x".to_owned());
            book.update(db).await?
        }),
        call!("update by a composite key", ["loans loans:1,ann", "loans loans:1,ann", "loans loans:*"], |db| {
            loan::ActiveModel { book: Unchanged(1), member: Unchanged("ann".into()), days: Set(3) }.update(db).await?
        }),
        call!("update of many", everywhere("books books:*"), |db| {
            book::Entity::update_many()
                .col_expr(book::Column::Stock, Expr::value(5))
                .filter(book::Column::Author.eq(1))
                .exec(db)
                .await?
        }),
        call!("update of many by keys", everywhere("books books:1 books:3"), |db| {
            book::Entity::update_many()
                .col_expr(book::Column::Stock, Expr::value(5))
                .filter(book::Column::Id.is_in([1, 3]))
                .exec(db)
                .await?
        }),
        call!("update of many by one key or another", everywhere("books books:1 books:3"), |db| {
            let either = book::Column::Id.eq(1).or(book::Column::Id.eq(3));
            book::Entity::update_many().col_expr(book::Column::Stock, Expr::value(5)).filter(either).exec(db).await?
        }),
        call!("update of all", everywhere("books books:*"), |db| {
            book::Entity::update_many()
                .col_expr(book::Column::Stock, Expr::col(book::Column::Stock).add(1))
                .exec(db)
                .await?
        }),
        call!("update of a row that is not there", everywhere("books books:77"), |db| {
            book::Entity::update_many()
                .col_expr(book::Column::Stock, Expr::value(5))
                .filter(book::Column::Id.eq(77))
                .exec(db)
                .await?
        }),
        call!("update of what others refer to", everywhere("authors authors:1"), |db| {
            author::ActiveModel { id: Unchanged(1), name: Set("Jane".into()) }.update(db).await?
        }),
        call!("query by hand", everywhere("books books:1"), |db| {
            let query = Query::update()
                .table(Alias::new("books"))
                .value("stock", 7)
                .and_where(Expr::col("id").eq(1))
                .to_owned();
            db.execute(&query).await?
        }),
    ]
}

fn deletes() -> Vec<Call> {
    vec![
        call!("delete of a model", everywhere("codes codes:a").map_mysql("codes codes:*"), |db| {
            code::Model { code: "a".into(), meaning: None }.delete(db).await?
        }),
        call!("delete by key", everywhere("books books:4 loans loans:*"), |db| {
            book::Entity::delete_by_id(4).exec(db).await?
        }),
        call!("delete by key, with what depends on it", everywhere("books books:1 loans loans:*"), |db| {
            book::Entity::delete_by_id(1).exec(db).await?
        }),
        call!("delete by a composite key", everywhere("loans loans:1,ann").map_mysql("loans loans:*"), |db| {
            loan::Entity::delete_by_id((1, "ann".to_owned())).exec(db).await?
        }),
        call!("delete of many", everywhere("loans loans:*"), |db| {
            loan::Entity::delete_many().filter(loan::Column::Days.gt(5)).exec(db).await?
        }),
        call!("delete of many by keys", everywhere("books books:1 books:4 loans loans:*"), |db| {
            book::Entity::delete_many().filter(book::Column::Id.is_in([4, 1])).exec(db).await?
        }),
        call!("delete of all", everywhere("authors authors:* books books:* loans loans:*"), |db| {
            author::Entity::delete_many().exec(db).await?
        }),
        call!("delete by a query", everywhere("loans loans:*"), |db| {
            let books = book::Entity::find().select_only().column(book::Column::Id).filter(book::Column::Stock.gt(1));
            loan::Entity::delete_many().filter(loan::Column::Book.in_subquery(books.into_query())).exec(db).await?
        }),
        call!("read", everywhere("nothing"), |db| { book::Entity::find().all(db).await? }),
        call!("count", everywhere("nothing"), |db| { book::Entity::find().count(db).await? }),
    ]
}

/// What MySQL says otherwise.
trait OnMySql {
    fn map_mysql(self, tags: &'static str) -> Self;
}

impl OnMySql for [&'static str; 3] {
    fn map_mysql(mut self, tags: &'static str) -> Self {
        self[2] = tags;
        self
    }
}

/// On the connection; in a transaction that is committed; in a savepoint that is released; and in one that is rolled back.
async fn run(site: &Site, call: &Call, way: usize) -> Result<(), DbErr> {
    if way == 0 {
        return (call.on_db)(&site.db).await;
    }
    let tx = site.db.begin().await?;
    if way == 1 {
        (call.on_tx)(&tx).await?;
    } else {
        let savepoint = tx.begin().await?;
        (call.on_tx)(&savepoint).await?;
        if way == 2 { savepoint.commit().await? } else { savepoint.rollback().await? }
    }
    let early = site.published().await;
    assert!(early.is_empty(), "{} is told before COMMIT: {early:?}", call.name);
    tx.commit().await
}

async fn calls_hold_on(kind: Dialect) {
    let mut site = Site::new(kind).await;
    let mut wrong = Vec::new();
    let place = KINDS.iter().position(|each| *each == kind).unwrap();
    for call in inserts().into_iter().chain(updates()).chain(deletes()).filter(|call| !call.expected[place].is_empty())
    {
        for way in 0..4 {
            let result = run(&site, &call, way).await;
            let expected = if way == 3 { BTreeSet::new() } else { tags(call.expected[place]) };
            let effects = site.effects().await;
            let mut problems = judge(kind, &effects, &expected, false);
            problems.extend(result.err().map(|error| error.to_string()));
            wrong.extend(problems.into_iter().map(|problem| format!("{} ({way}): {problem}", call.name)));
            site.put_back(&effects).await;
        }
    }
    assert!(wrong.is_empty(), "{} on {}:\n{}", wrong.len(), name(kind), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_on_sqlite_invalidates_what_it_writes() {
    calls_hold_on(Dialect::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_on_postgres_invalidates_what_it_writes() {
    calls_hold_on(Dialect::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_on_mariadb_invalidates_what_it_writes() {
    calls_hold_on(Dialect::MySql).await;
}
