//! What a Python file assigns and calls.

use std::collections::HashMap;

use super::expr::{Argument, Expr, Parser};
use super::token::{Kind, Token};

/// Calls that are looked at, by the last part of their name.
const CALLS: [&str; 5] = [
    "rest_api_source",
    "rest_api_resources",
    "rest_api",
    "pipeline",
    "run",
];

/// The parts of a file that can matter.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// What names are assigned, in the order of the file; defaults of parameters too.
    assigned: HashMap<String, Vec<Expr>>,
    /// Names in the order of their assignments.
    names: Vec<(String, usize)>,
    /// Calls of interest, in the order of the file.
    pub(super) calls: Vec<Call>,
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) name: String,
    /// Where its name begins.
    pub(super) start: usize,
    pub(super) arguments: Vec<Argument>,
}

impl Call {
    /// The argument called `name`, or the one at `position`.
    pub(super) fn argument(&self, name: &str, position: usize) -> Option<&Expr> {
        let named = |argument: &&Argument| argument.name.as_deref() == Some(name);
        let placed = self.arguments.get(position);
        self.arguments
            .iter()
            .find(named)
            .or(placed.filter(|argument| argument.name.is_none()))
            .map(|argument| &argument.value)
    }
}

impl Module {
    pub(super) fn read(tokens: &[Token<'_>]) -> Self {
        let mut module = Self::default();
        let mut is_start = true;
        for (at, token) in tokens.iter().enumerate() {
            let begins = std::mem::replace(&mut is_start, token.kind == Kind::NewLine);
            let Kind::Name(name) = token.kind else {
                continue;
            };
            match name {
                "def" => module.parameters(tokens, at + 2),
                "async" => is_start = begins,
                _ => {
                    if begins {
                        module.assignment(tokens, at, name);
                    }
                    if CALLS.contains(&name) {
                        module.call(tokens, at, name);
                    }
                }
            }
        }
        module
    }

    /// What `name` is at the offset `at`: what it was assigned last before, or else first behind.
    pub(super) fn value(&self, name: &str, at: usize) -> Option<&Expr> {
        let all = self.assigned.get(name)?;
        let before = all.iter().rev().find(|expr| expr.start < at);
        before.or(all.first())
    }

    /// All assigned names and where their values begin.
    pub(super) fn assignments(&self) -> impl Iterator<Item = (&str, usize)> {
        self.names.iter().map(|(name, at)| (name.as_str(), *at))
    }

    fn assign(&mut self, name: &str, value: Expr) {
        self.names.push((name.to_owned(), value.end));
        self.assigned
            .entry(name.to_owned())
            .or_default()
            .push(value);
    }

    /// `name = ...` or `name: Type = ...`.
    fn assignment(&mut self, tokens: &[Token<'_>], at: usize, name: &str) {
        let mut parser = Parser::new(tokens, at + 1);
        if parser.take_op(":") {
            parser.expr();
        }
        if parser.take_op("=") {
            self.assign(name, parser.expr());
        }
    }

    /// The defaults of the parameters of a function, whose parenthesis is at `at`.
    fn parameters(&mut self, tokens: &[Token<'_>], at: usize) {
        let mut parser = Parser::new(tokens, at);
        if !parser.take_op("(") {
            return;
        }
        while let Some(kind) = parser.peek() {
            if parser.is_op(")") {
                return;
            }
            let name = match kind {
                Kind::Name(name) => *name,
                _ => "",
            };
            parser.at += 1;
            if parser.take_op(":") {
                parser.expr();
            }
            if parser.take_op("=") {
                let value = parser.expr();
                self.assign(name, value);
            }
            parser.take_op(",");
        }
    }

    fn call(&mut self, tokens: &[Token<'_>], at: usize, name: &str) {
        let mut parser = Parser::new(tokens, at + 1);
        let is_defined = at
            .checked_sub(1)
            .is_some_and(|before| tokens[before].kind == Kind::Name("def"));
        if !is_defined && parser.take_op("(") {
            self.calls.push(Call {
                name: name.to_owned(),
                start: tokens[at].start,
                arguments: parser.arguments(),
            });
        }
    }
}
