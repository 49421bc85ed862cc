//! Values that order records, such as the time of their last change: what incremental loads go by.

mod number;
mod time;
mod zone;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Hint, Scalar};

pub use time::TimeFormat;
pub use zone::{UnknownZone, Zone};

use number::{DECIMAL_DIGITS, scaled, unscaled};

/// What the values of a cursor are, and so how they are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CursorType {
    /// An instant. Texts with different offsets are compared in time.
    Timestamp,
    /// A day; a time of day is ignored.
    Date,
    /// A whole number.
    Int,
    /// A number, exact to 12 digits behind the point.
    Decimal,
    /// A text, compared by its characters.
    Text,
}

impl CursorType {
    /// The types by the words of the file.
    pub const WORDS: [&'static str; 5] = ["timestamp", "date", "int", "decimal", "text"];

    /// The word of the file for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Timestamp => "timestamp",
            Self::Date => "date",
            Self::Int => "int",
            Self::Decimal => "decimal",
            Self::Text => "text",
        }
    }

    /// The type that `value` looks like: numbers are decimals, texts are instants, decimals or just texts.
    pub fn infer(value: RawCursor<'_>) -> Self {
        match value {
            RawCursor::Number(_) => Self::Decimal,
            RawCursor::Text(text) if time::iso(text, &Zone::utc()).is_some() => Self::Timestamp,
            RawCursor::Text(text) if scaled(text, DECIMAL_DIGITS).is_some() => Self::Decimal,
            RawCursor::Text(_) => Self::Text,
        }
    }
}

impl fmt::Display for CursorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that names no type of cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a type of cursor")]
pub struct ParseCursorTypeError;

impl FromStr for CursorType {
    type Err = ParseCursorTypeError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        [
            Self::Timestamp,
            Self::Date,
            Self::Int,
            Self::Decimal,
            Self::Text,
        ]
        .into_iter()
        .find(|one| one.word() == word)
        .ok_or(ParseCursorTypeError)
    }
}

/// A cursor as it was written, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawCursor<'t> {
    /// A number by its digits.
    Number(&'t str),
    /// A text, unescaped.
    Text(&'t str),
}

impl<'t> RawCursor<'t> {
    /// The cursor in `scalar`; `None` for null and booleans.
    pub fn of(scalar: &'t Scalar) -> Option<Self> {
        match scalar {
            Scalar::Number(text) => Some(Self::Number(text)),
            Scalar::Text(text) => Some(Self::Text(text)),
            Scalar::Null | Scalar::Bool(_) => None,
        }
    }

    /// The characters of it.
    pub fn text(self) -> &'t str {
        match self {
            Self::Number(text) | Self::Text(text) => text,
        }
    }

    /// The same value, owned.
    pub fn to_scalar(self) -> Scalar {
        match self {
            Self::Number(text) => Scalar::Number(text.into()),
            Self::Text(text) => Scalar::Text(text.into()),
        }
    }

    /// `text` in the kind of value that this is.
    fn with_text(self, text: String) -> Scalar {
        match self {
            Self::Number(_) => Scalar::Number(text.into()),
            Self::Text(_) => Scalar::Text(text.into()),
        }
    }
}

/// A cursor that can be compared with others of its type: a number of microseconds, days or units, or a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CursorKey<'t> {
    /// Microseconds since 1970, days since 1970, the number itself, or a decimal times 10^12.
    Number(i128),
    /// The text itself.
    Text(&'t str),
}

/// A difference between cursors: how far to look back, or how wide a window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CursorStep {
    /// A span of time.
    Time(Duration),
    /// A number times 10^12: seconds of a timestamp, days of a date, units of a number.
    Number(i128),
}

impl CursorStep {
    /// The step for a number such as `30` or `0.5`.
    pub fn number(text: &str) -> Option<Self> {
        scaled(text, DECIMAL_DIGITS).map(Self::Number)
    }

    /// Whether it goes nowhere.
    pub fn is_zero(&self) -> bool {
        matches!(self, Self::Number(0)) || *self == Self::Time(Duration::ZERO)
    }
}

impl fmt::Display for CursorStep {
    /// A duration as `1h`, a number as its digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => f.write_str(&unscaled(*number, DECIMAL_DIGITS)),
            Self::Time(span) => {
                let mut rest = span.as_secs();
                for (unit, seconds) in [("d", 86_400), ("h", 3600), ("m", 60)] {
                    if rest >= seconds {
                        write!(f, "{}{unit}", rest / seconds)?;
                        rest %= seconds;
                    }
                }
                match span.subsec_millis() {
                    0 if rest == 0 && span.as_secs() > 0 => Ok(()),
                    0 => write!(f, "{rest}s"),
                    millis => write!(f, "{}ms", rest * 1000 + u64::from(millis)),
                }
            }
        }
    }
}

