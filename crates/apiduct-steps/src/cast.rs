//! Values into other types, without losing digits.

use apiduct_model::{format_timestamp, parse_timestamp};
use jaq_json::{Num, Val};

use crate::error::StepProblem;
use crate::value;

/// What `cast` makes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CastTo {
    /// A text; numbers and booleans in JSON spelling, lists and objects as JSON.
    Text,
    /// A whole number, from a text or from a number without a fraction.
    Bigint,
    /// A number, from a text; its digits stay as they are.
    Number,
    /// A boolean, from `true`, `yes`, `1` and `false`, `no`, `0`, as text in any case.
    Bool,
    /// A timestamp: a text that is one already, or a number of seconds since 1970.
    Timestamp,
    /// A timestamp: a text that is one already, or a number of milliseconds since 1970.
    TimestampMs,
    /// A date: from a date, from the date of a timestamp, or from a number of seconds since 1970.
    Date,
}

impl CastTo {
    /// Every target, by the word that the file uses. `double` and `decimal` differ in nothing here: a number keeps its
    /// digits, and the column decides.
    pub const WORDS: [(&'static str, Self); 8] = [
        ("text", Self::Text),
        ("bigint", Self::Bigint),
        ("double", Self::Number),
        ("decimal", Self::Number),
        ("bool", Self::Bool),
        ("timestamp", Self::Timestamp),
        ("timestamp_ms", Self::TimestampMs),
        ("date", Self::Date),
    ];

    /// The target called `word`.
    pub fn from_word(word: &str) -> Option<Self> {
        let mut words = Self::WORDS.into_iter();
        words.find(|(one, _)| *one == word).map(|(_, to)| to)
    }

    /// What it is, with its article, for messages.
    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Bigint => "a whole number",
            Self::Number => "a number",
            Self::Bool => "a boolean",
            Self::Timestamp | Self::TimestampMs => "a timestamp",
            Self::Date => "a date",
        }
    }
}

/// `value` as `to`; `None` when it cannot be that. Null stays null.
pub(crate) fn cast(value: &Val, to: CastTo) -> Result<Option<Val>, StepProblem> {
    if matches!(value, Val::Null) {
        return Ok(Some(Val::Null));
    }
    Ok(match to {
        CastTo::Text => match value {
            Val::TStr(_) => Some(value.clone()),
            other => Some(value::text(&value::to_json(other)?)),
        },
        CastTo::Bigint => whole(value),
        CastTo::Number => number(value),
        CastTo::Bool => boolean(value),
        CastTo::Timestamp => timestamp(value, 1_000_000),
        CastTo::TimestampMs => timestamp(value, 1000),
        CastTo::Date => date(value),
    })
}

fn number(value: &Val) -> Option<Val> {
    if matches!(value, Val::Num(_)) {
        return Some(value.clone());
    }
    let text = value::as_text(value)?.trim();
    value::is_number(text).then(|| value::read(text).ok())?
}

fn whole(value: &Val) -> Option<Val> {
    if let Some(text) = value::as_text(value) {
        let text = text.trim();
        let is_whole = text
            .strip_prefix('-')
            .unwrap_or(text)
            .bytes()
            .all(|byte| byte.is_ascii_digit());
        if is_whole {
            return Num::from_str_radix(text, 10).map(Val::Num);
        }
    }
    let Val::Num(number) = number(value)? else {
        return None;
    };
    match &number {
        Num::Int(_) | Num::BigInt(_) => Some(Val::Num(number)),
        Num::Dec(text) => {
            let (digits, fraction) = text.split_once('.').unwrap_or((text, ""));
            let is_whole = fraction.bytes().all(|byte| byte == b'0');
            let exact = is_whole.then(|| Num::from_str_radix(digits, 10)).flatten();
            match exact {
                Some(exact) => Some(Val::Num(exact)),
                None => from_float(text.parse().ok()?),
            }
        }
        Num::Float(float) => from_float(*float),
    }
}

fn from_float(float: f64) -> Option<Val> {
    let is_exact = float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0;
    is_exact.then(|| Num::from_str_radix(&format!("{float:.0}"), 10).map(Val::Num))?
}

fn boolean(value: &Val) -> Option<Val> {
    let text = match value {
        Val::Bool(_) => return Some(value.clone()),
        Val::Num(number) => number.to_string(),
        other => value::as_text(other)?.trim().to_ascii_lowercase(),
    };
    match text.as_str() {
        "true" | "yes" | "1" => Some(Val::Bool(true)),
        "false" | "no" | "0" => Some(Val::Bool(false)),
        _ => None,
    }
}

/// `unit` is the number of microseconds that a number counts.
fn timestamp(value: &Val, unit: i64) -> Option<Val> {
    if let Some(text) = value::as_text(value) {
        return parse_timestamp(text).map(|_| value.clone());
    }
    Some(value::text(&format_timestamp(microseconds(value, unit)?)))
}

