/// Microseconds since 1970 of an ISO 8601 date with a time of day, or `None` for any other text.
///
/// Accepted are `YYYY-MM-DD` with `hh`, `hh:mm` or `hh:mm:ss`, and `YYYYMMDD` with `hhmm` or `hhmmss` or `hh`,
/// joined by `T` or one space (`YYYY/MM/DD` by a space only); a fraction after `.` or `,`, kept to
/// microseconds; and no zone (taken as UTC), `Z`, or an offset `±hh`, `±hh:mm`, `±hhmm`. A date alone is not a
/// timestamp.
///
/// ```
/// use apiduct_model::parse_timestamp;
///
/// assert_eq!(parse_timestamp("1970-01-01T00:00:01Z"), Some(1_000_000));
/// assert_eq!(parse_timestamp("1970-01-01 01:00:00.5+01:00"), Some(500_000));
/// assert_eq!(parse_timestamp("2024-01-01"), None);
/// ```
pub fn parse_timestamp(text: &str) -> Option<i64> {
    if let Ok(plain) = <&[u8; 20]>::try_from(text.as_bytes()) {
        return parse_plain(plain).or_else(|| parse_any(text));
    }
    parse_any(text)
}

/// Reads the commonest form, `YYYY-MM-DDThh:mm:ssZ`, without going through its parts one by one.
fn parse_plain(text: &[u8; 20]) -> Option<i64> {
    const FORM: &[u8; 20] = b"0000-00-00T00:00:00Z";
    let is_plain = text.iter().zip(FORM).all(|(byte, form)| match form {
        b'0' => byte.is_ascii_digit(),
        separator => byte == separator,
    });
    if !is_plain {
        return None;
    }
    let two = |at: usize| i64::from(text[at] - b'0') * 10 + i64::from(text[at + 1] - b'0');
    let (hour, minute, second) = (two(11), two(14), two(17));
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days_from_civil(two(0) * 100 + two(2), two(5), two(8))?;
    Some((days * 86_400 + hour * 3600 + minute * 60 + second) * 1_000_000)
}

fn parse_any(text: &str) -> Option<i64> {
    let mut rest = Digits(text.as_bytes());
    if text.len() < 11 {
        return None;
    }
    let year = rest.number(4)?;
    let dash = rest
        .0
        .first()
        .copied()
        .filter(|one| matches!(one, b'-' | b'/'));
    let mut date_separator = || {
        if dash.is_some() {
            rest.take(dash?)
        } else {
            Some(())
        }
    };
    date_separator()?;
    let month = rest.number(2)?;
    if let Some(dash) = dash {
        rest.take(dash)?;
    }
    let day = rest.number(2)?;
    match rest.next()? {
        b' ' => {}
        b'T' if dash != Some(b'/') => {}
        _ => return None,
    }
    let seconds = rest.time_of_day(dash.is_some())?;
    let micros = rest.fraction()?;
    let offset = rest.offset()?;
    if !rest.0.is_empty() {
        return None;
    }
    let days = days_from_civil(year, month, day)?;
    Some((days * 86_400 + seconds - offset) * 1_000_000 + micros)
}

/// An instant as ISO 8601 text in UTC: `2024-01-31T10:00:00Z`, with a fraction only where there is one.
///
/// ```
/// assert_eq!(apiduct_model::format_timestamp(1_500_000), "1970-01-01T00:00:01.5Z");
/// ```
pub fn format_timestamp(micros: i64) -> String {
    let (days, of_day) = (
        micros.div_euclid(86_400_000_000),
        micros.rem_euclid(86_400_000_000),
    );
    let (year, month, day) = civil_from_days(days);
    let (seconds, fraction) = (of_day / 1_000_000, of_day % 1_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut out = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if fraction != 0 {
        out.push_str(format!(".{fraction:06}").trim_end_matches('0'));
    }
    out.push('Z');
    out
}

/// The unread part of the text.
struct Digits<'a>(&'a [u8]);

