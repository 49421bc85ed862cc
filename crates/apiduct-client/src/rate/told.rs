//! What servers say about their limits, in every form that is in use.
//!
//! - `RateLimit` and `RateLimit-Policy` as lists of named items (IETF draft `draft-ietf-httpapi-ratelimit-headers`), and
//!   the dictionary of its earlier versions (`limit=10, remaining=5, reset=3`);
//! - `RateLimit-Limit`, `-Remaining`, `-Reset` of versions before that;
//! - `X-RateLimit-…` and `X-Rate-Limit-…`, whose reset is a number of seconds, a moment in seconds or milliseconds since
//!   1970, or a date.
//!
//! What cannot be read is ignored, as RFC 9651 has it for structured fields.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use http::header::DATE;

/// What one response says about one limit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    /// The name of the limit; empty where servers know only one.
    pub(super) name: String,
    /// Requests in a period.
    pub(super) limit: Option<u64>,
    /// Requests that are left in this period.
    pub(super) remaining: u64,
    /// The end of the period, from now.
    pub(super) reset: Option<Duration>,
}

/// Longer periods say nothing about this run.
const LONGEST: Duration = Duration::from_hours(24 * 32);
/// From here on a number is a moment and no length of time: seconds since 1970 on 2001-09-09; 31 years.
const FIRST_MOMENT: f64 = 1e9;
/// From here on it is one in milliseconds.
const FIRST_MOMENT_IN_MILLIS: f64 = 1e11;
/// The server's own clock, which tells whole seconds, is preferred from this difference on.
const CLOCK_DIFFERENCE: Duration = Duration::from_secs(2);

/// All that `headers` say; `now` is the calendar time of their arrival.
pub(super) fn readings(headers: &HeaderMap, now: SystemTime) -> Vec<Reading> {
    let structured = structured(headers);
    if !structured.is_empty() {
        return structured;
    }
    let now = server_time(headers, now);
    let triple = TRIPLES.iter().find_map(|names| triple(headers, names, now));
    triple.into_iter().collect()
}

/// How long the server wants a client to wait that has used up one of its limits.
pub(crate) fn wait_until_reset(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let used_up = readings(headers, now).into_iter();
    let resets = used_up
        .filter(|one| one.remaining == 0)
        .filter_map(|one| one.reset);
    resets.max().filter(|wait| !wait.is_zero())
}

fn structured(headers: &HeaderMap) -> Vec<Reading> {
    let Some(items) = field(headers, "ratelimit").and_then(|text| parse(&text)) else {
        return Vec::new();
    };
    if items.iter().any(|item| item.value.is_some()) {
        let value = |name: &str| items.iter().find(|item| item.name == name)?.value;
        return value("remaining")
            .map(|remaining| Reading {
                name: String::new(),
                limit: value("limit"),
                remaining,
                reset: value("reset").and_then(seconds),
            })
            .into_iter()
            .collect();
    }
    let policies = field(headers, "ratelimit-policy").and_then(|text| parse(&text));
    let policies = policies.unwrap_or_default();
    let reading = |item: Item| {
        let policy = policies.iter().find(|policy| policy.name == item.name);
        let window = policy.and_then(|policy| policy.param("w"));
        Some(Reading {
            limit: policy.and_then(|policy| policy.param("q")),
            remaining: item.param("r")?,
            reset: item.param("t").or(window).and_then(seconds),
            name: item.name,
        })
    };
    items.into_iter().filter_map(reading).collect()
}

/// The names of one family of headers.
struct Names {
    remaining: &'static str,
    limit: &'static str,
    reset: &'static str,
    reset_after: &'static str,
    /// What the limit is called, where a service has several.
    called: &'static str,
}

