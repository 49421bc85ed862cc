//! The tables of keys.

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

mod auth;
mod destination;
mod formats;
mod hints;
mod incremental;
mod merge;
mod on_error;
mod paginator;
mod resource;
mod rules;
mod runtime;
mod signing;
mod steps;
mod tokens;
mod tree;

use super::table::{Key, Kind, Need, Object, Variant, Words};
use crate::template::Mode;

pub(crate) use auth::AUTH;
pub(crate) use destination::DESTINATION;
pub(crate) use formats::{JOB, JOB_PLACE, RESPONSE_FORMAT};
pub(crate) use hints::NESTED_HINT;
pub(crate) use incremental::{INCREMENTAL, INCREMENTAL_PARAM};
pub(crate) use merge::{DISPOSITION, MERGE_KEY, SORT_ORDERS, WRITE_DISPOSITION};
pub(crate) use on_error::ON_ERROR;
pub(crate) use paginator::PAGINATOR;
pub(crate) use resource::{
    COLUMN, DEFAULTS, ENDPOINT, LISTED_COLUMN, PARAM, RESOURCE, RETRY_IF, SEVERAL_RETRY_IF, STYLED,
};
pub(crate) use rules::{EXPECT, HEADER_TEST, RESPONSE_ACTION};
pub(crate) use runtime::{LOG_LEVELS, RUNTIME};
pub(crate) use steps::{CUSTOM as CUSTOM_STEP, DEDUPE, FLATTEN, HASH, REDACT, STEP};
pub(crate) use tokens::ONE_OF;
pub(crate) use tree::{FOR_EACH_OBJECT, RANGE_OBJECT};

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
        key(
            "max_table_nesting",
            Kind::Integer { min: 0 },
            "How many levels of lists and objects become tables and columns, for every resource that does not say.",
        )
        .or("no limit"),
        key(
            "root_key",
            Kind::Bool,
            "Whether nested tables name the row of the root table too; kept as a hint.",
        ),
        key(
            "schema_contract",
            hints::SCHEMA_CONTRACT,
            "What may change in tables that are there.",
        )
        .or("evolve"),
        key(
            "parallelized",
            Kind::Bool,
            "Requests run side by side anyway; see `runtime.concurrency`.",
        )
        .or("true"),
    ],
};

pub(crate) static CLIENT_CERTIFICATE: Object = Object {
    name: "client_certificate",
    what: "`client_certificate`",
    doc: "A certificate and its private key.",
    misplaced: &[],
    keys: &[
        key(
            "certificate",
            SECRET,
            "The certificate as PEM text, or the file that has it.",
        )
        .required(),
        key(
            "private_key",
            SECRET,
            "The private key as PEM text, best by reference (`${file:PATH}`, `${env:NAME}`), or the file that has it.",
        )
        .required(),
    ],
};

static FOREIGN_ORIGIN: Words = words("policy", &["refuse", "strip"]);

static NETWORK: Words = words("network", &["any", "public_only", "strictly_public"]);

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
        key("retry_if", SEVERAL_RETRY_IF, "What answers look like that are asked for again, besides `runtime.retry_statuses`; a text is a `selector`."),
        key("allowed_hosts", Kind::List(&PLAIN), "Hosts beside that of `base_url` that may see credentials."),
        key("on_foreign_origin", Kind::Word(&FOREIGN_ORIGIN), "What to do with a link to any other host: refuse it, or follow it without credentials.")
            .or("refuse"),
        key("network", Kind::Word(&NETWORK), "Where links of the server may lead: anywhere, or to public addresses only; `strictly_public` holds for `base_url` and token endpoints too.")
            .or("any"),
        key("client_certificate", Kind::Object(&CLIENT_CERTIFICATE), "The certificate by which requests prove who they are to servers that ask for one (mutual TLS)."),
        later("session", "set timeouts, retries and limits under `runtime`"),
    ],
};

const fn variant(name: &'static str, object: &'static Object) -> Variant {
    Variant {
        name,
        also: &[],
        object,
    }
}
