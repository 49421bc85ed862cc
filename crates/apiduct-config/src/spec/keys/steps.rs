//! Steps on records.

use super::{PLAIN, SECRET, key, words};
use crate::spec::table::{Kind, Object, Words};

const FIELDS: Kind = Kind::OneOrMany(&Kind::Field);

static CAST_TYPES: Words = words(
    "type to cast to",
    &[
        "text",
        "bigint",
        "double",
        "decimal",
        "bool",
        "timestamp",
        "timestamp_ms",
        "date",
    ],
);

macro_rules! step_with_fields {
    ($name:ident, $def:literal, $what:literal, $doc:literal, [$($key:expr),*]) => {
        pub(crate) static $name: Object = Object {
            name: $def,
            what: $what,
            doc: $doc,
            misplaced: &[],
            keys: &[key("fields", FIELDS, "The fields.").required(), $($key),*],
        };
    };
}

step_with_fields!(
    HASH,
    "step_hash",
    "a step `hash`",
    "Values that are replaced by their SHA-256.",
    [key(
        "salt",
        SECRET,
        "What is put in front of each value, best by reference; without it, short values can be guessed."
    )]
);

step_with_fields!(
    REDACT,
    "step_redact",
    "a step `redact`",
    "Values that are replaced by one text.",
    [key("with", PLAIN, "The text.").or("***")]
);

step_with_fields!(
    FLATTEN,
    "step_flatten",
    "a step `flatten`",
    "Objects whose fields are lifted into the object around them.",
    [key("prefix", PLAIN, "What is put in front of their names.")]
);

step_with_fields!(
    DEDUPE,
    "step_dedupe",
    "a step `dedupe`",
    "Fields by which a record is known to have come before.",
    [key(
        "memory",
        Kind::Integer { min: 1 },
        "How many records are remembered; the oldest are forgotten first."
    )
    .or("100000")]
);

pub(crate) static CUSTOM: Object = Object {
    name: "step_custom",
    what: "a step `custom`",
    doc: "A step that the program registers in Rust.",
    misplaced: &[],
    keys: &[
        key("name", PLAIN, "Its name in the program's `Registry`.").required(),
        key(
            "settings",
            Kind::Map(&PLAIN),
            "What the program makes it from: texts by name.",
        ),
    ],
};

pub(crate) static STEP: Object = Object {
    name: "processing_step",
    what: "a processing step",
    doc: "One step on each record, between the page and the tables.",
    misplaced: &[],
    keys: &[
        key(
            "filter",
            Kind::Program,
            "jq program: keeps a record for which it gives anything but `false` and `null`.",
        ),
        key(
            "map",
            Kind::Program,
            "jq program: its one result takes the place of the record; no result drops it.",
        ),
        key(
            "yield_map",
            Kind::Program,
            "jq program: all of its results take the place of the record.",
        ),
        key("keep", FIELDS, "Leaves only these fields."),
        key("drop", FIELDS, "Takes these fields away."),
        key(
            "rename",
            Kind::FieldMap(&Kind::Field),
            "Moves fields, by their paths, to other paths.",
        ),
        key(
            "set",
            Kind::FieldMap(&Kind::Any),
            "Puts values, by their paths, into the record.",
        ),
        key(
            "cast",
            Kind::FieldMap(&Kind::Word(&CAST_TYPES)),
            "Turns values, by their paths, into other types.",
        ),
        key(
            "hash",
            Kind::Short(&FIELDS, &HASH),
            "Puts the SHA-256 of values, in hexadecimal, in their place.",
        ),
        key(
            "redact",
            Kind::Short(&FIELDS, &REDACT),
            "Puts a text in the place of values.",
        ),
        key(
            "explode",
            Kind::Field,
            "Makes a record of each element of a list.",
        ),
        key(
            "flatten",
            Kind::Short(&FIELDS, &FLATTEN),
            "Lifts the fields of objects into the object around them.",
        ),
        key("parse_json", FIELDS, "Reads texts as JSON."),
        key(
            "dedupe",
            Kind::Short(&FIELDS, &DEDUPE),
            "Drops records whose values in these fields came before in the same pull.",
        ),
        key(
            "custom",
            Kind::Short(&PLAIN, &CUSTOM),
            "A step that the program registers in Rust; a text is its name.",
        ),
    ],
};
