//! What is known about tables beforehand, beside their columns.

use super::{PLAIN, key, later, words};
use crate::spec::table::{Kind, Object, Words};

static CONTRACT: Words = Words {
    later: &[
        (
            "freeze",
            "use `evolve`: new tables, columns and types are taken in",
        ),
        (
            "discard_row",
            "use `evolve`, and `processing_steps` to drop records",
        ),
        (
            "discard_value",
            "use `evolve`, and `processing_steps` to drop fields",
        ),
    ],
    ..words("schema contract", &["evolve"])
};

pub(super) const SCHEMA_CONTRACT: Kind = Kind::Short(&Kind::Word(&CONTRACT), &CONTRACTS);

static CONTRACTS: Object = Object {
    name: "schema_contract",
    what: "a schema contract",
    doc: "What may change in tables that are there.",
    misplaced: &[],
    keys: &[
        key("tables", Kind::Word(&CONTRACT), "New tables."),
        key("columns", Kind::Word(&CONTRACT), "New columns."),
        key("data_type", Kind::Word(&CONTRACT), "Values of other types."),
    ],
};

pub(super) static REFERENCE: Object = Object {
    name: "reference",
    what: "a reference",
    doc: "Columns whose values stand in another table too; kept as a hint.",
    misplaced: &[],
    keys: &[
        key("columns", Kind::OneOrMany(&PLAIN), "The columns.").required(),
        key("referenced_table", PLAIN, "The other table.").required(),
        key(
            "referenced_columns",
            Kind::OneOrMany(&PLAIN),
            "Its columns.",
        )
        .required(),
        key("cardinality", PLAIN, "How many rows belong to how many."),
        key("label", PLAIN, "What the relation is called."),
    ],
};

pub(crate) static NESTED_HINT: Object = Object {
    name: "nested_hint",
    what: "a hint for a nested table",
    doc: "What is known about a nested table beforehand.",
    misplaced: &[],
    keys: &[
        key("table_name", PLAIN, "The table that gets the elements.")
            .or("the names on the way, joined by `__`"),
        key(
            "columns",
            super::resource::COLUMNS,
            "What is known about its columns beforehand.",
        ),
        later(
            "primary_key",
            "rows of nested tables belong to the rows of their parents",
        ),
        later(
            "merge_key",
            "rows of nested tables belong to the rows of their parents",
        ),
        later(
            "write_disposition",
            "a nested table goes with its root table",
        ),
    ],
};
