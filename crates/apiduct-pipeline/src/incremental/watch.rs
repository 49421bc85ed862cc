//! What the network side looks at in a page: whether the rest can be of use, and a cursor that stands beside the rows.

use std::cmp::Ordering;
use std::sync::Arc;

use apiduct_client::Page;
use apiduct_config::plan::{Extreme, RowOrder};
use apiduct_json::{Captured, ScanPlan, Selector};
use apiduct_model::Scalar;
use apiduct_model::cursor::{CursorFormat, CursorType, RawCursor};
use bytes::Bytes;

use super::Increment;
use super::bounds::Bounds;

/// Looks at the pages of one walk.
#[derive(Debug)]
pub(crate) struct PageWatch {
    stop: Option<Stop>,
    capture: Option<(ScanPlan, Arc<Increment>)>,
}

/// When to stop asking, since rows come in a known order.
#[derive(Debug)]
struct Stop {
    cursor: ScanPlan,
    format: CursorFormat,
    /// The bound that the rows move toward.
    bound: Scalar,
    /// How the last row of a page stands to the bound when the rest is out of range.
    is_past: Ordering,
    /// Whether a row at the bound itself is out of range.
    is_past_at: bool,
}

impl PageWatch {
    /// `None` when there is nothing to look for.
    pub(super) fn new(increment: &Arc<Increment>, bounds: &Bounds) -> Option<Self> {
        let plan = &increment.plan;
        let capture = match &plan.cursor {
            apiduct_config::plan::CursorFrom::Response(selector) => {
                let plan = ScanPlan::new(Selector::root(), vec![selector.clone()]);
                Some((plan, Arc::clone(increment)))
            }
            _ => None,
        };
        let stop = Stop::new(increment, bounds);
        (stop.is_some() || capture.is_some()).then_some(Self { stop, capture })
    }

    /// Takes note of `page`; whether the pages behind it are all out of range.
    pub(crate) fn look(&self, page: &Page) -> bool {
        if let Some((plan, increment)) = &self.capture
            && let Some(found) = first(plan, &page.response.body)
        {
            increment.capture(found);
        }
        let last = page.raw_records().last();
        match (&self.stop, last) {
            (Some(stop), Some(record)) => stop.is_beyond(record),
            _ => false,
        }
    }
}

impl Stop {
    fn new(increment: &Increment, bounds: &Bounds) -> Option<Self> {
        let plan = &increment.plan;
        let selector = plan.row_cursor()?;
        let rises = plan.extreme == Extreme::Max;
        let goes_on = match plan.row_order? {
            RowOrder::Ascending => rises,
            RowOrder::Descending => !rises,
        };
        let (bound, is_past_at) = if goes_on {
            (bounds.end.clone()?, !bounds.is_end_closed)
        } else {
            (bounds.start.clone()?, !plan.is_start_closed)
        };
        let known = bounds.cursor_type;
        let known = known.or_else(|| RawCursor::of(&bound).map(CursorType::infer))?;
        Some(Self {
            cursor: ScanPlan::new(Selector::root(), vec![selector.clone()]),
            format: plan.format_as(known),
            bound,
            is_past: match plan.row_order? {
                RowOrder::Ascending => Ordering::Greater,
                RowOrder::Descending => Ordering::Less,
            },
            is_past_at,
        })
    }

    /// A row that cannot be judged here stops nothing; the worker says what is wrong with it.
    fn is_beyond(&self, record: &str) -> bool {
        let found = first(&self.cursor, &Bytes::copy_from_slice(record.as_bytes()));
        let order = found.as_ref().and_then(RawCursor::of).and_then(|found| {
            let bound = RawCursor::of(&self.bound)?;
            let own = self.format.key(found).ok()?;
            Some(own.cmp(&self.format.key(bound).ok()?))
        });
        order.is_some_and(|order| order == self.is_past || (self.is_past_at && order.is_eq()))
    }
}

/// The scalar that the one capture of `plan` finds.
fn first(plan: &ScanPlan, body: &Bytes) -> Option<Scalar> {
    match plan.scan(body).ok()?.captures.into_iter().next()? {
        Captured::Scalar(scalar) if !scalar.is_null() => Some(scalar),
        _ => None,
    }
}
