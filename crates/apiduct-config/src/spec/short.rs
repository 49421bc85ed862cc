//! Short forms with values: `bearer:TOKEN`, `basic:USER:PASSWORD`, `api_key:NAME:KEY`, `duckdb:FILE`.

use super::check::unknown_type;
use super::keys::AUTH;
use super::table::Tagged;
use crate::error::ConfigErrorKind;
use crate::template::{Mode, Template};

/// A short form, taken apart: the type's name and the values in the order of [`value_names`].
pub(crate) struct Short<'t> {
    pub(crate) variant: &'static str,
    pub(crate) values: Vec<(&'static str, &'t str)>,
}

/// Takes `text` apart.
pub(crate) fn split<'t>(
    tagged: &'static Tagged,
    text: &'t str,
) -> Result<Short<'t>, ConfigErrorKind> {
    let (name, rest) = match split_colon(text) {
        (name, Some(rest)) => (name.trim(), rest),
        (name, None) => (name.trim(), ""),
    };
    let Some(variant) = tagged.variant(name) else {
        return Err(unknown_type(tagged, shown(name)));
    };
    let values = match variant.name {
        "bearer" => vec![("token", rest)],
        "http_basic" => match split_colon(rest) {
            (user, Some(password)) => vec![("username", user), ("password", password)],
            (user, None) => vec![("username", user), ("password", "")],
        },
        "api_key" => api_key(rest),
        other if tagged.name == AUTH.name => {
            return Err(ConfigErrorKind::Conflict {
                reason: format!("{} has no short form", variant.object.what),
                hint: Some(format!("write `{{type: {other}, ...}}`")),
            });
        }
        _ => vec![("path", rest)],
    };
    if let Some((missing, _)) = values.iter().find(|(_, value)| value.trim().is_empty()) {
        return Err(ConfigErrorKind::Conflict {
            reason: format!("{} needs `{missing}`", variant.object.what),
            hint: Some(format!("write `{}`", usage(variant.name))),
        });
    }
    Ok(Short {
        variant: variant.name,
        values,
    })
}

/// `KEY`, `NAME:KEY` or `LOCATION:NAME:KEY`.
fn api_key(rest: &str) -> Vec<(&'static str, &str)> {
    let (first, Some(after)) = split_colon(rest) else {
        return vec![("api_key", rest)];
    };
    let is_location = matches!(first, "header" | "query" | "param" | "cookie" | "body");
    match split_colon(after) {
        (name, Some(key)) if is_location => {
            vec![("location", first), ("name", name), ("api_key", key)]
        }
        _ => vec![("name", first), ("api_key", after)],
    }
}

/// What is wrong with the short form `text`.
pub(crate) fn problems(tagged: &'static Tagged, text: &str) -> Vec<ConfigErrorKind> {
    if is_reference(text) && tagged.name == "destination" {
        return Template::parse(text, Mode::References)
            .err()
            .unwrap_or_default();
    }
    match split(tagged, text) {
        Ok(short) => short
            .values
            .iter()
            .filter_map(|(_, value)| Template::parse(value, Mode::References).err())
            .flatten()
            .collect(),
        Err(problem) => vec![problem],
    }
}

/// Whether the whole short form comes from outside the file.
pub(crate) fn is_reference(text: &str) -> bool {
    text.trim_start().starts_with("${")
}

fn usage(variant: &str) -> &'static str {
    match variant {
        "bearer" => "bearer:${env:NAME}",
        "http_basic" => "basic:USER:${env:NAME}",
        "api_key" => "api_key:HEADER:${env:NAME}",
        "duckdb" => "duckdb:FILE",
        "parquet" => "parquet:FOLDER",
        _ => "jsonl:FOLDER",
    }
}

/// Splits at the first colon outside references.
fn split_colon(text: &str) -> (&str, Option<&str>) {
    let mut depth = 0;
    let mut before = ' ';
    for (at, letter) in text.char_indices() {
        match letter {
            '{' if before == '$' => depth = 1,
            '}' => depth = 0,
            ':' if depth == 0 => return (&text[..at], Some(&text[at + 1..])),
            _ => {}
        }
        before = letter;
    }
    (text, None)
}

/// A name that is not a type may be a credential without its type in front: only a plain word is shown.
fn shown(name: &str) -> &str {
    let is_word = name.len() <= 24
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit());
    if is_word { name } else { apiduct_model::MASK }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::keys::DESTINATION;

    fn values(text: &str) -> Vec<(&'static str, &str)> {
        split(&AUTH, text)
            .map(|short| short.values)
            .unwrap_or_default()
    }

    #[test]
    fn references_keep_their_colons() {
        assert_eq!(values("bearer:${env:T}"), [("token", "${env:T}")]);
        assert_eq!(
            values("basic:${env:U}:pass:word"),
            [("username", "${env:U}"), ("password", "pass:word")]
        );
    }

    #[test]
    fn an_api_key_may_say_its_place() {
        assert_eq!(values("api_key:k"), [("api_key", "k")]);
        assert_eq!(
            values("api_key:X-Key:k"),
            [("name", "X-Key"), ("api_key", "k")]
        );
        assert_eq!(
            values("api_key:query:key:k:k"),
            [("location", "query"), ("name", "key"), ("api_key", "k:k")]
        );
    }

    #[test]
    fn a_token_without_its_type_is_not_repeated() {
        let problem = problems(&AUTH, "sk-LIVE-0123456789").remove(0);
        assert_eq!(problem.to_string(), "unknown auth `***`");
    }

    #[test]
    fn a_destination_may_come_from_outside_as_a_whole() {
        assert!(problems(&DESTINATION, "${env:DESTINATION}").is_empty());
        assert!(!problems(&DESTINATION, "duckdb").is_empty());
    }
}
