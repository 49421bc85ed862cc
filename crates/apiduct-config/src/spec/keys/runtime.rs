//! Limits, timeouts and retries.

use super::{SECRET, key, words};
use crate::spec::table::{Kind, Object, Words};

pub(crate) static LOG_LEVELS: Words = Words {
    any_case: true,
    ..words(
        "log level",
        &["critical", "error", "warning", "info", "debug", "trace"],
    )
};

/// The names of `RetryKind`.
static FAILURES: Words = words(
    "kind of failure",
    &[
        "dns",
        "connect",
        "tls",
        "timeout",
        "broken",
        "decode",
        "broken_json",
        "no_records",
        "other",
    ],
);

static JITTER: Words = words("jitter", &["none", "full"]);

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
            "jitter",
            Kind::Word(&JITTER),
            "Whether each wait between tries is a random part of what it would have been.",
        )
        .or("none"),
        key(
            "retry_statuses",
            Kind::OneOrMany(&Kind::Status),
            "Statuses that are tried again: one or a list, each a number or a range such as `500-599`.",
        )
        .or("[429, 500-599]"),
        key(
            "retry_errors",
            Kind::OneOrMany(&Kind::Word(&FAILURES)),
            "Kinds of failures that are tried again: no address, no connection, no trust, a time limit, a connection that broke, a body that does not decompress, broken JSON, a later page without records, and others.",
        )
        .or("[dns, connect, timeout, broken, broken_json, no_records]"),
        key(
            "timeout",
            Kind::Duration,
            "For one try: the longest silence, and the longest wait for a connection; null sets no bound to silence.",
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
            "For one try as a whole, however much it brings, or `timeout` if that is longer; null sets no bound.",
        )
        .or("30m"),
        key(
            "max_wait",
            Kind::Duration,
            "The longest wait that a server may ask for before the run ends as incomplete.",
        )
        .or("300s"),
        key(
            "resume",
            Kind::Bool,
            "Whether the pages of a run are kept on disk until they are loaded, so that a run that ends early goes on where it was.",
        )
        .or("true"),
        key(
            "concurrency",
            Kind::Integer { min: 1 },
            "Requests in flight to one host.",
        )
        .or("8"),
        key(
            "rate_limit",
            Kind::OneOrMany(&Kind::Rate),
            "The most requests in a time, such as `10/s`, or a list of such rates, all to be kept.",
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
            "http_show_error_body",
            Kind::Bool,
            "Whether an error shows the beginning of the answer's body, secrets masked.",
        )
        .or("true, at most 300 characters"),
        key(
            "http_max_error_body_length",
            Kind::Integer { min: 0 },
            "How much of the body an error shows at most, in characters.",
        )
        .or("8192 with http_show_error_body"),
        key(
            "log_level",
            Kind::Word(&LOG_LEVELS),
            "What is written to the log.",
        )
        .or("warning"),
    ],
};
