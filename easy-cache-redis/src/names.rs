//! Names of records: those of one lookup, in one piece of memory; and those of one command, each once.
//!
//! The latter are found by an open table over the names themselves: a map of the standard library costs a noticeable part of a batch.

use crate::layout::hash;
use crate::wire::write;

/// Where nothing is.
const FREE: u32 = u32::MAX;

/// The records that decide about an entry, and the entry, if that is on the same node.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Each as it is sent: behind its length, and with a line break.
    bytes: Vec<u8>,
    places: Vec<Place>,
    /// The last name is that of an entry.
    has_entry: bool,
}

/// A name, and what it is found by among those of a command.
#[derive(Debug, Clone, Copy)]
struct Place {
    end: u32,
    hash: u32,
}

impl Names {
    /// Of records only.
    #[cfg(feature = "cluster")]
    pub(crate) fn of_records(names: &[Vec<u8>]) -> Self {
        let mut all = Self::default();
        names.iter().for_each(|name| all.add(name));
        all
    }

    /// One more record.
    pub(crate) fn add(&mut self, name: &[u8]) {
        write(&mut self.bytes, name);
        self.places.push(Place { end: self.bytes.len() as u32, hash: hash(name) as u32 });
    }

    /// The entry, after all records.
    pub(crate) fn add_entry(&mut self, name: &[u8]) {
        self.add(name);
        self.has_entry = true;
    }

    /// Those of the records, as they are sent, with their hashes.
    pub(crate) fn records(&self) -> impl ExactSizeIterator<Item = (&[u8], u32)> {
        (0..self.places.len() - usize::from(self.has_entry)).map(|at| (self.sent(at), self.places[at].hash))
    }

    /// That of the entry, as it is sent.
    pub(crate) fn entry(&self) -> Option<&[u8]> {
        self.has_entry.then(|| self.sent(self.places.len() - 1))
    }

    pub(crate) const fn has_entry(&self) -> bool {
        self.has_entry
    }

    /// How many there are.
    pub(crate) const fn count(&self) -> usize {
        self.places.len()
    }

    /// The bytes that they take.
    pub(crate) fn size(&self) -> usize {
        size_of::<Self>() + self.bytes.capacity() + self.places.capacity() * size_of::<Place>()
    }

    /// All of them, as they are sent.
    pub(crate) fn all(&self) -> &[u8] {
        &self.bytes
    }

    fn sent(&self, at: usize) -> &[u8] {
        let begin = if at == 0 { 0 } else { self.places[at - 1].end };
        &self.bytes[begin as usize..self.places[at].end as usize]
    }
}

/// Names in the order in which they were first met, and for each that was added its place among them.
#[derive(Debug)]
pub(crate) struct Together<'a> {
    table: Vec<u32>,
    names: Vec<&'a [u8]>,
    places: Vec<u32>,
}

impl<'a> Together<'a> {
    /// For at most so many names.
    pub(crate) fn with_room_for(count: usize) -> Self {
        Self {
            table: vec![FREE; (count * 2).next_power_of_two()],
            names: Vec::with_capacity(count),
            places: Vec::with_capacity(count),
        }
    }

    /// One more, which may have been met before.
    pub(crate) fn add(&mut self, name: &'a [u8], hash: u32) {
        let mask = self.table.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let place = self.table[at];
            if place == FREE {
                self.table[at] = self.names.len() as u32;
                self.places.push(self.names.len() as u32);
                self.names.push(name);
                return;
            }
            if self.names[place as usize] == name {
                self.places.push(place);
                return;
            }
            at = (at + 1) & mask;
        }
    }

    /// Each once.
    pub(crate) fn different(&self) -> &[&'a [u8]] {
        &self.names
    }

    /// For each name that was added, which one it is.
    pub(crate) fn into_places(self) -> Vec<u32> {
        self.places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_there_once_in_the_order_of_its_first_mention() {
        let words = ["a", "b", "a", "c", "b", "a"];
        let mut names = Together::with_room_for(words.len());
        words.iter().for_each(|word| names.add(word.as_bytes(), hash(word.as_bytes()) as u32));
        assert_eq!(names.different(), [b"a", b"b", b"c"]);
        assert_eq!(names.into_places(), [0, 1, 0, 2, 1, 0]);
    }

    #[test]
    fn a_full_table_still_tells_names_apart_also_those_of_one_hash() {
        let words: Vec<Vec<u8>> = (0..1_000_u32).map(|n| n.to_be_bytes().to_vec()).collect();
        let mut names = Together::with_room_for(words.len());
        words.iter().for_each(|word| names.add(word, hash(word) as u32 % 7));
        assert_eq!(names.different().len(), 1_000);
    }

    #[test]
    fn the_entry_comes_after_the_records() {
        let mut names = Names::default();
        ["key", "", "tag"].iter().for_each(|name| names.add(name.as_bytes()));
        assert_eq!(names.entry(), None);
        names.add_entry(b"entry");
        let records: Vec<_> = names.records().map(|(name, _)| name).collect();
        let sent = vec![&b"$3\r\nkey\r\n"[..], b"$0\r\n\r\n", b"$3\r\ntag\r\n"];
        assert_eq!((records, names.entry()), (sent.clone(), Some(&b"$5\r\nentry\r\n"[..])));
        assert_eq!((names.count(), names.all()), (4, &[&sent.concat()[..], b"$5\r\nentry\r\n"].concat()[..]));
    }
}
