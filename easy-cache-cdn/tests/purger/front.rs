//! A cache in front that notes what it is asked to drop, and answers as the test wants.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use easy_cache_cdn::{Cdn, Purge, PurgeError};
use easy_cache_core::Tag;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::Instant;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    Done,
    Fails,
    Panics,
    Hangs,
}

/// Copies are the same one.
#[derive(Clone)]
pub(crate) struct Front(Arc<Inner>);

struct Inner {
    asked: Mutex<Vec<(Instant, Purge)>>,
    replies: Mutex<VecDeque<Reply>>,
    otherwise: Mutex<Reply>,
    open: Semaphore,
    attempts: AtomicUsize,
    most_names: usize,
}

impl Front {
    pub(crate) fn new() -> Self {
        Self::taking(usize::MAX)
    }

    pub(crate) fn taking(most_names: usize) -> Self {
        Self(Arc::new(Inner {
            asked: Mutex::default(),
            replies: Mutex::default(),
            otherwise: Mutex::new(Reply::Done),
            open: Semaphore::new(1),
            attempts: AtomicUsize::new(0),
            most_names,
        }))
    }

    /// The next calls are answered so.
    pub(crate) fn replies(&self, replies: impl IntoIterator<Item = Reply>) {
        self.0.replies.lock().extend(replies);
    }

    /// All calls for which nothing else was said are answered so.
    pub(crate) fn always(&self, reply: Reply) {
        *self.0.otherwise.lock() = reply;
    }

    /// Calls are answered only when this is dropped.
    pub(crate) fn close(&self) -> tokio::sync::SemaphorePermit<'_> {
        self.0.open.try_acquire().expect("nobody is asking")
    }

    /// What it dropped, in order.
    pub(crate) fn dropped(&self) -> Vec<Purge> {
        self.0.asked.lock().iter().map(|(_, purge)| purge.clone()).collect()
    }

    /// When it did.
    pub(crate) fn times(&self) -> Vec<Instant> {
        self.0.asked.lock().iter().map(|(at, _)| *at).collect()
    }

    pub(crate) fn attempts(&self) -> usize {
        self.0.attempts.load(Ordering::SeqCst)
    }
}

impl Cdn for Front {
    async fn purge(&self, purge: &Purge) -> Result<(), PurgeError> {
        self.0.attempts.fetch_add(1, Ordering::SeqCst);
        drop(self.0.open.acquire().await);
        let reply = self.0.replies.lock().pop_front().unwrap_or(*self.0.otherwise.lock());
        match reply {
            Reply::Done => self.0.asked.lock().push((Instant::now(), purge.clone())),
            Reply::Fails => return Err(PurgeError::new("it would not")),
            Reply::Panics => panic!("on purpose"),
            Reply::Hangs => std::future::pending().await,
        }
        Ok(())
    }

    fn most_names(&self) -> usize {
        self.0.most_names
    }
}

pub(crate) fn tags(names: &[&str]) -> Vec<Tag> {
    names.iter().map(Tag::new).collect()
}

pub(crate) fn named(names: &[&str]) -> Purge {
    Purge::Names(names.iter().map(|name| (*name).to_owned()).collect())
}

pub(crate) const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Ends a test that hangs: time stands still only while somebody has something to do.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(seconds(3600), future).await.expect("this hangs")
}
