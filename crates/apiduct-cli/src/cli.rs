//! The command line as a whole: global options and the list of commands.

use std::fmt::Write;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

use crate::commands::{
    auth, backfill, check, completions, demo, get, import_dlt, init, man, openapi, plan, preview,
    run, schema, show, sql,
};
use crate::printer::{Format, Wishes};
use crate::{env_vars, exit_code};

const EXAMPLES: &str = "\
Examples:
  apiduct demo                         The two-minute tour, without a network
  apiduct get https://api.example.com/v1/items
                                       One endpoint, all pages, as JSON lines
  apiduct init tracker.yaml            A commented file to start from
  apiduct openapi spec.json -o tracker.yaml
                                       The same from an OpenAPI description
  apiduct check tracker.yaml           Every mistake in it at once
  apiduct run tracker.yaml             Pull everything and load it into DuckDB
  apiduct sql tracker.yaml 'SELECT count(*) FROM issues'";

/// Pull data out of any REST API and land it, typed and complete, where people query it.
#[derive(Debug, Parser)]
#[command(
    name = "apiduct",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    subcommand_help_heading = "Commands",
    after_help = EXAMPLES,
    after_long_help = long_help(),
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// For people (text) or for programs (json: one JSON document on stdout).
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value = "text",
          env = env_vars::FORMAT.name, hide_env = true, hide_possible_values = true)]
    pub(crate) format: Format,
    /// Say nothing but data and errors.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Log more to stderr: -v each request, -vv each page and decision, -vvv headers too.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

impl Global {
    /// What the printer has to know.
    pub(crate) fn wishes(&self) -> Wishes {
        Wishes {
            format: self.format,
            is_quiet: self.quiet,
            verbosity: self.verbose,
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(run::RunArgs),
    Backfill(backfill::BackfillArgs),
    Check(check::CheckArgs),
    Auth(auth::AuthArgs),
    Plan(plan::PlanArgs),
    Preview(preview::PreviewArgs),
    Get(Box<get::GetArgs>),
    Init(init::InitArgs),
    #[command(name = "import-dlt")]
    ImportDlt(import_dlt::ImportDltArgs),
    Openapi(openapi::OpenapiArgs),
    Show(show::ShowArgs),
    Sql(sql::SqlArgs),
    Schema(schema::SchemaArgs),
    Demo(demo::DemoArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// The file of a source, and where runs keep their packages.
#[derive(Debug, Args)]
pub(crate) struct SourceArgs {
    /// The file that describes the source: .yaml, .toml or .json.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

/// Where runs keep their packages.
#[derive(Debug, Args)]
pub(crate) struct WorkingDirArgs {
    /// The folder where rows wait until they are loaded, and tokens are kept.
    #[arg(long, value_name = "DIR", default_value = ".apiduct", env = env_vars::WORKING_DIR.name, hide_env = true)]
    pub(crate) working_dir: PathBuf,
}

/// Where the rows go instead of where the file says.
#[derive(Debug, Args)]
pub(crate) struct DestinationArgs {
    /// Another destination than the file's, such as `duckdb:other.duckdb`.
    #[arg(long, value_name = "DEST")]
    pub(crate) to: Option<String>,
    /// Another dataset (schema) than the file's.
    #[arg(long, value_name = "NAME")]
    pub(crate) dataset: Option<String>,
}

fn long_help() -> String {
    let mut codes = String::new();
    for code in exit_code::ExitCode::ALL {
        // Writing to a string cannot fail.
        let _ = writeln!(codes, "  {:<4} {}", code.number(), code.meaning());
    }
    format!(
        "{EXAMPLES}\n\nExit codes:\n{codes}\nEnvironment variables:\n{}",
        env_vars::help()
    )
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_a_sentence_and_examples() {
        for command in Cli::command().get_subcommands() {
            let name = command.get_name();
            assert!(
                command
                    .get_about()
                    .is_some_and(|about| !about.to_string().is_empty()),
                "{name}"
            );
            let examples = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(examples.starts_with("Examples:\n"), "{name}");
            assert!(examples.contains(&format!("apiduct {name}")), "{name}");
        }
    }

    #[test]
    fn global_options_stand_before_and_behind_the_command() {
        for line in [["apiduct", "-q", "schema"], ["apiduct", "schema", "-q"]] {
            assert!(Cli::try_parse_from(line).unwrap().global.wishes().is_quiet);
        }
    }
}
