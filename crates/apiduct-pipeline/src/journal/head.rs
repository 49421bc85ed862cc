//! What a journal is about.

use apiduct_config::Plan;
use apiduct_load::LoadId;
use apiduct_model::ResourceName;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::wanted::Wanted;

/// The format that this version writes, and the only one that it reads.
pub(crate) const FORMAT: u32 = 1;

/// What decides nothing about the requests of a resource, in the description of a plan.
const WITHOUT_INFLUENCE: [&str; 7] = [
    "order",
    "table",
    "columns",
    "write_disposition",
    "merge",
    "primary_key",
    "from_parent",
];

/// What a pull is: the first frame of its journal, and true for all runs that it takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// Version of the layout of the journal.
    pub(crate) format: u32,
    /// What is pulled, and where to.
    #[serde(flatten)]
    pub(crate) target: Target,
    /// Digest of what decides the requests of these resources.
    pub(crate) plan: String,
    /// Identity of the load.
    pub(crate) load_id: LoadId,
    /// What of the state the pull builds on. A journal that builds on something else is of no use.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(crate) basis: Value,
    /// Bounds that were fixed when the pull began.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(crate) bounds: Value,
}

/// What is pulled, and where to: there is at most one journal for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Target {
    /// The destination by its name.
    pub(crate) destination: String,
    /// The schema there.
    pub(crate) dataset: String,
    /// The resources whose rows are loaded.
    pub(crate) resources: Vec<ResourceName>,
    /// Whether the rows of earlier loads go away.
    #[serde(default)]
    pub(crate) is_full_refresh: bool,
}

impl Target {
    /// The name of the journal's file.
    pub(crate) fn file_name(&self) -> String {
        let said = serde_json::to_vec(self).unwrap_or_default();
        format!("{:016x}.journal", xxh3_64(&said))
    }
}

/// Digest of what decides the requests of the `wanted` resources: base URL, paths, parameters, paginators, selectors, as
/// they are written. What secrets and other references stand for is no part of it.
pub(crate) fn plan_digest(plan: &Plan, wanted: &Wanted) -> String {
    let mut hasher = Xxh3::new();
    let described = plan.describe().resources;
    for (_, resource) in described
        .into_iter()
        .enumerate()
        .filter(|(at, _)| wanted.fetched.contains(at))
    {
        let mut resource = serde_json::to_value(resource).unwrap_or_default();
        if let Some(keys) = resource.as_object_mut() {
            keys.retain(|key, _| !WITHOUT_INFLUENCE.contains(&key.as_str()));
        }
        hasher.update(resource.to_string().as_bytes());
    }
    format!("{:016x}", hasher.digest())
}

#[cfg(test)]
mod tests {
    use apiduct_config::Format;

    use super::*;
    use crate::RunOptions;

    const FILE: &str = "
name: shop
client: {base_url: https://api.example.com}
resources:
  - {name: orders, endpoint: {params: {state: all}}}
  - {name: lines, endpoint: {path: 'orders/{resources.orders.id}/lines'}}
  - users
";

    fn digest(text: &str) -> String {
        let plan = Plan::parse(text, Format::Yaml, "shop.yaml").unwrap();
        let select = vec!["lines".to_owned()];
        let options = RunOptions {
            select,
            ..RunOptions::default()
        };
        plan_digest(&plan, &Wanted::new(&plan, &options).unwrap())
    }

    #[test]
    fn what_decides_requests_changes_the_digest() {
        for (from, to) in [
            ("example.com", "example.org"),
            ("state: all", "state: open"),
            ("/lines'", "/items'"),
            ("/lines'", "/lines', data_selector: data"),
            ("/lines'", "/lines', paginator: single_page"),
        ] {
            assert_ne!(digest(FILE), digest(&FILE.replace(from, to)), "{to}");
        }
    }

    #[test]
    fn what_decides_none_does_not() {
        for (from, to) in [
            ("name: shop", "# why\nname: shop"),
            ("name: lines", "name: lines, write_disposition: replace"),
            ("name: lines", "name: lines, table_name: rows"),
            ("  - users", "  - people"),
        ] {
            assert_eq!(digest(FILE), digest(&FILE.replace(from, to)), "{to}");
        }
    }

    #[test]
    fn each_target_has_a_file_of_its_own() {
        let target = Target {
            destination: "duckdb:a".to_owned(),
            dataset: "a".to_owned(),
            resources: vec!["users".into()],
            is_full_refresh: false,
        };
        let mut other = target.clone();
        other.is_full_refresh = true;
        assert_ne!(target.file_name(), other.file_name());
        assert_eq!(target.file_name(), target.clone().file_name());
    }
}