/// Why a value is no cursor of the type that it ought to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CursorError {
    /// The value has another type.
    #[error("`{value}` is not {expected}")]
    Mismatch {
        /// The value.
        value: String,
        /// What it ought to be, in words.
        expected: &'static str,
        /// The type as a word of the file.
        cursor_type: CursorType,
    },
    /// A number stands for a time, and nothing says in which unit.
    #[error("`{value}` is a number, and nothing says which time it stands for")]
    NeedsFormat {
        /// The value.
        value: String,
    },
    /// Texts have no distance from each other.
    #[error("a cursor of type `{cursor_type}` cannot move by a span of {what}")]
    NoStep {
        /// The type.
        cursor_type: CursorType,
        /// `time` or `numbers`.
        what: &'static str,
    },
    /// The result is outside of the calendar or of 128 bits.
    #[error("the cursor leaves its range")]
    OutOfRange,
}

impl Hint for CursorError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Mismatch { .. } => Some(
                "say what the values are with `incremental.type`, and with `format` where they are times"
                    .to_owned(),
            ),
            Self::NeedsFormat { .. } => Some("set `format: unix` (seconds) or `unix_ms`".to_owned()),
            Self::NoStep { .. } => Some("set `incremental.type` to what the values are".to_owned()),
            Self::OutOfRange => None,
        }
    }
}

/// How the cursors of a resource are read, compared and written.
///
/// ```
/// use apiduct_model::cursor::{CursorFormat, CursorType, RawCursor};
///
/// let format = CursorFormat::new(CursorType::Timestamp);
/// let east = format.key(RawCursor::Text("2024-01-01T10:00:00+02:00"))?;
/// let west = format.key(RawCursor::Text("2024-01-01T09:00:00Z"))?;
/// assert!(east < west);
/// # Ok::<(), apiduct_model::cursor::CursorError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorFormat {
    /// The type.
    pub cursor_type: CursorType,
    /// How times are written; default: ISO 8601 texts.
    pub format: Option<TimeFormat>,
    /// The zone of texts that name none; default: UTC.
    pub zone: Zone,
}

impl CursorFormat {
    /// Cursors of `cursor_type`, times in ISO 8601 and UTC.
    pub fn new(cursor_type: CursorType) -> Self {
        Self {
            cursor_type,
            format: None,
            zone: Zone::utc(),
        }
    }

