//! The receipt of a run, as people read it.

use apiduct::pipeline::{Receipt, ResourceReceipt, Status};
use indicatif::{HumanBytes, HumanCount};
use serde_json::Value;

use crate::exit_code::ExitCode;
use crate::table;

/// The exit code that says the same as the receipt.
pub(crate) fn exit_code(receipt: &Receipt) -> ExitCode {
    match receipt.status {
        Status::Complete => ExitCode::Complete,
        Status::Incomplete => ExitCode::Incomplete,
        Status::Failed => ExitCode::Data,
    }
}

/// The receipt as tables and a last line that says how the run ended.
pub(crate) fn text(receipt: &Receipt, destination: &str) -> String {
    let mut parts = Vec::new();
    if !receipt.resources.is_empty() {
        parts.push(resources(receipt));
    }
    if !receipt.tables.is_empty() {
        let head = ["table", "rows"].map(str::to_owned);
        let rows = receipt
            .tables
            .iter()
            .map(|(table, rows)| vec![table.to_string(), count(*rows)]);
        parts.push(table::plain(&head, &[false, true], rows));
    }
    parts.push(status_line(receipt, destination));
    parts.join("\n")
}

fn resources(receipt: &Receipt) -> String {
    let mut head: Vec<&str> = vec!["resource", "requests", "pages", "rows", "bytes"];
    let all = || receipt.resources.values();
    let has_expected = all().any(|one| one.expected_rows.is_some());
    let has_kept = all().any(|one| one.resumed_pages > 0);
    let has_retries = all().any(|one| one.retries > 0);
    let has_limits = all().any(|one| one.rate_limited > 0);
    let has_waited = all().any(|one| one.throttled_ms > 0);
    let has_skipped = all().any(|one| !one.skipped.is_empty());
    let has_repeated = all().any(|one| one.repeated_keys > 0);
    let has_cursor = all().any(|one| one.cursor.is_some());
    let has_status = all().any(|one| one.status != Status::Complete);
    let optional = [
        (has_expected, "expected"),
        (has_kept, "kept"),
        (has_retries, "retries"),
        (has_limits, "429s"),
        (has_waited, "waited"),
        (has_skipped, "skipped"),
        (has_repeated, "twice"),
        (has_cursor, "up to"),
        (has_status, "status"),
    ];
    head.extend(
        optional
            .iter()
            .filter(|(is_shown, _)| *is_shown)
            .map(|(_, title)| *title),
    );
    let rows = receipt.resources.iter().map(|(name, one)| {
        let mut cells = vec![
            name.to_string(),
            count(one.requests),
            count(one.pages),
            count(one.rows),
            HumanBytes(one.bytes).to_string(),
        ];
        let values = [
            one.expected_rows.map(count).unwrap_or_default(),
            count(one.resumed_pages),
            count(one.retries),
            count(one.rate_limited),
            seconds(one.throttled_ms),
            count(one.skipped.values().sum()),
            count(one.repeated_keys),
            reached(one),
            one.status.word().to_owned(),
        ];
        let shown = optional
            .iter()
            .zip(values)
            .filter(|((is_shown, _), _)| *is_shown);
        cells.extend(shown.map(|(_, value)| value));
        cells
    });
    let right: Vec<bool> = head
        .iter()
        .map(|title| !matches!(*title, "resource" | "status" | "up to"))
        .collect();
    let head: Vec<String> = head.into_iter().map(str::to_owned).collect();
    table::plain(&head, &right, rows)
}

/// The farthest cursor of an incremental load.
fn reached(one: &ResourceReceipt) -> String {
    let Some(cursor) = &one.cursor else {
        return String::new();
    };
    match (&cursor.to, cursor.parents) {
        (_, Some(parents)) => format!(
            "{} {}",
            count(parents),
            plural(parents, "parent", "parents")
        ),
        (Some(Value::String(text)), None) => text.clone(),
        (Some(other), None) => other.to_string(),
        (None, None) => String::new(),
    }
}

