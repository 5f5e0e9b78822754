//! Leases: one process computes a key for all. An item that is added only if there is none, and ends by the server's clock.

use std::time::Duration;

use easy_cache_core::store::{Leased, Version};

use crate::failure::Failure;
use crate::protocol::{Mode, Status};
use crate::store::Inner;
use crate::trip::Trip;
use crate::writing::at_least;

impl Inner {
    pub(crate) async fn take_lease(&self, key: &[u8], holder: Version, within: Duration) -> Result<Leased, Failure> {
        let (server, item) = (self.place_of_key(key), self.keys.lease(key));
        let seconds = at_least(within);
        let mut trip = Trip::new(&self.servers);
        let ticket = trip.add(server, |commands| commands.set(&item, holder.as_bytes(), Mode::Add, seconds));
        match &trip.send(&self.servers, self.deadline()).await?.reply(ticket)?.status {
            Status::Done => Ok(Leased::Yours),
            Status::Refused(words) => Err(Failure::Refused(words.clone())),
            _ => Ok(Leased::Taken),
        }
    }

    /// Two trips: memcached compares numbers, not values.
    pub(crate) async fn give_lease_back(&self, key: &[u8], holder: Version) -> Result<(), Failure> {
        let (server, item, deadline) = (self.place_of_key(key), self.keys.lease(key), self.deadline());
        let mut trip = Trip::new(&self.servers);
        let ticket = trip.add(server, |commands| commands.get(&item));
        let answers = trip.send(&self.servers, deadline).await?;
        let (reply, generation) = (answers.reply(ticket)?, answers.live(server)?.generation);
        let Some(number) = reply.number.filter(|_| reply.value.as_ref() == holder.as_bytes()) else { return Ok(()) };
        let mut trip = Trip::new(&self.servers);
        trip.only_over(server, generation)?;
        trip.add(server, |commands| commands.delete_same(&item, number));
        trip.send(&self.servers, deadline).await.map(|_| ())
    }
}
