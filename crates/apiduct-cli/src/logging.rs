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

use crate::env_vars::{self, EnvVar};
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
    let (targets, handle) = Layer::new(targets(&Wish::of(printer))?);
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(LogWriter {
            printer: printer.clone(),
        });
    let registry = tracing_subscriber::registry().with(targets);
    let is_first = if wants_json(env_vars::RUNTIME_LOG_FORMAT.value().as_deref())? {
        registry.with(lines.json()).try_init().is_ok()
    } else {
        registry.with(lines).try_init().is_ok()
    };
    if is_first {
        // Nobody else sets it.
        let _ = FILTER.set(handle);
    }
    Ok(())
}

/// Logs as a file's `runtime.log_level` says, unless the command line or the environment says otherwise.
pub(crate) fn follow(printer: &Printer, level: &str) {
    let wish = Wish::of(printer);
    if wish.directives.is_some() || wish.rust_log.is_some() || wish.verbosity > 0 {
        return;
    }
    let wish = Wish {
        level: Some(level.to_owned()),
        ..Wish::default()
    };
    if let (Some(filter), Ok(targets)) = (FILTER.get(), targets(&wish)) {
        // Fails only when the log is gone.
        let _ = filter.reload(targets);
    }
}

/// What was said about the log, in the order in which it counts.
#[derive(Debug, Default)]
struct Wish {
    /// `APIDUCT_LOG`
    directives: Option<String>,
    /// How often `-v` was given.
    verbosity: u8,
    /// `RUST_LOG`
    rust_log: Option<String>,
    /// `RUNTIME__LOG_LEVEL`
    level: Option<String>,
}

impl Wish {
    fn of(printer: &Printer) -> Self {
        Self {
            directives: env_vars::LOG.value(),
            verbosity: printer.verbosity(),
            rust_log: env_vars::RUST_LOG.value(),
            level: env_vars::RUNTIME_LOG_LEVEL.value(),
        }
    }
}

/// Which lines go to the log.
fn targets(wish: &Wish) -> Result<Targets, Failure> {
    let verbosity = wish.verbosity;
    if let Some(text) = &wish.directives {
        return directives(env_vars::LOG, text);
    }
    if let (0, Some(text)) = (verbosity, &wish.rust_log) {
        return directives(env_vars::RUST_LOG, text);
    }
    let own = match verbosity {
        0 => match &wish.level {
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

fn directives(variable: EnvVar, text: &str) -> Result<Targets, Failure> {
    Targets::from_str(text).map_err(|error| {
        Failure::usage(
            format!("`{}` is not understood", variable.name),
            Some("write a level such as `debug`, or a list such as `warn,apiduct_client=trace`"),
        )
        .because(&error)
    })
}

fn wants_json(format: Option<&str>) -> Result<bool, Failure> {
    match format.map(str::to_ascii_lowercase).as_deref() {
        None | Some("text") => Ok(false),
        Some("json") => Ok(true),
        Some(other) => Err(Failure::usage(
            format!(
                "`{}` names no form: `{other}`",
                env_vars::RUNTIME_LOG_FORMAT.name
            ),
            Some("valid are `text`, `json`"),
        )),
    }
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

    fn wish(directives: &str, verbosity: u8, rust_log: &str, level: &str) -> Wish {
        let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Wish {
            directives: said(directives),
            verbosity,
            rust_log: said(rust_log),
            level: said(level),
        }
    }

    #[test]
    fn each_v_shows_more_of_us_and_nothing_of_others() {
        for (verbosity, level) in [
            (0, Level::WARN),
            (1, Level::INFO),
            (2, Level::DEBUG),
            (3, Level::TRACE),
        ] {
            let targets = targets(&wish("", verbosity, "", "")).unwrap();
            assert!(targets.would_enable("apiduct_client::exchange", &level));
            assert!(targets.would_enable("apiduct::http", &level));
            assert!(!targets.would_enable("hyper::client", &Level::INFO));
        }
    }

    #[test]
    fn the_own_variable_wins_over_options_and_all_other_variables() {
        let wish = wish("error,apiduct_client=trace", 2, "debug", "DEBUG");
        let targets = targets(&wish).unwrap();
        assert!(targets.would_enable("apiduct_client::exchange", &Level::TRACE));
        assert!(!targets.would_enable("apiduct_pipeline", &Level::WARN));
    }

    #[test]
    fn options_win_over_rust_log_and_that_over_the_references_level() {
        let loud = targets(&wish("", 2, "error", "ERROR")).unwrap();
        assert!(loud.would_enable("apiduct_client", &Level::DEBUG));
        let rust = targets(&wish("", 0, "hyper=debug,apiduct=info", "ERROR")).unwrap();
        assert!(rust.would_enable("hyper", &Level::DEBUG));
        assert!(rust.would_enable("apiduct::http", &Level::INFO));
    }

    #[test]
    fn the_references_spelling_is_read() {
        let quiet = targets(&wish("", 0, "", "CRITICAL")).unwrap();
        assert!(!quiet.would_enable("apiduct_client", &Level::WARN));
        assert!(!quiet.would_enable("hyper", &Level::WARN));
        let loud = targets(&wish("", 0, "", "debug")).unwrap();
        assert!(loud.would_enable("apiduct_client", &Level::DEBUG));
        for broken in [
            wish("", 0, "", "LOUD"),
            wish("=[=", 0, "", ""),
            wish("", 0, "=[=", ""),
        ] {
            assert!(targets(&broken).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn the_form_of_the_log_is_text_or_json() {
        assert!(!wants_json(None).unwrap());
        assert!(!wants_json(Some("TEXT")).unwrap());
        assert!(wants_json(Some("JSON")).unwrap());
        assert!(wants_json(Some("xml")).is_err());
    }
}
