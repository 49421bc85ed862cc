//! Fields that come from the parent, and what is known about columns beforehand.

use apiduct_json::Selector;
use apiduct_model::SnakeCase;

use super::{ColumnHint, ParentColumn};
use crate::error::{ConfigErrorKind, Problems};
use crate::spec::{ColumnSpec, Located, Written};
use crate::template::Tap;

/// The columns that a child of `parent` gets for the fields in `include`.
pub(super) fn from_parent(
    include: &[Located<String>],
    parent: &str,
    problems: &mut Problems,
) -> Vec<ParentColumn> {
    let mut columns: Vec<ParentColumn> = Vec::new();
    for field in include {
        let key = format!("_{parent}_{}", field.value);
        let name = SnakeCase::path(&key);
        let taken = columns.iter().find(|one| SnakeCase::path(&one.key) == name);
        if let Some(taken) = taken {
            let kind = ConfigErrorKind::Conflict {
                reason: format!(
                    "fields `{}` and `{}` of the parent both become column `{name}`",
                    taken.tap.field, field.value
                ),
                hint: Some("keep one of them".to_owned()),
            };
            problems.push(&field.path, field.mark, kind);
            continue;
        }
        columns.push(ParentColumn {
            tap: Tap {
                parent: parent.into(),
                field: field.value.as_str().into(),
                selector: Selector::from_keys(&[&field.value]),
            },
            key,
        });
    }
    columns
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
