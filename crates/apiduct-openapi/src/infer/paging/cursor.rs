//! A value of the answer that is sent back: a parameter and a field that go together.

use super::roles::{CURSOR, NOT_A_CURSOR, OFFSET, PAGE, is_secret, is_time, is_worded_as_cursor};
use super::{Convention, Field, Roles};
use crate::api::{Endpoint, Param};
use crate::findings::{Finding, Pages};
use crate::infer::selector::written;
use crate::infer::size;
use crate::words::{flat, words};

pub(super) fn cursor<'d>(
    endpoint: &Endpoint<'d>,
    roles: &Roles<'_, 'd>,
    fields: &[Field<'d>],
    convention: &Convention,
) -> Option<Finding<Pages>> {
    let mut best: Option<(f64, &Param<'d>, &Field<'d>)> = None;
    for param in endpoint.queries().filter(|param| !size::is_limit(param)) {
        for field in fields {
            let score = pair(param, field, roles);
            if score > best.map_or(0.0, |one| one.0) {
                best = Some((score, param, field));
            }
        }
    }
    if let Some((score, param, field)) = best {
        let path = written(&field.path);
        let why = format!("`{path}` of the answer goes into `{}`", param.name);
        let pages = Pages::Cursor {
            param: param.name.to_owned(),
            path,
        };
        return Some(Finding::new(pages, score, why));
    }
    for param in &roles.cursors {
        if let Some(path) = convention.cursor_of(param.name) {
            let pages = Pages::Cursor {
                param: param.name.to_owned(),
                path: path.to_owned(),
            };
            let why = format!("other lists take `{}` from `{path}`", param.name);
            return Some(Finding::new(pages, 0.75, why));
        }
    }
    let param = roles
        .cursors
        .iter()
        .find(|param| is_worded_as_cursor(param))?;
    let path = from_prose(param, &convention.prose)?;
    let why = format!("texts of the description name `{path}`");
    let pages = Pages::Cursor {
        param: param.name.to_owned(),
        path,
    };
    Some(Finding::new(pages, 0.6, why))
}

/// How well a parameter and a field of the answer go together; 0 for not at all.
fn pair(param: &Param<'_>, field: &Field<'_>, roles: &Roles<'_, '_>) -> f64 {
    if param.shape.is("boolean") || field.shape.is("boolean") || is_secret(param) {
        return 0.0;
    }
    let name = &param.flat;
    if NOT_A_CURSOR.contains(&name.as_str()) && field.parent != "cursors" && name != "before" {
        return 0.0;
    }
    let own = flat(&field.norm);
    let in_vocabulary = CURSOR.contains(&name.as_str()) || is_worded_as_cursor(param);
    let counts = param.shape.is_integer()
        && (PAGE.contains(&name.as_str()) || OFFSET.contains(&name.as_str()))
        && !is_worded_as_cursor(param);
    let below_next = words(&field.parent).iter().any(|word| word == "next");
    let last_word = words(param.name).pop().unwrap_or_default();
    if own == *name && below_next {
        return if counts { 0.6 } else { 0.92 };
    }
    if counts {
        return 0.0;
    }
    if own == format!("next{name}")
        || own == format!("{name}next")
        || own == format!("next{last_word}") && in_vocabulary
    {
        return if in_vocabulary { 0.92 } else { 0.85 };
    }
    if own == *name
        && in_vocabulary
        && (field.parent == "cursors" || !PAGE.contains(&name.as_str()))
    {
        return 0.9;
    }
    let is_next_value = matches!(
        own.as_str(),
        "next"
            | "nexttoken"
            | "nextcursor"
            | "continuationtoken"
            | "continuation"
            | "nextpagetoken"
            | "endcursor"
            | "cursor"
            | "nextmarker"
            | "marker"
            | "scrollid"
            | "nextkey"
            | "nextpage"
            | "nextid"
            | "lastevaluatedkey"
            | "nextoffset"
            | "nextpagecursor"
    );
    if is_next_value && in_vocabulary {
        return 0.86;
    }
    // A value for the next page that is no text: the bound that the newest-first list is asked with.
    let is_bound = own == "next"
        && !field.shape.is("string")
        && roles.page.is_none()
        && roles.offset.is_none();
    let speaks_alike = is_time(param) && field.shape.is_integer();
    if is_bound && speaks_alike {
        return match name.as_str() {
            "until" | "before" => 0.75,
            "to" => 0.72,
            "from" | "after" => 0.7,
            _ => 0.0,
        };
    }
    0.0
}

/// A path that prose names: the `next_page` with an `offset`.
fn from_prose(param: &Param<'_>, prose: &[String]) -> Option<String> {
    for text in std::iter::once(&param.wording).chain(prose) {
        let parts: Vec<&str> = text.split('`').collect();
        // Odd parts stand between backticks.
        for at in (1..parts.len()).step_by(2) {
            let is_next = words(parts[at]).iter().any(|word| word == "next");
            let follower = parts.get(at + 2).copied().unwrap_or_default();
            let between = parts.get(at + 1).copied().unwrap_or_default();
            if is_next && between.len() < 40 && follower == param.name {
                return Some(format!("{}.{follower}", parts[at]));
            }
        }
    }
    None
}
