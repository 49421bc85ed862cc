//! Bodies that are no JSON: JSON lines, CSV, XML, packed files, and what a program adds.
//!
//! A [`BodyFormat`] says what the pages of a walk are; by default the content type does
//! ([`BodyFormat::Auto`]). A body in another format becomes the JSON text of a list, and from there on takes the way of
//! every page: selectors, rules, paginators and hooks behind it see that text. Values are exact, since CSV and XML give
//! texts, and JSON lines are taken as they are. A body that is a gzip or zip file is unpacked first, whatever is in it;
//! what comes out is held to [`Limits::max_response_bytes`](crate::Limits::max_response_bytes).
//!
//! ```
//! use apiduct_client::Client;
//! use apiduct_client::format::{BodyFormat, Csv};
//!
//! let client = Client::builder("https://api.example.com").build()?;
//! let csv = Csv { delimiter: Some(b';'), ..Csv::default() };
//! let pages = client.paginate("/export").body_format(BodyFormat::Csv(csv)).send();
//! # let _ = pages;
//! # Ok::<(), apiduct_client::Error>(())
//! ```

mod csv;
mod lines;
mod packed;
mod sniff;
mod xml;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

pub use self::csv::Csv;
pub use self::xml::Xml;

use crate::{Response, charset};
use sniff::{Kind, Named};

/// What the bodies of pages are.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum BodyFormat {
    /// What their content type says; where that says nothing, what the name in the URL says, and else JSON.
    #[default]
    Auto,
    /// JSON documents.
    Json,
    /// A JSON document in each line (also called NDJSON); sequences after RFC 7464 too.
    JsonLines,
    /// Comma-separated values after RFC 4180, or with another delimiter.
    Csv(Csv),
    /// XML 1.0.
    Xml(Xml),
    /// What this decoder reads.
    Custom(Arc<dyn BodyDecoder>),
    /// What the decoder of this name reads, which is given by
    /// [`PaginateBuilder::body_decoder`](crate::PaginateBuilder::body_decoder).
    Named(&'static str),
}

/// How cells of CSV and texts of XML become values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CellTypes {
    /// As texts.
    #[default]
    Text,
    /// What is a JSON number is a number, `true` and `false` are booleans, all else is text: `007` and `1,5` are.
    Infer,
}

/// Reads bodies of a format that is not built in.
pub trait BodyDecoder: fmt::Debug + Send + Sync {
    /// What it reads, for messages: `Parquet`.
    fn name(&self) -> &'static str;

    /// Whether a body of this content type (lowercase, without parameters) and with these first bytes is for it, where
    /// nobody has said what the body is. Default: no.
    fn claims(&self, content_type: &str, body: &[u8]) -> bool {
        let _ = (content_type, body);
        false
    }

    /// The body as the JSON text of a list of records, in UTF-8.
    ///
    /// # Errors
    /// [`DecodeError`] when the body is not what it reads, or would become larger than `max_bytes`.
    fn decode(&self, body: &Bytes, max_bytes: u64) -> Result<Bytes, DecodeError>;
}

/// A body that cannot be read as what it is said to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct DecodeError {
    /// What the body was read as: `CSV`.
    pub format: &'static str,
    /// What is wrong and where, without data.
    pub problem: String,
    /// Whether asking again would bring the same.
    pub is_final: bool,
}

impl DecodeError {
    /// A body that is broken, or was cut on its way.
    pub fn new(format: &'static str, problem: impl Into<String>) -> Self {
        Self {
            format,
            problem: problem.into(),
            is_final: false,
        }
    }

    /// A body that becomes larger than is allowed.
    pub fn too_large(format: &'static str, max_bytes: u64) -> Self {
        Self {
            format,
            problem: format!(
                "it unpacks to more than {max_bytes} bytes, which `max_response_bytes` allows"
            ),
            is_final: true,
        }
    }
}

/// How the bodies of a walk are read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Formats {
    pub(crate) format: BodyFormat,
    /// Decoders that are asked about bodies of which nobody has said what they are.
    pub(crate) decoders: Vec<Arc<dyn BodyDecoder>>,
}

/// A body that was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    /// The JSON text, in UTF-8.
    pub(crate) text: Bytes,
    /// Whether it is another one than came.
    pub(crate) is_other: bool,
}

