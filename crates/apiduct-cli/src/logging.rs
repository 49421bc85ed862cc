//! The log on stderr: which lines, and no secret in any of them.

use std::io;
use std::str::FromStr;
use std::sync::OnceLock;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload::{Handle, Layer};
use tracing_subscriber::util::SubscriberInitExt;

use crate::env_vars;
use crate::printer::Printer;
use crate::report::Failure;

/// The filter of the log that runs.
static FILTER: OnceLock<Handle<Targets, Registry>> = OnceLock::new();

/// Starts the log.
///
/// # Errors
///
/// When a variable asks for a level that does not exist.
pub(crate) fn start(printer: &Printer) -> Result<(), Failure> {
    let directives = env_vars::LOG.value();
    let runtime_level = env_vars::RUNTIME_LOG_LEVEL.value();
    let targets = targets(
        directives.as_deref(),
        printer.verbosity(),
        runtime_level.as_deref(),
    )?;
    let (targets, handle) = Layer::new(targets);
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(LogWriter {
            printer: printer.clone(),
        });
    let is_first = tracing_subscriber::registry()
        .with(targets)
        .with(lines)
        .try_init()
        .is_ok();
    if is_first {
        // Nobody else sets it.
        let _ = FILTER.set(handle);
    }
    Ok(())
}

/// Logs as a file's `runtime.log_level` says, unless the command line or `APIDUCT_LOG` says otherwise.
pub(crate) fn follow(printer: &Printer, level: &str) {
    if env_vars::LOG.value().is_some() || printer.verbosity() > 0 {
        return;
    }
    if let (Some(filter), Ok(targets)) = (FILTER.get(), targets(None, 0, Some(level))) {
        // Fails only when the log is gone.
        let _ = filter.reload(targets);
    }
}

/// Which lines go to the log: `APIDUCT_LOG` before `-v` before `RUNTIME__LOG_LEVEL`.
fn targets(
    directives: Option<&str>,
    verbosity: u8,
    runtime_level: Option<&str>,
) -> Result<Targets, Failure> {
    if let Some(text) = directives {
        return Targets::from_str(text).map_err(|error| {
            Failure::usage(
                format!("`{}` is not understood", env_vars::LOG.name),
                Some(
                    "write a level such as `debug`, or a list such as `warn,apiduct_client=trace`",
                ),
            )
            .because(&error)
        });
    }
    let own = match verbosity {
        0 => match runtime_level {
            Some(word) => reference_level(word)?,
            None => LevelFilter::WARN,
        },
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    // What other libraries complain about comes back as one of our own errors.
    let others = match verbosity {
        0..=1 => LevelFilter::OFF,
        2..=3 => LevelFilter::WARN,
        _ => LevelFilter::DEBUG,
    };
    Ok(Targets::new()
        .with_default(others)
        .with_target("apiduct", own))
}

/// A level as the reference spells it.
fn reference_level(word: &str) -> Result<LevelFilter, Failure> {
    match word.to_ascii_uppercase().as_str() {
        "CRITICAL" | "FATAL" | "ERROR" => Ok(LevelFilter::ERROR),
        "WARNING" | "WARN" => Ok(LevelFilter::WARN),
        "INFO" => Ok(LevelFilter::INFO),
        "DEBUG" => Ok(LevelFilter::DEBUG),
        "NOTSET" | "TRACE" => Ok(LevelFilter::TRACE),
        _ => Err(Failure::usage(
            format!(
                "`{}` names no level: `{word}`",
                env_vars::RUNTIME_LOG_LEVEL.name
            ),
            Some("valid are `ERROR`, `WARNING`, `INFO`, `DEBUG`"),
        )),
    }
}

/// Makes a writer for each line.
#[derive(Debug, Clone)]
struct LogWriter {
    printer: Printer,
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = Line;

    fn make_writer(&'a self) -> Self::Writer {
        Line {
            printer: self.printer.clone(),
            text: Vec::new(),
        }
    }
}

/// One line of the log; told as a whole, so that no secret is cut in two.
#[derive(Debug)]
struct Line {
    printer: Printer,
    text: Vec<u8>,
}

impl io::Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.text);
        self.printer.stderr(text.trim_end());
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn each_v_shows_more_of_us_and_nothing_of_others() {
        for (verbosity, level) in [
            (0, Level::WARN),
            (1, Level::INFO),
            (2, Level::DEBUG),
            (3, Level::TRACE),
        ] {
            let targets = targets(None, verbosity, None).unwrap();
            assert!(targets.would_enable("apiduct_client::exchange", &level));
            assert!(!targets.would_enable("hyper::client", &Level::INFO));
        }
    }

    #[test]
    fn the_own_variable_wins_over_options_and_the_references_spelling() {
        let targets = targets(Some("error,apiduct_client=trace"), 2, Some("DEBUG")).unwrap();
        assert!(targets.would_enable("apiduct_client::exchange", &Level::TRACE));
        assert!(!targets.would_enable("apiduct_pipeline", &Level::WARN));
    }

    #[test]
    fn the_references_spelling_is_read() {
        let quiet = targets(None, 0, Some("CRITICAL")).unwrap();
        assert!(!quiet.would_enable("apiduct_client", &Level::WARN));
        assert!(!quiet.would_enable("hyper", &Level::WARN));
        let loud = targets(None, 0, Some("debug")).unwrap();
        assert!(loud.would_enable("apiduct_client", &Level::DEBUG));
        assert!(targets(None, 0, Some("LOUD")).is_err());
        assert!(targets(Some("=[="), 0, None).is_err());
    }
}
