//! Resources and their requests.

use super::hints::{NESTED_HINT, REFERENCE, SCHEMA_CONTRACT};
use super::{
    AUTH, EXPECT, INCREMENTAL, INCREMENTAL_PARAM, JOB, MERGE_KEY, PAGINATOR, PATH, PLAIN, REQUEST,
    RESPONSE_ACTION, RESPONSE_FORMAT, SORT_ORDERS, STEP, WRITE_DISPOSITION, key, on_error, tree,
    variant, words,
};
use crate::spec::table::{Kind, Object, ShortForm, Tagged, Words};

const SEVERAL_PLAIN: Kind = Kind::OneOrMany(&PLAIN);

macro_rules! resource_keys {
    ($($first:expr),*) => {
        &[
            $($first,)*
            tree::INCLUDE,
            tree::OVERWRITE,
            tree::DISTINCT,
            tree::BATCH_SIZE,
            tree::MAX_URL_LENGTH,
            on_error::ON_ERROR_KEY,
            key("concurrency", Kind::Integer { min: 1 }, "Requests of the resource under way at a time, over all its parents; never more than `runtime.concurrency`.").or("`runtime.concurrency`"),
            key("primary_key", SEVERAL_PLAIN, "The field or fields that identify a row."),
            key("write_disposition", WRITE_DISPOSITION, "What happens with the rows that are already in the table.").or("append"),
            key("selected", Kind::Bool, "Whether rows are loaded; a resource that is not still feeds its children.").or("true"),
            key(
                "table_name",
                PLAIN,
                "The table that gets the rows; with fields of the record in it, `event_{type}`, a table for each value.",
            ).or("the resource's name"),
            key("columns", COLUMNS, "What is known about columns beforehand: a mapping by name, or a list."),
            key("processing_steps", Kind::List(&Kind::Object(&STEP)), "Steps on each record, in order, before it becomes a row."),
            key("merge_key", MERGE_KEY, "The field or fields that name a part of the table; with `merge`, earlier rows of a part that comes again go away."),
            key("max_table_nesting", Kind::Integer { min: 0 }, "How many levels of lists and objects become tables and columns; what is deeper stays JSON.").or("no limit"),
            key("nested_hints", Kind::FieldMap(&Kind::Object(&NESTED_HINT)), "What is known about nested tables beforehand, by the paths of their lists."),
            key("schema_contract", SCHEMA_CONTRACT, "What may change in tables that are there.").or("evolve"),
            key("parallelized", Kind::Bool, "Requests run side by side anyway; see `runtime.concurrency`.").or("true"),
            key("references", Kind::List(&Kind::Object(&REFERENCE)), "Columns that point into other tables; kept as a hint."),
            key("table_format", PLAIN, "Kept as a hint."),
            key("file_format", PLAIN, "Kept as a hint."),
            key("parent_table_name", PLAIN, "Kept as a hint."),
        ]
    };
}

const OF_ENDPOINT: &[(&str, &str)] = &[
    ("path", "endpoint"),
    ("method", "endpoint"),
    ("params", "endpoint"),
    ("headers", "endpoint"),
    ("json", "endpoint"),
    ("data", "endpoint"),
    ("paginator", "endpoint"),
    ("data_selector", "endpoint"),
    ("auth", "endpoint"),
    ("incremental", "endpoint"),
    ("allow_missing", "endpoint"),
    ("allow_repeats", "endpoint"),
    ("parallel", "endpoint"),
    ("retry_if", "endpoint"),
    ("response_actions", "endpoint"),
    ("expect", "endpoint"),
    ("response_format", "endpoint"),
    ("job", "endpoint"),
    ("entity", "endpoint"),
    ("max_pages", "endpoint"),
    ("max_records", "endpoint"),
];

pub(crate) static RESOURCE: Object = Object {
    name: "resource",
    what: "a resource",
    doc: "One collection of the API.",
    misplaced: OF_ENDPOINT,
    keys: resource_keys![
        key(
            "name",
            PLAIN,
            "Names the resource, its state and its table."
        )
        .required(),
        key(
            "endpoint",
            Kind::Short(&PATH, &ENDPOINT),
            "The request; a text is its path."
        ),
        tree::FOR_EACH_KEY,
        tree::VALUES,
        tree::FILE,
        tree::RANGE_KEY,
        tree::SQL
    ],
};

