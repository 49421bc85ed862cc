use apiduct_json::SyntaxError;
use apiduct_model::{Hint, Place};

/// A text that is no jq program, or that needs more than a record to run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}, at line {line}, column {column} of the program")]
pub struct ProgramError {
    /// What is wrong, in words.
    pub reason: String,
    /// Line in the program, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What to do.
    pub(crate) hint: Option<String>,
}

impl Hint for ProgramError {
    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

/// Why a step could not be done with a record.
#[derive(Debug, thiserror::Error)]
#[error("step `{step}` ({place}) fails on `{record}`")]
pub struct StepError {
    /// What the step is, with its program if it has one: `map: .a + 1`.
    pub step: String,
    /// Where it stands in the file.
    pub place: Place,
    /// The beginning of the record as the step met it, secrets masked.
    pub record: String,
    /// What is wrong.
    #[source]
    pub problem: Box<StepProblem>,
}

impl Hint for StepError {
    fn hint(&self) -> Option<String> {
        self.problem.hint()
    }
}

/// What is wrong with a record, as a step sees it. Values in it are cut short, and secrets are masked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StepProblem {
    /// The record is not JSON.
    #[error("the record is not JSON")]
    Syntax {
        /// What is wrong with it.
        #[from]
        source: SyntaxError,
    },
    /// The program ended in an error.
    #[error("{message}")]
    Program {
        /// What jq says.
        message: String,
    },
    /// A program that has to give one result gave several.
    #[error("the program gives more than one result")]
    SeveralResults,
    /// A program that has to give one result gave none.
    #[error("the program gives no result")]
    NoResult,
    /// A result is no record.
    #[error("a result is {kind}, and a record is an object")]
    NotARecord {
        /// What it is, with its article.
        kind: &'static str,
    },
    /// A result is not a single value.
    #[error("the result is {kind}, and a text, number or boolean is needed")]
    NotAScalar {
        /// What it is, with its article.
        kind: &'static str,
    },
    /// A result holds something that JSON cannot say.
    #[error("a result holds {what}, which JSON cannot say")]
    NotJson {
        /// What it holds.
        what: &'static str,
    },
    /// One record became too many.
    #[error("one record gives more than {limit} results")]
    TooManyResults {
        /// How many are allowed.
        limit: usize,
    },
    /// A value that cannot be turned into another type.
    #[error("field `{field}` holds `{value}`, which is not {what}")]
    Cast {
        /// The field.
        field: String,
        /// The value, cut short.
        value: String,
        /// What it was to become, with its article.
        what: &'static str,
    },
    /// A value of a kind that the step does not take.
    #[error("field `{field}` holds {kind}, and the step takes {takes}")]
    WrongKind {
        /// The field.
        field: String,
        /// What it holds, with its article.
        kind: &'static str,
        /// What the step takes.
        takes: &'static str,
    },
    /// A text that ought to hold JSON and does not.
    #[error("field `{field}` is not JSON")]
    NotParsed {
        /// The field.
        field: String,
        /// What is wrong with it.
        source: SyntaxError,
    },
    /// A field would take the place of another one.
    #[error("there is a field `{field}` already")]
    Taken {
        /// The field.
        field: String,
    },
}

impl Hint for StepProblem {
    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::SeveralResults => "use `yield_map` to make several records of one",
            Self::NotARecord { kind: "a list" } => {
                "use `yield_map` with `.[]` behind the program to get a record for each element"
            }
            Self::NotARecord { .. } => "put the value into an object: `{value: ...}`",
            Self::TooManyResults { .. } => "check the program for an endless loop such as `repeat`",
            Self::Cast { .. } => {
                "repair or drop such values in a step before, for example with `map`"
            }
            Self::Taken { .. } => "`drop` the other field first, or choose another name",
            Self::NotJson { .. } => "replace it in the program, for example by `null`",
            Self::WrongKind { .. }
            | Self::Syntax { .. }
            | Self::Program { .. }
            | Self::NoResult
            | Self::NotAScalar { .. }
            | Self::NotParsed { .. } => return None,
        };
        Some(text.to_owned())
    }
}
