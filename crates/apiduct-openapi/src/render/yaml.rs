//! Scalars and flow mappings of YAML.

use serde_json::Value;

/// A text as a scalar, quoted where YAML could misread it.
pub(crate) fn text(text: &str) -> String {
    let is_plain = text.starts_with(|one: char| one.is_ascii_alphabetic() || one == '_')
        && text
            .chars()
            .all(|one| one.is_ascii_alphanumeric() || matches!(one, '_' | '-' | '.' | '/'))
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
        );
    if is_plain {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

/// A value on one line.
pub(crate) fn value(value: &Value) -> String {
    match value {
        Value::String(one) => text(one),
        other => other.to_string(),
    }
}

/// A mapping on one line.
pub(crate) fn flow(entries: &[(String, String)]) -> String {
    let all: Vec<String> = entries
        .iter()
        .map(|(key, value)| format!("{}: {value}", text(key)))
        .collect();
    format!("{{{}}}", all.join(", "))
}

/// A text for a comment: one line.
pub(crate) fn comment(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_yaml_misreads_is_quoted() {
        for (given, written) in [
            ("a.b", "a.b"),
            ("no", "\"no\""),
            ("a: b", "\"a: b\""),
            ("1", "\"1\""),
            ("", "\"\""),
        ] {
            assert_eq!(text(given), written);
        }
    }
}
