//! What the records of parents have in the place of fields that children miss, for messages.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use apiduct_json::Selector;
use apiduct_model::ResourceName;
use apiduct_normalize::TapGap;

/// The fields of the first record of each parent that lacks a field which some child asks for. That record is the one at
/// which a child fails that cannot do without: rows are read and requested in one order.
#[derive(Debug, Default)]
pub(crate) struct ParentFields {
    seen: Mutex<HashMap<(String, Selector), Vec<String>>>,
}

impl ParentFields {
    /// Remembers what the records of `parent` have instead.
    pub(crate) fn note(&self, parent: &ResourceName, gaps: Vec<TapGap>) {
        if gaps.is_empty() {
            return;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for gap in gaps {
            seen.entry((parent.to_string(), gap.selector))
                .or_insert(gap.fields);
        }
    }

    /// The fields of the first record of `parent` without the one at `selector`.
    pub(crate) fn beside(&self, parent: &str, selector: &Selector) -> Option<Vec<String>> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(&(parent.to_owned(), selector.clone())).cloned()
    }
}