pub(crate) static DEFAULTS: Object = Object {
    name: "resource_defaults",
    what: "`resource_defaults`",
    doc: "Keys that every resource gets unless it writes its own.",
    misplaced: OF_ENDPOINT,
    keys: resource_keys![key(
        "endpoint",
        Kind::Object(&ENDPOINT),
        "Keys of every request."
    )],
};

pub(crate) static METHODS: Words = Words {
    any_case: true,
    ..words(
        "method",
        &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"],
    )
};

static ENTITY: Words = words("kind of answer", &["one", "many"]);

pub(crate) static ENDPOINT: Object = Object {
    name: "endpoint",
    what: "an endpoint",
    doc: "The request that a resource makes.",
    misplaced: &[
        ("write_disposition", "the resource"),
        ("primary_key", "the resource"),
        ("merge_key", "the resource"),
        ("include_from_parent", "the resource"),
        ("distinct", "the resource"),
        ("for_each", "the resource"),
        ("batch_size", "the resource"),
        ("table_name", "the resource"),
        ("selected", "the resource"),
        ("concurrency", "the resource"),
        ("on_error", "the resource"),
        ("columns", "the resource"),
    ],
    keys: &[
        key("path", PATH, "Path behind `base_url`, or an absolute URL.").or("the resource's name"),
        key(
            "method",
            Kind::Word(&METHODS),
            "The HTTP method, in any case.",
        )
        .or("GET"),
        key(
            "params",
            Kind::Map(&Kind::Param),
            "Query parameters; null leaves one out, a list repeats it, `{style: comma, value: [...]}` writes lists and mappings in other ways.",
        ),
        key(
            "headers",
            Kind::Map(&REQUEST),
            "Headers, over those of the client; null removes one.",
        ),
        key(
            "json",
            Kind::Json,
            "The JSON body, with placeholders in its texts.",
        ),
        key(
            "data",
            Kind::Data,
            "The body as form fields, a mapping or a list of pairs such as `[[tag, a], [tag, b]]`, or as a text that is sent as it is.",
        ),
        key(
            "paginator",
            Kind::Tagged(&PAGINATOR),
            "How to get from page to page; over that of the client.",
        ),
        key(
            "data_selector",
            Kind::Selector,
            "JSONPath of the records in a page; detected if left out.",
        ),
        key(
            "allow_missing",
            Kind::Bool,
            "Whether a page without the selected data counts as empty.",
        )
        .or("false"),
        key(
            "allow_repeats",
            Kind::Bool,
            "Whether pages may repeat the rows of earlier pages; else that ends in an error, since paging seldom ends then.",
        )
        .or("false"),
        key(
            "parallel",
            Kind::Bool,
            "Whether pages are fetched side by side where the API says how many there are; they are loaded in order all the same.",
        )
        .or("true"),
        key(
            "retry_if",
            SEVERAL_RETRY_IF,
            "What an answer looks like that is asked for again, besides `runtime.retry_statuses`; a text is a `selector`. Over that of the client.",
        ),
        key(
            "auth",
            Kind::Tagged(&AUTH),
            "Authentication in place of the client's; null switches it off.",
        ),
        key(
            "entity",
            Kind::Word(&ENTITY),
            "Whether the answer is one record or a list of them; guessed from the path if left out.",
        ),
        key(
            "max_pages",
            Kind::Integer { min: 1 },
            "Stop after so many pages.",
        ),
        key(
            "max_records",
            Kind::Integer { min: 1 },
            "Stop after so many records; the last page is cut to fit.",
        ),
        key(
            "response_actions",
            Kind::List(&Kind::Object(&RESPONSE_ACTION)),
            "Rules about answers, in order: the first that is for an answer decides.",
        ),
        key(
            "response_format",
            Kind::Tagged(&RESPONSE_FORMAT),
            "What answers are: `json`, `jsonl`, `csv`, `xml`, or a mapping with details.",
        )
        .or("auto"),
        key(
            "job",
            Kind::Object(&JOB),
            "Makes the request one for a report, which is waited for and then read.",
        ),
        key(
            "expect",
            Kind::Object(&EXPECT),
            "What every good answer with a body has to look like; anything else ends the run.",
        ),
        key(
            "incremental",
            Kind::Object(&INCREMENTAL),
            "How to load only what is new since the last run.",
        ),
    ],
};

/// One condition for another try, or several of which one is enough.
pub(crate) const SEVERAL_RETRY_IF: Kind = Kind::OneOrMany(&Kind::Short(&Kind::Selector, &RETRY_IF));

