//! One pass over a document that finds where paths lead and passes over all else.

mod block;
mod outline;
mod tree;

use std::ops::Range;

use crate::parser::{Kind, MAX_DEPTH, Parser, Reason, SyntaxError};
pub(crate) use tree::{Key, KeyTree};

/// What stands at the end of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    /// The value, without white space around it.
    pub(crate) range: Range<usize>,
    /// The elements, for a list.
    pub(crate) elements: Elements,
}

/// The elements of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Elements {
    pub(crate) count: usize,
    /// The last one, without white space around it.
    pub(crate) last: Range<usize>,
}

type Result<T, E = SyntaxError> = std::result::Result<T, E>;

/// Follows the paths of `tree` through the document that begins at byte `start` of `text`. Gives one entry per path.
///
/// Of a key that an object has twice, the last one counts. What no path leads to is not checked, only its brackets and
/// quotes are: errors name the place where that shows.
pub(crate) fn find(text: &str, start: usize, tree: &KeyTree) -> Result<Vec<Option<Hit>>> {
    let mut scan = Scan::new(text, start, tree);
    scan.value(Some(0))?;
    if scan.peek().is_ok() {
        return scan.fail(Reason::TrailingData);
    }
    Ok(scan.hits)
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// Lists and objects that are open here.
    depth: usize,
    tree: &'a KeyTree,
    hits: Vec<Option<Hit>>,
    scratch: String,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str, at: usize, tree: &'a KeyTree) -> Self {
        Self {
            text,
            at,
            depth: 0,
            tree,
            hits: vec![None; tree.paths()],
            scratch: String::new(),
        }
    }

    fn fail<T>(&self, reason: Reason) -> Result<T> {
        Err(SyntaxError {
            offset: self.at,
            reason,
        })
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Result<u8> {
        self.at = after_space(self.text, self.at);
        match self.text.as_bytes().get(self.at) {
            Some(byte) => Ok(*byte),
            None => self.fail(Reason::UnexpectedEnd),
        }
    }

    /// Passes over `byte` if it comes next.
    fn eat(&mut self, byte: u8) -> Result<bool> {
        let is_here = self.peek()? == byte;
        self.at += usize::from(is_here);
        Ok(is_here)
    }

    /// How deep the value that comes next may nest.
    fn levels(&self) -> usize {
        MAX_DEPTH - self.depth
    }

    fn open(&mut self) -> Result<()> {
        if self.depth == MAX_DEPTH {
            return self.fail(Reason::TooDeep);
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Reads the next value; `node` says what is wanted of it.
    fn value(&mut self, node: Option<usize>) -> Result<()> {
        let first = self.peek()?;
        let start = self.at;
        let mut elements = Elements::default();
        match (first, node.map(|node| self.tree.node(node))) {
            (b'{', Some(node)) if node.has_names() => self.object(node)?,
            (b'[', Some(node)) if node.wants_elements() => elements = self.list(node)?,
            _ => self.at = end_of_value(self.text, start, self.levels())?,
        }
        let Some(node) = node else {
            return Ok(());
        };
        for path in &self.tree.node(node).paths {
            self.hits[*path] = Some(Hit {
                range: start..self.at,
                elements: elements.clone(),
            });
        }
        Ok(())
    }

    fn object(&mut self, node: &'a tree::Node) -> Result<()> {
        self.open()?;
        if !self.eat(b'}')? {
            loop {
                if self.peek()? != b'"' {
                    return self.fail(Reason::Expected("a key"));
                }
                let child = self.key(node)?;
                if !self.eat(b':')? {
                    return self.fail(Reason::Expected("`:`"));
                }
                self.value(child)?;
                if self.eat(b'}')? {
                    break;
                }
                if !self.eat(b',')? {
                    return self.fail(Reason::Expected("`,` or `}`"));
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads a key; gives what is wanted of its value.
    fn key(&mut self, node: &tree::Node) -> Result<Option<usize>> {
        let start = self.at;
        let mut parser = Parser::new(&self.text[start..]);
        let key = parser.string().map_err(|error| later(error, start))?;
        self.at += parser.offset();
        let name = key
            .unescape(&mut self.scratch)
            .map_err(|error| later(error, start + 1))?;
        let child = node.child(name);
        if let Some(child) = child {
            // An earlier member of this name does not count.
            self.tree
                .for_each_path(child, |path| self.hits[path] = None);
        }
        Ok(child)
    }

    fn list(&mut self, node: &'a tree::Node) -> Result<Elements> {
        self.open()?;
        let mut elements = Elements::default();
        if !self.eat(b']')? {
            let is_open = self.wanted_elements(node, &mut elements)?;
            if is_open {
                self.other_elements(&mut elements)?;
            }
            if let Some(last) = node.last {
                let end = self.at;
                self.at = elements.last.start;
                self.value(Some(last))?;
                self.at = end;
            }
        }
        self.depth -= 1;
        Ok(elements)
    }

    /// Reads the elements that are wanted by their index; whether the list goes on after them.
    fn wanted_elements(&mut self, node: &tree::Node, elements: &mut Elements) -> Result<bool> {
        for (index, child) in &node.indexes {
            while elements.count <= *index {
                let child = (elements.count == *index).then_some(*child);
                self.peek()?;
                let start = self.at;
                self.value(child)?;
                elements.last = start..self.at;
                elements.count += 1;
                if self.eat(b']')? {
                    return Ok(false);
                }
                if !self.eat(b',')? {
                    return self.fail(Reason::Expected("`,` or `]`"));
                }
            }
        }
        Ok(true)
    }

    /// Passes over all elements that are left, and over the end of the list.
    fn other_elements(&mut self, elements: &mut Elements) -> Result<()> {
        let outline = outline::elements(self.text.as_bytes(), self.at, self.levels() + 1)?;
        let inside = &self.text[outline.last..outline.end - 1];
        let last = inside.trim_ascii();
        let start = outline.last + (inside.len() - inside.trim_ascii_start().len());
        if last.is_empty() {
            self.at = outline.end - 1;
            return self.fail(Reason::Expected("a value"));
        }
        if !self.text[..outline.end].ends_with(']') {
            self.at = outline.end - 1;
            return self.fail(Reason::Expected("`]`"));
        }
        self.at = outline.end;
        elements.count += outline.commas + 1;
        elements.last = start..start + last.len();
        Ok(())
    }
}

/// The end of the value whose first byte is at `at`. Of a list or object only brackets and quotes are checked; it may
/// nest `levels` deep.
fn end_of_value(text: &str, at: usize, levels: usize) -> Result<usize> {
    let bytes = text.as_bytes();
    let (close, expected) = match bytes.get(at) {
        Some(b'{') => (b'}', Reason::Expected("`}`")),
        Some(b'[') => (b']', Reason::Expected("`]`")),
        _ => return end_of_scalar(text, at),
    };
    let end = outline::skip(bytes, at, levels)?;
    if bytes[end - 1] != close {
        return Err(SyntaxError {
            offset: end - 1,
            reason: expected,
        });
    }
    Ok(end)
}

fn end_of_scalar(text: &str, at: usize) -> Result<usize> {
    let mut parser = Parser::new(&text[at..]);
    match parser.skip() {
        Ok(_) => Ok(at + parser.offset()),
        Err(error) => Err(later(error, at)),
    }
}

/// An error in a text that began `by` bytes later.
pub(crate) fn later(error: SyntaxError, by: usize) -> SyntaxError {
    SyntaxError {
        offset: error.offset + by,
        ..error
    }
}

/// The place at or after `at` where something other than white space stands.
pub(crate) fn after_space(text: &str, mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = text.as_bytes().get(at) {
        at += 1;
    }
    at
}

/// Reads the elements that stand in `inside`, the text between the brackets of a list, one by one.
#[derive(Debug, Clone)]
pub(crate) struct ElementTexts<'a> {
    inside: &'a str,
    at: usize,
    is_fresh: bool,
}

impl<'a> ElementTexts<'a> {
    pub(crate) fn new(inside: &'a str) -> Self {
        Self {
            inside,
            at: 0,
            is_fresh: true,
        }
    }

    /// The next element, the inside of which is not checked.
    pub(crate) fn next_text(&mut self) -> Result<Option<&'a str>> {
        let Some(start) = self.next_start()? else {
            return Ok(None);
        };
        self.at = end_of_value(self.inside, start, MAX_DEPTH)?;
        Ok(Some(&self.inside[start..self.at]))
    }

    /// The text from the next element on, for a reader that finds its end and says so by [`Self::advance`].
    pub(crate) fn next_rest(&mut self) -> Result<Option<&'a str>> {
        let Some(start) = self.next_start()? else {
            return Ok(None);
        };
        match self.inside.get(start..) {
            None | Some("") => Err(SyntaxError {
                offset: start,
                reason: Reason::Expected("a value"),
            }),
            rest => Ok(rest),
        }
    }

    /// Leaves the next `bytes` behind.
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Where the next element begins, behind the comma in front of it.
    fn next_start(&mut self) -> Result<Option<usize>> {
        self.at = after_space(self.inside, self.at);
        match self.inside.as_bytes().get(self.at) {
            None => return Ok(None),
            Some(_) if self.is_fresh => self.is_fresh = false,
            Some(b',') => self.at = after_space(self.inside, self.at + 1),
            Some(_) => {
                return Err(SyntaxError {
                    offset: self.at,
                    reason: Reason::Expected("`,` or `]`"),
                });
            }
        }
        Ok(Some(self.at))
    }
}

/// Reads the whole document that begins at byte `start` of `text` and checks everything in it.
pub(crate) fn check(text: &str, start: usize) -> Result<()> {
    let mut parser = Parser::new(&text[start..]);
    check_value(&mut parser)
        .and_then(|()| parser.end())
        .map_err(|error| later(error, start))
}

fn check_value(parser: &mut Parser<'_>) -> Result<()> {
    match parser.kind()? {
        Kind::Object => {
            parser.begin_object()?;
            while parser.next_key()?.is_some() {
                check_value(parser)?;
            }
        }
        Kind::List => {
            parser.begin_list()?;
            while parser.next_element()? {
                check_value(parser)?;
            }
        }
        _ => {
            parser.skip()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
