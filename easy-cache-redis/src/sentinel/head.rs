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

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    const SENTINELS: usize = 3;

    #[derive(Default)]
    struct Counts(AtomicUsize);

    impl Leave for Counts {
        fn leave(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn named(head: &Head, port: u16, epoch: u64) -> Named {
        Named { host: "h".to_owned(), port, epoch, votes: 1, term: head.term() }
    }

    fn led_by(port: u16, epoch: u64) -> (Arc<Head>, Standing, Arc<Counts>) {
        let (head, counts) = (Arc::new(Head::default()), Arc::new(Counts::default()));
        let standing = head.settle(&named(&head, port, epoch), SENTINELS).unwrap();
        standing.bind(Arc::downgrade(&counts) as Weak<dyn Leave>);
        (head, standing, counts)
    }

    #[test]
    fn whoever_finds_another_master_ends_what_leads_to_the_former_one() {
        let (head, former, counts) = led_by(1, 4);
        head.settle(&named(&head, 1, 4), SENTINELS).unwrap();
        assert!(former.holds() && counts.0.load(Ordering::SeqCst) == 0);
        let next = head.settle(&named(&head, 2, 5), SENTINELS).unwrap();
        assert!(!former.holds() && next.holds());
        assert_eq!(counts.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn an_announcement_ends_it_at_once_and_one_of_what_is_known_ends_nothing() {
        let (head, standing, counts) = led_by(1, 4);
        head.announce("h:1".to_owned());
        assert!(standing.holds());
        // Each sentinel says it.
        (0..SENTINELS).for_each(|_| head.announce("h:2".to_owned()));
        assert!(!standing.holds());
        assert_eq!(counts.0.load(Ordering::SeqCst), 1);
        let next = head.settle(&named(&head, 2, 5), SENTINELS).unwrap();
        head.announce("h:2".to_owned());
        assert!(next.holds());
    }

    #[test]
    fn who_has_asked_before_an_announcement_reaches_only_the_one_that_was_announced() {
        let (head, ..) = led_by(1, 4);
        let (former, next) = (named(&head, 1, 4), named(&head, 2, 5));
        head.announce("h:2".to_owned());
        assert!(head.settle(&former, SENTINELS).is_err());
        assert!(
            head.settle(&named(&head, 1, 4), SENTINELS).is_err(),
            "nor does who asks those that have not heard yet"
        );
        head.settle(&next, SENTINELS).unwrap();
    }

    #[test]
    fn of_two_who_have_asked_in_the_same_term_the_second_does_not_bring_the_former_master_back() {
        let (head, ..) = led_by(1, 4);
        let (one, other) = (named(&head, 2, 5), named(&head, 3, 6));
        head.settle(&one, SENTINELS).unwrap();
        assert!(head.settle(&other, SENTINELS).is_err());
        head.settle(&named(&head, 3, 6), SENTINELS).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn an_earlier_failover_is_believed_of_most_and_an_announcement_for_a_while() {
        let (head, ..) = led_by(2, 5);
        let few = named(&head, 1, 4);
        assert!(matches!(head.settle(&few, SENTINELS), Err(Lost::Outdated { .. })));
        head.settle(&Named { votes: 2, ..few }, SENTINELS).unwrap();
        head.announce("h:3".to_owned());
        assert!(head.settle(&Named { votes: 2, ..named(&head, 2, 1) }, SENTINELS).is_err());
        tokio::time::advance(NEWS).await;
        head.settle(&Named { votes: 2, ..named(&head, 2, 1) }, SENTINELS).unwrap();
    }

    #[test]
    fn who_was_not_heard_catches_up_by_the_count_of_failovers() {
        let (head, standing, _) = led_by(1, 4);
        head.catch_up("h:2".to_owned(), 4);
        assert!(standing.holds(), "it may be the one that has not heard");
        head.catch_up("h:1".to_owned(), 5);
        assert!(standing.holds());
        head.catch_up("h:2".to_owned(), 5);
        assert!(!standing.holds());
    }
}
