//! An entry, from the node that serves its slot: past the client library, as all else that a hit asks for.

use std::time::Duration;

use bytes::Bytes;
use deadpool_redis::redis::{Pipeline, RedisWrite, Value, cmd};
use futures_util::future::try_join;
use tokio::time::Instant;

use super::node::Node;
use super::route::Route;
use super::slots::slot_of;
use super::store::Inner;
use crate::failure::Failure;
use crate::wire::{Reply, Wire, write};

/// An entry as its node has it.
pub(super) struct Stored {
    pub(super) bytes: Bytes,
    /// How much longer, by the clock of the node.
    pub(super) remaining: Duration,
}

impl Stored {
    fn new(left: i64, bytes: Option<Bytes>) -> Option<Self> {
        let left = u64::try_from(left).ok().filter(|left| *left > 0)?;
        Some(Self { bytes: bytes?, remaining: Duration::from_millis(left) })
    }
}

impl Inner {
    pub(super) async fn entry(&self, name: &[u8], deadline: Instant) -> Result<Option<Stored>, Failure> {
        let mut route = Route::to(&self.nodes, slot_of(name), deadline).await?;
        loop {
            match route.node.entry(name, route.moving, deadline).await {
                Err(failure) if route.goes_on(&failure).await? => {}
                found => return found,
            }
        }
    }
}

impl Node {
    /// Its end is asked for first: if it is replaced in between, it is taken for older than it is.
    async fn entry(&self, name: &[u8], moving: bool, deadline: Instant) -> Result<Option<Stored>, Failure> {
        self.guard(async {
            let live = self.lane.live(deadline).await?;
            match live.wire().filter(|_| !moving) {
                Some(wire) => self.lane.answered(&live, by_wire(wire, name), deadline).await,
                None => Box::pin(self.by_the_library(name, moving, deadline)).await,
            }
        })
        .await
    }

    async fn by_the_library(&self, name: &[u8], moving: bool, deadline: Instant) -> Result<Option<Stored>, Failure> {
        let mut commands = Pipeline::with_capacity(2);
        for word in ["PTTL", "GET"] {
            let mut command = cmd(word);
            command.write_arg(name);
            commands.add_command(command);
        }
        let mut answers = self.send(&commands, moving, None, deadline).await?.into_iter();
        match (answers.next().transpose()?, answers.next().transpose()?) {
            (Some(Value::Int(left)), Some(Value::BulkString(bytes))) => Ok(Stored::new(left, Some(bytes.into()))),
            (Some(Value::Int(_)), Some(Value::Nil)) => Ok(None),
            _ => Err(Failure::Garbled("no answer about an entry")),
        }
    }
}

/// Two questions that are left one after the other, and so are written in this order.
async fn by_wire(wire: &Wire, name: &[u8]) -> Result<Option<Stored>, Failure> {
    let mut sent = Vec::with_capacity(name.len() + 16);
    write(&mut sent, name);
    let left = wire.ask([b"*2\r\n$4\r\nPTTL\r\n", &sent, b""]);
    let found = wire.ask([b"*2\r\n$4\r\nMGET\r\n", &sent, b""]);
    let (left, found) = try_join(left, found).await?;
    let (left, mut found) = (Reply::number(&left)?, Reply::of(found, 1)?);
    Ok(Stored::new(left, found.take_last()))
}