const TRIPLES: [Names; 3] = [
    Names {
        remaining: "ratelimit-remaining",
        limit: "ratelimit-limit",
        reset: "ratelimit-reset",
        reset_after: "ratelimit-reset-after",
        called: "ratelimit-resource",
    },
    Names {
        remaining: "x-ratelimit-remaining",
        limit: "x-ratelimit-limit",
        reset: "x-ratelimit-reset",
        reset_after: "x-ratelimit-reset-after",
        called: "x-ratelimit-resource",
    },
    Names {
        remaining: "x-rate-limit-remaining",
        limit: "x-rate-limit-limit",
        reset: "x-rate-limit-reset",
        reset_after: "x-rate-limit-reset-after",
        called: "x-rate-limit-resource",
    },
];

fn triple(headers: &HeaderMap, names: &Names, now: SystemTime) -> Option<Reading> {
    let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.trim());
    let remaining = text(names.remaining).and_then(number).and_then(whole)?;
    let reset = text(names.reset_after)
        .and_then(number)
        .and_then(length)
        .or_else(|| text(names.reset).and_then(|text| moment(text, now)));
    Some(Reading {
        name: text(names.called).unwrap_or_default().to_owned(),
        limit: text(names.limit).and_then(number).and_then(whole),
        remaining,
        reset,
    })
}

/// The first number of a field such as `100`, `100.0` or `100, 100;w=60`.
fn number(text: &str) -> Option<f64> {
    let end = text.find([',', ';']).unwrap_or(text.len());
    let text = text[..end].trim();
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_plain.then(|| text.parse().ok())?
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is checked to lie in range; fractions of a request mean none"
)]
fn whole(number: f64) -> Option<u64> {
    (0.0..1e15).contains(&number).then_some(number as u64)
}

fn seconds(number: u64) -> Option<Duration> {
    Some(Duration::from_secs(number)).filter(|length| *length <= LONGEST)
}

fn length(seconds: f64) -> Option<Duration> {
    let length = Duration::try_from_secs_f64(seconds).ok()?;
    (length <= LONGEST).then_some(length)
}

/// The time until a reset that is given in seconds from now, as a moment since 1970, or as a date.
fn moment(text: &str, now: SystemTime) -> Option<Duration> {
    let at = match number(text) {
        Some(number) if number < FIRST_MOMENT => return length(number),
        Some(number) if number < FIRST_MOMENT_IN_MILLIS => number,
        Some(number) => number / 1e3,
        None => {
            let at = httpdate::parse_http_date(text).ok()?;
            at.duration_since(UNIX_EPOCH).ok()?.as_secs_f64()
        }
    };
    let at = UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(at).ok()?)?;
    let left = at.duration_since(now).unwrap_or_default();
    (left <= LONGEST).then_some(left)
}

/// The calendar time of the server, as far as ours is wrong.
fn server_time(headers: &HeaderMap, now: SystemTime) -> SystemTime {
    let date = headers.get(DATE).and_then(|date| date.to_str().ok());
    let Some(date) = date.and_then(|date| httpdate::parse_http_date(date).ok()) else {
        return now;
    };
    let difference = date
        .duration_since(now)
        .or_else(|_| now.duration_since(date));
    if difference.is_ok_and(|difference| difference > CLOCK_DIFFERENCE) {
        date
    } else {
        now
    }
}

/// All lines of a field as one.
fn field(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines: Result<Vec<&str>, _> = headers
        .get_all(name)
        .iter()
        .map(|line| line.to_str())
        .collect();
    Some(lines.ok()?.join(",")).filter(|text| !text.trim().is_empty())
}

/// A member of a structured list or dictionary, as far as rate limits need it.
#[derive(Debug, PartialEq)]
struct Item {
    name: String,
    /// The number after `=`, in a dictionary.
    value: Option<u64>,
    params: Vec<(String, String)>,
}

impl Item {
    fn param(&self, name: &str) -> Option<u64> {
        let (_, value) = self.params.iter().find(|(param, _)| param == name)?;
        value.parse().ok()
    }
}

