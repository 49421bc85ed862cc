use std::fmt;

use super::check::unknown_type;
use super::keys::DESTINATION;
use super::short;
use crate::error::ConfigErrorKind;
use crate::locate::Node;
use crate::template::{Mode, Template};

/// What kind of place the rows go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DestinationKind {
    /// A DuckDB file.
    Duckdb,
    /// A folder of Parquet files.
    Parquet,
    /// A folder of JSON lines.
    Jsonl,
}

impl DestinationKind {
    /// The word that the file uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Duckdb => "duckdb",
            Self::Parquet => "parquet",
            Self::Jsonl => "jsonl",
        }
    }

    /// Whether rows go to files that are only ever added.
    pub(crate) fn is_files(self) -> bool {
        matches!(self, Self::Parquet | Self::Jsonl)
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Duckdb, Self::Parquet, Self::Jsonl]
            .into_iter()
            .find(|one| one.word() == word)
    }
}

impl fmt::Display for DestinationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Where the rows go, as written.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum DestinationSpec {
    /// A kind and a path.
    At {
        /// What it is.
        kind: DestinationKind,
        /// The file or folder.
        path: Template,
    },
    /// A text that comes from outside the file as a whole, such as `${env:DESTINATION}`.
    Outside(Template),
}

impl DestinationSpec {
    /// The kind, unless it comes from outside the file.
    pub(crate) fn kind(&self) -> Option<DestinationKind> {
        match self {
            Self::At { kind, .. } => Some(*kind),
            Self::Outside(_) => None,
        }
    }

    pub(crate) fn read(node: &Node) -> Option<Self> {
        let Some(text) = node.as_text() else {
            let name = node.value_of("type")?.as_text()?;
            let path = node.value_of("path")?.scalar_text()?;
            return Self::at(DESTINATION.variant(name)?.name, path);
        };
        if short::is_reference(text) {
            return Template::parse(text, Mode::References)
                .ok()
                .map(Self::Outside);
        }
        let short = short::split(&DESTINATION, text).ok()?;
        let (_, path) = short.values.first()?;
        Self::at(short.variant, path)
    }

    fn at(kind: &str, path: &str) -> Option<Self> {
        Some(Self::At {
            kind: DestinationKind::from_word(kind)?,
            path: Template::parse(path, Mode::References).ok()?,
        })
    }

    /// Reads a short form in which nothing is left to be replaced.
    pub(crate) fn parse_resolved(text: &str) -> Result<(DestinationKind, &str), ConfigErrorKind> {
        let short = short::split(&DESTINATION, text)?;
        let path = short.values.first().map_or("", |(_, path)| *path);
        let kind = DestinationKind::from_word(short.variant);
        kind.map(|kind| (kind, path))
            .ok_or_else(|| unknown_type(&DESTINATION, short.variant))
    }

    /// Every text in it.
    pub(crate) fn template(&self) -> &Template {
        match self {
            Self::At { path, .. } | Self::Outside(path) => path,
        }
    }
}

impl fmt::Display for DestinationSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At { kind, path } => write!(f, "{kind}:{path}"),
            Self::Outside(text) => write!(f, "{text}"),
        }
    }
}
