//! Which numbers a double holds exactly.

/// The double with exactly the value that `text` shows, or `None` when it would have to be rounded.
///
/// A double counts as exact when printing it with as many digits as `text` has, or with as few as tell it from others,
/// gives `text` again, so that the text can be had back. No double prints more than 17 digits that mean anything.
pub(crate) fn exact_double(text: &str) -> Option<f64> {
    let double: f64 = text.parse().ok()?;
    if has_few_digits(text) {
        return Some(double);
    }
    let wanted = Decimal::read(text);
    let digits = wanted.significant.len();
    if !double.is_finite() || digits > 17 {
        return None;
    }
    // The two differ where a double lies half-way between two texts of 17 digits.
    let is_printed = wanted == Decimal::read(&format!("{double:.*e}", digits.saturating_sub(1)))
        || wanted == Decimal::read(&format!("{double:e}"));
    is_printed.then_some(double)
}

/// Whether `text` has no exponent and at most 15 digits: such a number survives the way into a double and back.
fn has_few_digits(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits <= 15
        && digits + 2 >= text.len()
        && !text.bytes().any(|byte| matches!(byte, b'e' | b'E'))
}

/// The parts of a number's text.
struct Decimal<'a> {
    is_negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i64,
}

impl<'a> Decimal<'a> {
    fn read(text: &'a str) -> Digits {
        let (is_negative, rest) = text
            .strip_prefix('-')
            .map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent = exponent.parse().unwrap_or(i64::MAX / 2);
        Digits::new(&Decimal {
            is_negative,
            whole,
            fraction,
            exponent,
        })
    }
}

/// A number in its simplest form: digits without outer zeros, and the power of ten of the last one.
#[derive(Debug, PartialEq, Eq)]
struct Digits {
    is_negative: bool,
    significant: Vec<u8>,
    last_power: i64,
}

impl Digits {
    fn new(number: &Decimal<'_>) -> Self {
        let mut digits: Vec<u8> = number
            .whole
            .bytes()
            .chain(number.fraction.bytes())
            .collect();
        let all = digits.len();
        digits.truncate(
            digits
                .iter()
                .rposition(|digit| *digit != b'0')
                .map_or(0, |last| last + 1),
        );
        let dropped = i64::try_from(all - digits.len()).unwrap_or(0);
        let fraction = i64::try_from(number.fraction.len()).unwrap_or(i64::MAX / 2);
        let leading = digits.iter().take_while(|digit| **digit == b'0').count();
        digits.drain(..leading);
        let last_power = if digits.is_empty() {
            0
        } else {
            number.exponent - fraction + dropped
        };
        Self {
            is_negative: number.is_negative,
            significant: digits,
            last_power,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyday_fractions_are_exact() {
        for text in [
            "1.5",
            "0.1",
            "-0.0",
            "0.0",
            "1e3",
            "1.50",
            "0.30000000000000004",
            "0.10000000000000001",
            "1E-7",
            "1e308",
            "5e-324",
            "0e99",
            "1580592995962153.2",
            "1580592995962153.3",
        ] {
            assert!(exact_double(text).is_some(), "{text} is a double");
        }
    }

    #[test]
    fn numbers_that_would_be_rounded_are_not_doubles() {
        for text in [
            "0.1000000000000000055511151231257827",
            "1e400",
            "9007199254740993.0",
            "3.14159265358979323846",
            "1e-400",
        ] {
            assert_eq!(exact_double(text), None, "{text} does not fit a double");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_shortest_text_of_any_double_is_exact(double in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
            proptest::prop_assert_eq!(exact_double(&format!("{double:e}")), Some(double));
        }
    }
}
