use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput, Tag};

use super::{
    DEPTH_HINT, Entry, MAX_DEPTH, Mark, Node, NodeValue, Plain, is_duplicate, no_number,
    plain_scalar,
};
use crate::error::{ConfigErrorKind, Problems};

/// How many nodes aliases may bring in, so that a small file cannot unfold into gigabytes.
const ALIAS_BUDGET: usize = 100_000;

const HINT: &str = "look at this line and the one before: indentation by spaces, quotes and brackets in pairs, quotes around text that holds `: `, ` #` or begins with one of `*&!{[@%`";

/// Reads one YAML document.
pub(super) fn read(text: &str, problems: &mut Problems) -> Option<Node> {
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        anchors: HashMap::new(),
        open_anchors: Vec::new(),
        budget: ALIAS_BUDGET,
        depth: 0,
        problems,
    };
    match reader.document() {
        Ok(root) => Some(root),
        Err(Stop { mark, reason, hint }) => {
            problems.push("", mark, ConfigErrorKind::Syntax { reason, hint });
            None
        }
    }
}

/// What ends the reading.
struct Stop {
    mark: Mark,
    reason: String,
    hint: &'static str,
}

type Read<T> = Result<T, Stop>;

struct Reader<'t, 'p> {
    parser: Parser<'t, StrInput<'t>>,
    /// The finished anchors with their sizes in nodes.
    anchors: HashMap<usize, (Node, usize)>,
    open_anchors: Vec<usize>,
    budget: usize,
    depth: usize,
    problems: &'p mut Problems,
}

