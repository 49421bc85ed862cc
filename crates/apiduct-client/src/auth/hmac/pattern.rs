//! What is signed, and what is sent, as texts with fields in braces.

use std::fmt;
use std::str::FromStr;

use apiduct_model::Hint;
use http::HeaderName;

/// A text with fields in braces, such as `{timestamp}{method}{target}{body}`; `{{` and `}}` stand for braces.
///
/// | field | what it stands for |
/// |---|---|
/// | `{method}` | the method in capitals |
/// | `{url}` | the whole URL as it is sent |
/// | `{host}` | the host, with its port unless that is the usual one |
/// | `{path}` | the path as it is sent |
/// | `{query}` | the query as it is sent, without `?` |
/// | `{sorted_query}` | the parts of the query, sorted |
/// | `{target}` | the path, and `?` with the query if there is one |
/// | `{body}` | the body |
/// | `{body_hash}`, `{body_hash_base64}` | the hash of the body, in hexadecimal digits or Base64 |
/// | `{timestamp}` | the time of the try |
/// | `{nonce}` | 32 hexadecimal digits that no other try has |
/// | `{key_id}` | the name of the key |
/// | `{header.NAME}` | the value of a header |
/// | `{signature}` | the signature; not in what is signed |
///
/// ```
/// use apiduct_client::auth::Pattern;
///
/// let pattern: Pattern = "HMAC {key_id}:{signature}".parse()?;
/// assert!(pattern.has_signature());
/// assert!("{metod}".parse::<Pattern>().is_err());
/// # Ok::<(), apiduct_client::auth::PatternError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    pub(super) parts: Vec<Part>,
}

/// A piece of a [`Pattern`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Literal(String),
    Field(Field),
}

/// What a field stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    Method,
    Url,
    Host,
    Path,
    Query,
    SortedQuery,
    Target,
    Body,
    BodyHash,
    BodyHashBase64,
    Timestamp,
    Nonce,
    KeyId,
    Signature,
    Header(HeaderName),
}

const FIELDS: [(&str, Field); 14] = [
    ("method", Field::Method),
    ("url", Field::Url),
    ("host", Field::Host),
    ("path", Field::Path),
    ("query", Field::Query),
    ("sorted_query", Field::SortedQuery),
    ("target", Field::Target),
    ("body", Field::Body),
    ("body_hash", Field::BodyHash),
    ("body_hash_base64", Field::BodyHashBase64),
    ("timestamp", Field::Timestamp),
    ("nonce", Field::Nonce),
    ("key_id", Field::KeyId),
    ("signature", Field::Signature),
];

/// Why a text is no [`Pattern`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// There is no such field.
    #[error("`{{{name}}}` is not a field of a signature")]
    UnknownField {
        /// The name in the braces.
        name: String,
    },
    /// A brace without its other half.
    #[error("a brace has no other half")]
    Unbalanced,
}

impl Hint for PatternError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::UnknownField { .. } => {
                let names = FIELDS.iter().map(|(name, _)| format!("`{{{name}}}`"));
                let names: Vec<String> = names.collect();
                format!("valid are {} and `{{header.NAME}}`", names.join(", "))
            }
            Self::Unbalanced => "write `{{` and `}}` for braces that mean themselves".to_owned(),
        })
    }
}

impl Pattern {
    /// Whether the signature is in it.
    pub fn has_signature(&self) -> bool {
        self.has(&Field::Signature)
    }

    /// Whether the name of the key is in it.
    pub fn has_key_id(&self) -> bool {
        self.has(&Field::KeyId)
    }

    fn has(&self, field: &Field) -> bool {
        let is_field = |part: &Part| matches!(part, Part::Field(own) if own == field);
        self.parts.iter().any(is_field)
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let (brace, after) = rest[at..].split_at(1);
            if let Some(after) = after.strip_prefix(brace) {
                literal.push_str(brace);
                rest = after;
                continue;
            }
            if brace == "}" {
                return Err(PatternError::Unbalanced);
            }
            let (name, after) = after.split_once('}').ok_or(PatternError::Unbalanced)?;
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
            }
            parts.push(Part::Field(field(name)?));
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Self { parts })
    }
}

fn field(name: &str) -> Result<Field, PatternError> {
    let unknown = || PatternError::UnknownField {
        name: name.to_owned(),
    };
    if let Some(header) = name.strip_prefix("header.") {
        return header.parse().map(Field::Header).map_err(|_| unknown());
    }
    let found = FIELDS.iter().find(|(own, _)| *own == name);
    found.map(|(_, field)| field.clone()).ok_or_else(unknown)
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Literal(text) => {
                    f.write_str(&text.replace('{', "{{").replace('}', "}}"))?;
                }
                Part::Field(Field::Header(name)) => write!(f, "{{header.{name}}}")?,
                Part::Field(field) => {
                    let found = FIELDS.iter().find(|(_, own)| own == field);
                    write!(f, "{{{}}}", found.map_or("", |(name, _)| *name))?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pattern_shows_as_it_was_written() {
        for text in [
            "",
            "{method}\n{target}",
            "a{{b}}{header.x-date}",
            "{signature}",
        ] {
            assert_eq!(text.parse::<Pattern>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn unknown_fields_and_lone_braces_are_refused_with_a_hint() {
        let error = "{time}".parse::<Pattern>().unwrap_err();
        assert_eq!(error.to_string(), "`{time}` is not a field of a signature");
        assert!(error.hint().unwrap().contains("`{timestamp}`"));
        for text in ["{", "}", "a{method", "{method}}"] {
            assert_eq!(
                text.parse::<Pattern>(),
                Err(PatternError::Unbalanced),
                "{text}"
            );
        }
        assert!("{header.a b}".parse::<Pattern>().is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[{}a-z.]{0,12}") {
            if let Ok(pattern) = text.parse::<Pattern>() {
                prop_assert_eq!(pattern.to_string().parse::<Pattern>(), Ok(pattern));
            }
        }
    }
}
