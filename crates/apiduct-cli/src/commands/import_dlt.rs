//! `apiduct import-dlt`: a configuration of the reference, as a file of ours.

use std::io;
use std::path::PathBuf;

use apiduct::config::import::{ImportError, Imported, Language, import};
use apiduct::config::{Format, Plan};
use clap::Args;
use serde_json::json;

use crate::exit_code::ExitCode;
use crate::printer::Printer;
use crate::report::Failure;

/// Turn a REST API configuration of dlt, as Python, JSON or YAML, into a file.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  apiduct import-dlt github.py -o github.yaml
  apiduct import-dlt dump.json -o shop.yaml
  apiduct import-dlt github.py | less")]
pub(crate) struct ImportDltArgs {
    /// The program or the dumped configuration: .py, .json, .yaml or .toml. A program is read, not run.
    #[arg(value_name = "INPUT")]
    input: PathBuf,
    /// The file to write; it must not be there yet. Default: stdout.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Writes the file and says what a person should look at.
///
/// # Errors
///
/// An input that cannot be read or has no configuration in it; mistakes that are left in the file, which is written all
/// the same.
pub(crate) fn execute(args: &ImportDltArgs, printer: &Printer) -> Result<ExitCode, Failure> {
    let shown = args.input.display().to_string();
    let Some(language) = Language::of_path(&args.input) else {
        return Err(Failure::usage(
            format!("cannot tell what `{shown}` is"),
            Some("give it a name that ends in .py, .json, .yaml or .toml"),
        ));
    };
    let text = std::fs::read_to_string(&args.input)
        .map_err(|error| Failure::usage(format!("cannot read `{shown}`"), None).because(&error))?;
    let imported = import(&text, language, &shown).map_err(|error| match error {
        ImportError::Data { source, .. } => Failure::from(source),
        error => Failure::new(ExitCode::Usage, &error),
    })?;
    tell(args, &imported, printer).map_err(|error| match (&args.output, error.kind()) {
        (Some(path), io::ErrorKind::AlreadyExists) => Failure::usage(
            format!("`{}` is there already", path.display()),
            Some("name another file, or remove this one first"),
        ),
        (Some(path), _) => Failure::file("write", &path.display().to_string(), &error),
        (None, _) => Failure::output(&error),
    })?;
    for note in &imported.notes {
        let mark = note.mark;
        printer.warning(&format!(
            "{shown}:{}:{}: {}",
            mark.line, mark.column, note.message
        ));
    }
    let written = args
        .output
        .as_deref()
        .map(|path| path.display().to_string());
    let written = written.as_deref().unwrap_or("stdout.yaml");
    Plan::parse(&imported.yaml, Format::Yaml, written)?;
    if args.output.is_some() {
        printer.message(&format!("wrote `{written}`; next: apiduct check {written}"));
    }
    Ok(ExitCode::Complete)
}

fn tell(args: &ImportDltArgs, imported: &Imported, printer: &Printer) -> io::Result<()> {
    if let Some(path) = &args.output {
        let mut file = std::fs::File::create_new(path)?;
        io::Write::write_all(&mut file, imported.yaml.as_bytes())?;
    }
    if printer.is_json() {
        let notes = imported.notes.iter().map(|note| {
            json!({ "line": note.mark.line, "column": note.mark.column, "message": note.message })
        });
        let notes: Vec<_> = notes.collect();
        return printer.json(&json!({ "yaml": imported.yaml, "notes": notes }));
    }
    if args.output.is_none() {
        printer.text(&imported.yaml)?;
    }
    Ok(())
}
