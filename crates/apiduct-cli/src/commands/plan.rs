//! `apiduct plan`: what a run would do.

use std::fmt::Write;

use apiduct::config::plan::{PlanDescription, ResourceDescription};
use apiduct::pipeline::{Certainty, Estimate, Pipeline, ResourceCheck, RunEstimate};
use clap::Args;
use indicatif::HumanDuration;
use serde_json::{Value, json};

use crate::cli::{SourceArgs, WorkingDirArgs};
use crate::exit_code::ExitCode;
use crate::interrupt::Interrupt;
use crate::printer::Printer;
use crate::progress::counted;
use crate::report::Failure;
use crate::source::Source;
use crate::traffic::TrafficArgs;

/// Say what a run would do: resources in order, first requests, paginators and selectors, and why.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  apiduct plan tracker.yaml                   Asks each resource once for what the file leaves open
  apiduct plan tracker.yaml --offline         No request, no secret
  apiduct plan tracker.yaml --resolved        The whole file, with each value's origin
  apiduct plan tracker.yaml --replay tracker.jsonl
  apiduct plan tracker.yaml --format json")]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Only read the file: open no socket, read no secret.
    #[arg(long, conflicts_with_all = ["record", "replay"])]
    offline: bool,
    /// Print the whole file as it counts, with defaults merged and filled in, and where each value comes from. No request,
    /// no secret.
    #[arg(long, conflicts_with_all = ["record", "replay"])]
    resolved: bool,
    #[command(flatten)]
    traffic: TrafficArgs,
    #[command(flatten)]
    working_dir: WorkingDirArgs,
}

/// Prints the plan.
///
/// # Errors
///
/// Mistakes in the file, or a resource that cannot be asked.
pub(crate) async fn execute(args: &PlanArgs, printer: &Printer) -> Result<ExitCode, Failure> {
    let source = Source::read(&args.source.file, printer)?;
    if args.resolved {
        return show_resolved(&source, printer);
    }
    let description = source.plan.describe();
    let (checks, estimate) = if args.offline {
        (Vec::new(), None)
    } else {
        let (checks, estimate) = look(source, args, printer).await?;
        (checks, Some(estimate))
    };
    let estimate = estimate.as_ref();
    if printer.is_json() {
        printer
            .json(&document(&description, &checks, estimate))
            .map_err(|error| Failure::output(&error))?;
    } else {
        printer
            .text(&text(&description, &checks, estimate))
            .map_err(|error| Failure::output(&error))?;
    }
    for check in checks {
        check.outcome?;
    }
    Ok(ExitCode::Complete)
}

/// Prints the file as it counts.
fn show_resolved(source: &Source, printer: &Printer) -> Result<ExitCode, Failure> {
    let effective = source.plan.effective(source.secrets.as_ref())?;
    let printed = if printer.is_json() {
        printer.json(&effective.to_json())
    } else {
        printer.text(&effective.to_yaml())
    };
    printed.map_err(|error| Failure::output(&error))?;
    Ok(ExitCode::Complete)
}

async fn look(
    source: Source,
    args: &PlanArgs,
    printer: &Printer,
) -> Result<(Vec<ResourceCheck>, RunEstimate), Failure> {
    let target = source.target(printer.redactor())?;
    let traffic = args.traffic.open(printer.redactor())?;
    let builder = Pipeline::builder(source.plan, traffic.secrets(source.secrets));
    let pipeline = traffic
        .apply(builder)
        .destination(target.destination)
        .redactor(printer.redactor().clone())
        .working_dir(traffic.working_dir(&args.working_dir.working_dir))
        .build();
    let looked = Interrupt::listen(printer).unless(pipeline.check()).await;
    traffic.finish(printer)?;
    let checks = looked?;
    let estimate = pipeline.estimate(&checks);
    Ok((checks, estimate))
}

fn document(
    description: &PlanDescription,
    checks: &[ResourceCheck],
    estimate: Option<&RunEstimate>,
) -> Value {
    let mut document = json!(description);
    if let Some(run) = estimate {
        document["estimate"] = json!({
            "requests": run.requests, "certainty": run.certainty, "seconds": run.time.as_secs(),
        });
        let resources = document["resources"].as_array_mut();
        for resource in resources.into_iter().flatten() {
            let name = resource["name"].as_str().unwrap_or_default();
            if let Some(one) = run.resources.get(name) {
                resource["estimate"] = json!(one);
            }
        }
    }
    for check in checks {
        let resources = document["resources"].as_array_mut();
        let name = check.resource.as_str();
        let Some(resource) =
            resources.and_then(|all| all.iter_mut().find(|one| one["name"] == name))
        else {
            continue;
        };
        resource["first_page"] = match &check.outcome {
            Ok(found) => json!({
                "rows": found.rows, "findings": found.findings, "found": found.detail,
            }),
            Err(error) => json!({ "error": error.to_string() }),
        };
    }
    document
}

