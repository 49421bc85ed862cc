//! `apiduct man`: the manual pages.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_mangen::Man;

use crate::cli::Cli;
use crate::exit_code::ExitCode;
use crate::printer::Printer;
use crate::report::Failure;

/// Print the manual page, or write those of all commands to a folder.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  apiduct man | man -l -
  apiduct man --dir ~/.local/share/man/man1")]
pub(crate) struct ManArgs {
    /// Write a page for each command into this folder instead.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Prints or writes the pages.
///
/// # Errors
///
/// When stdout or the folder cannot be written.
pub(crate) fn execute(args: &ManArgs, printer: &Printer) -> Result<ExitCode, Failure> {
    let Some(dir) = &args.dir else {
        let mut page = Vec::new();
        let rendered = Man::new(Cli::command()).render(&mut page);
        rendered
            .and_then(|()| printer.text(&String::from_utf8_lossy(&page)))
            .map_err(|error| Failure::output(&error))?;
        return Ok(ExitCode::Complete);
    };
    std::fs::create_dir_all(dir)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), dir))
        .map_err(|error| Failure::file("write", &dir.display().to_string(), &error))?;
    printer.message(&format!("wrote the manual to `{}`", dir.display()));
    Ok(ExitCode::Complete)
}
