use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::{Entry, LineIndex, Node, NodeValue, Plain, no_number, plain_scalar};
use crate::error::{ConfigErrorKind, Problems};

const HINT: &str = "texts need quotes, each key and each `[table]` is written once, and an inline `{...}` ends on its line";

/// Reads a TOML document; syntax errors are all reported.
pub(super) fn read(text: &str, problems: &mut Problems) -> Option<Node> {
    let index = LineIndex::new(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        let mut reader = Reader { index, problems };
        return Some(reader.table(root.get_ref(), 0));
    }
    for error in errors {
        let offset = error.span().map_or(0, |span| span.start);
        let kind = ConfigErrorKind::Syntax {
            reason: error.message().replace('\n', "; "),
            hint: HINT,
        };
        problems.push("", index.mark(offset), kind);
    }
    None
}

struct Reader<'t, 'p> {
    index: LineIndex<'t>,
    problems: &'p mut Problems,
}

impl Reader<'_, '_> {
    fn node(&mut self, spanned: &Spanned<DeValue<'_>>) -> Node {
        let start = spanned.span().start;
        let value = match spanned.get_ref() {
            DeValue::String(text) => NodeValue::Text(text.as_ref().into()),
            DeValue::Boolean(value) => NodeValue::Bool(*value),
            DeValue::Datetime(when) => NodeValue::Text(when.to_string().into()),
            DeValue::Integer(whole) => self.number(integer(whole), start),
            DeValue::Float(float) => self.number(float_text(float.as_str()), start),
            DeValue::Array(list) => {
                NodeValue::List(list.iter().map(|one| self.node(one)).collect())
            }
            DeValue::Table(table) => return self.table(table, start),
        };
        Node {
            value,
            mark: self.index.mark(start),
        }
    }

    fn number(&mut self, text: Option<Box<str>>, start: usize) -> NodeValue {
        text.map_or_else(
            || {
                let reason = "the value is not a number that JSON can carry".to_owned();
                let mark = self.index.mark(start);
                no_number(self.problems, mark, reason)
            },
            NodeValue::Number,
        )
    }

    /// The table with its keys in the order of the file.
    fn table(&mut self, table: &DeTable<'_>, start: usize) -> Node {
        let mut keys: Vec<_> = table.iter().collect();
        keys.sort_by_key(|(key, _)| key.span().start);
        let entries = keys
            .into_iter()
            .map(|(key, value)| Entry {
                key: key.get_ref().as_ref().into(),
                mark: self.index.mark(key.span().start),
                value: self.node(value),
            })
            .collect();
        Node {
            value: NodeValue::Map(entries),
            mark: self.index.mark(start),
        }
    }
}

fn integer(whole: &DeInteger<'_>) -> Option<Box<str>> {
    if whole.radix() == 10 {
        return float_text(whole.as_str());
    }
    let value = i128::from_str_radix(whole.as_str(), whole.radix()).ok()?;
    Some(value.to_string().into())
}

fn float_text(text: &str) -> Option<Box<str>> {
    match plain_scalar(text) {
        Plain::Number(number) => Some(number),
        _ => None,
    }
}
