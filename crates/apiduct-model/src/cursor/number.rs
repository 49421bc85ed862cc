//! Exact decimals as whole numbers.

/// Digits behind the point that decimals keep.
pub(super) const DECIMAL_DIGITS: u32 = 12;

/// `text` times 10^`digits`; `None` when it is no plain number, or has more digits than that.
pub(super) fn scaled(text: &str, digits: u32) -> Option<i128> {
    let (whole, rest) = cut(text, digits)?;
    rest.then_some(whole)
}

/// `text` times 10^`digits`, rounded down; `None` when it is no plain number.
pub(super) fn scaled_down(text: &str, digits: u32) -> Option<i128> {
    let (value, is_exact) = cut(text, digits)?;
    let is_negative = text.starts_with('-');
    Some(if is_negative && !is_exact {
        value - 1
    } else {
        value
    })
}

/// The value with the digits behind the last kept one cut off, and whether those are all zero.
fn cut(text: &str, digits: u32) -> Option<(i128, bool)> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() || (mantissa.contains('.') && fraction.is_empty()) {
        return None;
    }
    // How many digits of the mantissa count.
    let kept = i32::try_from(whole.len())
        .ok()?
        .checked_add(exponent)?
        .checked_add(i32::try_from(digits).ok()?)?;
    let mut value: i128 = 0;
    let mut is_exact = true;
    let mut seen = 0;
    for byte in whole.bytes().chain(fraction.bytes()) {
        if !byte.is_ascii_digit() {
            return None;
        }
        let digit = i128::from(byte - b'0');
        if seen < kept {
            value = value.checked_mul(10)?.checked_add(digit)?;
        } else {
            is_exact &= digit == 0;
        }
        seen += 1;
    }
    if value != 0 {
        let missing = u32::try_from(kept.saturating_sub(seen).max(0)).ok()?;
        value = value.checked_mul(10_i128.checked_pow(missing)?)?;
    }
    Some((sign * value, is_exact))
}

/// `value` divided by 10^`digits`, without zeros at the end.
pub(super) fn unscaled(value: i128, digits: u32) -> String {
    let one = 10_u128.pow(digits);
    let (whole, fraction) = (value.unsigned_abs() / one, value.unsigned_abs() % one);
    let sign = if value < 0 { "-" } else { "" };
    if fraction == 0 {
        return format!("{sign}{whole}");
    }
    let fraction = format!("{fraction:0width$}", width = digits as usize);
    format!("{sign}{whole}.{}", fraction.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_scaled_exactly() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1", Some(1_000)),
            ("-1.5", Some(-1_500)),
            ("+2", Some(2_000)),
            ("1.2340", Some(1_234)),
            ("1.2345", None),
            ("1e3", Some(1_000_000)),
            ("12e-1", Some(1_200)),
            ("1e-4", None),
            ("0e99", Some(0)),
            ("1e99", None),
            ("", None),
            (".5", None),
            ("5.", None),
            ("1x", None),
            ("--1", None),
        ] {
            assert_eq!(scaled(text, 3), expected, "{text}");
        }
        assert_eq!(scaled_down("-1.5", 0), Some(-2));
        assert_eq!(scaled_down("1.5", 0), Some(1));
    }

    proptest::proptest! {
        #[test]
        fn scaling_and_unscaling_are_inverse(value in -10_i128.pow(30)..10_i128.pow(30)) {
            let text = unscaled(value, DECIMAL_DIGITS);
            proptest::prop_assert_eq!(scaled(&text, DECIMAL_DIGITS), Some(value));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-+0-9.eE]{0,40}") {
            let _ = (scaled(&text, 12), scaled_down(&text, 6));
        }
    }
}
