//! All nodes that are known, and which of them serves a slot: learned from the nodes themselves, and again whenever one of them
//! sends a command elsewhere, or does not answer.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use deadpool_redis::redis::{Client, ConnectionAddr, ConnectionInfo, Pipeline, ProtocolVersion, cmd};
use easy_cache_core::Clock;
use easy_cache_core::store::Breaker;
use parking_lot::Mutex;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout_at};

use super::node::Node;
use super::slots::{self, Address, Range};
use crate::combine::Combiner;
use crate::failure::Failure;
use crate::greeting::Greeting;
use crate::lane::{Lane, Limits};
use crate::layout::Keys;
use crate::wire::Supply;

/// The nodes are not asked more often than this who serves what.
const SELDOM: Duration = Duration::from_millis(50);

/// Under which address a node is reached that names itself by another one.
pub(crate) type Translate = Arc<dyn Fn(&str, u16) -> (String, u16) + Send + Sync>;

/// What nodes are made with.
pub(crate) struct Plan {
    /// Where the cluster is asked first; the first of them also says how to log in.
    pub(crate) seeds: Vec<ConnectionInfo>,
    pub(crate) translate: Option<Translate>,
    pub(crate) limits: Limits,
    pub(crate) groups: Vec<Keys>,
    pub(crate) combines: bool,
    pub(crate) keeps_across_restarts: bool,
}

pub(crate) struct Nodes {
    plan: Plan,
    known: Mutex<HashMap<Address, Arc<Node>>>,
    routes: ArcSwapOption<Routes>,
    asking: tokio::sync::Mutex<Option<Instant>>,
}

/// Who serves which slots.
struct Routes {
    epoch: u64,
    ranges: Vec<(Range, Arc<Node>)>,
}

impl Routes {
    fn owner(&self, slot: u16) -> Option<&Arc<Node>> {
        let behind = self.ranges.partition_point(|(range, _)| range.first <= slot);
        let (range, node) = self.ranges.get(behind.checked_sub(1)?)?;
        (slot <= range.last).then_some(node)
    }
}

impl Nodes {
    pub(crate) fn new(plan: Plan) -> Result<Self, Failure> {
        let nodes = Self {
            plan,
            known: Mutex::default(),
            routes: ArcSwapOption::empty(),
            asking: tokio::sync::Mutex::default(),
        };
        for seed in &nodes.plan.seeds {
            nodes.node(&address_of(seed))?;
        }
        Ok(nodes)
    }

