//! Comma-separated values.

use csv::{ErrorKind, ReaderBuilder, StringRecord};

use super::sniff::Named;
use super::{CellTypes, DecodeError, push_text};

const NAME: &str = "CSV";

/// How CSV is written, where it differs from RFC 4180.
///
/// Each row becomes an object with the names of the header as keys. A name that is there twice gets `_2`, `_3` and so on;
/// a column without a name is `column_N`. A row with more or fewer fields than the header is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Csv {
    /// What stands between fields. Default: a tab for `text/tab-separated-values` and `.tsv`, else a comma.
    pub delimiter: Option<u8>,
    /// What stands around a field that holds delimiters or line ends; doubled, it stands for itself. Default: `"`.
    pub quote: u8,
    /// Whether the first row has the names. Default: yes.
    pub header: bool,
    /// Names of the columns, in place of those in the header. Default: none.
    pub columns: Vec<String>,
    /// Fields that are written so are null. Default: the empty field.
    pub null_values: Vec<String>,
    /// How fields become values. Default: as texts.
    pub types: CellTypes,
}

impl Default for Csv {
    fn default() -> Self {
        Self {
            delimiter: None,
            quote: b'"',
            header: true,
            columns: Vec::new(),
            null_values: vec![String::new()],
            types: CellTypes::Text,
        }
    }
}

impl Csv {
    /// Fields that are set apart by tabs.
    pub fn tabs() -> Self {
        Self {
            delimiter: Some(b'\t'),
            ..Self::default()
        }
    }

    pub(super) fn with_delimiter_of(&self, named: &Named<'_>) -> Self {
        let tab = named.has_tabs().then_some(b'\t');
        Self {
            delimiter: self.delimiter.or(tab),
            ..self.clone()
        }
    }

    /// The rows of `body` as the objects of a list.
    pub(super) fn to_json(&self, body: &[u8], max_bytes: u64) -> Result<Vec<u8>, DecodeError> {
        let mut reader = ReaderBuilder::new()
            .delimiter(self.delimiter.unwrap_or(b','))
            .quote(self.quote)
            .has_headers(false)
            .from_reader(body);
        let mut row = StringRecord::new();
        let mut has_row = reader
            .read_record(&mut row)
            .map_err(|error| broken(&error))?;
        let keys = self.keys(&row)?;
        if self.header && has_row {
            has_row = reader
                .read_record(&mut row)
                .map_err(|error| broken(&error))?;
        }
        let mut out = vec![b'['];
        while has_row {
            if out.len() as u64 > max_bytes {
                return Err(DecodeError::too_large(NAME, max_bytes));
            }
            out.extend_from_slice(if out.len() > 1 { b",{" } else { b"{" });
            for (at, (key, field)) in keys.iter().zip(&row).enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(key);
                self.push_field(&mut out, field);
            }
            out.push(b'}');
            has_row = reader
                .read_record(&mut row)
                .map_err(|error| broken(&error))?;
        }
        out.push(b']');
        Ok(out)
    }

    fn push_field(&self, out: &mut Vec<u8>, field: &str) {
        if self.null_values.iter().any(|null| null == field) {
            out.extend_from_slice(b"null");
        } else {
            self.types.push(out, field);
        }
    }

    /// The names of the columns as JSON keys, with their colons.
    fn keys(&self, first: &StringRecord) -> Result<Vec<Vec<u8>>, DecodeError> {
        let width = first.len();
        if !self.columns.is_empty() && width > 0 && self.columns.len() != width {
            let names = self.columns.len();
            let problem = format!("{names} columns are declared, and the body has {width}");
            return Err(DecodeError {
                is_final: true,
                ..DecodeError::new(NAME, problem)
            });
        }
        let given = |at: usize| match self.columns.get(at) {
            Some(name) => name.as_str(),
            None if self.header => first.get(at).unwrap_or_default().trim(),
            None => "",
        };
        let mut names: Vec<String> = Vec::with_capacity(width);
        for at in 0..width {
            let base = match given(at) {
                "" => format!("column_{}", at + 1),
                name => name.to_owned(),
            };
            let mut name = base.clone();
            let mut count = 1;
            while names.contains(&name) {
                count += 1;
                name = format!("{base}_{count}");
            }
            names.push(name);
        }
        let key = |name: &String| {
            let mut key = Vec::with_capacity(name.len() + 3);
            push_text(&mut key, name);
            key.push(b':');
            key
        };
        Ok(names.iter().map(key).collect())
    }
}

/// What is wrong and in which line, without the data.
fn broken(error: &csv::Error) -> DecodeError {
    let line = |position: &Option<csv::Position>| {
        position
            .as_ref()
            .map_or_else(String::new, |at| format!("line {}: ", at.line()))
    };
    let problem = match error.kind() {
        ErrorKind::UnequalLengths {
            pos,
            expected_len,
            len,
        } => {
            let line = line(pos);
            format!("{line}{len} fields where the first row has {expected_len}")
        }
        ErrorKind::Utf8 { pos, .. } => format!("{}not UTF-8", line(pos)),
        other => format!("{other:?}"),
    };
    DecodeError::new(NAME, problem)
}
