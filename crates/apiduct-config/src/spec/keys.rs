//! The tables of keys.

use super::table::{Key, Kind, Need, Object, ShortForm, Tagged, Variant, Words};
use crate::template::Mode;

const fn key(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key {
        name,
        also: &[],
        kind,
        need: Need::Optional,
        default: "",
        doc,
    }
}

const fn later(name: &'static str, instead: &'static str) -> Key {
    Key {
        need: Need::Later(instead),
        ..key(name, Kind::Json, "Not supported by this version.")
    }
}

impl Key {
    const fn required(self) -> Self {
        Self {
            need: Need::Required,
            ..self
        }
    }

    const fn or(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    const fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }
}

const PLAIN: Kind = Kind::Plain;
const SECRET: Kind = Kind::Text(Mode::References);
const REQUEST: Kind = Kind::Text(Mode::Request);
const PATH: Kind = Kind::Text(Mode::Path);

const fn words(what: &'static str, valid: &'static [&'static str]) -> Words {
    Words {
        what,
        valid,
        later: &[],
        later_mapping: false,
        any_case: false,
    }
}

pub(crate) static ROOT: Object = Object {
    name: "file",
    what: "the file",
    doc: "A REST API, what to pull out of it, and where to put it.",
    misplaced: &[
        ("base_url", "client"),
        ("auth", "client"),
        ("headers", "client"),
        ("paginator", "client"),
    ],
    keys: &[
        key(
            "name",
            PLAIN,
            "Names the pipeline, its state, the default dataset and the default file.",
        )
        .or("the file's name without its extension"),
        key(
            "client",
            Kind::Object(&CLIENT),
            "The API: where it is and how it is talked to.",
        )
        .required(),
        key(
            "resource_defaults",
            Kind::Object(&DEFAULTS),
            "Keys that every resource gets unless it writes its own.",
        ),
        key(
            "resources",
            Kind::List(&Kind::Short(&PLAIN, &RESOURCE)),
            "What to pull; a text names a resource whose path is its name.",
        )
        .required(),
        key(
            "destination",
            Kind::Tagged(&DESTINATION),
            "Where the rows go.",
        )
        .or("duckdb:<name>.duckdb"),
        key("dataset", SECRET, "The schema at the destination.").or("the name"),
        key(
            "runtime",
            Kind::Object(&RUNTIME),
            "Limits, timeouts and retries.",
        ),
        key(
            "system_prefix",
            PLAIN,
            "Prefix of system columns and tables; `_dlt` continues a dataset of the reference.",
        )
        .or("_apiduct"),
    ],
};

static FOREIGN_ORIGIN: Words = words("policy", &["refuse", "strip"]);

pub(crate) static CLIENT: Object = Object {
    name: "client",
    what: "`client`",
    doc: "The API: where it is and how it is talked to.",
    misplaced: &[],
    keys: &[
        key("base_url", SECRET, "The URL in front of every path.").required(),
        key("headers", Kind::Map(&SECRET), "Headers of every request."),
        key("auth", Kind::Tagged(&AUTH), "How requests prove who they are."),
        key("paginator", Kind::Tagged(&PAGINATOR), "How to get from page to page; detected if left out."),
        key("allowed_hosts", Kind::List(&PLAIN), "Hosts beside that of `base_url` that may see credentials."),
        key("on_foreign_origin", Kind::Word(&FOREIGN_ORIGIN), "What to do with a link to any other host: refuse it, or follow it without credentials.")
            .or("refuse"),
        later("session", "set timeouts, retries and limits under `runtime`"),
    ],
};

const DISPOSITION: Kind = Kind::Word(&Words {
    later: &[(
        "merge",
        "use `replace` to reload the table as a whole, or `append`",
    )],
    later_mapping: true,
    ..words("write disposition", &["append", "replace", "skip"])
});

const SEVERAL_PLAIN: Kind = Kind::OneOrMany(&PLAIN);

macro_rules! resource_keys {
    ($($first:expr),*) => {
        &[
            $($first,)*
            key("include_from_parent", Kind::List(&PLAIN), "Top-level fields of the parent that each row gets as `_<parent>_<field>`."),
            key("primary_key", SEVERAL_PLAIN, "The field or fields that identify a row."),
            key("write_disposition", DISPOSITION, "What happens with the rows that are already in the table.").or("append"),
            key("selected", Kind::Bool, "Whether rows are loaded; a resource that is not still feeds its children.").or("true"),
            key("table_name", PLAIN, "The table that gets the rows.").or("the resource's name"),
            key("columns", Kind::Map(&Kind::Object(&COLUMN)), "What is known about columns beforehand, by name."),
            later("processing_steps", "change rows after loading, with SQL"),
            later("merge_key", ""),
            later("max_table_nesting", ""),
            later("parallelized", "remove it: requests run side by side anyway, see `runtime.concurrency`"),
            later("schema_contract", ""),
            later("nested_hints", ""),
            later("references", ""),
            later("table_format", ""),
            later("file_format", ""),
            later("parent_table_name", ""),
        ]
    };
}

const OF_ENDPOINT: &[(&str, &str)] = &[
    ("path", "endpoint"),
    ("method", "endpoint"),
    ("params", "endpoint"),
    ("headers", "endpoint"),
    ("json", "endpoint"),
    ("paginator", "endpoint"),
    ("data_selector", "endpoint"),
    ("auth", "endpoint"),
    ("incremental", "endpoint"),
    ("allow_missing", "endpoint"),
    ("entity", "endpoint"),
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
        )
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
        ("include_from_parent", "the resource"),
        ("table_name", "the resource"),
        ("selected", "the resource"),
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
            "Query parameters; null leaves one out, a list repeats it.",
        ),
        key(
            "headers",
            Kind::Map(&REQUEST),
            "Headers, over those of the client; null removes one.",
        ),
        key("json", Kind::Json, "The body."),
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
        later("data", "send the body with `json`"),
        later("response_actions", ""),
        later(
            "incremental",
            "load everything, with `write_disposition: replace`",
        ),
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