pub(crate) static RETRY_IF: Object = Object {
    name: "retry_if",
    what: "a condition for another try",
    doc: "What an answer looks like that is asked for again; all that is given must hold.",
    misplaced: &[],
    keys: &[
        key(
            "selector",
            Kind::Selector,
            "JSONPath: something other than null is there.",
        ),
        key(
            "equals",
            PLAIN,
            "What has to be there, numbers and booleans as text.",
        ),
        key("text", PLAIN, "A text that the body contains."),
    ],
};

static DATA_TYPES: Words = Words {
    later: &[
        ("wei", "use `decimal`"),
        ("time", "use `text`"),
        ("binary", "use `text`"),
    ],
    ..words(
        "data type",
        &[
            "text",
            "bigint",
            "double",
            "bool",
            "timestamp",
            "date",
            "decimal",
            "json",
        ],
    )
};

macro_rules! column {
    ($object:ident, $name:literal, $key:expr) => {
        pub(crate) static $object: Object = Object {
            name: $name,
            what: "a column",
            doc: "What is known about a column beforehand.",
            misplaced: &[],
            keys: &[
                $key,
                key("data_type", Kind::Word(&DATA_TYPES), "The type of its values."),
                key("scale", Kind::Integer { min: 0 }, "Digits behind the point of a `decimal`, at most 38.").or("0"),
                key("nullable", Kind::Bool, "Whether a row may lack a value.").or("true"),
                key("primary_key", Kind::Bool, "Whether it is part of the key, where the resource names no `primary_key`.").or("false"),
                key("precision", Kind::Integer { min: 1 }, "Digits in all; kept as a hint, decimals have 38."),
                key("unique", Kind::Bool, "Whether no two rows have the same value; kept as a hint."),
                key("timezone", Kind::Bool, "Whether its timestamps have a zone; kept as a hint, timestamps are kept in UTC."),
                key("description", PLAIN, "What it holds; kept as a hint."),
                key("partition", Kind::Bool, "Whether the table is partitioned by it; kept as a hint."),
                key("cluster", Kind::Bool, "Whether the table is clustered by it; kept as a hint."),
                key("sort", Kind::Bool, "Whether the table is sorted by it; kept as a hint."),
                key("merge_key", Kind::Bool, "Whether it is part of the merge key, where the resource names no `merge_key`.").or("false"),
                key("hard_delete", Kind::Bool, "With `merge`: whether it marks rows that are to be deleted, by true or, if it holds no booleans, by any value.").or("false"),
                key("dedup_sort", Kind::Word(&SORT_ORDERS), "With `merge`: which row of a primary key wins, earlier loads included: that with the lowest value (`asc`) or the highest (`desc`)."),
            ],
        };
    };
}

column!(
    COLUMN,
    "column",
    key(
        "name",
        PLAIN,
        "The field; the key above it is the name already."
    )
);

column!(
    LISTED_COLUMN,
    "listed_column",
    key("name", PLAIN, "The field as the API names it.").required()
);

pub(super) const COLUMNS: Kind = Kind::Named(&COLUMN, &LISTED_COLUMN);

typed_object!(
    RESOLVE,
    "param_resolve",
    "a parameter of type `resolve`",
    "A field of the parent, bound in the path.",
    [
        key("resource", PLAIN, "The parent.").required(),
        key(
            "field",
            Kind::Selector,
            "JSONPath of the field in the parent's row."
        )
        .required(),
    ]
);

static STYLES: Words = words(
    "style of a parameter",
    &["repeat", "comma", "brackets", "json"],
);

/// A query parameter whose value is a list or a mapping.
pub(crate) static STYLED: Object = Object {
    name: "param_styled",
    what: "a parameter with a style",
    doc: "A list or a mapping as a query parameter.",
    misplaced: &[],
    keys: &[
        key(
            "style",
            Kind::Word(&STYLES),
            "How it is written: `a=1&a=2`, `a=1,2`, `a[]=1&a[k]=2`, or as JSON.",
        )
        .required(),
        key(
            "value",
            Kind::Json,
            "The list or mapping, with placeholders in its texts.",
        )
        .required(),
    ],
};

/// The mappings that may stand for a query parameter.
pub(crate) static PARAM: Tagged = Tagged {
    name: "param",
    what: "type of parameter",
    doc: "A parameter whose value is found at run time.",
    default: None,
    short: ShortForm::TypeName,
    later: &[],
    variants: &[
        variant("resolve", &RESOLVE),
        variant("incremental", &INCREMENTAL_PARAM),
    ],
};
