use std::error::Error;
use std::fmt;

/// What the commands return.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// Why a command stopped, and what its reader can do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    hints: Vec<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// A failure told in one sentence: lowercase, no full stop.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            hints: Vec::new(),
            source: None,
        }
    }

    /// Adds what to do, behind what was said already.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds the error behind this one.
    #[must_use]
    pub(crate) fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The whole report: the sentence, its causes, the hint.
    pub(crate) fn report(&self) -> String {
        let mut lines = vec![format!("error: {}", self.what)];
        let mut cause = self.source();
        while let Some(one) = cause {
            lines.push(format!("  cause: {one}"));
            cause = one.source();
        }
        lines.extend(self.hints.iter().map(|hint| format!("hint: {hint}")));
        lines.join("\n")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|one| one as &dyn Error)
    }
}

/// Gives an error the sentence that says what was being done.
pub(crate) trait Context<T> {
    /// Wraps the error, if there is one, in a [`Failure`] that says `what`.
    fn context(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> Context<T> for std::result::Result<T, E> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Failure::new(what()).because(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_what_failed_its_cause_and_the_way_out() {
        let cause = std::io::Error::other("no space");
        let failure = Failure::new("cannot unpack `a`")
            .because(cause)
            .hint("free some space");

        assert_eq!(
            failure.report(),
            "error: cannot unpack `a`\n  cause: no space\nhint: free some space"
        );
    }

    #[test]
    fn context_leaves_success_alone() {
        let fine: std::io::Result<u8> = Ok(7);

        assert_eq!(fine.context(|| unreachable!()).unwrap(), 7);
    }
}
