//! Every server starts, breaks as it is told to, and is gone afterwards.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};

use easy_cache_servers::{Cluster, MariaDb, Memcached, Nginx, Postgres, Redis, Sentinel, Varnish, wait};

fn get(redis: &Redis, key: &str) -> String {
    redis.command(["GET", key]).to_string()
}

#[test]
fn a_redis_answers_and_is_gone_when_it_is_dropped() {
    let redis = Redis::start();
    redis.command(["SET", "key", "value"]);
    assert_eq!(get(&redis, "key"), "value");
    let address = redis.address();
    drop(redis);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_redis_that_crashes_comes_back_empty_on_its_port_and_with_its_data_if_it_was_saved() {
    let redis = Redis::start();
    let address = redis.address();
    redis.command(["SET", "key", "value"]);
    redis.restart_with_data();
    assert_eq!(get(&redis, "key"), "value");
    redis.restart();
    assert_eq!(get(&redis, "key"), "(nil)");
    assert_eq!(redis.address(), address);
}

#[test]
fn a_paused_redis_accepts_connections_and_answers_later() {
    let redis = Redis::start();
    redis.pause();
    let mut connection = redis.connection();
    let answer = std::thread::spawn(move || connection.command(["PING"]).unwrap().to_string());
    wait::until("the process is stopped", || state_of(redis.id().unwrap()) == "T");
    assert!(!answer.is_finished());
    redis.resume();
    assert_eq!(answer.join().unwrap(), "PONG");
}

#[test]
fn a_small_redis_refuses_what_does_not_fit() {
    let redis = Redis::options().memory("2mb", "noeviction").start();
    let value = "x".repeat(1 << 20);
    let replies: Vec<_> = (0..4).map(|n| redis.command(["SET", &format!("key{n}"), &value]).to_string()).collect();
    assert!(replies.iter().any(|reply| reply.starts_with("OOM")), "{replies:?}");
}

#[test]
fn sentinels_name_another_master_when_they_are_told_to_and_when_it_is_gone() {
    let master = Redis::start();
    let replica = Redis::options().replica_of(&master).start();
    replica.wait_until_it_follows(&master);
    let watching = || Sentinel::of(&master).quorum(2).down_after(std::time::Duration::from_secs(1)).password("secret");
    let sentinels = [(); 3].map(|()| watching().start());
    sentinels.iter().for_each(|sentinel| {
        sentinel.wait_until_it_knows(2);
        sentinel.wait_until_it_sees(1);
    });
    sentinels[0].fail_over();
    sentinels.iter().for_each(|sentinel| sentinel.wait_until_it_names(&replica));
    wait::until("the former master is a replica", || master.info("role").as_deref() == Some("slave"));
    master.wait_until_it_follows(&replica);
    sentinels[2].kill();
    sentinels[2].start_again();
    replica.kill();
    sentinels.iter().for_each(|sentinel| sentinel.wait_until_it_names(&master));
}

#[test]
fn a_replica_has_what_its_master_has_and_takes_no_writes() {
    let master = Redis::start();
    let replica = Redis::options().replica_of(&master).start();
    master.command(["SET", "key", "value"]);
    replica.wait_until_it_follows(&master);
    assert_eq!(get(&replica, "key"), "value");
    assert!(replica.command(["SET", "key", "other"]).to_string().starts_with("READONLY"));
}

#[test]
fn a_cluster_moves_slots_with_their_keys_and_survives_a_master() {
    let mut cluster = Cluster::start();
    let slot = cluster.slot_of("key");
    cluster.command_at("key", &["SET", "key", "value"]);
    cluster.add_master();
    let added = cluster.nodes().last().unwrap();
    cluster.move_slots(slot..=slot, added);
    assert_eq!(cluster.master_of(slot).port(), added.port());
    assert_eq!(get(added, "key"), "value");

    let other = if slot == 0 { 1 } else { 0 };
    let killed = cluster.kill_master_of(other);
    let heir = cluster.wait_for_failover(other, killed);
    assert_ne!(heir.port(), killed.port());
    killed.start_again();
    cluster.wait_until_well();
}

#[test]
fn a_memcached_forgets_when_it_crashes() {
    let memcached = Memcached::start();
    assert!(memcached.command("ms key 5\r\nvalue").starts_with("HD"));
    assert!(memcached.command("mg key v").starts_with("VA 5"));
    memcached.restart();
    assert_eq!(memcached.command("mg key v"), "EN");
}

#[test]
fn each_test_has_a_database_of_its_own_in_postgres_and_a_crash_loses_nothing_committed() {
    let postgres = Postgres::shared();
    let template = postgres.database();
    postgres.sql(&template.name, "create table books (id int primary key, title text)");
    let (one, other) = (postgres.database_like(&template.name), postgres.database_like(&template.name));
    postgres.sql(&one.name, "insert into books values (1, 'Dune')");
    assert_eq!(postgres.sql(&other.name, "select count(*) from books"), "0");
    postgres.kill();
    postgres.start_again();
    assert_eq!(postgres.sql(&one.name, "select id, title from books"), "1|Dune");
}

#[test]
fn each_test_has_a_database_of_its_own_in_mariadb() {
    let mariadb = MariaDb::shared();
    let (one, other) = (mariadb.database(), mariadb.database());
    mariadb.sql(&one.name, "create table books (id int primary key); insert into books values (7)");
    assert_eq!(mariadb.sql(&one.name, "select id from books"), "7");
    assert_eq!(mariadb.sql(&other.name, "show tables"), "");
}

#[test]
fn varnish_stands_before_nginx() {
    let nginx = Nginx::start("server { listen 127.0.0.1:PORT; location / { return 200 'hello'; } }");
    let varnish = Varnish::before(nginx.address());
    for address in [nginx.address(), varnish.address()] {
        let answer = page(address).unwrap();
        assert!(answer.ends_with("hello"), "{answer}");
    }
}

fn page(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    io::read_to_string(stream)
}

/// By the program of this crate, which starts what it is told to and waits.
#[test]
fn servers_do_not_outlive_a_process_that_is_killed() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_easy-cache-servers"))
        .args(["redis", "memcached"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let pids: Vec<u32> = lines.by_ref().take(2).map(|line| line.rsplit(' ').next().unwrap().parse().unwrap()).collect();
    assert!(pids.iter().all(|pid| !state_of(*pid).is_empty()));
    let folder = std::env::temp_dir().join(format!("easy-cache-servers-{}", child.id()));
    assert!(folder.exists());
    child.kill().unwrap();
    child.wait().unwrap();
    wait::until("the servers are gone", || pids.iter().all(|pid| ["", "Z"].contains(&state_of(*pid).as_str())));
    wait::until("their folder is gone", || !folder.exists());
}

/// The letter that the system has for what a process does; nothing if there is no such process.
fn state_of(pid: u32) -> String {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next()).unwrap_or_default().to_owned()
}
