//! A lookup: the entry with the records of all known names in one write. What it leaves for a fill is the fence.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use easy_cache_core::Tag;
use easy_cache_core::store::{Envelope, Hit, Look, Looked, Miss, MissReason, StoreFence, Version, VersionedTag};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::layout::{Entry, Record, bucket};
use crate::protocol::{Commands, Mode, Reply, Status};
use crate::store::Inner;
use crate::trip::{Answers, Ticket, Trip};

/// An empty record that a lookup has made stays for so long, unless a fill needs it.
const MADE: u32 = 3600;

/// A record as a lookup found it.
#[derive(Debug, Clone)]
pub(crate) struct Sight {
    pub(crate) item: Vec<u8>,
    pub(crate) server: usize,
    pub(crate) record: Record,
    /// The server's number of its last change, if there is a record.
    pub(crate) number: Option<u64>,
    /// The connection over which it was met.
    pub(crate) generation: u64,
}

/// What a lookup leaves for the fill that follows it.
#[derive(Debug)]
pub(crate) struct Fence {
    /// Versions that fills behind this fence have given to records which it had found empty: for other fills behind it they are as good
    /// as ones that it has seen. (A key may have entries of several kinds.)
    claimed: Mutex<Vec<(Vec<u8>, Version)>>,
    pub(crate) epoch: Sight,
    pub(crate) key: Sight,
    pub(crate) tags: Vec<(Tag, Sight)>,
    /// For each server the connection, and the highest of its numbers that was known before the computation.
    pub(crate) known: Vec<Option<(u64, u64)>>,
}

/// The places of a lookup's replies.
struct Asked {
    entry: Ticket,
    epoch: (Vec<u8>, Ticket),
    key: (Vec<u8>, Ticket),
    tags: Vec<(Tag, Vec<u8>, Ticket)>,
}

impl Inner {
    pub(crate) async fn look_up(&self, look: Look<'_>) -> Result<Looked, Failure> {
        let deadline = self.deadline();
        let (trip, asked) = self.ask_for(&look);
        let answers = trip.send(&self.servers, deadline).await?;
        let mut fence = self.found(&asked, &answers)?;
        let reply = answers.reply(asked.entry)?;
        if reply.value.is_empty() {
            return Ok(self.missed(MissReason::Absent, fence));
        }
        let Some(envelope) = Entry::decode(&reply.value, look.key, look.kind) else {
            return Ok(self.missed(MissReason::Unreadable, fence));
        };
        self.ask_for_late(&envelope, &mut fence, deadline).await?;
        if !fence.is_of(&envelope) {
            return Ok(self.missed(MissReason::Outdated, fence));
        }
        if fence.sights().any(|sight| !sight.record.marks.is_empty()) {
            return self.held(fence, deadline).await;
        }
        Ok(Looked::Hit(self.hit(look, envelope, reply.remaining, fence)))
    }

    fn ask_for(&self, look: &Look<'_>) -> (Trip, Asked) {
        let mut trip = Trip::new(&self.servers);
        let home = self.place_of_key(look.key);
        let entry = self.keys.entry(look.key, look.kind);
        let entry = trip.add(home, |commands| commands.get(&entry));
        let mut record = |server: usize, item: Vec<u8>| {
            let ticket = trip.add(server, |commands| commands.get_or_make(&item, MADE));
            (item, ticket)
        };
        let epoch = record(self.place_of_epoch(), self.keys.epoch());
        let key = record(home, self.keys.key(look.key));
        let tags = self.remembered.add_to(look.key, look.kind, look.tags).into_iter().map(|tag| {
            let (item, ticket) = record(self.place_of_tag(&tag), self.keys.tag(&tag));
            (tag, item, ticket)
        });
        let tags = tags.collect();
        (trip, Asked { entry, epoch, key, tags })
    }

