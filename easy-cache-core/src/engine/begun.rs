//! A computation that has begun: its ticket, its frame, and what to fall back on. In line or away, it ends the same way.

use super::Found;
use super::fallback::{Fallback, instead_of_failing};
use super::frame::Open;
use super::outside::Keeping;
use super::ticket::Ticket;
use crate::Policy;
use crate::plan::Plan;
use crate::value::Shared;

/// A computation under way, without the load itself.
#[derive(Debug)]
pub(crate) struct Begun {
    ticket: Ticket,
    frame: Open,
    fallback: Option<Fallback>,
}

impl Begun {
    /// `with_previous` says that the load wants to see what is stored now.
    pub(crate) fn new(ticket: Ticket, fallback: Option<Fallback>, with_previous: bool) -> Self {
        let previous = if with_previous { ticket.previous() } else { None };
        Self { frame: Open::new(ticket.frame().with_previous(previous)), ticket, fallback }
    }

    /// Runs a part of the load.
    pub(crate) fn run<T>(&mut self, f: impl FnOnce() -> T) -> T {
        self.frame.run(f)
    }

    /// What its caller may be given meanwhile.
    pub(crate) const fn fallback(&self) -> Option<&Fallback> {
        self.fallback.as_ref()
    }

    /// Stores the result, or whatever else is to be done with it. Yields the caller's answer: the result itself, or what
    /// stands in for a failure. What is left to be awaited comes along with it, and cannot change it any more.
    pub(crate) fn end<R, P: Plan<R>>(mut self, plan: &P, policy: &mut Policy, result: R) -> (R, Option<Keeping>) {
        let notes = self.frame.take_notes();
        if plan.is_failure(&result)
            && !notes.as_ref().is_some_and(|notes| notes.no_stand_in)
            && let Some((answer, found)) = self.stand_in(plan, policy)
        {
            self.ticket.stand_in(found);
            return (answer, None);
        }
        let frame = self.frame.finish();
        let keeping = match plan.erase(&result).filter(|_| !notes.as_ref().is_some_and(|notes| notes.skip)) {
            Some(value) => {
                plan.finish(&result, policy);
                if let Some(mut notes) = notes {
                    self.ticket.renewing(notes.renews.take());
                    policy.heed(*notes);
                }
                self.ticket.store_as(plan, &result, value, policy, frame)
            }
            None => {
                self.ticket.decline(policy, frame);
                None
            }
        };
        (result, keeping)
    }

    fn stand_in<R, P: Plan<R>>(&self, plan: &P, policy: &Policy) -> Option<(R, Found)> {
        // Of another type, it stands in for nothing.
        let restore = |value: &Shared| plan.restore(value.clone());
        instead_of_failing(&self.ticket, self.fallback.as_ref()?, policy.wishes(), restore)
    }

    /// The load panicked, and the panic was caught: that counts as a failure, of which nothing can be shared.
    pub(crate) fn panicked(self) {
        self.ticket.panicked();
    }
}
