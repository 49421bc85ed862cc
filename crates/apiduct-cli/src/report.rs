//! How errors are told: what failed, why, and what to do, as text on stderr or as JSON on stdout.

use std::error::Error;
use std::io;

use apiduct::config::{ConfigError, ConfigErrors};
use apiduct::model::Hint;
use apiduct::pipeline::{ErrorClass, RunError};
use console::Style;
use serde::Serialize;

use crate::exit_code::ExitCode;
use crate::printer::Printer;

/// Why a command ends early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something went wrong and must be told.
    Reported(Box<Report>),
    /// Nobody reads stdout any more (`| head`): nothing to tell.
    ClosedPipe,
}

/// An error, ready to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    /// What failed.
    pub(crate) message: String,
    /// Why, from the outside in.
    pub(crate) causes: Vec<String>,
    /// What to do.
    pub(crate) hint: Option<String>,
    /// The kind of error, for programs.
    pub(crate) class: &'static str,
    /// The exit code.
    pub(crate) exit_code: u8,
    /// All mistakes of a configuration.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) mistakes: Vec<Mistake>,
    /// Pages that were fetched and wait for the next run.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) kept_pages: u64,
    #[serde(skip)]
    code: ExitCode,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// One mistake in a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Mistake {
    /// What is wrong, with its place.
    message: String,
    /// Why, from the outside in.
    causes: Vec<String>,
    /// What to do.
    hint: Option<String>,
    /// The file.
    file: String,
    /// Line, from 1; `None` for the file as a whole.
    line: Option<usize>,
    /// Column in characters, from 1; `None` for the file as a whole.
    column: Option<usize>,
    /// The key, such as `resources[2].endpoint.paginator`.
    key: String,
}

