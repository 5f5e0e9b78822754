//! The promises of every store.

use easy_cache_core::Cache;
use easy_cache_core::testing::{Contract, ManualClock};

use crate::server::Server;

#[tokio::test]
async fn every_promise_is_kept() {
    let (server, clock) = (Server::start(&[]), ManualClock::new());
    let contract = Contract::new(&clock, |namespace| {
        Cache::builder().namespace(namespace).clock(clock.clock()).store(server.store(namespace)).build()
    });
    contract.shared().losing(|| server.run(&["FLUSHALL"])).aging(|by| server.age(by)).run().await;
}
