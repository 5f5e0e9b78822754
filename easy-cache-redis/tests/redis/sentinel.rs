//! A master that sentinels name: found, lost, replaced by a replica that lives or lacks what it was told; and what is said when it is not found.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use easy_cache_core::store::{Look, Looked, Mirror, Store};
use easy_cache_core::{Cache, Error};
use easy_cache_redis::{RedisStore, RedisStoreBuilder};
use easy_cache_servers::redis::sentinel::Options;
use easy_cache_servers::{Redis, Sentinel, unique};
use tokio::task::block_in_place;

use crate::follow::Notes;
use crate::world::{KEY, PATIENCE, World, tags};

const NAME: &str = "mymaster";
/// Longer than any takes on a machine that is busy with other things.
const FAILOVER: Duration = Duration::from_secs(120);

/// A master with a replica, and who watches them.
struct Watched {
    master: Redis,
    replica: Redis,
    sentinels: Vec<Sentinel>,
}

impl Watched {
    fn start() -> Self {
        Self::with(1, |options| options)
    }

    fn with(count: usize, more: impl Fn(Options) -> Options) -> Self {
        let master = Redis::start();
        let replica = Redis::options().replica_of(&master).start();
        replica.wait_until_it_follows(&master);
        let sentinels: Vec<_> = (0..count).map(|_| more(Sentinel::of(&master)).start()).collect();
        sentinels.iter().for_each(|sentinel| {
            sentinel.wait_until_it_sees(1);
            sentinel.wait_until_it_knows(count - 1);
        });
        Self { master, replica, sentinels }
    }

    fn urls(&self) -> Vec<String> {
        self.sentinels.iter().map(Sentinel::url).collect()
    }

    fn world(&self) -> World {
        self.world_with(RedisStoreBuilder::separate_lookups)
    }

    fn world_with(&self, more: impl FnOnce(RedisStoreBuilder) -> RedisStoreBuilder) -> World {
        at(self.urls(), more)
    }

    /// Another process.
    fn elsewhere(&self, world: &World) -> World {
        elsewhere(world, |builder| builder.sentinels(NAME, self.urls()))
    }

    /// The same, and the former master stays what it was: nobody may tell it.
    fn fail_over_beside(&self) {
        self.master.command(["ACL", "SETUSER", "default", "-replicaof", "-slaveof"]);
        self.fail_over();
    }

    /// Returns when the first sentinel names the replica.
    fn fail_over(&self) {
        block_in_place(|| {
            self.sentinels[0].fail_over();
            self.sentinels[0].wait_until_it_names(&self.replica);
        });
    }
}

fn at(sentinels: Vec<String>, more: impl FnOnce(RedisStoreBuilder) -> RedisStoreBuilder) -> World {
    named(unique("n"), |builder| more(builder.sentinels(NAME, sentinels)))
}

/// Another process, which finds it as it likes.
fn elsewhere(world: &World, more: impl FnOnce(RedisStoreBuilder) -> RedisStoreBuilder) -> World {
    named(world.namespace.clone(), more)
}

fn named(namespace: String, more: impl FnOnce(RedisStoreBuilder) -> RedisStoreBuilder) -> World {
    let store = more(RedisStore::builder(&namespace).timeout(PATIENCE)).build().unwrap();
    World { namespace, url: String::new(), store }
}

fn cause(error: &Error) -> String {
    std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()
}

async fn failure(world: &World) -> String {
    cause(&world.store.look(Look::new(KEY, &[])).await.unwrap_err())
}

