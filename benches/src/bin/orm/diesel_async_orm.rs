//! Diesel's statements on PostgreSQL, by diesel-async: the same as in `diesel_orm`, but the trait that runs them is another one.

use std::hint::black_box;

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::{ExpressionMethods as _, QueryDsl as _};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use easy_cache_core::{Cache, Scope};
use easy_cache_diesel::CachedDb;
use tokio::runtime::Builder;

use crate::diesel_orm::{Book, books};
use crate::place::Base;
use crate::statement::{IN_A_SCOPE, Keys, Statement, Way};
use crate::turns::{Problem, Run};

/// Connects to a new database.
pub(crate) fn start(statement: Statement, way: Way) -> Result<Run, Problem> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut conn = runtime.block_on(async {
        let mut conn = AsyncPgConnection::establish(&Base::Postgres.url("")).await?;
        for sql in Base::Postgres.schema() {
            conn.batch_execute(&sql).await?;
        }
        if way != Way::Plain {
            CachedDb::<Pg>::builder(&Cache::new()).model(books::table).build().instrument_async(&mut conn);
        }
        Ok::<_, Problem>(conn)
    })?;
    let mut keys = Keys::default();
    Ok(Box::new(move |calls| {
        runtime.block_on(async {
            if way != Way::InScope {
                return Ok(send(&mut conn, statement, calls, &mut keys).await?);
            }
            for _ in 0..calls / IN_A_SCOPE {
                Scope::new().wrap(send(&mut conn, statement, IN_A_SCOPE, &mut keys)).await?;
            }
            Ok(())
        })
    }))
}

async fn send(conn: &mut AsyncPgConnection, statement: Statement, calls: usize, keys: &mut Keys) -> QueryResult<()> {
    for _ in 0..calls {
        let id = keys.next();
        match statement {
            Statement::Find => drop(black_box(books::table.find(id).first::<Book>(conn).await?)),
            Statement::List => drop(black_box(books::table.limit(20).load::<Book>(conn).await?)),
            Statement::Update => {
                let update = diesel::update(books::table.find(id)).set(books::title.eq("new"));
                black_box(update.execute(conn).await?);
            }
            Statement::Insert => {
                let values = (books::title.eq("new"), books::author_id.eq(1));
                black_box(diesel::insert_into(books::table).values(values).execute(conn).await?);
            }
        }
    }
    Ok(())
}
