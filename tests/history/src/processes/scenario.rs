//! What goes wrong while the workers work: one kind of fault in each scenario, again and again.

use std::thread;
use std::time::Duration;

use easy_cache_servers::proxy::{Direction, Fault, Proxy};
use easy_cache_servers::{Cluster, Memcached, Redis, wait};

use super::server::{Node, Running};
use crate::random::Random;

/// A kind of fault.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// What it is called.
    pub name: &'static str,
    /// What happens.
    pub about: &'static str,
    /// Happens once, and is over when it returns.
    pub happens: fn(&mut Scene<'_>),
    /// Whether no record is lost and every hold is placed: then hits are exact, and the holds of the dead count.
    pub keeps_records: bool,
    /// Whether a server comes back with what it had earlier, or a copy of it takes over that had not heard everything.
    pub brings_back_the_past: bool,
    /// Whether only Redis has a way to do it.
    pub is_of_redis: bool,
    /// Whether only a cluster has.
    pub is_of_cluster: bool,
    /// Whether writers die.
    pub dies: bool,
    /// Whether clocks are wrong.
    pub is_skewed: bool,
}

impl std::fmt::Debug for Scenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// What a fault has at hand.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The server.
    pub server: &'a Running,
    /// Servers that have taken its place, the latest last.
    pub heirs: Vec<Redis>,
    /// What stands before it: one before each of its processes.
    pub proxies: &'a [Proxy],
    /// Of this history alone.
    pub namespace: &'a str,
    /// Which fault, and how long.
    pub random: Random,
    /// Kills the worker of this number.
    pub workers: &'a crate::workers::Workers,
}

impl<'a> Scene<'a> {
    fn wait(&mut self, at_least: u64, at_most: u64) {
        thread::sleep(Duration::from_millis(at_least + self.random.below(at_most - at_least + 1)));
    }

    /// A process of the server: on a cluster half of the time the one that has the records.
    fn place(&mut self) -> usize {
        let Some(cluster) = self.server.cluster() else { return 0 };
        let nodes = cluster.nodes();
        let records = cluster.master_of(self.slot(cluster)).port();
        let place = nodes.iter().position(|node| self.random.one_in(2) && node.port() == records);
        place.unwrap_or_else(|| self.random.below(nodes.len() as u64) as usize)
    }

    fn node(&mut self) -> Node<'a> {
        let place = self.place();
        self.server.nodes()[place]
    }

    fn proxy(&mut self) -> &'a Proxy {
        &self.proxies[self.place()]
    }

    /// Where the records of this history are.
    fn slot(&self, cluster: &Cluster) -> u16 {
        cluster.slot_of(&format!("{{ec1:{}}}:o", self.namespace))
    }

    fn wait_until_well(&self) {
        self.server.cluster().into_iter().for_each(Cluster::wait_until_well);
    }

    fn direction(&mut self) -> Direction {
        if self.random.one_in(2) { Direction::ToServer } else { Direction::ToClient }
    }
}

const USUAL: Scenario = Scenario {
    name: "calm",
    about: "nothing goes wrong",
    happens: |scene| scene.wait(50, 50),
    keeps_records: true,
    brings_back_the_past: false,
    is_of_redis: false,
    is_of_cluster: false,
    dies: false,
    is_skewed: false,
};

