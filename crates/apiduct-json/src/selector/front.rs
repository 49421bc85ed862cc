//! The lenient front end: a path as people write it, read into segments.

use super::error::{SelectorError, SelectorProblem};
use super::step::{self, Segment, Step};

/// Longest path that is read.
const MAX_BYTES: usize = 4096;
/// Largest index: an integer that every JSON reader holds exactly.
const MAX_INDEX: i64 = (1 << 53) - 1;

type Result<T, E = SelectorError> = std::result::Result<T, E>;

/// Reads a whole path, which is trimmed already.
pub(super) fn parse(text: &str) -> Result<Vec<Segment>> {
    let mut front = Front::new(text);
    if text.is_empty() {
        return front.fail(SelectorProblem::Empty);
    }
    if text.len() > MAX_BYTES {
        return front.fail(SelectorProblem::TooComplex);
    }
    let mut segments = front.beginning()?;
    front.segments(&mut segments)?;
    match front.peek() {
        None => Ok(segments),
        Some(letter) => front.stray(letter),
    }
}

/// Reads from left to right.
pub(super) struct Front<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    /// Open parentheses, and open filters and functions: both are bounded.
    pub(super) parentheses: usize,
    pub(super) filters: usize,
    /// Where the latest name without quotes began, for proposals.
    name_start: usize,
}

