//! Durations on the command line: `90s`, `5m`, `1h30m`.

use std::time::Duration;

/// Reads a duration as people write it; a bare number counts seconds.
///
/// # Errors
///
/// A sentence about how durations are written.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    read(text.trim()).ok_or_else(|| "write it like `90s`, `5m` or `1h30m`".to_owned())
}

fn read(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, behind) = rest.split_at(digits);
        let end = behind
            .find(|letter: char| letter.is_ascii_digit())
            .unwrap_or(behind.len());
        let (unit, next) = behind.split_at(end);
        let seconds = match unit.trim() {
            "ms" => 0.001,
            "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        total = total.checked_add(
            Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?,
        )?;
        rest = next;
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("90", 90.0),
            ("90s", 90.0),
            ("1.5m", 90.0),
            ("1h30m", 5400.0),
            (" 250ms ", 0.25),
            ("2d", 172_800.0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs_f64(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "",
            "s",
            "5 parsecs",
            "-3s",
            "1h30",
            "nan",
            "1e400",
            "99999999999999999999d",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