/// All of them.
pub const ALL: &[Scenario] = &[
    USUAL,
    Scenario {
        name: "killed",
        about: "workers are killed, at every step of a write and anywhere",
        happens: kill_a_worker,
        dies: true,
        ..USUAL
    },
    Scenario { name: "delayed", about: "packets come late", happens: delay, ..USUAL },
    Scenario {
        name: "clocks",
        about: "one clock jumps ahead by a quarter of an hour, one is behind by as much, one stands still",
        is_skewed: true,
        ..USUAL
    },
    Scenario {
        name: "cut",
        about: "connections are cut, before a request or before its answer",
        happens: cut,
        keeps_records: false,
        ..USUAL
    },
    Scenario {
        name: "swallowed",
        about: "sockets are half-open: what is sent is lost",
        happens: swallow,
        keeps_records: false,
        ..USUAL
    },
    Scenario {
        name: "frozen",
        about: "the server stops answering, and goes on later",
        happens: freeze,
        keeps_records: false,
        ..USUAL
    },
    Scenario {
        name: "restarted",
        about: "the server is killed, and comes back empty",
        happens: restart,
        keeps_records: false,
        ..USUAL
    },
    Scenario {
        name: "evicted",
        about: "keys vanish, records among them",
        happens: evict,
        keeps_records: false,
        ..USUAL
    },
    Scenario { name: "flushed", about: "everything vanishes", happens: flush, keeps_records: false, ..USUAL },
    Scenario {
        name: "restored",
        about: "the server comes back with what it had a while ago",
        happens: restore,
        keeps_records: false,
        brings_back_the_past: true,
        ..USUAL
    },
    Scenario {
        name: "promoted",
        about: "a replica that has not heard everything takes over",
        happens: promote,
        keeps_records: false,
        brings_back_the_past: true,
        ..USUAL
    },
    Scenario {
        name: "refused",
        about: "the server takes no writes, as one without its replicas, and answers lookups",
        happens: refuse_writes,
        is_of_redis: true,
        keeps_records: false,
        ..USUAL
    },
    Scenario {
        name: "moved",
        about: "slots move to other nodes, that of the records among them",
        happens: move_slots,
        is_of_cluster: true,
        keeps_records: false,
        ..USUAL
    },
    Scenario { name: "garbage", about: "the server answers nonsense", happens: garble, keeps_records: false, ..USUAL },
];

/// The one of this name.
#[must_use]
pub fn named(name: &str) -> Option<Scenario> {
    ALL.iter().copied().find(|scenario| scenario.name == name)
}

fn kill_a_worker(scene: &mut Scene<'_>) {
    scene.wait(100, 300);
    scene.workers.kill(scene.random.below(16) as usize);
}

fn delay(scene: &mut Scene<'_>) {
    let (direction, by) = (scene.direction(), Duration::from_millis(scene.random.below(12)));
    let proxy = scene.proxy();
    proxy.set(direction, Fault::Delay(by));
    scene.wait(30, 60);
    // What is told on one connection comes later than what was asked on another.
    proxy.set(Direction::ToClient, Fault::DelaySome(by * 8));
    scene.wait(100, 200);
    proxy.mend();
}

fn cut(scene: &mut Scene<'_>) {
    scene.wait(10, 60);
    let proxy = scene.proxy();
    match scene.random.below(3) {
        0 => proxy.cut(),
        1 => proxy.cut_at_next(Direction::ToClient),
        _ => proxy.cut_at_next(Direction::ToServer),
    }
}

fn swallow(scene: &mut Scene<'_>) {
    scene.wait(100, 200);
    let (direction, proxy) = (scene.direction(), scene.proxy());
    proxy.set(direction, Fault::Swallow);
    scene.wait(50, 300);
    proxy.mend();
    proxy.cut();
}

fn freeze(scene: &mut Scene<'_>) {
    scene.wait(200, 300);
    let node = scene.node();
    node.pause();
    scene.wait(50, 700);
    node.resume();
}

fn restart(scene: &mut Scene<'_>) {
    scene.wait(200, 400);
    let node = scene.node();
    node.kill();
    scene.wait(0, 200);
    node.start_again();
    scene.wait_until_well();
}

/// Saved, and killed a while later: what was invalidated in between is forgotten.
fn restore(scene: &mut Scene<'_>) {
    scene.wait(100, 200);
    let Some(redis) = scene.node().redis() else { return };
    redis.command(["SAVE"]);
    scene.wait(20, 200);
    redis.kill();
    redis.start_again();
    scene.wait_until_well();
}

