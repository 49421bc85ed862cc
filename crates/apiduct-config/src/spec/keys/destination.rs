//! Destinations.

use super::{PLAIN, SECRET, key, variant};
use crate::spec::table::{Key, Object, ShortForm, Tagged};

const LOCAL_PATH: Key = key("path", SECRET, "The file or folder.").required();

typed_object!(
    DUCKDB,
    "destination_duckdb",
    "destination `duckdb`",
    "A DuckDB file.",
    [LOCAL_PATH]
);
typed_object!(
    PARQUET,
    "destination_parquet",
    "destination `parquet`",
    "A folder of Parquet files.",
    [LOCAL_PATH]
);
typed_object!(
    JSONL,
    "destination_jsonl",
    "destination `jsonl`",
    "A folder of JSON lines.",
    [LOCAL_PATH]
);

pub(crate) static DESTINATION: Tagged = Tagged {
    name: "destination",
    what: "destination",
    doc: "Where the rows go.",
    default: None,
    short: ShortForm::Values,
    later: &[
        ("csv", "use `duckdb:FILE` and export from there"),
        ("postgres", "use `duckdb:FILE`"),
        ("postgresql", "use `duckdb:FILE`"),
        ("filesystem", "use `parquet:FOLDER`"),
    ],
    variants: &[
        variant("duckdb", &DUCKDB),
        variant("parquet", &PARQUET),
        variant("jsonl", &JSONL),
    ],
};
