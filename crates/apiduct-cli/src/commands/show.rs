//! `apiduct show`: what was loaded, and what waits.

use std::path::Path;
use std::time::Duration;

use apiduct::load::{DestinationError, Loader, LockError, Packages, PipelineLock};
use apiduct::model::{Clock as _, SystemClock};
use apiduct::pipeline::PendingPull;
use clap::Args;
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::cli::{DestinationArgs, SourceArgs, WorkingDirArgs};
use crate::commands::sql::ask;
use crate::exit_code::ExitCode;
use crate::printer::Printer;
use crate::report::Failure;
use crate::rows::write_json_rows;
use crate::source::{Source, Target, destination_failure};
use crate::table;

/// The loads that are listed.
const LOADS: usize = 10;

/// Show what was loaded: tables with their rows, loads, state, and packages that wait.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  apiduct show tracker.yaml
  apiduct show tracker.yaml --format json | jq .tables")]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    destination: DestinationArgs,
    #[command(flatten)]
    working_dir: WorkingDirArgs,
}

/// What there is to show.
#[derive(Debug, Default, Serialize)]
struct Overview {
    destination: String,
    dataset: String,
    /// Rows by table, in the order of the schema.
    tables: IndexMap<String, u64>,
    /// The last loads, newest first.
    loads: Vec<Map<String, Value>>,
    /// What each resource remembers.
    state: IndexMap<String, Map<String, Value>>,
    /// Loads that are fetched and not yet delivered.
    pending: Vec<String>,
    /// Pulls that were broken off, and whose pages wait for the next run.
    unfinished: Vec<PendingPull>,
    /// Who runs the pipeline at this moment.
    running: Option<String>,
}

/// Shows it.
///
/// # Errors
///
/// Mistakes in the file, or a destination that cannot be read.
pub(crate) fn execute(args: &ShowArgs, printer: &Printer) -> Result<ExitCode, Failure> {
    let source = Source::read(&args.source.file, printer)?.into_destination(&args.destination)?;
    let target = source.target(printer.redactor())?;
    let mut overview = Overview {
        destination: target.destination.name(),
        dataset: target.dataset.clone(),
        ..Overview::default()
    };
    overview.look_at_packages(&args.working_dir.working_dir.join(&source.plan.name))?;
    overview.look_at_destination(&source, &target)?;
    let told = if printer.is_json() {
        printer.json(&overview)
    } else {
        printer.text(&overview.text())
    };
    told.map_err(|error| Failure::output(&error))?;
    Ok(ExitCode::Complete)
}

impl Overview {
    /// Looks into the pipeline's folder, without disturbing a run that is going on.
    fn look_at_packages(&mut self, folder: &Path) -> Result<(), Failure> {
        if !folder.exists() {
            return Ok(());
        }
        match PipelineLock::acquire(&folder.join("lock"), &SystemClock::new()) {
            Ok(_lock) => {
                let pending = Packages::new(folder.join("packages")).pending();
                let pending = pending.map_err(|error| destination_failure(&error))?;
                self.pending = pending.iter().map(ToString::to_string).collect();
                let pulls = PendingPull::in_folder(folder, SystemClock::new().now());
                self.unfinished = pulls.map_err(Failure::from)?;
            }
            Err(LockError::Held { holder, .. }) => self.running = Some(holder.to_string()),
            Err(error) => return Err(destination_failure(&error)),
        }
        Ok(())
    }

    /// Looks into the destination; one that is not there has nothing to show.
    fn look_at_destination(&mut self, source: &Source, target: &Target) -> Result<(), Failure> {
        let mut loader = match target.destination.open_to_read(&target.dataset) {
            Ok(loader) => loader,
            Err(DestinationError::Missing { .. }) => return Ok(()),
            Err(error) => return Err(destination_failure(&error)),
        };
        let schema = loader
            .schema()
            .map_err(|error| destination_failure(&error))?;
        for table in schema.tables.keys() {
            let rows = first_number(
                loader.as_mut(),
                &format!("SELECT count(*) FROM {}", quoted(table)),
            )?;
            self.tables.insert(table.to_string(), rows);
        }
        if self.tables.is_empty() {
            return Ok(());
        }
        let loads = quoted(&source.plan.system.loads_table());
        let loads = format!(
            "SELECT load_id, inserted_at, rows FROM {loads} ORDER BY inserted_at DESC, load_id DESC LIMIT {LOADS}"
        );
        self.loads = objects(loader.as_mut(), &loads)?;
        let state = loader
            .state(&source.plan.name)
            .map_err(|error| destination_failure(&error))?;
        for (resource, memory) in state.map(|state| state.resources).unwrap_or_default() {
            self.state.insert(resource.to_string(), memory);
        }
        Ok(())
    }

