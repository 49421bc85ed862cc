//! `apiduct completions`: completions for a shell.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::exit_code::ExitCode;
use crate::printer::Printer;
use crate::report::Failure;

/// Print completions for a shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  apiduct completions bash > ~/.local/share/bash-completion/completions/apiduct
  apiduct completions zsh > ~/.zfunc/_apiduct
  apiduct completions fish > ~/.config/fish/completions/apiduct.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Prints the completions.
///
/// # Errors
///
/// When stdout cannot be written.
pub(crate) fn execute(args: &CompletionsArgs, printer: &Printer) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "apiduct", &mut script);
    let script = String::from_utf8_lossy(&script);
    printer
        .text(&script)
        .map_err(|error| Failure::output(&error))?;
    Ok(ExitCode::Complete)
}
