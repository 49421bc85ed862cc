//! No secret may be in what the tests print.
//!
//! Every secret in the tests has [`MARKER`] in it. Nextest keeps what each test prints, with all that the program, its
//! logs and its errors say; after a whole run that is searched.

use std::fs;
use std::path::Path;

use crate::failure::{Context, Failure, Result};
use crate::tool::say;

/// What every secret in the tests contains; the same as `apiduct_testkit::leak::MARKER`.
const MARKER: &str = "s3cret";

/// What [`MARKER`] looks like inside Base64, by the place where it begins there.
const IN_BASE64: [&str; 3] = ["czNjcmV0", "MzY3Jld", "zM2NyZX"];

/// Searches the report of a run, nextest's `junit.xml` with all output in it.
///
/// # Errors
///
/// When the report cannot be read or holds a secret.
pub(crate) fn search(report: &Path) -> Result<()> {
    let text = fs::read_to_string(report)
        .context(|| format!("cannot read the report of the tests `{}`", report.display()))?;
    let found = found(&text);
    say(&format!(
        "{} secrets in {} bytes of what {} tests printed",
        found.len(),
        text.len(),
        text.matches("<testcase ").count()
    ));
    match found.first() {
        None => Ok(()),
        Some((test, line)) => Err(Failure::new(format!(
            "the test `{test}` prints a secret: {line}"
        ))
        .hint("mask it, or print something else")),
    }
}

/// The tests that print a secret, with the line.
fn found(report: &str) -> Vec<(String, String)> {
    let percent = percent_encoded(MARKER);
    let mut test = String::new();
    let mut found = Vec::new();
    for line in report.lines() {
        if let Some((_, rest)) = line.split_once("<testcase name=\"") {
            rest.split('"')
                .next()
                .unwrap_or_default()
                .clone_into(&mut test);
        }
        let is_encoded =
            IN_BASE64.iter().any(|form| line.contains(form)) || line.contains(&percent);
        let is_name = line.contains("<testcase name=\"");
        if !is_name && (line.to_ascii_lowercase().contains(MARKER) || is_encoded) {
            found.push((test.clone(), line.trim().to_owned()));
        }
    }
    found
}

fn percent_encoded(text: &str) -> String {
    let sequences: Vec<String> = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    sequences.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(output: &str) -> String {
        format!(
            "<testcase name=\"a::b_s3cret\" time=\"1\">\n<system-out>one\n{output}\n</system-out>\n</testcase>"
        )
    }

    #[test]
    fn a_secret_is_found_in_every_form_and_its_test_named() {
        // `s3cret-77`, `as3cret-77` and `ada:s3cret-77` in Base64.
        for form in [
            "x=s3cret-77",
            "S3CRET",
            "czNjcmV0LTc3",
            "YXMzY3JldC03Nw==",
            "YWRhOnMzY3JldC03Nw==",
            &percent_encoded(MARKER),
        ] {
            let found = found(&report(form));
            assert_eq!(found, [("a::b_s3cret".to_owned(), form.to_owned())]);
        }
    }

    #[test]
    fn a_report_without_secrets_is_clean() {
        assert_eq!(found(&report("token=*** c2VjcmV0")), []);
    }
}
