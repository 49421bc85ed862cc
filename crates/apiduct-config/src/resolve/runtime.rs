use std::ops::RangeInclusive;
use std::time::Duration;

use apiduct_client::Limits;
use apiduct_client::rate::{RateConfig, Window};
use apiduct_client::retry::{RetryConfig, RetryKind};

use super::outside::Outside;
use super::source::SecretSource;
use crate::error::{ConfigErrorKind, ConfigErrors};
use crate::spec::{Located, RuntimeSpec, Written, duration};
use crate::template::Template;

/// Limits, timeouts and retries of a run.
///
/// What the file says counts first, then what [`Runtime::overlay`] finds outside it, then the defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct Runtime {
    /// Tries after the first one. Default: 5.
    pub max_retries: u32,
    /// The first wait in seconds; each further one is twice as long. Default: 1.
    pub backoff_factor: f64,
    /// The longest wait before a try. Default: 300 s.
    pub max_retry_delay: Duration,
    /// Whether each wait between tries is a random part of what it would have been. Default: no.
    pub has_jitter: bool,
    /// Statuses that are tried again. Default: 429 and 500 to 599.
    pub retry_statuses: Vec<RangeInclusive<u16>>,
    /// Kinds of failures that are tried again. Default: [`RetryKind::DEFAULT`].
    pub retry_errors: Vec<RetryKind>,
    /// For a connection to be made. Default: the timeout, at most 30 s.
    pub connect_timeout: Option<Duration>,
    /// For the next bytes of an answer to arrive. Default: the timeout.
    pub idle_timeout: Option<Duration>,
    /// For one try: the longest silence, and the longest wait for a connection. Default: 60 s.
    pub timeout: Duration,
    /// For one try as a whole. Default: 30 min, or the timeout if that is longer.
    pub total_timeout: TotalTimeout,
    /// The longest wait that a server may ask for. Default: 300 s.
    pub max_wait: Duration,
    /// Whether pages are kept on disk until they are loaded, so that a run that ends early goes on. Default: yes.
    pub resume: bool,
    /// Requests in flight to one host. Default: 8.
    pub concurrency: usize,
    /// The most requests in a time, all to be kept. Default: no bound.
    pub rate_limit: Vec<Window>,
    /// The largest body in bytes, also after decompression. Default: 256 MiB.
    pub max_response_bytes: u64,
    /// Bound of everything in flight, in bytes. Default: 256 MiB.
    pub memory: u64,
    /// The `User-Agent` header.
    pub user_agent: Option<Located<Template>>,
    /// A PEM file of certificates to trust.
    pub ca_bundle: Option<Located<Template>>,
    /// Whether an error shows the beginning of a body. Default: as much as [`Runtime::error_excerpt`] says.
    pub http_show_error_body: Option<bool>,
    /// How much of a body an error shows at most, in characters.
    pub http_max_error_body_length: Option<u64>,
    /// What is written to the log: `critical`, `error`, `warning`, `info`, `debug` or `trace`.
    pub log_level: Option<&'static str>,
    written: Vec<&'static str>,
}

/// A century: what `timeout: null` means.
const NEVER: Duration = Duration::from_hours(24 * 36_525);

/// What bounds one try as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TotalTimeout {
    /// 30 min, or the timeout if that is longer.
    #[default]
    Default,
    /// Nothing.
    Unbounded,
    /// This.
    Bound(Duration),
}

const MEBIBYTE: u64 = 1024 * 1024;

impl Default for Runtime {
    fn default() -> Self {
        Self {
            max_retries: 5,
            backoff_factor: 1.0,
            max_retry_delay: Duration::from_mins(5),
            has_jitter: false,
            retry_statuses: RetryConfig::default().statuses,
            retry_errors: RetryKind::DEFAULT.to_vec(),
            connect_timeout: None,
            idle_timeout: None,
            timeout: Duration::from_mins(1),
            total_timeout: TotalTimeout::Default,
            max_wait: Duration::from_mins(5),
            resume: true,
            concurrency: 8,
            rate_limit: Vec::new(),
            max_response_bytes: 256 * MEBIBYTE,
            memory: 256 * MEBIBYTE,
            user_agent: None,
            ca_bundle: None,
            http_show_error_body: None,
            http_max_error_body_length: None,
            log_level: None,
            written: Vec::new(),
        }
    }
}

