//! Resources whose rows take the place of earlier ones.

use apiduct_config::Plan;
use apiduct_config::plan::MergePlan;
use apiduct_load::{Destination, DestinationError};
use apiduct_model::{ColumnName, DedupSort, Merge, SnakeCase, WriteDisposition};

use crate::error::RunError;
use crate::wanted::Wanted;

/// What the table of a resource says about merging, by the names of the destination.
pub(crate) fn settings(plan: &MergePlan) -> Merge {
    let column = |field: &String| ColumnName::from(SnakeCase::path(field));
    Merge {
        strategy: plan.strategy,
        key: plan.key.iter().map(column).collect(),
        hard_delete: plan.hard_delete.as_ref().map(column),
        dedup_sort: plan.dedup_sort.as_ref().map(|(field, order)| DedupSort {
            column: column(field),
            order: *order,
        }),
    }
}

/// A destination that cannot do what a resource asks for says so before anything is fetched.
pub(crate) fn refuse_unable(
    plan: &Plan,
    wanted: &Wanted,
    destination: &dyn Destination,
) -> Result<(), RunError> {
    let available = destination.capabilities().dispositions;
    let loaded = wanted.loaded().filter_map(|name| plan.resource(name));
    let mut dispositions = loaded.map(|one| match one.write_disposition {
        _ if wanted.is_replaced(&one.name) && one.write_disposition != WriteDisposition::Merge => {
            WriteDisposition::Replace
        }
        other => other,
    });
    match dispositions.find(|one| !available.contains(one)) {
        None => Ok(()),
        Some(disposition) => Err(RunError::Open {
            destination: destination.name(),
            source: Box::new(DestinationError::Disposition {
                destination: destination.name(),
                disposition,
                available,
            }),
        }),
    }
}
