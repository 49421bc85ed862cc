//! `apiduct backfill`: loads an interval once more, or for the first time.

use std::time::Duration;

use apiduct::pipeline::{Backfill, RunOptions};
use clap::Args;

use crate::cli::{DestinationArgs, SourceArgs, WorkingDirArgs};
use crate::commands::run;
use crate::duration;
use crate::exit_code::ExitCode;
use crate::printer::Printer;
use crate::report::Failure;
use crate::traffic::TrafficArgs;

/// Load an interval of the resources that load incrementally; what the next run goes by stays as it is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  apiduct backfill tracker.yaml --from 2023-01-01 --to 2024-01-01
  apiduct backfill tracker.yaml --from 2023-01-01 --to 2024-01-01 --select issues
  apiduct backfill tracker.yaml --from 2023-01-01 --to 2024-01-01 --record old.jsonl
  apiduct backfill tracker.yaml --from 2023-01-01 --to 2024-01-01 --replay old.jsonl

With `incremental.window` in the file, each window is loaded on its own, and the same command goes on
behind the last window that was loaded.")]
pub(crate) struct BackfillArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Where the interval begins, written as `initial_value` is.
    #[arg(long, value_name = "CURSOR")]
    from: String,
    /// Where it ends; rows there are not part of it, unless `range_end` is `closed`.
    #[arg(long, value_name = "CURSOR")]
    to: String,
    /// Load this resource only; may be given several times. Parents are fetched as far as needed.
    #[arg(long, value_name = "RESOURCE")]
    select: Vec<String>,
    /// Another destination than the file's, such as `duckdb:other.duckdb`.
    #[arg(long, value_name = "DEST")]
    destination: Option<String>,
    /// Another dataset (schema) than the file's.
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,
    /// Send at most so many requests, retries included.
    #[arg(long, value_name = "N")]
    max_requests: Option<u64>,
    /// Wait at most so long when the server asks for a wait, such as `10m`.
    #[arg(long, value_name = "DUR", value_parser = duration::parse)]
    max_wait: Option<Duration>,
    #[command(flatten)]
    traffic: TrafficArgs,
    #[command(flatten)]
    working_dir: WorkingDirArgs,
}

/// Runs the pipeline for the interval and prints the receipt.
///
/// # Errors
///
/// Whatever ends the run early.
pub(crate) async fn execute(args: &BackfillArgs, printer: &Printer) -> Result<ExitCode, Failure> {
    let options = RunOptions {
        select: args.select.clone(),
        max_requests: args.max_requests,
        max_wait: args.max_wait,
        backfill: Some(Backfill {
            from: args.from.clone(),
            to: args.to.clone(),
        }),
        restart: args.traffic.replay.is_some(),
        ..RunOptions::default()
    };
    let destination = DestinationArgs {
        to: args.destination.clone(),
        dataset: args.dataset.clone(),
    };
    let places = (&args.source, &destination, &args.working_dir);
    run::pull(places, &args.traffic, options, printer).await
}