pub(crate) static COLUMN: Object = Object {
    name: "column",
    what: "a column",
    doc: "What is known about a column beforehand.",
    misplaced: &[],
    keys: &[
        key(
            "data_type",
            Kind::Word(&DATA_TYPES),
            "The type of its values.",
        ),
        key(
            "scale",
            Kind::Integer { min: 0 },
            "Digits behind the point of a `decimal`, at most 38.",
        )
        .or("0"),
        key("nullable", Kind::Bool, "Whether a row may lack a value.").or("true"),
        later("name", "the key above is the name"),
        later("precision", "decimals have 38 digits"),
        later("primary_key", "write `primary_key` at the resource"),
        later("merge_key", ""),
        later("unique", ""),
        later("timezone", ""),
        later("description", ""),
        later("partition", ""),
        later("cluster", ""),
        later("sort", ""),
    ],
};

const TOTAL_PATH: Key = key(
    "total_path",
    Kind::Selector,
    "JSONPath of the total; null if there is none.",
)
.or("total");
const HAS_MORE: Key = key(
    "has_more_path",
    Kind::Selector,
    "JSONPath of a boolean that says whether there are more pages.",
);

const fn stop_after_empty(default: &'static str) -> Key {
    key(
        "stop_after_empty_page",
        Kind::Bool,
        "Whether an empty page is the last.",
    )
    .or(default)
}

const fn variant(name: &'static str, object: &'static Object) -> Variant {
    Variant {
        name,
        also: &[],
        object,
    }
}

macro_rules! typed_object {
    ($name:ident, $def:literal, $what:literal, $doc:literal, [$($key:expr),* $(,)?]) => {
        static $name: Object = Object {
            name: $def,
            what: $what,
            doc: $doc,
            misplaced: &[],
            keys: &[key("type", PLAIN, "Which one it is."), $($key),*],
        };
    };
}

