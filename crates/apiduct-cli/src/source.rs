//! From the file on the command line to a plan, its secrets and its destination.

use std::path::Path;
use std::sync::Arc;

use apiduct::config::plan::Warning;
use apiduct::config::resolve::{SystemSource, resolve_text};
use apiduct::config::spec::{DestinationKind, DestinationSpec, Located};
use apiduct::config::template::Template;
use apiduct::config::{Mark, Plan};
use apiduct::duckdb::DuckDb;
use apiduct::load::Destination;
use apiduct::model::{Hint, Redactor};

use crate::cli::DestinationArgs;
use crate::exit_code::ExitCode;
use crate::logging;
use crate::printer::Printer;
use crate::report::Failure;

/// A source file that has been read and planned.
#[derive(Debug)]
pub(crate) struct Source {
    /// The plan, with what the command line says instead of the file.
    pub(crate) plan: Plan,
    /// Where secrets come from.
    pub(crate) secrets: Arc<SystemSource>,
}

/// Where the rows are, or go.
#[derive(Debug)]
pub(crate) struct Target {
    /// The destination.
    pub(crate) destination: Arc<dyn Destination>,
    /// The schema in it.
    pub(crate) dataset: String,
}

impl Source {
    /// Reads `file` and says what in it is likely not wanted.
    ///
    /// # Errors
    ///
    /// Every mistake in the file.
    pub(crate) fn read(file: &Path, printer: &Printer) -> Result<Self, Failure> {
        let plan = Plan::from_file(file)?;
        if let Some(level) = plan.runtime.log_level {
            logging::follow(printer, level);
        }
        for warning in &plan.warnings {
            tell_warning(warning, printer);
        }
        Ok(Self {
            plan,
            secrets: Arc::new(SystemSource::beside(file)),
        })
    }

    /// The same source into another destination.
    ///
    /// # Errors
    ///
    /// Every mistake in the options.
    pub(crate) fn into_destination(mut self, args: &DestinationArgs) -> Result<Self, Failure> {
        if let Some(text) = &args.to {
            self.plan.destination = DestinationSpec::parse(text, "--to")?;
        }
        if let Some(name) = &args.dataset {
            self.plan.dataset = Located {
                value: Template::literal(name.as_str()),
                path: "--dataset".into(),
                mark: Mark::START,
            };
        }
        Ok(self)
    }

    /// The destination; the only secrets it asks for are those of the destination itself.
    ///
    /// # Errors
    ///
    /// A reference without a value, and a destination that this program does not have.
    pub(crate) fn target(&self, redactor: &Redactor) -> Result<Target, Failure> {
        let file = self.plan.file();
        let resolved = self
            .plan
            .destination
            .resolve(file, self.secrets.as_ref(), redactor)?;
        let dataset = resolve_text(
            &self.plan.dataset.value.to_string(),
            file,
            self.secrets.as_ref(),
            redactor,
        )?;
        match resolved.kind {
            DestinationKind::Duckdb => {
                let duckdb = DuckDb::new(resolved.path).names(self.plan.system.clone());
                Ok(Target {
                    destination: Arc::new(duckdb),
                    dataset,
                })
            }
            other => Err(Failure::usage(
                format!("this version cannot load into `{other}`"),
                Some("load into `duckdb:FILE`, or write files with `apiduct get URL -o FILE`"),
            )),
        }
    }
}

/// Tells what is likely not wanted, with its name.
pub(crate) fn tell_warning(warning: &Warning, printer: &Printer) {
    printer.warning(&format!("{warning} [{}]", warning.code));
    if !warning.hint.is_empty() {
        printer.message(&format!("hint: {}", warning.hint));
    }
}

/// The failure of a destination.
pub(crate) fn destination_failure(error: &(impl std::error::Error + Hint + 'static)) -> Failure {
    Failure::new(ExitCode::Destination, error)
}
