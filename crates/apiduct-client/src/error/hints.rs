//! What to do about errors.

use apiduct_model::Hint;

use super::{Error, ExchangeError, NotJson, PagedBy, StatusError};
use crate::response::RetryStop;

impl Hint for Error {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::BaseUrl { .. } => "write it like `https://api.example.com/v1`",
            Self::Auth { source, .. } => return source.hint(),
            Self::Transport(failed) => return failed.hint(),
            Self::Status(error) => return error.hint(),
            Self::Json(error) => return error.hint(),
            Self::Job(error) => return error.hint(),
            Self::ForeignOrigin { .. } => {
                "if that host may see the credentials, add it to `allowed_hosts`; with `on_foreign_origin: strip` it is asked without them"
            }
            Self::NoMatch { keys, .. } if keys.is_empty() => {
                "use the selector `$` for the whole response"
            }
            Self::NoMatch { .. } => {
                "set `data_selector` to one of them, or `allow_missing: true` if it is absent when there are no records"
            }
            Self::Paginate { source, .. } => return source.hint(),
            Self::Loop { by, .. } => by.hint_of_loop(),
            Self::Unready { .. } => {
                "run again later, raise `max_retries`, or correct `retry_if` or `response_actions`"
            }
            Self::Path { .. }
            | Self::Header { .. }
            | Self::Setting { .. }
            | Self::Selector { .. }
            | Self::TooManyRedirects { .. }
            | Self::Rejected { .. }
            | Self::Refused(_)
            | Self::Record { .. }
            | Self::Keep { .. }
            | Self::Canceled => return None,
        };
        Some(hint.to_owned())
    }
}

impl PagedBy {
    fn hint_of_loop(self) -> &'static str {
        match self {
            Self::Number => {
                "the API seems to ignore the page parameter; check its name in the paginator, or set `allow_repeats: true` if pages may have the same rows"
            }
            Self::Cursor => {
                "the API seems to ignore the cursor; check where the paginator reads it and the parameter it goes into, or set `allow_repeats: true` if pages may have the same rows"
            }
            Self::Link => {
                "the links to the next page lead back; check that the paginator follows the right link, or set `allow_repeats: true` if pages may have the same rows"
            }
        }
    }
}

impl Hint for ExchangeError {
    fn hint(&self) -> Option<String> {
        match self.retry_stop {
            Some(RetryStop::NotIdempotent) => {
                Some("set `retry_unsafe` if repeating this request does no harm".to_owned())
            }
            _ => self.error.hint(),
        }
    }
}

impl Hint for StatusError {
    fn hint(&self) -> Option<String> {
        if let Some(RetryStop::WaitTooLong { asked, .. }) = self.retry_stop {
            let asked = asked.as_secs();
            return Some(format!(
                "run again later, or raise `max_wait` to at least {asked} s"
            ));
        }
        let hint = match self.status.as_u16() {
            300..=399 => {
                "the redirect leads nowhere; check the path, and headers like `If-None-Match`"
            }
            401 => "check `auth`: the credentials are missing, wrong or expired",
            403 => "check `auth`: the credentials are valid for something else, or not sent at all",
            404 | 410 => "check the path, and the base URL in front of it",
            405 => "check the method",
            400 | 422 => "check the parameters and the body of the request",
            429 => "lower the rate of requests, or raise `max_retries`",
            500..=599 => "the server has a problem; run again later",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

impl Hint for NotJson {
    fn hint(&self) -> Option<String> {
        if self.excerpt.starts_with('<') {
            let hint = "that is a web page: check the path, and whether the API wants a login or `Accept: application/json`";
            return Some(hint.to_owned());
        }
        None
    }
}