typed_object!(
    AUTO,
    "paginator_auto",
    "paginator `auto`",
    "Detect from the first page.",
    []
);
typed_object!(
    SINGLE_PAGE,
    "paginator_single_page",
    "paginator `single_page`",
    "One request, one page.",
    []
);
typed_object!(
    JSON_LINK,
    "paginator_json_link",
    "paginator `json_link`",
    "The next URL stands in the body.",
    [key("next_url_path", Kind::Selector, "JSONPath of the next URL.").or("next"),]
);
typed_object!(
    HEADER_LINK,
    "paginator_header_link",
    "paginator `header_link`",
    "The next URL stands in the `Link` header.",
    [key(
        "links_next_key",
        PLAIN,
        "The relation that marks the next URL."
    )
    .or("next"),]
);
typed_object!(
    CURSOR,
    "paginator_cursor",
    "paginator `cursor`",
    "A cursor stands in the body and is sent back.",
    [
        key("cursor_path", Kind::Selector, "JSONPath of the cursor.").or("cursors.next"),
        key(
            "cursor_param",
            PLAIN,
            "Query parameter that takes the cursor."
        )
        .or("after"),
        key(
            "cursor_body_path",
            PLAIN,
            "Dotted path in the body that takes the cursor."
        ),
        stop_after_empty("false"),
        HAS_MORE,
    ]
);
typed_object!(
    HEADER_CURSOR,
    "paginator_header_cursor",
    "paginator `header_cursor`",
    "A cursor stands in a response header and is sent back.",
    [
        key("cursor_key", PLAIN, "The response header.").or("next"),
        key(
            "cursor_param",
            PLAIN,
            "Query parameter that takes the cursor."
        )
        .or("cursor"),
    ]
);
typed_object!(
    OFFSET,
    "paginator_offset",
    "paginator `offset`",
    "Pages are counted in records.",
    [
        key("limit", Kind::Integer { min: 1 }, "Records a page.").required(),
        key("offset", Kind::Integer { min: 0 }, "The first offset.").or("0"),
        key(
            "offset_param",
            PLAIN,
            "Query parameter that takes the offset."
        )
        .or("offset"),
        key(
            "offset_body_path",
            PLAIN,
            "Dotted path in the body that takes the offset."
        ),
        key(
            "limit_param",
            PLAIN,
            "Query parameter that takes the limit."
        )
        .or("limit"),
        key(
            "limit_body_path",
            PLAIN,
            "Dotted path in the body that takes the limit."
        ),
        TOTAL_PATH,
        key(
            "maximum_offset",
            Kind::Integer { min: 0 },
            "Stop where the offset reaches this."
        ),
        stop_after_empty("true"),
        HAS_MORE,
    ]
);
typed_object!(
    PAGE_NUMBER,
    "paginator_page_number",
    "paginator `page_number`",
    "Pages are counted.",
    [
        key(
            "initial_page",
            Kind::Integer { min: 0 },
            "The number of the first page to fetch."
        )
        .also(&["page"])
        .or("1"),
        key(
            "base_page",
            Kind::Integer { min: 0 },
            "The number that the API gives its first page, if others are skipped."
        )
        .or("initial_page"),
        key(
            "page_param",
            PLAIN,
            "Query parameter that takes the number."
        )
        .or("page"),
        key(
            "page_body_path",
            PLAIN,
            "Dotted path in the body that takes the number."
        ),
        TOTAL_PATH,
        key(
            "maximum_page",
            Kind::Integer { min: 0 },
            "The last page to fetch."
        ),
        stop_after_empty("true"),
        HAS_MORE,
    ]
);

pub(crate) static PAGINATOR: Tagged = Tagged {
    name: "paginator",
    what: "paginator",
    doc: "How to get from page to page.",
    default: None,
    short: ShortForm::TypeName,
    later: &[],
    variants: &[
        variant("auto", &AUTO),
        variant("single_page", &SINGLE_PAGE),
        Variant {
            name: "json_link",
            also: &["json_response"],
            object: &JSON_LINK,
        },
        variant("header_link", &HEADER_LINK),
        variant("header_cursor", &HEADER_CURSOR),
        variant("cursor", &CURSOR),
        variant("offset", &OFFSET),
        variant("page_number", &PAGE_NUMBER),
    ],
};

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

/// The mappings that may stand for a query parameter.
pub(crate) static PARAM: Tagged = Tagged {
    name: "param",
    what: "type of parameter",
    doc: "A parameter whose value is found at run time.",
    default: None,
    short: ShortForm::TypeName,
    later: &[(
        "incremental",
        "load everything, with `write_disposition: replace`",
    )],
    variants: &[variant("resolve", &RESOLVE)],
};

