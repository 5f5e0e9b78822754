//! A store outside the process, whose connection lives on a runtime: nothing waits for itself.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use easy_cache_core::Cache;
use easy_cache_core::store::PlainStore;

use crate::shop::{LONG, Shop, retitle};

/// Answers by a task of the runtime around who asks, as clients of servers do.
#[derive(Clone, Default)]
struct Remote(Arc<Mutex<HashMap<String, Vec<u8>>>>);

impl Remote {
    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut HashMap<String, Vec<u8>>) -> T + Send + 'static,
    ) -> Result<T, Infallible> {
        let map = self.0.clone();
        let answer = tokio::spawn(async move {
            tokio::task::yield_now().await;
            work(&mut map.lock().unwrap())
        });
        Ok(answer.await.unwrap())
    }
}

impl PlainStore for Remote {
    type Error = Infallible;

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Infallible> {
        let key = key.to_owned();
        self.ask(move |map| map.get(&key).cloned()).await
    }

    async fn set(&self, key: &str, value: &[u8], _: Option<Duration>) -> Result<(), Infallible> {
        let (key, value) = (key.to_owned(), value.to_owned());
        self.ask(move |map| drop(map.insert(key, value))).await
    }

    async fn delete(&self, key: &str) -> Result<(), Infallible> {
        let key = key.to_owned();
        self.ask(move |map| drop(map.remove(&key))).await
    }
}

#[tokio::test]
async fn a_write_on_the_only_thread_of_a_runtime_reaches_the_store_before_it_returns() {
    let store = Remote::default();
    let ours = Shop::with(Cache::builder().plain_store(store.clone()).build());
    let theirs = Cache::builder().plain_store(store).build();
    let conn = &mut ours.connection().await;
    // The first call finds a store in which nothing is in order yet.
    for _ in 0..2 {
        assert_eq!(tokio::time::timeout(LONG, ours.title(conn, 1)).await.as_deref(), Ok("Emma"));
    }
    assert_eq!(theirs.get::<String>("title:1").await.as_deref(), Some("Emma"));
    tokio::time::timeout(LONG, retitle(conn, 1, "New")).await.unwrap().unwrap();
    assert_eq!(theirs.get::<String>("title:1").await, None);
    assert_eq!(ours.title(conn, 1).await, "New");
}
