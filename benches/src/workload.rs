//! The calls: a function of a number and a text, a hundred hot keys of about 25 bytes, values of 256 bytes.
//!
//! Every candidate gets the same calls in the same order, and must give the same answers.

use std::sync::Arc;

use crate::candidate::Answer;

const HOT_KEYS: u64 = 100;
/// How many calls a sequence has.
pub const SEQUENCE: usize = 1_000;
const VALUE_SIZE: usize = 256;

/// The arguments of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The first argument.
    pub user: u64,
    /// The second argument.
    pub month: String,
}

impl Request {
    fn number(index: u64) -> Self {
        Self { user: 12_345 + 37 * index, month: format!("2024-{:02}", 1 + index % 12) }
    }
}

/// The key that all candidates keep the answer under, such as `user:12345:orders:2024-06`.
#[must_use]
pub fn key(user: u64, month: &str) -> String {
    format!("user:{user}:orders:{month}")
}

/// The answer to a call: its key, filled up to the size.
#[must_use]
pub fn answer(user: u64, month: &str) -> Answer {
    let mut bytes = key(user, month).into_bytes();
    bytes.resize(VALUE_SIZE, b'.');
    Arc::new(bytes)
}

/// Each hot key once.
#[must_use]
pub fn distinct() -> Vec<Request> {
    (0..HOT_KEYS).map(Request::number).collect()
}

/// Draws from the hot keys, long enough that a processor does not learn them by heart.
#[must_use]
pub fn sequence(random: &mut Random) -> Vec<Request> {
    (0..SEQUENCE).map(|_| Request::number(random.below(HOT_KEYS))).collect()
}

/// Calls that nobody has made before: the numbers count up from `from`, and 64 users share them.
#[must_use]
pub fn unseen(from: u64) -> Vec<Request> {
    let request = |number: u64| Request { user: number % 64, month: format!("{number:07}") };
    (from..from + SEQUENCE as u64).map(request).collect()
}

/// A small generator of numbers (xorshift): good enough to shuffle with, repeatable from its seed.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// Starts at `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % limit
    }

    /// The numbers below `length`, in some order.
    pub fn order(&mut self, length: usize) -> Vec<usize> {
        let mut order: Vec<_> = (0..length).collect();
        for last in (1..length).rev() {
            order.swap(last, self.below(last as u64 + 1) as usize);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_hot_keys_are_a_hundred_different_ones() {
        let keys: BTreeSet<_> = distinct().iter().map(|request| key(request.user, &request.month)).collect();
        assert_eq!(keys.len(), 100);
    }

    #[test]
    fn the_sequence_holds_nothing_but_hot_keys() {
        let hot = distinct();
        assert!(sequence(&mut Random::new(7)).iter().all(|request| hot.contains(request)));
    }

    #[test]
    fn what_is_unseen_comes_once() {
        let calls = unseen(0).into_iter().chain(unseen(SEQUENCE as u64));
        let keys: BTreeSet<_> = calls.map(|request| key(request.user, &request.month)).collect();
        assert_eq!(keys.len(), 2 * SEQUENCE);
    }

    #[test]
    fn an_order_names_every_candidate_once() {
        let mut order = Random::new(7).order(9);
        order.sort_unstable();
        assert_eq!(order, (0..9).collect::<Vec<_>>());
    }
}
