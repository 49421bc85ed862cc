use apiduct_json::{Kind, Parser, SyntaxError, Text};

use super::{Entry, LineIndex, MAX_DEPTH, Mark, Node, NodeValue, is_duplicate};
use crate::error::{ConfigErrorKind, Problems};

const HINT: &str = "look for a comma, quote or bracket that is missing or left over, here or just before; JSON has no comments and no comma behind the last entry";

/// Reads a JSON document.
pub(super) fn read(text: &str, problems: &mut Problems) -> Option<Node> {
    let mut reader = Reader {
        parser: Parser::new(text),
        index: LineIndex::new(text),
        scratch: String::new(),
        problems,
    };
    let root = reader
        .node(0)
        .and_then(|root| reader.parser.end().map(|()| root).map_err(Stop::from));
    match root {
        Ok(root) => Some(root),
        Err(Stop { offset, reason }) => {
            let mark = reader.index.mark(offset);
            problems.push("", mark, ConfigErrorKind::Syntax { reason, hint: HINT });
            None
        }
    }
}

/// What ends the reading.
struct Stop {
    offset: usize,
    reason: String,
}

impl From<SyntaxError> for Stop {
    fn from(error: SyntaxError) -> Self {
        Self {
            offset: error.offset,
            reason: error.reason.to_string(),
        }
    }
}

struct Reader<'t, 'p> {
    parser: Parser<'t>,
    index: LineIndex<'t>,
    scratch: String,
    problems: &'p mut Problems,
}

impl<'t> Reader<'t, '_> {
    fn node(&mut self, depth: usize) -> Result<Node, Stop> {
        let kind = self.parser.kind()?;
        let start = self.parser.offset();
        if depth > MAX_DEPTH {
            return Err(Stop {
                offset: start,
                reason: format!("lists and mappings nest deeper than {MAX_DEPTH} levels"),
            });
        }
        let value = match kind {
            Kind::Null => {
                self.parser.null()?;
                NodeValue::Null
            }
            Kind::Bool => NodeValue::Bool(self.parser.bool()?),
            Kind::Number => NodeValue::Number(self.parser.number()?.text.into()),
            Kind::String => {
                let text = self.parser.string()?;
                NodeValue::Text(self.unescape(text, start)?)
            }
            Kind::List => self.list(depth)?,
            Kind::Object => self.object(depth)?,
        };
        Ok(Node {
            value,
            mark: self.index.mark(start),
        })
    }

    fn list(&mut self, depth: usize) -> Result<NodeValue, Stop> {
        self.parser.begin_list()?;
        let mut list = Vec::new();
        while self.parser.next_element()? {
            list.push(self.node(depth + 1)?);
        }
        Ok(NodeValue::List(list))
    }

    fn object(&mut self, depth: usize) -> Result<NodeValue, Stop> {
        self.parser.begin_object()?;
        let mut entries: Vec<Entry> = Vec::new();
        while let Some(key) = self.parser.next_key()? {
            let mark = self.mark_of(key);
            let start = self.parser.offset();
            let key = self.unescape(key, start)?;
            let value = self.node(depth + 1)?;
            if !is_duplicate(&entries, &key, mark, self.problems) {
                entries.push(Entry { key, mark, value });
            }
        }
        Ok(NodeValue::Map(entries))
    }

    /// Where the opening quote of `key` stands; the key is a part of the text.
    fn mark_of(&self, key: Text<'t>) -> Mark {
        let offset = self.index.offset_of(key.raw).saturating_sub(1);
        self.index.mark(offset)
    }

    fn unescape(&mut self, text: Text<'t>, start: usize) -> Result<Box<str>, Stop> {
        let unescaped = text.unescape(&mut self.scratch).map_err(|error| Stop {
            offset: start + 1 + error.offset,
            reason: error.reason.to_string(),
        })?;
        Ok(unescaped.into())
    }
}
