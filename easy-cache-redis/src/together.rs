//! What one command is that asks for several lookups, and whose each of the values is that answer it: the order, the epoch, the records
//! that the lookups need, each once, and then their entries.

use std::sync::Arc;

use bytes::Bytes;

use crate::layout::{Keys, Order, Record, stands_under};
use crate::names::{Names, Together};
use crate::wire::{Number, Reply, write};

/// The records that all ask for: order and epoch.
const OWN: usize = 2;
/// Names in a command.
pub(crate) const MOST_NAMES: usize = 1024;
/// Bytes of a reply that is expected: one large value must not delay many small ones.
pub(crate) const MOST_BYTES: usize = 256 << 10;

/// What was there for one lookup.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) entry: Option<Bytes>,
    pub(crate) order: Option<Order>,
    pub(crate) epoch: Record,
    pub(crate) records: Sighted,
}

/// What the records say that were asked for.
#[derive(Debug)]
pub(crate) enum Sighted {
    /// They have the versions that the entry depends on, in its order. Nothing else has been looked at.
    Agree,
    /// Each of them, in the order of the names.
    Each(Vec<Record>),
}

impl Sighted {
    /// In the order of the names; nothing if they agree.
    #[cfg(feature = "cluster")]
    pub(crate) fn each(self) -> Vec<Record> {
        match self {
            Self::Agree => Vec::new(),
            Self::Each(records) => records,
        }
    }

    fn of<'a>(
        entry: Option<&[u8]>,
        epoch: Option<&'a [u8]>,
        records: impl Iterator<Item = Option<&'a [u8]>> + Clone,
    ) -> Self {
        match entry {
            Some(entry) if stands_under(entry, std::iter::once(epoch).chain(records.clone())) => Self::Agree,
            _ => Self::Each(records.map(Record::read).collect()),
        }
    }
}

/// What all commands of a namespace begin with, as it is sent, but for the number of words.
pub(crate) fn begin(keys: &Keys) -> Arc<[u8]> {
    let mut begin = Vec::new();
    [&b"MGET"[..], &keys.order(), &keys.epoch()].into_iter().for_each(|word| write(&mut begin, word));
    begin.into()
}

/// How many words a command has that asks for so many names.
pub(crate) fn words(names: usize) -> Number {
    Number::new(b'*', 1 + OWN + names)
}

/// How many values answer a command that asks for so many names.
pub(crate) const fn values(names: usize) -> usize {
    OWN + names
}

/// What answers a command that asked for one lookup.
pub(crate) fn single(mut reply: Reply, question: &Names) -> Found {
    let entry = question.has_entry().then(|| reply.take_last()).flatten();
    let mut values = reply.values();
    let [order, epoch] = [(); OWN].map(|()| values.next().flatten());
    let records = Sighted::of(entry.as_deref(), epoch, values.take(question.records().len()));
    Found { order: order.and_then(Order::read), epoch: Record::read(epoch), records, entry }
}

/// Which of the values of a reply are those of each lookup.
#[derive(Debug)]
pub(crate) struct Places {
    /// For each record of each lookup, which one of the different ones it is.
    records: Vec<u32>,
    different: usize,
    entries: usize,
}

impl Places {
    /// Writes the command for these lookups, which all begin with the same.
    pub(crate) fn write<'a>(
        begin: &[u8],
        questions: impl Iterator<Item = &'a Names> + Clone,
        command: &mut Vec<u8>,
    ) -> Self {
        let mut names = Together::with_room_for(questions.clone().map(Names::count).sum());
        questions.clone().flat_map(Names::records).for_each(|(name, hash)| names.add(name, hash));
        let entries = questions.filter_map(Names::entry);
        let places = Self { different: names.different().len(), entries: entries.clone().count(), records: Vec::new() };
        command.extend_from_slice(&words(places.different + places.entries));
        command.extend_from_slice(begin);
        names.different().iter().copied().chain(entries).for_each(|name| command.extend_from_slice(name));
        Self { records: names.into_places(), ..places }
    }

    /// How many values answer it.
    pub(crate) const fn values(&self) -> usize {
        values(self.different + self.entries)
    }

    /// To each lookup what it has asked for, in their order. Records are compared where they are; of an entry `keep` makes what is handed on.
    pub(crate) fn spread<'a>(
        &self,
        values: &[Option<&[u8]>],
        keep: impl Fn(&[u8]) -> Bytes,
        questions: impl Iterator<Item = &'a Names>,
        mut to: impl FnMut(Found),
    ) {
        let (order, epoch) = (values[0].and_then(Order::read), values[1]);
        let (mut places, mut entries) = (&*self.records, &values[OWN + self.different..]);
        for question in questions {
            let mut entry = None;
            if question.has_entry() {
                (entry, entries) = (entries[0], &entries[1..]);
            }
            let (own, rest) = places.split_at(question.records().len());
            places = rest;
            let records = Sighted::of(entry, epoch, own.iter().map(|place| values[OWN + *place as usize]));
            to(Found { entry: entry.map(&keep), order, epoch: Record::read(epoch), records });
        }
    }
}