    fn found(&self, asked: &Asked, answers: &Answers) -> Result<Fence, Failure> {
        let sight = |(item, ticket): &(Vec<u8>, Ticket)| self.sight(item.clone(), *ticket, answers);
        let tags =
            asked.tags.iter().map(|(tag, item, ticket)| Ok((tag.clone(), self.sight(item.clone(), *ticket, answers)?)));
        let tags = tags.collect::<Result<_, Failure>>()?;
        let claimed = Mutex::default();
        Ok(Fence { claimed, epoch: sight(&asked.epoch)?, key: sight(&asked.key)?, tags, known: Vec::new() })
    }

    /// A log that has become long is replaced by a short one on the way, if it is still the same then.
    fn sight(&self, item: Vec<u8>, ticket: Ticket, answers: &Answers) -> Result<Sight, Failure> {
        let (server, reply, live) = (ticket.0, answers.reply(ticket)?, answers.live(ticket.0)?);
        let record = Record::read(&reply.value);
        let number = reply.number.filter(|_| reply.status == Status::Value);
        if let (Some(number), true) = (number, reply.value.len() > Record::LONG && record.version.is_some()) {
            let mut commands = Commands::new();
            commands.set(&item, &record.bytes(), Mode::Same(number), 0);
            // Nobody depends on it.
            let _ = self.servers.lane(server).send(live, commands);
        }
        Ok(Sight { item, server, record, number, generation: live.generation })
    }

    /// The second trip, if the entry carries tags that the first one did not ask for.
    async fn ask_for_late(&self, envelope: &Envelope, fence: &mut Fence, deadline: Instant) -> Result<(), Failure> {
        let mut trip = Trip::new(&self.servers);
        let late =
            envelope.tags.iter().filter(|tag| fence.of(&tag.tag).is_none()).map(|VersionedTag { tag, .. }| {
                let item = self.keys.tag(tag);
                let ticket = trip.add(self.place_of_tag(tag), |commands| commands.get_or_make(&item, MADE));
                (tag.clone(), item, ticket)
            });
        let late: Vec<_> = late.collect();
        if late.is_empty() {
            return Ok(());
        }
        let answers = trip.send(&self.servers, deadline).await?;
        for (tag, item, ticket) in late {
            fence.tags.push((tag, self.sight(item, ticket, &answers)?));
        }
        Ok(())
    }

    fn hit(&self, look: Look<'_>, envelope: Envelope, seconds: Option<u32>, fence: Fence) -> Hit {
        self.remembered.note(look.key, look.kind, envelope.tags.iter().map(|tag| tag.tag.clone()));
        let remaining = seconds.map(|seconds| Duration::from_secs(seconds.into()));
        let age = envelope.ttl.zip(remaining).map(|(ttl, remaining)| ttl.saturating_sub(remaining));
        let mut hit = Hit::new(envelope.payload, envelope.tags, envelope.epoch);
        hit.age = age.unwrap_or_default();
        hit.remaining = remaining;
        hit.fence = Some(self.fence(fence));
        hit
    }

    fn missed(&self, reason: MissReason, fence: Fence) -> Looked {
        Looked::Miss(Miss { reason, fence: Some(self.fence(fence)) })
    }

    /// The numbers that are known now: the computation begins later.
    fn fence(&self, mut fence: Fence) -> StoreFence {
        let lanes = self.servers.lanes().iter();
        fence.known = lanes.map(|lane| lane.current().map(|live| (live.generation, live.known()))).collect();
        StoreFence::new(fence)
    }

