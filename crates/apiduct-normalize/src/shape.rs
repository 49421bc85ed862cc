//! What is known about the keys of objects at one place, so that each name is normalized once.

use std::collections::HashMap;

use apiduct_json::KeyGuess;
use xxhash_rust::xxh3::Xxh3Builder;

/// The objects found at one path of a table's records.
#[derive(Debug)]
pub(crate) struct Shape {
    /// The table whose columns the keys become.
    pub(crate) table: usize,
    /// How many lists and objects are around it, counted from the root record.
    pub(crate) level: usize,
    /// Normalized path of the object inside the record, empty for the record itself.
    pub(crate) prefix: String,
    /// The same path as the source writes it.
    pub(crate) source: String,
    pub(crate) slots: Vec<Slot>,
    by_key: HashMap<Box<str>, usize, Xxh3Builder>,
    /// Keys that are spelled with escapes, by that spelling.
    by_escaped: HashMap<Box<str>, usize, Xxh3Builder>,
    /// Taps that go on below this object, and how many of their steps have been followed.
    pub(crate) taps: Vec<(usize, usize)>,
}

/// One key of a [`Shape`] and where its values go. What is `None` has not been needed yet.
#[derive(Debug)]
pub(crate) struct Slot {
    /// The key, unescaped.
    pub(crate) key: Box<str>,
    /// The key as the parser compares it.
    pub(crate) guess: KeyGuess,
    /// The column for scalars.
    pub(crate) column: Option<usize>,
    /// The shape of objects.
    pub(crate) child: Option<usize>,
    /// The table for elements of lists.
    pub(crate) nested: Option<usize>,
    /// The tap that wants the value as it was written.
    pub(crate) tap: Option<usize>,
    /// Whether the value is the one that is watched.
    pub(crate) is_watched: bool,
    /// Whether its values need more than a column: they are tapped, or kept as documents.
    pub(crate) is_special: bool,
    /// The last object in which the key was met; a second time in the same object is a duplicate.
    pub(crate) visit: u64,
}

impl Shape {
    pub(crate) fn new(
        (table, level): (usize, usize),
        prefix: String,
        source: String,
        taps: Vec<(usize, usize)>,
    ) -> Self {
        Self {
            table,
            level,
            prefix,
            source,
            slots: Vec::new(),
            by_key: HashMap::with_hasher(Xxh3Builder::new()),
            by_escaped: HashMap::with_hasher(Xxh3Builder::new()),
            taps,
        }
    }

    /// The slot of an unescaped `key`.
    pub(crate) fn find(&self, key: &str) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    /// The slot of a key that is spelled with escapes.
    pub(crate) fn find_escaped(&self, spelling: &str) -> Option<usize> {
        self.by_escaped.get(spelling).copied()
    }

    pub(crate) fn add_spelling(&mut self, spelling: &str, slot: usize) {
        self.by_escaped.insert(spelling.into(), slot);
    }

    pub(crate) fn add(&mut self, key: &str, tap: Option<usize>, is_watched: bool) -> usize {
        let slot = Slot {
            key: key.into(),
            guess: KeyGuess::new(key),
            column: None,
            child: None,
            nested: None,
            tap,
            is_watched,
            is_special: tap.is_some() || is_watched,
            visit: 0,
        };
        self.by_key.insert(key.into(), self.slots.len());
        self.slots.push(slot);
        self.slots.len() - 1
    }

    /// Path of `key` as the source writes it, for messages.
    pub(crate) fn source_of(&self, key: &str) -> String {
        if self.source.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.source)
        }
    }
}
