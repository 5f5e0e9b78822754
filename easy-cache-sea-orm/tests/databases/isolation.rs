//! Transactions as real servers run them: snapshots, conflicts, transactions that end behind the driver's back, and writers that wait.

use std::collections::BTreeSet;
use std::time::Duration;

use easy_cache_core::Cache;
use easy_cache_sea_orm::{CachedDb, CachedSelect, CachedTx};
use easy_cache_sql::Dialect;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, IsolationLevel, QueryOrder, TransactionTrait};
use tokio::time::timeout;

use crate::site::{Site, book, connect, retitled, titles};

const SERVERS: [Dialect; 2] = [Dialect::Postgres, Dialect::MySql];

/// All titles, through the cache.
async fn cached(db: &CachedDb) -> Vec<String> {
    let books = book::Entity::find().order_by_asc(book::Column::Id).all_cached(db).await.unwrap();
    books.iter().map(|book| book.title.clone()).collect()
}

/// A cached function that is given what it reads through.
async fn kept_from(cache: &Cache, db: &impl ConnectionTrait) -> Vec<String> {
    cache.get_or_compute("titles", async { Ok::<_, DbErr>(titles(db).await) }).await.unwrap()
}

// case 87
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_with_an_older_snapshot_fills_nothing() {
    for kind in SERVERS {
        for level in [IsolationLevel::RepeatableRead, IsolationLevel::Serializable] {
            // MariaDB locks what a serializable transaction reads: the writer would wait for it.
            if kind == Dialect::MySql && level == IsolationLevel::Serializable {
                continue;
            }
            let site = Site::new(kind).await;
            let reader = site.db.begin_with_config(Some(level), None).await.unwrap();
            assert_eq!(titles(&reader).await, ["Emma", "Persuasion"]);
            retitled(1, "New").update(&site.db).await.unwrap();
            assert_eq!(kept_from(&site.cache, &reader).await[0], "Emma", "{kind:?}: as of its snapshot");
            reader.commit().await.unwrap();
            assert_eq!(kept_from(&site.cache, &site.db).await[0], "New", "{kind:?}");
        }
    }
}

// case 74
#[tokio::test(flavor = "multi_thread")]
async fn what_a_transaction_changes_is_served_to_others_as_it_was_until_the_commit() {
    for kind in SERVERS {
        let site = Site::new(kind).await;
        let tx = site.db.begin().await.unwrap();
        retitled(1, "Changed").update(&tx).await.unwrap();
        assert_eq!(titles(&tx).await[0], "Changed");
        assert_eq!(cached(&site.db).await[0], "Emma", "{kind:?}: read beside it, before its COMMIT");
        tx.commit().await.unwrap();
        assert_eq!(cached(&site.db).await[0], "Changed", "{kind:?}");
    }
}

