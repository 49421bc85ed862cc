//! Parts of the file on a command line: a short form, or the mapping in YAML's flow style.

use std::sync::Arc;

use apiduct_client::paginate::Paginator;

use super::check::{KeyPath, check};
use super::table::{Kind, Tagged};
use super::{AuthSpec, DestinationSpec, Located, PaginatorSpec, keys};
use crate::error::{ConfigErrors, Problems};
use crate::locate::{Format, Mark, Node, NodeValue};
use crate::registry::Registry;

impl AuthSpec {
    /// Reads `bearer:${env:TOKEN}`, `basic:USER:PASSWORD`, `api_key:HEADER:KEY`, or a mapping in braces. `name` is
    /// what messages call the text, such as `--auth`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    ///
    /// ```
    /// use apiduct_config::spec::AuthSpec;
    ///
    /// let auth = AuthSpec::parse("basic:ada:${env:PASSWORD}", "--auth")?;
    /// assert_eq!(auth.value.describe(), "user name and password");
    /// # Ok::<(), apiduct_config::ConfigErrors>(())
    /// ```
    pub fn parse(text: &str, name: &str) -> Result<Located<Self>, ConfigErrors> {
        read(text, name, &keys::AUTH, Self::read)
    }
}

impl PaginatorSpec {
    /// Reads `header_link` or `{type: cursor, cursor_path: meta.next}`. `name` is what messages call the text.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str, name: &str) -> Result<Located<Self>, ConfigErrors> {
        read(text, name, &keys::PAGINATOR, |node| Self::read(node, ""))
    }
}

impl Located<PaginatorSpec> {
    /// What runs; `None` if it is to be detected. `name` is what messages call the text.
    ///
    /// # Errors
    /// When `registry` has no such paginator or it cannot be made.
    pub fn resolve(
        &self,
        name: &str,
        registry: &Registry,
    ) -> Result<Option<Arc<dyn Paginator>>, ConfigErrors> {
        let mut problems = Problems::new(Arc::from(name));
        let paginator = self.value.paginator(registry).unwrap_or_else(|kind| {
            problems.push(&self.path, self.mark, kind);
            None
        });
        problems.into_result(Some(paginator))
    }
}

impl DestinationSpec {
    /// Reads `duckdb:FILE` or a mapping in braces. `name` is what messages call the text.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str, name: &str) -> Result<Located<Self>, ConfigErrors> {
        read(text, name, &keys::DESTINATION, Self::read)
    }
}

fn read<T>(
    text: &str,
    name: &str,
    tagged: &'static Tagged,
    read: impl FnOnce(&Node) -> Option<T>,
) -> Result<Located<T>, ConfigErrors> {
    let mut problems = Problems::new(Arc::from(name));
    let node = if text.trim_start().starts_with('{') {
        Node::read(text, Format::Yaml, &mut problems)
    } else {
        Some(Node {
            value: NodeValue::Text(text.trim().into()),
            mark: Mark::START,
        })
    };
    if let Some(node) = &node {
        check(&Kind::Tagged(tagged), node, KeyPath::Root, &mut problems);
    }
    let value = node.as_ref().and_then(read).map(|value| Located {
        value,
        path: Box::from(""),
        mark: Mark::START,
    });
    problems.into_result(value)
}
