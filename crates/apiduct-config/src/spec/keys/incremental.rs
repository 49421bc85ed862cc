//! How a resource loads only what is new.

use super::{PLAIN, key, words};
use crate::spec::table::{Kind, Object, Words};

static CURSOR_TYPES: Words = words(
    "type of cursor",
    &["timestamp", "date", "int", "decimal", "text"],
);
static CURSOR_FROM: Words = words("place of the cursor", &["rows", "response", "clock"]);
static EXTREMES: Words = words("`last_value_func`", &["max", "min"]);
static ROW_ORDERS: Words = words("row order", &["asc", "desc"]);
static RANGES: Words = words("range", &["closed", "open"]);
static MISSING: Words = words(
    "rule for rows without a cursor",
    &["raise", "include", "exclude"],
);
static SCOPES: Words = words("scope", &["resource", "parent"]);

macro_rules! incremental_keys {
    ($($first:expr),* $(,)?) => {
        &[
            $($first,)*
            key("cursor_path", Kind::Selector, "JSONPath of the cursor in a row, or in a page with `cursor_from: response`."),
            key("cursor_from", Kind::Word(&CURSOR_FROM), "Where the cursor is: in the rows, once in a page, or the time at which the run begins.").or("rows"),
            key("initial_value", Kind::Scalar, "Where the first run starts."),
            key("request_format", PLAIN, "How requests write times: `iso8601`, `unix`, `unix_ms`, `date`, or a pattern of `strftime`; as the cursor is written if left out.")
                .also(&["convert", "transform"]),
            key("format", PLAIN, "How the API writes times: `iso8601`, `unix`, `unix_ms`, or a pattern of `strftime`.").or("iso8601"),
            key("timezone", PLAIN, "The zone of times that name none: `Europe/Berlin`, or an offset such as `+02:00`.").or("UTC"),
            key("last_value_func", Kind::Word(&EXTREMES), "Whether the cursor rises or falls.").or("max"),
            key("primary_key", Kind::OneOrMany(&PLAIN), "What identifies a row at the boundary; an empty list loads those rows again.")
                .or("the resource's, else the whole row"),
            key("row_order", Kind::Word(&ROW_ORDERS), "The order in which the API sends rows, by the cursor; fetching stops where the rest is out of range."),
            key("lag", Kind::Duration, "How far to look back before the stored value: a duration, or a number of seconds, days (of dates) or units."),
            key("range_start", Kind::Word(&RANGES), "Whether rows at the start itself are wanted.").or("closed"),
            key("range_end", Kind::Word(&RANGES), "Whether rows at the end itself are wanted.").or("open"),
            key("on_cursor_value_missing", Kind::Word(&MISSING), "What happens with a row without a cursor.").or("raise"),
            key("allow_external_schedulers", Kind::Bool, "Only `false`: bounds from outside come with `apiduct backfill`.").or("false"),
            key("scope", Kind::Word(&SCOPES), "Whether one cursor holds for the resource, or one for each row of its parent.").or("resource"),
            key("window", Kind::Duration, "How much to pull and load at a time: `7d`, or a number in the unit of the cursor."),
        ]
    };
}

pub(crate) static INCREMENTAL: Object = Object {
    name: "incremental",
    what: "`incremental`",
    doc: "How to load only what is new since the last run.",
    misplaced: &[],
    keys: incremental_keys![
        key(
            "type",
            Kind::Word(&CURSOR_TYPES),
            "What the cursor is and how it is compared; guessed from `initial_value` or the first row if left out."
        )
        .also(&["cursor_type"]),
        key(
            "end_value",
            Kind::Scalar,
            "Where the run ends; nothing is stored then."
        ),
        key(
            "start_param",
            PLAIN,
            "A query parameter for the start; better write `{incremental.start_value}` in `params`."
        ),
        key(
            "end_param",
            PLAIN,
            "A query parameter for the end; better write `{incremental.end_value}` in `params`."
        ),
    ],
};

pub(crate) static INCREMENTAL_PARAM: Object = Object {
    name: "param_incremental",
    what: "a parameter of type `incremental`",
    doc: "A parameter that is set to the start of the incremental load. Better is the key `incremental` with a placeholder.",
    misplaced: &[
        ("end_value", "endpoint.incremental"),
        ("end_param", "endpoint.incremental"),
        ("start_param", "endpoint.incremental"),
    ],
    keys: incremental_keys![
        key("type", PLAIN, "Which one it is."),
        key(
            "cursor_type",
            Kind::Word(&CURSOR_TYPES),
            "What the cursor is and how it is compared."
        ),
    ],
};