/// Reads a structured list or dictionary (RFC 9651, sections 4.2.1 and 4.2.2); `None` when anything in it is malformed.
fn parse(text: &str) -> Option<Vec<Item>> {
    let mut rest = text.trim();
    let mut items = Vec::new();
    loop {
        let (name, after) = bare(rest)?;
        let (mut value, mut params) = (None, Vec::new());
        rest = after;
        if let Some(after) = rest.strip_prefix('=') {
            let (number, after) = bare(after)?;
            value = Some(number.parse().ok()?);
            rest = after;
        }
        while let Some(after) = rest.trim_start().strip_prefix(';') {
            let (key, after) = bare(after.trim_start())?;
            rest = after;
            let mut param = "1".to_owned();
            if let Some(after) = rest.strip_prefix('=') {
                let (text, after) = bare(after)?;
                param = text;
                rest = after;
            }
            params.push((key, param));
        }
        items.push(Item {
            name,
            value,
            params,
        });
        rest = rest.trim_start();
        if rest.is_empty() {
            return Some(items);
        }
        rest = rest.strip_prefix(',')?.trim_start();
    }
}

/// A string, a token, a number or a byte sequence, and what follows.
fn bare(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let is_end = |letter: char| matches!(letter, ',' | ';' | '=') || letter.is_whitespace();
        let end = match text.strip_prefix(':') {
            Some(bytes) => bytes.find(':')? + 2,
            None => text.find(is_end).unwrap_or(text.len()),
        };
        let is_plain = text[..end]
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'"');
        return (end > 0 && is_plain).then(|| (text[..end].to_owned(), &text[end..]));
    };
    let mut string = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((string, &quoted[at + 1..])),
            '\\' => string.push(
                letters
                    .next()
                    .map(|(_, next)| next)
                    .filter(|next| matches!(next, '"' | '\\'))?,
            ),
            ' '..='~' => string.push(letter),
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    /// 2024-01-01T00:00:00Z.
    const NOW: Duration = Duration::from_hours(473_352);

    fn read(lines: &[(&'static str, &str)]) -> Vec<Reading> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(HeaderName::from_static(name), value);
        }
        readings(&headers, UNIX_EPOCH + NOW)
    }

    fn reading(name: &str, limit: Option<u64>, remaining: u64, reset: Option<f64>) -> Reading {
        Reading {
            name: name.to_owned(),
            limit,
            remaining,
            reset: reset.map(Duration::from_secs_f64),
        }
    }

    #[test]
    fn the_current_draft_is_read_with_all_its_limits() {
        assert_eq!(
            read(&[
                (
                    "ratelimit-policy",
                    r#""burst";q=100;w=60, "daily";q=1000;w=86400;pk=:cHs=:"#
                ),
                ("ratelimit", r#""burst";r=50;t=30"#),
                ("ratelimit", r#""daily";r=7"#),
            ]),
            [
                reading("burst", Some(100), 50, Some(30.0)),
                reading("daily", Some(1000), 7, Some(86_400.0)),
            ]
        );
    }

    #[test]
    fn earlier_drafts_are_read() {
        assert_eq!(
            read(&[("ratelimit", "limit=100, remaining=50, reset=30")]),
            [reading("", Some(100), 50, Some(30.0))]
        );
        assert_eq!(
            read(&[
                ("ratelimit-limit", "100, 100;w=60"),
                ("ratelimit-remaining", "50"),
                ("ratelimit-reset", "30"),
            ]),
            [reading("", Some(100), 50, Some(30.0))]
        );
    }

    #[test]
    fn a_reset_is_a_length_or_a_moment() {
        for (reset, seconds) in [
            ("30", Some(30.0)),
            ("0.25", Some(0.25)),
            ("1704067230", Some(30.0)),
            ("1704067230500", Some(30.5)),
            ("Mon, 01 Jan 2024 00:00:30 GMT", Some(30.0)),
            ("1704067100", Some(0.0)),
            ("-5", None),
            ("soon", None),
            ("99999999", None),
        ] {
            for prefix in [
                ["x-ratelimit-remaining", "x-ratelimit-reset"],
                ["x-rate-limit-remaining", "x-rate-limit-reset"],
            ] {
                let told = read(&[(prefix[0], "5"), (prefix[1], reset)]);
                assert_eq!(told, [reading("", None, 5, seconds)], "{reset}");
            }
        }
    }

    #[test]
    fn other_names_of_services_are_known() {
        assert_eq!(
            read(&[
                ("x-ratelimit-limit", "5000"),
                ("x-ratelimit-remaining", "4999.0"),
                ("x-ratelimit-reset", "1704067230"),
                ("x-ratelimit-resource", "core"),
            ]),
            [reading("core", Some(5000), 4999, Some(30.0))]
        );
        assert_eq!(
            read(&[
                ("x-ratelimit-remaining", "4"),
                ("x-ratelimit-reset-after", "1.5"),
                ("x-ratelimit-reset", "1")
            ]),
            [reading("", None, 4, Some(1.5))]
        );
    }

    #[test]
    fn a_wrong_clock_here_is_no_reason_to_wait_for_hours() {
        let told = read(&[
            ("date", "Mon, 01 Jan 2024 03:00:00 GMT"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1704078030"),
        ]);
        assert_eq!(told, [reading("", None, 0, Some(30.0))]);
    }

    #[test]
    fn malformed_values_are_ignored() {
        for lines in [
            [("ratelimit", r#""a";r=5, "#), ("x-other", "1")],
            [("ratelimit", r#""a;r=5"#), ("x-other", "1")],
            [("ratelimit", r#""a";r=-5;t=1"#), ("x-other", "1")],
            [
                ("ratelimit", r#""a";t=1"#),
                ("ratelimit-policy", r#""a";q=5"#),
            ],
            [
                ("x-ratelimit-remaining", "many"),
                ("x-ratelimit-reset", "10"),
            ],
            [("x-ratelimit-remaining", "-1"), ("x-ratelimit-reset", "10")],
            [("x-ratelimit-limit", "10"), ("x-ratelimit-reset", "10")],
            [("ratelimit-remaining", "1e3"), ("ratelimit-reset", "10")],
        ] {
            assert_eq!(read(&lines), [], "{lines:?}");
        }
    }

    #[test]
    fn only_a_used_up_limit_asks_for_a_wait() {
        let wait = |remaining: &str, reset: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-ratelimit-remaining", remaining.parse().unwrap());
            headers.insert("x-ratelimit-reset", reset.parse().unwrap());
            wait_until_reset(&headers, UNIX_EPOCH + NOW)
        };
        assert_eq!(wait("0", "30"), Some(Duration::from_secs(30)));
        assert_eq!(wait("1", "30"), None);
        assert_eq!(wait("0", "0"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_by_the_rules_is_read_back(
            name in "[ -~]{1,12}", limit in 0u64..1_000_000, share in 0.0f64..1.0, reset in 0u64..100_000,
        ) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a small number")]
            let remaining = (limit as f64 * share) as u64;
            let quoted = format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
            let told = read(&[
                ("ratelimit-policy", &format!("{quoted};q={limit};w=10")),
                ("ratelimit", &format!("{quoted};t={reset};r={remaining}")),
            ]);
            prop_assert_eq!(told, [reading(&name, Some(limit), remaining, Some(reset as f64))]);
        }

        #[test]
        fn no_text_makes_the_reader_panic_or_ask_for_years(
            limit in "[ -~]{0,30}", rest in "[ -~]{0,30}", date in "[ -~]{0,30}",
        ) {
            for prefix in [
                ["ratelimit", "ratelimit-policy"],
                ["ratelimit-remaining", "ratelimit-reset"],
                ["x-ratelimit-remaining", "x-ratelimit-reset"],
                ["x-ratelimit-remaining", "x-ratelimit-reset-after"],
            ] {
                for one in read(&[(prefix[0], &limit), (prefix[1], &rest), ("date", &date)]) {
                    prop_assert!(one.reset.is_none_or(|reset| reset <= LONGEST));
                }
            }
        }
    }
}
