//! Python expressions: literals, names, calls; everything else is skipped as a whole.

use super::token::{Kind, Token};

/// How deep expressions may nest.
const MAX_DEPTH: usize = 100;

/// How many parts a sum or a chain of attributes may have.
const MAX_PARTS: usize = 500;

/// An expression and where it is in the source.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expr {
    pub(super) what: What,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    None,
    Bool(bool),
    /// As written, with a sign.
    Number(String),
    Text(String),
    /// The parts of a text; those in braces are source.
    Format(Vec<Part>),
    Name(String),
    Attribute(Box<Expr>, String),
    Index(Box<Expr>, Box<Expr>),
    Call(Box<Expr>, Vec<Argument>),
    /// A list or a tuple.
    List(Vec<Expr>),
    /// Entries without a key are unpacked.
    Dict(Vec<(Option<Expr>, Expr)>),
    /// Two things joined by `+` or `|`.
    Sum(Box<Expr>, Box<Expr>),
    /// The first where some condition holds, else the second.
    Either(Box<Expr>, Box<Expr>),
    /// Something else; what it is called.
    Other(&'static str),
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Text(String),
    Source(String),
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Argument {
    pub(super) name: Option<String>,
    pub(super) value: Expr,
}

/// Reads expressions from tokens.
#[derive(Debug, Clone)]
pub(super) struct Parser<'t, 's> {
    tokens: &'t [Token<'s>],
    pub(super) at: usize,
    depth: usize,
}