impl Failure {
    /// The failure of an error that knows what to do about itself.
    pub(crate) fn new(code: ExitCode, error: &(impl Error + Hint + 'static)) -> Self {
        Self::from_parts(code, error, error.hint())
    }

    /// The failure of any error.
    pub(crate) fn plain(code: ExitCode, error: &(dyn Error + 'static)) -> Self {
        Self::from_parts(code, error, None)
    }

    /// A failure that only the command line knows.
    pub(crate) fn message(code: ExitCode, message: impl Into<String>, hint: Option<&str>) -> Self {
        let report = Report {
            message: message.into(),
            causes: Vec::new(),
            hint: hint.map(str::to_owned),
            class: code.class(),
            exit_code: code.number(),
            mistakes: Vec::new(),
            kept_pages: 0,
            code,
        };
        Self::Reported(Box::new(report))
    }

    /// A command line that makes no sense.
    pub(crate) fn usage(message: impl Into<String>, hint: Option<&str>) -> Self {
        Self::message(ExitCode::Usage, message, hint)
    }

    /// A failed write to stdout.
    pub(crate) fn output(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::ClosedPipe;
        }
        Self::file("write", "stdout", error)
    }

    /// A file that cannot be used; `action` is a verb.
    pub(crate) fn file(action: &str, path: &str, error: &io::Error) -> Self {
        Self::message(
            ExitCode::Destination,
            format!("cannot {action} `{path}`"),
            None,
        )
        .because(error)
    }

    /// The same failure with `error` as its innermost cause.
    pub(crate) fn because(mut self, error: &(dyn Error + 'static)) -> Self {
        if let Self::Reported(report) = &mut self {
            report
                .causes
                .extend(std::iter::once(error.to_string()).chain(causes(error)));
        }
        self
    }

    /// The same failure as part of a larger undertaking: `message` comes first, what failed becomes its cause.
    pub(crate) fn within(mut self, message: impl Into<String>) -> Self {
        if let Self::Reported(report) = &mut self {
            report
                .causes
                .insert(0, std::mem::replace(&mut report.message, message.into()));
        }
        self
    }

    /// The same failure, after which so many pages wait for the next run.
    pub(crate) fn with_kept_pages(mut self, pages: u64) -> Self {
        if let Self::Reported(report) = &mut self {
            report.kept_pages = pages;
        }
        self
    }

    /// Tells the failure and says how the process ends.
    pub(crate) fn tell(&self, printer: &Printer) -> ExitCode {
        if let Self::Reported(report) = self {
            report.tell(printer);
        }
        self.code()
    }

    /// The failure for programs; `None` when there is nothing to tell.
    pub(crate) fn document(&self) -> Option<&Report> {
        match self {
            Self::Reported(report) => Some(report),
            Self::ClosedPipe => None,
        }
    }

    /// How the process ends.
    pub(crate) fn code(&self) -> ExitCode {
        self.document()
            .map_or(ExitCode::Complete, |report| report.code)
    }

    fn from_parts(code: ExitCode, error: &(dyn Error + 'static), hint: Option<String>) -> Self {
        let mut report = Report {
            message: error.to_string(),
            causes: causes(error).collect(),
            hint,
            class: code.class(),
            exit_code: code.number(),
            mistakes: Vec::new(),
            kept_pages: 0,
            code,
        };
        // A configuration's mistakes are many and each has a place, also where they are only the cause.
        let mut link = Some(error);
        while let Some(one) = link {
            if let Some(errors) = one.downcast_ref::<ConfigErrors>() {
                report = Report::of_mistakes(errors);
                break;
            }
            link = one.source();
        }
        Self::Reported(Box::new(report))
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Self::Reported(Box::new(Report::of_mistakes(&errors)))
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        let error = match error {
            RunError::Config(errors) => return errors.into(),
            error => error,
        };
        let code = match error.class() {
            ErrorClass::Config => ExitCode::Usage,
            ErrorClass::Source => ExitCode::Source,
            ErrorClass::Data => ExitCode::Data,
            ErrorClass::Destination => ExitCode::Destination,
            ErrorClass::Incomplete => ExitCode::Incomplete,
            ErrorClass::Interrupted => ExitCode::Interrupted,
        };
        Self::new(code, &error)
    }
}

impl From<apiduct::Error> for Failure {
    fn from(error: apiduct::Error) -> Self {
        use apiduct::Error;
        use apiduct::client::RetryStop;

        let code = match error {
            _ if error.is_login_needed() => ExitCode::Usage,
            _ if matches!(error.retry_stop(), Some(RetryStop::WaitTooLong { .. })) => {
                ExitCode::Incomplete
            }
            Error::BaseUrl { .. }
            | Error::Path { .. }
            | Error::Header { .. }
            | Error::Setting { .. }
            | Error::Selector { .. } => ExitCode::Usage,
            _ => ExitCode::Source,
        };
        Self::new(code, &error)
    }
}

impl Report {
    fn of_mistakes(errors: &ConfigErrors) -> Self {
        let mut report = Self {
            message: String::new(),
            causes: Vec::new(),
            hint: None,
            class: ExitCode::Usage.class(),
            exit_code: ExitCode::Usage.number(),
            mistakes: errors.iter().map(Mistake::new).collect(),
            kept_pages: 0,
            code: ExitCode::Usage,
        };
        if let [one] = report.mistakes.as_slice() {
            report.message.clone_from(&one.message);
            report.causes.clone_from(&one.causes);
            report.hint.clone_from(&one.hint);
        } else {
            let file = report.mistakes.first().map_or("", |one| &one.file);
            report.message = format!("{} mistakes in `{file}`", report.mistakes.len());
            report.causes = report
                .mistakes
                .iter()
                .map(|one| one.message.clone())
                .collect();
        }
        report
    }

    fn tell(&self, printer: &Printer) {
        if printer.is_json() {
            // What cannot be told on stdout any more is at least told by the exit code.
            let _ = printer.json(&serde_json::json!({ "error": self }));
            return;
        }
        let error = printer.label("error", Style::new().red().bold());
        let hint = printer.label("hint", Style::new().cyan().bold());
        let mut lines = Vec::new();
        if self.mistakes.is_empty() {
            block(
                &mut lines,
                (&error, &hint),
                &self.message,
                &self.causes,
                self.hint.as_deref(),
            );
        }
        for one in &self.mistakes {
            block(
                &mut lines,
                (&error, &hint),
                &one.message,
                &one.causes,
                one.hint.as_deref(),
            );
        }
        match self.kept_pages {
            0 => {}
            1 => lines.push("kept: 1 page; the same command goes on behind it".to_owned()),
            pages => lines.push(format!(
                "kept: {} pages; the same command goes on behind them",
                indicatif::HumanCount(pages)
            )),
        }
        if self.mistakes.len() > 1 {
            lines.push(format!("{error}: {}", self.message));
        }
        printer.stderr(&lines.join("\n"));
    }
}

fn block(
    lines: &mut Vec<String>,
    (error_word, hint_word): (&str, &str),
    message: &str,
    causes: &[String],
    hint: Option<&str>,
) {
    lines.push(format!("{error_word}: {}", indented(message)));
    for cause in causes {
        lines.push(format!("  cause: {}", indented(cause)));
    }
    if let Some(hint) = hint {
        lines.push(format!("{hint_word}: {}", indented(hint)));
    }
}

/// Text of several lines below its label.
fn indented(text: &str) -> String {
    text.trim_end().replace('\n', "\n    ")
}

fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = String> + use<'e> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause.to_string())
    })
}

