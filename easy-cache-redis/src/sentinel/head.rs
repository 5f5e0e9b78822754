//! Who is the master now, as far as this process knows, and whose connections end when it is another one.
//!
//! The reign of a master is a *term*. All lanes, and those who listen for a near cache, are in the same one: a copy that one server has given, and
//! another one is asked to tell of, would be kept for as long as that one knows nothing.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::ask::Named;
use super::lost::Lost;

/// How long an announcement counts for more than what the other sentinels say. They hear of it from each other every two seconds.
const NEWS: Duration = Duration::from_secs(10);

/// What leads to the master.
pub(crate) trait Leave: Send + Sync {
    /// The term has ended: what belongs to it is not used again.
    fn leave(&self);
}

/// Who is the master.
#[derive(Default)]
pub(crate) struct Head {
    term: AtomicU64,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Of the master, once somebody has reached it.
    address: Option<String>,
    /// Which failover has made it the master, as the sentinels count them.
    epoch: u64,
    /// Whom a sentinel has announced last.
    announced: Option<(String, Instant)>,
    company: Vec<Weak<dyn Leave>>,
}

impl Known {
    fn announced(&self) -> Option<&String> {
        self.announced.as_ref().filter(|(_, then)| then.elapsed() < NEWS).map(|(address, _)| address)
    }

    /// Why a server is not believed that calls itself the master, if it is not.
    fn objection(&self, named: &Named, address: &String, term: u64, sentinels: usize) -> Option<Lost> {
        match self.announced() {
            Some(announced) if announced == address => return None,
            // The announced one was made the master by a later failover than the former one.
            Some(_) if named.epoch <= self.epoch => return Some(Lost::Outdated { address: address.clone() }),
            _ if term != named.term => return Some(Lost::Replaced),
            _ => {}
        }
        // Their count begins anew when they are set up anew: so most of them are believed whatever they say.
        let is_outvoted = named.epoch < self.epoch && named.votes <= sentinels / 2;
        is_outvoted.then(|| Lost::Outdated { address: address.clone() })
    }
}

/// What holds as long as the master does.
#[derive(Clone)]
pub(crate) struct Standing {
    head: Arc<Head>,
    term: u64,
}

impl Standing {
    /// Whether the master is still the same.
    pub(crate) fn holds(&self) -> bool {
        self.head.term() == self.term
    }

    /// Somebody who has to leave when it is not.
    pub(crate) fn bind(&self, leaver: Weak<dyn Leave>) {
        self.head.bind(leaver);
    }
}

impl Head {
    /// A number that is another one under another master.
    pub(crate) fn term(&self) -> u64 {
        self.term.load(Ordering::SeqCst)
    }

    pub(crate) fn bind(&self, leaver: Weak<dyn Leave>) {
        let mut known = self.known.lock();
        known.company.retain(|leaver| leaver.strong_count() != 0);
        known.company.push(leaver);
    }

    /// A server that calls itself the master was reached, as these sentinels had named it. If it is another one than before, everybody has left
    /// the former one when this returns.
    pub(super) fn settle(self: &Arc<Self>, named: &Named, sentinels: usize) -> Result<Standing, Lost> {
        let (mut known, address) = (self.known.lock(), named.address());
        if known.address.as_ref() != Some(&address) {
            if let Some(objection) = known.objection(named, &address, self.term(), sentinels) {
                return Err(objection);
            }
            tracing::info!(%address, "the sentinels name the master of redis");
            known.address = Some(address);
            known.epoch = 0;
            self.end_term(&known);
        }
        known.epoch = known.epoch.max(named.epoch);
        Ok(Standing { head: Arc::clone(self), term: self.term() })
    }

    /// A sentinel has said that this is the master now: nobody stays with another one. Who it is, is asked at the next dial.
    pub(super) fn announce(&self, address: String) {
        let mut known = self.known.lock();
        let is_known = known.address.as_ref() == Some(&address);
        let was_told = known.address.is_none() && known.announced() == Some(&address);
        if !is_known && !was_told {
            tracing::info!(%address, "a sentinel announces another master of redis");
            known.address = None;
            self.end_term(&known);
        }
        known.announced = Some((address, Instant::now()));
    }

    /// A sentinel that was not heard for a while knows this one as the master, by this failover.
    pub(super) fn catch_up(&self, address: String, epoch: u64) {
        let is_new = {
            let known = self.known.lock();
            known.address.is_some() && epoch > known.epoch
        };
        if is_new {
            self.announce(address);
        }
    }

    /// The number first: who is told to leave, and who is not here yet, finds it changed.
    fn end_term(&self, known: &Known) {
        self.term.fetch_add(1, Ordering::SeqCst);
        known.company.iter().filter_map(Weak::upgrade).for_each(|leaver| leaver.leave());
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head").field("term", &self.term).finish_non_exhaustive()
    }
}
