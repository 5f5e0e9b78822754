//! How a cache in front is told of invalidations, and the handle of who tells it. The telling is in `courier`.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use easy_cache_core::Tag;
use easy_cache_core::events::Invalidated;
use easy_cache_http::door::TagField;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use crate::courier::Courier;
use crate::owed::{Names, Owed, Progress};
use crate::{Cdn, PurgeError};

/// Names in their thousands say that much has changed: one purge of everything then costs those in front less than a list.
const MOST: usize = 10_000;
/// Longer than responses take from the application to what is in front of it, also over an ocean and through a stalled connection.
const AGAIN_AFTER: Duration = Duration::from_secs(2);
/// A cache in front that was out of reach for so long is better emptied than read a list of what it missed.
const EVERYTHING_AFTER: Duration = Duration::from_secs(60);
/// APIs that purge a network of many places answer in a second or two.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How one cache in front is told of invalidations. Several of them take a purger each, so that one that is down delays no other.
///
/// # Example: a network that allows few calls
/// ```no_run
/// use std::time::Duration;
/// use easy_cache_cdn::{Purger, Varnish};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let purges = Purger::new(Varnish::at("http://127.0.0.1:6081")?)
///     .pace(Duration::from_millis(200)) // five a second; what comes meanwhile goes together
///     .start();
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "it tells nobody before it is started"]
pub struct Purger<C> {
    cdn: C,
    pub(crate) words: Words,
}

/// What was said of a purger.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    pub(crate) most: usize,
    pub(crate) again_after: Duration,
    pub(crate) everything_after: Duration,
    pub(crate) timeout: Duration,
    pub(crate) pace: Duration,
}

impl<C: Cdn> Purger<C> {
    /// Tells this cache.
    pub const fn new(cdn: C) -> Self {
        let (again_after, everything_after) = (AGAIN_AFTER, EVERYTHING_AFTER);
        let words = Words { most: MOST, again_after, everything_after, timeout: TIMEOUT, pace: Duration::ZERO };
        Self { cdn, words }
    }

    /// How long after its first purge a name is purged once more, for responses that were on their way while the first one overtook
    /// them. It should be longer than a response takes from its handler to the cache in front; over a store outside the process, which
    /// other processes write to, longer than the slowest handler as well. Default: 2 s. With zero nothing is purged twice, and what was
    /// on its way may be served until its lifetime ends.
    pub const fn again_after(mut self, pause: Duration) -> Self {
        self.words.again_after = pause;
        self
    }

    /// How many names may be owed. More become a purge of everything. Default: 10,000.
    pub const fn most_owed(mut self, names: usize) -> Self {
        self.words.most = names;
        self
    }

    /// For how long purges may fail before what is owed becomes a purge of everything, which is tried on and on. Default: 60 s.
    pub const fn everything_after(mut self, pause: Duration) -> Self {
        self.words.everything_after = pause;
        self
    }

    /// How long one call may take before it counts as failed. Default: 10 s.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.words.timeout = timeout;
        self
    }

    /// The least time between two calls, for those who allow only so many. Default: none.
    pub const fn pace(mut self, pause: Duration) -> Self {
        self.words.pace = pause;
        self
    }

    /// Starts the task that tells it, on the runtime around the caller. It ends when the handle, its copies and its listeners are gone and
    /// what they left is delivered.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use = "nobody can tell it anything without the handle"]
    pub fn start(self) -> Purges {
        let shared = Arc::new(Shared {
            owed: Mutex::default(),
            most: self.words.most,
            told: Notify::new(),
            hurried: Notify::new(),
            hurries: AtomicBool::new(false),
            is_abandoned: AtomicBool::new(false),
            progress: watch::Sender::new(Progress::default()),
        });
        drop(tokio::spawn(Courier::new(self.cdn, Arc::clone(&shared), self.words).run()));
        Purges(Arc::new(Handle(shared)))
    }
}

/// What the handle and the courier share.
pub(crate) struct Shared {
    pub(crate) owed: Mutex<Owed>,
    most: usize,
    /// There is something to do.
    pub(crate) told: Notify,
    /// Somebody waits for the end of it.
    pub(crate) hurried: Notify,
    hurries: AtomicBool,
    is_abandoned: AtomicBool,
    pub(crate) progress: watch::Sender<Progress>,
}

