//! Free ports, below those that the system gives to outgoing connections: so a server that was killed finds its port free when it comes
//! back, and a client that dials a dead one never meets itself.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

const FIRST: u16 = 15_000;
const COUNT: u16 = 16_000;

/// What this process has handed out.
static TAKEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A port that nobody listens on, and that no other call gets. Another process may still be faster: who starts a server tries
/// again with another.
pub(crate) fn free() -> u16 {
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let free = |port: &u16| !taken.contains(port) && TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let begin = somewhere();
    let port = (0..COUNT).map(|step| FIRST + (begin + step) % COUNT).find(free);
    let port = port.unwrap_or_else(|| panic!("no port from {FIRST} on is free"));
    taken.insert(port);
    port
}

/// Where to begin to look, so that processes that start together do not meet.
fn somewhere() -> u16 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.subsec_nanos());
    ((u64::from(std::process::id()) * 7_919 + u64::from(time / 1_000)) % u64::from(COUNT)) as u16
}
