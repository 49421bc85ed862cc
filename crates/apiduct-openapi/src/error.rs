use apiduct_model::Hint;

/// Why a description cannot be turned into a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenApiError {
    /// The file is not there, or the server does not give it.
    #[error("cannot read `{location}`: {reason}")]
    Unreadable {
        /// The path or URL.
        location: String,
        /// Why.
        reason: String,
    },
    /// The text has no structure.
    #[error("`{location}` is neither JSON nor YAML: {reason}")]
    Syntax {
        /// The path or URL.
        location: String,
        /// What is wrong, with its place.
        reason: String,
    },
    /// A version that is not read.
    #[error("`{location}` is of version {version}")]
    Version {
        /// The path or URL.
        location: String,
        /// What it says.
        version: String,
    },
    /// Data of another kind.
    #[error("`{location}` describes no API")]
    NotADescription {
        /// The path or URL.
        location: String,
    },
    /// Nothing in it can be loaded, or the selection leaves nothing.
    #[error("`{location}` has no endpoint that lists or shows records")]
    NoEndpoints {
        /// The path or URL.
        location: String,
        /// How many operations it has all in all.
        operations: usize,
    },
}

impl Hint for OpenApiError {
    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Unreadable { .. } => return None,
            Self::Syntax { .. } => {
                "check that the whole file was saved, and not a web page about it"
            }
            Self::Version { .. } => "OpenAPI 3.0 and 3.1 and Swagger 2.0 are read",
            Self::NotADescription { .. } => {
                "an OpenAPI file has `openapi` or `swagger`, and `paths`"
            }
            Self::NoEndpoints { .. } => "only GET is looked at; see also --select and --exclude",
        };
        Some(text.to_owned())
    }
}
