//! The records of one group of names. They stand together in one slot, so that a script reads and changes them in one step.
//!
//! Whoever answers for them first has to be greeted: it may be a replica that has taken over, and has not heard of everything. What
//! was answered before that, or on another connection, is not used.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use deadpool_redis::redis::{Pipeline, Value};
use easy_cache_core::store::Version;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::node::Node;
use super::nodes::Nodes;
use super::route::Route;
use super::slots::slot_of;
use crate::combine::Answer;
use crate::failure::Failure;
use crate::greeting;
use crate::lane::Live;
use crate::layout::{Keys, Order, Record};
use crate::names::Names;
use crate::recent::Recent;

/// A group that nothing is known of is not asked more often than this for its own sake.
const SELDOM: Duration = Duration::from_secs(1);

/// One group, as this process knows it.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) index: usize,
    pub(crate) keys: Keys,
    pub(crate) slot: u16,
    pub(crate) recent: Recent,
    /// What was met there last: the fence of names that a lookup does not know of.
    known: ArcSwapOption<Sight>,
    greeted: ArcSwapOption<Stamp>,
    greeting: Mutex<()>,
    /// When somebody last tried in vain to learn anything of it.
    meeting: Mutex<Option<Instant>>,
    slow: AtomicBool,
}

/// Which connection to which node.
#[derive(Debug, Clone)]
pub(crate) struct Stamp {
    pub(crate) node: Arc<Node>,
    pub(crate) generation: u64,
}

impl PartialEq for Stamp {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.node, &other.node) && self.generation == other.generation
    }
}

/// What fences a computation in one group.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sight {
    pub(crate) order: Order,
    pub(crate) epoch: Record,
    pub(crate) stamp: Stamp,
}

/// The records that were asked for.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) group: usize,
    pub(crate) sight: Option<Arc<Sight>>,
    pub(crate) epoch: Record,
    /// In the order of the names.
    pub(crate) records: Vec<Record>,
}

impl Group {
    pub(crate) fn new(index: usize, keys: Keys) -> Self {
        let slot = slot_of(keys.records());
        Self {
            index,
            keys,
            slot,
            recent: Recent::default(),
            known: ArcSwapOption::empty(),
            greeted: ArcSwapOption::empty(),
            greeting: Mutex::default(),
            meeting: Mutex::default(),
            slow: AtomicBool::new(false),
        }
    }

    /// Whether anything was ever met there.
    pub(crate) fn is_met(&self) -> bool {
        self.known.load().is_some()
    }

    /// Learns something of it, in a task of its own: whoever waits may go. Nobody waits if it was slow before.
    pub(crate) async fn meet(self: &Arc<Self>, nodes: &Arc<Nodes>) {
        let slow = self.slow.load(Ordering::Relaxed);
        if slow && self.meeting.try_lock().is_err() {
            return;
        }
        let (group, nodes) = (Arc::clone(self), Arc::clone(nodes));
        let meeting = tokio::spawn(async move {
            let mut failed = group.meeting.lock().await;
            if !group.is_met() && failed.is_none_or(|failed| failed.elapsed() >= SELDOM) {
                let looked = group.look(&nodes, &[], nodes.deadline()).await;
                *failed = looked.is_err().then(Instant::now);
                group.slow.store(looked.is_err(), Ordering::Relaxed);
            }
        });
        if !slow {
            let _ended = meeting.await;
        }
    }

    /// Nobody waits for it any more until it has answered.
    pub(crate) fn is_slow(&self) {
        self.slow.store(true, Ordering::Relaxed);
    }

    /// What was met there last.
    pub(crate) fn known(&self) -> Option<Arc<Sight>> {
        self.known.load_full()
    }

    /// Whether the node behind a fence is still the one, on the same connection.
    pub(crate) fn is_still(&self, stamp: &Stamp) -> bool {
        self.greeted.load().as_deref() == Some(stamp)
    }

    /// The records of names, from the node that has them.
    pub(crate) async fn look(
        &self,
        nodes: &Arc<Nodes>,
        names: &[Vec<u8>],
        deadline: Instant,
    ) -> Result<Found, Failure> {
        let mut route = Route::to(nodes, self.slot, deadline).await?;
        let (mut made, question) = (false, Arc::new(Names::of_records(names)));
        loop {
            let answer = match self.ask(&route, &question, deadline).await {
                Ok(answer) => answer,
                Err(failure) if route.goes_on(&failure).await? => continue,
                Err(failure) => return Err(failure),
            };
            let stamp = Stamp { node: Arc::clone(&route.node), generation: answer.live.generation };
            let unordered = answer.found.order.is_none() && !std::mem::replace(&mut made, true);
            if self.is_still(&stamp) && !unordered {
                return Ok(self.found(answer, stamp));
            }
            if let Err(failure) = self.greet(&stamp, &answer.live, unordered, deadline).await
                && !route.goes_on(&failure).await?
            {
                return Err(failure);
            }
        }
    }

    async fn ask(&self, route: &Route<'_>, question: &Arc<Names>, deadline: Instant) -> Result<Answer, Failure> {
        if route.moving {
            // Some of the records are there, and some are not: they are asked for again when they are together.
            return Err(Failure::Moving(self.slot));
        }
        route.node.look(self.index, question, deadline).await
    }

    fn found(&self, answer: Answer, stamp: Stamp) -> Found {
        let found = answer.found;
        let sight = found.order.map(|order| self.note(Sight { order, epoch: found.epoch, stamp }));
        Found { group: self.index, sight, epoch: found.epoch, records: found.records.each() }
    }

    fn note(&self, sight: Sight) -> Arc<Sight> {
        if let Some(known) = self.known().filter(|known| **known == sight) {
            return known;
        }
        let sight = Arc::new(sight);
        self.known.store(Some(Arc::clone(&sight)));
        sight
    }

    /// Asks the node who it is, and lets it forget everything if it may lack invalidations; otherwise it is told the latest again.
    async fn greet(&self, stamp: &Stamp, live: &Live, anyway: bool, deadline: Instant) -> Result<(), Failure> {
        let turn = timeout_at(deadline, self.greeting.lock()).await;
        let _turn = turn.map_err(|_| stamp.node.lane.late())?;
        if self.is_still(stamp) && !anyway {
            return Ok(());
        }
        let mut greeting = Pipeline::new();
        greeting.add_command(greeting::command(&self.keys, &live.server)?);
        let answer = self.tell(stamp, &greeting, deadline).await?;
        if !answer.iter().any(greeting::empties) {
            self.tell(stamp, &greeting::repetition(&self.keys, &self.recent)?, deadline).await?;
        }
        self.greeted.store(Some(Arc::new(stamp.clone())));
        Ok(())
    }

    async fn tell(&self, stamp: &Stamp, commands: &Pipeline, deadline: Instant) -> Result<Vec<Value>, Failure> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        stamp.node.ask(commands, false, Some(stamp.generation), deadline).await?.into_iter().collect()
    }
}

/// The version of the namespace that an entry depends on: that of its group, or all those of its groups as one.
pub(crate) fn joined(epochs: &[Record]) -> Record {
    use sha2::{Digest, Sha256};
    if let [single] = epochs {
        return *single;
    }
    let mut digest = Sha256::new();
    for epoch in epochs {
        match epoch {
            Record::Free(version) => digest.update(version.as_bytes()),
            _ if epochs.contains(&Record::Held) => return Record::Held,
            _ => return Record::Absent,
        }
    }
    let digest: [u8; 32] = digest.finalize().into();
    digest.first_chunk().map_or(Record::Absent, |first| Record::Free(Version::from_bytes(*first)))
}
