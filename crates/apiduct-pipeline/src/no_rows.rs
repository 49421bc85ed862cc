//! Answers that were not empty and gave no row: a filter that is too narrow looks like an API that has nothing.

use crate::receipt::ResourceReceipt;

/// Records that are left out for these reasons were loaded before, or are older than what was: nothing is wrong.
const NOT_NEW: [&str; 2] = ["before_start", "already_loaded"];

/// Why no row came of the records of `receipt`; `None` where some did, where there were no records, where none were to be
/// loaded, and where nothing was new.
pub(crate) fn explain(receipt: &ResourceReceipt) -> Option<String> {
    if receipt.loaded_rows != Some(0) || receipt.rows == 0 {
        return None;
    }
    let reasons = || receipt.skipped.iter();
    let not_new = reasons().filter(|(reason, _)| NOT_NEW.contains(&reason.as_str()));
    let not_new: u64 = not_new.map(|(_, count)| count).sum();
    if not_new >= receipt.rows {
        return None;
    }
    let rows = receipt.rows;
    let came = if rows == 1 {
        "1 record came".to_owned()
    } else {
        format!("{rows} records came")
    };
    let left_out: Vec<String> = reasons()
        .map(|(reason, count)| format!("{count} by `{reason}`"))
        .collect();
    if left_out.is_empty() {
        return Some(format!("{came}, and nothing in them makes a row"));
    }
    Some(format!("{came}, left out were {}", left_out.join(", ")))
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;

    use super::*;

    fn explained(rows: u64, loaded: Option<u64>, skipped: &[(&str, u64)]) -> Option<String> {
        let skipped = skipped.iter();
        let skipped = skipped.map(|(reason, count)| ((*reason).to_owned(), *count));
        explain(&ResourceReceipt {
            rows,
            loaded_rows: loaded,
            skipped: skipped.collect::<IndexMap<_, _>>(),
            ..ResourceReceipt::default()
        })
    }

    #[test]
    fn only_records_without_any_row_are_told_about() {
        assert_eq!(explained(0, Some(0), &[]), None, "the list was empty");
        assert_eq!(explained(3, Some(1), &[("filter", 2)]), None);
        assert_eq!(explained(3, None, &[("filter", 3)]), None, "not loaded");
        assert_eq!(
            explained(3, Some(0), &[("filter", 2), ("dedupe", 1)]).as_deref(),
            Some("3 records came, left out were 2 by `filter`, 1 by `dedupe`")
        );
        assert_eq!(
            explained(1, Some(0), &[]).as_deref(),
            Some("1 record came, and nothing in them makes a row")
        );
    }

    #[test]
    fn records_that_are_not_new_are_the_usual_end_of_an_incremental_load() {
        let not_new = [("before_start", 2), ("already_loaded", 1)];
        assert_eq!(explained(3, Some(0), &not_new), None);
        let late = [("before_start", 2), ("after_end", 1)];
        assert!(explained(3, Some(0), &late).is_some());
        let missing = [("cursor_missing", 3)];
        assert!(explained(3, Some(0), &missing).is_some());
    }
}
