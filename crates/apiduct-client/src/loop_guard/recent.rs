//! A map that forgets.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// The latest entries, up to a bound; what came first is forgotten first.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    entries: HashMap<K, V>,
    order: VecDeque<K>,
    bound: usize,
}

impl<K: Copy + Eq + Hash, V> Recent<K, V> {
    pub(super) fn new(bound: usize) -> Self {
        Self {
            entries: HashMap::new(),
            order: VecDeque::new(),
            bound: bound.max(1),
        }
    }

    pub(super) fn get(&self, key: K) -> Option<&V> {
        self.entries.get(&key)
    }

    /// Keeps `value` under a key that is not there yet.
    pub(super) fn insert(&mut self, key: K, value: V) {
        if self.entries.insert(key, value).is_some() {
            return;
        }
        self.order.push_back(key);
        if self.order.len() > self.bound
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_entries_make_room_for_new_ones() {
        let mut recent = Recent::new(3);
        for key in 0..10 {
            recent.insert(key, key);
        }
        let kept: Vec<i32> = (0..10).filter(|key| recent.get(*key).is_some()).collect();
        assert_eq!((kept, recent.len()), (vec![7, 8, 9], 3));
        recent.insert(8, 80);
        assert_eq!((recent.get(8), recent.len()), (Some(&80), 3));
    }
}
