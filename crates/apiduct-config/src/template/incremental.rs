use apiduct_model::Scalar;
use serde::{Deserialize, Serialize};

use super::{Filter, Part, Placeholder, Scope, Target, Template};

/// What `{incremental....}` can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IncrementalField {
    /// Where the run starts: the stored value less the lag, else the initial value.
    StartValue,
    /// The initial value of the file.
    InitialValue,
    /// The value that earlier runs stored, without lag, else the initial value.
    LastValue,
    /// Where the run ends.
    EndValue,
    /// How far the run looks back.
    Lag,
}

impl IncrementalField {
    const ALL: [Self; 5] = [
        Self::StartValue,
        Self::InitialValue,
        Self::LastValue,
        Self::EndValue,
        Self::Lag,
    ];

    /// The names that may stand behind `incremental.`.
    pub(crate) fn words() -> Vec<&'static str> {
        Self::ALL.iter().map(|one| one.word()).collect()
    }

    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

    /// The name behind `incremental.`.
    pub fn word(self) -> &'static str {
        match self {
            Self::StartValue => "start_value",
            Self::InitialValue => "initial_value",
            Self::LastValue => "last_value",
            Self::EndValue => "end_value",
            Self::Lag => "lag",
        }
    }
}

/// The bounds of an incremental load as its requests write them. They are fixed when a pull begins.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct IncrementalValues {
    /// Where the run starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Scalar>,
    /// The initial value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<Scalar>,
    /// The stored value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Scalar>,
    /// Where the run ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Scalar>,
    /// How far it looks back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag: Option<Scalar>,
}

impl IncrementalValues {
    /// The value of `field`; `None` when it has none in this run.
    pub fn value(&self, field: IncrementalField) -> Option<&Scalar> {
        let value = match field {
            IncrementalField::StartValue => &self.start,
            IncrementalField::InitialValue => &self.initial,
            IncrementalField::LastValue => &self.last,
            IncrementalField::EndValue => &self.end,
            IncrementalField::Lag => &self.lag,
        };
        value.as_ref().filter(|value| !value.is_null())
    }
}

impl Template {
    /// One placeholder `{incremental.FIELD}` and nothing else.
    pub(crate) fn incremental(field: IncrementalField) -> Self {
        Self::from_parts(vec![Part::Field(Placeholder {
            expression: format!("incremental.{}", field.word()).into(),
            filters: Vec::new(),
            target: Target::Incremental(field),
        })])
    }

    /// Every bound of the incremental load that the text names, parameters bound in it included, and whether a filter
    /// stands in for one that has no value.
    pub fn incremental_fields(&self) -> Vec<(IncrementalField, bool)> {
        let mut found = Vec::new();
        for part in self.parts() {
            if let Part::Field(placeholder) = part {
                match &placeholder.target {
                    Target::Incremental(field) => found.push((*field, placeholder.has_default())),
                    Target::Bound(template) => found.extend(template.incremental_fields()),
                    _ => {}
                }
            }
        }
        found
    }

    /// Whether the text is one bound that has no value in this run, so that what it belongs to is left out.
    pub(crate) fn is_left_out(&self, scope: Scope<'_>) -> bool {
        self.as_placeholder().is_some_and(|one| match one.target {
            Target::Incremental(field) => !one.has_default() && scope.bound(field).is_none(),
            _ => false,
        })
    }
}

impl Placeholder {
    fn has_default(&self) -> bool {
        let mut filters = self.filters.iter();
        filters.any(|filter| matches!(filter, Filter::Default(_)))
    }
}

impl<'s> Scope<'s> {
    /// The value of a bound; `None` when it has none in this run.
    pub(super) fn bound(self, field: IncrementalField) -> Option<&'s Scalar> {
        self.incremental.and_then(|values| values.value(field))
    }
}
