//! What answers are, and reports that an API makes on request.

use super::{PLAIN, key, variant, words};
use crate::spec::table::{Kind, Object, ShortForm, Tagged, Words};

static CELL_TYPES: Words = words("way to type values", &["text", "infer"]);

macro_rules! types_key {
    () => {
        key(
            "types",
            Kind::Word(&CELL_TYPES),
            "How values are typed: as texts, or as numbers and booleans where they are written so.",
        )
        .or("text")
    };
}

typed_object!(
    AUTO,
    "format_auto",
    "response format `auto`",
    "What the content type says, else the name of the file, else JSON.",
    []
);
typed_object!(
    JSON,
    "format_json",
    "response format `json`",
    "JSON documents.",
    []
);
typed_object!(
    LINES,
    "format_jsonl",
    "response format `jsonl`",
    "A JSON document in each line.",
    []
);
typed_object!(
    ARROW,
    "format_arrow",
    "response format `arrow`",
    "Arrow IPC, as a file or as a stream.",
    []
);
typed_object!(
    PARQUET,
    "format_parquet",
    "response format `parquet`",
    "A Parquet file.",
    []
);
typed_object!(
    CSV,
    "format_csv",
    "response format `csv`",
    "Comma-separated values (RFC 4180).",
    [
        key(
            "delimiter",
            PLAIN,
            "What stands between fields, one character; `\\t` is a tab."
        )
        .or(","),
        key("quote", PLAIN, "What stands around fields, one character.").or("\""),
        key("header", Kind::Bool, "Whether the first row has the names.").or("true"),
        key(
            "columns",
            Kind::List(&PLAIN),
            "Names of the columns, in place of those in the header."
        ),
        key(
            "null_values",
            Kind::List(&Kind::Text(crate::template::Mode::References)),
            "Fields that are written so are null."
        )
        .or("['']"),
        types_key!(),
    ]
);
typed_object!(
    XML,
    "format_xml",
    "response format `xml`",
    "XML: attributes are `@name`, texts beside them `#text`.",
    [
        key(
            "lists",
            Kind::List(&PLAIN),
            "Elements that are lists even where there is one of them."
        ),
        types_key!(),
    ]
);

/// What a body is.
pub(crate) static RESPONSE_FORMAT: Tagged = Tagged {
    name: "response_format",
    what: "response format",
    doc: "What answers are. Bodies that are gzip or zip files are unpacked in any case.",
    default: None,
    short: ShortForm::TypeName,
    later: &[],
    variants: &[
        variant("auto", &AUTO),
        variant("json", &JSON),
        variant("jsonl", &LINES),
        variant("csv", &CSV),
        variant("xml", &XML),
        variant("arrow", &ARROW),
        variant("parquet", &PARQUET),
    ],
};

static FOREIGN: Words = words("policy for other origins", &["refuse", "strip"]);

/// Where a URL comes from; a text is a path.
pub(crate) static JOB_PLACE: Object = Object {
    name: "job_place",
    what: "the address of a job",
    doc: "Where a URL comes from: exactly one of a path, a field of the answer, a header of it.",
    misplaced: &[],
    keys: &[
        key(
            "path",
            PLAIN,
            "A path behind `base_url`; `{job.FIELD}` is a field of the answer to the request for the report.",
        ),
        key(
            "selector",
            Kind::Selector,
            "JSONPath of a link in the answer.",
        ),
        key("header", PLAIN, "The header of the answer that has the link."),
        key(
            "on_foreign_origin",
            Kind::Word(&FOREIGN),
            "Whether a `download` from an origin that is not the API's is refused, or goes without credentials.",
        )
        .or("as `client` says"),
    ],
};

const PLACE: Kind = Kind::Short(&PLAIN, &JOB_PLACE);
const STATES: Kind = Kind::OneOrMany(&PLAIN);

pub(crate) static JOB: Object = Object {
    name: "job",
    what: "`job`",
    doc: "The endpoint asks for a report, which is waited for and then read.",
    misplaced: &[],
    keys: &[
        key(
            "poll",
            PLACE,
            "Where to ask how far the report is, by the answer to the request for it.",
        )
        .required(),
        key(
            "status",
            Kind::Selector,
            "JSONPath of the state in the answer to a poll; if left out, 202 means that the job runs.",
        ),
        key("done", STATES, "States that mean that the report is there."),
        key(
            "failed",
            STATES,
            "States that mean that there will be none.",
        ),
        key(
            "running",
            STATES,
            "States that mean that the job runs; if left out, all others.",
        ),
        key(
            "message",
            Kind::Selector,
            "JSONPath of what the answer says about a failure.",
        ),
        key(
            "download",
            PLACE,
            "Where the report is, by the answer to the last poll; if left out, that answer is the report.",
        ),
        key(
            "interval",
            Kind::Duration,
            "The wait between the first two polls.",
        )
        .or("5s"),
        key(
            "backoff",
            Kind::Number,
            "By what each wait is longer than the one before.",
        )
        .or("1.5"),
        key(
            "max_interval",
            Kind::Duration,
            "The longest wait between two polls.",
        )
        .or("60s"),
        key(
            "deadline",
            Kind::Duration,
            "How long a run waits for the report.",
        )
        .or("1h"),
    ],
};
