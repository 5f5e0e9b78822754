//! The names in one command, each once. An open table over the names themselves: a map of the standard library costs a
//! noticeable part of a batch.

use crate::layout::hash;

/// Where nothing is.
const FREE: u32 = u32::MAX;

/// Names in the order in which they were first met, and for each that was added its place among them.
#[derive(Debug)]
pub(crate) struct Names<'a> {
    table: Vec<u32>,
    names: Vec<&'a [u8]>,
    places: Vec<u32>,
}

impl<'a> Names<'a> {
    /// For at most so many names.
    pub(crate) fn with_room_for(count: usize) -> Self {
        Self {
            table: vec![FREE; (count * 2).next_power_of_two()],
            names: Vec::with_capacity(count),
            places: Vec::with_capacity(count),
        }
    }

    /// Whether it is met for the first time.
    pub(crate) fn add(&mut self, name: &'a [u8]) -> bool {
        let mask = self.table.len() - 1;
        let mut at = hash(name) as usize & mask;
        loop {
            let place = self.table[at];
            if place == FREE {
                self.table[at] = self.names.len() as u32;
                self.places.push(self.names.len() as u32);
                self.names.push(name);
                return true;
            }
            if self.names[place as usize] == name {
                self.places.push(place);
                return false;
            }
            at = (at + 1) & mask;
        }
    }

    /// How many there are.
    pub(crate) const fn different(&self) -> usize {
        self.names.len()
    }

    /// For each name that was added, which one it is.
    pub(crate) fn places(&self) -> &[u32] {
        &self.places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_there_once_in_the_order_of_its_first_mention() {
        let words = ["a", "b", "a", "c", "b", "a"];
        let mut names = Names::with_room_for(words.len());
        let first: Vec<bool> = words.iter().map(|word| names.add(word.as_bytes())).collect();
        assert_eq!(first, [true, true, false, true, false, false]);
        assert_eq!((names.different(), names.places()), (3, &[0, 1, 0, 2, 1, 0][..]));
    }

    #[test]
    fn a_full_table_still_tells_names_apart() {
        let words: Vec<Vec<u8>> = (0..1_000_u32).map(|n| n.to_be_bytes().to_vec()).collect();
        let mut names = Names::with_room_for(words.len());
        assert!(words.iter().all(|word| names.add(word)));
        assert_eq!(names.different(), 1_000);
    }
}
