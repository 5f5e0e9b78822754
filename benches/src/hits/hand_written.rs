//! What one would write by hand for exactly this function: `quick_cache`, a key on the stack, two tags to check, a ttl.
//!
//! It is the measure for the others, so nothing is left in it that could be left out: the tags' cells are known
//! beforehand and never freed, time is a number that another thread counts up, and there is no protection against
//! concurrent loads, invalidations during a load, or keys that are longer than expected.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{array, thread};

use crate::candidate::{Answer, Candidate, Loads, candidate};
use crate::workload;
use ahash::RandomState;
use quick_cache::UnitWeighter;
use quick_cache::sync::Cache;

const CAPACITY: usize = 10_000;
const TICK: Duration = Duration::from_millis(100);
const TTL_IN_TICKS: u64 = 36_000;

static NOW: AtomicU64 = AtomicU64::new(0);

/// With the key on the stack, and with one from `format!`.
pub(crate) fn candidates() -> Vec<Box<dyn Candidate>> {
    static STACK: Loads = Loads::new();
    static FORMAT: Loads = Loads::new();
    thread::spawn(|| {
        loop {
            thread::sleep(TICK);
            NOW.fetch_add(1, Ordering::Relaxed);
        }
    });
    let on_stack = HandWritten::new();
    let formatted = HandWritten::new();
    vec![
        candidate("by hand, quick_cache, key on the stack", &STACK, move |user, month| {
            let mut key = StackKey::new();
            key.push(b"user:").push_number(user).push(b":orders:").push(month.as_bytes());
            on_stack.get(key.as_bytes(), &STACK, user, month)
        }),
        candidate("by hand, quick_cache, key by format!", &FORMAT, move |user, month| {
            formatted.get(workload::key(user, month).as_bytes(), &FORMAT, user, month)
        }),
    ]
}

/// A value with what must still be true for it to be served. Cloned under the shard's lock: one reference count.
#[derive(Clone)]
struct Slot {
    value: Answer,
    expires: u64,
    tags: [(&'static AtomicU64, u64); 2],
}

impl Slot {
    fn is_fresh(&self) -> bool {
        self.tags.iter().all(|(cell, version)| cell.load(Ordering::Acquire) == *version)
            && NOW.load(Ordering::Relaxed) < self.expires
    }
}

struct HandWritten {
    slots: Cache<Box<[u8]>, Slot, UnitWeighter, RandomState>,
    /// The versions of a tag that all entries carry, and of 64 tags that stand for "this user's".
    all: &'static AtomicU64,
    users: &'static [AtomicU64; 64],
}

impl HandWritten {
    fn new() -> Self {
        Self {
            slots: Cache::with(CAPACITY, CAPACITY as u64, UnitWeighter, RandomState::new(), Default::default()),
            all: Box::leak(Box::default()),
            users: Box::leak(Box::new(array::from_fn(|_| AtomicU64::new(0)))),
        }
    }

    fn get(&self, key: &[u8], loads: &Loads, user: u64, month: &str) -> Answer {
        match self.slots.get(key) {
            Some(slot) if slot.is_fresh() => slot.value,
            _ => self.load(key, loads, user, month),
        }
    }

    #[cold]
    fn load(&self, key: &[u8], loads: &Loads, user: u64, month: &str) -> Answer {
        let cells = [self.all, &self.users[(user % 64) as usize]];
        let tags = cells.map(|cell| (cell, cell.load(Ordering::Acquire)));
        let value = loads.load(user, month);
        let expires = NOW.load(Ordering::Relaxed) + TTL_IN_TICKS;
        self.slots.insert(key.into(), Slot { value: Arc::clone(&value), expires, tags });
        value
    }
}

/// Bytes that are put together without the heap.
struct StackKey {
    bytes: [u8; 64],
    length: usize,
}

impl StackKey {
    fn new() -> Self {
        Self { bytes: [0; 64], length: 0 }
    }

    fn push(&mut self, part: &[u8]) -> &mut Self {
        self.bytes[self.length..self.length + part.len()].copy_from_slice(part);
        self.length += part.len();
        self
    }

    /// Written where the digits are to stay: to copy them right after they were stored one by one costs a tenth of a hit.
    fn push_number(&mut self, mut number: u64) -> &mut Self {
        let start = self.length;
        self.length += number.checked_ilog10().map_or(1, |log| log as usize + 1);
        for digit in self.bytes[start..self.length].iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
        self
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_keys_are_the_same_bytes() {
        for user in [0, 9, 10, 12_345, u64::MAX] {
            let mut key = StackKey::new();
            key.push(b"user:").push_number(user).push(b":orders:").push(b"2024-06");
            assert_eq!(key.as_bytes(), workload::key(user, "2024-06").as_bytes());
        }
    }

    #[test]
    fn an_entry_is_not_served_after_one_of_its_tags_changed() {
        static LOADS: Loads = Loads::new();
        let cache = HandWritten::new();
        cache.get(b"key", &LOADS, 1, "2024-06");
        cache.users[1].fetch_add(1, Ordering::Release);
        cache.get(b"key", &LOADS, 1, "2024-06");
        cache.get(b"key", &LOADS, 1, "2024-06");
        assert_eq!(LOADS.count(), 2);
    }
}
