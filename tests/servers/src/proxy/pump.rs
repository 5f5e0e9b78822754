//! Moves the bytes of one connection, a thread for each direction.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::Way;
use super::faults::{Direction, Verdict};

const AT_ONCE: usize = 64 * 1024;

/// A client and the server, joined.
pub(super) struct Line {
    number: u64,
    client: TcpStream,
    server: TcpStream,
    way: Arc<Way>,
}

impl Line {
    pub(super) fn new(client: TcpStream, server: TcpStream, way: &Arc<Way>) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        way.faults.enter(number, [client.try_clone()?, server.try_clone()?]);
        Ok(Self { number, client, server, way: Arc::clone(way) })
    }

    /// Until either end has had enough.
    pub(super) fn run(self) {
        let Self { number, client, server, way } = self;
        thread::scope(|threads| {
            threads.spawn(|| pump(&way, number, Direction::ToServer, [&client, &server]));
            pump(&way, number, Direction::ToClient, [&server, &client]);
        });
        way.faults.leave(number);
        way.meter.forget(number);
    }
}

fn pump(way: &Way, connection: u64, direction: Direction, [mut from, mut to]: [&TcpStream; 2]) {
    let mut buffer = vec![0; AT_ONCE];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let bytes = &mut buffer[..length];
        if direction == Direction::ToServer {
            way.meter.sent(connection, bytes);
        }
        match way.faults.judge(connection, direction, length) {
            Verdict::End => break,
            Verdict::Lose => continue,
            Verdict::Pass => {}
            Verdict::Replace => bytes.fill(b'?'),
        }
        // Before the client can know, so that what it sends next is counted as what it sends next.
        if direction == Direction::ToClient {
            way.meter.answered(connection, bytes);
        }
        if to.write_all(bytes).is_err() {
            break;
        }
    }
    // What has been passed on still arrives; the other thread ends when it reads or writes next.
    let _gone = (to.shutdown(Shutdown::Both), from.shutdown(Shutdown::Both));
}
