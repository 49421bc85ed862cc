//! A table for each value of a field: which one a record goes to.

use apiduct_json::{Captured, ScanPlan, Selector};
use apiduct_model::SnakeCase;
use bytes::Bytes;

use crate::error::NormalizeError;

/// A name of tables with values of the record in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatch {
    /// What the name is made of, in order.
    pub parts: Vec<NamePart>,
}

/// A part of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamePart {
    /// This text.
    Text(String),
    /// The value at this place of the record: a text, a number or a boolean.
    Field(Selector),
}

/// A [`Dispatch`] at work.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    parts: Vec<NamePart>,
    plan: ScanPlan,
    /// The last name as it was put together, and its table.
    last: Option<(String, usize)>,
    name: String,
}

impl Dispatcher {
    pub(crate) fn new(dispatch: &Dispatch) -> Self {
        let fields = dispatch.parts.iter().filter_map(|part| match part {
            NamePart::Field(field) => Some(field.clone()),
            NamePart::Text(_) => None,
        });
        Self {
            plan: ScanPlan::new(Selector::root(), fields.collect()),
            parts: dispatch.parts.clone(),
            last: None,
            name: String::new(),
        }
    }

    /// The table of `record`, which `find` looks up by its normalized name when it is another one than the last.
    pub(crate) fn table(
        &mut self,
        record: &str,
        index: usize,
        find: impl FnOnce(&str) -> Result<usize, NormalizeError>,
    ) -> Result<usize, NormalizeError> {
        let scanned = self.plan.scan(&Bytes::copy_from_slice(record.as_bytes()))?;
        let mut found = scanned.captures.iter();
        self.name.clear();
        for part in &self.parts {
            match part {
                NamePart::Text(text) => self.name.push_str(text),
                NamePart::Field(field) => {
                    let text = match found.next() {
                        Some(Captured::Scalar(scalar)) => scalar.to_text(),
                        _ => None,
                    };
                    let text = text.filter(|text| !text.is_empty());
                    let text = text.ok_or_else(|| NormalizeError::NoTableName {
                        record: index,
                        path: field.as_str().to_owned(),
                    })?;
                    self.name.push_str(text);
                }
            }
        }
        if let Some((name, table)) = &self.last
            && *name == self.name
        {
            return Ok(*table);
        }
        let normalized = SnakeCase::path(&self.name);
        let table = find(&normalized)?;
        self.last = Some((self.name.clone(), table));
        Ok(table)
    }
}
