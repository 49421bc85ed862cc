use std::fmt;

use crate::supply::Metadata;

/// One combination of features that must build by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Build {
    /// The crate.
    pub(crate) package: String,
    /// The features that are on; all others are off.
    pub(crate) features: Vec<String>,
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.features.is_empty() {
            return write!(f, "{} without features", self.package);
        }
        write!(f, "{} with {}", self.package, self.features.join(" and "))
    }
}

/// None, each alone, and all, for every crate of ours that declares features. Those that compile DuckDB from source are
/// left out: they add no code of ours and a quarter of an hour of C++.
pub(crate) fn builds(metadata: &Metadata) -> Vec<Build> {
    let mut builds = Vec::new();
    for (_, package) in metadata.ours() {
        let features = package.declared_features.iter();
        let features: Vec<String> = features
            .filter(|name| *name != "default" && !name.ends_with("bundled"))
            .cloned()
            .collect();
        if features.is_empty() {
            continue;
        }
        let mut add = |features| {
            builds.push(Build {
                package: package.name.clone(),
                features,
            });
        };
        add(Vec::new());
        for feature in &features {
            add(vec![feature.clone()]);
        }
        if features.len() > 1 {
            add(features);
        }
    }
    builds
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn metadata(features: &[&str]) -> Metadata {
        let declared: serde_json::Map<_, _> = features
            .iter()
            .map(|name| ((*name).to_owned(), json!([])))
            .collect();
        let text = json!({
            "packages": [{"id": "a", "name": "apiduct", "version": "0.1.0", "source": null, "features": declared}],
            "resolve": {"nodes": [{"id": "a", "deps": [], "features": []}]},
        });
        Metadata::parse(&text.to_string()).unwrap()
    }

    fn titles(features: &[&str]) -> Vec<String> {
        builds(&metadata(features))
            .iter()
            .map(Build::to_string)
            .collect()
    }

    #[test]
    fn features_are_built_none_each_and_all() {
        assert_eq!(
            titles(&["default", "duckdb", "duckdb-bundled", "parquet"]),
            [
                "apiduct without features",
                "apiduct with duckdb",
                "apiduct with parquet",
                "apiduct with duckdb and parquet",
            ]
        );
    }

    #[test]
    fn a_single_feature_is_all_features() {
        assert_eq!(
            titles(&["arrow"]),
            ["apiduct without features", "apiduct with arrow"]
        );
    }

    #[test]
    fn a_crate_without_features_needs_no_build_of_its_own() {
        assert!(titles(&["default", "bundled"]).is_empty());
    }
}
