//! Readers and writers on several connections while records are lost: nobody is served anything from before an invalidation
//! that had returned.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use easy_cache_core::store::{Fill, Look, Looked, Mark, Store, Version};
use easy_cache_servers::Memcached;

use crate::world::{KEY, WITHIN, World, tags};

const READERS: usize = 6;
const WRITES: u64 = 400;

/// One row of a database, and its value at the latest invalidation that has returned.
#[derive(Default)]
struct Row {
    value: AtomicU64,
    acknowledged: AtomicU64,
    done: AtomicBool,
    hits: AtomicU64,
}

/// Some lookups know the tag, and the others only learn it.
async fn read(world: &World, row: &Row, knows: bool) {
    let (known, all) = (tags(if knows { &["t"] } else { &[] }), tags(&["t"]));
    while !row.done.load(Ordering::SeqCst) {
        let floor = row.acknowledged.load(Ordering::SeqCst);
        match world.store.look(Look::new(KEY, &known)).await.unwrap() {
            Looked::Hit(hit) => {
                let value = u64::from_le_bytes(hit.payload.try_into().unwrap());
                assert!(value >= floor, "served {value} after {floor} was acknowledged");
                row.hits.fetch_add(1, Ordering::SeqCst);
            }
            Looked::Miss(miss) => {
                let value = row.value.load(Ordering::SeqCst).to_le_bytes();
                tokio::task::yield_now().await;
                let mut fill = Fill::new(KEY, &value, miss.fence.as_ref());
                fill.tags = &all;
                world.store.fill(fill).await.unwrap();
            }
        }
    }
}

async fn write(world: &World, row: &Row, holds: bool) {
    for _ in 0..WRITES {
        let (writer, tags) = (Version::random().unwrap(), tags(&["t"]));
        let mark = Mark::new(writer, Some(&tags));
        if holds {
            world.store.hold(mark, WITHIN).await.unwrap();
        }
        let value = row.value.fetch_add(1, Ordering::SeqCst) + 1;
        world.store.invalidate(&tags, &[]).await.unwrap();
        row.acknowledged.fetch_max(value, Ordering::SeqCst);
        if holds {
            world.store.release(mark).await.unwrap();
        }
        for _ in 0..20 {
            world.store.look(Look::new(b"pause", &[])).await.unwrap();
        }
    }
}

/// Loses a record of the namespace, one after the other.
async fn lose(server: &Memcached, world: &World, row: &Row) {
    let names = ["t:tt", "k:k", "f:", "e:0:k", "o:808"];
    for name in names.iter().cycle() {
        if row.done.load(Ordering::SeqCst) {
            return;
        }
        server.command(&format!("md {}:{name}", world.namespace));
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_served_anything_outdated_while_records_are_lost() {
    let (server, row) = (Arc::new(Memcached::start()), Arc::new(Row::default()));
    let world = Arc::new(World::at(&[server.address()]));
    let readers = (0..READERS).map(|reader| {
        let (world, row) = (world.elsewhere(), row.clone());
        tokio::spawn(async move { read(&world, &row, reader % 2 == 0).await })
    });
    let readers: Vec<_> = readers.collect();
    let loser = {
        let (server, world, row) = (server.clone(), world.clone(), row.clone());
        tokio::spawn(async move { lose(&server, &world, &row).await })
    };
    let writers = [false, true].map(|holds| {
        let (world, row) = (world.elsewhere(), row.clone());
        tokio::spawn(async move { write(&world, &row, holds).await })
    });
    for writer in writers {
        writer.await.unwrap();
    }
    row.done.store(true, Ordering::SeqCst);
    for task in readers.into_iter().chain([loser]) {
        task.await.unwrap();
    }
    assert_ne!(row.hits.load(Ordering::SeqCst), 0, "a test that nobody is ever served anything in shows nothing");
}
