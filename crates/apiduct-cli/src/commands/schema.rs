//! `apiduct schema`: the JSON Schema of the file.

use apiduct::config::Spec;
use clap::Args;

use crate::exit_code::ExitCode;
use crate::printer::Printer;
use crate::report::Failure;

/// Print the JSON Schema of the file, for editors.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  apiduct schema > apiduct.schema.json
  # then, as the first line of a source file:
  # yaml-language-server: $schema=apiduct.schema.json")]
pub(crate) struct SchemaArgs {}

/// Prints the schema.
///
/// # Errors
///
/// When stdout cannot be written.
pub(crate) fn execute(_: &SchemaArgs, printer: &Printer) -> Result<ExitCode, Failure> {
    printer
        .json(&Spec::json_schema())
        .map_err(|error| Failure::output(&error))?;
    Ok(ExitCode::Complete)
}