impl Digits<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    fn number(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        let mut value = 0;
        for digit in digits {
            value = value * 10 + i64::from(digit.is_ascii_digit().then(|| digit - b'0')?);
        }
        self.0 = rest;
        Some(value)
    }

    fn starts_with(&self, test: impl Fn(u8) -> bool) -> bool {
        self.0.first().is_some_and(|byte| test(*byte))
    }

    /// Seconds since midnight; `extended` tells whether colons stand between the parts.
    fn time_of_day(&mut self, extended: bool) -> Option<i64> {
        let mut parts = [self.number(2)?, 0, 0];
        for part in &mut parts[1..] {
            let follows = if extended {
                self.starts_with(|byte| byte == b':')
            } else {
                self.starts_with(|byte| byte.is_ascii_digit())
            };
            if !follows {
                break;
            }
            if extended {
                self.take(b':')?;
            }
            *part = self.number(2)?;
        }
        let [hour, minute, second] = parts;
        (hour < 24 && minute < 60 && second < 60).then_some(hour * 3600 + minute * 60 + second)
    }

    fn fraction(&mut self) -> Option<i64> {
        if !self.starts_with(|byte| matches!(byte, b'.' | b',')) {
            return Some(0);
        }
        self.next();
        let count = self
            .0
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        let micros = digits
            .iter()
            .chain([b'0'; 6].iter())
            .take(6)
            .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        (count > 0).then_some(micros)
    }

    /// Seconds east of UTC.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.0.first() {
            None => return Some(0),
            Some(b'Z') => {
                self.next();
                return Some(0);
            }
            Some(b'+') => 1,
            Some(b'-') => -1,
            Some(_) => return None,
        };
        self.next();
        let hours = self.number(2)?;
        if self.starts_with(|byte| byte == b':') {
            self.next();
        } else if self.0.is_empty() {
            return (hours < 24).then_some(sign * hours * 3600);
        }
        let minutes = self.number(2)?;
        (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
    }
}

/// Days since 1970-01-01, by Howard Hinnant's `days_from_civil`; `None` for a date that does not exist.
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    if year < 1 || day < 1 || day > length {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468)
}

/// Year, month and day of a day counted from 1970-01-01, by Howard Hinnant's `civil_from_days`.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCEPTED: &[(&str, &str)] = &[
        ("2024-01-01T10:00:00Z", "2024-01-01T10:00:00Z"),
        ("2024-01-01 10:00:00", "2024-01-01T10:00:00Z"),
        ("2024-01-01T10:00", "2024-01-01T10:00:00Z"),
        ("2024-01-01T10", "2024-01-01T10:00:00Z"),
        ("2024-01-01 10", "2024-01-01T10:00:00Z"),
        ("20240101T100000Z", "2024-01-01T10:00:00Z"),
        ("20240101T1000", "2024-01-01T10:00:00Z"),
        ("20240101 100000", "2024-01-01T10:00:00Z"),
        ("2024-01-01T10:00:00,5+0100", "2024-01-01T09:00:00.5Z"),
        ("2024-01-01 10:00:00+00", "2024-01-01T10:00:00Z"),
        ("2024-01-01T10Z", "2024-01-01T10:00:00Z"),
        (
            "2024-01-01T10:00:00.1234567890Z",
            "2024-01-01T10:00:00.123456Z",
        ),
        ("2024/01/01 10:00:00", "2024-01-01T10:00:00Z"),
        ("2024-02-29T23:59:59-12:30", "2024-03-01T12:29:59Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ];

    const REJECTED: &[&str] = &[
        "",
        "2024-01-01",
        "2024-01",
        "2024",
        "20240101",
        "2024-W01",
        "2024-001",
        "10:00:00",
        " 2024-01-01T10:00:00Z",
        "2024-01-01T10:00:00Z ",
        "2024-01-01t10:00:00z",
        "Mon, 01 Jan 2024 10:00:00 GMT",
        "2024-02-30T10:00:00Z",
        "2024-01-01T24:00:00Z",
        "2024-01-01T10:00:60Z",
        "2024-01-01T10:00:00 +01:00",
        "2024-01-01T1000",
        "2024-01-01T100000",
        "20240101T10:00:00",
        "2024/01/01T10:00:00Z",
        "2024-1-1 10:00:00",
        "2024-01-01  10:00:00",
        "2024-01-01T10:00:00+1",
        "2024-01-01T10:00:00+01:00:00",
        "2024-01-01T10:00:00.Z",
        "0000-01-01T00:00:00Z",
        "2024-13-01T00:00:00Z",
        "20240101234",
        "12345678901",
        "2024-01/01T10:00:00Z",
    ];

    #[test]
    fn every_accepted_form_is_read() {
        for (text, expected) in ACCEPTED {
            let micros = parse_timestamp(text).unwrap_or_else(|| panic!("{text} is not accepted"));
            assert_eq!(format_timestamp(micros), *expected, "for {text}");
        }
    }

    #[test]
    fn everything_else_stays_text() {
        for text in REJECTED {
            assert_eq!(parse_timestamp(text), None, "{text} must be refused");
        }
    }

    proptest::proptest! {
        #[test]
        fn formatting_and_parsing_are_inverse(micros in -62_135_596_800_000_000_i64..253_402_300_800_000_000) {
            proptest::prop_assert_eq!(parse_timestamp(&format_timestamp(micros)), Some(micros));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,32}") {
            let _ = parse_timestamp(&text);
        }

        #[test]
        fn calendar_agrees_with_jiff(seconds in -62_135_596_800_i64..253_402_207_200) {
            let theirs = jiff::Timestamp::from_second(seconds).unwrap().to_string();
            proptest::prop_assert_eq!(format_timestamp(seconds * 1_000_000), theirs);
        }
    }
}
