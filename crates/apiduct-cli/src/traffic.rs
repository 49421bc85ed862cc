//! Traffic that is recorded, or comes from a recording.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use apiduct::config::resolve::{SecretSource, StandIns, SystemSource};
use apiduct::model::{Clock, Redactor, SystemClock};
use apiduct::pipeline::PipelineBuilder;
use apiduct::transport::recording::{Recorder, RecordingError, ReplayTimer, ReplayTransport};
use clap::Args;

use crate::exit_code::ExitCode;
use crate::printer::Printer;
use crate::report::Failure;

/// Where traffic is written to, or comes from.
#[derive(Debug, Args)]
pub(crate) struct TrafficArgs {
    /// Write all requests and answers to this file, without secrets.
    #[arg(long, value_name = "PATH", conflicts_with = "replay")]
    pub(crate) record: Option<PathBuf>,
    /// Take all answers from a file that `--record` wrote: no network, no secret, no wait.
    #[arg(long, value_name = "PATH")]
    pub(crate) replay: Option<PathBuf>,
}

/// Where answers come from.
#[derive(Debug)]
pub(crate) enum Traffic {
    /// From the network.
    Live,
    /// From the network, written down.
    Recorded(Recorder),
    /// From a recording.
    Replayed(Arc<ReplayTransport>),
}

impl TrafficArgs {
    /// Opens what the options name; `redactor` must hear of all secrets.
    ///
    /// # Errors
    ///
    /// A file that cannot be written, or that is no recording.
    pub(crate) fn open(&self, redactor: &Redactor) -> Result<Traffic, Failure> {
        let redactor = redactor.clone();
        Ok(match (&self.record, &self.replay) {
            (Some(path), _) => {
                let now = SystemClock::new().now();
                let recorder = Recorder::create(path, redactor, now);
                Traffic::Recorded(recorder.map_err(|error| failure(&error))?)
            }
            (None, Some(path)) => {
                let replay = ReplayTransport::open(path, redactor);
                Traffic::Replayed(Arc::new(replay.map_err(|error| failure(&error))?))
            }
            (None, None) => Traffic::Live,
        })
    }
}

impl Traffic {
    /// Whether no network is used.
    pub(crate) fn is_replay(&self) -> bool {
        matches!(self, Self::Replayed(_))
    }

    /// The secrets; a replay does without.
    pub(crate) fn secrets(&self, secrets: Arc<SystemSource>) -> Arc<dyn SecretSource> {
        if self.is_replay() {
            Arc::new(StandIns(SystemSource::clone(&secrets)))
        } else {
            secrets
        }
    }

    /// The folder for what a run keeps; a replay must not mix with runs.
    pub(crate) fn working_dir(&self, folder: &Path) -> PathBuf {
        if self.is_replay() {
            folder.join("replay")
        } else {
            folder.to_owned()
        }
    }

    /// Time for a replay.
    pub(crate) fn timer(&self) -> Option<ReplayTimer> {
        match self {
            Self::Replayed(replay) => Some(ReplayTimer::starting_at(replay.recorded_at())),
            Self::Live | Self::Recorded(_) => None,
        }
    }

    /// Has `builder` get its answers like this.
    pub(crate) fn apply(&self, builder: PipelineBuilder) -> PipelineBuilder {
        match self {
            Self::Live => builder,
            Self::Recorded(recorder) => builder.record(recorder.clone()),
            Self::Replayed(replay) => {
                let builder = builder.transport(Arc::clone(replay) as _);
                match self.timer() {
                    Some(timer) => builder.timer(Arc::new(timer)),
                    None => builder,
                }
            }
        }
    }

    /// Gives a recording its name, however the work ended.
    ///
    /// # Errors
    ///
    /// A recording that cannot be written.
    pub(crate) fn finish(&self, printer: &Printer) -> Result<(), Failure> {
        if let Self::Recorded(recorder) = self {
            let count = recorder.finish().map_err(|error| failure(&error))?;
            let exchanges = if count == 1 { "exchange" } else { "exchanges" };
            printer.message(&format!("recorded {count} {exchanges}"));
        }
        Ok(())
    }
}

fn failure(error: &RecordingError) -> Failure {
    let code = match error {
        RecordingError::Write { .. } => ExitCode::Destination,
        _ => ExitCode::Usage,
    };
    Failure::new(code, error)
}
