//! Commands for several servers that leave together, and what came back.

use std::sync::Arc;

use futures_util::future::join_all;
use tokio::time::Instant;

use crate::failure::Failure;
use crate::lane::Live;
use crate::protocol::{Commands, Reply};
use crate::servers::Servers;

/// Where the reply to a command will be: the place of its server, and its place among the replies.
pub(crate) type Ticket = (usize, usize);

/// One write to each server that something is asked of.
#[derive(Debug)]
pub(crate) struct Trip {
    commands: Vec<Commands>,
    generations: Vec<Option<u64>>,
}

impl Trip {
    pub(crate) fn new(servers: &Servers) -> Self {
        let commands = (0..servers.len()).map(|_| Commands::new()).collect();
        Self { commands, generations: vec![None; servers.len()] }
    }

    pub(crate) fn add(&mut self, server: usize, command: impl FnOnce(&mut Commands) -> usize) -> Ticket {
        (server, command(&mut self.commands[server]))
    }

    /// What is asked of this server depends on its numbers: it is asked over this connection, or nothing is asked at all.
    pub(crate) fn only_over(&mut self, server: usize, generation: u64) -> Result<(), Failure> {
        match self.generations[server].replace(generation) {
            Some(other) if other != generation => Err(Failure::Replaced),
            _ => Ok(()),
        }
    }

    /// Everything is sent, also if a server fails; then its failure is the answer.
    pub(crate) async fn send(self, servers: &Servers, deadline: Instant) -> Result<Answers, Failure> {
        let asked = self.commands.into_iter().zip(self.generations).enumerate();
        let asked = asked.map(async |(place, (commands, generation))| match commands.is_empty() {
            true => Ok(None),
            false => servers.lane(place).ask(commands, generation, deadline).await.map(Some),
        });
        join_all(asked).await.into_iter().collect::<Result<_, _>>().map(Answers)
    }
}

/// The replies of all servers.
pub(crate) struct Answers(Vec<Option<(Arc<Live>, Vec<Reply>)>>);

impl Answers {
    pub(crate) fn reply(&self, (server, place): Ticket) -> Result<&Reply, Failure> {
        let replies = self.0.get(server).and_then(Option::as_ref);
        replies.and_then(|(_, replies)| replies.get(place)).ok_or(Failure::Garbled("too few replies"))
    }

    /// The connection over which a server has answered.
    pub(crate) fn live(&self, server: usize) -> Result<&Arc<Live>, Failure> {
        self.0.get(server).and_then(Option::as_ref).map(|(live, _)| live).ok_or(Failure::Garbled("no reply"))
    }
}
