//! SeaORM's statements, over its own connection and over ours.

use std::hint::black_box;

use easy_cache_core::{Cache, Scope};
use easy_cache_sea_orm::CachedDb;
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::{
    ActiveModelTrait as _, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, EntityTrait as _,
    QuerySelect as _,
};
use tokio::runtime::{Builder, Runtime};

use crate::place::Base;
use crate::statement::{IN_A_SCOPE, Keys, Statement, Way};
use crate::turns::{Case, Problem, Run};

pub(crate) mod book {
    //! The table.

    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "books")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
        pub(crate) title: String,
        pub(crate) author_id: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) fn case(base: Base, statement: Statement, way: Way) -> Case {
    let start = move || {
        let (runtime, db) = connect(base)?;
        Ok(run(runtime, db, statement, way))
    };
    let case = Case::new(format!("{base}, SeaORM, {statement}"), way.name(), base.calls(), start);
    if base == Base::Sqlite { case } else { case.with_a_server() }
}

/// A connection to a new database, with a cache.
pub(crate) fn connect(base: Base) -> Result<(Runtime, CachedDb), Problem> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut options = ConnectOptions::new(base.url("sqlite::memory:"));
    options.max_connections(1).min_connections(1).sqlx_logging(false);
    let db = runtime.block_on(async {
        let connection = Database::connect(options).await?;
        for sql in base.schema() {
            connection.execute_unprepared(&sql).await?;
        }
        Ok::<_, DbErr>(connection)
    })?;
    Ok((runtime, CachedDb::builder(db, &Cache::new()).model::<book::Entity>().build()))
}

fn run(runtime: Runtime, db: CachedDb, statement: Statement, way: Way) -> Run {
    let plain: DatabaseConnection = db.inner().clone();
    let mut keys = Keys::default();
    Box::new(move |calls| {
        runtime.block_on(async {
            match way {
                Way::Plain => send(&plain, statement, calls, &mut keys).await?,
                Way::Followed => send(&db, statement, calls, &mut keys).await?,
                Way::InScope => {
                    for _ in 0..calls / IN_A_SCOPE {
                        Scope::new().wrap(send(&db, statement, IN_A_SCOPE, &mut keys)).await?;
                    }
                }
            }
            Ok(())
        })
    })
}

async fn send(db: &impl ConnectionTrait, statement: Statement, calls: usize, keys: &mut Keys) -> Result<(), DbErr> {
    for _ in 0..calls {
        let id = keys.next();
        match statement {
            Statement::Find => drop(black_box(book::Entity::find_by_id(id).one(db).await?)),
            Statement::List => drop(black_box(book::Entity::find().limit(20).all(db).await?)),
            Statement::Update => {
                let book = book::ActiveModel { id: Unchanged(id), title: Set("new".into()), ..Default::default() };
                black_box(book.update_without_returning(db).await?);
            }
            Statement::Insert => {
                let book = book::ActiveModel { title: Set("new".into()), author_id: Set(1), ..Default::default() };
                drop(black_box(book.insert(db).await?));
            }
        }
    }
    Ok(())
}
