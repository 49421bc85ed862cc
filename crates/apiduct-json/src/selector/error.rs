use apiduct_model::Hint;

/// Why a selector could not be understood, where, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the path `{selector}` at character {column}: {problem}")]
#[non_exhaustive]
pub struct SelectorError {
    /// The selector as written, trimmed.
    pub selector: String,
    /// Bytes of `selector` before the mistake.
    pub offset: usize,
    /// Column of the mistake in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: SelectorProblem,
    /// A path that is likely to be meant.
    pub instead: Option<String>,
}

impl SelectorError {
    pub(crate) fn new(selector: &str, offset: usize, problem: SelectorProblem) -> Self {
        let offset = offset.min(selector.len());
        let column = selector
            .get(..offset)
            .map_or(0, |before| before.chars().count())
            + 1;
        Self {
            selector: selector.to_owned(),
            offset,
            column,
            problem,
            instead: None,
        }
    }

    /// Drops the proposed path unless it can be read.
    pub(super) fn keep_proposal_if(mut self, is_readable: impl Fn(&str) -> bool) -> Self {
        self.instead = self.instead.filter(|path| is_readable(path));
        self
    }
}

impl Hint for SelectorError {
    fn hint(&self) -> Option<String> {
        if let Some(path) = &self.instead {
            return Some(format!("write `{path}`"));
        }
        self.problem.advice().map(str::to_owned)
    }
}

/// What is wrong with a selector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectorProblem {
    /// Nothing was written.
    #[error("the path is empty")]
    Empty,
    /// A dot is the first character.
    #[error("a path does not begin with a dot")]
    LeadingDot,
    /// A dot is not followed by a step.
    #[error("a step is missing after the dot")]
    MissingStep,
    /// `..` without anything before it.
    #[error("`..` needs something to start from")]
    LeadingDescendant,
    /// `$` is followed by neither a dot nor a bracket.
    #[error("`$` must be followed by a dot or a bracket")]
    AfterRoot,
    /// `[]`.
    #[error("the brackets are empty")]
    EmptyBrackets,
    /// A bracket or parenthesis without its partner.
    #[error("`{bracket}` has no partner")]
    Unbalanced {
        /// The lonely bracket.
        bracket: char,
    },
    /// A quoted name or text that does not end.
    #[error("the quoted text does not end")]
    UnclosedQuote,
    /// An escape in a quoted text that means nothing.
    #[error("an escape that means nothing")]
    InvalidEscape,
    /// A character that a name can hold only in quotes.
    #[error("a name with `{character}` needs quotes")]
    NeedsQuotes {
        /// The character.
        character: char,
    },
    /// A character that does not belong here.
    #[error("`{character}` does not belong here")]
    Unexpected {
        /// The character.
        character: char,
    },
    /// An index or slice bound that is not an integer of 53 bits.
    #[error("the index is not a whole number in range")]
    InvalidIndex,
    /// A slice with step 0 or more than three parts.
    #[error("a slice is `[start:end:step]`, and its step is not 0")]
    InvalidSlice,
    /// An operator of other path languages: backticks, sorting, arithmetic, unions, `where`, methods.
    #[error("{operator} is not supported in a path")]
    Unsupported {
        /// What was found.
        operator: &'static str,
    },
    /// A filter that is not understood.
    #[error("the filter is not a condition: {reason}")]
    InvalidFilter {
        /// The parser's words.
        reason: String,
    },
    /// Nested filters, parentheses or brackets past the limit, or a path past 4096 bytes.
    #[error("the path is too long or too deeply nested")]
    TooComplex,
}

impl SelectorProblem {
    fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::Empty => "write `$` for the whole document",
            Self::LeadingDescendant => "write `$..name` for a name at any depth",
            Self::EmptyBrackets => "write `[*]` for all elements or `[0]` for the first one",
            Self::NeedsQuotes { .. } => "put the name into quotes: `['the name']`",
            Self::Unsupported { .. } => "select with plain steps here and transform the rows later",
            Self::InvalidFilter { .. } => {
                "a condition is `[?(@.name == 'x')]`, joined by `&&` and `||`"
            }
            Self::InvalidSlice => "write `[0:10]`, `[-5:]` or `[::2]`",
            _ => return None,
        })
    }
}
