//! Documents with mistakes, each with the whole report of `apiduct check` beside it.

use std::path::{Path, PathBuf};

use crate::program::Program;

/// `tests/broken`: `NAME.yaml`, `.toml` or `.json`, and its report, `NAME.snap`.
fn documents() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|one| one != "snap" && one != "new")
    });
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// The report for the document at `path`.
fn report(path: &Path) -> String {
    let program = Program::new();
    program.write(&name(path), &std::fs::read_to_string(path).unwrap());
    let outcome = program.call(&["check", &name(path)]);
    assert_eq!(outcome.stdout, "", "{outcome}");
    outcome.to_string()
}

/// What is missing at the findings of a report: their place, or what to do.
fn gaps(report: &str, file: &str) -> Vec<String> {
    let lines: Vec<&str> = report.lines().collect();
    let is_number = |text: Option<&str>| {
        text.is_some_and(|text| text.parse::<usize>().is_ok_and(|one| one > 0))
    };
    let mut gaps = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(finding) = line.strip_prefix("error: ") else {
            continue;
        };
        if finding.ends_with(&format!("mistakes in `{file}`")) {
            continue;
        }
        let place = finding
            .strip_prefix(file)
            .and_then(|rest| rest.strip_prefix(':'));
        let mut parts = place.unwrap_or_default().splitn(3, ':');
        if !is_number(parts.next()) || !is_number(parts.next()) {
            gaps.push(format!("no place: {line}"));
        }
        if parts.next().is_none_or(|reason| reason.trim().is_empty()) {
            gaps.push(format!("no reason: {line}"));
        }
        let after = lines[at + 1..]
            .iter()
            .find(|line| !line.starts_with("  cause: "));
        if !after.is_some_and(|line| {
            line.strip_prefix("hint: ")
                .is_some_and(|hint| !hint.is_empty())
        }) {
            gaps.push(format!("no suggestion: {line}"));
        }
    }
    gaps
}

#[test]
fn every_broken_document_gets_its_report_with_place_reason_and_suggestion() {
    let documents = documents();
    assert!(documents.len() >= 60, "only {}", documents.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../broken");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let mut all = Vec::new();
    for path in &documents {
        let report = report(path);
        if !report.contains("error: ") || !report.contains("--- exit code 2") {
            all.push(format!("accepted: {report}"));
            continue;
        }
        all.extend(gaps(&report, &name(path)));
        let stem = path.file_stem().unwrap().to_str().unwrap();
        settings.bind(|| insta::assert_snapshot!(stem, report));
    }
    assert!(all.is_empty(), "{all:#?}");
}

#[test]
fn a_report_without_place_or_suggestion_would_be_noticed() {
    let good = "error: a.yaml:1:2: x: no\n  cause: why\nhint: do\nerror: 2 mistakes in `a.yaml`";
    assert_eq!(gaps(good, "a.yaml"), Vec::<String>::new());
    for (bad, expected) in [
        ("error: a.yaml: x: no\nhint: do", "no place"),
        ("error: a.yaml:0:0: x\nhint: do", "no place"),
        ("error: a.yaml:1:2:\nhint: do", "no reason"),
        (
            "error: a.yaml:1:2: x\n  cause: why\nerror: a.yaml:1:3: y\nhint: do",
            "no suggestion",
        ),
        ("error: a.yaml:1:2: x", "no suggestion"),
    ] {
        let found = gaps(bad, "a.yaml");
        assert!(found[0].starts_with(expected), "{bad}: {found:?}");
    }
}
