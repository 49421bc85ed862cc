use std::fmt;
use std::fs;
use std::ops::AddAssign;
use std::path::Path;

use crate::failure::{Context, Result};

/// Lines of tests for each line of code, at least.
const LEAST: f64 = 0.8;

/// Folders that hold nothing but tests and what tests are made of.
const TEST_FOLDERS: [&str; 2] = ["tests", "apiduct-testkit"];

/// Lines that are neither blank nor a comment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    code: usize,
    tests: usize,
}

impl Lines {
    fn ratio(self) -> f64 {
        self.tests as f64 / self.code.max(1) as f64
    }

    /// What is wrong when there are too few tests.
    pub(crate) fn finding(self) -> Option<String> {
        (self.ratio() < LEAST).then(|| {
            format!(
                "there are {:.2} lines of tests for a line of code, not {LEAST}",
                self.ratio()
            )
        })
    }
}

impl AddAssign for Lines {
    fn add_assign(&mut self, other: Self) {
        self.code += other.code;
        self.tests += other.tests;
    }
}

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} lines of code, {} of tests, ratio {:.2}",
            self.code,
            self.tests,
            self.ratio()
        )
    }
}

/// Counts the Rust of all crates. Tests are what lies below a folder `tests`, files named `tests.rs`, modules
/// `tests` at the end of a file, and the testkit, which exists for tests; benchmarks and examples are neither.
///
/// # Errors
///
/// When a folder or file cannot be read.
pub(crate) fn count(root: &Path) -> Result<Lines> {
    let mut lines = Lines::default();
    for folder in ["crates", "xtask"] {
        lines += count_folder(&root.join(folder), false)?;
    }
    Ok(lines)
}

fn count_folder(folder: &Path, is_test: bool) -> Result<Lines> {
    let cannot = || format!("cannot read the folder `{}`", folder.display());
    let mut lines = Lines::default();
    for entry in fs::read_dir(folder).context(cannot)? {
        let path = entry.context(cannot)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if !matches!(name.as_ref(), "benches" | "examples" | "target") {
                lines += count_folder(&path, is_test || TEST_FOLDERS.contains(&name.as_ref()))?;
            }
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(&path)
                .context(|| format!("cannot read `{}`", path.display()))?;
            lines += count_text(&text, is_test || name == "tests.rs");
        }
    }
    Ok(lines)
}

fn count_text(text: &str, is_test: bool) -> Lines {
    let (code, tests) = match text.split_once("\n#[cfg(test)]\nmod tests {") {
        _ if is_test => ("", text),
        Some((code, tests)) => (code, tests),
        None => (text, ""),
    };
    Lines {
        code: full_lines(code),
        tests: full_lines(tests),
    }
}

fn full_lines(text: &str) -> usize {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_at_the_end_of_a_file_is_tests() {
        let text = "//! Docs.\n\nfn a() {}\n// why\nfn b() {}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn c() {}\n}\n";

        assert_eq!(count_text(text, false), Lines { code: 2, tests: 3 });
    }

    #[test]
    fn a_file_of_tests_is_all_tests() {
        assert_eq!(
            count_text("fn a() {}\n\nfn b() {}\n", true),
            Lines { code: 0, tests: 2 }
        );
    }

    #[test]
    fn a_declaration_of_a_test_file_is_code() {
        assert_eq!(
            count_text("fn a() {}\n#[cfg(test)]\nmod tests;\n", false).tests,
            0
        );
    }

    #[test]
    fn this_workspace_is_tested_enough() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let lines = count(&root).unwrap();

        assert_eq!(lines.finding(), None, "{lines}");
    }

    #[test]
    fn too_few_tests_are_a_finding() {
        assert!(
            Lines {
                code: 100,
                tests: 80
            }
            .finding()
            .is_none()
        );
        assert_eq!(
            Lines {
                code: 100,
                tests: 50
            }
            .finding()
            .unwrap(),
            "there are 0.50 lines of tests for a line of code, not 0.8"
        );
    }
}
