//! A field of the last record that is sent back.

use super::roles::{NOT_A_CURSOR, is_time};
use super::{Field, Roles, more_flag};
use crate::api::Endpoint;
use crate::findings::{Finding, Pages};
use crate::infer::selector::Found;
use crate::shape::Shapes;
use crate::words::{says_any, words};

const LAST_RECORD: &[&str] = &[
    "startingafter",
    "afterid",
    "lastid",
    "sinceid",
    "lastseenid",
    "startafter",
    "fromid",
    "lastkey",
    "idafter",
    "startafterid",
    "startingafterid",
];

pub(super) fn last_record<'d>(
    endpoint: &Endpoint<'d>,
    roles: &Roles<'_, 'd>,
    found: &Found<'d>,
    shapes: &Shapes<'d>,
    key: Option<&str>,
    fields: &[Field<'_>],
) -> Option<Finding<Pages>> {
    let item = found.item.as_ref()?;
    let has_more = more_flag(fields);
    for param in endpoint.queries() {
        let name = &param.flat;
        let by_wording = says_any(
            &param.wording,
            &[
                "id greater than",
                "object id that defines your place",
                "id of the last",
                "last id",
                "last seen id",
                "an id greater",
            ],
        );
        if NOT_A_CURSOR.contains(&name.as_str()) {
            continue;
        }
        let is_named = LAST_RECORD.contains(&name.as_str()) && !is_time(param);
        if !is_named && !by_wording {
            continue;
        }
        let field = key.or(item.properties.contains_key("id").then_some("id"))?;
        let pages = Pages::LastRecord {
            param: param.name.to_owned(),
            field: field.to_owned(),
            has_more,
        };
        let why = format!("`{}` takes the last record's `{field}`", param.name);
        return Some(Finding::new(pages, 0.85, why));
    }
    // An offset that is not counted but read off the last record: its wording names the field.
    let offset = roles.offset.filter(|_| roles.limit.is_none())?;
    if !says_any(
        &offset.wording,
        &["greater than", "after", "higher than", "specified"],
    ) {
        return None;
    }
    let (field, _) = item.properties.iter().find(|(name, property)| {
        words(name).len() > 1
            && shapes.of(property.node).is_integer()
            && says_any(
                &offset.wording,
                &[&name.to_lowercase(), &words(name).join(" ")],
            )
    })?;
    let pages = Pages::LastRecord {
        param: offset.name.to_owned(),
        field: (*field).to_owned(),
        has_more,
    };
    let why = format!("`{}` is said to be a `{field}`, not a count", offset.name);
    Some(Finding::new(pages, 0.8, why))
}
