use crate::cargo::{self, Cargo};
use crate::duckdb::Library;
use crate::failure::{Failure, Result};
use crate::features;
use crate::inputs::Inputs;
use crate::leaks;
use crate::places::Places;
use crate::ratio;
use crate::supply;
use crate::tool::{self, say};

/// Fetches DuckDB's library, and with `--with-test-inputs` what the tests take from outside.
pub(crate) fn setup(places: &Places, arguments: &[String]) -> Result<()> {
    let library = Library::setup(places)?;
    say(&format!(
        "the DuckDB library is in {}",
        library.folder.display()
    ));
    if arguments
        .iter()
        .any(|argument| argument == "--with-test-inputs")
    {
        Inputs::setup(places)?;
    }
    Ok(())
}

/// The lines that make a shell build as the commands here do.
pub(crate) fn env(places: &Places) -> Result<String> {
    let library = Library::setup(places)?;
    Ok(cargo::exports(
        places,
        &library,
        Inputs::fetched(places).as_ref(),
    ))
}

/// Builds the program and takes the tour: an API on loopback, pulled into a DuckDB file in the user's folder.
pub(crate) fn demo(places: &Places, arguments: &[String]) -> Result<()> {
    let manifest = places.root.join("Cargo.toml");
    let mut run = Cargo::open(places)?.call_here(&["run", "--locked", "--manifest-path"]);
    run.arg(manifest)
        .args(["-p", "apiduct-cli", "--bin", "apiduct", "--", "demo"])
        .args(arguments);
    tool::run(&mut run)
}

/// Runs all tests, documentation examples included; with arguments, only those tests that they select.
pub(crate) fn test(places: &Places, arguments: &[String]) -> Result<()> {
    let inputs = Inputs::setup(places)?;
    let cargo = Cargo::open(places)?.with_inputs(&inputs);
    let mut tests = cargo.call(&runner(cargo.has_nextest()));
    if !arguments.is_empty() {
        return tool::run(tests.args(arguments));
    }
    let mut steps = Steps::default();
    tests.args(["--workspace", "--lib", "--bins", "--tests", "--examples"]);
    steps.take("tests", tool::run(&mut tests));
    if cargo.has_nextest() {
        let report = places.root.join("target/nextest/default/junit.xml");
        steps.take("secrets in what tests print", leaks::search(&report));
    }
    let mut examples = cargo.call(&["test", "--locked", "--no-fail-fast", "--workspace", "--doc"]);
    steps.take("documentation examples", tool::run(&mut examples));
    steps.finish()
}

/// The arguments of cargo that run tests: nextest where it is installed.
fn runner(has_nextest: bool) -> Vec<&'static str> {
    let command: &[_] = if has_nextest {
        &["nextest", "run"]
    } else {
        &["test"]
    };
    [command, &["--locked", "--no-fail-fast"]].concat()
}

/// Checks format, lints, documentation and every feature alone; every step runs, whatever the one before said.
pub(crate) fn lint(places: &Places) -> Result<()> {
    let cargo = Cargo::open(places)?;
    let mut steps = Steps::default();
    steps.take(
        "format",
        tool::run(&mut cargo.call(&["fmt", "--all", "--check"])),
    );
    let mut clippy = cargo.call(&[
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]);
    steps.take("clippy", tool::run(&mut clippy));
    let mut rustdoc = cargo.call(&["doc", "--locked", "--workspace", "--no-deps", "--lib"]);
    steps.take(
        "rustdoc",
        tool::run(rustdoc.env("RUSTDOCFLAGS", "-D warnings")),
    );
    let metadata = supply::Metadata::read(&mut cargo.call(&supply::METADATA))?;
    for build in features::builds(&metadata) {
        let mut clippy = cargo.call(&["clippy", "--locked", "--no-deps", "--no-default-features"]);
        clippy
            .args([
                "-p",
                &build.package,
                "--features",
                &build.features.join(","),
            ])
            .args(["--", "-D", "warnings"]);
        steps.take(&build.to_string(), tool::run(&mut clippy));
    }
    steps.finish()
}

/// Everything that must pass before a change lands.
pub(crate) fn ci(places: &Places) -> Result<()> {
    let mut steps = Steps::default();
    steps.take("lint", lint(places));
    steps.take("test", test(places, &[]));
    steps.finish()
}

/// Runs the benchmarks of the stages; with arguments, only what they select.
pub(crate) fn bench(places: &Places, arguments: &[String]) -> Result<()> {
    let mut bench = Cargo::open(places)?.call(&["bench", "--locked"]);
    if arguments.is_empty() {
        bench.arg("--workspace");
    }
    tool::run(bench.args(arguments))
}

/// Checks dependencies, borders between crates, and the ratio of test to code.
pub(crate) fn checks(places: &Places) -> Result<()> {
    let mut report = supply::check(places)?;
    let lines = ratio::count(&places.root)?;
    report.findings.extend(lines.finding());
    say(&format!("{} packages; {lines}", report.packages));
    if report.findings.is_empty() {
        return Ok(());
    }
    let findings = report.findings.join("\n  ");
    Err(Failure::new(format!("broken rules:\n  {findings}")))
}

/// Steps that all run; what failed is told together at the end.
#[derive(Debug, Default)]
struct Steps {
    failed: Vec<String>,
}

impl Steps {
    fn take(&mut self, name: &str, outcome: Result<()>) {
        if let Err(failure) = outcome {
            say(&failure.report());
            self.failed.push(name.to_owned());
        }
    }

    fn finish(self) -> Result<()> {
        if self.failed.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!("failed: {}", self.failed.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn all_failed_steps_are_named_at_the_end() {
        let mut steps = Steps::default();
        steps.take("format", Err(Failure::new("untidy")));
        steps.take("clippy", Ok(()));
        steps.take("tests", Err(Failure::new("red")));

        assert_eq!(
            steps.finish().unwrap_err().to_string(),
            "failed: format, tests"
        );
    }

    #[test]
    fn tests_run_without_nextest_too() {
        assert_eq!(
            runner(true),
            ["nextest", "run", "--locked", "--no-fail-fast"]
        );
        assert_eq!(runner(false), ["test", "--locked", "--no-fail-fast"]);
    }

    fn file(name: &str) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn ci_runs_the_test_command_of_the_readme() {
        assert!(file("README.md").contains("\ncargo xtask demo "));
        assert!(file("README.md").contains("\ncargo xtask test "));
        assert!(file(".ci/run").contains(" cargo xtask test\n"));
    }

    #[test]
    fn cargo_xtask_is_locked_and_needs_no_library() {
        assert!(
            file(".cargo/config.toml")
                .contains("xtask = \"run --quiet --locked --package xtask --\"")
        );
        let needs = file("xtask/Cargo.toml");
        let (_, needs) = needs.split_once("[dependencies]\n").unwrap();

        assert_eq!(needs.trim(), "serde_json.workspace = true");
    }

    #[test]
    fn steps_that_pass_pass() {
        let mut steps = Steps::default();
        steps.take("clippy", Ok(()));

        assert!(steps.finish().is_ok());
    }
}
