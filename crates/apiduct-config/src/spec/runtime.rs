use std::ops::RangeInclusive;
use std::time::Duration;

use apiduct_client::rate::Window;

use super::fields::{Fields, Written};
use super::keys::RUNTIME;
use crate::locate::{Mark, Node, NodeValue};
use crate::template::{Mode, Template};

/// The key `runtime` as written.
#[derive(Debug, Clone, PartialEq)]
pub struct RuntimeSpec {
    /// Tries after the first one.
    pub max_retries: Written<u64>,
    /// Factor of the waits between tries.
    pub backoff_factor: Written<f64>,
    /// The longest wait before a try.
    pub max_retry_delay: Written<Duration>,
    /// Whether waits between tries are random parts: `none` or `full`.
    pub jitter: Written<&'static str>,
    /// Statuses that are tried again.
    pub retry_statuses: Written<Vec<RangeInclusive<u16>>>,
    /// Kinds of failures that are tried again, by their names.
    pub retry_errors: Written<Vec<&'static str>>,
    /// For one try: the longest silence, and the longest wait for a connection.
    pub timeout: Written<Duration>,
    /// For a connection to be made.
    pub connect_timeout: Written<Duration>,
    /// For the next bytes of an answer to arrive.
    pub idle_timeout: Written<Duration>,
    /// For one try as a whole.
    pub total_timeout: Written<Duration>,
    /// The longest wait that a server may ask for.
    pub max_wait: Written<Duration>,
    /// Whether pages are kept so that a run that ends early can go on.
    pub resume: Written<bool>,
    /// Requests in flight to one host.
    pub concurrency: Written<u64>,
    /// The most requests in a time, all to be kept.
    pub rate_limit: Written<Vec<Window>>,
    /// The largest body in bytes.
    pub max_response_bytes: Written<u64>,
    /// Bound of everything in flight, in bytes.
    pub memory: Written<u64>,
    /// The `User-Agent` header.
    pub user_agent: Written<Template>,
    /// A PEM file of certificates to trust.
    pub ca_bundle: Written<Template>,
    /// Whether an error shows the beginning of a body.
    pub http_show_error_body: Written<bool>,
    /// How much of it, in characters.
    pub http_max_error_body_length: Written<u64>,
    /// What is written to the log.
    pub log_level: Written<&'static str>,
}

impl RuntimeSpec {
    pub(crate) fn read(node: Option<&Node>) -> Self {
        let nothing = Node {
            value: NodeValue::Null,
            mark: Mark::START,
        };
        let fields = Fields::new(&RUNTIME, node.unwrap_or(&nothing), "runtime");
        Self {
            max_retries: fields.integer("max_retries"),
            backoff_factor: fields.number("backoff_factor"),
            max_retry_delay: fields.duration("max_retry_delay"),
            jitter: fields.word("jitter"),
            retry_statuses: fields.statuses("retry_statuses"),
            retry_errors: fields.words("retry_errors"),
            timeout: fields.duration("timeout"),
            connect_timeout: fields.duration("connect_timeout"),
            idle_timeout: fields.duration("idle_timeout"),
            total_timeout: fields.duration("total_timeout"),
            max_wait: fields.duration("max_wait"),
            resume: fields.bool("resume"),
            concurrency: fields.integer("concurrency"),
            rate_limit: fields.rates("rate_limit"),
            max_response_bytes: fields.bytes("max_response_bytes"),
            memory: fields.bytes("memory"),
            user_agent: fields.text("user_agent", Mode::References),
            ca_bundle: fields.text("ca_bundle", Mode::References),
            http_show_error_body: fields.bool("http_show_error_body"),
            http_max_error_body_length: fields.integer("http_max_error_body_length"),
            log_level: fields.word("log_level"),
        }
    }
}
