use std::fmt;
use std::sync::Arc;

use apiduct_model::{Place, Redactor, SecretText};

use crate::{CastTo, CustomStep, FieldPath, Program};

/// One step on records.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// Keeps a record for which one of the program's results is truthy: anything but `false` and `null`.
    Filter(Program),
    /// Puts the program's result in the place of the record. No result drops it; several are an error.
    Map(Program),
    /// Puts all of the program's results in the place of the record.
    YieldMap(Program),
    /// Leaves only these fields.
    Keep(Vec<FieldPath>),
    /// Takes these fields away.
    Drop(Vec<FieldPath>),
    /// Moves fields to other places. What is not there is passed over.
    Rename(Vec<(FieldPath, FieldPath)>),
    /// Puts values, as JSON text, in these places.
    Set(Vec<(FieldPath, String)>),
    /// Turns values into other types.
    Cast(Vec<(FieldPath, CastTo)>),
    /// Puts the SHA-256 of `salt` and the value's text, in hexadecimal, in the place of values. Null stays null.
    Hash {
        /// The fields.
        fields: Vec<FieldPath>,
        /// What is put in front of each value.
        salt: Option<SecretText>,
    },
    /// Puts a text in the place of values that are not null.
    Redact {
        /// The fields.
        fields: Vec<FieldPath>,
        /// The text.
        with: String,
    },
    /// Makes a record of each element of a list, with all other fields; an empty list counts as null.
    Explode(FieldPath),
    /// Lifts the fields of objects into the object around them.
    Flatten {
        /// The objects.
        fields: Vec<FieldPath>,
        /// What is put in front of their keys.
        prefix: String,
    },
    /// Reads texts as JSON.
    ParseJson(Vec<FieldPath>),
    /// Drops records whose values in these fields came before in the same pull. One without any of them stays.
    Dedupe {
        /// The fields.
        fields: Vec<FieldPath>,
        /// How many records are remembered; the oldest are forgotten first.
        memory: usize,
    },
    /// Whatever the program does that runs the plan.
    Custom(CustomStep),
}

impl Step {
    /// The word that the file uses.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Filter(_) => "filter",
            Self::Map(_) => "map",
            Self::YieldMap(_) => "yield_map",
            Self::Keep(_) => "keep",
            Self::Drop(_) => "drop",
            Self::Rename(_) => "rename",
            Self::Set(_) => "set",
            Self::Cast(_) => "cast",
            Self::Hash { .. } => "hash",
            Self::Redact { .. } => "redact",
            Self::Explode(_) => "explode",
            Self::Flatten { .. } => "flatten",
            Self::ParseJson(_) => "parse_json",
            Self::Dedupe { .. } => "dedupe",
            Self::Custom(_) => "custom",
        }
    }
}

impl fmt::Display for Step {
    /// The word, and the program or the fields.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.word())?;
        match self {
            Self::Filter(program) | Self::Map(program) | Self::YieldMap(program) => {
                write!(f, "{program}")
            }
            Self::Keep(fields)
            | Self::Drop(fields)
            | Self::ParseJson(fields)
            | Self::Hash { fields, .. }
            | Self::Redact { fields, .. }
            | Self::Flatten { fields, .. }
            | Self::Dedupe { fields, .. } => list(f, fields.iter()),
            Self::Rename(moves) => list(f, moves.iter().map(|(from, _)| from)),
            Self::Set(values) => list(f, values.iter().map(|(field, _)| field)),
            Self::Cast(casts) => list(f, casts.iter().map(|(field, _)| field)),
            Self::Explode(field) => write!(f, "{field}"),
            Self::Custom(custom) => f.write_str(&custom.name),
        }
    }
}

fn list<'p>(
    f: &mut fmt::Formatter<'_>,
    fields: impl Iterator<Item = &'p FieldPath>,
) -> fmt::Result {
    for (at, field) in fields.enumerate() {
        write!(f, "{}{field}", if at > 0 { ", " } else { "" })?;
    }
    Ok(())
}

/// A step and where it stands in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedStep {
    /// The step.
    pub step: Step,
    /// Where it stands.
    pub place: Place,
}

/// The steps of one resource, in order. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Steps {
    pub(crate) steps: Arc<[PlacedStep]>,
    pub(crate) redactor: Redactor,
}

impl Steps {
    /// These steps, in this order.
    pub fn new(steps: Vec<PlacedStep>) -> Self {
        Self {
            steps: steps.into(),
            redactor: Redactor::default(),
        }
    }

    /// The same steps, with the secrets that `redactor` knows masked in errors.
    #[must_use]
    pub fn with_redactor(self, redactor: Redactor) -> Self {
        Self { redactor, ..self }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The steps, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, PlacedStep> {
        self.steps.iter()
    }
}

impl<'s> IntoIterator for &'s Steps {
    type Item = &'s PlacedStep;
    type IntoIter = std::slice::Iter<'s, PlacedStep>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
