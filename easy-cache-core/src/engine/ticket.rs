//! What a computation carries from its start, and the ways it can end.

use std::sync::Arc;

use super::Engine;
use super::flight::Lead;
use super::frame::{self, Frame};
use crate::backend::memory::{Fence, Fill, Filled, Found, Seen};
use crate::clock::NEVER;
use crate::events::{Load, LoadOutcome, Refusal};
use crate::value::Shared;
use crate::{Policy, Tag};

/// A computation under way: its fence, and the flight it leads, if others may wait for it.
///
/// Dropping it (a cancelled or panicking computation) passes leadership to a caller that waits.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(crate) engine: Arc<Engine>,
    key: Box<[u8]>,
    fence: Fence,
    lead: Option<Lead>,
    load: Load,
}

impl Ticket {
    /// Takes the fence: the computation must start after this, and leadership must have begun before.
    pub(crate) fn new(engine: &Arc<Engine>, key: &[u8], lead: Option<Lead>) -> Self {
        let load = Load::begin(&engine.events);
        Self { engine: Arc::clone(engine), key: key.into(), fence: engine.store.domain().fence(), lead, load }
    }

    /// A forced computation: it neither waits nor is waited for.
    pub(crate) fn alone(engine: &Arc<Engine>, key: &[u8]) -> Self {
        Self::new(engine, key, None)
    }

    /// The frame in which the computation is to run.
    pub(crate) fn frame(&self) -> Box<Frame> {
        Frame::computing(self.engine.id, &self.key, self.engine.events.load(&self.key))
    }

    /// The flight that it leads.
    pub(crate) const fn lead(&self) -> Option<&Lead> {
        self.lead.as_ref()
    }

    /// Offers the value to the store under the ticket's key, hands it to those who wait, and its tags outward.
    ///
    /// Whether it was kept is `true` or `false`; the caller uses the value either way.
    pub(crate) fn fill(mut self, value: Shared, policy: &Policy, frame: Frame) -> bool {
        if let Some(refusal) = self.objection(&frame) {
            self.engine.events.refused(&self.key, refusal);
            self.load.end(LoadOutcome::Refused);
            frame::taint();
            self.fail();
            return false;
        }
        if let Some(lead) = &self.lead {
            lead.close();
        }
        let key = std::mem::take(&mut self.key);
        let found = self.store(&key, value, policy, frame.into_seen());
        let kept = found.tags.is_some();
        if let Some(lead) = self.lead.take() {
            lead.land(found, kept);
        }
        kept
    }

    /// Offers the value under another key, behind the same fence; those who wait are to look again.
    pub(crate) fn fill_elsewhere(mut self, key: &[u8], value: Shared, policy: &Policy, seen: Frame) -> bool {
        let objection = self.objection(&seen);
        let usable = objection.is_none();
        if let Some(refusal) = objection {
            self.engine.events.refused(key, refusal);
            self.load.end(LoadOutcome::Refused);
            frame::taint();
        }
        let kept = usable && self.store(key, value, policy, seen.into_seen()).tags.is_some();
        if let Some(lead) = self.lead.take() {
            lead.redirect();
        }
        kept
    }

    /// The result is not to be stored. Its tags still flow outward: the computation around it depends on them.
    pub(crate) fn decline(mut self, policy: &Policy, frame: Frame) {
        let tainted = frame.is_tainted();
        let tags = self.engine.store.resolve(&self.fence, policy.named_tags(), frame.into_seen());
        self.load.end(LoadOutcome::NotStored);
        match tags {
            Ok(tags) if !tainted => frame::collect_list(&tags),
            _ => frame::taint(),
        }
        self.fail();
    }

    /// Nothing of this kind can be shared: whoever waits computes alone, at once.
    pub(crate) fn scatter(mut self) {
        self.load.end(LoadOutcome::NotStored);
        if let Some(lead) = self.lead.take() {
            lead.scatter();
        }
    }

    /// What forbids to keep the value, whatever it depends on.
    fn objection(&self, frame: &Frame) -> Option<Refusal> {
        if frame.is_tainted() {
            Some(Refusal::Tainted)
        } else {
            (!self.engine.is_usable()).then_some(Refusal::Unusable)
        }
    }

    fn fail(&mut self) {
        if let Some(lead) = self.lead.take() {
            lead.fail();
        }
    }

    /// One fill. The tags are there if the value is valid, whether or not it found room.
    fn store(&mut self, key: &[u8], value: Shared, policy: &Policy, collected: Vec<Seen>) -> Found {
        let clock = self.engine.store.clock();
        let mut found = Found {
            value: Arc::clone(&value),
            tags: None,
            stored: clock.precise(),
            expires: policy.time_to_live().map_or(NEVER, |ttl| clock.deadline(ttl)),
        };
        let filled = self.engine.store.fill(Fill {
            key,
            fence: &self.fence,
            value,
            tags: policy.named_tags(),
            collected,
            ttl: policy.time_to_live(),
            weight: policy.known_weight(),
        });
        match filled {
            Filled::Stored(tags) | Filled::Valid(tags) => {
                self.engine.events.stored(key, tags.iter().map(|seen| seen.cell.tag()));
                self.load.end(LoadOutcome::Stored);
                frame::collect_list(&tags);
                found.tags = Some(tags);
            }
            Filled::Refused(refusal) => {
                self.engine.events.refused(key, refusal);
                self.load.end(LoadOutcome::Refused);
                frame::taint();
            }
        }
        self.engine.publish_when_due();
        found
    }
}

/// The tags as they are before a read, with the epoch; nothing if nobody collects.
pub(crate) fn observe(engine: &Engine, tags: impl Iterator<Item = Tag>) -> Vec<Seen> {
    if !frame::is_collecting() {
        return Vec::new();
    }
    let domain = engine.store.domain();
    std::iter::once(domain.epoch()).chain(tags.map(|tag| domain.see(&tag))).collect()
}
