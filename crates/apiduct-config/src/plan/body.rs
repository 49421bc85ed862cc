//! A request has one body.

use crate::error::{ConfigErrorKind, Problems};
use crate::spec::ResourceSpec;

/// Refuses `json` and `data` together, wherever each of them comes from.
pub(super) fn refuse_two(own: &ResourceSpec, merged: &ResourceSpec, problems: &mut Problems) {
    let (Some(json), Some(data)) = (
        merged.endpoint.json.located(),
        merged.endpoint.data.located(),
    ) else {
        return;
    };
    if data.value.is_empty() || merged.is_broken {
        return;
    }
    // The place is a key that the resource has itself, if it has one.
    let (path, mark) = if own.endpoint.data.is_absent() && !own.endpoint.json.is_absent() {
        (&json.path, json.mark)
    } else {
        (&data.path, data.mark)
    };
    let kind = ConfigErrorKind::Conflict {
        reason: format!(
            "`json` and `data` exclude each other: the request of resource `{}` has one body",
            merged.name.value
        ),
        hint: Some("keep one; `null` takes away what comes from `resource_defaults`".to_owned()),
    };
    problems.push(path, mark, kind);
}
