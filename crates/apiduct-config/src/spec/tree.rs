use apiduct_json::Selector;

use super::fields::{Fields, Located, Written, plain};
use super::keys::FOR_EACH_OBJECT;
use crate::locate::{Node, NodeValue};

/// How a resource goes over the rows of its parents, as written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TreeSpec {
    /// How the rows of several parents go together.
    pub for_each: Written<ForEachSpec>,
    /// Whether parents whose rows lead to the same request count once.
    pub distinct: Written<bool>,
    /// Rows of the parent that share one request.
    pub batch_size: Written<u64>,
    /// Characters of path and query beyond which a batch is cut.
    pub max_url_length: Written<u64>,
    /// Whether columns from the parent take the place of the row's own fields.
    pub overwrite_from_parent: Written<bool>,
}

/// The key `for_each`.
#[derive(Debug, Clone, PartialEq)]
pub struct ForEachSpec {
    /// How the rows go together.
    pub mode: ForEachMode,
    /// The parents in the order of their rows; empty if left out.
    pub sources: Vec<Located<String>>,
    /// The fields of a join, one of each parent.
    pub on: Written<Vec<Located<String>>>,
}

/// How the rows of several parents go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ForEachMode {
    /// Each row with each.
    Product,
    /// The first with the first, the second with the second, and so on.
    Zip,
    /// Each row with those of the others that have the same value in a certain field.
    Join,
}

/// A field of the parent that each row gets.
#[derive(Debug, Clone, PartialEq)]
pub struct IncludeSpec {
    /// The field as written.
    pub field: Located<String>,
    /// Where it is in the parent's row.
    pub selector: Selector,
    /// The key that the row gets; `None` means `_<parent>_<field>`.
    pub alias: Option<String>,
}

impl TreeSpec {
    pub(super) fn read(fields: &Fields<'_>) -> Self {
        Self {
            for_each: fields.read("for_each", for_each),
            distinct: fields.bool("distinct"),
            batch_size: fields.integer("batch_size"),
            max_url_length: fields.integer("max_url_length"),
            overwrite_from_parent: fields.bool("overwrite_from_parent"),
        }
    }

    pub(super) fn with_defaults(&self, defaults: &Self) -> Self {
        Self {
            for_each: self.for_each.clone(),
            distinct: self.distinct.or(&defaults.distinct),
            batch_size: self.batch_size.or(&defaults.batch_size),
            max_url_length: self.max_url_length.or(&defaults.max_url_length),
            overwrite_from_parent: self
                .overwrite_from_parent
                .or(&defaults.overwrite_from_parent),
        }
    }
}

fn for_each(node: &Node, path: &str) -> Option<ForEachSpec> {
    if let Some(word) = node.as_text() {
        return Some(ForEachSpec {
            mode: mode(word)?,
            sources: Vec::new(),
            on: Written::Absent,
        });
    }
    let fields = Fields::new(FOR_EACH_OBJECT, node, path);
    let sources = fields.plain_list("sources");
    Some(ForEachSpec {
        mode: mode(fields.word("mode").value()?)?,
        sources: sources.value().cloned().unwrap_or_default(),
        on: fields.plain_list("on"),
    })
}

fn mode(word: &str) -> Option<ForEachMode> {
    match word {
        "product" => Some(ForEachMode::Product),
        "zip" => Some(ForEachMode::Zip),
        "join" => Some(ForEachMode::Join),
        _ => None,
    }
}

/// Reads the key `include_from_parent`.
pub(super) fn include(fields: &Fields<'_>) -> Written<Vec<IncludeSpec>> {
    fields.read("include_from_parent", |node, path| {
        Some(match &node.value {
            NodeValue::List(list) => {
                let items = list.iter().enumerate();
                let read = items.filter_map(|(at, node)| {
                    let value = plain(node)?;
                    Some(IncludeSpec {
                        // Names in a list are names: a dot in them does not make a path.
                        selector: Selector::from_keys(&[&value]),
                        field: Located {
                            value,
                            path: format!("{path}[{at}]").into(),
                            mark: node.mark,
                        },
                        alias: None,
                    })
                });
                read.collect()
            }
            NodeValue::Map(entries) => {
                let read = entries.iter().filter_map(|entry| {
                    Some(IncludeSpec {
                        selector: Selector::parse(&entry.key).ok()?,
                        field: Located {
                            value: entry.key.to_string(),
                            path: format!("{path}.{}", entry.key).into(),
                            mark: entry.mark,
                        },
                        alias: plain(&entry.value),
                    })
                });
                read.collect()
            }
            _ => return None,
        })
    })
}
