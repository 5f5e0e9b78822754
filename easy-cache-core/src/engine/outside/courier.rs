//! Brings to the store what it is owed: before every lookup, and in the background when nobody asks. What is owed is in `undelivered`.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use super::undelivered::{Claim, Names};
use super::{Asking, Outside};
use crate::Error;
use crate::backend::memory::MemoryStore;
use crate::clock::Moment;
use crate::events::Undelivered;
use crate::mistake::Mistake;

/// The first try is soon: mostly it was one lost reply.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// A store that is back waits for its invalidations no longer than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// An invalidation at its first attempt. Unless it is delivered, it is owed, told, and done in this process once more: meanwhile
/// somebody may have taken over what the store had.
struct First<'a> {
    outside: &'a Outside,
    names: Arc<Names>,
    here: &'a MemoryStore,
    ended: bool,
}

impl First<'_> {
    /// What was copied while it was under way may be from before it.
    fn succeed(&mut self) {
        self.ended = true;
        if !Mistake::OwnNewsAwaited.is_made() {
            self.names.forget(self.here);
        }
        self.names.tell(&self.outside.events);
    }

    fn fail(&mut self, error: Option<&Error>) {
        self.ended = true;
        self.outside.undelivered.settle(&self.names, false);
        self.names.again(self.here);
        let Names { tags, keys, everything } = &*self.names;
        let (tags, keys) =
            (tags.iter().cloned().collect::<Vec<_>>(), keys.iter().map(|key| &**key).collect::<Vec<_>>());
        self.outside.events.not_delivered(&Undelivered { tags: &tags, keys: &keys, everything: *everything, error });
        self.names.tell(&self.outside.events);
        self.outside.send_courier();
    }
}

impl Drop for First<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.fail(None);
        }
    }
}

/// What is owed, on its way to the store. Unless it is delivered, it stays owed.
struct Sending<'a> {
    outside: &'a Outside,
    names: Arc<Names>,
    done: bool,
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        self.outside.undelivered.settle(&self.names, self.done);
        self.outside.send_courier();
    }
}

impl Outside {
    /// Invalidates names here and now; if that fails, or if it is not waited for, before the next look.
    pub(crate) async fn invalidate(&self, names: Names, here: &MemoryStore) -> Result<(), Error> {
        let mut first = First { outside: self, names: Arc::new(names), here, ended: false };
        let sent = self.send(&first.names, self.deadline(), Asking::Usual).await;
        match &sent {
            Ok(()) => first.succeed(),
            Err(error) => first.fail(Some(error)),
        }
        sent
    }

    /// Delivers what is owed until then, or waits for who does so.
    pub(super) async fn deliver(&self, by: Moment, asking: Asking) -> Result<(), Error> {
        while !self.undelivered.is_clear() {
            let settled = self.undelivered.settled.listen();
            // What nobody would send is not taken either.
            drop(self.enter(asking)?);
            match self.undelivered.claim(self.clock.precise(), by) {
                Claim::Nothing => break,
                Claim::Wait => {
                    let settled = async {
                        settled.await;
                        Ok(())
                    };
                    self.in_time("wait for invalidations to be delivered", by, settled).await?;
                }
                Claim::Deliver(names) => {
                    let mut sending = Sending { outside: self, names, done: false };
                    self.send(&sending.names, by, asking).await?;
                    sending.done = true;
                    self.events.delivered(sending.names.len());
                    sending.names.tell(&self.events); // caches in front may have asked another process meanwhile
                }
            }
        }
        Ok(())
    }

    async fn send(&self, names: &Names, by: Moment, asking: Asking) -> Result<(), Error> {
        if names.everything {
            return self.ask("invalidate everything", Some(by), asking, self.store.invalidate_all()).await;
        }
        let keys: Vec<&[u8]> = names.keys.iter().map(|key| &**key).collect();
        let tags: Vec<_> = names.tags.iter().cloned().collect();
        self.ask("invalidate", Some(by), asking, self.store.invalidate(&tags, &keys)).await
    }

    /// How many invalidations are owed.
    pub(crate) fn undelivered(&self) -> usize {
        self.undelivered.len()
    }

    /// Releases, too: what a writer held, and what is to be released only after its invalidation.
    async fn pay(&self, asking: Asking) -> Result<(), Error> {
        let releases = loop {
            self.deliver(self.deadline(), asking).await?;
            // Something may have come to be owed since, and its release with it.
            if let Some(releases) = self.undelivered.take_releases(self.clock.precise()) {
                break releases;
            }
        };
        let mut releases = releases.into_iter();
        while let Some(marked) = releases.next() {
            if let Err(error) = self.release_now(&marked, asking).await {
                std::iter::once(marked).chain(releases).for_each(|marked| self.undelivered.release_later(marked));
                return Err(error);
            }
        }
        Ok(())
    }

    /// Pays what is owed: at once, whatever the circuit says, and then again and again until that moment.
    pub(crate) async fn settle_up(&self, by: Moment) -> Result<(), Error> {
        let (mut asking, mut pause) = (Asking::Regardless, FIRST_PAUSE);
        loop {
            let Err(error) = self.pay(asking).await else { return Ok(()) };
            let next = self.clock.deadline(pause);
            if next >= by {
                return Err(error);
            }
            self.clock.sleep_until(next).await;
            (asking, pause) = (Asking::Usual, (pause * 2).min(LONGEST_PAUSE));
        }
    }

    /// Sees to it that what is owed is paid although nobody asks the store for anything.
    pub(super) fn send_courier(&self) {
        if self.undelivered.needs_courier() {
            let courier = Courier { outside: self.clone() };
            self.spawner.run_errand(Box::pin(courier.run()));
        }
    }
}

/// Who pays in the background. What runs it may drop it.
struct Courier {
    outside: Outside,
}

impl Courier {
    async fn run(self) {
        let outside = &self.outside;
        let mut pause = FIRST_PAUSE;
        while !outside.undelivered.is_done() {
            outside.clock.sleep(spread(pause)).await;
            pause = match outside.pay(Asking::Usual).await {
                Ok(()) => FIRST_PAUSE,
                Err(_) => (pause * 2).min(LONGEST_PAUSE),
            };
        }
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.outside.undelivered.lost_courier();
    }
}

/// Up to half of it off, by chance: the processes of a fleet do not all come at once to a store that is back.
pub(super) fn spread(pause: Duration) -> Duration {
    let chance = RandomState::new().hash_one(pause) % 1_024;
    pause - (pause / 2).mul_f64(chance as f64 / 1_024.0)
}