/// Returns when what was invalidated elsewhere is not served any more.
async fn leaves(world: &World) {
    let begun = Instant::now();
    while world.store.look(Look::new(KEY, &tags(&["t"]))).await.is_ok_and(|found| matches!(found, Looked::Hit(_))) {
        assert!(begun.elapsed() < FAILOVER, "it stays with the former master");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    recovered(world).await;
}

async fn recovered(world: &World) {
    let begun = Instant::now();
    while let Err(error) = world.store.look(Look::new(b"probe", &[])).await {
        assert!(begun.elapsed() < FAILOVER, "it never came back: {error} {}", cause(&error));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn sentinels_lead_to_the_master_and_the_rest_is_as_with_its_address() {
    let watched = Watched::with(3, |options| options.quorum(2));
    let world = watched.world_with(|builder| builder.lanes(3));
    world.warm(&["t"]).await;
    world.elsewhere_at(watched.master.url()).hit(&["t"]).await;
    watched.elsewhere(&world).invalidate(&["t"]).await;
    assert!(world.reason(&["t"]).await.is_some());
    let hosts = watched.sentinels.iter().map(|sentinel| sentinel.address().to_string()).collect::<Vec<_>>().join(",");
    let line = elsewhere(&world, |builder| builder.url(format!("redis-sentinel://{hosts}/{NAME}")));
    line.warm(&["t"]).await;
    world.hit(&["t"]).await;
}

#[tokio::test]
async fn sentinels_that_are_dead_or_silent_keep_nobody_from_asking_the_next() {
    let watched = Watched::with(3, |options| options.quorum(2));
    watched.sentinels[0].kill();
    watched.sentinels[1].pause();
    let world = watched.world_with(|builder| builder.connect_timeout(PATIENCE));
    let begun = Instant::now();
    world.warm(&["t"]).await;
    assert!(begun.elapsed() < PATIENCE / 3, "the silent one is not waited for: {:?}", begun.elapsed());
    watched.sentinels[1].resume();
}

#[tokio::test]
async fn what_is_wrong_about_sentinels_is_told_with_what_to_do_about_it() {
    let (master, other) = (Redis::start(), Redis::start());
    let sentinel = Sentinel::of(&master).name("shop").start();
    let told = failure(&at(vec![sentinel.url()], |builder| builder)).await;
    assert!(
        told.contains("do not know a master called `mymaster`: say the name that `sentinel monitor` has"),
        "{told}"
    );
    let told = failure(&at(vec![master.url()], |builder| builder)).await;
    assert!(told.contains("is no sentinel (most listen on port 26379)"), "{told}");
    let shop = |builder: RedisStoreBuilder| builder.sentinels("shop", [sentinel.url()]);
    master.command(["CONFIG", "SET", "requirepass", "correct"]);
    let told = failure(&named(unique("n"), shop)).await;
    assert!(told.contains(&format!("name {} as the master", master.address())), "{told}");
    assert!(told.contains("it expects a password, and none is given"), "{told}");
    let mut authorised = master.connection();
    authorised.command(["AUTH", "correct"]).unwrap();
    let into_replica = ["REPLICAOF", "127.0.0.1", &other.port().to_string()];
    authorised.command(into_replica).unwrap();
    let told = failure(&named(unique("n"), |builder| shop(builder).servers_as("redis://:correct@any"))).await;
    assert!(told.contains("and it says that it is a replica"), "{told}");
    master.kill();
    let told = failure(&named(unique("n"), shop)).await;
    assert!(told.contains("which has to be an address that leads there from here"), "{told}");
    sentinel.kill();
    let told = failure(&named(unique("n"), shop)).await;
    assert!(told.starts_with("no sentinel names the master of `shop`: 127.0.0.1:"), "{told}");
    let error = RedisStore::builder("n").sentinels(NAME, [""; 0]).build().unwrap_err();
    assert!(cause(&error).starts_with("no sentinel was named"), "{error:?}");
}

#[tokio::test]
async fn the_servers_and_the_sentinels_have_passwords_of_their_own() {
    let master = Redis::start();
    master.command(["ACL", "SETUSER", "shop", "on", ">s3rvers", "~*", "&*", "+@all"]);
    let sentinel = Sentinel::of(&master).password("s3ntinels").start();
    let with = |login: &str| format!("redis://{login}{}", sentinel.address());
    let told = failure(&at(vec![with("")], |builder| builder)).await;
    assert!(told.contains("it expects a password"), "{told}");
    let world = at(vec![with(":wr0ng@")], |builder| builder);
    let told = failure(&world).await;
    assert!(told.contains("the password, or the user, is not the one"), "{told}");
    assert!(!format!("{told} {:?}", world.store).contains("wr0ng"));
    let world = at(vec![with(":s3ntinels@")], |builder| builder.servers_as("redis://shop:s3rvers@any/2"));
    world.warm(&["t"]).await;
    let place = sentinel.address();
    let line = format!("redis-sentinel://shop:s3rvers@{place}/{NAME}/2?sentinel_password=s3ntinels");
    elsewhere(&world, |builder| builder.url(line)).hit(&["t"]).await;
    world.elsewhere_at(format!("redis://shop:s3rvers@{}/2", master.address())).hit(&["t"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_was_idle_leaves_a_master_that_goes_on_as_one() {
    let watched = Watched::start();
    let idle = watched.world_with(|builder| builder.lanes(2));
    idle.warm(&["t"]).await;
    idle.hit(&["t"]).await;
    watched.fail_over_beside();
    let other = watched.elsewhere(&idle);
    other.invalidate(&["t"]).await;
    leaves(&idle).await;
    assert_eq!(watched.master.info("role").as_deref(), Some("master"), "nothing has broken its connections");
    other.warm(&["t"]).await;
    idle.hit(&["t"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_near_cache_hears_of_what_is_changed_on_the_next_master() {
    let watched = Watched::start();
    let world = watched.world();
    world.warm(&["t"]).await;
    // No question is due for long: what it knows, it is told.
    let (notes, bound) = (Arc::new(Notes::default()), Duration::from_secs(3600));
    let _following = world.store.follow(Arc::clone(&notes) as Arc<dyn Mirror>, bound).unwrap();
    wait_for(|| notes.take() == ["everything"]).await;
    watched.fail_over_beside();
    let other = watched.elsewhere(&world);
    other.invalidate(&["t"]).await;
    leaves(&world).await;
    assert!(notes.take().contains(&"everything".to_owned()), "before anything of the next master can be kept");
    world.warm(&["t"]).await;
    let begun = Instant::now();
    while !notes.take().contains(&"tag t".to_owned()) {
        assert!(begun.elapsed() < FAILOVER, "it listens to the former master");
        other.invalidate(&["t"]).await;
        other.warm(&["t"]).await;
    }
}

async fn wait_for(condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < FAILOVER, "it never happened");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_sentinel_that_comes_back_tells_what_it_has_heard_meanwhile() {
    let watched = Watched::with(2, |options| options);
    let world = watched.world_with(|builder| builder.sentinels(NAME, [watched.sentinels[1].url()]));
    world.warm(&["t"]).await;
    world.hit(&["t"]).await;
    block_in_place(|| watched.sentinels[1].kill());
    watched.fail_over_beside();
    let other = watched.elsewhere(&world);
    other.invalidate(&["t"]).await;
    block_in_place(|| {
        watched.sentinels[1].start_again();
        watched.sentinels[1].wait_until_it_names(&watched.replica);
    });
    leaves(&world).await;
    recovered(&world).await;
    assert!(world.reason(&["t"]).await.is_some());
}

/// What a process has invalidated, the master has acknowledged, and the replica has not heard of when it takes over.
async fn lost_invalidation(keeps: bool) -> (Watched, World) {
    let watched = Watched::start();
    let world = watched.world_with(|builder| if keeps { builder.keep_across_restarts() } else { builder });
    world.warm(&["t"]).await;
    let Watched { master, replica, .. } = &watched;
    block_in_place(|| replica.wait_until_it_follows(master));
    replica.pause();
    // What was on its way to the replica would be read after the pause.
    master.command(["CLIENT", "KILL", "TYPE", "replica"]);
    world.invalidate(&["t"]).await;
    master.kill();
    replica.resume();
    watched.fail_over();
    let record = format!("{{ec1:{}}}:r:tt", world.namespace);
    assert_eq!(replica.command(["EXISTS", &record]).number(), Some(1), "the replica has not heard of it");
    (watched, world)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invalidation_that_a_promoted_replica_lacks_is_in_force_when_it_takes_over() {
    let (watched, world) = lost_invalidation(false).await;
    let elsewhere = watched.elsewhere(&world);
    recovered(&elsewhere).await;
    assert!(elsewhere.reason(&["t"]).await.is_some(), "for a process that has no part in it");
    recovered(&world).await;
    assert!(world.reason(&["t"]).await.is_some());
    world.warm(&["t"]).await;
    elsewhere.hit(&["t"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_keeps_what_a_promoted_replica_has_tells_it_again_what_it_lacks() {
    let (watched, world) = lost_invalidation(true).await;
    recovered(&world).await;
    assert!(world.reason(&["t"]).await.is_some());
    let elsewhere = watched.elsewhere(&world);
    assert!(elsewhere.reason(&["t"]).await.is_some(), "for everybody from then on");
}

/// Processes that read and change a row, and look that nothing outdated comes.
struct Shop {
    caches: Vec<Cache>,
    row: AtomicU64,
    /// What the row was when the latest acknowledged invalidation returned.
    floor: AtomicU64,
    acknowledged: AtomicU64,
    ended: AtomicBool,
}

impl Shop {
    async fn read(&self, process: usize) {
        while !self.ended.load(Ordering::SeqCst) {
            let floor = self.floor.load(Ordering::SeqCst);
            let load = async { self.row.load(Ordering::SeqCst) };
            let value = self.caches[process].get_or_compute_value("k", load).tags(["t"]).await;
            assert!(value >= floor, "{value} is from before the invalidation of {floor}, in process {process}");
            tokio::task::yield_now().await;
        }
    }

    /// In one process after the other.
    async fn write(&self) {
        let mut turns = self.caches.iter().cycle();
        while let (false, Some(cache)) = (self.ended.load(Ordering::SeqCst), turns.next()) {
            let row = self.row.fetch_add(1, Ordering::SeqCst) + 1;
            if cache.invalidate_tags(["t"]).await.is_ok() {
                self.floor.fetch_max(row, Ordering::SeqCst);
                self.acknowledged.fetch_add(1, Ordering::SeqCst);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn goes_well(&self) {
        let (begun, more) = (Instant::now(), self.acknowledged.load(Ordering::SeqCst) + 50);
        while self.acknowledged.load(Ordering::SeqCst) < more {
            assert!(begun.elapsed() < FAILOVER, "no invalidation arrives any more");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_that_was_asked_for_and_one_by_death_serve_nothing_outdated_under_load() {
    let watched = Watched::with(3, |options| options.quorum(2).down_after(Duration::from_secs(1)));
    let world = watched.world();
    let process = |_| {
        // A line to a sentinel that a busy machine takes for dead would be a way to hear of it late.
        let sentinels = |builder: RedisStoreBuilder| builder.sentinels(NAME, watched.urls());
        let store = elsewhere(&world, |builder| sentinels(builder).connect_timeout(PATIENCE)).store;
        Cache::builder().store(store).store_timeout(Duration::from_secs(2)).build()
    };
    let caches = (0..3).map(process).collect();
    let [row, floor, acknowledged] = [1, 1, 0].map(AtomicU64::new);
    let shop = Arc::new(Shop { caches, row, floor, acknowledged, ended: AtomicBool::new(false) });
    let readers = (0..6).map(|number| {
        let shop = Arc::clone(&shop);
        tokio::spawn(async move { shop.read(number % 3).await })
    });
    let mut tasks: Vec<_> = readers.collect();
    let writer = Arc::clone(&shop);
    tasks.push(tokio::spawn(async move { writer.write().await }));
    shop.goes_well().await;
    watched.fail_over();
    shop.goes_well().await;
    block_in_place(|| {
        easy_cache_servers::wait::until("the former master follows", || {
            watched.master.info("role").as_deref() == Some("slave")
        });
        watched.master.wait_until_it_follows(&watched.replica);
    });
    shop.goes_well().await;
    block_in_place(|| {
        watched.replica.kill();
        watched.sentinels.iter().for_each(|sentinel| sentinel.wait_until_it_names(&watched.master));
    });
    shop.goes_well().await;
    shop.ended.store(true, Ordering::SeqCst);
    for task in tasks {
        task.await.unwrap();
    }
}

/// A sentinel that says what it is told to say: a port and a count of failovers; nothing with the port 0.
struct Puppet {
    address: SocketAddr,
    says: Arc<parking_lot::Mutex<(u16, u64)>>,
}

impl Puppet {
    fn saying(master: u16, epoch: u64) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let says = Arc::new(parking_lot::Mutex::new((master, epoch)));
        let answers = Arc::clone(&says);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let says = Arc::clone(&answers);
                std::thread::spawn(move || answer(stream, &says));
            }
        });
        Self { address, says }
    }

    fn url(&self) -> String {
        format!("redis://{}", self.address)
    }
}

/// Until the client leaves.
fn answer(stream: TcpStream, says: &parking_lot::Mutex<(u16, u64)>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    loop {
        let mut number = |stream: &mut BufReader<TcpStream>| {
            line.clear();
            stream.read_line(&mut line).ok()?;
            line.get(1..)?.trim().parse::<usize>().ok()
        };
        let mut words = Vec::new();
        for _ in 0..number(&mut stream)? {
            let mut word = vec![0; number(&mut stream)? + 2];
            stream.read_exact(&mut word).ok()?;
            words.push(String::from_utf8_lossy(&word).trim().to_uppercase());
        }
        let (port, epoch) = *says.lock();
        let bulk = |text: &str| format!("${}\r\n{text}\r\n", text.len());
        let reply = match words.get(1).map(String::as_str) {
            Some("MASTER") => format!("*2\r\n{}{}", bulk("config-epoch"), bulk(&epoch.to_string())),
            Some("GET-MASTER-ADDR-BY-NAME") if port == 0 => "*-1\r\n".to_owned(),
            Some("GET-MASTER-ADDR-BY-NAME") => format!("*2\r\n{}{}", bulk("127.0.0.1"), bulk(&port.to_string())),
            // It cannot be listened to.
            _ if words.first().is_some_and(|word| word == "HELLO") => "-ERR unknown command\r\n".to_owned(),
            _ => "+OK\r\n".to_owned(),
        };
        stream.get_mut().write_all(reply.as_bytes()).ok()?;
    }
}

#[tokio::test]
async fn a_sentinel_that_has_slept_through_a_failover_is_not_believed_unless_most_say_so() {
    let (former, next) = (Redis::start(), Redis::start());
    let (late, sleepy) = (Puppet::saying(next.port(), 7), Puppet::saying(former.port(), 6));
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let urls = vec![sleepy.url(), late.url(), format!("redis://{}", silent.local_addr().unwrap())];
    let world = at(urls, |builder| builder.connect_timeout(Duration::from_secs(5)));
    let begun = |server: &Redis| server.command(["EXISTS", &world.key("o")]).number() == Some(1);
    world.warm(&["t"]).await;
    assert!(begun(&next), "the later failover counts");
    late.says.lock().0 = 0;
    next.command(["CLIENT", "KILL", "TYPE", "normal"]);
    drop(world.store.look(Look::new(KEY, &[])).await);
    let told = failure(&world).await;
    assert!(told.contains("most sentinels do not answer") && !begun(&former), "{told}");
    *late.says.lock() = (former.port(), 1);
    recovered(&world).await;
    assert!(begun(&former), "they were set up anew");
}
