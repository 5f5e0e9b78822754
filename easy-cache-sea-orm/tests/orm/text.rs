//! Transactions and settings of a session that come as text, on a pool with one connection, where that has a meaning.

use easy_cache_core::{Bypass as _, Scope};
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait};

use crate::entities::book;
use crate::shop::{Shop, retitled};

#[tokio::test]
async fn while_a_transaction_in_text_is_open_nothing_is_served_and_its_reads_are_kept_by_nobody() {
    let shop = Shop::in_memory().await;
    shop.watch().await;
    shop.db.execute_unprepared("BEGIN").await.unwrap();
    assert!(shop.db.bypass_cache());
    assert!(!shop.serves("loans").await);
    retitled(1, "Mine").update(&shop.db).await.unwrap();
    let mut scope = Scope::new();
    scope.wrap(async { book::Entity::find_by_id(1).one(&shop.db).await }).await.unwrap();
    assert!(scope.is_tainted());
    assert_eq!(shop.title(1).await, "Mine");
    assert_eq!(shop.cache.get::<String>("title:1").await, None);
    shop.db.execute_unprepared("ROLLBACK").await.unwrap();
    assert!(!shop.db.bypass_cache());
    assert_eq!(shop.title(1).await, "Emma");
    assert!(shop.title_is_hit(1).await);
}

#[tokio::test]
async fn a_commit_in_text_drops_everything() {
    let shop = Shop::in_memory().await;
    assert_eq!(shop.title(1).await, "Emma");
    for text in ["BEGIN IMMEDIATE", "UPDATE books SET title = 'Changed' WHERE id = 1", "END"] {
        shop.db.execute_unprepared(text).await.unwrap();
    }
    assert_eq!(shop.title(1).await, "Changed");
    assert!(shop.title_is_hit(1).await);
    shop.db.execute_unprepared("BEGIN; UPDATE books SET title = 'Again' WHERE id = 1; COMMIT").await.unwrap();
    assert_eq!(shop.title(1).await, "Again");
    assert!(shop.title_is_hit(1).await);
}

#[tokio::test]
async fn a_refused_end_leaves_the_transaction_open_and_a_refused_begin_opens_none() {
    let shop = Shop::in_memory().await;
    shop.watch().await;
    shop.db.execute_unprepared("COMMIT").await.unwrap_err();
    shop.behind().execute_unprepared("BEGIN").await.unwrap();
    shop.db.execute_unprepared("BEGIN").await.unwrap_err();
    assert!(!shop.db.bypass_cache());
    shop.behind().execute_unprepared("ROLLBACK").await.unwrap();
    assert_eq!(shop.dropped().await, [""; 0]);
    shop.db.execute_unprepared("BEGIN").await.unwrap();
    shop.db.execute_unprepared("UPDATE books SET author_id = 77 WHERE id = 1").await.unwrap();
    shop.db.execute_unprepared("BEGIN").await.unwrap_err();
    shop.db.execute_unprepared("COMMIT").await.unwrap_err();
    assert!(shop.db.bypass_cache(), "the foreign key refused the COMMIT: the transaction is still open");
    shop.db.execute_unprepared("ROLLBACK").await.unwrap();
    assert!(!shop.db.bypass_cache());
    shop.watch().await;
    assert!(shop.serves("books").await);
}

#[tokio::test]
async fn a_text_that_fails_after_its_begin_leaves_a_transaction_open() {
    let shop = Shop::in_memory().await;
    let text = "BEGIN; UPDATE books SET title = 'x' WHERE id = 1; UPDATE books SET title = NULL; COMMIT";
    shop.db.execute_unprepared(text).await.unwrap_err();
    assert!(shop.db.bypass_cache());
    shop.db.execute_unprepared("COMMIT").await.unwrap();
    assert_eq!(shop.title(1).await, "x");
    assert!(shop.title_is_hit(1).await);
}

#[tokio::test]
async fn after_the_state_of_a_session_has_changed_no_read_is_kept() {
    let shop = Shop::in_memory().await;
    assert_eq!(shop.title(1).await, "Emma");
    assert!(shop.title_is_hit(1).await);
    shop.db.execute_unprepared("PRAGMA case_sensitive_like = ON").await.unwrap();
    assert!(!shop.title_is_hit(1).await, "what was read before meant something else");
    assert!(!shop.title_is_hit(1).await);
    shop.cache.get_or_compute("no read", async { Some(1) }).await;
    assert!(shop.cache.contains("no read").await, "other values are cached as before");
}

#[tokio::test]
async fn asking_for_a_setting_changes_nothing() {
    let shop = Shop::in_memory().await;
    shop.db.execute_unprepared("PRAGMA foreign_keys").await.unwrap();
    shop.db.execute_unprepared("PRAGMA table_info(books)").await.unwrap();
    shop.title(1).await;
    assert!(shop.title_is_hit(1).await);
}
