//! Python source, as far as it is plain data.
//!
//! It is read by a small reader of its own instead of a full parser: what counts is literals and a few calls, and
//! everything else only has to be skipped. Parsers of the whole language are either unmaintained, under a license that
//! does not fit, or need a C compiler.

mod classes;
mod expr;
mod meaning;
mod module;
mod token;

use super::{Draft, ImportError, ImportNote};
use crate::locate::LineIndex;
use expr::Expr;
use meaning::Reader;
use module::Module;

/// The configuration in the Python source `text`.
pub(super) fn draft(text: &str, file: &str) -> Result<Draft, ImportError> {
    let index = LineIndex::new(text);
    let tokens = token::tokens(text).map_err(|error| ImportError::Python {
        file: file.to_owned(),
        mark: index.mark(error.at),
        problem: error.problem,
    })?;
    let module = Module::read(&tokens);
    let mut reader = Reader::new(text, &index, &module);
    let Some((config, name)) = reader.configuration() else {
        return Err(ImportError::NoConfiguration {
            file: file.to_owned(),
        });
    };
    let (destination, dataset, pipeline) = reader.pipeline();
    Ok(Draft {
        name: pipeline.or(name),
        destination,
        dataset,
        config,
        notes: reader.into_notes(),
    })
}

/// A note about `expr`.
fn note(index: &LineIndex<'_>, expr: &Expr, message: impl Into<String>) -> ImportNote {
    ImportNote {
        mark: index.mark(expr.start),
        message: message.into(),
    }
}
