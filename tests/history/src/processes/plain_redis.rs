//! Redis as a store of five methods, over connections that block: what a user without a client library would write. It shows the adapter
//! over a real server, in several processes.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use easy_cache_core::store::PlainStore;
use easy_cache_servers::redis::{Connection, Reply};

const PATIENCE: Duration = Duration::from_millis(500);

/// A Redis that can get, set and delete.
#[derive(Debug)]
pub struct PlainRedis {
    address: SocketAddr,
    idle: Mutex<Vec<Connection>>,
}

impl PlainRedis {
    /// The server at this address. It is dialled when it is needed.
    #[must_use]
    pub const fn at(address: SocketAddr) -> Self {
        Self { address, idle: Mutex::new(Vec::new()) }
    }

    fn command(&self, words: &[&[u8]]) -> io::Result<Reply> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => Connection::open_within(self.address, PATIENCE)?,
        };
        // What failed is not used again: an answer may be left in it.
        let reply = connection.command(words)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        if let Reply::Error(message) = reply { Err(io::Error::other(message)) } else { Ok(reply) }
    }
}

fn bytes(reply: Reply) -> Option<Vec<u8>> {
    if let Reply::Bytes(bytes) = reply { Some(bytes) } else { None }
}

impl PlainStore for PlainRedis {
    type Error = io::Error;

    async fn get(&self, key: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(bytes(self.command(&[b"GET", key.as_bytes()])?))
    }

    async fn get_many(&self, keys: &[&str]) -> io::Result<Vec<Option<Vec<u8>>>> {
        let words: Vec<&[u8]> = [&b"MGET"[..]].into_iter().chain(keys.iter().map(|key| key.as_bytes())).collect();
        match self.command(&words)? {
            Reply::List(list) => Ok(list.into_iter().map(bytes).collect()),
            other => Err(io::Error::other(format!("not a list: {other}"))),
        }
    }

    async fn set(&self, key: &str, value: &[u8], ttl: Option<Duration>) -> io::Result<()> {
        let milliseconds = ttl.map(|ttl| ttl.as_millis().max(1).to_string());
        let mut words = vec![&b"SET"[..], key.as_bytes(), value];
        if let Some(milliseconds) = &milliseconds {
            words.extend([&b"PX"[..], milliseconds.as_bytes()]);
        }
        self.command(&words).map(|_| ())
    }

    async fn delete(&self, key: &str) -> io::Result<()> {
        self.command(&[b"DEL", key.as_bytes()]).map(|_| ())
    }
}
