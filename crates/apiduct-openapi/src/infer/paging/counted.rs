//! Records or pages that are counted.

use super::roles::is_worded_as_cursor;
use super::{Field, Roles, more_flag};
use crate::findings::{Finding, Pages};
use crate::infer::selector::{Found, written};
use crate::infer::size;
use crate::words::flat;

pub(super) fn offset(
    roles: &Roles<'_, '_>,
    fields: &[Field<'_>],
    found: &Found<'_>,
) -> Option<Finding<Pages>> {
    let param = roles.offset?;
    if is_worded_as_cursor(param) {
        return None;
    }
    let total = size::total_of_records(
        fields
            .iter()
            .map(|field| (field.path.as_slice(), field.norm.as_str(), &*field.shape)),
        &found.path,
    );
    let confidence = if roles.limit.is_some() { 0.88 } else { 0.5 };
    let pages = Pages::Offset {
        param: param.name.to_owned(),
        limit_param: roles.limit.map(|limit| limit.name.to_owned()),
        total: total.map(|path| written(&path)),
    };
    let why = format!("`{}` counts records", param.name);
    Some(Finding::new(pages, confidence, why))
}

pub(super) fn page_number(roles: &Roles<'_, '_>, fields: &[Field<'_>]) -> Option<Finding<Pages>> {
    let param = roles.page?;
    let total = fields.iter().find(|field| {
        field.shape.is_integer()
            && matches!(
                flat(&field.norm).as_str(),
                "totalpages"
                    | "pagecount"
                    | "pages"
                    | "numpages"
                    | "lastpage"
                    | "totalpage"
                    | "pagestotal"
                    | "numberofpages"
                    | "pagescount"
                    | "totalpagecount"
                    | "maxpage"
                    | "nbpages"
            )
    });
    let pages = Pages::PageNumber {
        param: param.name.to_owned(),
        first: size::first_page(param),
        total: total.map(|field| written(&field.path)),
        has_more: more_flag(fields),
    };
    let why = format!("`{}` counts pages", param.name);
    Some(Finding::new(pages, 0.85, why))
}
