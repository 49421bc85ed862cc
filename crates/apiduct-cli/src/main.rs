//! The command line of apiduct.

mod cli;
mod commands;
mod duration;
mod env_vars;
mod exit_code;
mod interrupt;
mod logging;
mod printer;
mod progress;
mod receipt;
mod report;
mod rows;
mod source;
mod table;
mod traffic;

use std::ffi::OsString;
use std::process;

use apiduct::model::Redactor;
use clap::Parser;

use crate::cli::{Cli, Command};
use crate::commands::{
    auth, backfill, check, completions, demo, get, import_dlt, init, man, openapi, plan, preview,
    run, schema, show, sql,
};
use crate::exit_code::ExitCode;
use crate::printer::{Format, Printer, Wishes};
use crate::report::Failure;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> process::ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error, &arguments).into(),
    };
    let printer = Printer::new(cli.global.wishes(), Redactor::default());
    let outcome = logging::start(&printer).and_then(|()| execute(&cli.command, &printer));
    outcome
        .unwrap_or_else(|failure| failure.tell(&printer))
        .into()
}

/// Tells what is wrong with the command line, or shows the help that was asked for.
fn refuse(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let wants_json = env_vars::FORMAT
        .value()
        .is_some_and(|value| value == "json")
        || arguments
            .windows(2)
            .any(|pair| pair[0] == "--format" && pair[1] == "json")
        || arguments.iter().any(|argument| argument == "--format=json");
    if error.use_stderr() && wants_json {
        let printer = Printer::new(
            Wishes {
                format: Format::Json,
                ..Wishes::default()
            },
            Redactor::default(),
        );
        let text = error.to_string();
        let message = text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ")
            .to_owned();
        let tip = text
            .lines()
            .find_map(|line| line.trim_start().strip_prefix("tip: "));
        return Failure::usage(message, tip).tell(&printer);
    }
    // Nothing better can be done when neither stdout nor stderr can be written.
    let _ = error.print();
    if error.use_stderr() {
        ExitCode::Usage
    } else {
        ExitCode::Complete
    }
}

fn execute(command: &Command, printer: &Printer) -> Result<ExitCode, Failure> {
    match command {
        Command::Init(args) => init::execute(args, printer),
        Command::ImportDlt(args) => import_dlt::execute(args, printer),
        Command::Openapi(args) => openapi::execute(args, printer),
        Command::Show(args) => show::execute(args, printer),
        Command::Sql(args) => sql::execute(args, printer),
        Command::Schema(args) => schema::execute(args, printer),
        Command::Completions(args) => completions::execute(args, printer),
        Command::Man(args) => man::execute(args, printer),
        Command::Run(args) => block_on(run::execute(args, printer)),
        Command::Backfill(args) => block_on(backfill::execute(args, printer)),
        Command::Check(args) => block_on(check::execute(args, printer)),
        Command::Auth(args) => block_on(auth::execute(args, printer)),
        Command::Plan(args) => block_on(plan::execute(args, printer)),
        Command::Preview(args) => block_on(preview::execute(args, printer)),
        Command::Get(args) => block_on(get::execute(args, printer)),
        Command::Demo(args) => block_on(demo::execute(args, printer)),
    }
}

/// Runs a command that waits for a network. What it leaves behind on other threads is not waited for.
fn block_on(work: impl Future<Output = Result<ExitCode, Failure>>) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::plain(ExitCode::Destination, &error)
                .within("cannot start the program's threads")
        })?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_background();
    outcome
}
