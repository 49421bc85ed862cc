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
    let mut scan = Scan {
        text,
        at: start,
        depth: 0,
        tree,
        hits: vec![None; tree.paths()],
        scratch: String::new(),
    };
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
    fn fail<T>(&self, reason: Reason) -> Result<T> {
        Err(SyntaxError {
            offset: self.at,
            reason,
        })
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Result<u8> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Ok(*byte);
            }
            self.at += 1;
        }
        self.fail(Reason::UnexpectedEnd)
    }

    /// Passes over `byte` if it comes next.
    fn eat(&mut self, byte: u8) -> Result<bool> {
        let is_here = self.peek()? == byte;
        self.at += usize::from(is_here);
        Ok(is_here)
    }

    /// Lets the parser read something here.
    fn parse<T>(&mut self, read: impl FnOnce(&mut Parser<'a>) -> Result<T>) -> Result<T> {
        let mut parser = Parser::new(&self.text[self.at..]);
        let result = read(&mut parser).map_err(|error| SyntaxError {
            offset: self.at + error.offset,
            ..error
        })?;
        self.at += parser.offset();
        Ok(result)
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
            (b'{' | b'[', _) => {
                self.at = outline::skip(self.text.as_bytes(), start, self.levels())?;
                self.check_close(first)?;
            }
            _ => {
                self.parse(Parser::skip)?;
            }
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

    /// Makes sure that the bracket just passed closes `open`.
    fn check_close(&mut self, open: u8) -> Result<()> {
        let (close, words) = if open == b'{' {
            (b'}', "`}`")
        } else {
            (b']', "`]`")
        };
        if self.text.as_bytes()[self.at - 1] == close {
            return Ok(());
        }
        self.at -= 1;
        self.fail(Reason::Expected(words))
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
        let key = self.parse(Parser::string)?;
        let name = key
            .unescape(&mut self.scratch)
            .map_err(|error| SyntaxError {
                offset: start + 1 + error.offset,
                ..error
            })?;
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
        self.at = outline.end;
        self.check_close(b'[')?;
        elements.count += outline.commas + 1;
        elements.last = start..start + last.len();
        Ok(())
    }
}

/// Reads the whole document that begins at byte `start` of `text` and checks everything in it.
pub(crate) fn check(text: &str, start: usize) -> Result<()> {
    let mut parser = Parser::new(&text[start..]);
    check_value(&mut parser)
        .and_then(|()| parser.end())
        .map_err(|error| SyntaxError {
            offset: start + error.offset,
            ..error
        })
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
