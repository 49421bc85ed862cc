//! Filters: conditions as people write them, put into the notation of RFC 9535.

use super::error::{SelectorError, SelectorProblem};
use super::front::Front;
use super::step::{self, Segment, Step};

/// Nested filters and functions; each level doubles the work of the condition's parser.
const MAX_FILTERS: usize = 4;
const MAX_PARENTHESES: usize = 16;

const FUNCTIONS: [&str; 5] = ["length", "count", "match", "search", "value"];

/// The operators of comparison as written and as RFC 9535 has them, the longer ones first.
const OPERATORS: [(&str, &str); 7] = [
    ("==", "=="),
    ("!=", "!="),
    ("<=", "<="),
    (">=", ">="),
    ("<", "<"),
    (">", ">"),
    ("=", "=="),
];

type Result<T, E = SelectorError> = std::result::Result<T, E>;

/// One side of a comparison, or a test for existence.
struct Operand {
    /// In the notation of RFC 9535.
    text: String,
    kind: OperandKind,
}

#[derive(PartialEq)]
enum OperandKind {
    Literal,
    /// A path that selects one value at most.
    Singular,
    /// A path that may select several.
    Plural,
    Function,
}

impl Front<'_> {
    /// The condition after `[?`, up to the bracket or comma that ends it.
    pub(super) fn filter(&mut self) -> Result<String> {
        self.enter_filter()?;
        let condition = self.any_of()?;
        self.filters -= 1;
        self.skip_space();
        match self.peek() {
            None | Some(']' | ',') => Ok(condition),
            Some(letter @ (')' | '(' | '`' | '+' | '-' | '*' | '/' | '|')) => self.stray(letter),
            Some(letter) => self.fail(SelectorProblem::Unexpected { character: letter }),
        }
    }

    fn enter_filter(&mut self) -> Result<()> {
        self.filters += 1;
        if self.filters > MAX_FILTERS {
            self.fail(SelectorProblem::TooComplex)
        } else {
            Ok(())
        }
    }

    fn invalid<T>(&self, reason: &str) -> Result<T> {
        self.fail(SelectorProblem::InvalidFilter {
            reason: reason.to_owned(),
        })
    }

    fn any_of(&mut self) -> Result<String> {
        let mut condition = self.all_of()?;
        while self.eat("||") {
            condition.push_str("||");
            condition.push_str(&self.all_of()?);
        }
        Ok(condition)
    }

    fn all_of(&mut self) -> Result<String> {
        let mut condition = self.one()?;
        while self.eat("&&") || self.eat("&") {
            condition.push_str("&&");
            condition.push_str(&self.one()?);
        }
        Ok(condition)
    }

    /// A condition without `&&` and `||` outside of parentheses.
    fn one(&mut self) -> Result<String> {
        self.skip_space();
        if !self.rest().starts_with("!=") && self.eat("!") {
            return Ok(format!("!({})", self.deeper(Self::one)?));
        }
        let open = self.at;
        if !self.eat("(") {
            return self.comparison();
        }
        let condition = self.deeper(Self::any_of)?;
        if self.eat(")") {
            return Ok(format!("({condition})"));
        }
        if self.rest().trim_start().is_empty() {
            self.at = open;
            return self.fail(SelectorProblem::Unbalanced { bracket: '(' });
        }
        self.skip_space();
        self.invalid("expected `)`, `&&` or `||` here")
    }

    fn deeper(&mut self, read: impl Fn(&mut Self) -> Result<String>) -> Result<String> {
        self.parentheses += 1;
        if self.parentheses > MAX_PARENTHESES {
            return self.fail(SelectorProblem::TooComplex);
        }
        let condition = read(self)?;
        self.parentheses -= 1;
        Ok(condition)
    }

    fn comparison(&mut self) -> Result<String> {
        self.skip_space();
        let start = self.at;
        let left = self.operand(true)?;
        self.skip_space();
        if self.rest().starts_with("=~") {
            return self.fail(SelectorProblem::Unsupported {
                operator: "`=~` (write `match(@.name, 'regex')`)",
            });
        }
        let Some((_, operator)) = OPERATORS.into_iter().find(|(written, _)| self.eat(written))
        else {
            if left.kind == OperandKind::Literal {
                self.at = start;
                return self.invalid("a value alone is no condition");
            }
            return Ok(left.text);
        };
        self.skip_space();
        let middle = self.at;
        let right = self.operand(false)?;
        for (operand, at) in [(&left, start), (&right, middle)] {
            if operand.kind == OperandKind::Plural {
                self.at = at;
                return self.invalid("a path to several values cannot be compared");
            }
        }
        Ok(format!("{}{operator}{}", left.text, right.text))
    }

    /// A literal, a path or a function. A bare name is a member of the element, on the left side only.
    fn operand(&mut self, is_left: bool) -> Result<Operand> {
        self.skip_space();
        let literal = |text| {
            Ok(Operand {
                text,
                kind: OperandKind::Literal,
            })
        };
        match self.peek() {
            Some(quote @ ('\'' | '"')) => {
                let mut text = String::new();
                step::quote(&self.quoted(quote)?, &mut text);
                return literal(text);
            }
            Some('$') => {
                self.at += 1;
                return self.path("$", Vec::new());
            }
            Some('@') if !self.rest()[1..].starts_with(step::is_name_letter) => {
                self.at += 1;
                return self.path("@", Vec::new());
            }
            Some(letter) if step::is_name_letter(letter) => {}
            Some('(') => return self.invalid("a value is expected, not a parenthesis"),
            Some(_) => return self.invalid("a value, a path or a name is expected"),
            None => return self.invalid("something is missing at its end"),
        }
        if let Some(number) = self.number() {
            return literal(number.to_owned());
        }
        let start = self.at;
        let word = self.bare();
        if matches!(word, "true" | "false" | "null") {
            return literal(word.to_owned());
        }
        if self.peek() == Some('(') {
            return self.function(word, start);
        }
        if !is_left {
            self.at = start;
            return self.invalid("text on the right side needs quotes, and a path `@.`");
        }
        self.path("@", vec![Segment::name(word)])
    }

    /// A number, unless the word goes on as a name.
    fn number(&mut self) -> Option<&str> {
        let rest = self.rest();
        let end = rest
            .find(|letter: char| !matches!(letter, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'))
            .unwrap_or(rest.len());
        let goes_on =
            rest[end..].starts_with(|letter| step::is_name_letter(letter) || letter == '[');
        let number = &rest[..end];
        if goes_on || serde_json::from_str::<serde_json::Number>(number).is_err() {
            return None;
        }
        self.at += end;
        Some(number)
    }

    fn path(&mut self, from: &str, mut segments: Vec<Segment>) -> Result<Operand> {
        self.segments(&mut segments)?;
        let is_singular = segments
            .iter()
            .all(|segment| segment.only_step().is_some_and(Step::is_singular));
        Ok(Operand {
            text: step::strict(&segments).replacen('$', from, 1),
            kind: if is_singular {
                OperandKind::Singular
            } else {
                OperandKind::Plural
            },
        })
    }

    fn function(&mut self, name: &str, start: usize) -> Result<Operand> {
        if !FUNCTIONS.contains(&name) {
            self.at = start;
            return self.invalid(&format!(
                "there is no function `{name}`, only {}",
                FUNCTIONS.join(", ")
            ));
        }
        self.enter_filter()?;
        self.at += 1;
        let mut text = format!("{name}(");
        loop {
            text.push_str(&self.operand(true)?.text);
            if self.eat(")") {
                break;
            }
            if !self.eat(",") {
                return self.invalid("expected `,` or `)` in the function");
            }
            text.push(',');
        }
        text.push(')');
        self.filters -= 1;
        Ok(Operand {
            text,
            kind: OperandKind::Function,
        })
    }
}
