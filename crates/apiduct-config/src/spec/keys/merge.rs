//! What happens with the rows that are there already.

use super::{PLAIN, key, later, words};
use crate::spec::table::{Kind, Object, Words};

static DISPOSITIONS: Words = words("write disposition", &["append", "replace", "merge", "skip"]);

/// A word, or a mapping with how rows are merged.
pub(crate) const WRITE_DISPOSITION: Kind = Kind::Short(&Kind::Word(&DISPOSITIONS), &DISPOSITION);

static STRATEGIES: Words = Words {
    later: &[(
        "scd2",
        "use `upsert` to keep the newest version of each row, or `append` to keep all",
    )],
    ..words("strategy", &["delete-insert", "upsert", "insert-only"])
};

/// `write_disposition` as a mapping.
pub(crate) static DISPOSITION: Object = Object {
    name: "write_disposition",
    what: "a write disposition",
    doc: "What happens with the rows that are already in the table.",
    misplaced: &[
        ("primary_key", "the resource"),
        ("merge_key", "the resource"),
    ],
    keys: &[
        key(
            "disposition",
            Kind::Word(&DISPOSITIONS),
            "What happens with the rows that are already in the table.",
        )
        .required(),
        key(
            "strategy",
            Kind::Word(&STRATEGIES),
            "How `merge` puts rows in the place of earlier ones.",
        )
        .or("delete-insert"),
        later(
            "deduplicated",
            "remove it: looking for rows of one key takes little time",
        ),
        later("validity_column_names", ""),
        later("active_record_timestamp", ""),
        later("boundary_timestamp", ""),
        later("row_version_column_name", ""),
    ],
};

pub(crate) const MERGE_KEY: Kind = Kind::OneOrMany(&PLAIN);

/// Which of several rows of a key wins.
pub(crate) static SORT_ORDERS: Words = words("order", &["asc", "desc"]);
