//! A Redis Cluster of real processes: masters, their replicas, slots that move, masters that die.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::{Connection, Redis, Reply, address};
use crate::wait;

const SLOTS: u16 = 16_384;

/// A running cluster, which ends when this is dropped.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Redis>,
    options: Options,
}

/// How a cluster is started.
#[derive(Debug, Clone)]
#[must_use]
pub struct Options {
    masters: usize,
    replicas: usize,
    node_timeout: Duration,
    settings: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self { masters: 3, replicas: 1, node_timeout: Duration::from_secs(2), settings: Vec::new() }
    }
}

impl Options {
    /// How many masters, which share all slots evenly.
    pub const fn masters(mut self, count: usize) -> Self {
        self.masters = count;
        self
    }

    /// How many replicas each master has.
    pub const fn replicas(mut self, count: usize) -> Self {
        self.replicas = count;
        self
    }

    /// How long a silent master is waited for; a failover takes about twice that.
    pub const fn node_timeout(mut self, timeout: Duration) -> Self {
        self.node_timeout = timeout;
        self
    }

    /// A setting of every node, as in `redis.conf`. (By default `cluster-require-full-coverage` is `no`: the healthy nodes go on
    /// serving.)
    pub fn setting(mut self, name: &str, value: impl ToString) -> Self {
        self.settings.push((name.to_owned(), value.to_string()));
        self
    }

    /// Starts the nodes, and returns when all of them agree and every replica follows.
    ///
    /// # Panics
    /// If Redis is not installed, or the nodes do not agree within two minutes.
    #[must_use]
    pub fn start(self) -> Cluster {
        let count = self.masters * (1 + self.replicas);
        let nodes: Vec<_> = (0..count).map(|_| self.start_node()).collect();
        let cluster = Cluster { nodes, options: self };
        cluster.introduce();
        cluster.share_slots();
        cluster.assign_replicas();
        cluster.wait_until_well();
        cluster
    }

    fn start_node(&self) -> Redis {
        let mut options = Redis::options()
            .setting("cluster-enabled", "yes")
            .own_port("cluster-port")
            .setting("cluster-node-timeout", self.node_timeout.as_millis())
            .setting("cluster-require-full-coverage", "no")
            // A replica stands for election however long it has not heard of its master: tests pause and kill a lot.
            .setting("cluster-replica-validity-factor", "0");
        for (name, value) in &self.settings {
            options = options.setting(name, value);
        }
        options.start()
    }
}

impl Cluster {
    /// Three masters with one replica each.
    ///
    /// # Panics
    /// As [`Options::start`].
    #[must_use]
    pub fn start() -> Self {
        Self::options().start()
    }

    /// Settings first.
    pub fn options() -> Options {
        Options::default()
    }

    /// All nodes: the first were started as masters, the others as their replicas.
    #[must_use]
    pub fn nodes(&self) -> &[Redis] {
        &self.nodes
    }

