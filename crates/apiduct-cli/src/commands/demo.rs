//! `apiduct demo`: the two-minute tour, without a network.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use apiduct::config::resolve::SecretSource;
use apiduct::config::{Format, Plan};
use apiduct::duckdb::DuckDb;
use apiduct::load::Destination;
use apiduct::pipeline::Pipeline;
use apiduct_testkit::{MockApi, demo};
use clap::Args;
use serde_json::json;

use crate::commands::{run, sql};
use crate::exit_code::ExitCode;
use crate::interrupt::Interrupt;
use crate::printer::Printer;
use crate::progress::Progress;
use crate::receipt;
use crate::report::Failure;
use crate::source::destination_failure;

/// The source of the tour; `BASE_URL` is where its API is served.
const SOURCE: &str = include_str!("demo.yaml");

/// The query at the end of the tour.
const QUERY: &str = "\
SELECT stations.name AS station, count(*) AS trips, round(avg(distance_km), 2) AS average_km
FROM trips JOIN stations ON stations.id = trips.start__station_id
GROUP BY ALL ORDER BY trips DESC, station LIMIT 5";

/// Pull a small API that is served on this machine into a DuckDB file, and query it: the two-minute tour.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  apiduct demo
  apiduct demo --dir /tmp/tour
  apiduct sql apiduct-demo.yaml 'FROM trips LIMIT 3'     Afterwards, for more")]
pub(crate) struct DemoArgs {
    /// Where to put `apiduct-demo.duckdb` and `apiduct-demo.yaml`.
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
}

/// Serves, pulls, queries.
///
/// # Errors
///
/// When no port is free or the folder cannot be written.
pub(crate) async fn execute(args: &DemoArgs, printer: &Printer) -> Result<ExitCode, Failure> {
    let tour = Tour::begin(&args.dir, printer)?;
    let name = tour.destination.name();
    let progress = Arc::new(Progress::new(printer.clone(), name.clone()));
    let pipeline = Pipeline::builder(tour.plan, Arc::new(DemoSecrets))
        .destination(Arc::clone(&tour.destination) as _)
        .redactor(printer.redactor().clone())
        .events(Arc::clone(&progress) as _)
        .working_dir(args.dir.join(".apiduct"))
        .seed(run::seed())
        .build();
    let outcome = run::until_interrupted(&pipeline, &Interrupt::listen(printer)).await;
    progress.clear();
    let receipt = outcome?;
    drop(tour.api);
    if printer.is_json() {
        printer
            .json(&json!({ "file": tour.file, "destination": name, "receipt": receipt }))
            .map_err(|error| Failure::output(&error))?;
        return Ok(receipt::exit_code(&receipt));
    }
    let code = receipt::exit_code(&receipt);
    printer
        .text(&receipt::text(&receipt, &name))
        .map_err(|error| Failure::output(&error))?;
    let mut loader = tour
        .destination
        .open_to_read("demo")
        .map_err(|error| destination_failure(&error))?;
    let result = sql::ask(loader.as_mut(), QUERY)?;
    let shown = tour.file.display();
    printer.message(&format!("\n$ apiduct sql {shown} '{QUERY}'"));
    sql::print(&result, sql::RowFormat::Table, printer)?;
    printer.message(&format!(
        "\nThe source is in `{shown}`; more: apiduct show {shown}"
    ));
    Ok(code)
}

/// The one secret of the tour, so that nobody has to set a variable.
#[derive(Debug)]
struct DemoSecrets;

impl SecretSource for DemoSecrets {
    fn env(&self, name: &str) -> Option<String> {
        (name == "DEMO_TOKEN").then(|| demo::TOKEN.to_owned())
    }

    fn file(&self, _: &str) -> io::Result<Option<String>> {
        Ok(None)
    }
}

/// What the tour needs.
struct Tour {
    api: MockApi,
    plan: Plan,
    destination: Arc<DuckDb>,
    file: PathBuf,
}

impl Tour {
    fn begin(dir: &Path, printer: &Printer) -> Result<Self, Failure> {
        let refused =
            |action, path: &Path, error| Failure::file(action, &path.display().to_string(), &error);
        std::fs::create_dir_all(dir).map_err(|error| refused("create", dir, error))?;
        let api = demo::try_serve().map_err(|error| {
            Failure::plain(ExitCode::Source, &error).within("cannot serve the demo API")
        })?;
        let here = if dir == Path::new(".") {
            Path::new("")
        } else {
            dir
        };
        let file = here.join("apiduct-demo.yaml");
        let database = here.join("apiduct-demo.duckdb");
        let text = source(api.base_url(), &database);
        let plan = Plan::parse(&text, Format::Yaml, "apiduct-demo.yaml")?;
        std::fs::write(&file, &text).map_err(|error| refused("write", &file, error))?;
        printer.message(&format!(
            "serving a small API of bicycles on {}; pulling it as `{}` says",
            api.base_url(),
            file.display()
        ));
        Ok(Self {
            api,
            plan,
            destination: Arc::new(DuckDb::new(database)),
            file,
        })
    }
}

fn source(base_url: &str, database: &Path) -> String {
    SOURCE
        .replace("BASE_URL", base_url)
        .replace("DATABASE", &database.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tour_has_a_valid_source() {
        let text = source("http://127.0.0.1:1", Path::new("x/apiduct-demo.duckdb"));
        let plan = Plan::parse(&text, Format::Yaml, "apiduct-demo.yaml")
            .unwrap_or_else(|errors| panic!("{errors}"));
        let names: Vec<&str> = plan.resources.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["stations", "inspections", "trips", "customers"]);
        assert!(plan.warnings.is_empty(), "{:?}", plan.warnings);
    }
}
