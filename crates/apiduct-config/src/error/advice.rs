//! What to do about mistakes that the checks meet in many places.

/// How a value of the right shape is written; `expected` is what the message says.
pub(super) fn shape(expected: &str, found: &str) -> String {
    let text = match expected {
        "a list" => "write `[ONE, ANOTHER]`; one entry is `[ONE]`",
        "a mapping" => "write `{KEY: VALUE}`",
        "a text" if matches!(found, "a number" | "a boolean" | "null") => {
            "put it into quotes, if that is what is meant"
        }
        "a text" => "write one text in its place",
        "a JSONPath" => "write a text such as `data.items`",
        "`true` or `false`" => "write one of the two, without quotes",
        "a whole number" => "write digits without quotes, such as `100`",
        "a jq program" => "write a text such as `.state == \"open\"`",
        "the path of a field" => "write a text such as `email` or `user.email`",
        "a pair such as `[name, value]`" => {
            "write names and values side by side: `[[NAME, VALUE]]`"
        }
        "a list of fields, or a mapping of paths and names" => {
            "write `[id]`, or `{user.login: author}`"
        }
        "a whole number or a date" => "write `1` or `2024-01-31`",
        _ if expected.contains(" such as ") => "write it as the example shows",
        _ if expected.contains("or a mapping") => "write a text, or `{KEY: VALUE}`",
        _ => return format!("replace it by {expected}"),
    };
    text.to_owned()
}

/// The mistake in a path has no cure of its own.
pub(super) const PATH: &str = "a path is like `data.items`, `items[*].id` or `['odd.key']`";

/// The mistake in a program has no cure of its own.
pub(super) const PROGRAM: &str =
    "a program is jq, such as `.state == \"open\"` or `{id, author: .user.login}`";

/// What is not known and has no substitute.
pub(super) const REMOVE: &str = "remove it";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_has_a_way_to_be_written() {
        assert_eq!(
            shape("a list", "a text"),
            "write `[ONE, ANOTHER]`; one entry is `[ONE]`"
        );
        assert!(shape("a text", "a number").contains("quotes"));
        assert!(!shape("a text", "a list").contains("quotes"));
        assert_eq!(shape("a thing", "null"), "replace it by a thing");
    }
}