    fn text(&self) -> String {
        let mut parts = vec![format!(
            "{}, dataset `{}`\n",
            self.destination, self.dataset
        )];
        if self.tables.is_empty() {
            parts.push("nothing was loaded yet\n".to_owned());
        } else {
            let head = ["table", "rows"].map(str::to_owned);
            let rows = self
                .tables
                .iter()
                .map(|(table, rows)| vec![table.clone(), count(*rows)]);
            parts.push(table::plain(&head, &[false, true], rows));
        }
        if !self.loads.is_empty() {
            let head = ["load", "rows", "at"].map(str::to_owned);
            let cell = |load: &Map<String, Value>, key: &str| match load.get(key) {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Number(number)) => {
                    number.as_u64().map_or_else(|| number.to_string(), count)
                }
                _ => String::new(),
            };
            let rows = self.loads.iter().map(|load| {
                ["load_id", "rows", "inserted_at"]
                    .map(|key| cell(load, key))
                    .to_vec()
            });
            parts.push(table::plain(&head, &[false, true, false], rows));
        }
        for (resource, memory) in &self.state {
            let mut rest = memory.clone();
            if let Some(incremental) = rest.remove("incremental") {
                parts.push(format!(
                    "cursor of `{resource}`: {}\n",
                    cursor(&incremental)
                ));
            }
            if !rest.is_empty() {
                parts.push(format!("state of `{resource}`: {}\n", Value::Object(rest)));
            }
        }
        for load_id in &self.pending {
            parts.push(format!(
                "waits to be delivered by the next run: load {load_id}\n"
            ));
        }
        parts.extend(self.unfinished.iter().map(unfinished));
        if let Some(holder) = &self.running {
            parts.push(format!("a run is going on: {holder}\n"));
        }
        parts.join("\n")
    }
}

/// What is kept of a pull that was broken off.
fn unfinished(pull: &PendingPull) -> String {
    let pages = pull.pages.iter();
    let pages: Vec<String> = pages
        .map(|(resource, pages)| format!("{} of `{resource}`", count(*pages)))
        .collect();
    format!(
        "unfinished: load {} into {}, with pages {} ({}), since {}; the command that began it goes on, and `run --restart` drops it\n",
        pull.load_id,
        pull.destination,
        pages.join(", "),
        indicatif::HumanBytes(pull.bytes),
        indicatif::HumanDuration(Duration::from_secs(pull.age_seconds)),
    )
}

/// What is stored of an incremental load, for people.
fn cursor(memory: &Value) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let seen = memory["seen"].as_array().map_or(0, Vec::len);
    let mut shown = match &memory["last_value"] {
        Value::Null => "not set".to_owned(),
        last if seen > 1 => format!("{} ({seen} rows stand there)", text(last)),
        last => text(last),
    };
    if let Some(parents) = memory["parents"].as_object() {
        let lasts = parents.values().map(|mark| text(&mark["last_value"]));
        let range = lasts.clone().min().zip(lasts.max());
        shown = match range {
            Some((first, last)) => format!("{} parents, from {first} to {last}", parents.len()),
            None => "no parents".to_owned(),
        };
    }
    shown
}

fn count(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn first_number(loader: &mut dyn Loader, query: &str) -> Result<u64, Failure> {
    let rows = objects(loader, query)?;
    let value = rows.first().and_then(|row| row.values().next());
    Ok(value.and_then(Value::as_u64).unwrap_or_default())
}

/// The rows that answer `query`.
fn objects(loader: &mut dyn Loader, query: &str) -> Result<Vec<Map<String, Value>>, Failure> {
    let result = ask(loader, query)?;
    let mut lines = Vec::new();
    for batch in &result.batches {
        write_json_rows(&mut lines, batch, |lines| {
            lines.push(b'\n');
            Ok(())
        })
        .map_err(|error| Failure::plain(ExitCode::Destination, &error))?;
    }
    let lines = lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let rows: Result<Vec<_>, _> = lines.map(serde_json::from_slice).collect();
    rows.map_err(|error| Failure::plain(ExitCode::Destination, &error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_overview_reads_from_the_outside_in() {
        let load = json!({"load_id": "01J", "rows": 3497, "inserted_at": "2026-01-01T00:00:00Z"});
        let overview = Overview {
            destination: "duckdb:t.duckdb".to_owned(),
            dataset: "t".to_owned(),
            tables: IndexMap::from([("issues".to_owned(), 1187)]),
            loads: vec![load.as_object().unwrap().clone()],
            state: IndexMap::from([(
                "issues".to_owned(),
                json!({"cursor": 7}).as_object().unwrap().clone(),
            )]),
            pending: vec!["01K".to_owned()],
            unfinished: Vec::new(),
            running: None,
        };
        let text = overview.text();
        assert!(
            text.starts_with("duckdb:t.duckdb, dataset `t`\n\ntable    rows\n"),
            "{text}"
        );
        assert!(
            text.contains("01J   3,497  2026-01-01T00:00:00Z\n"),
            "{text}"
        );
        assert!(
            text.contains("state of `issues`: {\"cursor\":7}\n"),
            "{text}"
        );
        assert!(
            text.ends_with("waits to be delivered by the next run: load 01K\n"),
            "{text}"
        );
    }

    #[test]
    fn a_fresh_pipeline_says_so() {
        assert!(
            Overview::default()
                .text()
                .contains("nothing was loaded yet")
        );
        assert_eq!(quoted("we\"ird"), "\"we\"\"ird\"");
    }
}
