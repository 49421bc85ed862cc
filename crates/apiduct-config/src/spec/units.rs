//! Durations and sizes as people write them.

use std::ops::RangeInclusive;
use std::time::Duration;

/// The regular expressions that the schema uses for what the functions here accept.
pub(crate) const DURATION_PATTERN: &str =
    r"^\s*(\d+(\.\d+)?\s*|(\d+(\.\d+)?\s*(ms|s|sec|m|min|h|d)\s*)+)$";
pub(crate) const BYTES_PATTERN: &str = r"^\s*\d+(\.\d+)?\s*([KMGT]i?)?[Bb]?\s*$";
pub(crate) const RATE_PATTERN: &str =
    r"^\s*0*[1-9]\d*\s*/\s*(s|sec|second|m|min|minute|h|hour|d|day)\s*$";

pub(crate) const STATUS_PATTERN: &str = r"^\s*([1-5][xX][xX]\s*|[1-5]\d\d\s*(-\s*[1-5]\d\d\s*)?)$";

/// A century: longer waits are a slip of the pen, and sums of them stay far from overflow.
const LONGEST: f64 = 3.2e9;

/// Reads `90s`, `1h 30m`, `250ms`, or a number of seconds.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    if let Some(seconds) = plain_number(text) {
        return seconds_from(seconds);
    }
    let mut rest = text.trim();
    let mut total = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (amount, after) = split_number(rest)?;
        let unit_end = after
            .find(|letter: char| !letter.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let seconds = match &after[..unit_end] {
            "ms" => 0.001,
            "s" | "sec" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        total += amount * seconds;
        rest = after[unit_end..].trim_start();
    }
    seconds_from(total)
}

fn seconds_from(seconds: f64) -> Option<Duration> {
    (seconds <= LONGEST).then(|| Duration::try_from_secs_f64(seconds).ok())?
}

/// Reads `256MiB`, `10 MB`, `1024`; the units of a thousand and of 1024 are told apart.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    if let Ok(whole) = text.parse() {
        return Some(whole);
    }
    let (amount, unit) = split_number(text)?;
    let unit = unit.strip_suffix(['B', 'b']).unwrap_or(unit);
    let factor: f64 = match unit {
        "" => 1.0,
        "K" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        "Ti" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let size = amount * factor;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the value is checked to lie in range, and fractions of a byte mean nothing"
    )]
    (size < 9e18).then_some(size as u64)
}

/// Reads `503`, `5xx` or `500-599`: HTTP statuses, the lower one first.
pub(crate) fn statuses(text: &str) -> Option<RangeInclusive<u16>> {
    let status = |text: &str| {
        let text = text.trim();
        let is_plain = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
        let status: u16 = text.parse().ok()?;
        (is_plain && (100..=599).contains(&status)).then_some(status)
    };
    if let [class @ b'1'..=b'5', b'x' | b'X', b'x' | b'X'] = text.trim().as_bytes() {
        let first = u16::from(class - b'0') * 100;
        return Some(first..=first + 99);
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let range = status(first)?..=status(last)?;
    (!range.is_empty()).then_some(range)
}

fn plain_number(text: &str) -> Option<f64> {
    let (amount, rest) = split_number(text.trim())?;
    rest.is_empty().then_some(amount)
}

/// Splits `12.5 MB` into the number and the unit.
fn split_number(text: &str) -> Option<(f64, &str)> {
    let end = text
        .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .unwrap_or(text.len());
    let number = &text[..end];
    if number.starts_with('.') || number.ends_with('.') {
        return None;
    }
    Some((number.parse().ok()?, text[end..].trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_written() {
        for (text, millis) in [
            ("90s", 90_000),
            ("1h 30m", 5_400_000),
            ("1h30m", 5_400_000),
            ("250ms", 250),
            ("2.5", 2_500),
            ("60", 60_000),
            ("1d", 86_400_000),
            ("0s", 0),
        ] {
            assert_eq!(
                duration(text),
                Some(Duration::from_millis(millis)),
                "{text}"
            );
        }
        for text in [
            "",
            "s",
            "5 weeks",
            "-5s",
            "1h30",
            "fast",
            "1e99",
            "99999999999999d",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_tell_thousands_from_1024() {
        assert_eq!(bytes("256MiB"), Some(268_435_456));
        assert_eq!(bytes("10 MB"), Some(10_000_000));
        assert_eq!(bytes("1.5Ki"), Some(1536));
        assert_eq!(bytes("1024"), Some(1024));
        assert_eq!(bytes("1 parsec"), None);
        assert_eq!(bytes("-1"), None);
    }

    #[test]
    fn statuses_are_one_or_a_range() {
        assert_eq!(statuses("403"), Some(403..=403));
        assert_eq!(statuses(" 500 - 599 "), Some(500..=599));
        assert_eq!(statuses("5xx"), Some(500..=599));
        assert_eq!(statuses(" 1XX "), Some(100..=199));
        for text in [
            "",
            "6xx",
            "5x",
            "99",
            "600",
            "599-500",
            "+403",
            "500-",
            "-500",
            "500-599-600",
        ] {
            assert_eq!(statuses(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_sum_of_parts_is_the_duration(hours in 0u64..1000, minutes in 0u64..1000, millis in 0u64..100_000) {
            let text = format!("{hours}h {minutes}m{millis}ms");
            let expected = Duration::from_millis(hours * 3_600_000 + minutes * 60_000 + millis);
            let read = duration(&text).unwrap();
            proptest::prop_assert!(read.abs_diff(expected) < Duration::from_micros(1));
        }

        #[test]
        fn no_text_makes_the_readers_panic(text in "\\PC{0,24}") {
            let _ = (duration(&text), bytes(&text));
        }
    }
}