    /// What `value` is compared by. Allocates nothing for numbers, texts and ISO 8601.
    ///
    /// # Errors
    /// [`CursorError`] when it has another type.
    pub fn key<'t>(&self, value: RawCursor<'t>) -> Result<CursorKey<'t>, CursorError> {
        let number = match self.cursor_type {
            CursorType::Text => return Ok(CursorKey::Text(value.text())),
            CursorType::Int => value.text().parse().ok(),
            CursorType::Decimal => scaled(value.text(), DECIMAL_DIGITS),
            CursorType::Timestamp => self.micros(value)?.map(i128::from),
            CursorType::Date => {
                let micros = self.micros(value)?;
                micros.map(|micros| i128::from(self.zone.day(micros)))
            }
        };
        number
            .map(CursorKey::Number)
            .ok_or_else(|| self.mismatch(value))
    }

    fn micros(&self, value: RawCursor<'_>) -> Result<Option<i64>, CursorError> {
        let own = self.format.as_ref();
        if own.is_none() && matches!(value, RawCursor::Number(_)) {
            return Err(CursorError::NeedsFormat {
                value: value.text().to_owned(),
            });
        }
        let read = own.and_then(|format| format.read(value.text(), &self.zone));
        Ok(read.or_else(|| match value {
            // What the file gives is often plainer than what the API writes.
            RawCursor::Text(text) => time::iso(text, &self.zone),
            RawCursor::Number(_) => None,
        }))
    }

    fn mismatch(&self, value: RawCursor<'_>) -> CursorError {
        let expected = match self.cursor_type {
            CursorType::Timestamp => "a timestamp",
            CursorType::Date => "a date",
            CursorType::Int => "a whole number",
            CursorType::Decimal => "a number of at most 26 digits and 12 behind the point",
            CursorType::Text => "a text",
        };
        CursorError::Mismatch {
            value: value.text().to_owned(),
            expected,
            cursor_type: self.cursor_type,
        }
    }

    /// The units of a key that `step` stands for; `like` is a value of the cursor.
    ///
    /// # Errors
    /// [`CursorError::NoStep`] when the type knows no such step.
    pub fn step(&self, step: CursorStep, like: RawCursor<'_>) -> Result<i128, CursorError> {
        const DAY: i128 = 86_400_000_000;
        let one = 10_i128.pow(DECIMAL_DIGITS);
        let no_step = |what| CursorError::NoStep {
            cursor_type: self.cursor_type,
            what,
        };
        match (self.cursor_type, step) {
            (CursorType::Timestamp, CursorStep::Time(span)) => {
                i128::try_from(span.as_micros()).map_err(|_| CursorError::OutOfRange)
            }
            // The unit of a number is the unit of the values: days where they are days.
            (CursorType::Timestamp, CursorStep::Number(number)) => {
                let unit = if time::is_day(like.text()) {
                    DAY
                } else {
                    1_000_000
                };
                number
                    .checked_mul(unit)
                    .map(|scaled| scaled / one)
                    .ok_or(CursorError::OutOfRange)
            }
            (CursorType::Date, CursorStep::Time(span)) => {
                let micros =
                    i128::try_from(span.as_micros()).map_err(|_| CursorError::OutOfRange)?;
                Ok((micros + DAY - 1) / DAY)
            }
            (CursorType::Date | CursorType::Int, CursorStep::Number(number)) => {
                Ok((number + one - 1).div_euclid(one))
            }
            (CursorType::Decimal, CursorStep::Number(number)) => Ok(number),
            (CursorType::Int | CursorType::Decimal | CursorType::Text, CursorStep::Time(_)) => {
                Err(no_step("time"))
            }
            (CursorType::Text, CursorStep::Number(_)) => Err(no_step("numbers")),
        }
    }

    /// The value whose key is `number`, written as `like` is.
    ///
    /// # Errors
    /// [`CursorError`] when it leaves the range of its type.
    pub fn write(&self, number: i128, like: RawCursor<'_>) -> Result<Scalar, CursorError> {
        Ok(match self.cursor_type {
            CursorType::Int => like.with_text(number.to_string()),
            CursorType::Decimal => like.with_text(unscaled(number, DECIMAL_DIGITS)),
            CursorType::Text => return Err(CursorError::OutOfRange),
            CursorType::Timestamp | CursorType::Date => {
                let micros = self.instant(number)?;
                match (&self.format, like) {
                    (Some(TimeFormat::Iso8601) | None, _) => {
                        Scalar::Text(time::iso_like(micros, like.text(), &self.zone).into())
                    }
                    (Some(format), RawCursor::Number(_)) => format.write(micros, &self.zone),
                    (Some(format), RawCursor::Text(_)) => {
                        let written = format.write(micros, &self.zone);
                        Scalar::Text(written.to_text().unwrap_or_default().into())
                    }
                }
            }
        })
    }

    /// `value` in another format, for a request. What is no time stays as it is.
    ///
    /// # Errors
    /// [`CursorError`] when the value has another type than the cursor.
    pub fn convert(&self, value: &Scalar, to: &TimeFormat) -> Result<Scalar, CursorError> {
        let Some(raw) = RawCursor::of(value) else {
            return Ok(value.clone());
        };
        let cursor_type = match self.cursor_type {
            CursorType::Timestamp | CursorType::Date => self.cursor_type,
            // Seconds since 1970 that are compared as numbers, or texts in a time format.
            _ => CursorType::Timestamp,
        };
        let as_time = Self {
            cursor_type,
            ..self.clone()
        };
        match as_time.key(raw)? {
            CursorKey::Number(number) => {
                let micros = as_time.instant(number)?;
                if cursor_type == CursorType::Date && *to == TimeFormat::Iso8601 {
                    return Ok(Scalar::Text(time::day_text(micros, &self.zone).into()));
                }
                Ok(to.write(micros, &self.zone))
            }
            CursorKey::Text(_) => Ok(value.clone()),
        }
    }

    /// Microseconds since 1970 of a key.
    fn instant(&self, number: i128) -> Result<i64, CursorError> {
        let number = i64::try_from(number).map_err(|_| CursorError::OutOfRange)?;
        if self.cursor_type == CursorType::Date {
            return self.zone.midnight(number).ok_or(CursorError::OutOfRange);
        }
        time::in_calendar(number).ok_or(CursorError::OutOfRange)
    }
}

#[cfg(test)]
mod tests;
