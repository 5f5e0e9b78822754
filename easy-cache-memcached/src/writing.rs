//! Invalidations, holds and releases: each one write to every server that has names of it.

use std::time::Duration;

use easy_cache_core::Tag;
use easy_cache_core::store::{Mark, Version};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::filling::{LONGEST_TTL, sorted};
use crate::layout::{Record, Token, bucket};
use crate::protocol::{Commands, Mode, Status};
use crate::store::Inner;
use crate::trip::{Answers, Ticket, Trip};

/// The whole seconds that are not shorter than was asked for. The server's current second has begun already, so it is one more.
pub(crate) fn at_least(within: Duration) -> u32 {
    let seconds = u32::try_from(within.as_secs()).unwrap_or(LONGEST_TTL);
    seconds.saturating_add(1 + u32::from(within.subsec_nanos() > 0)).min(LONGEST_TTL)
}

/// How often a hold is put on a record that is lost at the same moment.
const ATTEMPTS: u32 = 3;

/// A record that is written to.
type Place = (usize, Vec<u8>);

/// What is to be invalidated.
struct Names {
    buckets: Vec<Place>,
    records: Vec<Place>,
}

impl Inner {
    pub(crate) async fn invalidate_names(&self, tags: &[Tag], keys: &[&[u8]]) -> Result<(), Failure> {
        let numbers = sorted(tags.iter().map(|tag| (self.place_of_tag(tag), bucket(tag))).collect());
        let mut buckets: Vec<Place> = Vec::with_capacity(numbers.len() + 1);
        for (server, bucket) in numbers {
            if buckets.last().is_none_or(|(last, _)| *last != server) {
                buckets.push((server, self.keys.all_buckets()));
            }
            buckets.push((server, self.keys.bucket(bucket)));
        }
        let tags = tags.iter().map(|tag| (self.place_of_tag(tag), self.keys.tag(tag)));
        let keys = keys.iter().map(|key| (self.place_of_key(key), self.keys.key(key)));
        self.replace(Names { buckets, records: tags.chain(keys).collect() }).await
    }

    pub(crate) async fn flush(&self) -> Result<(), Failure> {
        let records = vec![(self.place_of_epoch(), self.keys.epoch())];
        self.replace(Names { buckets: Vec::new(), records }).await
    }

    /// New numbers for the buckets **first**, then new versions for the records that are there. A record that is not there is nobody's.
    async fn replace(&self, names: Names) -> Result<(), Failure> {
        let deadline = self.deadline();
        let mut trip = Trip::new(&self.servers);
        let number = |(server, item): &Place| trip.add(*server, |commands| commands.set(item, b"", Mode::Set, 0));
        let numbered: Vec<Ticket> = names.buckets.iter().map(number).collect();
        let mut appended = Vec::with_capacity(names.records.len());
        for (server, item) in &names.records {
            let version = Token::Version(Version::random()?).bytes();
            let ticket = trip.add(*server, |commands| commands.set(item, &version, Mode::Append, 0));
            appended.push((ticket, trip.add(*server, |commands| commands.measure(item))));
        }
        let answers = trip.send(&self.servers, deadline).await?;
        let refused = |ticket: &Ticket| answers.reply(*ticket).map(|reply| matches!(reply.status, Status::Refused(_)));
        let mut full = false;
        for ticket in numbered.iter().chain(appended.iter().map(|(ticket, _)| ticket)) {
            full |= refused(ticket)?;
        }
        if full {
            return self.delete(&names, deadline).await;
        }
        for ((server, item), (_, ticket)) in names.records.iter().zip(&appended) {
            let size = answers.reply(*ticket)?.size.unwrap_or_default();
            if size > Record::LONG as u64 {
                self.shorten(*server, item, &answers, size, deadline).await;
            }
        }
        Ok(())
    }

    /// A server whose memory is full takes no new bytes, but forgets: that does as well, except for the holds of others.
    async fn delete(&self, names: &Names, deadline: Instant) -> Result<(), Failure> {
        let mut trip = Trip::new(&self.servers);
        let all = names.buckets.iter().chain(&names.records);
        let tickets: Vec<Ticket> =
            all.map(|(server, item)| trip.add(*server, |commands| commands.delete(item))).collect();
        let answers = trip.send(&self.servers, deadline).await?;
        for ticket in tickets {
            if let Status::Refused(words) = &answers.reply(ticket)?.status {
                return Err(Failure::Refused(words.clone()));
            }
        }
        Ok(())
    }

