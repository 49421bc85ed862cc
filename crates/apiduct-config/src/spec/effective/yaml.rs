//! The file as YAML, with comments.

use super::value::{Item, Shown};
use crate::import::scalar_text;

/// Columns that comments stand behind, where lines are shorter.
const COMMENTS: usize = 56;

/// One line: the text, and what is said about it.
struct Line {
    text: String,
    comment: String,
}

pub(super) fn of(members: &[(String, Item)]) -> String {
    let mut lines = Vec::new();
    map(&mut lines, members, 0, "");
    let mut text = String::new();
    for line in lines {
        text.push_str(&line.text);
        if !line.comment.is_empty() {
            let width = line.text.chars().count();
            text.extend(std::iter::repeat_n(
                ' ',
                COMMENTS.saturating_sub(width).max(2),
            ));
            text.push_str("# ");
            text.push_str(&line.comment);
        }
        text.push('\n');
    }
    text
}

/// Writes `members`; the first line begins with `begun`, such as the dash of a list.
fn map(lines: &mut Vec<Line>, members: &[(String, Item)], depth: usize, begun: &str) {
    let mut begun = Some(begun).filter(|begun| !begun.is_empty());
    // A line that is begun needs a value, so comments come behind the values.
    let (values, comments): (Vec<_>, Vec<_>) = members
        .iter()
        .partition(|(_, item)| !matches!(item.shown, Shown::Implied(_)));
    for (key, item) in values {
        let start = match begun.take() {
            Some(begun) => format!("{}{begun}", "  ".repeat(depth.saturating_sub(1))),
            None => "  ".repeat(depth),
        };
        below(lines, format!("{start}{}:", scalar_text(key)), item, depth);
    }
    for (key, item) in comments {
        if let Shown::Implied(words) = &item.shown {
            let start = "  ".repeat(depth);
            let text = format!("{start}# {}: {words}", scalar_text(key));
            push(lines, text, item);
        }
    }
}

fn push(lines: &mut Vec<Line>, text: String, item: &Item) {
    lines.push(Line {
        text,
        comment: item.origin.to_string(),
    });
}

/// Writes `item` behind `start`, which is a key.
fn below(lines: &mut Vec<Line>, start: String, item: &Item, depth: usize) {
    let open = |text| Line {
        text,
        comment: String::new(),
    };
    match &item.shown {
        Shown::Map(members) if has_values(members) => {
            lines.push(open(start));
            map(lines, members, depth + 1, "");
        }
        Shown::List(items) if !items.is_empty() => {
            lines.push(open(start));
            list(lines, items, depth + 1);
        }
        shown => push(lines, format!("{start} {}", scalar(shown)), item),
    }
}

fn list(lines: &mut Vec<Line>, items: &[Item], depth: usize) {
    for item in items {
        match &item.shown {
            Shown::Map(members) if has_values(members) => map(lines, members, depth + 1, "- "),
            Shown::List(inner) if !inner.is_empty() => {
                lines.push(Line {
                    text: format!("{}-", "  ".repeat(depth)),
                    comment: String::new(),
                });
                list(lines, inner, depth + 1);
            }
            shown => {
                let start = "  ".repeat(depth);
                push(lines, format!("{start}- {}", scalar(shown)), item);
            }
        }
    }
}

fn has_values(members: &[(String, Item)]) -> bool {
    members
        .iter()
        .any(|(_, item)| !matches!(item.shown, Shown::Implied(_)))
}

fn scalar(shown: &Shown) -> String {
    match shown {
        Shown::Bool(value) => value.to_string(),
        Shown::Number(digits) => digits.to_string(),
        Shown::Text(text) => scalar_text(text),
        Shown::List(_) => "[]".to_owned(),
        Shown::Map(_) => "{}".to_owned(),
        Shown::Null | Shown::Implied(_) => "null".to_owned(),
    }
}
