//! The map of entries as loom sees it: a short list under one lock, evicting what came first. It keeps to the one rule that the
//! store relies on: each call is one step for all others, and a value is cloned inside that step.

use std::marker::PhantomData;

use quick_cache::{Equivalent, Lifecycle, Weighter};

use super::Mutex;

pub(crate) struct Entries<K, V, W, H, L> {
    list: Mutex<Vec<(K, V)>>,
    capacity: u64,
    weighter: W,
    lifecycle: L,
    hasher: PhantomData<fn() -> H>,
}

impl<K, V: Clone, W: Weighter<K, V>, H, L: Lifecycle<K, V>> Entries<K, V, W, H, L> {
    pub(crate) fn with(_entries: usize, capacity: u64, weighter: W, _hasher: H, lifecycle: L) -> Self {
        Self { list: Mutex::new(Vec::new()), capacity, weighter, lifecycle, hasher: PhantomData }
    }

    pub(crate) fn get(&self, key: &impl Equivalent<K>) -> Option<V> {
        self.list.lock().iter().find(|(own, _)| key.equivalent(own)).map(|(_, value)| value.clone())
    }

    pub(crate) fn remove(&self, key: &impl Equivalent<K>) -> Option<(K, V)> {
        self.remove_if(key, |_| true)
    }

    pub(crate) fn remove_if(&self, key: &impl Equivalent<K>, condition: impl FnOnce(&V) -> bool) -> Option<(K, V)> {
        let mut list = self.list.lock();
        let position = list.iter().position(|(own, _)| key.equivalent(own))?;
        condition(&list[position].1).then(|| list.remove(position))
    }

    pub(crate) fn insert_with_lifecycle(&self, key: K, value: V, removed: &mut L::RequestState)
    where
        K: Eq,
    {
        let mut list = self.list.lock();
        if let Some(position) = list.iter().position(|(own, _)| *own == key) {
            let (old_key, old_value) = list.remove(position);
            self.lifecycle.on_evict(removed, old_key, old_value);
        }
        list.push((key, value));
        while self.weigh(&list) > self.capacity {
            let (old_key, old_value) = list.remove(0);
            self.lifecycle.on_evict(removed, old_key, old_value);
        }
    }

    pub(crate) fn drain(&self) -> impl Iterator<Item = (K, V)> {
        std::mem::take(&mut *self.list.lock()).into_iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.list.lock().len()
    }

    pub(crate) fn weight(&self) -> u64 {
        self.weigh(&self.list.lock())
    }

    pub(crate) const fn capacity(&self) -> u64 {
        self.capacity
    }

    fn weigh(&self, list: &[(K, V)]) -> u64 {
        list.iter().map(|(key, value)| self.weighter.weight(key, value)).sum()
    }
}
