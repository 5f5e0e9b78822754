//! What a store has to fulfil that tells of changes: the promises of copies near.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use super::contract::{Contract, HELD, done, invalidate, tagged};
use crate::Cache;

/// How caches with copies near are made, and how news are waited for.
pub(super) struct Follows<'a> {
    near: Box<dyn Fn(&str) -> Cache + Send + Sync + 'a>,
    pause: Box<dyn Fn() -> Pause<'a> + Send + Sync + 'a>,
}

type Pause<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// How often news are waited for.
const PAUSES: usize = 10_000;

impl<'a> Follows<'a> {
    pub(super) fn new<P>(
        near: impl Fn(&str) -> Cache + Send + Sync + 'a,
        pause: impl Fn() -> P + Send + Sync + 'a,
    ) -> Self
    where
        P: Future<Output = ()> + Send + 'a,
    {
        Self { near: Box::new(near), pause: Box::new(move || Box::pin(pause())) }
    }

    pub(super) fn cache(&self, namespace: &str) -> Cache {
        (self.near)(namespace)
    }

    /// Computes elsewhere, and reads here until there is a copy.
    async fn copy(&self, far: &Cache, near: &Cache, key: &str, value: u64) {
        let computed = far.get_or_compute(key, async { Some(value) }).tags(["t"]).tags_of(late_tag).refresh().await;
        assert_eq!(computed, Some(value));
        let before = near.len();
        for _ in 0..PAUSES {
            let read = tagged(near, key, &["t"], value).await;
            assert_eq!(read, value, "what was computed elsewhere is served here");
            if near.len() > before {
                return;
            }
            (self.pause)().await;
        }
        panic!("no copy of {key:?} is kept near: does it answer with `followed`, and prove what it tells?");
    }

    /// Reads until a call computes.
    async fn until_computed(&self, near: &Cache, key: &str, old: u64, what: &str) {
        for _ in 0..PAUSES {
            let new = old + 1;
            let read = tagged(near, key, &["t"], new).await;
            if read == new {
                return;
            }
            assert_eq!(read, old, "nobody has computed anything else");
            (self.pause)().await;
        }
        panic!("{what} was not heard of");
    }
}

fn late_tag(value: &u64) -> [String; 1] {
    [format!("late:{}", value % 10)]
}

pub(super) async fn ends_with_what_it_depends_on(contract: &Contract<'_>) {
    let Some((far, near, follows)) = contract.far_and_near("copies").await else { return };
    for by in ["tag", "late", "key", "all"] {
        follows.copy(&far, &near, by, 7).await;
        invalidate(&far, by, by).await;
        follows.until_computed(&near, by, 7, &format!("an invalidation by {by} elsewhere")).await;
    }
}

pub(super) async fn ends_at_once_with_what_is_done_here(contract: &Contract<'_>) {
    let Some((far, near, follows)) = contract.far_and_near("own").await else { return };
    for by in ["tag", "late", "key", "all"] {
        follows.copy(&far, &near, by, 7).await;
        invalidate(&near, by, by).await;
        assert_eq!(tagged(&near, by, &["t"], 8).await, 8, "an invalidation by {by} in this process");
    }
    follows.copy(&far, &near, "held", 7).await;
    let hold = near.hold(["t"], HELD).await;
    assert_eq!(tagged(&near, "held", &["t"], 8).await, 8, "what is held here is not served here");
    done(hold.commit().await);
    assert_eq!(tagged(&near, "held", &["t"], 9).await, 9, "nor was it stored");
}

pub(super) async fn ends_with_a_loss(contract: &Contract<'_>) {
    let Some(lose) = contract.lose() else { return };
    let Some((far, near, follows)) = contract.far_and_near("lost copies").await else { return };
    follows.copy(&far, &near, "k", 7).await;
    lose();
    follows.until_computed(&near, "k", 7, "a loss").await;
}

impl fmt::Debug for Follows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follows").finish_non_exhaustive()
    }
}
