//! Where an expression, its filters and their arguments begin and end.

use apiduct_json::Captured;
use apiduct_model::Scalar;
use serde_json::Value;

use crate::error::ConfigErrorKind;

/// Follows quotes and brackets through a text, so that what stands inside them is not taken for syntax.
#[derive(Debug, Default)]
struct Nesting {
    depth: usize,
    quote: Option<char>,
    is_escaped: bool,
}

impl Nesting {
    /// Whether `letter` stands outside of all brackets.
    fn is_outside(&mut self, letter: char) -> bool {
        if let Some(quote) = self.quote {
            let ends = letter == quote && !self.is_escaped;
            self.is_escaped = letter == '\\' && !self.is_escaped;
            if ends {
                self.quote = None;
            }
            return false;
        }
        match letter {
            '[' | '(' => self.depth += 1,
            ']' | ')' => {
                self.depth = self.depth.saturating_sub(1);
                return false;
            }
            // An apostrophe outside of brackets belongs to a name.
            '\'' | '"' if self.depth > 0 => self.quote = Some(letter),
            _ => return self.depth == 0,
        }
        false
    }
}

/// The place of the brace that closes a placeholder; brackets that are left open hide none.
pub(in crate::template) fn closing(rest: &str) -> Option<usize> {
    let mut nesting = Nesting::default();
    rest.char_indices()
        .find(|(_, letter)| nesting.is_outside(*letter) && *letter == '}')
        .map(|(at, _)| at)
        .or_else(|| rest.find('}'))
}

/// The expression and its filters, as they are written between bars.
pub(in crate::template) fn split(inside: &str) -> (&str, Vec<&str>) {
    let mut nesting = Nesting::default();
    let mut cuts = Vec::new();
    for (at, letter) in inside.char_indices() {
        if nesting.is_outside(letter) && letter == '|' {
            cuts.push(at);
        }
    }
    let ends = cuts.iter().skip(1).copied().chain([inside.len()]);
    let filters = cuts.iter().zip(ends);
    let filters = filters.map(|(from, to)| inside[from + 1..to].trim());
    let expression = cuts.first().map_or(inside, |end| &inside[..*end]);
    (expression.trim(), filters.collect())
}

/// The name of a filter and what stands in its brackets.
pub(super) fn call(text: &str) -> Result<(&str, Option<&str>), ConfigErrorKind> {
    let Some((name, rest)) = text.split_once('(') else {
        return Ok((text, None));
    };
    let name = name.trim();
    match rest.trim_end().strip_suffix(')') {
        Some(argument) => Ok((name, Some(argument.trim()))),
        None => Err(super::usage(
            name,
            "has a bracket that is not closed",
            &format!("{name}(…)"),
        )),
    }
}

/// The argument of a filter: a text in single or double quotes, or any JSON.
pub(super) fn value(argument: &str) -> Result<Captured, ()> {
    if let Some(inside) = argument
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
    {
        return single_quoted(inside).map(|text| Captured::Scalar(Scalar::Text(text.into())));
    }
    let value: Value = serde_json::from_str(argument).map_err(drop)?;
    Ok(match value {
        Value::Null => Captured::Scalar(Scalar::Null),
        Value::Bool(value) => Captured::Scalar(Scalar::Bool(value)),
        // The digits as they are written.
        Value::Number(_) => Captured::Scalar(Scalar::Number(argument.into())),
        Value::String(text) => Captured::Scalar(Scalar::Text(text.into())),
        other => Captured::Json(other.to_string().into()),
    })
}

/// A text in single quotes; a backslash takes the meaning from a quote or a backslash.
fn single_quoted(inside: &str) -> Result<String, ()> {
    let mut text = String::with_capacity(inside.len());
    let mut letters = inside.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => return Err(()),
            '\\' => match letters.next() {
                Some(escaped @ ('\'' | '\\')) => text.push(escaped),
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                _ => return Err(()),
            },
            letter => text.push(letter),
        }
    }
    Ok(text)
}