/// A number of `unit` microseconds, exactly; digits beyond a microsecond are cut off.
fn microseconds(value: &Val, unit: i64) -> Option<i64> {
    let Val::Num(number) = value else { return None };
    let text = match number {
        Num::Int(int) => return i64::try_from(*int).ok()?.checked_mul(unit),
        Num::BigInt(_) => return None,
        Num::Dec(text) if !text.contains(['e', 'E']) => text.to_string(),
        Num::Dec(text) => format!("{:.9}", text.parse::<f64>().ok()?),
        Num::Float(float) => format!("{float:.9}"),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let (mut part, mut scale) = (0, unit);
    for digit in fraction.bytes() {
        scale /= 10;
        part += i64::from(digit.wrapping_sub(b'0')) * scale;
    }
    let part = if text.starts_with('-') { -part } else { part };
    whole
        .parse::<i64>()
        .ok()?
        .checked_mul(unit)?
        .checked_add(part)
}

fn date(value: &Val) -> Option<Val> {
    let stamp = match value::as_text(value) {
        Some(text) => {
            let is_date = text.len() == 10 && parse_timestamp(&format!("{text}T00")).is_some();
            if is_date && text.as_bytes()[4] == b'-' {
                return Some(value.clone());
            }
            // The day as it is written, in whatever zone that is.
            let day = text.get(..10).filter(|day| day.as_bytes()[4] == b'-');
            return match (parse_timestamp(text), day) {
                (Some(_), Some(day)) => Some(value::text(day)),
                (Some(stamp), None) => Some(value::text(format_timestamp(stamp).get(..10)?)),
                (None, _) => None,
            };
        }
        None => microseconds(value, 1_000_000)?,
    };
    Some(value::text(format_timestamp(stamp).get(..10)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(word: &str, json: &str) -> Option<String> {
        let value = value::read(json).unwrap();
        let cast = cast(&value, CastTo::from_word(word).unwrap()).unwrap()?;
        Some(value::to_json(&cast).unwrap())
    }

    #[track_caller]
    fn gives(word: &str, json: &str, expected: &str) {
        assert_eq!(
            to(word, json).as_deref(),
            Some(expected),
            "{word} of {json}"
        );
    }

    #[track_caller]
    fn refuses(word: &str, values: &[&str]) {
        for json in values {
            assert_eq!(to(word, json), None, "{word} of {json}");
        }
    }

    #[test]
    fn null_stays_null() {
        for (word, _) in CastTo::WORDS {
            gives(word, "null", "null");
        }
    }

    #[test]
    fn texts_keep_the_digits_of_numbers() {
        gives(
            "text",
            "12345678901234567890.10",
            r#""12345678901234567890.10""#,
        );
        gives("text", "true", r#""true""#);
        gives("text", r#"{"a":[1]}"#, r#""{\"a\":[1]}""#);
    }

    #[test]
    fn whole_numbers_come_from_texts_and_numbers_without_a_fraction() {
        gives("bigint", r#"" 007 ""#, "7");
        gives(
            "bigint",
            r#""-99999999999999999999""#,
            "-99999999999999999999",
        );
        gives("bigint", "12.000", "12");
        gives("bigint", "1e3", "1000");
        refuses(
            "bigint",
            &[
                "1.5", r#""1.5""#, r#""""#, r#""-""#, r#""x""#, "true", "[]", "1e300",
            ],
        );
    }

    #[test]
    fn numbers_come_from_texts_with_all_digits() {
        gives("decimal", r#""12.30""#, "12.30");
        gives("double", r#"" 1e5 ""#, "1e5");
        refuses(
            "decimal",
            &[r#""1,5""#, r#""NaN""#, r#""+1""#, r#""""#, "{}"],
        );
    }

    #[test]
    fn booleans_come_from_the_usual_words() {
        gives("bool", r#""Yes""#, "true");
        gives("bool", "0", "false");
        refuses("bool", &["2", r#""maybe""#, "1.0"]);
    }

    #[test]
    fn timestamps_come_from_seconds_and_milliseconds() {
        gives("timestamp", "1704067200", r#""2024-01-01T00:00:00Z""#);
        gives(
            "timestamp_ms",
            "1704067200001",
            r#""2024-01-01T00:00:00.001Z""#,
        );
        gives("timestamp", "1.25", r#""1970-01-01T00:00:01.25Z""#);
        gives("timestamp", "-0.5", r#""1969-12-31T23:59:59.5Z""#);
        gives(
            "timestamp",
            r#""2024-01-01 10:00+02:00""#,
            r#""2024-01-01 10:00+02:00""#,
        );
        refuses("timestamp", &[r#""soon""#, "99999999999999999999", "1e300"]);
    }

    #[test]
    fn dates_come_from_timestamps() {
        gives("date", r#""2024-02-29""#, r#""2024-02-29""#);
        gives("date", r#""2024-02-29T23:30:00-05:00""#, r#""2024-02-29""#);
        gives("date", "86400", r#""1970-01-02""#);
        refuses("date", &[r#""2024-02-30""#, r#""29.02.2024""#, "true"]);
    }
}
