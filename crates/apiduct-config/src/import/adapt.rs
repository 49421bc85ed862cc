//! Where a value means something else here, it is written so that it means what it meant there.

use super::ImportNote;
use super::out::Out;
use crate::locate::Mark;

/// Keys whose value is a paginator.
const PAGINATOR: &str = "paginator";

/// Makes `members`, at any depth, mean here what they meant in the reference.
pub(super) fn adapt(members: &mut [(String, Out)], notes: &mut Vec<ImportNote>) {
    for (key, value) in members {
        if key == PAGINATOR {
            paginator(value, notes);
        }
        within(value, notes);
    }
}

fn within(value: &mut Out, notes: &mut Vec<ImportNote>) {
    match value {
        Out::Map(members) => adapt(members, notes),
        Out::List(items) => items.iter_mut().for_each(|item| within(item, notes)),
        _ => {}
    }
}

fn paginator(value: &mut Out, notes: &mut Vec<ImportNote>) {
    if let Some(name @ ("page_number" | "cursor")) = value.as_text() {
        *value = Out::Map(vec![("type".to_owned(), Out::text(name))]);
    }
    let Out::Map(members) = value else {
        return;
    };
    let kind = member(members, "type").and_then(Out::as_text);
    match kind {
        Some("page_number") => page_number(members, notes),
        Some("cursor") => {
            let places = ["cursor_param", "cursor_body_path"];
            if !places.iter().any(|key| member(members, key).is_some()) {
                members.push(("cursor_param".to_owned(), Out::text("cursor")));
            }
        }
        _ => {}
    }
}

/// The reference counts from 0 unless told otherwise, and its maximum is the first page that is not fetched.
fn page_number(members: &mut Vec<(String, Out)>, notes: &mut Vec<ImportNote>) {
    let is_first_known = ["page", "initial_page"]
        .iter()
        .any(|key| member(members, key).is_some());
    if !is_first_known {
        let base = member(members, "base_page").cloned();
        let first = base.unwrap_or_else(|| Out::Number("0".to_owned()));
        members.push(("initial_page".to_owned(), first));
    }
    let maximum = members.iter_mut().find(|(key, _)| key == "maximum_page");
    if let Some((_, Out::Number(digits))) = maximum
        && let Ok(bound @ 1..) = digits.parse::<u64>()
    {
        *digits = (bound - 1).to_string();
        notes.push(ImportNote {
            mark: Mark::START,
            message: format!(
                "`maximum_page: {bound}` was the first page that is not fetched; it is written as the last that is"
            ),
        });
    }
}

fn member<'m>(members: &'m [(String, Out)], key: &str) -> Option<&'m Out> {
    members
        .iter()
        .find(|(name, _)| name == key)
        .map(|(_, value)| value)
}
