use std::borrow::Cow;
use std::sync::Arc;

use apiduct_json::{Captured, Selector};

/// A field that children need from a parent's rows; the normalizer copies it while it walks the record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tap {
    /// The parent whose row it is.
    pub parent: Box<str>,
    /// The field as the children write it.
    pub field: Box<str>,
    /// Where it is in a row.
    pub selector: Selector,
}

/// What a child gets to see of one row of its parent, or of one row of each of its parents: the values of their taps,
/// in their order.
///
/// ```
/// use apiduct_config::template::{ParentRow, Tap};
/// use apiduct_json::{Captured, Selector};
///
/// let number = Selector::parse("number")?;
/// let taps = [Tap { parent: "issues".into(), field: "number".into(), selector: number.clone() }];
/// let row = ParentRow::new(taps.into(), vec![Captured::Scalar(7.into())]);
/// assert_eq!(row.value("issues", &number), &Captured::Scalar(7.into()));
/// assert_eq!(row.value("issues", &Selector::parse("id")?), &Captured::Absent);
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

    /// Several rows as one: each value is the list of theirs, with null for a missing one.
    pub fn batch<R: AsRef<[Captured]>>(taps: Arc<[Tap]>, rows: &[R]) -> Self {
        let list = |at: usize| {
            let values: Vec<Cow<'_, str>> = rows
                .iter()
                .map(|row| match row.as_ref().get(at) {
                    Some(Captured::Scalar(scalar)) => Cow::Owned(scalar.to_json()),
                    Some(Captured::Json(json)) => Cow::Borrowed(&**json),
                    Some(Captured::Absent) | None => Cow::Borrowed("null"),
                })
                .collect();
            Captured::Json(format!("[{}]", values.join(",")).into())
        };
        let values = (0..taps.len()).map(list).collect();
        Self { taps, values }
    }

    /// The value of the tap of `parent` at `selector`.
    pub fn value(&self, parent: &str, selector: &Selector) -> &Captured {
        let is_it = |tap: &Tap| tap.selector == *selector && *tap.parent == *parent;
        let found = self.taps.iter().position(is_it);
        found
            .and_then(|at| self.values.get(at))
            .unwrap_or(&Captured::Absent)
    }

    /// The values alone, in the order of the taps.
    pub fn into_values(self) -> Vec<Captured> {
        self.values
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
