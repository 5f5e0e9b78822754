//! What a store has to fulfil for several processes, and for many callers at once.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use super::contract::{Contract, done, tagged};
use crate::{Cache, Tag};

const CALLERS: u64 = 100;
const LONG: Duration = Duration::from_secs(15 * 60);

pub(super) async fn one_load_answers_a_crowd(contract: &Contract<'_>) {
    let (cache, loads) = (contract.cache("crowd").await, AtomicU64::new(0));
    let caller = |_| async {
        let load = async {
            pass(20).await;
            Some(loads.fetch_add(1, Ordering::SeqCst))
        };
        cache.get_or_compute("k", load).tags(["t"]).await
    };
    let answers = all((0..CALLERS).map(caller)).await;
    assert_eq!(loads.into_inner(), 1, "loads of one key for {CALLERS} callers");
    assert!(answers.iter().all(|answer| *answer == Some(0)), "all get the same answer: {answers:?}");
}

pub(super) async fn a_second_flush_removes_what_raced_the_first(contract: &Contract<'_>) {
    let (here, there) = contract.pair("raced").await;
    for round in 0..20 {
        let write = async {
            pass(round).await;
            there.set("k", round).tags(["t"]).await;
        };
        let flush = async { done(here.invalidate_tags(["t"]).await) };
        let steps: [Pin<Box<dyn Future<Output = ()> + Send + '_>>; 2] = [Box::pin(write), Box::pin(flush)];
        all(steps).await;
        done(here.invalidate_tags(["t"]).await);
        assert!(!there.contains("k").await, "in round {round} a write has survived the second flush");
    }
}

pub(super) async fn several_tags_fall_in_all_processes(contract: &Contract<'_>) {
    let Some(nodes) = contract.processes("nodes").await else { return };
    let [one, two, _] = &nodes;
    for (key, tags) in [("foo", &["x", "y"][..]), ("bar", &["y"]), ("baz", &["z"])] {
        tagged(one, key, tags, 1).await;
    }
    done(two.invalidate_tags(Vec::<Tag>::new()).await);
    assert_found(&nodes, [true; 3], "no tags change nothing").await;
    done(one.invalidate_tags(["x", "z"]).await);
    assert_found(&nodes, [false, true, false], "what carries any of them is gone").await;
    done(two.invalidate_tags(["y", "never used"]).await);
    assert_found(&nodes, [false; 3], "a tag that nobody carries keeps no other from being invalidated").await;
}

async fn assert_found(nodes: &[Cache], wanted: [bool; 3], why: &str) {
    for (place, node) in nodes.iter().enumerate() {
        let mut found = [false; 3];
        for (key, found) in ["foo", "bar", "baz"].into_iter().zip(&mut found) {
            *found = node.get::<u64>(key).await.is_some();
        }
        assert_eq!(found, wanted, "{why}, also in process {place}");
    }
}

pub(super) async fn what_was_computed_since_stays(contract: &Contract<'_>) {
    let Some(nodes) = contract.processes("since").await else { return };
    let [one, two, three] = &nodes;
    // All of them are connected: who does so later may say once more what it has invalidated a moment before, which costs a miss.
    for node in &nodes {
        tagged(node, "k", &["t"], 1).await;
    }
    done(two.invalidate_tags(["t"]).await);
    assert_eq!(tagged(three, "k", &["t"], 2).await, 2);
    assert_eq!(tagged(one, "k", &["t"], 3).await, 2, "it was kept");
    contract.advance(LONG);
    let latest = contract.another("since");
    for (place, node) in nodes.iter().chain([&latest]).enumerate() {
        let found = node.get::<u64>("k").await;
        assert_eq!(found, Some(2), "an invalidation counts once, and not again later, also in process {place}");
    }
}

/// Lets others go first so many times.
async fn pass(times: u64) {
    let mut left = times;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Drives all of them at once, on whatever runtime there is.
async fn all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    poll_fn(|cx| {
        for (future, output) in running.iter_mut().filter(|(_, output)| output.is_none()) {
            if let Poll::Ready(ready) = future.as_mut().poll(cx) {
                *output = Some(ready);
            }
        }
        if running.iter().all(|(_, output)| output.is_some()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    running.into_iter().filter_map(|(_, output)| output).collect()
}
