use std::path::PathBuf;

use crate::download::{Downloads, Pinned};
use crate::failure::Result;
use crate::places::Places;

const JSON_SERVER: &str = "json-server@0.17.4";
const DATASETS: &str = "vega-datasets@3.2.1";
const DATA: [Pinned; 3] = [
    Pinned {
        path: "data/movies.json",
        sha256: "e63c499759e3b07b49563e036f55290f87feb56def8703ec049ca305ab1523d3",
    },
    Pinned {
        path: "data/cars.json",
        sha256: "f686a53678b21f4231e2f6a5ba7ce5761d9d39204fccdea1caa29fb8c460e319",
    },
    Pinned {
        path: "data/flights-5k.json",
        sha256: "15041d59d44b6d31924d1accfb2cd400bca146dd785822dd812809614629953a",
    },
];

/// What the tests take from outside: a REST server and data that are not ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inputs {
    json_server: PathBuf,
    datasets: PathBuf,
}

impl Inputs {
    /// Fetches what is not there yet.
    ///
    /// # Errors
    ///
    /// When npm is missing or does not deliver, or a data file is not the expected one.
    pub(crate) fn setup(places: &Places) -> Result<Self> {
        let inputs = Self::in_cache(places);
        let downloads = Downloads::open(&places.cache)?;
        downloads.installation(JSON_SERVER, &Self::folder(places, JSON_SERVER))?;
        downloads.files(DATASETS, &DATA, &inputs.datasets)?;
        Ok(inputs)
    }

    /// What an earlier call has fetched.
    pub(crate) fn fetched(places: &Places) -> Option<Self> {
        let inputs = Self::in_cache(places);
        (inputs.json_server.is_dir() && inputs.datasets.is_dir()).then_some(inputs)
    }

    fn in_cache(places: &Places) -> Self {
        Self {
            json_server: Self::folder(places, JSON_SERVER).join("node_modules/json-server"),
            datasets: Self::folder(places, DATASETS),
        }
    }

    fn folder(places: &Places, package: &str) -> PathBuf {
        places.cache.join("npm").join(package.replace('@', "-"))
    }

    /// The variables by which the tests find it.
    pub(crate) fn variables(&self) -> [(&'static str, PathBuf); 2] {
        [
            ("APIDUCT_JSON_SERVER", self.json_server.clone()),
            ("APIDUCT_VEGA_DATASETS", self.datasets.clone()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Inputs {
        /// Where they would be, for the tests of what uses them.
        pub(crate) fn setup_in_tests() -> Self {
            Self::in_cache(&Places {
                root: PathBuf::from("/w"),
                cache: PathBuf::from("/c"),
                target: PathBuf::from("/t"),
            })
        }
    }

    #[test]
    fn the_tests_find_the_server_and_the_data_by_environment() {
        let places = Places {
            root: PathBuf::from("/w"),
            cache: PathBuf::from("/c"),
            target: PathBuf::from("/t"),
        };

        assert_eq!(
            Inputs::in_cache(&places).variables(),
            [
                (
                    "APIDUCT_JSON_SERVER",
                    PathBuf::from("/c/npm/json-server-0.17.4/node_modules/json-server")
                ),
                (
                    "APIDUCT_VEGA_DATASETS",
                    PathBuf::from("/c/npm/vega-datasets-3.2.1")
                ),
            ]
        );
        assert_eq!(Inputs::fetched(&places), None);
    }
}
