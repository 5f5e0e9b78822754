//! Diesel's statements on SQLite, over connections that nobody follows and over those that we follow. The same on PostgreSQL is
//! `diesel_async_orm`.

use std::hint::black_box;

use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use easy_cache_core::{Cache, Scope};
use easy_cache_diesel::CachedDb;

use crate::diesel_async_orm;
use crate::place::Base;
use crate::statement::{IN_A_SCOPE, Keys, Statement, Way};
use crate::turns::{Case, Problem, Run};

diesel::table! {
    books {
        id -> Integer,
        title -> Text,
        author_id -> Integer,
    }
}

/// A row.
pub(crate) type Book = (i32, String, i32);

pub(crate) fn case(base: Base, statement: Statement, way: Way) -> Case {
    let start = move || match base {
        Base::Sqlite => on_sqlite(statement, way),
        Base::Postgres => diesel_async_orm::start(statement, way),
    };
    let case = Case::new(format!("{base}, Diesel, {statement}"), way.name(), base.calls(), start);
    if base == Base::Sqlite { case } else { case.with_a_server() }
}

/// A connection to a new database in memory, followed or not.
pub(crate) fn connect(is_followed: bool) -> Result<SqliteConnection, Problem> {
    let mut conn = SqliteConnection::establish(&Base::Sqlite.url(":memory:"))?;
    for sql in Base::Sqlite.schema() {
        diesel::connection::SimpleConnection::batch_execute(&mut conn, &sql)?;
    }
    if is_followed {
        CachedDb::<Sqlite>::builder(&Cache::new()).model(books::table).build().instrument(&mut conn);
    }
    Ok(conn)
}

fn on_sqlite(statement: Statement, way: Way) -> Result<Run, Problem> {
    let mut conn = connect(way != Way::Plain)?;
    let mut keys = Keys::default();
    Ok(Box::new(move |calls| {
        if way != Way::InScope {
            return Ok(send(&mut conn, statement, calls, &mut keys)?);
        }
        for _ in 0..calls / IN_A_SCOPE {
            Scope::new().run(|| send(&mut conn, statement, IN_A_SCOPE, &mut keys))?;
        }
        Ok(())
    }))
}

fn send(conn: &mut SqliteConnection, statement: Statement, calls: usize, keys: &mut Keys) -> QueryResult<()> {
    for _ in 0..calls {
        let id = keys.next();
        match statement {
            Statement::Find => drop(black_box(books::table.find(id).first::<Book>(conn)?)),
            Statement::List => drop(black_box(books::table.limit(20).load::<Book>(conn)?)),
            Statement::Update => {
                let update = diesel::update(books::table.find(id)).set(books::title.eq("new"));
                black_box(update.execute(conn)?);
            }
            Statement::Insert => {
                let values = (books::title.eq("new"), books::author_id.eq(1));
                black_box(diesel::insert_into(books::table).values(values).execute(conn)?);
            }
        }
    }
    Ok(())
}
