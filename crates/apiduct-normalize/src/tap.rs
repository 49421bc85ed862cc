use apiduct_json::{Captured, JsonError, ScanPlan, Selector};
use bytes::Bytes;

use crate::options::Options;

/// A value of each record that others need as it was written: a child's parameter, a cursor.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tap {
    /// Where it stands in the record.
    pub selector: Selector,
}

impl Tap {
    /// A tap at `selector`.
    pub fn new(selector: Selector) -> Self {
        Self { selector }
    }

    /// The keys along the path, when the walk can follow it.
    pub(crate) fn keys(&self) -> Option<Vec<String>> {
        let keys = self.selector.keys()?;
        (!keys.is_empty()).then(|| keys.into_iter().map(str::to_owned).collect())
    }
}

/// The tapped values of one record, in the order of the taps.
pub type TapRow = Vec<Captured>;

/// Taps as they are served: by the walk where the path consists of names, and else by a look of its own at the record.
#[derive(Debug)]
pub(crate) struct Taps {
    /// For each tap, the keys that the walk follows, or nothing.
    pub(crate) keys: Vec<Vec<String>>,
    /// The other taps: which one, and how to find it.
    scanned: Vec<(usize, ScanPlan)>,
}

impl Taps {
    pub(crate) fn new(taps: &[Tap], options: &Options) -> Self {
        let keys: Vec<Vec<String>> = taps
            .iter()
            .map(|tap| tap.keys().filter(|keys| options.is_walked(keys)))
            .map(Option::unwrap_or_default)
            .collect();
        let plan = |tap: &Tap| ScanPlan::new(Selector::root(), vec![tap.selector.clone()]);
        let scanned = taps
            .iter()
            .enumerate()
            .filter(|(at, _)| keys[*at].is_empty());
        let scanned = scanned.map(|(at, tap)| (at, plan(tap))).collect();
        Self { keys, scanned }
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether some taps need the text of the record.
    pub(crate) fn needs_text(&self) -> bool {
        !self.scanned.is_empty()
    }

    /// Fills the taps that the walk cannot serve.
    pub(crate) fn look(&self, record: &str, row: &mut TapRow) -> Result<(), JsonError> {
        let record = Bytes::copy_from_slice(record.as_bytes());
        for (at, plan) in &self.scanned {
            if let Some(found) = plan.scan(&record)?.captures.pop() {
                row[*at] = found;
            }
        }
        Ok(())
    }
}