    /// The entry could be served, if nobody held one of its names. Who finds that a writer's time is over settles its holds.
    async fn held(&self, mut fence: Fence, deadline: Instant) -> Result<Looked, Failure> {
        let mut trip = Trip::new(&self.servers);
        let mut writers: Vec<((usize, Version), Ticket)> = Vec::new();
        for sight in fence.sights() {
            for &writer in &sight.record.marks {
                let lease = self.keys.writer(writer);
                if !writers.iter().any(|(known, _)| *known == (sight.server, writer)) {
                    let ticket = trip.add(sight.server, |commands| commands.exists(&lease));
                    writers.push(((sight.server, writer), ticket));
                }
            }
        }
        let answers = trip.send(&self.servers, deadline).await?;
        let mut gone = Vec::new();
        for (writer, ticket) in writers {
            if answers.reply(ticket)?.status == Status::Absent {
                gone.push(writer);
            }
        }
        if gone.is_empty() {
            return Ok(self.missed(MissReason::Held, fence));
        }
        self.settle(&mut fence, &gone, deadline).await?;
        Ok(self.missed(MissReason::Outdated, fence))
    }

    /// An invalidation that replaces the record only if it has not changed; the buckets go first, as ever.
    async fn settle(&self, fence: &mut Fence, gone: &[(usize, Version)], deadline: Instant) -> Result<(), Failure> {
        let mut trip = Trip::new(&self.servers);
        let ended = |sight: &Sight, mark: &Version| gone.contains(&(sight.server, *mark));
        let settled = |sight: &Sight| sight.record.marks.iter().any(|mark| ended(sight, mark));
        for (tag, sight) in fence.tags.iter().filter(|(_, sight)| settled(sight)) {
            for item in [self.keys.all_buckets(), self.keys.bucket(bucket(tag))] {
                trip.add(sight.server, |commands| commands.set(&item, b"", Mode::Set, 0));
            }
        }
        let mut tickets = Vec::new();
        for sight in fence.sights_mut().filter(|sight| settled(sight)) {
            let Some(number) = sight.number else { continue };
            let marks = sight.record.marks.iter().copied().filter(|mark| !ended(sight, mark)).collect();
            let record = Record { version: Some(Version::random()?), marks };
            trip.only_over(sight.server, sight.generation)?;
            let set = |commands: &mut Commands| commands.set(&sight.item, &record.bytes(), Mode::Same(number), 0);
            tickets.push((trip.add(sight.server, set), record, sight));
        }
        let answers = trip.send(&self.servers, deadline).await?;
        for (ticket, record, sight) in tickets {
            let reply: &Reply = answers.reply(ticket)?;
            if reply.is_done() {
                // It was written before the computation, so it is as good as one that was read.
                sight.record = record;
                sight.number = reply.number;
            }
        }
        Ok(())
    }
}

impl Fence {
    /// The version of a record, if it had one before the computation, or has got one from a fill behind this fence.
    pub(crate) fn version_of(&self, sight: &Sight) -> Option<Version> {
        let claimed = || {
            let claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
            claimed.iter().find(|(item, _)| *item == sight.item).map(|(_, version)| *version)
        };
        sight.record.version.or_else(claimed)
    }

    pub(crate) fn note_claim(&self, item: &[u8], version: Version) {
        self.claimed.lock().unwrap_or_else(PoisonError::into_inner).push((item.to_owned(), version));
    }

    pub(crate) fn of(&self, tag: &Tag) -> Option<&Sight> {
        self.tags.iter().find(|(name, _)| name == tag).map(|(_, sight)| sight)
    }

    fn sights(&self) -> impl Iterator<Item = &Sight> {
        [&self.epoch, &self.key].into_iter().chain(self.tags.iter().map(|(_, sight)| sight))
    }

    fn sights_mut(&mut self) -> impl Iterator<Item = &mut Sight> {
        [&mut self.epoch, &mut self.key].into_iter().chain(self.tags.iter_mut().map(|(_, sight)| sight))
    }

    /// Whether all versions of an entry are those of the records.
    fn is_of(&self, envelope: &Envelope) -> bool {
        let same = |sight: &Sight, version: Version| sight.record.version == Some(version);
        same(&self.epoch, envelope.epoch)
            && same(&self.key, envelope.key)
            && envelope.tags.iter().all(|tag| self.of(&tag.tag).is_some_and(|sight| same(sight, tag.version)))
    }
}
