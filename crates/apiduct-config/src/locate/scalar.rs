/// What a plain scalar of YAML means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Plain {
    Null,
    Bool(bool),
    Number(Box<str>),
    Text,
    /// Infinity or not-a-number, which JSON cannot carry.
    NotJson,
}

/// Resolves a plain scalar by YAML 1.2's core schema, except that digits with a leading zero are a text, as
/// identifiers such as `007` would lose it otherwise.
pub(crate) fn plain_scalar(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "true" | "True" | "TRUE" => return Plain::Bool(true),
        "false" | "False" | "FALSE" => return Plain::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Plain::NotJson,
        _ => {}
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Plain::NotJson;
    }
    number(text).map_or(Plain::Text, Plain::Number)
}

/// `text` in JSON spelling if the core schema takes it for a number.
fn number(text: &str) -> Option<Box<str>> {
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let first = digits.chars().next()?;
            let whole = u128::from_str_radix(digits, radix).ok();
            return whole
                .filter(|_| first.is_ascii_hexdigit())
                .map(|whole| whole.to_string().into());
        }
    }
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    if whole.is_empty() && fraction.is_none_or(str::is_empty) {
        return None;
    }
    if !is_digits(whole) || !is_digits(fraction.unwrap_or("")) {
        return None;
    }
    if whole.len() > 1 && whole.starts_with('0') {
        return None;
    }
    let whole = if whole.is_empty() { "0" } else { whole };
    let mut out = format!("{sign}{whole}");
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(if fraction.is_empty() { "0" } else { fraction });
    }
    if let Some(exponent) = exponent {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if digits.is_empty() || !is_digits(digits) {
            return None;
        }
        out.push('e');
        out.push_str(exponent);
    }
    Some(out.into())
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_their_json_spelling() {
        for (written, meant) in [
            ("0", "0"),
            ("-12", "-12"),
            ("+5", "5"),
            ("1.", "1.0"),
            (".5", "0.5"),
            ("-.5e3", "-0.5e3"),
            ("1e+9", "1e+9"),
            ("0x1F", "31"),
            ("0o17", "15"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
        ] {
            assert_eq!(
                plain_scalar(written),
                Plain::Number(meant.into()),
                "{written}"
            );
        }
    }

    #[test]
    fn what_only_looks_like_a_number_stays_text() {
        for text in [
            "007",
            "1_000",
            "1.2.3",
            "-",
            "+",
            ".",
            "e5",
            "1e",
            "0x",
            "0x-1",
            "12:30",
            "2024-01-01",
            "yes",
            "on",
        ] {
            assert_eq!(plain_scalar(text), Plain::Text, "{text}");
        }
    }

    #[test]
    fn infinity_cannot_be_carried() {
        assert_eq!(plain_scalar("-.inf"), Plain::NotJson);
        assert_eq!(plain_scalar(".NaN"), Plain::NotJson);
    }
}