fn status_line(receipt: &Receipt, destination: &str) -> String {
    let rows: u64 = receipt.tables.values().sum();
    let mut line = format!(
        "{}: {} {} in {} {} loaded into {destination} in {:.1} s",
        receipt.status.word(),
        count(rows),
        plural(rows, "row", "rows"),
        receipt.tables.len(),
        plural(receipt.tables.len() as u64, "table", "tables"),
        receipt.seconds,
    );
    if let Some(load_id) = &receipt.load_id {
        line = format!("{line} (load {load_id})");
    }
    let mut lines = vec![line];
    let recovered = receipt.recovered.iter();
    lines.extend(recovered.map(|load_id| format!("delivered from an earlier run: load {load_id}")));
    lines.extend(
        receipt
            .reason
            .iter()
            .map(|reason| format!("{}: {reason}", receipt.status.word())),
    );
    lines.push(String::new());
    lines.join("\n")
}

/// `12.3 s`; nothing for no time.
fn seconds(milliseconds: u64) -> String {
    if milliseconds == 0 {
        return String::new();
    }
    format!("{:.1} s", milliseconds as f64 / 1e3)
}

fn count(number: u64) -> String {
    HumanCount(number).to_string()
}

fn plural(number: u64, one: &'static str, many: &'static str) -> &'static str {
    if number == 1 { one } else { many }
}

#[cfg(test)]
mod tests {
    use apiduct::pipeline::ResourceReceipt;
    use indexmap::IndexMap;

    use super::*;

    fn receipt() -> Receipt {
        let issues = ResourceReceipt {
            requests: 12,
            pages: 12,
            rows: 1187,
            bytes: 3_381_220,
            ..ResourceReceipt::default()
        };
        Receipt {
            status: Status::Complete,
            reason: None,
            load_id: Some("01J".to_owned()),
            recovered: Vec::new(),
            resources: IndexMap::from([("issues".into(), issues)]),
            tables: IndexMap::from([("issues".into(), 1187), ("issues__labels".into(), 2310)]),
            seconds: 4.12,
        }
    }

    #[test]
    fn a_plain_run_has_no_columns_about_trouble() {
        let text = text(&receipt(), "duckdb:t.duckdb");
        let expected = "\
resource  requests  pages   rows     bytes
──────────────────────────────────────────
issues          12     12  1,187  3.22 MiB

table            rows
─────────────────────
issues          1,187
issues__labels  2,310

complete: 3,497 rows in 2 tables loaded into duckdb:t.duckdb in 4.1 s (load 01J)
";
        assert_eq!(text, expected);
    }

    #[test]
    fn trouble_shows_in_columns_and_below() {
        let mut receipt = receipt();
        receipt.status = Status::Incomplete;
        receipt.reason = Some("resource `issues` has 1,187 of 1,200 rows".to_owned());
        receipt.recovered = vec!["01H".to_owned()];
        let one = receipt.resources.values_mut().next().unwrap();
        one.status = Status::Incomplete;
        one.expected_rows = Some(1200);
        one.retries = 3;
        one.rate_limited = 1;
        one.throttled_ms = 61_250;
        one.skipped.insert("filter".to_owned(), 2);
        let text = text(&receipt, "duckdb:t.duckdb");
        assert!(
            text.lines()
                .next()
                .unwrap()
                .ends_with("expected  retries  429s  waited  skipped  status"),
            "{text}"
        );
        assert!(
            text.contains("1,200        3     1  61.2 s        2  incomplete\n"),
            "{text}"
        );
        assert!(
            text.contains("delivered from an earlier run: load 01H\n"),
            "{text}"
        );
        assert!(
            text.ends_with("incomplete: resource `issues` has 1,187 of 1,200 rows\n"),
            "{text}"
        );
        assert_eq!(exit_code(&receipt), ExitCode::Incomplete);
    }

    #[test]
    fn one_row_is_a_row() {
        let mut receipt = receipt();
        receipt.resources.clear();
        receipt.tables = IndexMap::from([("issues".into(), 1)]);
        let text = text(&receipt, "duckdb:t.duckdb");
        assert!(text.contains("complete: 1 row in 1 table loaded"), "{text}");
        assert!(!text.contains("requests"), "{text}");
    }
}
