//! Many keys at once: one load for all that are missing, without two batches ever waiting for each other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use easy_cache_core::{Cache, Scope, Tag};
use tokio::sync::oneshot;

use crate::support::{Calls, cache_and_clock, seconds, settle};

/// What loads were asked for, in order, each sorted.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<Vec<u64>>>>);

impl Asked {
    fn note(&self, mut ids: Vec<u64>) -> Vec<u64> {
        ids.sort_unstable();
        self.0.lock().unwrap().push(ids.clone());
        ids
    }

    fn all(&self) -> Vec<Vec<u64>> {
        self.0.lock().unwrap().clone()
    }
}

fn key(id: &u64) -> String {
    format!("n:{id}")
}

/// Ten times each of them, by one load.
async fn tens(cache: &Cache, ids: &[u64], asked: &Asked) -> HashMap<u64, u64> {
    let load = async |ids| Ok::<_, ()>(asked.note(ids).into_iter().map(|id| (id, id * 10)));
    cache
        .batch(ids.iter().copied(), key)
        .tags(["all"])
        .tags_of(|id, _| [format!("row {id}")])
        .get_or_compute(load)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_is_missing_is_loaded_at_once_and_everything_else_is_not() {
    let (cache, asked) = (Cache::new(), Asked::default());
    cache.get_or_compute("n:2", async { Some(2_u64) }).await;
    let answer = tens(&cache, &[1, 2, 3, 1], &asked).await;
    assert_eq!(answer, HashMap::from([(1, 10), (2, 2), (3, 30)]));
    tens(&cache, &[3, 1], &asked).await;
    assert_eq!(asked.all(), [[1, 3]]);
    cache.invalidate_tags(["row 3"]).await.unwrap();
    tens(&cache, &[3, 1], &asked).await;
    cache.invalidate_tags(["all"]).await.unwrap();
    tens(&cache, &[3, 1], &asked).await;
    assert_eq!(asked.all()[1..], [vec![3], vec![1, 3]]);
}

#[test]
fn threads_do_the_same() {
    let (cache, asked) = (Cache::new(), Asked::default());
    for _ in 0..2 {
        let load = |ids| Ok::<_, ()>(asked.note(ids).into_iter().map(|id| (id, id * 10)));
        let answer = cache.batch([1, 2], key).get_or_compute_sync(load).unwrap();
        assert_eq!(answer, HashMap::from([(1, 10), (2, 20)]));
    }
    assert_eq!(asked.all(), [[1, 2]]);
}

/// A batch that has begun its load, and ends it when told to.
async fn begun(
    cache: &Cache,
    ids: [u64; 2],
    asked: &Asked,
) -> (tokio::task::JoinHandle<HashMap<u64, u64>>, oneshot::Sender<()>) {
    let (start, started) = oneshot::channel();
    let (finish, finished) = oneshot::channel();
    let (cache, asked) = (cache.clone(), asked.clone());
    let task = tokio::spawn(async move {
        let mut gate = Some((start, finished));
        let load = move |ids| {
            let (gate, ids) = (gate.take(), asked.note(ids));
            async move {
                if let Some((start, finished)) = gate {
                    let _ = start.send(());
                    let _ = finished.await;
                }
                Ok::<_, ()>(ids.into_iter().map(|id| (id, id * 10)))
            }
        };
        cache.batch(ids, key).tags(["all"]).get_or_compute(load).await.unwrap()
    });
    started.await.unwrap();
    (task, finish)
}

#[tokio::test]
async fn overlapping_batches_load_nothing_twice_and_do_not_wait_for_each_other() {
    let (cache, asked) = (Cache::new(), Asked::default());
    let (one, finish_one) = begun(&cache, [1, 2], &asked).await;
    let (two, finish_two) = begun(&cache, [2, 3], &asked).await;
    let (three, finish_three) = begun(&cache, [3, 4], &asked).await;
    assert_eq!(asked.all(), [vec![1, 2], vec![3], vec![4]]);
    finish_three.send(()).unwrap();
    finish_two.send(()).unwrap();
    settle().await;
    assert!(cache.contains("n:3").await && cache.contains("n:4").await, "both landed before they waited");
    assert!(!two.is_finished());
    assert!(three.is_finished());
    finish_one.send(()).unwrap();
    assert_eq!(one.await.unwrap(), HashMap::from([(1, 10), (2, 20)]));
    assert_eq!(two.await.unwrap(), HashMap::from([(2, 20), (3, 30)]));
    assert_eq!(three.await.unwrap(), HashMap::from([(3, 30), (4, 40)]));
    assert_eq!(asked.all().len(), 3);
}

#[tokio::test]
async fn what_a_dropped_batch_has_begun_is_loaded_by_who_waits_for_it() {
    // case 37
    let (cache, asked) = (Cache::new(), Asked::default());
    let (one, _finish) = begun(&cache, [1, 2], &asked).await;
    let (two, finish) = begun(&cache, [2, 3], &asked).await;
    let single = tokio::spawn({
        let (cache, calls) = (cache.clone(), Calls::default());
        async move { cache.get_or_compute("n:1", calls.load(11_u64)).await }
    });
    settle().await;
    one.abort();
    finish.send(()).unwrap();
    assert_eq!(two.await.unwrap(), HashMap::from([(2, 20), (3, 30)]));
    assert_eq!(single.await.unwrap(), Some(11));
    assert_eq!(asked.all(), [vec![1, 2], vec![3], vec![2]]);
}

#[tokio::test]
async fn an_invalidation_during_a_batch_is_not_lost() {
    // cases 51, 52
    for tag in ["all", "row 2"] {
        let (cache, asked) = (Cache::new(), Asked::default());
        let load = async |ids| {
            cache.invalidate_tags([tag]).await.unwrap();
            Ok::<_, ()>(asked.note(ids).into_iter().map(|id| (id, id)))
        };
        let tagged = cache.batch([1, 2], key).tags(["all"]).tags_of(|id, _| [format!("row {id}")]);
        assert_eq!(tagged.get_or_compute(load).await.unwrap().len(), 2);
        assert!(!cache.contains("n:2").await);
        assert_eq!(cache.contains("n:1").await, tag == "row 2", "each value for itself");
    }
}

#[tokio::test]
async fn what_the_load_says_nothing_about_is_not_there_and_is_asked_for_again() {
    let (cache, asked) = (Cache::new(), Asked::default());
    for _ in 0..2 {
        let load = async |ids| Ok::<_, ()>(asked.note(ids).into_iter().filter(|id| *id != 2).map(|id| (id, id)));
        let answer = cache.batch([1, 2], key).get_or_compute(load).await.unwrap();
        assert_eq!(answer, HashMap::from([(1, 1)]));
    }
    assert_eq!(asked.all(), [vec![1, 2], vec![2]]);
}

#[tokio::test]
async fn a_failed_batch_leaves_nothing_behind_or_what_stands_in_for_it() {
    let (cache, clock) = cache_and_clock();
    let call = async |answer: Result<u64, &'static str>, ids: &[u64]| {
        let load = async |ids: Vec<u64>| answer.map(|value| ids.into_iter().map(move |id| (id, value)));
        let batch = cache.batch(ids.iter().copied(), key).ttl(seconds(1)).fail_safe(seconds(60));
        batch.get_or_compute(load).await
    };
    assert_eq!(call(Err("down"), &[1, 2]).await, Err("down"));
    assert_eq!(call(Ok(7), &[1, 2]).await, Ok(HashMap::from([(1, 7), (2, 7)])));
    clock.advance(seconds(1));
    assert_eq!(call(Err("down"), &[1, 2, 3]).await, Err("down"), "nothing stands in for the third");
    assert_eq!(call(Err("down"), &[1, 2]).await, Ok(HashMap::from([(1, 7), (2, 7)])));
    assert_eq!(cache.get::<u64>("n:1").await, Some(7));
}