impl<'t, 's> Parser<'t, 's> {
    /// Begins at the token number `at`.
    pub(super) fn new(tokens: &'t [Token<'s>], at: usize) -> Self {
        Self {
            tokens,
            at,
            depth: 0,
        }
    }

    pub(super) fn peek(&self) -> Option<&'t Kind<'s>> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    pub(super) fn is_op(&self, op: &str) -> bool {
        matches!(self.peek(), Some(Kind::Op(one)) if *one == op)
    }

    fn is_name(&self, name: &str) -> bool {
        matches!(self.peek(), Some(Kind::Name(one)) if *one == name)
    }

    /// Goes on behind `op`, if it is next.
    pub(super) fn take_op(&mut self, op: &str) -> bool {
        let found = self.is_op(op);
        self.at += usize::from(found);
        found
    }

    fn start(&self) -> usize {
        self.tokens
            .get(self.at)
            .or(self.tokens.last())
            .map_or(0, |token| token.start)
    }

    /// Where the token before this one ends.
    fn end(&self) -> usize {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        before.map_or(0, |token| token.end)
    }

    /// Whether an expression ends here.
    fn is_end(&self) -> bool {
        match self.peek() {
            None | Some(Kind::NewLine) => true,
            Some(Kind::Op(op)) => matches!(*op, "," | ")" | "]" | "}" | ":" | "=" | ";"),
            _ => false,
        }
    }

    /// Skips to the end of the expression that is begun.
    fn skip(&mut self) {
        let mut depth = 0_usize;
        while let Some(kind) = self.peek() {
            if depth == 0 && self.is_end() {
                return;
            }
            match kind {
                Kind::Op("(" | "[" | "{") => depth += 1,
                Kind::Op(")" | "]" | "}") => depth = depth.saturating_sub(1),
                // The colon and the commas of a lambda belong to it.
                Kind::Name("lambda") => self.skip_parameters(),
                _ => {}
            }
            self.at += 1;
        }
    }

    fn skip_parameters(&mut self) {
        let mut depth = 0_usize;
        while let Some(kind) = self.peek() {
            match kind {
                Kind::Op(":") if depth == 0 => return,
                Kind::Op("(" | "[" | "{") => depth += 1,
                Kind::Op(")" | "]" | "}") if depth == 0 => {
                    // A lambda without a colon: what follows is as good as any end.
                    self.at -= 1;
                    return;
                }
                Kind::Op(")" | "]" | "}") => depth -= 1,
                Kind::NewLine => {
                    self.at -= 1;
                    return;
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    /// The expression that begins here; `at` is behind it afterwards.
    pub(super) fn expr(&mut self) -> Expr {
        let (start, begin) = (self.start(), self.at);
        self.depth += 1;
        let what = if self.depth > MAX_DEPTH {
            self.skip();
            What::Other("something that nests too deep")
        } else {
            self.either(begin)
        };
        self.depth -= 1;
        Expr {
            what,
            start,
            end: self.end().max(start),
        }
    }

    fn either(&mut self, begin: usize) -> What {
        let first = self.sum();
        if self.is_end() || self.is_name("for") || self.is_name("async") {
            return first.what;
        }
        if self.is_name("if") {
            self.at += 1;
            self.until_else();
            if self.is_name("else") {
                self.at += 1;
                let second = self.expr();
                return What::Either(Box::new(first), Box::new(second));
            }
        }
        self.at = begin;
        let what = match self.peek() {
            Some(Kind::Name("lambda")) => "a lambda",
            _ => "an expression",
        };
        self.skip();
        What::Other(what)
    }

    /// Skips a condition.
    fn until_else(&mut self) {
        let mut depth = 0_usize;
        while let Some(kind) = self.peek() {
            match kind {
                Kind::Name("else") if depth == 0 => return,
                Kind::Op("(" | "[" | "{") => depth += 1,
                Kind::Op(")" | "]" | "}") if depth > 0 => depth -= 1,
                _ if depth == 0 && self.is_end() => return,
                _ => {}
            }
            self.at += 1;
        }
    }

    fn sum(&mut self) -> Expr {
        let mut sum = self.chain();
        for _ in 0..MAX_PARTS {
            if !self.is_op("+") && !self.is_op("|") {
                break;
            }
            self.at += 1;
            let next = self.chain();
            let (start, end) = (sum.start, next.end);
            sum = Expr {
                what: What::Sum(Box::new(sum), Box::new(next)),
                start,
                end,
            };
        }
        sum
    }

    /// A value with what is attached to it.
    fn chain(&mut self) -> Expr {
        let start = self.start();
        let mut what = self.value();
        for _ in 0..MAX_PARTS {
            let so_far = |what, parser: &Self| {
                Box::new(Expr {
                    what,
                    start,
                    end: parser.end(),
                })
            };
            what = match self.peek() {
                Some(Kind::Op(".")) => {
                    let inner = so_far(what, self);
                    self.at += 1;
                    let name = match self.peek() {
                        Some(Kind::Name(name)) => (*name).to_owned(),
                        _ => String::new(),
                    };
                    self.at += usize::from(!name.is_empty());
                    What::Attribute(inner, name)
                }
                Some(Kind::Op("(")) => {
                    let inner = so_far(what, self);
                    self.at += 1;
                    What::Call(inner, self.arguments())
                }
                Some(Kind::Op("[")) => {
                    let inner = so_far(what, self);
                    self.at += 1;
                    let index = self.expr();
                    self.close("]");
                    What::Index(inner, Box::new(index))
                }
                _ => break,
            };
        }
        Expr {
            what,
            start,
            end: self.end().max(start),
        }
    }

    fn value(&mut self) -> What {
        let Some(kind) = self.peek() else {
            return What::Other("nothing");
        };
        if self.is_end() {
            return What::Other("nothing");
        }
        match kind {
            Kind::Text(_) | Kind::Format(_) => self.texts(),
            Kind::Bytes => self.one(What::Other("bytes")),
            Kind::Number(digits) => self.one(What::Number((*digits).to_owned())),
            Kind::Name("None") => self.one(What::None),
            Kind::Name("True") => self.one(What::Bool(true)),
            Kind::Name("False") => self.one(What::Bool(false)),
            Kind::Name("lambda" | "not" | "await" | "yield") => {
                // What follows shows that this is no value.
                self.one(What::Other("an expression"))
            }
            Kind::Name(name) => self.one(What::Name((*name).to_owned())),
            Kind::Op("-") => {
                self.at += 1;
                match self.peek() {
                    Some(Kind::Number(digits)) => self.one(What::Number(format!("-{digits}"))),
                    _ => What::Other("an expression"),
                }
            }
            Kind::Op("(") => self.parentheses(),
            Kind::Op("[") => {
                self.at += 1;
                match self.items("]") {
                    Some((items, _)) => What::List(items),
                    None => What::Other("a comprehension"),
                }
            }
            Kind::Op("{") => self.dict(),
            _ => self.one(What::Other("an expression")),
        }
    }

    fn one(&mut self, what: What) -> What {
        self.at += 1;
        what
    }

    /// Texts that stand side by side are one.
    fn texts(&mut self) -> What {
        let mut parts: Vec<Part> = Vec::new();
        loop {
            match self.peek() {
                Some(Kind::Text(text)) => parts.push(Part::Text(text.clone())),
                Some(Kind::Format(text)) => match format_parts(text) {
                    Some(more) => parts.extend(more),
                    None => parts.push(Part::Source(text.clone())),
                },
                _ => break,
            }
            self.at += 1;
        }
        let is_text = |part: &Part| matches!(part, Part::Text(_));
        if !parts.iter().all(is_text) {
            return What::Format(parts);
        }
        let texts = parts.into_iter().map(|part| match part {
            Part::Text(text) | Part::Source(text) => text,
        });
        What::Text(texts.collect())
    }

    fn parentheses(&mut self) -> What {
        self.at += 1;
        match self.items(")") {
            None => What::Other("a generator"),
            Some((mut items, false)) if items.len() == 1 => items.swap_remove(0).what,
            Some((items, _)) => What::List(items),
        }
    }

    /// What stands up to `close`, and whether a comma does; `None` for a comprehension.
    fn items(&mut self, close: &str) -> Option<(Vec<Expr>, bool)> {
        let mut items = Vec::new();
        let mut has_comma = false;
        while self.peek().is_some() && !self.is_op(close) {
            let before = self.at;
            if self.is_op("*") {
                self.close(close);
                return None;
            }
            items.push(self.expr());
            if self.is_name("for") || self.is_name("async") {
                self.close(close);
                return None;
            }
            has_comma |= self.take_op(",");
            if self.at == before {
                break;
            }
        }
        self.close(close);
        Some((items, has_comma))
    }

    /// Goes on behind `close`, whatever stands in front of it.
    fn close(&mut self, close: &str) {
        while self.peek().is_some() && !self.is_op(close) {
            let before = self.at;
            self.skip();
            if self.at == before {
                if self.is_op(")") || self.is_op("]") || self.is_op("}") {
                    return;
                }
                self.at += 1;
            }
        }
        self.take_op(close);
    }

    fn dict(&mut self) -> What {
        self.at += 1;
        let mut entries = Vec::new();
        while self.peek().is_some() && !self.is_op("}") {
            let before = self.at;
            if self.take_op("**") {
                let unpacked = self.expr();
                entries.push((None, unpacked));
            } else {
                let key = self.expr();
                if !self.take_op(":") {
                    self.close("}");
                    return What::Other("a set");
                }
                let value = self.expr();
                entries.push((Some(key), value));
            }
            if self.is_name("for") || self.is_name("async") {
                self.close("}");
                return What::Other("a comprehension");
            }
            self.take_op(",");
            if self.at == before {
                break;
            }
        }
        self.close("}");
        What::Dict(entries)
    }

    /// The arguments of a call whose parenthesis is open.
    pub(super) fn arguments(&mut self) -> Vec<Argument> {
        let mut arguments = Vec::new();
        while self.peek().is_some() && !self.is_op(")") {
            let before = self.at;
            let mut name = None;
            if self.take_op("**") || self.take_op("*") {
                name = Some(String::new());
            } else if let Some(Kind::Name(word)) = self.peek() {
                let is_named = matches!(
                    self.tokens.get(self.at + 1).map(|token| &token.kind),
                    Some(Kind::Op("="))
                );
                if is_named {
                    name = Some((*word).to_owned());
                    self.at += 2;
                }
            }
            let value = self.expr();
            arguments.push(Argument { name, value });
            if self.is_name("for") {
                break;
            }
            self.take_op(",");
            if self.at == before {
                break;
            }
        }
        self.close(")");
        arguments
    }
}

/// The parts of a text with expressions in braces; `None` when the braces do not match.
fn format_parts(text: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        plain.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        if rest[at + 1..].starts_with(brace) {
            plain.push_str(brace);
            rest = &rest[at + 2..];
            continue;
        }
        if brace == "}" {
            return None;
        }
        let end = at + rest[at..].find('}')?;
        parts.push(Part::Text(std::mem::take(&mut plain)));
        parts.push(Part::Source(rest[at + 1..end].to_owned()));
        rest = &rest[end + 1..];
    }
    plain.push_str(rest);
    parts.push(Part::Text(plain));
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::super::token::tokens;
    use super::*;

    fn what(source: &str) -> What {
        let tokens = tokens(source).unwrap();
        Parser::new(&tokens, 0).expr().what
    }

    fn text(text: &str) -> What {
        What::Text(text.to_owned())
    }

    #[test]
    fn literals_are_read() {
        assert_eq!(what("'a' \"b\"\n"), text("ab"));
        assert_eq!(what("('a'\n 'b')"), text("ab"));
        assert_eq!(what("-5"), What::Number("-5".to_owned()));
        assert_eq!(what("None"), What::None);
        let What::List(items) = what("[1, (2,), [], {}]") else {
            panic!("a list was expected");
        };
        assert_eq!(items.len(), 4);
        assert!(matches!(&items[1].what, What::List(inner) if inner.len() == 1));
        assert_eq!(items[3].what, What::Dict(Vec::new()));
    }

    #[test]
    fn what_is_no_data_is_skipped_as_a_whole() {
        for (source, name) in [
            ("lambda a, b={1: 2}: a + b[0]", "a lambda"),
            ("[x for x in y]", "a comprehension"),
            ("{k: v for k, v in y}", "a comprehension"),
            ("{1, 2}", "a set"),
            ("a == b", "an expression"),
            ("not a", "an expression"),
            ("3 * 4", "an expression"),
            ("b'x'", "bytes"),
        ] {
            let source = format!("[{source}, 'next']");
            let What::List(items) = what(&source) else {
                panic!("{source}");
            };
            assert_eq!(items[0].what, What::Other(name), "{source}");
            assert_eq!(items[1].what, text("next"), "{source}");
        }
    }

    #[test]
    fn braces_in_texts_are_told_from_expressions() {
        let Part::Text(plain) = &format_parts("a{{b}}c").unwrap()[0] else {
            panic!("a text was expected");
        };
        assert_eq!(plain, "a{b}c");
        let What::Format(parts) = what("f'x/{owner}/' '{id}'") else {
            panic!("parts were expected");
        };
        assert_eq!(parts[1], Part::Source("owner".to_owned()));
        assert_eq!(parts.last(), Some(&Part::Text("{id}".to_owned())));
        assert!(format_parts("a}b").is_none() && format_parts("{a").is_none());
    }

    #[test]
    fn a_choice_has_two_sides() {
        let What::Either(first, second) = what("{'a': 1} if (x or y) else None") else {
            panic!("a choice was expected");
        };
        assert!(matches!(first.what, What::Dict(_)));
        assert_eq!(second.what, What::None);
    }

    proptest::proptest! {
        #[test]
        fn no_source_is_too_strange(source in "([a-z(){}\\[\\]:,.=+*'\"# \n]|lambda |for |if |else |f'){0,60}") {
            if let Ok(tokens) = tokens(&source) {
                let mut parser = Parser::new(&tokens, 0);
                let expr = parser.expr();
                proptest::prop_assert!(expr.start <= expr.end && expr.end <= source.len());
            }
        }
    }
}
