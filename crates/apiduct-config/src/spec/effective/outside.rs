//! Settings of `runtime` that stand outside the file.

use super::ValueOrigin;
use super::value::{Item, Shown};
use crate::resolve::{Outside, OutsideSite, SecretSource};

/// The settings that stand outside the file, by their names in the reference.
pub(super) fn settings(source: &dyn SecretSource) -> Vec<(&'static str, Item)> {
    let item = |setting: Outside| {
        let origin = match setting.site {
            OutsideSite::Settings(_, place) => ValueOrigin::Settings(place),
            OutsideSite::Environment(variable) => ValueOrigin::Environment(variable),
        };
        let value = setting.value.trim();
        let shown = match (setting.name, value.parse::<f64>()) {
            ("http_show_error_body", _) => {
                Shown::Bool(matches!(&*value.to_ascii_lowercase(), "true" | "yes" | "1"))
            }
            (_, Ok(number)) if number.is_finite() => Shown::Number(value.into()),
            _ => Shown::Text(value.to_owned()),
        };
        (setting.name, Item { shown, origin })
    };
    let (found, _) = Outside::find(source);
    found.into_iter().map(item).collect()
}
