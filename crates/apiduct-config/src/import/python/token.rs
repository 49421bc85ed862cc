//! Python tokens.

/// A token and where it is in the source.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token<'s> {
    pub(super) kind: Kind<'s>,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind<'s> {
    Name(&'s str),
    Number(&'s str),
    /// A text, its escapes replaced.
    Text(String),
    /// A text with expressions in braces.
    Format(String),
    /// Bytes.
    Bytes,
    Op(&'s str),
    /// The end of a statement.
    NewLine,
}

/// A place where the source makes no sense.
#[derive(Debug, PartialEq)]
pub(super) struct Broken {
    pub(super) at: usize,
    pub(super) problem: &'static str,
}

/// Operators of several letters that must not be read as their parts.
const LONG: [&str; 19] = [
    "**=", "//=", ">>=", "<<=", "...", "**", "//", "==", "!=", "<=", ">=", ":=", "->", "+=", "-=",
    "*=", "/=", "|=", "&=",
];

/// All tokens of `text`.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Broken> {
    let mut lexer = Lexer {
        text,
        at: if text.starts_with('\u{feff}') { 3 } else { 0 },
        depth: 0,
        tokens: Vec::new(),
    };
    while let Some(letter) = lexer.rest().chars().next() {
        lexer.next(letter)?;
    }
    lexer.push(Kind::NewLine, text.len());
    Ok(lexer.tokens)
}

struct Lexer<'s> {
    text: &'s str,
    at: usize,
    depth: usize,
    tokens: Vec<Token<'s>>,
}

impl<'s> Lexer<'s> {
    fn rest(&self) -> &'s str {
        &self.text[self.at..]
    }

    fn push(&mut self, kind: Kind<'s>, end: usize) {
        self.tokens.push(Token {
            kind,
            start: self.at,
            end,
        });
        self.at = end;
    }

    /// The end of what begins here and goes on while `is_in`.
    fn end_while(&self, is_in: impl Fn(char) -> bool) -> usize {
        let rest = self.rest();
        self.at + rest.find(|letter| !is_in(letter)).unwrap_or(rest.len())
    }

    fn next(&mut self, letter: char) -> Result<(), Broken> {
        let rest = self.rest();
        match letter {
            '\n' if self.depth == 0 => self.push(Kind::NewLine, self.at + 1),
            '#' => self.at = self.end_while(|letter| letter != '\n'),
            '\\' if rest.starts_with("\\\n") => self.at += 2,
            '\\' if rest.starts_with("\\\r\n") => self.at += 3,
            letter if letter.is_whitespace() => self.at += letter.len_utf8(),
            '"' | '\'' => self.string(self.at, "")?,
            letter if letter.is_alphabetic() || letter == '_' => {
                let end = self.end_while(|letter| letter.is_alphanumeric() || letter == '_');
                let name = &self.text[self.at..end];
                let is_prefix = name.len() <= 2 && name.chars().all(|one| "rRbBfFuU".contains(one));
                if is_prefix && self.text[end..].starts_with(['"', '\'']) {
                    return self.string(end, name);
                }
                self.push(Kind::Name(name), end);
            }
            letter
                if letter.is_ascii_digit()
                    || letter == '.' && rest[1..].starts_with(|one: char| one.is_ascii_digit()) =>
            {
                let mut end =
                    self.end_while(|one| one.is_ascii_alphanumeric() || one == '.' || one == '_');
                let digits = &self.text[self.at..end];
                let is_hex = digits.starts_with("0x") || digits.starts_with("0X");
                if digits.ends_with(['e', 'E'])
                    && !is_hex
                    && self.text[end..].starts_with(['+', '-'])
                {
                    let sign = end + 1;
                    let more = self.text[sign..].find(|one: char| !one.is_ascii_digit());
                    end = sign + more.unwrap_or(self.text.len() - sign);
                }
                self.push(Kind::Number(&self.text[self.at..end]), end);
            }
            _ => self.operator(letter),
        }
        Ok(())
    }

    fn operator(&mut self, letter: char) {
        let rest = self.rest();
        let long = LONG.iter().find(|op| rest.starts_with(**op));
        let length = long.map_or(letter.len_utf8(), |op| op.len());
        match letter {
            '(' | '[' | '{' => self.depth += 1,
            ')' | ']' | '}' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.push(Kind::Op(&rest[..length]), self.at + length);
    }

    /// A text whose quote is at `open`, behind `prefix`.
    fn string(&mut self, open: usize, prefix: &str) -> Result<(), Broken> {
        let broken = |problem| Broken { at: open, problem };
        let has = |letter: char| prefix.contains([letter, letter.to_ascii_uppercase()]);
        let quote = &self.text[open..=open];
        let triple = quote.repeat(3);
        let is_triple = self.text[open..].starts_with(&triple);
        let closing = if is_triple { triple.as_str() } else { quote };
        let begin = open + closing.len();
        let mut at = begin;
        loop {
            let rest = &self.text[at..];
            let Some(letter) = rest.chars().next() else {
                return Err(broken("this text has no end"));
            };
            if rest.starts_with(closing) {
                break;
            }
            if letter == '\n' && !is_triple {
                return Err(broken("this text does not end on its line"));
            }
            at += letter.len_utf8();
            if letter == '\\' {
                at += self.text[at..].chars().next().map_or(0, char::len_utf8);
            }
        }
        let inner = &self.text[begin..at];
        let value = if has('r') {
            inner.to_owned()
        } else {
            unescaped(inner)
        };
        let kind = if has('b') {
            Kind::Bytes
        } else if has('f') {
            Kind::Format(value)
        } else {
            Kind::Text(value)
        };
        self.push(kind, at + closing.len());
        Ok(())
    }
}

/// `text` with its escapes replaced; those that are none stay as they are, as in Python.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let Some(letter) = behind.chars().next() else {
            out.push('\\');
            return out;
        };
        let code = |digits: usize| {
            let digits = behind.get(1..=digits)?;
            char::from_u32(u32::from_str_radix(digits, 16).ok()?)
        };
        let (replaced, used) = match letter {
            'n' => (Some('\n'), 1),
            't' => (Some('\t'), 1),
            'r' => (Some('\r'), 1),
            '0' => (Some('\0'), 1),
            '\\' | '\'' | '"' => (Some(letter), 1),
            'x' => (code(2), 3),
            'u' => (code(4), 5),
            'U' => (code(8), 9),
            _ => (None, 0),
        };
        if letter == '\n' {
            rest = &behind[1..];
        } else if let Some(replaced) = replaced {
            out.push(replaced);
            rest = &behind[used..];
        } else {
            out.push('\\');
            rest = behind;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind<'_>> {
        let tokens = tokens(text).unwrap();
        tokens.into_iter().map(|token| token.kind).collect()
    }

    fn text(value: &str) -> Kind<'_> {
        Kind::Text(value.to_owned())
    }

    #[test]
    fn texts_are_read_in_all_their_spellings() {
        for (source, expected) in [
            (r#""a\n\x41\u00e9\"""#, "a\nA\u{e9}\""),
            ("'''a\n\"b'''", "a\n\"b"),
            (r"r'a\n'", r"a\n"),
            ("'a\\\nb'", "ab"),
            (r"'\d'", r"\d"),
            ("''", ""),
        ] {
            assert_eq!(kinds(source)[0], text(expected), "{source}");
        }
        assert_eq!(kinds("f'{x}'")[0], Kind::Format("{x}".to_owned()));
        assert_eq!(kinds("rb'x'")[0], Kind::Bytes);
    }

    #[test]
    fn statements_end_with_their_line_outside_of_brackets_only() {
        let ends = |source: &str| {
            let kinds = kinds(source);
            kinds.iter().filter(|kind| **kind == Kind::NewLine).count()
        };
        assert_eq!(ends("a\nb # c\n"), 3);
        assert_eq!(ends("a = [\n1,\n2]\n"), 2);
        assert_eq!(ends("a = 1 + \\\n 2"), 1);
    }

    #[test]
    fn numbers_and_operators_are_whole() {
        assert_eq!(
            kinds("1_000 0x1F 1e-5 .5 -> **")[..6],
            [
                Kind::Number("1_000"),
                Kind::Number("0x1F"),
                Kind::Number("1e-5"),
                Kind::Number(".5"),
                Kind::Op("->"),
                Kind::Op("**"),
            ]
        );
    }

    #[test]
    fn an_open_text_is_an_error_with_its_place() {
        let error = tokens("a = 1\nb = 'x\n").unwrap_err();
        assert_eq!(error.at, 10);
        assert!(tokens("'''x").is_err());
        assert!(tokens("'x\\").is_err());
    }
}
