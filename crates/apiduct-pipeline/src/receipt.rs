use crate::event::{Event, EventSink};
use crate::no_rows;

use apiduct_model::{ResourceName, TableName};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How a run, or a resource in it, ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Every row that the API has was loaded.
    Complete,
    /// The run ended early or rows are missing, by what the API itself says. A rerun goes on.
    Incomplete,
    /// An error ended it.
    Failed,
}

impl Status {
    /// The word that people read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
            Self::Failed => "failed",
        }
    }
}

/// What a run did: the last thing it prints, and what a program gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// How it ended.
    pub status: Status,
    /// Why it is not complete, or what of it an earlier run had fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Identity of the load. Absent when nothing was fetched because an earlier load had only to be finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_id: Option<String>,
    /// Loads of earlier runs that this run finished, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recovered: Vec<String>,
    /// What was fetched, by resource.
    pub resources: IndexMap<ResourceName, ResourceReceipt>,
    /// Rows loaded, by table, those of recovered loads included.
    pub tables: IndexMap<TableName, u64>,
    /// Wall time of the run.
    pub seconds: f64,
}

/// What was fetched of one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceReceipt {
    /// How it ended.
    pub status: Status,
    /// Tries sent, the first ones and the retries; those that ask for a report and how far it is included.
    pub requests: u64,
    /// Pages received, those that an earlier run had kept included.
    pub pages: u64,
    /// Pages that an earlier run had kept, and that were not fetched again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub resumed_pages: u64,
    /// Records received.
    pub rows: u64,
    /// Rows that came of the records, those of nested lists aside; absent where rows only feed children.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loaded_rows: Option<u64>,
    /// Why no row came of the records, where there were some; absent where all of them were simply not new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_rows: Option<String>,
    /// Bytes of the bodies, decoded.
    pub bytes: u64,
    /// The API's own count of records, where it gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_rows: Option<u64>,
    /// Records whose primary key came before in the same list. They are looked for among the last 262,144 records at
    /// least, and not at all without a primary key.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub repeated_keys: u64,
    /// Tries beyond the first ones.
    pub retries: u64,
    /// Answers `429`.
    pub rate_limited: u64,
    /// Milliseconds that requests spent waiting to be allowed to go on: for the declared rate, for the server's rate limit,
    /// and between two tries. Of requests that wait for one rate together, only the first counts; waits of others add up.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub throttled_ms: u64,
    /// Rows of the parent whose pages could not be had, where `on_error` bears some.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failed_parents: u64,
    /// Records or pages left out on purpose, by reason.
    pub skipped: IndexMap<String, u64>,
    /// Why it is not complete, where the API's own count does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where an incremental load started, and how far it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<CursorReceipt>,
    /// Signs that the list changed while it was read; absent when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<DriftReceipt>,
}

/// Signs that a list changed while it was read. What came twice or was left out shows at the next run; it does not make
/// a run incomplete.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftReceipt {
    /// Pages that begin with records of the page before.
    pub overlaps: u64,
    /// Records that came twice for this reason.
    pub repeated_rows: u64,
    /// How often the API's own total was another one than on the page before.
    pub total_changes: u64,
}

/// Where an incremental load started, and how far it came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CursorReceipt {
    /// The start, as the API writes cursors; absent when everything was wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Value>,
    /// The farthest cursor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Value>,
    /// With a cursor for each row of the parent: how many are remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parents: Option<u64>,
    /// Rows at the farthest cursor that are too many to be remembered; they may come twice.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unseen_at_boundary: u64,
}

