//! Where output goes, decided once: data to stdout, all else to stderr.

use std::io::{self, BufWriter, IsTerminal, Write};

use apiduct::model::Redactor;
use clap::ValueEnum;
use indicatif::{MultiProgress, ProgressDrawTarget};
use serde::Serialize;

use crate::env_vars;

/// The form of what a command says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON document on stdout.
    Json,
}

/// What the global options ask for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wishes {
    /// The form of the output.
    pub(crate) format: Format,
    /// No messages and no progress.
    pub(crate) is_quiet: bool,
    /// How often `-v` was given.
    pub(crate) verbosity: u8,
}

/// Takes everything that the program says. Clones write to the same places.
#[derive(Debug, Clone)]
pub(crate) struct Printer {
    wishes: Wishes,
    redactor: Redactor,
    bars: MultiProgress,
    has_bars: bool,
    is_stdout_terminal: bool,
    colors: Colors,
}

#[derive(Debug, Clone, Copy)]
struct Colors {
    stdout: bool,
    stderr: bool,
}

/// Bytes that are gathered before they are written.
const BUFFER: usize = 256 << 10;

impl Printer {
    /// A printer for this process.
    pub(crate) fn new(wishes: Wishes, redactor: Redactor) -> Self {
        let is_stdout_terminal = io::stdout().is_terminal();
        let is_stderr_terminal = io::stderr().is_terminal();
        let has_bars = is_stderr_terminal && !wishes.is_quiet && wishes.format == Format::Text;
        let wants_colors = env_vars::NO_COLOR.value().is_none();
        let target = if has_bars {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        Self {
            wishes,
            redactor,
            bars: MultiProgress::with_draw_target(target),
            has_bars,
            is_stdout_terminal,
            colors: Colors {
                stdout: wants_colors && is_stdout_terminal,
                stderr: wants_colors && is_stderr_terminal,
            },
        }
    }

    /// Whether programs read along.
    pub(crate) fn is_json(&self) -> bool {
        self.wishes.format == Format::Json
    }

    /// Whether nothing but data and errors is wanted.
    pub(crate) fn is_quiet(&self) -> bool {
        self.wishes.is_quiet
    }

    /// Whether progress bars may be drawn.
    pub(crate) fn has_bars(&self) -> bool {
        self.has_bars
    }

    /// The bars that are on the terminal.
    pub(crate) fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// The secrets to be masked.
    pub(crate) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// The width to which tables are cut; `None` when stdout is no terminal.
    pub(crate) fn table_width(&self) -> Option<usize> {
        self.is_stdout_terminal
            .then(|| usize::from(console::Term::stdout().size().1))
    }

    /// `text` emphasized on stdout, where colors are wanted.
    pub(crate) fn strong(&self, text: &str) -> String {
        if self.colors.stdout {
            console::style(text).bold().force_styling(true).to_string()
        } else {
            text.to_owned()
        }
    }

    /// Buffered stdout. Flush it, and mind that its reader may be gone.
    #[expect(clippy::unused_self, reason = "only what has a printer writes")]
    pub(crate) fn data(&self) -> BufWriter<io::StdoutLock<'static>> {
        BufWriter::with_capacity(BUFFER, io::stdout().lock())
    }

    /// Writes `text` to stdout.
    ///
    /// # Errors
    ///
    /// When stdout cannot be written.
    pub(crate) fn text(&self, text: &str) -> io::Result<()> {
        self.bars.suspend(|| {
            let mut out = self.data();
            out.write_all(self.redactor.redact(text).as_bytes())?;
            out.flush()
        })
    }

    /// Writes `document` to stdout as JSON.
    ///
    /// # Errors
    ///
    /// When stdout cannot be written.
    pub(crate) fn json(&self, document: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(document)?;
        text.push('\n');
        self.text(&text)
    }

    /// A line for people on stderr; silent with `-q`.
    pub(crate) fn message(&self, text: &str) {
        if !self.wishes.is_quiet {
            self.stderr(text);
        }
    }

    /// A line that starts with `warning:` on stderr; silent with `-q`.
    pub(crate) fn warning(&self, text: &str) {
        let word = self.label("warning", console::Style::new().yellow().bold());
        self.message(&format!("{word}: {text}"));
    }

    /// A line on stderr, whatever the wishes are. A stderr that cannot be written is nothing one could report.
    pub(crate) fn stderr(&self, text: &str) {
        self.bars.suspend(|| {
            let _ = writeln!(io::stderr().lock(), "{}", self.redactor.redact(text));
        });
    }

    /// `word` in `style`, where stderr takes colors.
    pub(crate) fn label(&self, word: &str, style: console::Style) -> String {
        if self.colors.stderr {
            style.force_styling(true).apply_to(word).to_string()
        } else {
            word.to_owned()
        }
    }

    /// How often `-v` was given.
    pub(crate) fn verbosity(&self) -> u8 {
        self.wishes.verbosity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_terminal_there_are_neither_bars_nor_colors() {
        // Tests run with their output captured or piped; both count as no terminal only when they are.
        if io::stderr().is_terminal() || io::stdout().is_terminal() {
            return;
        }
        let printer = Printer::new(Wishes::default(), Redactor::default());
        assert!(!printer.has_bars());
        assert_eq!(printer.strong("a"), "a");
        assert_eq!(printer.label("error", console::Style::new().red()), "error");
        assert_eq!(printer.table_width(), None);
    }

    #[test]
    fn programs_get_no_bars() {
        let wishes = Wishes {
            format: Format::Json,
            ..Wishes::default()
        };
        let printer = Printer::new(wishes, Redactor::default());
        assert!(printer.is_json() && !printer.has_bars());
    }
}
