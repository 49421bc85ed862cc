//! `apiduct check`: every mistake in the file, then one request for each resource.

use apiduct::config::plan::Warning;
use apiduct::pipeline::{CheckedResource, Pipeline, ResourceCheck};
use clap::Args;
use serde_json::{Value, json};

use crate::cli::{SourceArgs, WorkingDirArgs};
use crate::exit_code::ExitCode;
use crate::interrupt::Interrupt;
use crate::printer::Printer;
use crate::report::Failure;
use crate::source::{Source, tell_warning};
use crate::traffic::TrafficArgs;

/// Find every mistake in the file at once, then try one request for each resource.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  apiduct check tracker.yaml
  apiduct check tracker.yaml --offline         No request, no secret
  apiduct check tracker.yaml --deny-warnings   For CI: no warning is left
  apiduct check tracker.yaml --replay tracker.jsonl
  apiduct check tracker.yaml --format json")]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Only read the file: open no socket, read no secret.
    #[arg(long, conflicts_with_all = ["record", "replay"])]
    offline: bool,
    /// Fail with exit code 2 where there is anything to warn of.
    #[arg(long)]
    deny_warnings: bool,
    #[command(flatten)]
    traffic: TrafficArgs,
    #[command(flatten)]
    working_dir: WorkingDirArgs,
}

/// Checks the file and says what was found.
///
/// # Errors
///
/// Every mistake in the file.
pub(crate) async fn execute(args: &CheckArgs, printer: &Printer) -> Result<ExitCode, Failure> {
    let source = Source::read(&args.source.file, printer)?;
    let advice = source.plan.advice();
    for one in &advice {
        tell_warning(one, printer);
    }
    let found = Found {
        file: source.plan.file().to_owned(),
        warnings: source.plan.warnings.iter().cloned().chain(advice).collect(),
        denies_warnings: args.deny_warnings,
    };
    if args.offline {
        return found.tell_offline(source.plan.resources.len(), printer);
    }
    let target = source.target(printer.redactor())?;
    let traffic = args.traffic.open(printer.redactor())?;
    let builder = Pipeline::builder(source.plan, traffic.secrets(source.secrets));
    let pipeline = traffic
        .apply(builder)
        .destination(target.destination)
        .redactor(printer.redactor().clone())
        .working_dir(traffic.working_dir(&args.working_dir.working_dir))
        .build();
    let interrupt = Interrupt::listen(printer);
    let checks = interrupt.unless(pipeline.check()).await;
    traffic.finish(printer)?;
    found.tell(checks?, printer)
}

/// What the file itself says.
struct Found {
    file: String,
    warnings: Vec<Warning>,
    denies_warnings: bool,
}

impl Found {
    fn tell_offline(&self, resources: usize, printer: &Printer) -> Result<ExitCode, Failure> {
        let told = if printer.is_json() {
            printer.json(&json!({
                "file": self.file, "resources": resources, "mistakes": [], "warnings": self.warnings,
            }))
        } else if printer.is_quiet() {
            Ok(())
        } else {
            let many = if resources == 1 {
                "resource"
            } else {
                "resources"
            };
            printer.text(&format!("{}: {resources} {many}, no mistakes\n", self.file))
        };
        told.map_err(|error| Failure::output(&error))?;
        Ok(self.judge(ExitCode::Complete, printer))
    }

    /// Tells what came of each resource. The first failure decides the exit code.
    fn tell(&self, checks: Vec<ResourceCheck>, printer: &Printer) -> Result<ExitCode, Failure> {
        let mut code = ExitCode::Complete;
        let mut documents = Vec::new();
        for check in checks {
            let resource = check.resource.to_string();
            match check.outcome {
                Ok(found) => {
                    if printer.is_json() {
                        documents.push(document(&resource, &found));
                    } else {
                        printer
                            .text(&lines(&resource, &found))
                            .map_err(|error| Failure::output(&error))?;
                    }
                    if !found.missing_key.is_empty() && code == ExitCode::Complete {
                        code = ExitCode::Data;
                    }
                }
                Err(error) => {
                    let failure = Failure::from(error);
                    let failed = if printer.is_json() {
                        documents
                            .push(json!({ "resource": resource, "error": failure.document() }));
                        failure.code()
                    } else {
                        failure.tell(printer)
                    };
                    if code == ExitCode::Complete {
                        code = failed;
                    }
                }
            }
        }
        if printer.is_json() {
            let document = json!({
                "file": self.file, "resources": documents, "mistakes": [], "warnings": self.warnings,
            });
            printer
                .json(&document)
                .map_err(|error| Failure::output(&error))?;
        }
        Ok(self.judge(code, printer))
    }

    /// `code`, or that of a wrong file where warnings are denied.
    fn judge(&self, code: ExitCode, printer: &Printer) -> ExitCode {
        let is_denied = self.denies_warnings && !self.warnings.is_empty();
        if !is_denied || code != ExitCode::Complete {
            return code;
        }
        let many = if self.warnings.len() == 1 {
            "1 warning".to_owned()
        } else {
            format!("{} warnings", self.warnings.len())
        };
        let message = format!(
            "{many} about `{}`, and `--deny-warnings` takes none",
            self.file
        );
        if !printer.is_json() {
            return Failure::usage(message, None).tell(printer);
        }
        ExitCode::Usage
    }
}

fn document(resource: &str, found: &CheckedResource) -> Value {
    json!({
        "resource": resource,
        "rows": found.rows,
        "findings": found.findings,
        "found": found.detail,
        "missing_key": found.missing_key,
    })
}

fn lines(resource: &str, found: &CheckedResource) -> String {
    let rows = if found.rows == 1 { "row" } else { "rows" };
    let mut lines = vec![format!(
        "{resource}: ok, {} {rows} on the first page",
        found.rows
    )];
    lines.extend(found.findings.iter().map(|finding| format!("  {finding}")));
    if !found.missing_key.is_empty() {
        let key = found.missing_key.join("`, `");
        lines.push(format!("  problem: no record has the primary key `{key}`"));
    }
    lines.push(String::new());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_key_is_named() {
        let found = CheckedResource {
            rows: 1,
            findings: vec!["records at `data`".to_owned()],
            detail: Value::Null,
            missing_key: vec!["id".to_owned(), "day".to_owned()],
            first_pages: indexmap::IndexMap::default(),
        };
        assert_eq!(
            lines("issues", &found),
            "issues: ok, 1 row on the first page\n  records at `data`\n  problem: no record has the primary key `id`, `day`\n"
        );
        assert_eq!(document("issues", &found)["missing_key"][1], "day");
    }
}