impl ResourceReceipt {
    /// Adds what a later pull of the same run brought.
    fn add(&mut self, later: Self) {
        self.requests += later.requests;
        self.pages += later.pages;
        self.resumed_pages += later.resumed_pages;
        self.rows += later.rows;
        self.loaded_rows = match (self.loaded_rows, later.loaded_rows) {
            (Some(one), Some(other)) => Some(one + other),
            (one, other) => one.or(other),
        };
        self.bytes += later.bytes;
        self.expected_rows = self
            .expected_rows
            .zip(later.expected_rows)
            .map(|(a, b)| a + b);
        self.repeated_keys += later.repeated_keys;
        self.retries += later.retries;
        self.rate_limited += later.rate_limited;
        self.throttled_ms += later.throttled_ms;
        self.failed_parents += later.failed_parents;
        for (reason, count) in later.skipped {
            *self.skipped.entry(reason).or_default() += count;
        }
        if let Some(later) = later.cursor {
            let from = self.cursor.take().and_then(|one| one.from);
            self.cursor = Some(CursorReceipt { from, ..later });
        }
        self.drift = match (self.drift, later.drift) {
            (Some(one), Some(other)) => Some(DriftReceipt {
                overlaps: one.overlaps + other.overlaps,
                repeated_rows: one.repeated_rows + other.repeated_rows,
                total_changes: one.total_changes + other.total_changes,
            }),
            (one, other) => one.or(other),
        };
        if later.status != Status::Complete {
            self.status = later.status;
            self.reason = later.reason;
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Default for ResourceReceipt {
    fn default() -> Self {
        Self {
            status: Status::Complete,
            requests: 0,
            pages: 0,
            resumed_pages: 0,
            rows: 0,
            loaded_rows: None,
            no_rows: None,
            bytes: 0,
            expected_rows: None,
            repeated_keys: 0,
            retries: 0,
            rate_limited: 0,
            throttled_ms: 0,
            failed_parents: 0,
            skipped: IndexMap::new(),
            reason: None,
            cursor: None,
            drift: None,
        }
    }
}

impl ResourceReceipt {
    /// Why it is not complete, in a sentence.
    fn why_incomplete(&self, name: &ResourceName) -> String {
        match (&self.reason, self.expected_rows) {
            (None, Some(expected)) => format!(
                "the API says that `{name}` has {expected} records, and {} came",
                self.rows
            ),
            (Some(reason), _) => format!("`{name}` is not whole: {reason}"),
            (None, None) => format!("`{name}` is not whole"),
        }
    }
}

impl Receipt {
    /// Takes over the receipts of `resources`, and is incomplete when one of them is.
    pub(crate) fn take_resources(&mut self, resources: IndexMap<ResourceName, ResourceReceipt>) {
        let incomplete = resources
            .iter()
            .find(|(_, one)| one.status != Status::Complete);
        if let Some((name, one)) = incomplete {
            self.status = Status::Incomplete;
            self.reason = Some(one.why_incomplete(name));
        }
        for (name, one) in resources {
            match self.resources.get_mut(&name) {
                Some(earlier) => earlier.add(one),
                None => drop(self.resources.insert(name, one)),
            }
        }
    }

    /// Writes down, and tells, which resources gave records and no row of them. To be called once all pulls are in.
    pub(crate) fn flag_no_rows(&mut self, events: &dyn EventSink) {
        for (name, one) in &mut self.resources {
            if let Some(why) = no_rows::explain(one) {
                let message = format!("`{name}` gave records and not one row: {why}");
                events.event(&Event::Warning { message });
                one.no_rows = Some(why);
            }
        }
    }

    /// Records over all resources.
    pub fn rows(&self) -> u64 {
        self.resources.values().map(|resource| resource.rows).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_reads_back_from_its_json() {
        let receipt = Receipt {
            status: Status::Complete,
            reason: None,
            load_id: Some("01J".to_owned()),
            recovered: Vec::new(),
            resources: IndexMap::from([(
                "issues".into(),
                ResourceReceipt {
                    rows: 3,
                    ..ResourceReceipt::default()
                },
            )]),
            tables: IndexMap::from([("issues".into(), 3)]),
            seconds: 0.5,
        };
        let json = serde_json::to_value(&receipt).unwrap();
        assert_eq!(json["status"], "complete");
        assert_eq!(json["resources"]["issues"]["rows"], 3);
        assert_eq!(serde_json::from_value::<Receipt>(json).unwrap(), receipt);
    }
}
