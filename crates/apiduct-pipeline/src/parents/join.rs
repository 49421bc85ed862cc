//! Which rows of several parents belong together by a value.

use std::collections::{HashMap, VecDeque};

use apiduct_config::plan::JoinField;
use apiduct_json::Captured;
use apiduct_model::ResourceName;
use apiduct_normalize::TapRow;

use crate::error::RunError;

/// What an entry of an index takes beside its key, about.
const ENTRY_BYTES: usize = 64;

/// The rows of all parents but the first, by the value that they are joined by.
#[derive(Debug)]
pub(super) struct Join {
    fields: Vec<JoinField>,
    /// For each parent but the first, its rows by their value; made when all of them are there.
    indexes: Option<Vec<Index>>,
}

type Index = HashMap<Box<str>, Vec<usize>>;

impl Join {
    pub(super) fn new(fields: Vec<JoinField>) -> Self {
        Self {
            fields,
            indexes: None,
        }
    }

    /// Sorts the rows of all parents but the first by their values, unless that is done; the bytes that it takes.
    pub(super) fn index(
        &mut self,
        resource: &ResourceName,
        inner: &[&VecDeque<TapRow>],
    ) -> Result<usize, RunError> {
        if self.indexes.is_some() {
            return Ok(0);
        }
        let mut bytes = 0;
        let mut indexes = Vec::with_capacity(inner.len());
        for (rows, field) in inner.iter().zip(self.fields.iter().skip(1)) {
            let mut index = Index::new();
            for (at, row) in rows.iter().enumerate() {
                // Null belongs to nothing.
                if let Some(value) = value(resource, field, row)? {
                    bytes += value.len() + ENTRY_BYTES;
                    index.entry(value.into()).or_default().push(at);
                }
            }
            indexes.push(index);
        }
        self.indexes = Some(indexes);
        Ok(bytes)
    }

    /// For each parent but the first, its rows that have the value of `first`; nothing if one of them has none.
    pub(super) fn matches(
        &self,
        resource: &ResourceName,
        first: &TapRow,
    ) -> Result<Option<Vec<&[usize]>>, RunError> {
        let (Some(indexes), Some(field)) = (&self.indexes, self.fields.first()) else {
            return Ok(None);
        };
        let Some(value) = value(resource, field, first)? else {
            return Ok(None);
        };
        let found = indexes
            .iter()
            .map(|index| index.get(value).map(Vec::as_slice));
        Ok(found.collect())
    }
}

/// The text of the value that `row` is joined by; `None` for null.
fn value<'r>(
    resource: &ResourceName,
    field: &JoinField,
    row: &'r TapRow,
) -> Result<Option<&'r str>, RunError> {
    match row.get(field.at) {
        Some(Captured::Scalar(scalar)) => Ok(scalar.to_text()),
        Some(Captured::Json(json)) => Ok(Some(json)),
        Some(Captured::Absent) | None => Err(RunError::ParentField {
            resource: resource.clone(),
            field: format!("{}.{}", field.tap.parent, field.tap.field),
            present: Vec::new(),
        }),
    }
}