impl Runtime {
    pub(crate) fn new(spec: &RuntimeSpec) -> Self {
        let mut runtime = Self {
            has_jitter: spec.jitter.value() == Some(&"full"),
            connect_timeout: spec.connect_timeout.value().copied(),
            idle_timeout: spec.idle_timeout.value().copied(),
            total_timeout: match &spec.total_timeout {
                Written::Absent => TotalTimeout::Default,
                Written::Null => TotalTimeout::Unbounded,
                Written::Value(located) => TotalTimeout::Bound(located.value),
            },
            rate_limit: spec.rate_limit.value().cloned().unwrap_or_default(),
            user_agent: spec.user_agent.located().cloned(),
            ca_bundle: spec.ca_bundle.located().cloned(),
            http_show_error_body: spec.http_show_error_body.value().copied(),
            http_max_error_body_length: spec.http_max_error_body_length.value().copied(),
            log_level: spec.log_level.value().copied(),
            written: written(spec),
            ..Self::default()
        };
        set(
            &mut runtime.retry_statuses,
            spec.retry_statuses.value().cloned(),
        );
        let kinds = |names: &Vec<&'static str>| {
            let kinds = names.iter().filter_map(|name| RetryKind::from_name(name));
            kinds.collect()
        };
        set(
            &mut runtime.retry_errors,
            spec.retry_errors.value().map(kinds),
        );
        let small = |value: &u64| u32::try_from(*value).unwrap_or(u32::MAX);
        set(
            &mut runtime.max_retries,
            spec.max_retries.value().map(small),
        );
        set(
            &mut runtime.backoff_factor,
            spec.backoff_factor.value().copied(),
        );
        set(
            &mut runtime.max_retry_delay,
            spec.max_retry_delay.value().copied(),
        );
        set(&mut runtime.timeout, spec.timeout.value().copied());
        if matches!(spec.timeout, Written::Null) {
            runtime.timeout = NEVER;
        }
        set(&mut runtime.resume, spec.resume.value().copied());
        set(&mut runtime.max_wait, spec.max_wait.value().copied());
        let concurrency = spec.concurrency.value();
        set(
            &mut runtime.concurrency,
            concurrency.map(|value| usize::try_from(*value).unwrap_or(usize::MAX)),
        );
        set(
            &mut runtime.max_response_bytes,
            spec.max_response_bytes.value().copied(),
        );
        set(&mut runtime.memory, spec.memory.value().copied());
        runtime
    }

    /// Takes settings that the file leaves out from the reference's places: environment variables such as
    /// `RUNTIME__REQUEST_TIMEOUT`, then the table `[runtime]` of `.dlt/config.toml`.
    ///
    /// # Errors
    /// A value that cannot be read as what the setting is, and a `config.toml` that is not TOML.
    pub fn overlay(&mut self, source: &dyn SecretSource) -> Result<(), ConfigErrors> {
        let (found, mut problems) = Outside::find(source);
        for setting in found {
            if self.written.contains(&setting.name) {
                continue;
            }
            if let Err(kind) = self.take(setting.name, &setting.value) {
                setting.report(kind, &mut problems);
            }
        }
        problems.into_result(Some(()))
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), ConfigErrorKind> {
        let malformed = |expected, example| ConfigErrorKind::Malformed {
            value: value.to_owned(),
            expected,
            example,
        };
        let time = || duration(value).ok_or_else(|| malformed("a duration", "`30` or `30s`"));
        match name {
            "request_timeout" => self.timeout = time()?,
            "request_max_retry_delay" => self.max_retry_delay = time()?,
            "request_max_attempts" => {
                let number = value.trim().parse();
                self.max_retries = number.map_err(|_| malformed("a whole number from 0", "`5`"))?;
            }
            "request_backoff_factor" => {
                let number = value.trim().parse::<f64>().ok();
                let number = number.filter(|one| one.is_finite() && *one >= 0.0);
                self.backoff_factor =
                    number.ok_or_else(|| malformed("a number from 0", "`1.5`"))?;
            }
            "http_show_error_body" => {
                let shows = match value.trim().to_ascii_lowercase().as_str() {
                    "true" | "yes" | "1" => Some(true),
                    "false" | "no" | "0" => Some(false),
                    _ => None,
                };
                let shows = shows.ok_or_else(|| malformed("true or false", "`true`"))?;
                self.http_show_error_body = Some(shows);
            }
            "http_max_error_body_length" => {
                let number = value.trim().parse();
                let number = number.map_err(|_| malformed("a whole number from 0", "`8192`"))?;
                self.http_max_error_body_length = Some(number);
            }
            _ => {
                let level = crate::spec::log_level(value);
                self.log_level = Some(level.ok_or_else(|| malformed("a log level", "`WARNING`"))?);
            }
        }
        Ok(())
    }

    /// How patient the client is. Jitter has the seed 0, to be replaced by a better one.
    pub fn retry(&self) -> RetryConfig {
        RetryConfig {
            max_retries: self.max_retries,
            backoff_factor: self.backoff_factor,
            max_retry_delay: self.max_retry_delay,
            max_wait: self.max_wait,
            jitter: self.has_jitter.then_some(0),
            statuses: self.retry_statuses.clone(),
            kinds: self.retry_errors.clone(),
            ..RetryConfig::default()
        }
    }

    /// How much of a body an error may show, in characters: nothing with `http_show_error_body: false`; else
    /// `http_max_error_body_length`, by default 8192 where the body was asked for and 300 where nothing was said.
    pub fn error_excerpt(&self) -> usize {
        let length = match (self.http_show_error_body, self.http_max_error_body_length) {
            (Some(false), _) => 0,
            (_, Some(length)) => length,
            (Some(true), None) => 8192,
            (None, None) => 300,
        };
        usize::try_from(length).unwrap_or(usize::MAX)
    }

    /// How many requests go out, and how fast.
    pub fn rate(&self) -> RateConfig {
        RateConfig {
            concurrency: self.concurrency,
            windows: self.rate_limit.clone(),
            ..RateConfig::default()
        }
    }

    /// How long one try may take and how large its answer may be.
    pub fn limits(&self) -> Limits {
        let defaults = Limits::default();
        Limits {
            connect_timeout: self
                .connect_timeout
                .unwrap_or_else(|| self.timeout.min(defaults.connect_timeout)),
            idle_timeout: self.idle_timeout.unwrap_or(self.timeout),
            total_timeout: match self.total_timeout {
                TotalTimeout::Default => defaults.total_timeout.max(Some(self.timeout)),
                TotalTimeout::Unbounded => None,
                TotalTimeout::Bound(limit) => Some(limit),
            },
            max_response_bytes: self.max_response_bytes,
            ..defaults
        }
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// The settings of [`Outside`] that the file has.
fn written(spec: &RuntimeSpec) -> Vec<&'static str> {
    let all = [
        ("request_timeout", !spec.timeout.is_absent()),
        ("request_max_attempts", is_written(&spec.max_retries)),
        ("request_backoff_factor", is_written(&spec.backoff_factor)),
        ("request_max_retry_delay", is_written(&spec.max_retry_delay)),
        (
            "http_show_error_body",
            is_written(&spec.http_show_error_body),
        ),
        (
            "http_max_error_body_length",
            is_written(&spec.http_max_error_body_length),
        ),
        ("log_level", is_written(&spec.log_level)),
    ];
    all.into_iter()
        .filter_map(|(name, is_there)| is_there.then_some(name))
        .collect()
}

fn is_written<T>(written: &Written<T>) -> bool {
    written.value().is_some()
}
