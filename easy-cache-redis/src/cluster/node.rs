//! One node: its connection, the lookups that share it, and the breaker that leaves it alone while it is down, so that the others go on
//! serving.

use std::sync::Arc;

use deadpool_redis::redis::{Pipeline, Value, cmd};
use easy_cache_core::store::Breaker;
use tokio::time::{Instant, timeout_at};

use super::slots::Address;
use crate::combine::{Answer, Combiner};
use crate::failure::Failure;
use crate::lane::Lane;
use crate::names::Names;

/// A node of the cluster that is or was a master.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) address: Address,
    pub(crate) lane: Arc<Lane>,
    pub(crate) breaker: Breaker,
    /// Of the records of each group.
    pub(crate) lookups: Box<[Arc<Combiner>]>,
}

/// Where a command has to go instead.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Elsewhere {
    /// There, and from now on.
    Moved(Address),
    /// There, this time: the slot is being moved.
    Asked(Address),
    /// Nowhere yet: some of the keys have been moved.
    Soon,
    /// To whoever has taken its place, if anybody has.
    Lost,
}

impl Node {
    /// Several commands in one write; those about a slot that is just being moved here say so.
    pub(crate) async fn ask(
        &self,
        commands: &Pipeline,
        moving: bool,
        generation: Option<u64>,
        deadline: Instant,
    ) -> Result<Vec<Result<Value, Failure>>, Failure> {
        self.guard(self.send(commands, moving, generation, deadline)).await
    }

    /// The same, of who asks the breaker itself.
    pub(super) async fn send(
        &self,
        commands: &Pipeline,
        moving: bool,
        generation: Option<u64>,
        deadline: Instant,
    ) -> Result<Vec<Result<Value, Failure>>, Failure> {
        if !moving {
            return self.lane.ask_all(commands, generation, deadline).await;
        }
        let mut both = Pipeline::new();
        for command in commands.cmd_iter() {
            both.add_command(cmd("ASKING")).add_command(command.clone());
        }
        let answers = self.lane.ask_all(&both, generation, deadline).await?;
        Ok(answers.into_iter().skip(1).step_by(2).collect())
    }

    /// The records of one group, together with what others ask of it.
    pub(crate) async fn look(&self, group: usize, question: &Arc<Names>, deadline: Instant) -> Result<Answer, Failure> {
        // A second question of one operation has less time than those who have queued meanwhile, who are told first.
        let asked = async {
            let found = timeout_at(deadline, self.lookups[group].ask(question, deadline)).await;
            found.unwrap_or_else(|_| Err(self.lane.late()))
        };
        self.guard(asked).await
    }

    pub(super) async fn guard<T>(&self, operation: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let pass = self.breaker.enter().map_err(|_| Failure::LeftAlone(self.address.to_string()))?;
        let done = operation.await;
        let change = match &done {
            Err(failure) if failure.is_of_the_way() => pass.failed(),
            _ => pass.succeeded(),
        };
        if let Some(circuit) = change {
            tracing::warn!(node = %self.address, ?circuit, "a node of the redis cluster");
        }
        done
    }

    /// What a failure says about where to go, if it says so.
    pub(crate) fn elsewhere(&self, failure: &Failure) -> Option<Elsewhere> {
        let Failure::Redis(error) = failure else {
            return failure.is_of_the_way().then_some(Elsewhere::Lost);
        };
        match error.code() {
            Some(code @ ("MOVED" | "ASK")) => {
                let address = Address::read(error.redirect_node()?.0, &self.address)?;
                Some(if code == "ASK" { Elsewhere::Asked(address) } else { Elsewhere::Moved(address) })
            }
            Some("TRYAGAIN") => Some(Elsewhere::Soon),
            Some("CLUSTERDOWN" | "LOADING" | "MASTERDOWN" | "READONLY") => Some(Elsewhere::Lost),
            _ => failure.is_of_the_way().then_some(Elsewhere::Lost),
        }
    }
}