    /// Until when an operation that begins now may take.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.plan.limits.operation
    }

    /// Until when something is waited for that is not on the way of the operation that begins now, or that somebody else may know as well.
    pub(crate) fn soon(&self) -> Instant {
        Instant::now() + self.plan.limits.operation / 4
    }

    pub(crate) const fn limits(&self) -> Limits {
        self.plan.limits
    }

    /// Who serves a slot, if that is known.
    pub(crate) fn known_owner(&self, slot: u16) -> Option<Arc<Node>> {
        self.routes.load().as_ref()?.owner(slot).cloned()
    }

    /// All who serve something, if that is known.
    pub(crate) fn masters(&self) -> Vec<Arc<Node>> {
        let routes = self.routes.load();
        let mut masters: Vec<Arc<Node>> = Vec::new();
        for (_, node) in routes.iter().flat_map(|routes| &routes.ranges) {
            if masters.iter().all(|known| !Arc::ptr_eq(known, node)) {
                masters.push(Arc::clone(node));
            }
        }
        masters
    }

    /// Who serves a slot; the nodes are asked if that is not known.
    pub(crate) async fn owner(self: &Arc<Self>, slot: u16, deadline: Instant) -> Result<Arc<Node>, Failure> {
        if let Some(node) = self.known_owner(slot) {
            return Ok(node);
        }
        self.learn(None, deadline).await?;
        self.known_owner(slot).ok_or(Failure::Unserved(slot))
    }

    /// The node at an address.
    pub(crate) fn node(&self, address: &Address) -> Result<Arc<Node>, Failure> {
        let mut known = self.known.lock();
        if let Some(node) = known.get(address) {
            return Ok(Arc::clone(node));
        }
        let node = Arc::new(self.make(address)?);
        known.insert(address.clone(), Arc::clone(&node));
        Ok(node)
    }

    /// Under which address a node is reached, by what the nodes call it.
    pub(crate) fn translated(&self, address: Address) -> Address {
        match &self.plan.translate {
            Some(translate) => {
                let (host, port) = translate(&address.host, address.port);
                Address::new(&host, port)
            }
            None => address,
        }
    }

    fn make(&self, address: &Address) -> Result<Node, Failure> {
        let plan = &self.plan;
        let supply = Supply::to(self.info(address), 1, plan.limits)?;
        let greeting = Greeting { whose: None, keeps_across_restarts: plan.keeps_across_restarts };
        let lane = Arc::new(Lane::new(supply, plan.limits, greeting));
        let lookups = |keys| Arc::new(Combiner::new(Arc::clone(&lane), keys, plan.combines));
        let lookups = plan.groups.iter().map(lookups).collect();
        Ok(Node { address: address.clone(), lane, breaker: Breaker::new(Clock::system()), lookups })
    }

    /// As the first seed is reached, but for the address.
    fn info(&self, address: &Address) -> ConnectionInfo {
        let seed = &self.plan.seeds[0];
        let addr = match seed.addr().clone() {
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
                ConnectionAddr::TcpTls { host: address.host.to_string(), port: address.port, insecure, tls_params }
            }
            _ => ConnectionAddr::Tcp(address.host.to_string(), address.port),
        };
        seed.clone().set_addr(addr)
    }

    /// A client for news from a node.
    pub(crate) fn client(&self, address: &Address) -> Result<Client, Failure> {
        let info = self.info(address);
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        Ok(Client::open(info.set_redis_settings(settings))?)
    }

    /// The same as [`learn`](Self::learn), behind the back of who has noticed that it is necessary.
    pub(crate) fn learn_soon(self: &Arc<Self>, hint: Option<Address>) {
        drop(self.learning(hint));
    }

    fn learning(self: &Arc<Self>, hint: Option<Address>) -> JoinHandle<Result<(), Failure>> {
        let nodes = Arc::clone(self);
        tokio::spawn(async move { nodes.refresh(hint).await })
    }

    /// Asks the nodes who serves what, in a task of its own: it goes on when who waits for it has gone.
    pub(crate) async fn learn(self: &Arc<Self>, hint: Option<Address>, deadline: Instant) -> Result<(), Failure> {
        match timeout_at(deadline, self.learning(hint)).await {
            Ok(Ok(learned)) => learned,
            Ok(Err(_)) => Err(Failure::Pool("the runtime has ended".to_owned())),
            Err(_) => Err(Failure::Late(self.plan.limits.operation)),
        }
    }

    /// The one that should know is asked, then all at once. The first usable answer counts.
    async fn refresh(self: &Arc<Self>, hint: Option<Address>) -> Result<(), Failure> {
        let (deadline, late) = (self.deadline(), |_| Failure::Late(self.plan.limits.operation));
        let begun = Instant::now();
        let mut last = timeout_at(deadline, self.asking.lock()).await.map_err(late)?;
        // Somebody else has asked meanwhile, or a moment ago.
        if last.is_some_and(|last| last >= begun || begun.duration_since(last) < SELDOM) {
            return Ok(());
        }
        let hinted = match hint {
            // The others are asked soon: whoever needs to know meanwhile waits for this.
            Some(hint) => timeout_at(self.soon(), self.ask(&self.node(&hint)?, deadline))
                .await
                .unwrap_or_else(|elapsed| Err(late(elapsed))),
            None => Err(Failure::Garbled("no hint")),
        };
        let learned = match hinted {
            Ok(()) => Ok(()),
            Err(_) => timeout_at(deadline, self.ask_all()).await.map_err(late).and_then(|answer| answer),
        };
        *last = Some(Instant::now());
        learned
    }

    async fn ask_all(self: &Arc<Self>) -> Result<(), Failure> {
        let (mut answers, deadline) = (JoinSet::new(), self.deadline());
        for node in self.known.lock().values().cloned().collect::<Vec<_>>() {
            let nodes = Arc::clone(self);
            answers.spawn(async move { nodes.ask(&node, deadline).await });
        }
        let mut failed = Failure::Garbled("no node is known");
        while let Some(answer) = answers.join_next().await {
            match answer {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(failure)) => failed = failure,
                Err(_) => {}
            }
        }
        Err(failed)
    }

    async fn ask(&self, node: &Arc<Node>, deadline: Instant) -> Result<(), Failure> {
        let mut commands = Pipeline::new();
        commands.add_command(cmd("CLUSTER").arg("SLOTS").take()).add_command(cmd("CLUSTER").arg("INFO").take());
        let mut answers = node.lane.ask_all(&commands, None, deadline).await?.into_iter();
        let mut next = || answers.next().unwrap_or(Err(Failure::Garbled("no answer about slots")));
        let (ranges, epoch) = (next()?, next()?);
        let epoch = slots::epoch(&epoch).ok_or(Failure::Garbled("no epoch of the cluster"))?;
        self.adopt(epoch, slots::ranges(&ranges, &node.address))
    }

    /// Takes a view over, unless it is older than the one in use: that of a node which does not know yet that it was replaced.
    fn adopt(&self, epoch: u64, ranges: Vec<Range>) -> Result<(), Failure> {
        if ranges.is_empty() {
            return Err(Failure::Garbled("no slot is served"));
        }
        let mut routes = Vec::with_capacity(ranges.len());
        for mut range in ranges {
            range.master = self.translated(range.master);
            let node = self.node(&range.master)?;
            routes.push((range, node));
        }
        let current = self.routes.load();
        if current.as_ref().is_some_and(|current| current.epoch > epoch) {
            return Err(Failure::Garbled("a view of the cluster that is out of date"));
        }
        let same = current.as_ref().is_some_and(|current| {
            current.epoch == epoch
                && current.ranges.iter().map(|(range, _)| range).eq(routes.iter().map(|(range, _)| range))
        });
        if !same {
            tracing::debug!(epoch, ranges = routes.len(), "who serves which slots of the redis cluster");
            self.routes.store(Some(Arc::new(Routes { epoch, ranges: routes })));
        }
        Ok(())
    }
}

/// Where a server is reached.
pub(crate) fn address_of(info: &ConnectionInfo) -> Address {
    match info.addr() {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => Address::new(host, *port),
        other => Address::new(&other.to_string(), 0),
    }
}

impl fmt::Debug for Nodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nodes").field("known", &self.known.lock().keys()).finish_non_exhaustive()
    }
}