    /// Replaces a long log by a short one, if nobody changes it meanwhile: behind the caller's back, unless that has not succeeded for
    /// long. The caller's invalidation is done either way.
    async fn shorten(&self, server: usize, item: &[u8], answers: &Answers, size: u64, deadline: Instant) {
        let Ok(live) = answers.live(server).cloned() else { return };
        let (lane, item) = (self.servers.lane(server).clone(), item.to_owned());
        let shortening = async move {
            let mut commands = Commands::new();
            commands.get(&item);
            let Ok((_, replies)) = lane.ask(commands, Some(live.generation), deadline).await else { return };
            let Some((reply, number)) = replies.first().and_then(|reply| Some((reply, reply.number?))) else { return };
            let record = Record::read(&reply.value);
            let mut commands = Commands::new();
            // A log that cannot be read has no version: nothing that depends on it is served.
            commands.set(&item, &record.bytes(), Mode::Same(number), 0);
            // Who comes next tries again.
            let _ = lane.ask(commands, Some(live.generation), deadline).await;
        };
        if size > 4 * Record::LONG as u64 {
            shortening.await;
        } else {
            self.background.handle().spawn(shortening);
        }
    }

    fn marked(&self, mark: Mark<'_>) -> Vec<Place> {
        match mark.tags {
            Some(tags) => tags.iter().map(|tag| (self.place_of_tag(tag), self.keys.tag(tag))).collect(),
            None => vec![(self.place_of_epoch(), self.keys.epoch())],
        }
    }

    /// The writer's lease **first**, then its marks: a mark without a lease is settled by whoever meets it.
    pub(crate) async fn put_marks(&self, mark: Mark<'_>, within: Duration) -> Result<(), Failure> {
        let deadline = self.deadline();
        let (lease, token) = (self.keys.writer(mark.writer), Token::Held(mark.writer).bytes());
        let seconds = at_least(within);
        let mut places = self.marked(mark);
        for _ in 0..ATTEMPTS {
            let mut trip = Trip::new(&self.servers);
            let mut required =
                self.at_each(&places, &mut trip, |commands| commands.set(&lease, b"w", Mode::Set, seconds));
            let mut marks = Vec::new();
            for (server, item) in &places {
                trip.add(*server, |commands| commands.set(item, b"", Mode::Add, 0));
                trip.add(*server, |commands| commands.keep_and_measure(item));
                marks.push(trip.add(*server, |commands| commands.set(item, &token, Mode::Append, 0)));
            }
            let answers = trip.send(&self.servers, deadline).await?;
            required.extend(&marks);
            for ticket in required {
                if let Status::Refused(words) = &answers.reply(ticket)?.status {
                    return Err(Failure::Refused(words.clone()));
                }
            }
            let mut lost = Vec::new();
            for (place, ticket) in places.into_iter().zip(marks) {
                if !answers.reply(ticket)?.is_done() {
                    lost.push(place);
                }
            }
            if lost.is_empty() {
                return Ok(());
            }
            places = lost;
        }
        Err(Failure::Refused("records are evicted as soon as they are made".to_owned()))
    }

    /// The marks first: whoever meets one without the lease would invalidate.
    pub(crate) async fn take_marks(&self, mark: Mark<'_>) -> Result<(), Failure> {
        let (lease, token) = (self.keys.writer(mark.writer), Token::Released(mark.writer).bytes());
        let places = self.marked(mark);
        let mut trip = Trip::new(&self.servers);
        let mut tickets = Vec::new();
        for (server, item) in &places {
            tickets.push(trip.add(*server, |commands| commands.set(item, &token, Mode::Append, 0)));
        }
        tickets.extend(self.at_each(&places, &mut trip, |commands| commands.delete(&lease)));
        let answers = trip.send(&self.servers, self.deadline()).await?;
        for ticket in tickets {
            if let Status::Refused(words) = &answers.reply(ticket)?.status {
                return Err(Failure::Refused(words.clone()));
            }
        }
        Ok(())
    }

    /// One command on each server that has one of the records.
    fn at_each(&self, places: &[Place], trip: &mut Trip, command: impl Fn(&mut Commands) -> usize) -> Vec<Ticket> {
        let has_one = |server: &usize| places.iter().any(|(place, _)| place == server);
        (0..self.servers.len()).filter(has_one).map(|server| trip.add(server, &command)).collect()
    }
}
