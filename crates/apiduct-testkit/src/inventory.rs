//! Tables that say which test proves what, held to the truth.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What a row may begin with instead of naming a test: why there is nothing to test.
const REASONS: [&str; 4] = [
    "not built: ",
    "types rule it out",
    "Python only: ",
    "the original never runs it",
];

/// Checks the rows `| case | about | proof |` of a table in Markdown: every one of `cases` has one row and no other case
/// has, each row names a test or an example of this workspace in backticks, and every name in backticks is one.
///
/// A row without a test says why, in one of four forms: `not built: …` is a gap, to be told apart from what needs no
/// test, `types rule it out`, `Python only: …` and `the original never runs it`.
///
/// # Panics
///
/// At the first row that is not so.
///
/// ```
/// let table = "\
/// | case | about | proof |
/// |---|---|---|
/// | loops | they end | types rule it out |
/// | sorting | rows in any order | not built: rows come in the order of the API |
/// ";
/// apiduct_testkit::inventory::check(table, ["loops".to_owned(), "sorting".to_owned()]);
/// ```
pub fn check(table: &str, cases: impl IntoIterator<Item = String>) {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("");
    let mut known = tests_below(&crates);
    known.extend(examples(&crates.join("../examples/rest")));
    let mut seen = BTreeSet::new();
    for row in table.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [case, _, proof] = cells[..] else {
            panic!("three cells in {row}");
        };
        if case == "case" {
            continue;
        }
        assert!(seen.insert(case.to_owned()), "{case} stands twice");
        let names: Vec<&str> = proof.split('`').skip(1).step_by(2).collect();
        if is_reason(proof) {
            continue;
        }
        assert!(
            !proof.contains("not built"),
            "{case}: `not built: ` with what is missing begins a row of its own"
        );
        assert!(
            names.iter().any(|name| known.contains(*name)),
            "{case} has neither a test nor a reason"
        );
        for name in names {
            assert!(
                !is_name(name) || known.contains(name),
                "`{name}` proves {case} and does not exist"
            );
        }
    }
    let cases: BTreeSet<String> = cases.into_iter().collect();
    let missing: Vec<_> = cases.difference(&seen).collect();
    let unknown: Vec<_> = seen.difference(&cases).collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
    assert!(unknown.is_empty(), "no case is called {unknown:?}");
}

/// Whether a row says why it has no test.
fn is_reason(proof: &str) -> bool {
    let said = REASONS.iter().find_map(|reason| {
        let rest = proof.strip_prefix(reason)?;
        Some(!reason.ends_with(' ') || !rest.is_empty())
    });
    said.unwrap_or(false)
}

/// Whether `text` may be the name of a test.
fn is_name(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    text.contains('_') && text.chars().all(is_letter)
}

/// The names of all test functions in Rust files below `folder`.
fn tests_below(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in entries(folder) {
        if path.is_dir() {
            names.extend(tests_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
                let Some((_, rest)) = line.split_once("fn ") else {
                    continue;
                };
                if std::mem::take(&mut is_test) {
                    names.extend(rest.split_once('(').map(|(name, _)| name.to_owned()));
                }
            }
        }
    }
    names
}

/// The examples, each a file.
fn examples(folder: &Path) -> BTreeSet<String> {
    let files = entries(folder).into_iter();
    files
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect()
}

fn entries(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    fn is_right(rows: &'static str) -> bool {
        catch_unwind(|| check(rows, ["a".to_owned(), "b".to_owned()])).is_ok()
    }

    #[test]
    fn a_table_is_right_when_every_case_has_a_proof_that_exists() {
        let own = "`a_table_is_right_when_every_case_has_a_proof_that_exists`";
        check(&format!("| a | x | {own} |"), ["a".to_owned()]);
        assert!(is_right(
            "| case | about | proof |\n|---|---|---|\n| a | x | types rule it out |\n| b | x | `json_link` |"
        ));
        for wrong in [
            "| a | x | `json_link` |",
            "| a | x | `json_link` |\n| b | x | `no_such_test` |",
            "| a | x | `json_link` |\n| b | x | `json_link`, `no_such_test` |",
            "| a | x | `json_link` |\n| b | x |  |",
            "| a | x | `json_link` |\n| b | x | `json_link` |\n| c | x | `json_link` |",
            "| a | x | `json_link` |\n| a | x | `json_link` |\n| b | x | `json_link` |",
            "| a | `json_link` |\n| b | x | `json_link` |",
        ] {
            assert!(!is_right(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_gap_is_told_in_one_form_only() {
        let row = |proof: &str| format!("| a | x | {proof} |");
        check(
            &row("not built: nobody asked for `it_yet`"),
            ["a".to_owned()],
        );
        for wrong in [
            "not built",
            "not built:",
            "no test",
            "`json_link`; the rest is not built",
            "is `not_built: yet`",
        ] {
            let table = row(wrong);
            let checked = catch_unwind(|| check(&table, ["a".to_owned()]));
            assert!(checked.is_err(), "{wrong}");
        }
    }
}
