//! The proxy counts what a client does and breaks what it is told to break.

#![expect(clippy::unwrap_used, reason = "what the tests share ends a test as they do")]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use easy_cache_servers::proxy::{Direction, Fault, Meter, Proxy};
use easy_cache_servers::redis::Connection;
use easy_cache_servers::{Memcached, Redis, unique};

fn before_redis() -> (Proxy, Connection) {
    let proxy = Proxy::before(Redis::shared().address());
    let connection = Connection::open(proxy.address()).unwrap();
    (proxy, connection)
}

/// Writes raw bytes and reads until `answers` lines have come.
fn exchange(stream: &mut TcpStream, bytes: &[u8], answers: usize) -> String {
    stream.write_all(bytes).unwrap();
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    while read.iter().filter(|byte| **byte == b'\n').count() < answers {
        let length = stream.read(&mut buffer).unwrap();
        assert!(length > 0, "the connection ended");
        read.extend(&buffer[..length]);
    }
    String::from_utf8(read).unwrap()
}

#[test]
fn commands_one_after_the_other_are_trips_and_commands_in_one_write_are_one() {
    let (proxy, mut connection) = before_redis();
    for _ in 0..3 {
        connection.command(["PING"]).unwrap();
    }
    assert_eq!((proxy.meter().trips(), proxy.meter().commands().len()), (3, 3));
    proxy.meter().reset();
    let mut stream = TcpStream::connect(proxy.address()).unwrap();
    exchange(&mut stream, "*1\r\n$4\r\nPING\r\n".repeat(50).as_bytes(), 50);
    assert_eq!((proxy.meter().trips(), proxy.meter().commands().len()), (1, 50));
}

#[test]
fn a_command_that_comes_in_pieces_is_one_trip_also_if_something_before_it_is_answered_meanwhile() {
    let (proxy, mut connection) = before_redis();
    let mut stream = TcpStream::connect(proxy.address()).unwrap();
    exchange(&mut stream, b"*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n", 1);
    exchange(&mut stream, b"$4\r\nnone\r\n", 1);
    assert_eq!((proxy.meter().trips(), proxy.meter().commands()), (1, vec!["PING".to_owned(), "GET".to_owned()]));
    let key = unique("large");
    connection.command([key.as_bytes(), b""]).unwrap();
    proxy.meter().reset();
    connection.command([b"SET", key.as_bytes(), &vec![b'x'; 1 << 20]]).unwrap();
    assert_eq!((proxy.meter().trips(), proxy.meter().commands()), (1, vec!["SET".to_owned()]));
}

#[test]
fn requests_to_several_servers_at_once_are_one_trip() {
    let meter = Meter::default();
    let server = Redis::shared().address();
    let proxies = [(); 2].map(|()| Proxy::with_meter(server, meter.clone()));
    let mut streams = proxies.each_ref().map(|proxy| TcpStream::connect(proxy.address()).unwrap());
    proxies[0].set(Direction::ToClient, Fault::Hold);
    streams[0].write_all(b"*1\r\n$4\r\nPING\r\n").unwrap();
    proxies[0].wait_until_stopped(Direction::ToClient, 1);
    exchange(&mut streams[1], b"*1\r\n$4\r\nPING\r\n", 1);
    proxies[0].mend();
    exchange(&mut streams[0], b"", 1);
    assert_eq!((meter.trips(), meter.commands().len()), (1, 2));
}

#[test]
fn a_connection_that_carries_news_is_not_counted() {
    let (proxy, mut connection) = before_redis();
    connection.command(["SUBSCRIBE", &unique("news")]).unwrap();
    assert_eq!((proxy.meter().trips(), proxy.meter().commands().len()), (0, 0));
}

#[test]
fn commands_of_memcached_are_counted_without_their_values() {
    let memcached = Memcached::shared();
    let proxy = Proxy::before(memcached.address());
    let key = unique("key");
    let mut stream = TcpStream::connect(proxy.address()).unwrap();
    exchange(&mut stream, format!("ms {key} 9\r\nmg no v\r\n\r\nmg {key} s\r\nmn\r\n").as_bytes(), 3);
    assert_eq!((proxy.meter().trips(), proxy.meter().commands()), (1, ["ms", "mg", "mn"].map(str::to_owned).to_vec()));
}

#[test]
fn a_delay_is_kept_and_ends_with_the_fault() {
    let (proxy, mut connection) = before_redis();
    proxy.set(Direction::ToClient, Fault::Delay(Duration::from_millis(40)));
    let begun = Instant::now();
    connection.command(["PING"]).unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(40));
    proxy.set(Direction::ToServer, Fault::Delay(Duration::from_secs(3_600)));
    let answer = thread::spawn(move || connection.command(["PING"]).unwrap());
    proxy.mend();
    assert_eq!(answer.join().unwrap().to_string(), "PONG");
}

