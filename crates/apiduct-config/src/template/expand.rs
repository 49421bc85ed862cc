use std::collections::HashMap;
use std::fmt::Write;

use apiduct_json::Captured;
use apiduct_model::{Hint, Scalar, SecretText};

use super::{FieldPath, ParentRow, Part, Placeholder, SecretRef, Target, Template};

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
        /// Other fields that were asked for and are there.
        present: Vec<String>,
    },
    /// The field is null, or an empty text inside a path.
    #[error("field `{field}` of resource `{parent}` is {what}, so {place} cannot be built")]
    NoValue {
        /// The parent.
        parent: String,
        /// The field's path.
        field: String,
        /// `null` or `empty`.
        what: &'static str,
        /// What was to be built, such as "the path".
        place: &'static str,
    },
    /// The field is a list or an object where a text is needed.
    #[error(
        "field `{field}` of resource `{parent}` is a list or object, so {place} cannot be built"
    )]
    NotScalar {
        /// The parent.
        parent: String,
        /// The field's path.
        field: String,
        /// What was to be built.
        place: &'static str,
    },
    /// The value would lead the path elsewhere.
    #[error("field `{field}` of resource `{parent}` is `{value}`, which would change the path")]
    ChangesPath {
        /// The parent.
        parent: String,
        /// The field's path.
        field: String,
        /// The value.
        value: String,
    },
    /// The value has more digits than a request body can carry.
    #[error("field `{field}` of resource `{parent}` is a number that a body cannot carry exactly")]
    InexactNumber {
        /// The parent.
        parent: String,
        /// The field's path.
        field: String,
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
            Self::MissingField { present, .. } if !present.is_empty() => Some(format!(
                "the row does have {}",
                present
                    .iter()
                    .map(|one| format!("`{one}`"))
                    .collect::<Vec<_>>()
                    .join(", ")
            )),
            Self::InexactNumber { field, .. } => Some(format!(
                "put text around the placeholder of `{field}`, so that it is sent as text"
            )),
            Self::ChangesPath { .. } => {
                Some("`|raw` behind the field inserts it as it is".to_owned())
            }
            _ => None,
        }
    }
}

/// How values are written into a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// As they are; the name of the place is for messages.
    Text(&'static str),
    /// Percent-encoded as one segment of a path.
    Segment,
}

impl Encoding {
    fn place(self) -> &'static str {
        match self {
            Self::Text(place) => place,
            Self::Segment => "the path",
        }
    }
}

/// What templates are expanded from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'s> {
    pub(crate) secrets: &'s HashMap<SecretRef, SecretText>,
    pub(crate) parent: Option<&'s ParentRow>,
}

impl Template {
    pub(crate) fn expand(
        &self,
        scope: Scope<'_>,
        encoding: Encoding,
    ) -> Result<String, TemplateError> {
        let mut out = String::new();
        for part in self.parts() {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Secret(reference) => out.push_str(scope.secret(reference)?),
                Part::Field(placeholder) => placeholder.expand_into(&mut out, scope, encoding)?,
            }
        }
        Ok(out)
    }
}

impl<'s> Scope<'s> {
    fn secret(self, reference: &SecretRef) -> Result<&'s str, TemplateError> {
        let found = self.secrets.get(reference);
        found
            .map(|secret| secret.expose().as_str())
            .ok_or_else(|| TemplateError::Unresolved {
                reference: reference.to_string(),
            })
    }

    /// The value of a parent's field, which is there.
    pub(super) fn field(
        self,
        parent: &str,
        field: &FieldPath,
    ) -> Result<&'s Captured, TemplateError> {
        let row = self.parent.ok_or_else(|| TemplateError::NoParentRow {
            parent: parent.to_owned(),
        })?;
        match row.value(field.selector()) {
            Captured::Absent => Err(TemplateError::MissingField {
                parent: parent.to_owned(),
                field: field.as_str().to_owned(),
                present: row.present().into_iter().map(str::to_owned).collect(),
            }),
            found => Ok(found),
        }
    }
}

impl Placeholder {
    fn expand_into(
        &self,
        out: &mut String,
        scope: Scope<'_>,
        encoding: Encoding,
    ) -> Result<(), TemplateError> {
        let is_segment = encoding == Encoding::Segment && !self.raw;
        match &self.target {
            Target::Parent { parent, field } => {
                let value = field_text(parent, field, scope, encoding)?;
                if !is_segment {
                    out.push_str(value);
                    return Ok(());
                }
                if matches!(value, "." | "..") {
                    return Err(TemplateError::ChangesPath {
                        parent: parent.to_string(),
                        field: field.as_str().to_owned(),
                        value: value.to_owned(),
                    });
                }
                if value.is_empty() {
                    return Err(no_value(parent, field, "empty", encoding));
                }
                push_segment(out, value);
            }
            Target::Bound(template) => {
                let value = template.expand(scope, Encoding::Text("the path"))?;
                if is_segment {
                    push_segment(out, &value);
                } else {
                    out.push_str(&value);
                }
            }
            // The plan binds every name; what is left would be a text that nobody wrote.
            Target::Name(name) => {
                return Err(TemplateError::Unresolved {
                    reference: format!("{{{name}}}"),
                });
            }
        }
        Ok(())
    }
}

fn field_text<'s>(
    parent: &str,
    field: &FieldPath,
    scope: Scope<'s>,
    encoding: Encoding,
) -> Result<&'s str, TemplateError> {
    match scope.field(parent, field)? {
        Captured::Scalar(scalar) => scalar
            .to_text()
            .ok_or_else(|| no_value(parent, field, "null", encoding)),
        _ => Err(TemplateError::NotScalar {
            parent: parent.to_owned(),
            field: field.as_str().to_owned(),
            place: encoding.place(),
        }),
    }
}

pub(super) fn no_value(
    parent: &str,
    field: &FieldPath,
    what: &'static str,
    encoding: Encoding,
) -> TemplateError {
    TemplateError::NoValue {
        parent: parent.to_owned(),
        field: field.as_str().to_owned(),
        what,
        place: encoding.place(),
    }
}

/// Whether a captured value is `null`.
pub(super) fn is_null(value: &Captured) -> bool {
    matches!(value, Captured::Scalar(Scalar::Null))
}

/// Appends `value` so that it stays one segment: all but RFC 3986's unreserved characters is encoded.
fn push_segment(out: &mut String, value: &str) {
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            // Writing to a text cannot fail.
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
}