fn text(
    description: &PlanDescription,
    checks: &[ResourceCheck],
    estimate: Option<&RunEstimate>,
) -> String {
    let mut text = format!(
        "{}: {} into {}, dataset `{}`\n",
        description.name, description.base_url, description.destination, description.dataset
    );
    for resource in &description.resources {
        let check = checks.iter().find(|check| check.resource == *resource.name);
        // Writing to a string cannot fail.
        let _ = push_resource(&mut text, resource, check);
        let own = estimate.and_then(|run| run.resources.get(resource.name.as_str()));
        if let Some(own) = own.filter(|own| own.requests > 0) {
            text.push_str(&estimated(own));
        }
    }
    if let Some(run) = estimate {
        text.push_str(&in_all(run, description));
    }
    text
}

fn estimated(own: &Estimate) -> String {
    let worth = own.certainty.words();
    let (requests, rows) = (counted(own.requests, "request"), counted(own.rows, "row"));
    format!("   estimate   {worth}{requests}, {worth}{rows}\n")
}

/// The last line: requests and time of the whole run.
fn in_all(run: &RunEstimate, description: &PlanDescription) -> String {
    let worth = run.certainty.words();
    let requests = counted(run.requests, "request");
    let time = match run.time.as_secs() {
        0 if run.certainty == Certainty::AtLeast => String::new(),
        0 => ", less than a second".to_owned(),
        // Later answers take longer or shorter than the first ones.
        _ => format!(
            ", {}{}",
            run.certainty.max(Certainty::About).words(),
            HumanDuration(run.time)
        ),
    };
    let is_incremental = description
        .resources
        .iter()
        .any(|one| one.incremental.is_some());
    let first = if is_incremental {
        " for a first run"
    } else {
        ""
    };
    format!("\n{worth}{requests} in all{first}{time}\n")
}

fn push_resource(
    text: &mut String,
    resource: &ResourceDescription,
    check: Option<&ResourceCheck>,
) -> std::fmt::Result {
    write!(text, "\n{}. {}", resource.order, resource.name)?;
    if let Some(for_each) = &resource.for_each {
        write!(text, " ({for_each})")?;
    } else if let Some(parent) = &resource.parent {
        write!(text, " (once for each row of `{parent}`)")?;
    }
    if let Some(seed) = &resource.seed {
        writeln!(text, "\n   rows       {seed}; no requests")?;
        return push_table(text, resource);
    }
    writeln!(text, "\n   request    {} {}", resource.method, resource.url)?;
    for (name, value) in &resource.headers {
        writeln!(
            text,
            "   header     {name}: {}",
            value.as_str().unwrap_or_default()
        )?;
    }
    if let Some(json) = &resource.json {
        writeln!(text, "   body       {json}")?;
    }
    writeln!(text, "   auth       {}", resource.auth)?;
    writeln!(
        text,
        "   records    {} ({})",
        resource.selector.what, resource.selector.why
    )?;
    writeln!(
        text,
        "   paginator  {} ({})",
        resource.paginator.what, resource.paginator.why
    )?;
    for rows in &resource.parent_rows {
        writeln!(text, "   parents    {rows}")?;
    }
    if let Some(tolerance) = &resource.on_error {
        writeln!(text, "   on error   {tolerance}")?;
    }
    if let Some(most) = resource.concurrency {
        writeln!(text, "   in flight  at most {most}")?;
    }
    push_table(text, resource)?;
    match check.map(|check| &check.outcome) {
        Some(Ok(found)) => {
            writeln!(text, "   first page {} rows", found.rows)?;
            for finding in &found.findings {
                writeln!(text, "              {finding}")?;
            }
        }
        Some(Err(error)) => writeln!(text, "   first page {error}")?,
        None => {}
    }
    Ok(())
}

fn push_table(text: &mut String, resource: &ResourceDescription) -> std::fmt::Result {
    match &resource.table {
        Some(table) => write!(
            text,
            "   table      {table}, {}",
            resource.write_disposition
        )?,
        None => write!(text, "   table      none: the rows are not loaded")?,
    }
    if let Some(merge) = &resource.merge {
        write!(text, " ({merge})")?;
    }
    if !resource.primary_key.is_empty() {
        write!(text, ", primary key {}", resource.primary_key.join(", "))?;
    }
    if !resource.from_parent.is_empty() {
        write!(text, ", with {}", resource.from_parent.join(", "))?;
    }
    text.push('\n');
    if let Some(levels) = resource.max_table_nesting {
        writeln!(
            text,
            "   nesting    {levels} levels; what is deeper stays JSON"
        )?;
    }
    if !resource.hints.is_empty() {
        writeln!(
            text,
            "   hints      {} (kept, not heeded)",
            resource.hints.join(", ")
        )?;
    }
    if !resource.steps.is_empty() {
        let steps = resource.steps.join("; ");
        writeln!(
            text,
            "   steps      {steps} (each record is read as a whole)"
        )?;
    }
    if let Some(incremental) = &resource.incremental {
        writeln!(text, "   new rows   by {}", incremental.cursor)?;
        writeln!(
            text,
            "              from {} to {}",
            incremental.from, incremental.to
        )?;
        writeln!(text, "              {}", incremental.filter)?;
        if let Some(window) = &incremental.window {
            writeln!(
                text,
                "              in windows of {window}, each loaded on its own"
            )?;
        }
    }
    Ok(())
}