#[test]
fn what_is_held_back_arrives_later_and_what_is_swallowed_never() {
    let redis = Redis::shared();
    let (proxy, mut connection) = before_redis();
    let (held, lost) = (unique("held"), unique("lost"));
    let mut stream = TcpStream::connect(proxy.address()).unwrap();
    proxy.set(Direction::ToServer, Fault::Swallow);
    write!(stream, "*3\r\n$3\r\nSET\r\n${}\r\n{lost}\r\n$1\r\n1\r\n", lost.len()).unwrap();
    proxy.wait_until_stopped(Direction::ToServer, 1);
    proxy.set(Direction::ToServer, Fault::Hold);
    let key = held.clone();
    let set = thread::spawn(move || connection.command(["SET", &key, "1"]).unwrap());
    proxy.wait_until_stopped(Direction::ToServer, 1);
    assert_eq!(redis.command(["GET", &held]).to_string(), "(nil)");
    proxy.mend();
    set.join().unwrap();
    assert_eq!(redis.command(["GET", &held]).to_string(), "1");
    assert_eq!(redis.command(["GET", &lost]).to_string(), "(nil)");
}

#[test]
fn garbage_reaches_the_client_in_place_of_an_answer() {
    let (proxy, mut connection) = before_redis();
    proxy.set(Direction::ToClient, Fault::Garbage);
    let mut stream = TcpStream::connect(proxy.address()).unwrap();
    stream.write_all(b"*1\r\n$4\r\nPING\r\n").unwrap();
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"???????");
    proxy.mend();
    assert_eq!(connection.command(["PING"]).unwrap().to_string(), "PONG");
}

#[test]
fn a_cut_before_the_answer_leaves_the_work_done_and_the_client_without_word() {
    let redis = Redis::shared();
    let (proxy, mut connection) = before_redis();
    let key = unique("done");
    proxy.cut_at_next(Direction::ToClient);
    assert!(connection.command(["SET", &key, "1"]).is_err());
    assert_eq!(redis.command(["GET", &key]).to_string(), "1");
    // It happened once.
    assert!(Connection::open(proxy.address()).unwrap().command(["PING"]).is_ok());
}

#[test]
fn a_cut_before_the_server_leaves_the_work_undone() {
    let redis = Redis::shared();
    let (proxy, mut connection) = before_redis();
    let key = unique("undone");
    proxy.cut_at_next(Direction::ToServer);
    assert!(connection.command(["SET", &key, "1"]).is_err());
    assert_eq!(redis.command(["GET", &key]).to_string(), "(nil)");
}

#[test]
fn connections_are_cut_refused_and_counted() {
    let (proxy, mut connection) = before_redis();
    connection.command(["PING"]).unwrap();
    assert_eq!((proxy.accepted(), proxy.open()), (1, 1));
    proxy.cut();
    assert!(connection.command(["PING"]).is_err());
    proxy.refuse(true);
    let mut refused = Connection::open(proxy.address()).unwrap();
    assert!(refused.command(["PING"]).is_err());
    proxy.mend();
    assert!(Connection::open(proxy.address()).unwrap().command(["PING"]).is_ok());
    assert_eq!(proxy.accepted(), 3);
}

#[test]
fn a_server_that_is_gone_ends_the_clients_connection() {
    let redis = Redis::start();
    let proxy = Proxy::before(redis.address());
    let mut connection = Connection::open(proxy.address()).unwrap();
    connection.command(["PING"]).unwrap();
    redis.kill();
    assert!(connection.command(["PING"]).is_err());
    let mut stream = TcpStream::connect(proxy.address()).unwrap();
    let end = stream.read(&mut [0; 8]);
    assert!(
        matches!(&end, Ok(0)) || matches!(&end, Err(error) if error.kind() == ErrorKind::ConnectionReset),
        "{end:?}"
    );
    redis.start_again();
    assert!(Connection::open(proxy.address()).unwrap().command(["PING"]).is_ok());
}

#[test]
fn a_failover_ends_connections_and_leads_new_ones_to_the_other_server() {
    let (proxy, mut connection) = before_redis();
    let other = Redis::start();
    other.command(["SET", "who", "the other"]);
    proxy.lead_to(other.address());
    assert!(connection.command(["PING"]).is_err());
    let mut next = Connection::open(proxy.address()).unwrap();
    assert_eq!(next.command(["GET", "who"]).unwrap().to_string(), "the other");
}

#[test]
fn one_of_two_connections_can_be_overtaken_by_the_other() {
    let (proxy, mut first) = before_redis();
    first.command(["PING"]).unwrap();
    let mut second = Connection::open(proxy.address()).unwrap();
    second.command(["PING"]).unwrap();
    proxy.set(Direction::ToClient, Fault::DelaySome(Duration::from_secs(3_600)));
    let late = thread::spawn(move || second.command(["PING"]).unwrap());
    assert_eq!(first.command(["PING"]).unwrap().to_string(), "PONG");
    assert!(!late.is_finished());
    proxy.mend();
    assert_eq!(late.join().unwrap().to_string(), "PONG");
}
