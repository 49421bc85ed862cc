//! `apiduct run`: pulls everything and loads it.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use apiduct::model::{Clock, SystemClock};
use apiduct::pipeline::{Pipeline, RunOptions};
use clap::Args;

use crate::cli::{DestinationArgs, SourceArgs, WorkingDirArgs};
use crate::exit_code::ExitCode;
use crate::interrupt::Interrupt;
use crate::printer::Printer;
use crate::progress::Progress;
use crate::report::Failure;
use crate::source::Source;
use crate::traffic::TrafficArgs;
use crate::{duration, receipt};

/// Pull everything that the file describes and load it; resumes what an earlier run left.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  apiduct run tracker.yaml
  apiduct run tracker.yaml --select issues --select comments
  apiduct run tracker.yaml --to duckdb:/data/tracker.duckdb --dataset raw
  apiduct run tracker.yaml --max-requests 500 --max-wait 10m
  apiduct run tracker.yaml --record tracker.jsonl
  apiduct run tracker.yaml --replay tracker.jsonl --to duckdb:test.duckdb
  apiduct run tracker.yaml --format json | jq .tables")]
pub(crate) struct RunArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Load this resource only; may be given several times. Parents are fetched as far as needed.
    #[arg(long, value_name = "RESOURCE")]
    select: Vec<String>,
    #[command(flatten)]
    destination: DestinationArgs,
    /// Start over: the rows of earlier runs are replaced.
    #[arg(long)]
    full_refresh: bool,
    /// Fetch everything anew: pages that an interrupted run has kept are dropped.
    #[arg(long)]
    restart: bool,
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

impl RunArgs {
    fn options(&self) -> RunOptions {
        RunOptions {
            select: self.select.clone(),
            full_refresh: self.full_refresh,
            // What an earlier replay kept may be of another recording.
            restart: self.restart || self.traffic.replay.is_some(),
            max_requests: self.max_requests,
            max_wait: self.max_wait,
            backfill: None,
        }
    }
}

/// Runs the pipeline and prints the receipt.
///
/// # Errors
///
/// Whatever ends the run early.
pub(crate) async fn execute(args: &RunArgs, printer: &Printer) -> Result<ExitCode, Failure> {
    let places = (&args.source, &args.destination, &args.working_dir);
    pull(places, &args.traffic, args.options(), printer).await
}

/// Runs a pipeline with `options` and prints the receipt.
///
/// # Errors
///
/// Whatever ends the run early.
pub(crate) async fn pull(
    (source, destination, working_dir): (&SourceArgs, &DestinationArgs, &WorkingDirArgs),
    traffic: &TrafficArgs,
    options: RunOptions,
    printer: &Printer,
) -> Result<ExitCode, Failure> {
    let source = Source::read(&source.file, printer)?.into_destination(destination)?;
    let target = source.target(printer.redactor())?;
    let name = target.destination.name();
    let progress = Arc::new(Progress::new(printer.clone(), name.clone()));
    let traffic = traffic.open(printer.redactor())?;
    let builder = Pipeline::builder(source.plan, traffic.secrets(source.secrets));
    let pipeline = traffic
        .apply(builder)
        .destination(target.destination)
        .redactor(printer.redactor().clone())
        .events(Arc::clone(&progress) as _)
        .working_dir(traffic.working_dir(&working_dir.working_dir))
        .seed(seed())
        .options(options)
        .build();
    let outcome = until_interrupted(&pipeline, &Interrupt::listen(printer)).await;
    progress.clear();
    traffic.finish(printer)?;
    let receipt = outcome.map_err(|failure| failure.with_kept_pages(progress.kept_pages()))?;
    if printer.is_json() {
        printer
            .json(&receipt)
            .map_err(|error| Failure::output(&error))?;
    } else if !printer.is_quiet() {
        printer
            .text(&receipt::text(&receipt, &name))
            .map_err(|error| Failure::output(&error))?;
    }
    Ok(receipt::exit_code(&receipt))
}

/// The run, cancelled when the user wants to stop; what was fetched is kept.
pub(crate) async fn until_interrupted(
    pipeline: &Pipeline,
    interrupt: &Interrupt,
) -> Result<apiduct::pipeline::Receipt, Failure> {
    let canceller = pipeline.canceller();
    let run = pipeline.run();
    tokio::pin!(run);
    let outcome = tokio::select! {
        outcome = &mut run => outcome,
        () = interrupt.wanted() => {
            canceller.cancel();
            run.await
        }
    };
    Ok(outcome?)
}

/// A number that no other run has: it tells loads of one millisecond apart.
pub(crate) fn seed() -> u64 {
    let now = SystemClock::new()
        .now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::from(now.subsec_nanos()) << 32
        ^ now.as_secs()
        ^ u64::from(std::process::id()).rotate_left(16)
}