static LOCATION: Words = words(
    "place for an API key",
    &["header", "query", "param", "cookie"],
);

typed_object!(
    BEARER,
    "auth_bearer",
    "auth `bearer`",
    "A token in the `Authorization` header.",
    [key("token", SECRET, "The token.").required(),]
);
typed_object!(
    API_KEY,
    "auth_api_key",
    "auth `api_key`",
    "A key in a header, a query parameter or a cookie.",
    [
        key("name", SECRET, "The header, parameter or cookie.").or("Authorization"),
        key("api_key", SECRET, "The key.").required(),
        key(
            "location",
            Kind::Word(&LOCATION),
            "Where it goes; `param` is another word for `query`."
        )
        .or("header"),
    ]
);
typed_object!(
    BASIC,
    "auth_basic",
    "auth `http_basic`",
    "User name and password.",
    [
        key("username", SECRET, "The user.").required(),
        key("password", SECRET, "The password.").required(),
    ]
);

pub(crate) static AUTH: Tagged = Tagged {
    name: "auth",
    what: "auth",
    doc: "How requests prove who they are.",
    default: Some("bearer"),
    short: ShortForm::Values,
    later: &[
        (
            "oauth2_client_credentials",
            "fetch a token yourself and use `bearer`",
        ),
        ("oauth_jwt", "fetch a token yourself and use `bearer`"),
    ],
    variants: &[
        variant("bearer", &BEARER),
        variant("api_key", &API_KEY),
        Variant {
            name: "http_basic",
            also: &["basic"],
            object: &BASIC,
        },
    ],
};

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

pub(crate) static LOG_LEVELS: Words = Words {
    any_case: true,
    ..words(
        "log level",
        &["critical", "error", "warning", "info", "debug", "trace"],
    )
};

pub(crate) static RUNTIME: Object = Object {
    name: "runtime",
    what: "`runtime`",
    doc: "Limits, timeouts and retries.",
    misplaced: &[],
    keys: &[
        key(
            "max_retries",
            Kind::Integer { min: 0 },
            "Tries after the first one.",
        )
        .also(&["request_max_attempts"])
        .or("5"),
        key(
            "backoff_factor",
            Kind::Number,
            "Factor of the waits between tries: 1, 2, 4, ... seconds.",
        )
        .also(&["request_backoff_factor"])
        .or("1.0"),
        key(
            "max_retry_delay",
            Kind::Duration,
            "The longest wait before a try.",
        )
        .also(&["request_max_retry_delay"])
        .or("300s"),
        key(
            "timeout",
            Kind::Duration,
            "For one try: the longest silence, and the longest wait for a connection.",
        )
        .also(&["request_timeout"])
        .or("60s"),
        key(
            "connect_timeout",
            Kind::Duration,
            "For a connection to be made.",
        )
        .or("timeout, at most 30s"),
        key(
            "idle_timeout",
            Kind::Duration,
            "For the next bytes of an answer to arrive.",
        )
        .or("timeout"),
        key(
            "total_timeout",
            Kind::Duration,
            "For one try as a whole, however much it brings; null sets no bound.",
        )
        .or("null"),
        key(
            "max_wait",
            Kind::Duration,
            "The longest wait that a server may ask for before the run ends as incomplete.",
        )
        .or("300s"),
        key(
            "concurrency",
            Kind::Integer { min: 1 },
            "Requests in flight to one host.",
        )
        .or("8"),
        key(
            "rate_limit",
            Kind::Rate,
            "The most requests in a time, such as `10/s`.",
        ),
        key(
            "max_response_bytes",
            Kind::Bytes,
            "The largest body, also after decompression.",
        )
        .or("256MiB"),
        key("memory", Kind::Bytes, "Bound of everything in flight.").or("256MiB"),
        key("user_agent", SECRET, "The `User-Agent` header."),
        key(
            "ca_bundle",
            SECRET,
            "A PEM file of certificates to trust beside those of the system.",
        ),
        key(
            "log_level",
            Kind::Word(&LOG_LEVELS),
            "What is written to the log.",
        )
        .or("warning"),
    ],
};
