//! Lookups that share a command: which of those that wait do, and what each gets of the reply.

use std::sync::Arc;

use bytes::Bytes;

use super::ask::{Arrived, Question};
use super::reply::Reply;
use super::slot::Told;
use crate::names::Names;
use crate::together::{MOST_BYTES, MOST_NAMES, Places};

/// Lookups of one command: the server answers one after the other, and while it does so the answers before are read.
const MOST: usize = 32;

/// The lookups of one command that has been written.
pub(super) struct Batch {
    questions: Vec<Question>,
    places: Places,
}

/// Takes from those that wait one batch after the other.
#[derive(Debug, Default)]
pub(super) struct Batches {
    /// Of the reply to one lookup, as far as lately seen.
    bytes: usize,
}

impl Batches {
    /// Writes the commands of all these, without those who have gone meanwhile, and hands on the batches in their order.
    pub(super) fn write(&self, questions: &mut Vec<Question>, commands: &mut Vec<u8>, mut each: impl FnMut(Batch)) {
        questions.retain(|question| question.slot.is_open());
        if questions.iter().any(|question| !Arc::ptr_eq(&question.begin, &questions[0].begin)) {
            questions.sort_by_key(|question| question.begin.as_ptr().addr());
        }
        let most = (MOST_BYTES / self.bytes.max(1)).clamp(1, MOST);
        let mut rest = questions.drain(..).peekable();
        while let Some(first) = rest.next() {
            let (begin, mut names) = (Arc::clone(&first.begin), first.names.count());
            let mut batch = vec![first];
            while batch.len() < most
                && let Some(next) = rest.next_if(|next| {
                    names += next.names.count();
                    names <= MOST_NAMES && Arc::ptr_eq(&next.begin, &begin)
                })
            {
                batch.push(next);
            }
            let places = Places::write(&begin, names_of(&batch), commands);
            each(Batch { questions: batch, places });
        }
    }

    /// Notes how large a reply was.
    pub(super) fn note(&mut self, batch: &Batch, bytes: usize) {
        self.bytes = (self.bytes * 7 + bytes / batch.len().max(1)) / 8;
    }
}

impl Batch {
    /// How many they are.
    pub(super) const fn len(&self) -> usize {
        self.questions.len()
    }

    /// How many values are the answer.
    pub(super) const fn values(&self) -> usize {
        self.places.values()
    }

    /// Hands on what was answered; as many values as that.
    pub(super) fn answer(self, values: &[Option<&[u8]>], keep: impl Fn(&[u8]) -> Bytes) {
        let mut questions = self.questions.iter();
        let to = |found| _ = questions.next().map(|question| question.slot.tell(Told::Found(found)));
        self.places.spread(values, keep, names_of(&self.questions), to);
    }

    /// What the library makes of a reply that is no array of strings.
    pub(super) fn answer_otherwise(self, reply: Bytes) {
        match Reply::of(Arrived { bytes: reply, strings: None }, self.values()) {
            Ok(reply) => self.answer(&reply.values().collect::<Vec<_>>(), Bytes::copy_from_slice),
            Err(failure) => {
                self.questions.iter().for_each(|question| question.slot.tell(Told::Failed(failure.clone())));
            }
        }
    }
}

fn names_of(questions: &[Question]) -> impl Iterator<Item = &Names> + Clone {
    questions.iter().map(|question| &*question.names)
}