#[tokio::test]
async fn a_batch_hands_its_tags_outward_and_may_ask_for_its_own_keys() {
    let (cache, asked) = (Cache::new(), Asked::default());
    let mut scope = Scope::new();
    scope.wrap(tens(&cache, &[1, 2], &asked)).await;
    assert_eq!(scope.tags(), [Tag::new("all"), Tag::new("row 1"), Tag::new("row 2")]);
    cache.invalidate_all().await.unwrap();
    let load = async |ids: Vec<u64>| {
        for id in &ids {
            cache.get_or_compute(key(id), async { Some(*id) }).await;
        }
        Ok::<_, ()>(ids.into_iter().map(|id| (id, id)))
    };
    let recursive = cache.batch([1, 2], key).get_or_compute(load);
    assert_eq!(tokio::time::timeout(seconds(5), recursive).await.unwrap().unwrap().len(), 2);
}

#[tokio::test]
async fn a_batch_in_a_cache_that_is_switched_off_only_loads() {
    let (cache, asked) = (Cache::new(), Asked::default());
    cache.set_enabled(false);
    for _ in 0..2 {
        assert_eq!(tens(&cache, &[1], &asked).await, HashMap::from([(1, 10)]));
    }
    assert_eq!(asked.all().len(), 2);
    assert!(cache.is_empty());
}
