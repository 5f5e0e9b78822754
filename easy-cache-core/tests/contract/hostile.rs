//! Whatever a store does, no call fails, none hangs, none waits for it twice, and nothing is served that was invalidated before it.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use easy_cache_core::Cache;
use easy_cache_core::testing::{Fault, Faults, Injected, ManualClock, MemoryPlainStore};
use proptest::prelude::*;

const TIMEOUT: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(250);

#[derive(Debug, Clone, Copy)]
enum Action {
    /// Two processes, two keys.
    Read {
        process: usize,
        key: usize,
    },
    /// Changes the row of a key, and invalidates by tag, by key, or everything.
    Write {
        process: usize,
        key: usize,
        how: u8,
    },
    /// A write that holds, and is committed or rolled back.
    Transact {
        process: usize,
        key: usize,
        commits: bool,
    },
    Break {
        fault: Fault,
        reads: bool,
        writes: bool,
    },
    Mend,
    Pass {
        steps: u32,
    },
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let fault = prop_oneof![
        Just(Fault::Fail),
        Just(Fault::LoseReply),
        Just(Fault::StallBefore),
        Just(Fault::StallAfter),
        Just(Fault::Garble),
    ];
    let action = prop_oneof![
        6 => (0..2_usize, 0..2_usize).prop_map(|(process, key)| Action::Read { process, key }),
        3 => (0..2_usize, 0..2_usize, 0..4_u8).prop_map(|(process, key, how)| Action::Write { process, key, how }),
        1 => (0..2_usize, 0..2_usize, any::<bool>())
            .prop_map(|(process, key, commits)| Action::Transact { process, key, commits }),
        2 => (fault, any::<bool>(), any::<bool>())
            .prop_map(|(fault, reads, writes)| Action::Break { fault, reads, writes }),
        2 => Just(Action::Mend),
        2 => (1..20_u32).prop_map(|steps| Action::Pass { steps }),
    ];
    prop::collection::vec(action, 1..60)
}

struct World {
    clock: ManualClock,
    store: Faults<MemoryPlainStore>,
    processes: [Cache; 2],
    faults: Vec<Injected>,
    /// The rows as they are.
    rows: [u64; 2],
    /// What each process must not get anything older than.
    floors: [[u64; 2]; 2],
    /// What has to run behind its callers: by hand, as all else here.
    errands: std::sync::mpsc::Receiver<easy_cache_core::Task>,
    running: Vec<easy_cache_core::Task>,
}

impl World {
    fn new() -> Self {
        let clock = ManualClock::new();
        let store = Faults::new(MemoryPlainStore::new(clock.clock()));
        let (sender, errands) = std::sync::mpsc::channel();
        let process = || {
            let sender = sender.clone();
            let builder = Cache::builder().clock(clock.clock()).plain_store(store.clone()).store_timeout(TIMEOUT);
            builder.spawner(move |task| drop(sender.send(task))).build()
        };
        let processes = [process(), process()];
        Self {
            processes,
            store,
            clock,
            faults: Vec::new(),
            rows: [0; 2],
            floors: [[0; 2]; 2],
            errands,
            running: Vec::new(),
        }
    }

    fn errands(&mut self) {
        self.running.extend(self.errands.try_iter());
        self.running.retain_mut(|task| task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }

    /// Runs it to its end, and tells how long it took by the clock.
    fn run<T>(&mut self, future: impl Future<Output = T>) -> (T, Duration) {
        let began = self.clock.clock().elapsed();
        let mut future = pin!(future);
        for _ in 0..1_000 {
            for _ in 0..4 {
                if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    return (value, self.clock.clock().elapsed() - began);
                }
                self.errands();
            }
            self.clock.advance(STEP);
        }
        panic!("it hangs");
    }

    fn read(&mut self, process: usize, key: usize) {
        let (cache, row) = (self.processes[process].clone(), self.rows[key]);
        let call = async move {
            cache.get_or_compute_value(format!("k{key}"), async move { row }).tags([format!("t{key}")]).await
        };
        let (value, took) = self.run(call);
        assert!(value >= self.floors[process][key], "process {process} got {value}, {:?}", self.floors);
        assert!(took <= TIMEOUT * 2, "{took:?}: one look, one fill");
    }

    fn write(&mut self, process: usize, key: usize, how: u8) {
        self.rows[key] += 1;
        let cache = self.processes[process].clone();
        let invalidation = async move {
            match how {
                0 => cache.invalidate_all().await,
                1 => cache.invalidate_key(format!("k{key}")).await,
                _ => cache.invalidate_tags([format!("t{key}")]).await,
            }
        };
        let (invalidated, took) = self.run(invalidation);
        assert!(took <= TIMEOUT, "{took:?}");
        self.written(process, key, invalidated.is_ok());
    }

    fn transact(&mut self, process: usize, key: usize, commits: bool) {
        let cache = self.processes[process].clone();
        let holding = async move { cache.hold([format!("t{key}")], Duration::from_secs(30)).await };
        let (hold, _) = self.run(holding);
        if commits {
            self.rows[key] += 1;
            let (committed, _) = self.run(hold.commit().into_future());
            self.written(process, key, committed.is_ok());
        } else {
            let (rolled_back, _) = self.run(hold.rollback().into_future());
            assert!(rolled_back.is_ok());
        }
    }

    /// In its own process an invalidation is in force in any case, in others once it was acknowledged.
    fn written(&mut self, process: usize, key: usize, acknowledged: bool) {
        for (other, floors) in self.floors.iter_mut().enumerate() {
            if acknowledged || other == process {
                floors[key] = self.rows[key];
            }
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Read { process, key } => self.read(process, key),
            Action::Write { process, key, how } => self.write(process, key, how),
            Action::Transact { process, key, commits } => self.transact(process, key, commits),
            Action::Break { fault, reads, writes } => {
                let injected = self.store.inject(
                    fault,
                    move |attempt| {
                        if attempt.method.starts_with("get") { reads } else { writes }
                    },
                );
                self.faults.push(injected);
            }
            Action::Mend => self.faults.clear(),
            Action::Pass { steps } => {
                for _ in 0..steps {
                    self.clock.advance(STEP);
                    self.errands();
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_store_does_no_call_fails_or_hangs_or_gets_what_is_outdated(actions in actions()) {
        let mut world = World::new();
        for action in actions {
            world.act(action);
        }
        // It is back: what is owed arrives, and from then on both processes see what there is.
        world.act(Action::Mend);
        world.act(Action::Pass { steps: 240 });
        assert_eq!(world.processes.each_ref().map(Cache::undelivered), [0, 0]);
        world.floors = [world.rows; 2];
        for (process, key) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            world.read(process, key);
        }
    }
}