    /// How clients name the nodes.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(Redis::url).collect()
    }

    /// The slot of a key.
    ///
    /// # Panics
    /// If no node answers.
    #[must_use]
    pub fn slot_of(&self, key: &str) -> u16 {
        self.ask(&["CLUSTER", "KEYSLOT", key]).number().unwrap_or_default() as u16
    }

    /// The node that serves a slot now, as most of the living see it.
    ///
    /// # Panics
    /// If nobody serves it.
    #[must_use]
    pub fn master_of(&self, slot: u16) -> &Redis {
        let port = self.owner_of(slot).unwrap_or_else(|| panic!("nobody serves slot {slot}"));
        self.node_at(port)
    }

    /// The node that serves the slot of a key now.
    ///
    /// # Panics
    /// If nobody serves it.
    #[must_use]
    pub fn master_for(&self, key: &str) -> &Redis {
        self.master_of(self.slot_of(key))
    }

    /// The nodes that are masters now.
    pub fn masters(&self) -> impl Iterator<Item = &Redis> {
        self.living().filter(|node| is_master(node))
    }

    /// A node that follows this master now.
    ///
    /// # Panics
    /// If nobody does.
    #[must_use]
    pub fn replica_of(&self, master: &Redis) -> &Redis {
        let port = master.port().to_string();
        let replica = self.living().find(|node| node.info("master_port").as_ref() == Some(&port));
        replica.unwrap_or_else(|| panic!("nobody follows the master at port {port}"))
    }

    /// Sends a command to the node that serves a key.
    ///
    /// # Panics
    /// If there is no answer.
    pub fn command_at(&self, key: &str, words: &[&str]) -> Reply {
        self.master_for(key).command(words)
    }

    /// Sends a command to every master, such as `FLUSHALL`.
    ///
    /// # Panics
    /// If one does not answer.
    pub fn command_everywhere(&self, words: &[&str]) {
        self.masters().for_each(|node| {
            node.command(words);
        });
    }

    /// Kills the master of a slot, and returns it, for [`Redis::start_again`].
    ///
    /// # Panics
    /// If nobody serves it.
    pub fn kill_master_of(&self, slot: u16) -> &Redis {
        let master = self.master_of(slot);
        master.kill();
        master
    }

    /// Waits until another node than `former` serves a slot, and all living nodes agree.
    ///
    /// # Panics
    /// If that does not happen within two minutes.
    pub fn wait_for_failover(&self, slot: u16, former: &Redis) -> &Redis {
        wait::until("a replica took over", || self.owner_of(slot).is_some_and(|port| port != former.port()));
        self.wait_until_agreed();
        self.master_of(slot)
    }

    /// Starts one more master, without slots.
    ///
    /// # Panics
    /// If it does not start, or the others do not accept it.
    pub fn add_master(&mut self) -> &Redis {
        self.nodes.push(self.options.start_node());
        self.introduce();
        self.wait_until_agreed();
        &self.nodes[self.nodes.len() - 1]
    }

    /// Moves slots with all their keys to another master, one after the other, as `redis-cli --cluster reshard` does, while clients go on.
    ///
    /// # Panics
    /// If a node refuses.
    pub fn move_slots(&self, slots: RangeInclusive<u16>, to: &Redis) {
        let target = id(to);
        let mut there = to.connection();
        for slot in slots {
            let from = self.master_of(slot);
            if from.port() != to.port() {
                self.move_slot(&slot.to_string(), (from, &id(from)), (&mut there, to.port(), &target));
            }
        }
    }

    fn move_slot(&self, slot: &str, from: (&Redis, &str), to: (&mut Connection, u16, &str)) {
        let (source, source_id) = from;
        let (there, port, target_id) = to;
        let mut here = source.connection();
        expect_ok(there.command(["CLUSTER", "SETSLOT", slot, "IMPORTING", source_id]));
        expect_ok(here.command(["CLUSTER", "SETSLOT", slot, "MIGRATING", target_id]));
        loop {
            let keys = here.command(["CLUSTER", "GETKEYSINSLOT", slot, "100"]).unwrap_or(Reply::Nil);
            if keys.list().is_empty() {
                break;
            }
            let port = port.to_string();
            let words = ["MIGRATE", "127.0.0.1", &port, "", "0", "10000", "KEYS"].map(|word| word.as_bytes().to_vec());
            let names =
                keys.list().iter().filter_map(|key| if let Reply::Bytes(key) = key { Some(key.clone()) } else { None });
            expect_ok(here.command(words.into_iter().chain(names)));
        }
        // The new owner first, so that there is always one.
        expect_ok(there.command(["CLUSTER", "SETSLOT", slot, "NODE", target_id]));
        expect_ok(here.command(["CLUSTER", "SETSLOT", slot, "NODE", target_id]));
        for node in self.living().filter(|node| node.port() != port && node.port() != source.port() && is_master(node))
        {
            expect_ok(node.connection().command(["CLUSTER", "SETSLOT", slot, "NODE", target_id]));
        }
    }

    /// Waits until all slots are served, all nodes agree on it, and every replica follows.
    ///
    /// # Panics
    /// If that does not happen within two minutes.
    pub fn wait_until_well(&self) {
        self.wait_until_agreed();
        let follows = |node: &Redis| is_master(node) || node.info("master_link_status").as_deref() == Some("up");
        wait::until("every replica follows its master", || self.living().all(follows));
    }

    /// All living nodes see all slots served, by the same masters.
    fn wait_until_agreed(&self) {
        wait::until("the nodes of the cluster agree", || {
            let mut views = self.living().map(|node| (is_well(node), masters_of(node)));
            let Some((true, first)) = views.next() else { return false };
            served(&first) == SLOTS && views.all(|(well, view)| well && view == first)
        });
    }

    fn introduce(&self) {
        for (place, node) in self.nodes.iter().enumerate() {
            let _set_before = node.command(["CLUSTER", "SET-CONFIG-EPOCH", &(place + 1).to_string()]);
            let bus = node.command(["CONFIG", "GET", "cluster-port"]).list().get(1).map(Reply::to_string);
            let words = ["CLUSTER", "MEET", "127.0.0.1", &node.port().to_string(), &bus.unwrap_or_default()];
            expect_ok(self.nodes[0].connection().command(words));
        }
        let known = self.nodes.len().to_string();
        let knows_all = |node: &Redis| cluster_info(node, "cluster_known_nodes").as_ref() == Some(&known);
        wait::until("the nodes of the cluster know each other", || self.nodes.iter().all(knows_all));
    }

    fn share_slots(&self) {
        let share = SLOTS.div_ceil(self.options.masters as u16);
        for (place, node) in self.nodes[..self.options.masters].iter().enumerate() {
            let first = place as u16 * share;
            let last = (first + share).min(SLOTS) - 1;
            let words = ["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &last.to_string()];
            expect_ok(node.connection().command(words));
        }
    }

    fn assign_replicas(&self) {
        let (masters, replicas) = self.nodes.split_at(self.options.masters);
        for (replica, master) in replicas.iter().zip(masters.iter().cycle()) {
            let master = id(master);
            wait::until("a replica accepts its master", || {
                replica.command(["CLUSTER", "REPLICATE", &master]) == Reply::Status("OK".into())
            });
        }
    }

    fn ask(&self, words: &[&str]) -> Reply {
        let node = self.living().next().unwrap_or_else(|| panic!("no node of the cluster lives"));
        node.command(words)
    }

    /// The port of who serves a slot. A living master that says so of itself is believed first.
    fn owner_of(&self, slot: u16) -> Option<u16> {
        let owner = |node: &Redis| masters_of(node).into_iter().find(|owned| owned.slots.contains(&slot));
        let views: Vec<_> = self.living().filter_map(|node| Some((node.port(), owner(node)?.port))).collect();
        let itself = views.iter().find(|(node, owner)| node == owner);
        itself.or(views.first()).map(|(_, owner)| *owner)
    }

    fn node_at(&self, port: u16) -> &Redis {
        let node = self.nodes.iter().find(|node| node.port() == port);
        node.unwrap_or_else(|| panic!("no node of the cluster has port {port}"))
    }

    /// The nodes that answer: neither killed nor paused.
    fn living(&self) -> impl Iterator<Item = &Redis> {
        self.nodes.iter().filter(|node| node.id().is_some_and(is_awake))
    }
}

