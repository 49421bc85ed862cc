//! Fields that come from the parent, and what is known about columns beforehand.

use apiduct_json::Selector;
use apiduct_model::SnakeCase;

use super::{ColumnHint, ParentColumn};
use crate::error::{ConfigErrorKind, Problems};
use crate::spec::{ColumnSpec, IncludeSpec, Located, Written};
use crate::template::Tap;

/// The columns that a child of `parents` gets for the fields in `include`.
pub(super) fn from_parent(
    include: &[IncludeSpec],
    parents: &[&str],
    problems: &mut Problems,
) -> Vec<ParentColumn> {
    let mut columns: Vec<ParentColumn> = Vec::new();
    for one in include {
        let Some((parent, field, selector)) = source(one, parents, problems) else {
            continue;
        };
        let key = match &one.alias {
            Some(alias) => alias.clone(),
            None => format!("_{parent}_{field}"),
        };
        let name = SnakeCase::path(&key);
        let taken = columns.iter().find(|one| SnakeCase::path(&one.key) == name);
        if let Some(taken) = taken {
            let kind = ConfigErrorKind::Conflict {
                reason: format!(
                    "fields `{}` and `{field}` of the parent both become column `{name}`",
                    taken.tap.field
                ),
                hint: Some("keep one of them, or give one another name".to_owned()),
            };
            problems.push(&one.field.path, one.field.mark, kind);
            continue;
        }
        columns.push(ParentColumn {
            tap: Tap {
                parent: parent.into(),
                field: field.into(),
                selector,
            },
            key,
        });
    }
    columns
}

/// The field of one of several parents that `field` names: `PARENT.PATH`.
pub(super) fn tap_of(
    field: &Located<String>,
    parents: &[&str],
    problems: &mut Problems,
) -> Option<Tap> {
    let written = IncludeSpec {
        field: field.clone(),
        selector: Selector::root(),
        alias: Some(field.value.clone()),
    };
    let (parent, field, selector) = source(&written, parents, problems)?;
    Some(Tap {
        parent: parent.into(),
        field: field.into(),
        selector,
    })
}

/// The parent and the field in its row. With several parents, the first step of the path is the parent.
fn source<'s>(
    one: &'s IncludeSpec,
    parents: &[&'s str],
    problems: &mut Problems,
) -> Option<(&'s str, &'s str, Selector)> {
    let written = one.field.value.as_str();
    if let [parent] = parents {
        return Some((parent, written, one.selector.clone()));
    }
    let (parent, field) = written.split_once('.').unwrap_or((written, ""));
    let selector = match &one.alias {
        None => Ok(Selector::from_keys(&[field])),
        Some(_) => Selector::parse(field),
    };
    match selector {
        Ok(selector) if parents.contains(&parent) && !field.is_empty() => {
            Some((parent, field, selector))
        }
        _ => {
            let kind = ConfigErrorKind::Conflict {
                reason: format!("`{written}` does not say which of several parents it is from"),
                hint: Some(format!(
                    "write `{}.FIELD`",
                    parents.first().unwrap_or(&"PARENT")
                )),
            };
            problems.push(&one.field.path, one.field.mark, kind);
            None
        }
    }
}

pub(super) fn hints(columns: &Written<Vec<ColumnSpec>>) -> Vec<ColumnHint> {
    let columns = columns.value().map(Vec::as_slice).unwrap_or_default();
    columns
        .iter()
        .map(|column| ColumnHint {
            name: column.name.to_string(),
            data_type: column.data_type.value().copied(),
            nullable: column.nullable.value().copied().unwrap_or(true),
            primary_key: column.primary_key.value().copied().unwrap_or(false),
        })
        .collect()
}
