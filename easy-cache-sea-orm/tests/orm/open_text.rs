//! Transactions that are begun as text stay open until they are certainly over.

use easy_cache_core::Bypass as _;
use sea_orm::{ActiveModelTrait, ConnectionTrait};

use crate::shop::{Shop, retitled};

#[tokio::test]
async fn the_release_of_a_savepoint_in_text_leaves_the_transaction_open() {
    let shop = Shop::in_memory().await;
    for text in ["BEGIN", "SAVEPOINT a", "RELEASE a"] {
        shop.db.execute_unprepared(text).await.unwrap();
    }
    retitled(1, "Mine").update(&shop.db).await.unwrap();
    assert_eq!(shop.title(1).await, "Mine");
    assert!(!shop.title_is_hit(1).await, "what is not committed was kept");
    assert!(shop.db.bypass_cache(), "the transaction is still open");
}

#[tokio::test]
async fn what_is_not_understood_leaves_a_transaction_in_text_open() {
    let shop = Shop::in_memory().await;
    for text in ["BEGIN", "UPDATE books SET title = title WHERE id = 99 IS 1"] {
        shop.db.execute_unprepared(text).await.unwrap();
    }
    retitled(1, "Mine").update(&shop.db).await.unwrap();
    assert_eq!(shop.title(1).await, "Mine");
    assert!(!shop.title_is_hit(1).await, "what is not committed was kept");
    assert!(shop.db.bypass_cache(), "the transaction is still open");
}
