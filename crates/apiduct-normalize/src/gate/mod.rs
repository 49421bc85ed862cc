//! The gate of an incremental load: which records are new, and how far they reach.

mod digest;
mod judge;

use std::collections::HashMap;

use apiduct_json::Selector;
use apiduct_model::Scalar;
use apiduct_model::cursor::{CursorFormat, CursorType, TimeFormat, Zone};

pub(crate) use judge::{Judge, Refusal, Verdict};

/// Lets only those records through that an incremental load wants. A record that is left out leaves no trace in any
/// table.
///
/// The bounds are fixed: what comes in does not move them. The farthest cursor is kept beside them, for
/// [`GateReport`].
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// Where the cursor is in a record.
    pub cursor: Selector,
    /// What it is; `None`: what the first one looks like.
    pub cursor_type: Option<CursorType>,
    /// How the API writes times.
    pub format: Option<TimeFormat>,
    /// The zone of times that name none.
    pub zone: Zone,
    /// Whether smaller cursors come later.
    pub falls: bool,
    /// Whether a cursor at the start itself is wanted.
    pub is_start_closed: bool,
    /// Records from here on are not wanted.
    pub end: Option<Scalar>,
    /// Whether a cursor at the end itself is wanted.
    pub is_end_closed: bool,
    /// What happens with a record without a cursor.
    pub missing: MissingCursor,
    /// What identifies a record at the boundary: fields, or the whole record if there are none. `None`: nothing, and
    /// records at the boundary come again.
    pub key: Option<Vec<GateKey>>,
    /// Where the load starts.
    pub start: GateStart,
    /// Where it starts for single walks; all others start at [`Gate::start`]. `None`: one start and one farthest
    /// cursor for all walks.
    pub walks: Option<HashMap<u64, GateStart>>,
    /// How many records at the farthest cursor are remembered.
    pub seen_limit: usize,
}

/// A field that identifies a record.
#[derive(Debug, Clone, PartialEq)]
pub struct GateKey {
    /// The field's name, as the file writes it.
    pub name: String,
    /// Where it is in a record.
    pub selector: Selector,
}

/// Where an incremental load starts, and what it knows about the boundary.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GateStart {
    /// Earlier cursors are not wanted.
    pub start: Option<Scalar>,
    /// The farthest cursor of earlier loads.
    pub last: Option<Scalar>,
    /// Digests of the records at that cursor that have been loaded.
    pub seen: Vec<u64>,
    /// Whether that cursor is the start, so that those records are not wanted again.
    pub knows_start: bool,
}

/// What happens with a record without a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingCursor {
    /// It is an error.
    #[default]
    Raise,
    /// The record is loaded.
    Include,
    /// The record is left out.
    Exclude,
}

/// What a gate has seen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GateReport {
    /// What the cursors are; `None` when there were none.
    pub cursor_type: Option<CursorType>,
    /// How far all walks together came, if they are not told apart.
    pub reached: Reached,
    /// How far each walk came that was entered, if they are told apart.
    pub walks: HashMap<u64, Reached>,
    /// What was left out.
    pub skipped: Skipped,
}

/// How far records came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reached {
    /// The farthest cursor, that of earlier loads included, as the API wrote it.
    pub last: Option<Scalar>,
    /// Digests of the records at that cursor, in order.
    pub seen: Vec<u64>,
    /// Records at that cursor beyond [`Gate::seen_limit`], which may come twice.
    pub unseen: u64,
}

/// Records that were left out, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Skipped {
    /// Their cursor is before the start.
    pub before_start: u64,
    /// Their cursor is at or after the end.
    pub after_end: u64,
    /// They stand at the start and were loaded before.
    pub already_loaded: u64,
    /// They have no cursor.
    pub cursor_missing: u64,
}

impl Skipped {
    /// The counts that are not zero, by the names of the receipt.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        [
            ("before_start", self.before_start),
            ("after_end", self.after_end),
            ("already_loaded", self.already_loaded),
            ("cursor_missing", self.cursor_missing),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
    }
}

impl Gate {
    /// A gate at `cursor` that lets everything through.
    pub fn new(cursor: Selector) -> Self {
        Self {
            cursor,
            cursor_type: None,
            format: None,
            zone: Zone::utc(),
            falls: false,
            is_start_closed: true,
            end: None,
            is_end_closed: false,
            missing: MissingCursor::default(),
            key: Some(Vec::new()),
            start: GateStart::default(),
            walks: None,
            seen_limit: 10_000,
        }
    }

    fn format_as(&self, cursor_type: CursorType) -> CursorFormat {
        CursorFormat {
            cursor_type,
            format: self.format.clone(),
            zone: self.zone.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