/// A part of the slots, and who serves it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Owned {
    first: u16,
    slots: Vec<u16>,
    port: u16,
}

/// What a node believes, in the order of the slots; parts of one master that touch are joined.
fn masters_of(node: &Redis) -> Vec<Owned> {
    let reply =
        Connection::open(address(node.port())).and_then(|mut connection| connection.command(["CLUSTER", "SLOTS"]));
    let mut parts: Vec<Owned> = reply.unwrap_or(Reply::Nil).list().iter().filter_map(owned).collect();
    parts.sort();
    parts.dedup_by(|next, before| {
        let touches = next.port == before.port && before.slots.last().is_some_and(|last| last + 1 == next.first);
        if touches {
            before.slots.append(&mut next.slots);
        }
        touches
    });
    parts
}

fn owned(part: &Reply) -> Option<Owned> {
    let [first, last, master, ..] = part.list() else { return None };
    let (first, last) = (first.number()? as u16, last.number()? as u16);
    let port = master.list().get(1)?.number()? as u16;
    Some(Owned { first, slots: (first..=last).collect(), port })
}

fn served(parts: &[Owned]) -> u16 {
    parts.iter().map(|part| part.slots.len() as u16).sum()
}

/// Not stopped by a signal.
fn is_awake(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next()) != Some("T")
}

fn is_master(node: &Redis) -> bool {
    node.info("role").as_deref() == Some("master")
}

fn is_well(node: &Redis) -> bool {
    cluster_info(node, "cluster_state").as_deref() == Some("ok")
}

fn id(node: &Redis) -> String {
    node.command(["CLUSTER", "MYID"]).to_string()
}

fn cluster_info(node: &Redis, name: &str) -> Option<String> {
    let info = node.command(["CLUSTER", "INFO"]).to_string();
    info.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim().to_owned()))
}

fn expect_ok(reply: std::io::Result<Reply>) {
    let well = matches!(&reply, Ok(Reply::Status(_)));
    assert!(well, "a node of the cluster refused: {reply:?}");
}
