//! A query, its cached form when that is a hit, and a cache that is asked by hand for the same.

use std::hint::black_box;
use std::sync::Arc;

use diesel::prelude::*;
use easy_cache_core::Cache;
use easy_cache_diesel::CachedQuery as _;
use easy_cache_sea_orm::CachedSelect as _;
use sea_orm::{DbErr, EntityTrait as _, QuerySelect as _};

use crate::diesel_orm::{self, Book, books};
use crate::place::Base;
use crate::sea_orm_orm::{self, book};
use crate::statement::Keys;
use crate::turns::{Case, Run};

/// How many calls a batch has: a few dozen microseconds of hits.
const CALLS: usize = 50;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Query,
    Cached,
    /// A key of the application's own.
    KeyByHand,
    /// `quick_cache`, and a key put together for it.
    ByHand,
}

const WAYS: [(Way, &str); 4] = [
    (Way::Query, "the query"),
    (Way::Cached, "cached, a hit"),
    (Way::KeyByHand, "`Cache`, a key by hand"),
    (Way::ByHand, "`quick_cache` by hand"),
];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (way, name) in WAYS {
        cases.push(Case::new("hit, SeaORM, one row", name, CALLS, move || sea_orm_one(way)));
    }
    for (way, name) in WAYS {
        cases.push(Case::new("hit, SeaORM, list of 20", name, CALLS, move || sea_orm_list(way)));
    }
    for (way, name) in WAYS {
        cases.push(Case::new("hit, Diesel, one row", name, CALLS, move || diesel_one(way)));
    }
    for (way, name) in WAYS {
        cases.push(Case::new("hit, Diesel, list of 20", name, CALLS, move || diesel_list(way)));
    }
    cases
}

type Started = Result<Run, crate::turns::Problem>;

fn sea_orm_one(way: Way) -> Started {
    let (runtime, db) = sea_orm_orm::connect(Base::Sqlite)?;
    let cache = db.cache().clone();
    let quick = quick_cache::sync::Cache::<String, Arc<book::Model>>::new(10_000);
    let mut keys = Keys::default();
    let first = runtime.block_on(book::Entity::find_by_id(1).one(&db))?.ok_or("there is no book")?;
    let first = Arc::new(first);
    Ok(Box::new(move |calls| {
        runtime.block_on(async {
            for _ in 0..calls {
                let id = keys.next() % 20 + 1;
                match way {
                    Way::Query => drop(black_box(book::Entity::find_by_id(id).one(&db).await?)),
                    Way::Cached => drop(black_box(book::Entity::find_by_id(id).one_cached(&db).await?)),
                    Way::KeyByHand => {
                        let load = async { Ok::<_, DbErr>(Arc::clone(&first)) };
                        drop(black_box(cache.get_or_compute(format!("book:{id}"), load).local().await?));
                    }
                    Way::ByHand => {
                        let load = || Ok::<_, DbErr>(Arc::clone(&first));
                        drop(black_box(quick.get_or_insert_with(&format!("book:{id}"), load)?));
                    }
                }
            }
            Ok(())
        })
    }))
}

fn sea_orm_list(way: Way) -> Started {
    let (runtime, db) = sea_orm_orm::connect(Base::Sqlite)?;
    let cache = db.cache().clone();
    let quick = quick_cache::sync::Cache::<String, Arc<Vec<book::Model>>>::new(10_000);
    let list = || book::Entity::find().limit(20);
    let rows = Arc::new(runtime.block_on(list().all(&db))?);
    Ok(Box::new(move |calls| {
        runtime.block_on(async {
            for _ in 0..calls {
                match way {
                    Way::Query => drop(black_box(list().all(&db).await?)),
                    Way::Cached => drop(black_box(list().all_cached(&db).await?)),
                    Way::KeyByHand => {
                        let load = async { Ok::<_, DbErr>(Arc::clone(&rows)) };
                        drop(black_box(cache.get_or_compute("books", load).local().await?));
                    }
                    Way::ByHand => {
                        let load = || Ok::<_, DbErr>(Arc::clone(&rows));
                        drop(black_box(quick.get_or_insert_with("books", load)?));
                    }
                }
            }
            Ok(())
        })
    }))
}

fn diesel_one(way: Way) -> Started {
    let mut conn = diesel_orm::connect(true)?;
    let cache = Cache::new();
    let quick = quick_cache::sync::Cache::<String, Arc<Book>>::new(10_000);
    let mut keys = Keys::default();
    let first = Arc::new(books::table.find(1).first::<Book>(&mut conn)?);
    Ok(Box::new(move |calls| {
        for _ in 0..calls {
            let id = keys.next() % 20 + 1;
            match way {
                Way::Query => drop(black_box(books::table.find(id).first::<Book>(&mut conn)?)),
                Way::Cached => drop(black_box(books::table.find_cached::<Book, _, _>(id, &mut conn)?)),
                Way::KeyByHand => {
                    let load = || QueryResult::Ok(Arc::clone(&first));
                    drop(black_box(cache.get_or_compute_sync(format!("book:{id}"), load).local().wait()?));
                }
                Way::ByHand => {
                    let load = || QueryResult::Ok(Arc::clone(&first));
                    drop(black_box(quick.get_or_insert_with(&format!("book:{id}"), load)?));
                }
            }
        }
        Ok(())
    }))
}

fn diesel_list(way: Way) -> Started {
    let mut conn = diesel_orm::connect(true)?;
    let cache = Cache::new();
    let quick = quick_cache::sync::Cache::<String, Arc<Vec<Book>>>::new(10_000);
    let rows = Arc::new(books::table.limit(20).load::<Book>(&mut conn)?);
    Ok(Box::new(move |calls| {
        for _ in 0..calls {
            match way {
                Way::Query => drop(black_box(books::table.limit(20).load::<Book>(&mut conn)?)),
                Way::Cached => drop(black_box(books::table.limit(20).load_cached::<Book, _>(&mut conn)?)),
                Way::KeyByHand => {
                    let load = || QueryResult::Ok(Arc::clone(&rows));
                    drop(black_box(cache.get_or_compute_sync("books", load).local().wait()?));
                }
                Way::ByHand => {
                    let load = || QueryResult::Ok(Arc::clone(&rows));
                    drop(black_box(quick.get_or_insert_with("books", load)?));
                }
            }
        }
        Ok(())
    }))
}