impl<'a> Front<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            parentheses: 0,
            filters: 0,
            name_start: 0,
        }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Passes over `token`, with the white space before it, if it stands here.
    pub(super) fn eat(&mut self, token: &str) -> bool {
        let rest = self.rest().trim_start();
        let is_here = rest.starts_with(token);
        if is_here {
            self.at = self.text.len() - rest.len() + token.len();
        }
        is_here
    }

    pub(super) fn fail<T>(&self, problem: SelectorProblem) -> Result<T> {
        Err(SelectorError::new(self.text, self.at, problem))
    }

    fn propose<T>(&self, problem: SelectorProblem, instead: String) -> Result<T> {
        let error = SelectorError::new(self.text, self.at, problem);
        Err(SelectorError {
            instead: Some(instead),
            ..error
        })
    }

    fn beginning(&mut self) -> Result<Vec<Segment>> {
        if self.eat("$") {
            let after = self.rest().trim_start();
            return if after.is_empty() || after.starts_with(['.', '[']) {
                Ok(Vec::new())
            } else {
                self.propose(SelectorProblem::AfterRoot, after.to_owned())
            };
        }
        if let Some(after) = self.rest().strip_prefix('@').map(str::trim_start)
            && (after.is_empty() || after.starts_with(['.', '[']))
        {
            self.at = self.text.len() - after.len();
            return Ok(Vec::new());
        }
        if self.rest().starts_with("..") {
            return self.propose(
                SelectorProblem::LeadingDescendant,
                format!("${}", self.text),
            );
        }
        match self.peek() {
            Some('[') => Ok(Vec::new()),
            Some('.') => self.propose(SelectorProblem::LeadingDot, self.text[1..].to_owned()),
            _ => Ok(self.names(true)?.into_iter().collect()),
        }
    }

    /// Reads segments as far as they go.
    pub(super) fn segments(&mut self, segments: &mut Vec<Segment>) -> Result<()> {
        loop {
            let before = self.at;
            self.skip_space();
            if self.eat("..") {
                let segment = if self.is_bracket() {
                    Some(self.bracket()?)
                } else {
                    self.names(false)?
                };
                segments.extend(segment.map(|segment| Segment {
                    is_descendant: true,
                    ..segment
                }));
            } else if self.eat(".") {
                let segment = if self.is_bracket() {
                    Some(self.bracket()?)
                } else {
                    self.names(self.filters == 0)?
                };
                segments.extend(segment);
            } else if self.is_bracket() {
                segments.push(self.bracket()?);
            } else {
                if self.filters > 0 {
                    self.at = before;
                }
                return Ok(());
            }
        }
    }

    fn is_bracket(&mut self) -> bool {
        self.skip_space();
        self.peek() == Some('[')
    }

    /// What follows a dot: `*`, a name, or names with commas between them. Nothing for `` `this` ``.
    fn names(&mut self, may_list: bool) -> Result<Option<Segment>> {
        self.skip_space();
        if self.eat("*") {
            return Ok(Some(Segment::child(Step::Wildcard)));
        }
        if self.eat("`this`") {
            return Ok(None);
        }
        let mut segment = Segment::child(Step::Name(self.name()?));
        while may_list && self.eat(",") {
            self.skip_space();
            segment.steps.push(Step::Name(self.name()?));
        }
        Ok(Some(segment))
    }

    /// A name, with or without quotes.
    fn name(&mut self) -> Result<String> {
        self.name_start = self.at;
        match self.peek() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote),
            None => {
                let kept = self.text.trim_end_matches(|letter: char| {
                    letter == '.' || letter == ',' || letter.is_whitespace()
                });
                self.propose(SelectorProblem::MissingStep, kept.to_owned())
            }
            Some(letter) if !step::is_name_letter(letter) => self.stray(letter),
            Some(_) => Ok(self.bare().to_owned()),
        }
    }

    /// The letters of a name as far as they go.
    pub(super) fn bare(&mut self) -> &'a str {
        self.name_start = self.at;
        let rest = self.rest();
        let end = rest
            .find(|letter| !step::is_name_letter(letter))
            .unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// A text in quotes, unescaped.
    pub(super) fn quoted(&mut self, quote: char) -> Result<String> {
        let start = self.at;
        let mut letters = self.rest().char_indices().skip(1);
        let mut text = String::new();
        while let Some((at, letter)) = letters.next() {
            if letter == quote {
                self.at = start + at + 1;
                return Ok(text);
            }
            if letter != '\\' {
                text.push(letter);
                continue;
            }
            let Some((_, escaped)) = letters.next() else {
                break;
            };
            if escaped == '\'' {
                text.push('\'');
                continue;
            }
            let end = start
                + at
                + if escaped == 'u' {
                    self.escape_len(start + at)
                } else {
                    2
                };
            let Some(plain) = self.text.get(start + at..end).and_then(unescape) else {
                self.at = start + at;
                return self.fail(SelectorProblem::InvalidEscape);
            };
            text.push_str(&plain);
            while letters
                .clone()
                .next()
                .is_some_and(|(next, _)| start + next < end)
            {
                letters.next();
            }
        }
        self.at = start;
        self.fail(SelectorProblem::UnclosedQuote)
    }

    /// Bytes of `\uXXXX` at `at`, or of a pair of surrogates.
    fn escape_len(&self, at: usize) -> usize {
        let unit = |at: usize| {
            self.text
                .get(at + 2..at + 6)
                .and_then(|hex| u16::from_str_radix(hex, 16).ok())
        };
        let is_high = unit(at).is_some_and(|unit| (0xD800..0xDC00).contains(&unit));
        if is_high && self.text[at..].get(6..8) == Some("\\u") {
            12
        } else {
            6
        }
    }

    /// `[…]` with everything that may stand in it.
    fn bracket(&mut self) -> Result<Segment> {
        let open = self.at;
        self.at += 1;
        let mut steps = Vec::new();
        loop {
            self.skip_space();
            steps.push(self.bracket_step(open)?);
            self.skip_space();
            match self.peek() {
                Some(']') => {
                    self.at += 1;
                    return Ok(Segment {
                        is_descendant: false,
                        steps,
                    });
                }
                Some(',') => self.at += 1,
                None => return self.unclosed(open),
                Some(letter) => return self.stray(letter),
            }
        }
    }

    fn unclosed<T>(&mut self, open: usize) -> Result<T> {
        self.at = open;
        self.propose(
            SelectorProblem::Unbalanced { bracket: '[' },
            format!("{}]", self.text),
        )
    }

    fn bracket_step(&mut self, open: usize) -> Result<Step> {
        let Some(letter) = self.peek() else {
            return self.unclosed(open);
        };
        match letter {
            ']' => self.fail(SelectorProblem::EmptyBrackets),
            '\'' | '"' => self.quoted(letter).map(Step::Name),
            '*' => {
                self.at += 1;
                Ok(Step::Wildcard)
            }
            '?' => {
                self.at += 1;
                self.filter().map(Step::Filter)
            }
            '(' => self.script(),
            '\\' | '/' => self.fail(SelectorProblem::Unsupported {
                operator: "sorting",
            }),
            ':' => self.slice(None),
            _ if step::is_name_letter(letter) => self.bare_in_bracket(),
            _ => self.stray(letter),
        }
    }

    /// An index, the first bound of a slice, or a name without quotes.
    fn bare_in_bracket(&mut self) -> Result<Step> {
        let start = self.at;
        let word = self.bare();
        let digits = word.strip_prefix('-').unwrap_or(word);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Step::Name(word.to_owned()));
        }
        let index = self.integer(word, start)?;
        self.skip_space();
        if self.peek() == Some(':') {
            self.slice(Some(index))
        } else {
            Ok(Step::Index(index))
        }
    }

    fn integer(&mut self, word: &str, start: usize) -> Result<i64> {
        match word.parse::<i64>() {
            Ok(index) if index.abs() <= MAX_INDEX => Ok(index),
            _ => {
                self.at = start;
                self.fail(SelectorProblem::InvalidIndex)
            }
        }
    }

    fn slice(&mut self, start: Option<i64>) -> Result<Step> {
        let mut bounds = [None, None];
        for bound in &mut bounds {
            if !self.eat(":") {
                break;
            }
            self.skip_space();
            let at = self.at;
            let word = self.bare();
            if !word.is_empty() {
                *bound = Some(self.integer(word, at)?);
            }
        }
        let [end, step] = bounds;
        self.skip_space();
        if step == Some(0) || self.peek() == Some(':') {
            return self.fail(SelectorProblem::InvalidSlice);
        }
        Ok(Step::Slice { start, end, step })
    }

    /// `[(…)]` runs code in other languages; the usual one asks for an element from the end.
    fn script<T>(&mut self) -> Result<T> {
        let problem = SelectorProblem::Unsupported {
            operator: "a script",
        };
        let script: String = self
            .rest()
            .chars()
            .filter(|letter| !letter.is_whitespace())
            .collect();
        let from_end = script
            .strip_prefix("(@.length")
            .and_then(|rest| rest.split_once(')'));
        match (from_end, self.rest().find(')')) {
            (Some((index, _)), Some(end)) if index.starts_with('-') => {
                let (before, after) = (&self.text[..self.at], &self.rest()[end + 1..]);
                self.propose(problem, format!("{before}{index}{after}"))
            }
            _ => self.fail(problem),
        }
    }

    /// The error for `letter`, which stands where a path cannot go on.
    pub(super) fn stray<T>(&self, letter: char) -> Result<T> {
        let unsupported = |operator| SelectorProblem::Unsupported { operator };
        let rest = self.rest();
        let is_apart = self.text[..self.at].ends_with(char::is_whitespace);
        match letter {
            '`' => self.fail(unsupported("a backtick operator")),
            '(' => self.fail(unsupported("a call")),
            ')' | ']' => self.fail(SelectorProblem::Unbalanced { bracket: letter }),
            '|' if !self.text.contains(['.', '[']) => {
                self.propose(unsupported("`|`"), self.text.replace('|', ","))
            }
            '|' => self.fail(unsupported("`|`")),
            '&' => self.fail(unsupported("`&`")),
            '+' | '*' => self.fail(unsupported("arithmetic")),
            '-' | '/' if is_apart => self.fail(unsupported("arithmetic")),
            _ if is_apart && rest.starts_with("where ") => self.fail(unsupported("`where`")),
            '.' | ',' | '?' | '\'' | '"' | '\\' => {
                self.fail(SelectorProblem::Unexpected { character: letter })
            }
            _ if step::is_name_letter(letter) && self.is_after_closed() => {
                let (before, rest) = (self.text[..self.at].trim_end(), self.rest());
                self.propose(
                    SelectorProblem::Unexpected { character: letter },
                    format!("{before}.{rest}"),
                )
            }
            _ => {
                let is_word = is_apart && step::is_name_letter(letter);
                let character = if is_word { ' ' } else { letter };
                self.propose(
                    SelectorProblem::NeedsQuotes { character },
                    self.with_quotes(),
                )
            }
        }
    }

    /// Whether the step before ended by itself, so that a name is not its continuation.
    fn is_after_closed(&self) -> bool {
        self.text[..self.at]
            .trim_end()
            .ends_with([']', '\'', '"', '*', '`'])
    }

    /// The path with the latest name put into quotes, up to where its step must end.
    fn with_quotes(&self) -> String {
        let is_bracketed = self.text[..self.name_start].trim_end().ends_with('[');
        let ends: &[char] = if is_bracketed {
            &[']', ',']
        } else {
            &['.', '[', ',']
        };
        let start = self.name_start.min(self.at);
        let end = self.text[self.at..]
            .find(ends)
            .map_or(self.text.len(), |end| self.at + end);
        let mut name = String::new();
        step::quote(self.text[start..end].trim(), &mut name);
        let (before, after) = (&self.text[..start], &self.text[end..]);
        if is_bracketed {
            format!("{before}{name}{after}")
        } else {
            let before = match before.strip_suffix('.') {
                Some(shorter) if !shorter.ends_with('.') => shorter,
                _ => before,
            };
            format!("{before}[{name}]{after}")
        }
    }
}

/// The meaning of one escape of JSON, or of a pair of surrogates.
fn unescape(escape: &str) -> Option<String> {
    serde_json::from_str(&format!("\"{escape}\"")).ok()
}
