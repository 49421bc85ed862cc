//! How rows take the place of earlier rows with the same key.

use std::fmt;

use apiduct_model::{MergeStrategy, SnakeCase, SortOrder, WriteDisposition};

use super::{ResourcePlan, Warning};
use crate::error::{ConfigErrorKind, Problems};
use crate::spec::{ColumnSpec, DestinationKind, Located, ResourceSpec};

/// How the rows of a resource are merged. It matters to a resource with write disposition `merge` only.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MergePlan {
    /// How rows take the place of earlier ones.
    pub strategy: MergeStrategy,
    /// Fields that name a part of the table, as the API names them: earlier rows of a part that comes again go away.
    pub key: Vec<String>,
    /// The field that marks rows which are to be deleted.
    pub hard_delete: Option<String>,
    /// The field that decides between rows of one primary key, and which of its values wins.
    pub dedup_sort: Option<(String, SortOrder)>,
    /// Fields of the keys that no record may lack.
    pub required: Vec<String>,
    /// Where the file asks for a merge.
    site: Option<Located<()>>,
    /// There is no key, so that rows are appended.
    is_keyless: bool,
}

impl fmt::Display for MergePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.strategy)?;
        if !self.key.is_empty() {
            write!(f, ", merge key {}", self.key.join(", "))?;
        }
        if let Some(mark) = &self.hard_delete {
            write!(f, ", deletes by {mark}")?;
        }
        if let Some((field, order)) = &self.dedup_sort {
            let word = match order {
                SortOrder::Asc => "lowest",
                SortOrder::Desc => "highest",
            };
            write!(f, ", {word} {field} wins")?;
        }
        Ok(())
    }
}

/// Gives `plan` what its resource says about merging.
pub(super) fn compile(plan: &mut ResourcePlan, merged: &ResourceSpec, problems: &mut Problems) {
    if plan.write_disposition != WriteDisposition::Merge || merged.is_broken {
        return;
    }
    let columns = merged
        .columns
        .value()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let key: Vec<String> = match merged.merge_key.value() {
        Some(key) => key.iter().map(|field| field.value.clone()).collect(),
        None => columns
            .iter()
            .filter(|column| column.merge_key.value() == Some(&true))
            .map(|column| column.name.to_string())
            .collect(),
    };
    let strategy = merged.merge_strategy.value().copied().unwrap_or_default();
    if let Some(site) = merged.merge_strategy.located()
        && strategy != MergeStrategy::DeleteInsert
        && plan.primary_key.is_empty()
    {
        let kind = ConfigErrorKind::Conflict {
            reason: format!(
                "`{strategy}` goes by the primary key, and resource `{}` has none",
                plan.name
            ),
            hint: Some("add `primary_key`: the field or fields that identify a row".to_owned()),
        };
        problems.push(&site.path, site.mark, kind);
    }
    let is_keyless = plan.primary_key.is_empty() && key.is_empty();
    let fields = plan.primary_key.iter().chain(&key);
    let is_mark = |one: &ColumnSpec| {
        one.hard_delete
            .value()
            .copied()
            .unwrap_or(false)
            .then_some(())
    };
    let order = |one: &ColumnSpec| one.dedup_sort.value().copied();
    plan.merge = MergePlan {
        strategy,
        required: fields
            .filter(|field| !may_lack(columns, field))
            .cloned()
            .collect(),
        hard_delete: one_of(merged, "hard_delete", is_mark, problems).map(|(field, ())| field),
        dedup_sort: one_of(merged, "dedup_sort", order, problems),
        key,
        site: merged
            .write_disposition
            .located()
            .map(|one| one.clone().map(|_| ())),
        is_keyless,
    };
    if is_keyless {
        plan.write_disposition = WriteDisposition::Append;
    }
}

/// Whether the file says that rows may lack `field`.
fn may_lack(columns: &[ColumnSpec], field: &str) -> bool {
    let name = SnakeCase::path(field);
    columns.iter().any(|column| {
        column.nullable.value() == Some(&true) && SnakeCase::path(&column.name) == name
    })
}

/// The column with a hint that only one can have.
fn one_of<T>(
    merged: &ResourceSpec,
    hint: &str,
    says: impl Fn(&ColumnSpec) -> Option<T>,
    problems: &mut Problems,
) -> Option<(String, T)> {
    let columns = merged.columns.located()?;
    let mut found: Option<(String, T)> = None;
    for column in &columns.value {
        let Some(value) = says(column) else {
            continue;
        };
        if let Some((first, _)) = &found {
            let name = &column.name;
            let kind = ConfigErrorKind::Conflict {
                reason: format!("columns `{first}` and `{name}` both have `{hint}`"),
                hint: Some("keep it at one of them".to_owned()),
            };
            problems.push(format!("{}.{name}", columns.path), column.mark, kind);
            continue;
        }
        found = Some((column.name.to_string(), value));
    }
    found
}

/// Merges that will not do what was likely meant.
pub(super) fn warnings(
    resources: &[ResourcePlan],
    destination: Option<DestinationKind>,
    file: &str,
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for resource in resources {
        let Some(site) = &resource.merge.site else {
            continue;
        };
        let mut warn = |code, message: String, hint: &str| {
            warnings.push(Warning {
                code,
                message,
                hint: hint.to_owned(),
                path: site.path.to_string(),
                place: site.mark.in_file(file),
            });
        };
        let (name, strategy) = (&resource.name, resource.merge.strategy);
        if resource.merge.is_keyless {
            warn(
                "merge-without-key",
                format!("resource `{name}` is merged without a key, so its rows are appended"),
                "add `primary_key`, or write `append`",
            );
        } else if let Some(kind) = destination.filter(|kind| kind.is_files()) {
            warn(
                "merge-refused",
                format!(
                    "resource `{name}` is merged, and `{kind}` cannot merge: a run will refuse"
                ),
                "load into `duckdb:FILE`, or write `replace`",
            );
        }
        if strategy != MergeStrategy::DeleteInsert && !resource.merge.key.is_empty() {
            warn(
                "merge-key-unused",
                format!(
                    "`{strategy}` of resource `{name}` goes by the primary key and not by `merge_key`"
                ),
                "remove `merge_key`, or use `delete-insert`",
            );
        }
    }
    warnings
}
