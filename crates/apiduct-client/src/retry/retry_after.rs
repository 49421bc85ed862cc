//! `Retry-After` (RFC 9110, section 10.2.3).

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::RETRY_AFTER;

/// The wait that a `Retry-After` header asks for, as seconds (also with decimals) or as a date. `None` when there is
/// no such header, or it asks for no wait.
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let is_number = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let wait = if is_number {
        Duration::try_from_secs_f64(text.parse().ok()?).ok()?
    } else {
        let date = httpdate::parse_http_date(text).ok()?;
        date.duration_since(now).ok()?
    };
    Some(wait).filter(|wait| !wait.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        for (value, seconds) in [
            ("4", Some(4.0)),
            (" 4 ", Some(4.0)),
            ("1.5", Some(1.5)),
            ("Thu, 01 Jan 1970 00:00:10 GMT", Some(10.0)),
            ("0", None),
            ("-1", None),
            ("1e3", None),
            ("xyz", None),
            ("", None),
            ("Wed, 31 Dec 1969 00:00:00 GMT", None),
            ("9999999999999999999999999", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            let wait = retry_after(&headers, SystemTime::UNIX_EPOCH);
            assert_eq!(wait.map(|wait| wait.as_secs_f64()), seconds, "`{value}`");
        }
        assert_eq!(retry_after(&HeaderMap::new(), SystemTime::UNIX_EPOCH), None);
    }
}
