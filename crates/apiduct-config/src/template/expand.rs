use std::collections::HashMap;
use std::fmt::Write;

use apiduct_json::Captured;
use apiduct_model::SecretText;

use super::filter::{Filter, elements};
use super::{
    IncrementalValues, ParentRow, Part, Placeholder, SecretRef, Target, Template, TemplateError,
};

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
    pub(crate) incremental: Option<&'s IncrementalValues>,
}

impl Template {
    /// The text with everything filled in. A placeholder without a value is an error.
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

    /// The value: that of a placeholder which stands alone keeps its type, null too; all else is a text. `place` is
    /// what is being built, such as "the body", for messages.
    pub(crate) fn value(
        &self,
        scope: Scope<'_>,
        place: &'static str,
    ) -> Result<Captured, TemplateError> {
        match self.as_placeholder() {
            Some(placeholder) => placeholder.value(scope, place),
            None => Ok(text(self.expand(scope, Encoding::Text(place))?)),
        }
    }

    /// The text, or nothing if the template is one placeholder whose value is null, or a bound without a value.
    pub(crate) fn expand_optional(
        &self,
        scope: Scope<'_>,
        place: &'static str,
    ) -> Result<Option<String>, TemplateError> {
        match self.as_placeholder() {
            Some(_) if self.is_left_out(scope) => Ok(None),
            Some(placeholder) => placeholder.text(scope, place),
            None => self.expand(scope, Encoding::Text(place)).map(Some),
        }
    }

    /// The placeholder, if there is nothing else.
    pub(crate) fn as_placeholder(&self) -> Option<&Placeholder> {
        match self.parts() {
            [Part::Field(placeholder)] => Some(placeholder),
            _ => None,
        }
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
}

impl Target {
    /// What it stands for, before any filter; absent where the row has no such field.
    fn value(&self, scope: Scope<'_>, place: &'static str) -> Result<Captured, TemplateError> {
        match self {
            Self::Parent { parent, field } => match scope.parent {
                Some(row) => Ok(row.value(parent, field.selector()).clone()),
                None => Err(TemplateError::NoParentRow {
                    parent: parent.to_string(),
                }),
            },
            Self::Bound(template) => template.value(scope, place),
            Self::Incremental(field) => Ok(scope
                .bound(*field)
                .map_or(Captured::Absent, |value| Captured::Scalar(value.clone()))),
            // The plan binds every name; what is left would be a text that nobody wrote.
            Self::Name(name) => Err(TemplateError::Unresolved {
                reference: format!("{{{name}}}"),
            }),
        }
    }

    /// What messages call it.
    pub(super) fn subject(&self) -> String {
        match self {
            Self::Parent { parent, field } => {
                format!("field `{}` of resource `{parent}`", field.as_str())
            }
            Self::Bound(template) => format!("`{template}`"),
            Self::Incremental(field) => format!("`{{incremental.{}}}`", field.word()),
            Self::Name(name) => format!("`{{{name}}}`"),
        }
    }

    /// The value as messages may show it: parameters of the file may hold secrets.
    fn shown(&self, value: &str) -> String {
        match self {
            Self::Parent { .. } | Self::Incremental(_) => value.chars().take(80).collect(),
            _ => apiduct_model::MASK.to_owned(),
        }
    }
}

impl Placeholder {
    /// The value behind all filters; never absent.
    pub(super) fn value(
        &self,
        scope: Scope<'_>,
        place: &'static str,
    ) -> Result<Captured, TemplateError> {
        self.filtered(scope, place, &self.filters)
    }

    fn filtered(
        &self,
        scope: Scope<'_>,
        place: &'static str,
        filters: &[Filter],
    ) -> Result<Captured, TemplateError> {
        let mut value = self.target.value(scope, place)?;
        for filter in filters {
            let shown = || match &value {
                Captured::Scalar(scalar) => scalar.to_text().unwrap_or("null").to_owned(),
                Captured::Json(json) => json.to_string(),
                Captured::Absent => String::new(),
            };
            value = match filter.apply(value.clone()) {
                Ok(value) => value,
                Err(expected) => {
                    return Err(TemplateError::Filter {
                        subject: self.target.subject(),
                        value: self.target.shown(&shown()),
                        filter: filter.name(),
                        expected: expected.0,
                    });
                }
            };
        }
        match (&value, &self.target) {
            (Captured::Absent, Target::Parent { parent, field }) => {
                let present = scope.parent.map(ParentRow::present).unwrap_or_default();
                Err(TemplateError::MissingField {
                    parent: parent.to_string(),
                    field: field.as_str().to_owned(),
                    present: present.into_iter().map(str::to_owned).collect(),
                })
            }
            (Captured::Absent, Target::Incremental(field)) => Err(TemplateError::NoBound {
                field: *field,
                place,
            }),
            _ => Ok(value),
        }
    }

    /// The value as text; `None` for null.
    fn text(&self, scope: Scope<'_>, place: &'static str) -> Result<Option<String>, TemplateError> {
        match self.value(scope, place)? {
            Captured::Scalar(scalar) => Ok(scalar.to_text().map(str::to_owned)),
            Captured::Absent => Ok(None),
            Captured::Json(_) => Err(TemplateError::NotScalar {
                subject: self.target.subject(),
                place,
            }),
        }
    }

    fn expand_into(
        &self,
        out: &mut String,
        scope: Scope<'_>,
        encoding: Encoding,
    ) -> Result<(), TemplateError> {
        let place = encoding.place();
        let is_segment = encoding == Encoding::Segment && !self.is_raw();
        if let (true, Some((Filter::Join(between), before))) =
            (is_segment, self.filters.split_last())
        {
            return self.join_into(out, scope, (between, before));
        }
        let no_value = |what| TemplateError::NoValue {
            subject: self.target.subject(),
            what,
            place,
        };
        let value = self.text(scope, place)?.ok_or_else(|| no_value("null"))?;
        if !is_segment {
            out.push_str(&value);
        } else if matches!(&*value, "." | "..") {
            return Err(TemplateError::ChangesPath {
                subject: self.target.subject(),
                value: self.target.shown(&value),
            });
        } else if value.is_empty() {
            return Err(no_value("empty"));
        } else {
            push_segment(out, &value);
        }
        Ok(())
    }

    /// Elements in a path: each is encoded, and the text between them stays as the file has it.
    fn join_into(
        &self,
        out: &mut String,
        scope: Scope<'_>,
        (between, before): (&str, &[Filter]),
    ) -> Result<(), TemplateError> {
        let place = Encoding::Segment.place();
        let list = self.filtered(scope, place, before)?;
        let elements = elements(&list).map_err(|expected| TemplateError::Filter {
            subject: self.target.subject(),
            value: String::new(),
            filter: "join",
            expected: expected.0,
        })?;
        if elements.iter().all(String::is_empty) {
            return Err(TemplateError::NoValue {
                subject: self.target.subject(),
                what: "empty",
                place,
            });
        }
        for (at, element) in elements.iter().enumerate() {
            if at > 0 {
                out.push_str(between);
            }
            push_segment(out, element);
        }
        Ok(())
    }
}

fn text(text: String) -> Captured {
    Captured::Scalar(apiduct_model::Scalar::Text(text.into()))
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