impl Formats {
    /// The body of `response` as JSON text.
    pub(crate) fn read(&self, response: &Response, max_bytes: u64) -> Result<Decoded, DecodeError> {
        let content_type = response.content_type().unwrap_or_default();
        let named = Named::new(content_type, response.url.path());
        let unpacked = self.unpack(&response.body, &named, max_bytes)?;
        match unpacked {
            Some(text) => Ok(Decoded {
                text,
                is_other: true,
            }),
            None => self.text(&response.body, &named, max_bytes),
        }
    }

    /// What is in a packed body; `None` when it is not packed.
    fn unpack(
        &self,
        body: &Bytes,
        named: &Named<'_>,
        max_bytes: u64,
    ) -> Result<Option<Bytes>, DecodeError> {
        let Some(entries) = packed::entries(body, named, max_bytes)? else {
            return Ok(None);
        };
        let mut texts = Vec::with_capacity(entries.len());
        let mut left = max_bytes;
        for entry in &entries {
            let decoded = self.text(&entry.body, &entry.named(named), left)?;
            left = left.saturating_sub(decoded.text.len() as u64);
            texts.push(decoded.text);
        }
        Ok(Some(packed::join(texts)))
    }

    fn decoder(&self, name: &'static str) -> Result<Arc<dyn BodyDecoder>, DecodeError> {
        let found = self.decoders.iter().find(|own| own.name() == name);
        found.cloned().ok_or_else(|| DecodeError {
            is_final: true,
            ..DecodeError::new(name, "this program cannot read it")
        })
    }

    fn text(
        &self,
        body: &Bytes,
        named: &Named<'_>,
        max_bytes: u64,
    ) -> Result<Decoded, DecodeError> {
        let kind = match &self.format {
            BodyFormat::Auto => {
                match self.decoders.iter().find(|own| named.is_for(&***own, body)) {
                    Some(decoder) => Kind::Custom(Arc::clone(decoder)),
                    None => named.kind(),
                }
            }
            BodyFormat::Json => Kind::Json,
            BodyFormat::JsonLines => Kind::Lines,
            BodyFormat::Csv(csv) => Kind::Csv(csv.with_delimiter_of(named)),
            BodyFormat::Xml(xml) => Kind::Xml(xml.clone()),
            BodyFormat::Custom(decoder) => Kind::Custom(Arc::clone(decoder)),
            BodyFormat::Named(name) => Kind::Custom(self.decoder(name)?),
        };
        let utf8 = || charset::utf8_bytes(body, Some(named.content_type));
        let text: Bytes = match kind {
            Kind::Json => {
                return Ok(Decoded {
                    text: utf8(),
                    is_other: false,
                });
            }
            Kind::Lines => lines::to_json(&utf8())?.into(),
            Kind::Csv(csv) => csv.to_json(&utf8(), max_bytes)?.into(),
            Kind::Xml(xml) => xml.to_json(body, named.content_type, max_bytes)?.into(),
            Kind::Custom(decoder) => decoder.decode(body, max_bytes)?,
        };
        Ok(Decoded {
            text,
            is_other: true,
        })
    }
}

/// The word that a file has for it.
impl fmt::Display for BodyFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Json => "json",
            Self::JsonLines => "jsonl",
            Self::Csv(_) => "csv",
            Self::Xml(_) => "xml",
            Self::Custom(decoder) => decoder.name(),
            Self::Named(name) => name,
        })
    }
}

impl CellTypes {
    /// Appends `text` as a JSON value.
    fn push(self, out: &mut Vec<u8>, text: &str) {
        if self == Self::Infer && is_plain_value(text) {
            out.extend_from_slice(text.as_bytes());
        } else {
            push_text(out, text);
        }
    }
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    // Writing a text into memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}

/// Whether `text` is a number in JSON spelling, or a boolean.
fn is_plain_value(text: &str) -> bool {
    if matches!(text, "true" | "false") {
        return true;
    }
    let mut parser = apiduct_json::Parser::new(text);
    let begins = text.starts_with(|letter: char| letter == '-' || letter.is_ascii_digit());
    begins && text.trim() == text && parser.number().is_ok() && parser.end().is_ok()
}

#[cfg(test)]
mod tests;
