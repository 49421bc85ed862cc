//! Parents, children and seeds.

use super::{PLAIN, SECRET, key, words};
use crate::spec::table::{Key, Kind, Object, Words};

static MODE: Words = words("mode of `for_each`", &["product", "zip", "join"]);

static MODE_WORD: Kind = Kind::Word(&MODE);

static FOR_EACH: Object = Object {
    name: "for_each",
    what: "`for_each`",
    doc: "How the rows of several parents go together.",
    misplaced: &[],
    keys: &[
        key(
            "mode",
            Kind::Word(&MODE),
            "Each row with each (`product`), the first with the first and so on (`zip`), or rows with the same value in the fields of `on` (`join`).",
        )
        .required(),
        key(
            "sources",
            Kind::List(&PLAIN),
            "The parents in the order of their rows: the first changes last. Left out: in the order of the placeholders.",
        ),
        key(
            "on",
            Kind::List(&PLAIN),
            "For `join`: a field of each parent, such as `[teams.id, members.team_id]`; rows belong together if their values are the same text.",
        ),
    ],
};

static RANGE: Object = Object {
    name: "range",
    what: "`range`",
    doc: "Whole numbers or dates from one to the other, both included.",
    misplaced: &[],
    keys: &[
        key("from", Kind::Bound, "The first one.").required(),
        key("to", Kind::Bound, "The last one, if a step leads to it.").required(),
        key(
            "step",
            Kind::Bound,
            "What lies between two of them: a whole number, or days, weeks, months or years such as `7d`, `1w`, `1mo`, `1y`.",
        )
        .or("1, or 1d"),
    ],
};

/// Keys of resources and of `resource_defaults`.
pub(crate) const INCLUDE: Key = key(
    "include_from_parent",
    Kind::Include,
    "What each row gets of its parent's row: a list of top-level fields, each as `_<parent>_<field>`, or a mapping of paths and the names that the columns get.",
);
pub(crate) const OVERWRITE: Key = key(
    "overwrite_from_parent",
    Kind::Bool,
    "Whether columns from the parent take the place of the row's own fields of the same name; else that is an error.",
)
.or("false");
pub(crate) const DISTINCT: Key = key(
    "distinct",
    Kind::Bool,
    "Whether parents whose rows lead to the same request count once.",
)
.or("false");
pub(crate) const BATCH_SIZE: Key = key(
    "batch_size",
    Kind::Integer { min: 1 },
    "Rows of the parent that share one request; placeholders are lists then, for `|join(',')` or a list in the body.",
)
.also(&["batch"]);
pub(crate) const MAX_URL_LENGTH: Key = key(
    "max_url_length",
    Kind::Integer { min: 1 },
    "Characters of path and query beyond which a batch is cut into smaller ones.",
)
.or("2000");

/// Keys of resources alone.
pub(crate) const FOR_EACH_KEY: Key = key(
    "for_each",
    Kind::Short(&MODE_WORD, &FOR_EACH),
    "How the rows of several parents go together; a text is the mode.",
);
pub(crate) const VALUES: Key = key(
    "values",
    Kind::Rows,
    "Rows of a resource that sends no requests: scalars, whose column is `value`, or mappings.",
);
pub(crate) const FILE: Key = key(
    "file",
    SECRET,
    "Rows of a resource that sends no requests, from a file beside this one: `.csv`, `.json`, `.jsonl`, `.ndjson`, `.yaml` or `.yml`.",
);
pub(crate) const RANGE_KEY: Key = key(
    "range",
    Kind::Object(&RANGE),
    "Rows of a resource that sends no requests: whole numbers or dates, as `value`, each with the one after it as `next`.",
);
pub(crate) const SQL: Key = key(
    "sql",
    SECRET,
    "Rows of a resource that sends no requests: a query on what the destination has when the run begins.",
);

pub(crate) static FOR_EACH_OBJECT: &Object = &FOR_EACH;
pub(crate) static RANGE_OBJECT: &Object = &RANGE;