/// A replica is made, loses touch with its master, and takes its place. Somebody who could have said again what it has missed is dead.
fn promote(scene: &mut Scene<'_>) {
    scene.wait(100, 200);
    if let Some(cluster) = scene.server.cluster() {
        return fail_over(scene, cluster);
    }
    let Some(master) = scene.heirs.last().or(scene.server.nodes()[0].redis()) else { return };
    let replica = Redis::options().replica_of(master).start();
    wait::until("the replica has its copy", || replica.info("master_link_status").as_deref() == Some("up"));
    replica.command(["REPLICAOF", "NO", "ONE"]);
    scene.wait(20, 200);
    scene.workers.kill(scene.random.below(16) as usize);
    scene.proxies[0].lead_to(replica.address());
    // The former master is gone with its value.
    scene.heirs = vec![replica];
}

/// The same on a cluster: the master of the records dies, and its replica has not heard the latest. Then it is back as a replica.
fn fail_over(scene: &mut Scene<'_>, cluster: &Cluster) {
    let slot = scene.slot(cluster);
    let master = cluster.master_of(slot);
    let replica = cluster.replica_of(master);
    replica.pause();
    // What was on its way to the replica would be read after the pause.
    master.command(["CLIENT", "KILL", "TYPE", "replica"]);
    scene.wait(20, 200);
    // What survivors write meanwhile, and bring to the next master, hides what it has missed.
    match scene.random.one_in(2) {
        true => scene.workers.kill_all(),
        false => scene.workers.kill(scene.random.below(16) as usize),
    }
    master.kill();
    replica.resume();
    cluster.wait_for_failover(slot, master);
    master.start_again();
    cluster.wait_until_well();
}

/// The slot of the records, and some others, to another master.
fn move_slots(scene: &mut Scene<'_>) {
    scene.wait(50, 150);
    let Some(cluster) = scene.server.cluster() else { return };
    let (slot, some) = (scene.slot(cluster), scene.random.below(16_000) as u16);
    let former = cluster.master_of(slot).port();
    let others: Vec<&Redis> = cluster.masters().filter(|master| master.port() != former).collect();
    let Some(next) = others.get(scene.random.below(others.len().max(1) as u64) as usize) else { return };
    cluster.move_slots(slot..=slot, next);
    cluster.move_slots(some..=some + 8, next);
}

fn evict(scene: &mut Scene<'_>) {
    scene.wait(2, 10);
    match scene.node() {
        Node::Redis(redis) => evict_from_redis(redis, &mut scene.random),
        Node::Memcached(memcached) => evict_from_memcached(memcached, &mut scene.random),
    }
}

fn evict_from_redis(redis: &Redis, random: &mut Random) {
    let mut connection = redis.connection();
    for _ in 0..=random.below(8) {
        if let Ok(key) = connection.command(["RANDOMKEY"]) {
            // Gone meanwhile, or there is none: the next one is as good.
            let _number = connection.command(["UNLINK", &key.to_string()]);
        }
    }
}

fn evict_from_memcached(memcached: &Memcached, random: &mut Random) {
    let items: Vec<_> = memcached.items().into_iter().collect();
    for _ in 0..=random.below(8) {
        if let Some(item) = items.get(random.below(items.len().max(1) as u64) as usize) {
            memcached.command(&format!("md {item}"));
        }
    }
}

fn flush(scene: &mut Scene<'_>) {
    scene.wait(20, 120);
    scene.server.nodes().into_iter().for_each(Node::flush);
}

fn refuse_writes(scene: &mut Scene<'_>) {
    scene.wait(50, 100);
    let Some(redis) = scene.node().redis() else { return };
    let needs_replicas = |count: &str| redis.command(["CONFIG", "SET", "min-replicas-to-write", count]);
    needs_replicas("9");
    scene.wait(10, 40);
    needs_replicas("0");
}

fn garble(scene: &mut Scene<'_>) {
    scene.wait(100, 200);
    let proxy = scene.proxy();
    proxy.set(Direction::ToClient, Fault::Garbage);
    scene.wait(5, 50);
    proxy.mend();
    proxy.cut();
}