// case 75
#[tokio::test(flavor = "multi_thread")]
async fn a_savepoint_that_is_rolled_back_costs_no_hit() {
    for kind in SERVERS {
        let site = Site::new(kind).await;
        site.dropped().await;
        let tx = site.db.begin().await.unwrap();
        let inner = tx.begin().await.unwrap();
        retitled(1, "Changed").update(&inner).await.unwrap();
        inner.rollback().await.unwrap();
        assert_eq!(titles(&tx).await[0], "Emma");
        tx.commit().await.unwrap();
        assert_eq!(site.dropped().await, BTreeSet::new(), "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_refused_drops_nothing() {
    let site = Site::new(Dialect::Postgres).await;
    let level = Some(IsolationLevel::Serializable);
    let (first, second) =
        (site.db.begin_with_config(level, None).await.unwrap(), site.db.begin_with_config(level, None).await.unwrap());
    assert_eq!(titles(&first).await, titles(&second).await);
    retitled(1, "First").update(&first).await.unwrap();
    retitled(2, "Second").update(&second).await.unwrap();
    first.commit().await.unwrap();
    site.dropped().await;
    second.commit().await.unwrap_err();
    assert_eq!(site.dropped().await, BTreeSet::new());
    assert_eq!(site.truth().await, ["First", "Persuasion"]);
    assert_eq!(cached(&site.db).await, ["First", "Persuasion"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_an_error_has_ended_commits_nothing() {
    let site = Site::new(Dialect::Postgres).await;
    assert_eq!(cached(&site.db).await[0], "Emma");
    let tx = site.db.begin().await.unwrap();
    retitled(1, "Lost").update(&tx).await.unwrap();
    tx.execute_unprepared("SELECT nothing FROM books").await.unwrap_err();
    tx.execute_unprepared("UPDATE books SET title = 'Lost'").await.unwrap_err();
    let _ = tx.commit().await;
    assert_eq!(site.truth().await[0], "Emma", "the server has rolled it back");
    assert_eq!(cached(&site.db).await[0], "Emma");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_in_a_transaction_commits_on_mariadb_what_was_written_before_it() {
    let site = Site::new(Dialect::MySql).await;
    assert_eq!(cached(&site.db).await[0], "Emma");
    let tx = site.db.begin().await.unwrap();
    retitled(1, "Committed").update(&tx).await.unwrap();
    tx.execute_unprepared("CREATE TABLE others (id INTEGER PRIMARY KEY)").await.unwrap();
    assert_eq!(cached(&site.db).await[0], "Committed", "although no COMMIT was sent");
    retitled(2, "At once").update(&tx).await.unwrap();
    assert_eq!(cached(&site.db).await[1], "At once", "and what follows is not in a transaction at all");
    let _ = tx.rollback().await;
    assert_eq!(cached(&site.db).await, site.truth().await);
}

// case 86
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_beside_a_bulk_update_in_autocommit_leaves_nothing_old_behind() {
    for kind in SERVERS {
        let site = Site::new(kind).await;
        assert_eq!(cached(&site.db).await[0], "Emma");
        let in_the_way = site.other.begin().await.unwrap();
        in_the_way.execute_unprepared("UPDATE books SET title = title WHERE id = 2").await.unwrap();
        let db = site.db.clone();
        let writer = tokio::spawn(async move {
            let all = book::Entity::update_many().col_expr(book::Column::Title, Expr::value("all"));
            all.exec(&db).await.unwrap();
        });
        // It holds its tags, and waits for the row: from now on each reader reads for himself.
        let table = site.db.table_tag::<book::Entity>();
        let held = async {
            while site.cache.get_or_compute("probe", async { Some(1) }).tags([table.clone()]).await.is_some()
                && site.cache.contains("probe").await
            {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(30), held).await.expect("the writer holds its tags before it writes");
        assert_eq!(cached(&site.db).await[0], "Emma", "{kind:?}: not committed yet");
        in_the_way.rollback().await.unwrap();
        writer.await.unwrap();
        assert_eq!(cached(&site.db).await, ["all", "all"], "{kind:?}");
        assert_eq!(cached(&site.db).await, site.truth().await);
    }
}

// case 84
#[tokio::test(flavor = "multi_thread")]
async fn of_two_databases_with_one_cache_one_commits_and_the_other_rolls_back() {
    for (one, two) in [(Dialect::Postgres, Dialect::MySql), (Dialect::MySql, Dialect::Sqlite)] {
        let (site, other) = (Site::new(one).await, Site::new(two).await);
        let beside = CachedDb::new(connect(&other.url).await, &site.cache);
        assert_eq!((cached(&site.db).await[0].as_str(), cached(&beside).await[0].as_str()), ("Emma", "Emma"));
        let written = site.db.transaction_async(async |tx: &CachedTx| retitled(1, "Kept").update(tx).await);
        let undone = beside.transaction_async(async |tx: &CachedTx| {
            retitled(1, "Lost").update(tx).await?;
            Err::<(), _>(DbErr::Custom("no".into()))
        });
        let (written, undone) = tokio::join!(written, undone);
        written.unwrap();
        undone.unwrap_err();
        assert_eq!((cached(&site.db).await[0].as_str(), cached(&beside).await[0].as_str()), ("Kept", "Emma"));
    }
}
