use std::fmt;

use serde::{Deserialize, Serialize};

/// A single JSON value that is neither a list nor an object. Numbers keep their text, so they are exact.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scalar {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it was written.
    Number(Box<str>),
    /// A text, unescaped.
    Text(Box<str>),
}

impl Scalar {
    /// The text of the value as it goes into a URL: numbers and booleans in JSON spelling, no quotes.
    /// `None` for null.
    pub fn to_text(&self) -> Option<&str> {
        match self {
            Self::Null => None,
            Self::Bool(true) => Some("true"),
            Self::Bool(false) => Some("false"),
            Self::Number(text) | Self::Text(text) => Some(text),
        }
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value as JSON text, quoted and escaped where it must be.
    pub fn to_json(&self) -> String {
        match self {
            Self::Text(text) => serde_json::Value::from(&**text).to_string(),
            other => other.to_text().unwrap_or("null").to_owned(),
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_text().unwrap_or("null"))
    }
}

impl From<&str> for Scalar {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<i64> for Scalar {
    fn from(number: i64) -> Self {
        Self::Number(number.to_string().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_text_is_quoted_and_escaped() {
        assert_eq!(Scalar::from("a\"b").to_json(), r#""a\"b""#);
        assert_eq!(Scalar::Number("1.50".into()).to_json(), "1.50");
        assert_eq!(Scalar::Null.to_json(), "null");
    }

    #[test]
    fn url_text_of_null_is_absent() {
        assert_eq!(Scalar::Null.to_text(), None);
        assert_eq!(Scalar::Bool(true).to_text(), Some("true"));
    }
}
