//! One representative of all states that differ only in which of the numbers were handed out: they are compared for equality
//! and for nothing else.

use super::state::{Actor, Reading, Seen, State, Value};

const NUMBERS: usize = 256;

/// Renames all numbers in the order of their appearance in the state.
pub(super) fn rename(state: &mut State) {
    let mut names = Names { new: [0; NUMBERS], next: 1 };
    names.option(&mut state.order);
    state.records.iter_mut().flatten().for_each(|record| names.number(&mut record.version));
    state.entry.iter_mut().flat_map(|entry| &mut entry.versions).for_each(|version| names.number(version));
    for actor in &mut state.actors {
        match actor {
            Actor::Reader(reader) => names.reading(&mut reader.at),
            Actor::Writer(writer) => {
                names.number(&mut writer.marker);
                names.option(&mut writer.before);
            }
            Actor::Done | Actor::Remover(_) | Actor::Loss(_) => {}
        }
    }
    state.unused = names.next;
}

/// Numbers from here on are names of their own, and keep them.
pub(super) const FIXED: u8 = 200;

struct Names {
    new: [u8; NUMBERS],
    next: u8,
}

impl Names {
    fn number(&mut self, number: &mut u8) {
        if *number == 0 || *number >= FIXED {
            return;
        }
        let new = &mut self.new[usize::from(*number)];
        if *new == 0 {
            *new = self.next;
            self.next += 1;
        }
        *number = *new;
    }

    fn option(&mut self, number: &mut Option<u8>) {
        number.iter_mut().for_each(|number| self.number(number));
    }

    fn reading(&mut self, at: &mut Reading) {
        match at {
            Reading::Start | Reading::Again | Reading::Follow | Reading::WaitClosed => {}
            Reading::LookUp { seen } | Reading::LookUpLate { seen } => self.seen(seen),
            Reading::Join { value }
            | Reading::Compute { value, .. }
            | Reading::Use { value }
            | Reading::Close { value }
            | Reading::Refuse { value }
            | Reading::Adopt { value, .. }
            | Reading::Create { value, .. }
            | Reading::Check { value }
            | Reading::Write { value }
            | Reading::CreateOrder { value }
            | Reading::Tell { value, .. } => self.value(value),
        }
    }

    fn seen(&mut self, seen: &mut Seen) {
        self.option(&mut seen.order);
        seen.records.iter_mut().flatten().for_each(|record| self.number(&mut record.version));
        seen.entry.iter_mut().flat_map(|entry| &mut entry.versions).for_each(|version| self.number(version));
    }

    fn value(&mut self, value: &mut Value) {
        self.option(&mut value.order);
        value.versions.iter_mut().for_each(|version| self.option(version));
    }
}
