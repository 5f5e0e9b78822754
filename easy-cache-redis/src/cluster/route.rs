//! Brings commands about one slot to the node that serves it, wherever that is by now, within the time that an operation has.

use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::redis::{Pipeline, Value};
use tokio::time::{Instant, sleep_until};

use super::node::{Elsewhere, Node};
use super::nodes::Nodes;
use crate::failure::Failure;
use crate::scripts::Lua;

/// So often one operation is sent elsewhere, at most.
const TURNS: u32 = 8;
/// While some keys of a slot are here and some there, they are asked for again after this time.
const SOON: Duration = Duration::from_millis(10);

/// One operation on its way to the node that serves a slot.
pub(crate) struct Route<'a> {
    nodes: &'a Arc<Nodes>,
    slot: u16,
    deadline: Instant,
    turns: u32,
    pub(crate) node: Arc<Node>,
    /// Whether the slot is just being moved to this node.
    pub(crate) moving: bool,
}

impl<'a> Route<'a> {
    pub(crate) async fn to(nodes: &'a Arc<Nodes>, slot: u16, deadline: Instant) -> Result<Self, Failure> {
        let node = nodes.owner(slot, deadline).await?;
        Ok(Self { nodes, slot, deadline, turns: TURNS, node, moving: false })
    }

    /// Whether the operation is worth another attempt, after this failure; the node is then another one, if need be.
    pub(crate) async fn goes_on(&mut self, failure: &Failure) -> Result<bool, Failure> {
        let Some(elsewhere) = self.node.elsewhere(failure) else { return Ok(false) };
        if self.turns == 0 {
            return Ok(false);
        }
        self.turns -= 1;
        match elsewhere {
            Elsewhere::Moved(address) => {
                let address = self.nodes.translated(address);
                (self.node, self.moving) = (self.nodes.node(&address)?, false);
                self.nodes.learn_soon(Some(address));
            }
            Elsewhere::Asked(address) => {
                (self.node, self.moving) = (self.nodes.node(&self.nodes.translated(address))?, true);
            }
            Elsewhere::Soon => {
                sleep_until(self.deadline.min(Instant::now() + SOON)).await;
                (self.node, self.moving) = (self.nodes.owner(self.slot, self.deadline).await?, false);
                return Ok(Instant::now() < self.deadline);
            }
            Elsewhere::Lost => return self.replace().await,
        }
        Ok(true)
    }

    /// Has somebody taken the place of a node that does not answer?
    async fn replace(&mut self) -> Result<bool, Failure> {
        if Instant::now() >= self.deadline {
            self.nodes.learn_soon(None);
            return Ok(false);
        }
        // That nobody tells is not what has gone wrong.
        let _ = self.nodes.learn(None, self.deadline).await;
        let owner = self.nodes.owner(self.slot, self.deadline).await?;
        let another = !Arc::ptr_eq(&owner, &self.node);
        (self.node, self.moving) = (owner, false);
        Ok(another)
    }
}

impl Nodes {
    /// Commands about one slot, all of which may be run twice; an answer for each.
    pub(crate) async fn run(
        self: &Arc<Self>,
        slot: u16,
        commands: &Pipeline,
        script: Option<&Lua>,
        deadline: Instant,
    ) -> Result<Vec<Value>, Failure> {
        let mut route = Route::to(self, slot, deadline).await?;
        let mut unloaded = script;
        loop {
            let answers = route.node.ask(commands, route.moving, None, deadline).await;
            let answers: Result<Vec<Value>, Failure> = answers.and_then(|answers| answers.into_iter().collect());
            let failure = match answers {
                Ok(answers) => return Ok(answers),
                Err(failure) => failure,
            };
            if let Some(script) = unloaded.take_if(|_| failure.is_of_a_script()) {
                let mut load = Pipeline::new();
                load.add_command(script.load());
                route.node.ask(&load, false, None, deadline).await?;
            } else if !route.goes_on(&failure).await? {
                return Err(failure);
            }
        }
    }
}
