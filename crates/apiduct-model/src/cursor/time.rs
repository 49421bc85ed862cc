//! Times as APIs write them.

use jiff::Timestamp;
use jiff::fmt::strtime::{self, BrokenDownTime};

use super::Zone;
use super::number::scaled_down;
use crate::Scalar;
use crate::timestamp::{days_from_civil, format_timestamp, parse_timestamp};

/// Microseconds of a day.
pub(super) const DAY: i64 = 86_400_000_000;

/// How times are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeFormat {
    /// `2024-01-31T10:00:00Z`.
    Iso8601,
    /// Seconds since 1970; a fraction is read and, in requests, cut off.
    Unix,
    /// Milliseconds since 1970.
    UnixMs,
    /// As `strftime` writes it, such as `%d.%m.%Y %H:%M`.
    Pattern(Box<str>),
}

impl TimeFormat {
    /// The words of the file beside patterns.
    pub const WORDS: [&'static str; 4] = ["iso8601", "unix", "unix_ms", "date"];

    /// The format that `text` names: one of [`TimeFormat::WORDS`] or a pattern with a `%`. `None` for anything else,
    /// and for a pattern that cannot be written.
    ///
    /// ```
    /// use apiduct_model::cursor::TimeFormat;
    ///
    /// assert_eq!(TimeFormat::parse("unix"), Some(TimeFormat::Unix));
    /// assert_eq!(TimeFormat::parse("%d.%m.%Y"), Some(TimeFormat::Pattern("%d.%m.%Y".into())));
    /// assert_eq!(TimeFormat::parse("iso"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "iso8601" => Self::Iso8601,
            "unix" => Self::Unix,
            "unix_ms" => Self::UnixMs,
            "date" => Self::Pattern("%Y-%m-%d".into()),
            pattern if pattern.contains('%') => {
                strtime::format(
                    pattern,
                    &Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC),
                )
                .ok()?;
                Self::Pattern(pattern.into())
            }
            _ => return None,
        })
    }

    /// Microseconds since 1970 of `text`.
    pub(super) fn read(&self, text: &str, zone: &Zone) -> Option<i64> {
        let micros = match self {
            Self::Iso8601 => return iso(text, zone),
            Self::Unix => i64::try_from(scaled_down(text, 6)?).ok()?,
            Self::UnixMs => i64::try_from(scaled_down(text, 3)?).ok()?,
            Self::Pattern(pattern) => return by_pattern(pattern, text, zone),
        };
        in_calendar(micros)
    }

    /// The instant in this format. Seconds and milliseconds are numbers, rounded down.
    pub(super) fn write(&self, micros: i64, zone: &Zone) -> Scalar {
        match self {
            Self::Iso8601 => Scalar::Text(format_timestamp(micros).into()),
            Self::Unix => Scalar::from(micros.div_euclid(1_000_000)),
            Self::UnixMs => Scalar::from(micros.div_euclid(1_000)),
            Self::Pattern(pattern) => {
                let written = Timestamp::from_microsecond(micros)
                    .ok()
                    .and_then(|instant| {
                        strtime::format(&**pattern, &instant.to_zoned(zone.as_jiff().clone())).ok()
                    });
                // Both are checked when the pattern and the value are read.
                Scalar::Text(written.unwrap_or_else(|| format_timestamp(micros)).into())
            }
        }
    }

    /// The word or pattern of the file.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Iso8601 => "iso8601",
            Self::Unix => "unix",
            Self::UnixMs => "unix_ms",
            Self::Pattern(pattern) => pattern,
        }
    }
}

fn by_pattern(pattern: &str, text: &str, zone: &Zone) -> Option<i64> {
    let parsed = BrokenDownTime::parse(pattern, text).ok()?;
    if let Ok(instant) = parsed.to_timestamp() {
        return Some(instant.as_microsecond());
    }
    let wall = match parsed.to_datetime() {
        Ok(wall) => wall,
        Err(_) => parsed
            .to_date()
            .ok()?
            .to_datetime(jiff::civil::Time::midnight()),
    };
    let instant = zone.as_jiff().to_ambiguous_timestamp(wall).compatible();
    Some(instant.ok()?.as_microsecond())
}

/// Microseconds since 1970 of an ISO 8601 timestamp or date; a text without a zone is of `zone`.
pub(super) fn iso(text: &str, zone: &Zone) -> Option<i64> {
    if is_day(text) {
        return zone.midnight(day(text)?);
    }
    let micros = parse_timestamp(text)?;
    if zone.is_utc() || has_zone(text) {
        Some(micros)
    } else {
        zone.to_instant(micros)
    }
}

/// Whether `text` has the shape of a day: `2024-01-31`.
pub(super) fn is_day(text: &str) -> bool {
    day(text).is_some()
}

fn day(text: &str) -> Option<i64> {
    let bytes: &[u8; 10] = text.as_bytes().try_into().ok()?;
    let digits = |range: std::ops::Range<usize>| {
        bytes[range].iter().try_fold(0_i64, |sum, digit| {
            digit
                .is_ascii_digit()
                .then(|| sum * 10 + i64::from(digit - b'0'))
        })
    };
    if bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    days_from_civil(digits(0..4)?, digits(5..7)?, digits(8..10)?)
}

/// Whether a timestamp ends in `Z` or an offset.
fn has_zone(text: &str) -> bool {
    let time = text.find(['T', ' ']).map_or("", |at| &text[at..]);
    time.ends_with('Z') || time.contains(['+', '-'])
}

/// The instant in ISO 8601, in the manner of `like`: a day, without a zone, or with a space in the middle.
pub(super) fn iso_like(micros: i64, like: &str, zone: &Zone) -> String {
    if is_day(like) {
        return day_text(micros, zone);
    }
    let is_plain = parse_timestamp(like).is_some() && !has_zone(like);
    let mut text = if is_plain {
        let mut text = format_timestamp(zone.to_wall(micros));
        text.pop();
        text
    } else {
        format_timestamp(micros)
    };
    if like.as_bytes().get(10) == Some(&b' ') {
        text.replace_range(10..11, " ");
    }
    text
}

pub(super) fn day_text(micros: i64, zone: &Zone) -> String {
    let mut text = format_timestamp(zone.to_wall(micros));
    text.truncate(10);
    text
}

/// The instant, if it lies in the years 1 to 9999.
pub(super) fn in_calendar(micros: i64) -> Option<i64> {
    const FIRST: i64 = -62_135_596_800_000_000;
    const LAST: i64 = 253_402_207_200_000_000;
    (FIRST..LAST).contains(&micros).then_some(micros)
}