impl Mistake {
    fn new(error: &ConfigError) -> Self {
        // A short option has but one place, and saying so helps nobody.
        let message = error.to_string();
        let is_option =
            error.place.file.starts_with('-') && (error.place.line, error.place.column) == (1, 1);
        let message = if is_option {
            message.replacen(":1:1:", ":", 1)
        } else {
            message
        };
        Self {
            message,
            causes: causes(error).collect(),
            hint: error.hint(),
            file: error.place.file.clone(),
            line: Some(error.place.line).filter(|line| *line > 0),
            column: Some(error.place.column).filter(|column| *column > 0),
            key: error.path.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use apiduct::config::{Format, Spec};

    #[derive(Debug, thiserror::Error)]
    #[error("cannot fetch page {page}")]
    struct Outer {
        page: u32,
        source: io::Error,
    }

    impl Hint for Outer {
        fn hint(&self) -> Option<String> {
            Some("wait".to_owned())
        }
    }

    fn report(failure: Failure) -> Report {
        match failure {
            Failure::Reported(report) => *report,
            Failure::ClosedPipe => panic!("a report was expected"),
        }
    }

    #[test]
    fn a_failure_tells_the_chain_and_the_hint() {
        let error = Outer {
            page: 3,
            source: io::Error::other("no route"),
        };
        let report = report(Failure::new(ExitCode::Source, &error));
        assert_eq!(report.message, "cannot fetch page 3");
        assert_eq!(report.causes, ["no route"]);
        assert_eq!(report.hint.as_deref(), Some("wait"));
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["class"], "source");
        assert_eq!(json["exit_code"], 3);
        assert!(json.get("code").is_none() && json.get("mistakes").is_none());
    }

    #[test]
    fn a_closed_pipe_is_no_error() {
        let closed = Failure::output(&io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(matches!(closed, Failure::ClosedPipe));
        let full = report(Failure::output(&io::Error::from(
            io::ErrorKind::StorageFull,
        )));
        assert_eq!(full.exit_code, 5);
        assert_eq!(full.message, "cannot write `stdout`");
        assert_eq!(full.causes.len(), 1);
    }

    #[test]
    fn every_mistake_of_a_file_keeps_its_place() {
        let text = "client: {base_url: 'https://h', headrs: {}}\nresorces: []\n";
        let errors = Spec::parse(text, Format::Yaml, "s.yaml").unwrap_err();
        let count = errors.len();
        let report = report(Failure::from(errors));
        assert_eq!(report.mistakes.len(), count);
        assert_eq!(report.exit_code, 2);
        assert_eq!(report.mistakes[0].line, Some(1));
        assert_eq!(
            report.mistakes[0].hint.as_deref(),
            Some("did you mean `headers`?")
        );
        assert!(
            report.message.ends_with("in `s.yaml`"),
            "{}",
            report.message
        );
    }

    #[test]
    fn an_undertaking_puts_the_failure_below_itself() {
        let failure =
            Failure::file("write", "x", &io::Error::other("no")).within("cannot make the tour");
        let report = report(failure);
        assert_eq!(report.message, "cannot make the tour");
        assert_eq!(report.causes, ["cannot write `x`", "no"]);
    }

    #[test]
    fn lines_below_the_first_are_indented() {
        let mut lines = Vec::new();
        block(
            &mut lines,
            ("error", "hint"),
            "a\nb",
            &["c".to_owned()],
            Some("d"),
        );
        assert_eq!(lines.join("\n"), "error: a\n    b\n  cause: c\nhint: d");
    }
}