impl<'t> Reader<'t, '_> {
    fn document(&mut self) -> Read<Node> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            let mark = mark(span.start);
            match event {
                Event::StreamEnd => break,
                Event::StreamStart | Event::DocumentEnd | Event::Nothing => {}
                Event::DocumentStart(_) if root.is_none() => {}
                Event::DocumentStart(_) => {
                    return Err(stop(
                        mark,
                        "a second document begins; the file must hold one",
                        "write each document into a file of its own, and remove `---`",
                    ));
                }
                other => root = Some(self.node(other, span)?.0),
            }
        }
        Ok(root.unwrap_or(Node {
            value: NodeValue::Null,
            mark: Mark::START,
        }))
    }

    fn next(&mut self) -> Read<(Event<'t>, Span)> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(stop(mark(*error.marker()), error.info(), HINT)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    /// The node that begins with `event`, and how many nodes it holds.
    fn node(&mut self, event: Event<'t>, span: Span) -> Read<(Node, usize)> {
        let mark = mark(span.start);
        let (anchor, node, size) = match event {
            Event::Alias(anchor) => return self.alias(anchor, mark),
            Event::Scalar(text, style, anchor, tag) => {
                let value = self.scalar(&text, style, tag.as_deref(), mark);
                (anchor, Node { value, mark }, 1)
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_custom(tag.as_deref(), mark);
                let (value, size) = self.nested(anchor, mark, Self::sequence)?;
                (anchor, Node { value, mark }, size)
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_custom(tag.as_deref(), mark);
                let (value, size) = self.nested(anchor, mark, Self::mapping)?;
                (anchor, Node { value, mark }, size)
            }
            _ => return Err(stop(mark, "a value is missing here", HINT)),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        Ok((node, size))
    }

    fn nested(
        &mut self,
        anchor: usize,
        mark: Mark,
        read: impl FnOnce(&mut Self) -> Read<(NodeValue, usize)>,
    ) -> Read<(NodeValue, usize)> {
        if self.depth == MAX_DEPTH {
            let reason = format!("lists and mappings nest deeper than {MAX_DEPTH} levels");
            return Err(stop(mark, &reason, DEPTH_HINT));
        }
        self.depth += 1;
        self.open_anchors.push(anchor);
        let result = read(self);
        self.open_anchors.pop();
        self.depth -= 1;
        result
    }

    fn sequence(&mut self) -> Read<(NodeValue, usize)> {
        let mut list = Vec::new();
        let mut size = 1;
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok((NodeValue::List(list), size));
            }
            let (node, nodes) = self.node(event, span)?;
            size += nodes;
            list.push(node);
        }
    }

    fn mapping(&mut self) -> Read<(NodeValue, usize)> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut merged: Vec<Node> = Vec::new();
        let mut size = 1;
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let key_mark = mark(span.start);
            let is_merge =
                matches!(&event, Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<");
            let (key, _) = self.node(event, span)?;
            let (event, span) = self.next()?;
            let (value, nodes) = self.node(event, span)?;
            size += nodes + 1;
            if is_merge {
                merged.push(value);
                continue;
            }
            let Some(key) = key_text(&key) else {
                let kind = ConfigErrorKind::Syntax {
                    reason: format!("{} cannot be a key", key.word()),
                    hint: "a key is a text; text with braces or brackets needs quotes",
                };
                self.problems.push("", key_mark, kind);
                continue;
            };
            if !is_duplicate(&entries, &key, key_mark, self.problems) {
                entries.push(Entry {
                    key,
                    mark: key_mark,
                    value,
                });
            }
        }
        for source in merged {
            self.merge(&mut entries, source);
        }
        Ok((NodeValue::Map(entries), size))
    }

    /// Adds what a merge key (`<<`) brings: keys that are written win, earlier mappings win over later ones.
    fn merge(&mut self, entries: &mut Vec<Entry>, source: Node) {
        match source.value {
            NodeValue::Map(more) => {
                for entry in more {
                    if !entries.iter().any(|one| one.key == entry.key) {
                        entries.push(entry);
                    }
                }
            }
            NodeValue::List(list) => {
                for one in list {
                    self.merge(entries, one);
                }
            }
            _ => {
                let reason = format!("`<<` merges mappings, not {}", source.word());
                self.problems.push(
                    "",
                    source.mark,
                    ConfigErrorKind::Syntax {
                        reason,
                        hint: "write `<<: *ANCHOR`, where the anchor stands at a mapping",
                    },
                );
            }
        }
    }

    fn alias(&mut self, anchor: usize, mark: Mark) -> Read<(Node, usize)> {
        if self.open_anchors.contains(&anchor) {
            return Err(stop(
                mark,
                "the alias stands inside its own anchor",
                "write the value itself",
            ));
        }
        let Slot::Occupied(found) = self.anchors.entry(anchor) else {
            return Err(stop(mark, "the alias names no anchor", HINT));
        };
        let (node, size) = found.get();
        let Some(rest) = self.budget.checked_sub(*size) else {
            let reason = format!("aliases unfold into more than {ALIAS_BUDGET} values");
            return Err(stop(mark, &reason, "write fewer aliases of aliases"));
        };
        self.budget = rest;
        Ok((node.clone(), *size))
    }

    fn refuse_custom(&mut self, tag: Option<&Tag>, mark: Mark) {
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema()) {
            let reason = format!("the tag `{}` is not known", tag.to_string().trim_end());
            self.problems.push(
                "",
                mark,
                ConfigErrorKind::Syntax {
                    reason,
                    hint: "remove the tag, or put the text into quotes",
                },
            );
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        mark: Mark,
    ) -> NodeValue {
        self.refuse_custom(tag, mark);
        let is_text = tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
        if style != ScalarStyle::Plain || is_text {
            return NodeValue::Text(text.into());
        }
        match plain_scalar(text) {
            Plain::Null => NodeValue::Null,
            Plain::Bool(value) => NodeValue::Bool(value),
            Plain::Number(number) => NodeValue::Number(number),
            Plain::Text => NodeValue::Text(text.into()),
            Plain::NotJson => {
                let reason = format!("`{text}` is not a number that JSON can carry");
                no_number(self.problems, mark, reason)
            }
        }
    }
}

fn key_text(key: &Node) -> Option<Box<str>> {
    key.scalar_text().map(Box::from)
}

fn mark(marker: Marker) -> Mark {
    Mark {
        line: marker.line(),
        column: marker.col() + 1,
    }
}

fn stop(mark: Mark, reason: &str, hint: &'static str) -> Stop {
    let mut reason = Cow::Borrowed(reason.trim_end_matches('.'));
    if reason.starts_with(|first: char| first.is_ascii_uppercase()) {
        let mut owned = reason.into_owned();
        owned[..1].make_ascii_lowercase();
        reason = Cow::Owned(owned);
    }
    Stop {
        mark,
        reason: reason.into_owned(),
        hint,
    }
}
