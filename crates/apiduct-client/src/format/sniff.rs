//! What a body is, by its content type and its name.

use std::sync::Arc;

use super::{BodyDecoder, Csv, Xml};

/// What to read a body as.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Json,
    Lines,
    Csv(Csv),
    Xml(Xml),
    Custom(Arc<dyn BodyDecoder>),
}

/// A body's content type and the name of its file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'n> {
    /// As the header has it; empty when there is none.
    pub(super) content_type: &'n str,
    /// The path or the name of an entry.
    pub(super) name: &'n str,
}

impl<'n> Named<'n> {
    pub(super) fn new(content_type: &'n str, name: &'n str) -> Self {
        Self { content_type, name }
    }

    fn media_type(&self) -> String {
        let media_type = self.content_type.split(';').next().unwrap_or_default();
        media_type.trim().to_ascii_lowercase()
    }

    pub(super) fn is_for(&self, decoder: &dyn BodyDecoder, body: &[u8]) -> bool {
        decoder.claims(&self.media_type(), body)
    }

    /// What to read it as when nobody has said so.
    pub(super) fn kind(&self) -> Kind {
        let media_type = self.media_type();
        match media_type.as_str() {
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/x-jsonl"
            | "application/jsonlines"
            | "application/x-jsonlines"
            | "application/json-lines"
            | "application/json-seq"
            | "application/stream+json"
            | "application/x-json-stream"
            | "text/jsonl"
            | "text/x-ndjson" => Kind::Lines,
            "text/csv"
            | "application/csv"
            | "text/x-csv"
            | "application/x-csv"
            | "text/comma-separated-values" => Kind::Csv(Csv::default()),
            "text/tab-separated-values" => Kind::Csv(Csv::tabs()),
            "text/xml" | "application/xml" => Kind::Xml(Xml::default()),
            "application/xhtml+xml" => Kind::Json,
            other if other.ends_with("+xml") => Kind::Xml(Xml::default()),
            ""
            | "application/octet-stream"
            | "binary/octet-stream"
            | "application/download"
            | "application/x-download"
            | "application/force-download"
            | "text/plain" => self.kind_by_name(),
            other if is_packed(other) => self.kind_by_name(),
            _ => Kind::Json,
        }
    }

    fn kind_by_name(&self) -> Kind {
        let name = self.name.to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
            "csv" => Kind::Csv(Csv::default()),
            "tsv" | "tab" => Kind::Csv(Csv::tabs()),
            "jsonl" | "ndjson" => Kind::Lines,
            "xml" => Kind::Xml(Xml::default()),
            _ => Kind::Json,
        }
    }

    /// Whether fields are set apart by tabs.
    pub(super) fn has_tabs(&self) -> bool {
        self.media_type() == "text/tab-separated-values"
            || matches!(self.kind_by_name(), Kind::Csv(csv) if csv.delimiter == Some(b'\t'))
    }
}

/// Whether the content type only says that something is packed.
pub(super) fn is_packed(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/gzip"
            | "application/x-gzip"
            | "application/zip"
            | "application/x-zip"
            | "application/x-zip-compressed"
    )
}
