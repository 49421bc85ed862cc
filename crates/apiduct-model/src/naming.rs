use crate::TableName;
use crate::hint::Hint;

/// The default naming convention: lower-case words joined by `_`, levels joined by `__`.
///
/// For ASCII names it gives what the reference's `snake_case` gives. Letters and digits of other scripts are
/// kept in lower case instead of being dropped.
///
/// ```
/// use apiduct_model::SnakeCase;
///
/// assert_eq!(SnakeCase::path("getHTTPResponseCode"), "get_http_response_code");
/// assert_eq!(SnakeCase::path("user__ID"), "user__id");
/// assert_eq!(SnakeCase::path("名前"), "名前");
/// assert_eq!(SnakeCase::path(""), "_empty");
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct SnakeCase;

impl SnakeCase {
    /// Separates the levels of a flattened name.
    pub const SEPARATOR: &'static str = "__";

    /// Normalizes a key or table name, in which `__` separates levels. Blank keys become `_empty`.
    pub fn path(raw: &str) -> String {
        let trimmed = raw.trim();
        if trimmed.is_empty() {
            return "_empty".to_owned();
        }
        let parts: Vec<String> = trimmed
            .split(Self::SEPARATOR)
            .filter(|part| !part.is_empty())
            .map(Self::identifier)
            .collect();
        if parts.is_empty() {
            Self::identifier(trimmed)
        } else {
            parts.join(Self::SEPARATOR)
        }
    }

    /// Normalizes one identifier without regard to levels.
    pub fn identifier(raw: &str) -> String {
        let words = split_words(&replace_symbols(raw.trim()));
        let lower = words.to_lowercase();
        let body = lower.trim_end_matches('_');
        let tail = "x".repeat(lower.len() - body.len());
        let lead = if body.starts_with(|first: char| first.is_ascii_digit()) {
            "_"
        } else {
            ""
        };
        collapse_underscores(&format!("{lead}{body}{tail}"))
    }

    /// Joins a normalized parent path and a normalized name.
    pub fn join(parent: &str, name: &str) -> String {
        format!("{parent}{}{name}", Self::SEPARATOR)
    }
}

fn replace_symbols(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut in_run = false;
    for symbol in raw.chars() {
        let kept = match symbol {
            '+' | '*' => Some('x'),
            '-' | '_' => Some('_'),
            '@' => Some('a'),
            '|' => Some('l'),
            other => other.is_alphanumeric().then_some(other),
        };
        match kept {
            Some(letter) => out.push(letter),
            None if !in_run => out.push('_'),
            None => {}
        }
        in_run = kept.is_none();
    }
    out
}

fn split_words(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len() + 4);
    for (at, &letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| letters[at]);
        let after = letters.get(at + 1);
        let starts_word = after.is_some_and(char::is_ascii_lowercase) && before != Some('_');
        let ends_word = before.is_some_and(|one| one.is_ascii_lowercase() || one.is_ascii_digit());
        if letter.is_ascii_uppercase() && before.is_some() && (starts_word || ends_word) {
            out.push('_');
        }
        out.push(letter);
    }
    out
}

fn collapse_underscores(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter != '_' || !out.ends_with('_') {
            out.push(letter);
        }
    }
    out
}

/// Two keys of the source that normalize to the same name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("keys `{first}` and `{second}` both become column `{name}` of table `{table}`")]
pub struct NameCollision {
    /// The table in which both would live.
    pub table: TableName,
    /// The name that both normalize to.
    pub name: String,
    /// The path of the key that was met first, as the source writes it.
    pub first: String,
    /// The path of the key that was met second.
    pub second: String,
}

impl Hint for NameCollision {
    fn hint(&self) -> Option<String> {
        Some(format!(
            "rename or drop one of the two keys, for instance with a `map` step that deletes `{}`",
            self.second
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors of the reference; those with letters outside ASCII differ on purpose and stand below.
    const PATHS: &[(&str, &str)] = &[
        ("CamelCase", "camel_case"),
        ("HTTPServer", "http_server"),
        ("getHTTPResponseCode", "get_http_response_code"),
        ("userID", "user_id"),
        ("UserIDs", "user_i_ds"),
        ("A1B2", "a1_b2"),
        ("1st", "_1st"),
        ("123", "_123"),
        ("#1", "_1"),
        ("$value", "_value"),
        ("@odata.nextLink", "aodata_next_link"),
        ("a b", "a_b"),
        ("a-b", "a_b"),
        ("a+b", "axb"),
        ("a|b", "alb"),
        ("_a", "_a"),
        ("a_", "ax"),
        ("_", "x"),
        ("%", "x"),
        ("value%", "valuex"),
        ("(x)", "_xx"),
        ("x)", "xx"),
        ("Price ($)", "pricex"),
        ("SCREAMING_CASE", "screaming_case"),
        ("mixedCASE_With", "mixed_case_with"),
        ("iPhone", "i_phone"),
        ("eTag", "e_tag"),
        ("v1Beta2", "v1_beta2"),
        ("X-Forwarded-For", "x_forwarded_for"),
        ("OAuth2Token", "o_auth2_token"),
        ("IDs", "i_ds"),
        ("URL2", "url2"),
        ("2ndID", "_2nd_id"),
        ("foo/bar:baz", "foo_bar_baz"),
        ("--a--", "_axx"),
        ("a__b", "a__b"),
        ("__typename", "typename"),
        ("a__", "a"),
        ("a___b", "a___b"),
        ("x__y__", "x__y"),
        ("🙂", "x"),
        ("  ", "_empty"),
    ];

    const IDENTIFIERS: &[(&str, &str)] = &[
        ("a__", "axx"),
        ("__a", "_a"),
        ("a___b", "a_b"),
        ("x__y__", "x_yxx"),
        ("a b", "a_b"),
    ];

    const KEPT_LETTERS: &[(&str, &str)] = &[
        ("naïveTest", "naïve_test"),
        ("é", "é"),
        ("日本", "日本"),
        ("日本x", "日本x"),
        ("Ünï", "ünï"),
    ];

    #[test]
    fn paths_match_the_vectors_of_the_reference() {
        for (raw, expected) in PATHS {
            assert_eq!(SnakeCase::path(raw), *expected, "for {raw:?}");
        }
    }

    #[test]
    fn identifiers_match_the_vectors_of_the_reference() {
        for (raw, expected) in IDENTIFIERS {
            assert_eq!(SnakeCase::identifier(raw), *expected, "for {raw:?}");
        }
    }

    #[test]
    fn letters_of_every_script_are_kept() {
        for (raw, expected) in KEPT_LETTERS {
            assert_eq!(SnakeCase::path(raw), *expected, "for {raw:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn normalizing_twice_changes_nothing_for_words(raw in "[A-Za-z][A-Za-z0-9 .-]{0,20}[a-z0-9]") {
            let once = SnakeCase::path(&raw);
            proptest::prop_assert_eq!(SnakeCase::path(&once), once);
        }

        #[test]
        fn a_name_is_never_empty_and_never_starts_with_a_digit(raw in "\\PC{0,24}") {
            let name = SnakeCase::path(&raw);
            proptest::prop_assert!(!name.is_empty());
            proptest::prop_assert!(!name.starts_with(|c: char| c.is_ascii_digit()), "{name}");
        }
    }
}
