use std::sync::Arc;

use apiduct_json::{Captured, Selector};

/// A field that children need from a parent's rows; the normalizer copies it while it walks the record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tap {
    /// The field as the children write it.
    pub field: Box<str>,
    /// Where it is in a row.
    pub selector: Selector,
}

/// What a child gets to see of one row of its parent: the values of the parent's taps, in their order.
///
/// ```
/// use apiduct_config::template::{ParentRow, Tap};
/// use apiduct_json::{Captured, Selector};
///
/// let number = Selector::parse("number")?;
/// let taps = [Tap { field: "number".into(), selector: number.clone() }];
/// let row = ParentRow::new(taps.into(), vec![Captured::Scalar(7.into())]);
/// assert_eq!(row.value(&number), &Captured::Scalar(7.into()));
/// assert_eq!(row.value(&Selector::parse("id")?), &Captured::Absent);
/// # Ok::<(), apiduct_json::SelectorError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ParentRow {
    taps: Arc<[Tap]>,
    values: Vec<Captured>,
}

impl ParentRow {
    /// A row whose `values` stand in the order of `taps`; missing ones count as absent.
    pub fn new(taps: Arc<[Tap]>, values: Vec<Captured>) -> Self {
        Self { taps, values }
    }

    /// The value of the tap at `selector`.
    pub fn value(&self, selector: &Selector) -> &Captured {
        let found = self.taps.iter().position(|tap| tap.selector == *selector);
        found
            .and_then(|at| self.values.get(at))
            .unwrap_or(&Captured::Absent)
    }

    /// The fields that have a value, for messages.
    pub fn present(&self) -> Vec<&str> {
        let pairs = self.taps.iter().zip(&self.values);
        pairs
            .filter(|(_, value)| **value != Captured::Absent)
            .map(|(tap, _)| &*tap.field)
            .collect()
    }
}
