//! What goes wrong while the workers work: one kind of fault in each scenario, again and again.

use std::thread;
use std::time::Duration;

use easy_cache_servers::proxy::{Direction, Fault, Proxy};

use super::referee::Counts;
use crate::random::Random;
use crate::workers::Workers;

/// A kind of fault.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// What it is called.
    pub name: &'static str,
    /// What happens.
    pub about: &'static str,
    /// Happens once, and is over when it returns.
    pub happens: fn(&mut Scene<'_>),
    /// Whether writers die by themselves, in the middle of writes.
    pub dies: bool,
    /// Whether the futures of writes are dropped.
    pub drops: bool,
    /// Whether it leaves holds that end at their deadline, and not before.
    pub leaves_holds: bool,
}

impl std::fmt::Debug for Scenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Scenario {
    /// Whether there is something to see: looks that found something, writes, and what the scenario is about.
    #[must_use]
    pub const fn has_happened(&self, counts: Counts, deaths: u64) -> bool {
        let is_seen = (!self.drops || counts.unknown > 0) && (!self.dies || deaths > 0);
        counts.hits > 0 && counts.writes > 0 && is_seen
    }
}

/// What a fault has at hand.
#[derive(Debug)]
pub struct Scene<'a> {
    /// What stands before the database.
    pub database: &'a Proxy,
    /// What stands before Redis.
    pub redis: &'a Proxy,
    /// Which fault, and how long.
    pub random: Random,
    /// The processes.
    pub workers: &'a Workers,
}

impl Scene<'_> {
    fn wait(&mut self, at_least: u64, at_most: u64) {
        thread::sleep(Duration::from_millis(at_least + self.random.below(at_most - at_least + 1)));
    }
}

const CALM: Scenario = Scenario {
    name: "calm",
    about: "nothing goes wrong",
    happens: |scene| scene.wait(50, 50),
    dies: false,
    drops: false,
    leaves_holds: false,
};

/// All of them.
pub const ALL: &[Scenario] = &[
    CALM,
    Scenario {
        name: "killed",
        about: "workers are killed, at every step of a write and anywhere",
        happens: |scene| {
            scene.wait(300, 600);
            scene.workers.kill(scene.random.below(16) as usize);
        },
        dies: true,
        leaves_holds: true,
        ..CALM
    },
    Scenario {
        name: "dropped",
        about: "the futures of writes are dropped, at every await",
        drops: true,
        leaves_holds: true,
        ..CALM
    },
    Scenario {
        name: "cut",
        about: "connections to the database are cut, before a statement or before its answer",
        happens: cut,
        leaves_holds: true,
        ..CALM
    },
    Scenario { name: "delayed", about: "what the database and Redis answer comes late", happens: delay, ..CALM },
];

/// The one of this name.
#[must_use]
pub fn named(name: &str) -> Option<Scenario> {
    ALL.iter().copied().find(|scenario| scenario.name == name)
}

fn cut(scene: &mut Scene<'_>) {
    scene.wait(100, 300);
    match scene.random.below(3) {
        0 => scene.database.cut(),
        1 => scene.database.cut_at_next(Direction::ToClient),
        _ => scene.database.cut_at_next(Direction::ToServer),
    }
}

fn delay(scene: &mut Scene<'_>) {
    let by = Duration::from_millis(1 + scene.random.below(20));
    scene.database.set(Direction::ToClient, Fault::DelaySome(by));
    scene.redis.set(Direction::ToServer, Fault::DelaySome(by));
    scene.wait(100, 300);
    scene.database.mend();
    scene.redis.mend();
}