impl Shared {
    fn tell(&self, names: Names) {
        self.owed.lock().tell(names, self.most);
        self.told.notify_one();
    }

    /// Whether what is to be purged again later is to be purged now.
    pub(crate) fn hurries(&self) -> bool {
        self.hurries.load(Ordering::SeqCst)
    }

    /// Whether nobody can tell anything any more.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::SeqCst)
    }

    fn hurry(&self, hurries: bool) {
        self.hurries.store(hurries, Ordering::SeqCst);
        self.told.notify_one();
        self.hurried.notify_one();
    }
}

/// While it lives, nothing is put off. Whoever waits for the end may give up.
struct Hurry<'a>(&'a Shared);

impl<'a> Hurry<'a> {
    fn begin(shared: &'a Shared) -> Self {
        shared.hurry(true);
        Self(shared)
    }
}

impl Drop for Hurry<'_> {
    fn drop(&mut self) {
        self.0.hurries.store(false, Ordering::SeqCst);
    }
}

/// The last of these tells the courier to finish.
struct Handle(Arc<Shared>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.is_abandoned.store(true, Ordering::SeqCst);
        self.0.hurry(true);
    }
}

/// The handle of a [`Purger`] that was started. Copies are cheap.
#[derive(Clone)]
pub struct Purges(Arc<Handle>);

impl fmt::Debug for Purges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Purges").field("owed", &self.owed()).finish_non_exhaustive()
    }
}

impl Purges {
    /// What [`CacheBuilder::on_invalidated`](easy_cache_core::CacheBuilder::on_invalidated) takes. Costs an invalidation a short lock.
    ///
    /// Invalidations by key are not told: what was built from the value of a key stays in place in the cache as well.
    pub fn listener(&self) -> impl Fn(&Invalidated<'_>) + Send + Sync + 'static {
        let purges = self.clone();
        move |invalidated| {
            if invalidated.everything {
                purges.purge_everything();
            } else {
                purges.purge_tags(invalidated.tags);
            }
        }
    }

    /// Purges all responses that depend on one of these tags, soon.
    pub fn purge_tags(&self, tags: &[Tag]) {
        if !tags.is_empty() {
            self.shared().tell(Names::of(tags.iter().map(TagField::name_of)));
        }
    }

    /// Purges all responses of the application, soon. For a process that starts and cannot know what one before it owed.
    pub fn purge_everything(&self) {
        self.shared().tell(Names::of_everything());
    }

    /// How many names are still to be purged, for the first or the second time. Those of a call under way are not counted.
    #[must_use]
    pub fn owed(&self) -> usize {
        self.shared().owed.lock().len()
    }

    /// Resolves when everything that was invalidated before this call has been purged once. Waits as long as it takes.
    pub async fn acknowledged(&self) {
        let told = self.shared().owed.lock().told();
        self.reach(|progress| progress.acknowledged >= told).await;
    }

    /// Resolves when everything that was invalidated before this call has been purged twice: responses that were on their way meanwhile
    /// are gone as well. Waits as long as it takes, and at least for [`again_after`](Purger::again_after).
    pub async fn settled(&self) {
        let told = self.shared().owed.lock().told();
        self.reach(|progress| progress.settled >= told).await;
    }

    /// Delivers what is owed, at once also what was to be purged again later; to be called when requests are not served any more, and after
    /// [`Cache::shutdown`](easy_cache_core::Cache::shutdown). It goes on working all the same.
    ///
    /// # Errors
    /// If `within` is over before that: it says how much is left, which those in front may serve until its lifetime ends.
    pub async fn shutdown(&self, within: Duration) -> Result<(), PurgeError> {
        let told = self.shared().owed.lock().told();
        let _hurry = Hurry::begin(self.shared());
        let ended = tokio::time::timeout(within, self.reach(|progress| progress.settled >= told)).await;
        ended.map_err(|_| {
            PurgeError::new(format!("failed to deliver all purges within {within:?}: {} names are left", self.owed()))
        })
    }

    async fn reach(&self, is_reached: impl FnMut(&Progress) -> bool) {
        let mut progress = self.shared().progress.subscribe();
        // It fails only if there is nobody who tells, and that is this handle.
        drop(progress.wait_for(is_reached).await);
    }

    fn shared(&self) -> &Shared {
        &self.0.0
    }
}
