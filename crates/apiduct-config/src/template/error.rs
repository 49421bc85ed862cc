use apiduct_model::Hint;

use super::IncrementalField;
use crate::error::nearest;

/// Why a request cannot be built for a row of the parent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The row has no such field.
    #[error("the row of resource `{parent}` has no field `{field}`")]
    MissingField {
        /// The parent.
        parent: String,
        /// The field's path.
        field: String,
        /// Fields that are there.
        present: Vec<String>,
    },
    /// The value is null, or an empty text inside a path.
    #[error("{subject} is {what}, so {place} cannot be built")]
    NoValue {
        /// Whose value, such as "field `id` of resource `issues`".
        subject: String,
        /// `null` or `empty`.
        what: &'static str,
        /// What was to be built, such as "the path".
        place: &'static str,
    },
    /// The value is a list or an object where a text is needed.
    #[error("{subject} is a list or object, so {place} cannot be built")]
    NotScalar {
        /// Whose value.
        subject: String,
        /// What was to be built.
        place: &'static str,
    },
    /// The value would lead the path elsewhere.
    #[error("{subject} is `{value}`, which would change the path")]
    ChangesPath {
        /// Whose value.
        subject: String,
        /// The value; masked where it comes from the file.
        value: String,
    },
    /// A filter cannot work with the value.
    #[error("{subject} is `{value}`, and the filter `{filter}` needs {expected}")]
    Filter {
        /// Whose value.
        subject: String,
        /// The value; masked where it comes from the file.
        value: String,
        /// The filter.
        filter: &'static str,
        /// What it needs.
        expected: &'static str,
    },
    /// The value has more digits than a request body can carry.
    #[error("{subject} is a number that a body cannot carry exactly")]
    InexactNumber {
        /// Whose value.
        subject: String,
    },
    /// A header's name or value holds characters that HTTP does not allow.
    #[error("the {what} of header `{name}` holds characters that HTTP does not allow")]
    Header {
        /// `name` or `value`.
        what: &'static str,
        /// The header.
        name: String,
    },
    /// A child's request was asked for without a row of its parent.
    #[error("resource `{parent}` has given no row to build a request from")]
    NoParentRow {
        /// The parent.
        parent: String,
    },
    /// A bound of the incremental load has no value in this run.
    #[error("`{{incremental.{}}}` has no value in this run, so {place} cannot be built", field.word())]
    NoBound {
        /// The bound.
        field: IncrementalField,
        /// What was to be built.
        place: &'static str,
    },
    /// A reference was not resolved beforehand.
    #[error("`{reference}` was not resolved")]
    Unresolved {
        /// The reference.
        reference: String,
    },
}

impl Hint for TemplateError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::MissingField { field, present, .. } => fields_hint(field, present),
            Self::NoValue { what: "null", .. } => {
                Some("`|default(VALUE)` says what stands in for null".to_owned())
            }
            Self::NotScalar { .. } => {
                Some("`|join(',')` or `|json` behind the field makes it a text".to_owned())
            }
            Self::InexactNumber { .. } => {
                Some("put text around the placeholder, so that it is sent as text".to_owned())
            }
            Self::ChangesPath { .. } => {
                Some("`|raw` behind the field inserts it as it is".to_owned())
            }
            Self::NoBound {
                field: IncrementalField::EndValue,
                ..
            } => Some(
                "set `incremental.end_value` or `window`, or run `apiduct backfill`".to_owned(),
            ),
            Self::NoBound { .. } => Some("set `incremental.initial_value`".to_owned()),
            _ => None,
        }
    }
}

/// Fields that a hint names; the nearest comes by itself.
const NAMED_FIELDS: usize = 20;
/// Characters of a field's name that a hint shows.
const SHOWN_NAME: usize = 60;

/// What to say to somebody who asked for `field` of a record that has the fields `present`: which of them looks most like
/// it, and which there are. Nothing for a record without fields.
///
/// ```
/// use apiduct_config::template::fields_hint;
///
/// let present = ["id".to_owned(), "user_login".to_owned()];
/// let hint = fields_hint("user_logn", &present).expect("the record has fields");
/// assert_eq!(hint, "did you mean `user_login`? the record has `id`, `user_login`");
/// ```
pub fn fields_hint(field: &str, present: &[String]) -> Option<String> {
    if present.is_empty() {
        return None;
    }
    let shown = |name: &str| match name.char_indices().nth(SHOWN_NAME) {
        Some((end, _)) => format!("`{}…`", &name[..end]),
        None => format!("`{name}`"),
    };
    let names = present.iter().take(NAMED_FIELDS).map(|name| shown(name));
    let names: Vec<String> = names.collect();
    let names = names.join(", ");
    let more = match present.len().saturating_sub(NAMED_FIELDS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let near = nearest(field, present)
        .map(|near| format!("did you mean {}? ", shown(near)))
        .unwrap_or_default();
    Some(format!("{near}the record has {names}{more}"))
}
