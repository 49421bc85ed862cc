//! Rows that come without a request.

use std::sync::Arc;

use super::apply::Resolver;
use super::secrets::Use;
use crate::error::ConfigErrorKind;
use crate::plan::ResourcePlan;
use crate::seed::{Range, rows_of_file};
use crate::spec::{Located, SeedSpec};
use crate::template::Template;

/// The rows of a resource that sends no requests.
#[derive(Debug, Clone, PartialEq)]
pub enum Seed {
    /// Each row as JSON: a scalar or an object.
    Rows(Arc<[Box<str>]>),
    /// Rows that are made one by one.
    Range(Range),
    /// A query on the destination.
    Sql(String),
}

impl Resolver<'_> {
    /// The rows of `resource`, as far as they are known before the destination is asked.
    pub(super) fn seed(&mut self, resource: &ResourcePlan) -> Option<Seed> {
        let seed = resource.seed.as_ref()?;
        let text = |template: &Template| seed.clone().map(|_| template.clone());
        match &seed.value {
            SeedSpec::Values(rows) => Some(Seed::Rows(Arc::clone(rows))),
            SeedSpec::Range(range) => Some(Seed::Range(range.clone())),
            SeedSpec::Sql(query) => self.text(&text(query), Use::Address).map(Seed::Sql),
            SeedSpec::File(path) => {
                let path = text(path);
                let resolved = self.text(&path, Use::Address)?;
                self.rows_of(&resolved, &path)
            }
        }
    }

    fn rows_of(&mut self, path: &str, at: &Located<Template>) -> Option<Seed> {
        let rows = self.secrets.beside(path).and_then(|text| {
            rows_of_file(path, &text).map_err(|reason| ConfigErrorKind::SeedFile {
                file: path.to_owned(),
                reason,
            })
        });
        match rows {
            Ok(rows) => Some(Seed::Rows(rows.into())),
            Err(kind) => {
                self.problems.push(&at.path, at.mark, kind);
                None
            }
        }
    }
}
