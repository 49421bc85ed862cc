//! What filters do to values.

use apiduct_json::Captured;
use apiduct_model::Scalar;
use jiff::fmt::strtime;
use jiff::fmt::temporal::{DateTimeParser, Pieces, PiecesOffset};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, Zoned};
use serde_json::Value;

use super::Filter;

/// What a filter needs and did not get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::template) struct Expected(pub(in crate::template) &'static str);

impl Filter {
    /// The value behind the filter.
    pub(in crate::template) fn apply(&self, value: Captured) -> Result<Captured, Expected> {
        match self {
            Self::Default(other) if value.is_none() => return Ok(other.clone()),
            Self::Json if value == Captured::Scalar(Scalar::Null) => return Ok(text("null")),
            _ if value.is_none() => return Ok(value),
            _ => {}
        }
        match self {
            Self::Default(_) | Self::Raw => Ok(value),
            Self::Json => Ok(match &value {
                Captured::Json(json) => text(&compact(json)),
                Captured::Scalar(scalar) => text(&scalar.to_json()),
                Captured::Absent => value,
            }),
            Self::Date(format) => {
                let time = time(&value).ok_or(Expected("a date or a timestamp"))?;
                let written = strtime::format(&**format, &time);
                let written = written.map_err(|_| Expected("a date that this format can write"))?;
                Ok(text(&written))
            }
            Self::Unix => {
                let time = time(&value).ok_or(Expected("a date or a timestamp"))?;
                let seconds = time.timestamp().as_duration();
                Ok(number(&floor_seconds(seconds).to_string()))
            }
            Self::Int => whole(&value)
                .map(|digits| number(&digits))
                .ok_or(Expected("a number")),
            Self::Lower => match &value {
                Captured::Scalar(scalar) => {
                    Ok(text(&scalar.to_text().unwrap_or_default().to_lowercase()))
                }
                _ => Err(Expected("a text")),
            },
            Self::Join(between) => Ok(text(&elements(&value)?.join(between))),
        }
    }
}

/// The elements of a list as texts; a single value counts as a list of one.
pub(in crate::template) fn elements(value: &Captured) -> Result<Vec<String>, Expected> {
    const EXPECTED: Expected = Expected("a list of texts, numbers or booleans");
    let list = match value {
        Captured::Json(json) => json,
        Captured::Scalar(scalar) => {
            return Ok(scalar.to_text().into_iter().map(str::to_owned).collect());
        }
        Captured::Absent => return Ok(Vec::new()),
    };
    let list: Vec<&serde_json::value::RawValue> =
        serde_json::from_str(list).map_err(|_| EXPECTED)?;
    list.into_iter()
        .map(|element| match element.get() {
            "null" => Err(EXPECTED),
            json if json.starts_with('"') => serde_json::from_str(json).map_err(|_| EXPECTED),
            json if json.starts_with(['[', '{']) => Err(EXPECTED),
            // The digits as they are written.
            json => Ok(json.to_owned()),
        })
        .collect()
}

/// Why `format` is not one that `strftime` knows.
pub(super) fn check_date_format(format: &str) -> Result<(), String> {
    let any = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
    let written = strtime::format(format, &any).map_err(|error| error.to_string())?;
    if written.is_empty() {
        return Err("it is empty".to_owned());
    }
    Ok(())
}

fn text(text: &str) -> Captured {
    Captured::Scalar(Scalar::Text(text.into()))
}

fn number(digits: &str) -> Captured {
    Captured::Scalar(Scalar::Number(digits.into()))
}

/// Without white space between tokens; numbers keep their digits.
fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut is_text, mut is_escaped) = (false, false);
    for letter in json.chars() {
        if !is_text && letter.is_ascii_whitespace() {
            continue;
        }
        if letter == '"' && !is_escaped {
            is_text = !is_text;
        }
        is_escaped = letter == '\\' && !is_escaped;
        out.push(letter);
    }
    out
}

fn time(value: &Captured) -> Option<Zoned> {
    match value.scalar()? {
        Scalar::Text(text) => parse_time(text.trim()),
        Scalar::Number(digits) => {
            let seconds: f64 = digits.parse().ok()?;
            let duration = match digits.parse::<i64>() {
                Ok(seconds) => SignedDuration::from_secs(seconds),
                Err(_) => SignedDuration::try_from_secs_f64(seconds).ok()?,
            };
            Some(
                Timestamp::from_duration(duration)
                    .ok()?
                    .to_zoned(TimeZone::UTC),
            )
        }
        Scalar::Null | Scalar::Bool(_) => None,
    }
}

fn parse_time(text: &str) -> Option<Zoned> {
    static PARSER: DateTimeParser = DateTimeParser::new();
    let pieces: Pieces<'_> = PARSER.parse_pieces(text).ok()?;
    let time = pieces.time().unwrap_or_default();
    let offset = match pieces.offset() {
        Some(PiecesOffset::Numeric(offset)) => offset.offset(),
        _ => Offset::UTC,
    };
    let zone = TimeZone::fixed(offset);
    pieces.date().to_datetime(time).to_zoned(zone).ok()
}

fn floor_seconds(since: SignedDuration) -> i64 {
    let is_fraction_below = since.subsec_nanos() < 0;
    since.as_secs() - i64::from(is_fraction_below)
}

/// The digits of a number in front of its point.
fn whole(value: &Captured) -> Option<String> {
    let written = match value.scalar()? {
        Scalar::Number(text) | Scalar::Text(text) => text.trim(),
        Scalar::Null | Scalar::Bool(_) => return None,
    };
    let (sign, digits) = match written.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", written.strip_prefix('+').unwrap_or(written)),
    };
    let (before, after) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if all_digits(before) && all_digits(after) {
        let before = before.trim_start_matches('0');
        return Some(match before {
            "" => "0".to_owned(),
            before => format!("{sign}{before}"),
        });
    }
    // An exponent: exact as far as a double is.
    let number: Value = serde_json::from_str(written).ok()?;
    let number = number.as_f64()?.trunc();
    (number.abs() < 9_007_199_254_740_992.0).then(|| format!("{number:.0}"))
}
