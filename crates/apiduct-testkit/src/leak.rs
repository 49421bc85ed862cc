//! Looks for a secret where none may be.
//!
//! It finds secrets by decoding what it is given, and shares nothing with the code that masks them.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// What every secret in the tests contains, so that one search finds them all in what tests print and leave behind.
pub const MARKER: &str = "s3cret";

/// Whether `secret` is in `bytes`: as it is, in any case, percent-encoded up to twice, behind backslashes as in JSON, or
/// in Base64 of either alphabet, also as a part of it, and percent-encoded inside it.
///
/// ```
/// use apiduct_testkit::leak::holds;
///
/// assert!(holds(b"Basic YWRhOmh1bnRlcjIy", "hunter22"));
/// assert!(!holds(b"Basic ***", "hunter22"));
/// ```
pub fn holds(bytes: &[u8], secret: &str) -> bool {
    let once = percent_decoded(bytes);
    let twice = percent_decoded(&once);
    let bare: Vec<u8> = bytes
        .iter()
        .copied()
        .filter(|byte| *byte != b'\\')
        .collect();
    let mut forms: Vec<&[u8]> = vec![bytes];
    for form in [&once, &twice, &bare] {
        if !forms.contains(&form.as_slice()) {
            forms.push(form);
        }
    }
    let is_in = |text: &[u8]| contains(text, secret);
    forms.into_iter().any(|form| {
        let mut tokens = base64_tokens(form, secret.len()).into_iter();
        is_in(form) || tokens.any(|text| is_in(&text) || is_in(&percent_decoded(&text)))
    })
}

/// `text` with every byte as a percent sequence.
pub fn percent_encoded(text: &str) -> String {
    let sequences = text.bytes().map(|byte| format!("%{byte:02x}"));
    sequences.collect::<Vec<_>>().concat()
}

fn contains(bytes: &[u8], secret: &str) -> bool {
    let Some(first) = secret.bytes().next() else {
        return true;
    };
    let mut windows = bytes.windows(secret.len());
    windows.any(|window| {
        window[0].eq_ignore_ascii_case(&first) && window.eq_ignore_ascii_case(secret.as_bytes())
    })
}

fn percent_decoded(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let decoded = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(decoded.unwrap_or(bytes[at]));
        at += if decoded.is_some() { 3 } else { 1 };
    }
    out
}

/// All that could be Base64 of `least` bytes or more in `bytes`, decoded from each of the first four characters on.
fn base64_tokens(bytes: &[u8], least: usize) -> Vec<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let mut found = Vec::new();
    for (alphabet, more) in [(STANDARD, b"+/"), (URL_SAFE, b"-_")] {
        let engine = GeneralPurpose::new(&alphabet, config);
        let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || more.contains(byte);
        let tokens = bytes.split(|byte| !is_letter(byte));
        for token in tokens.filter(|token| token.len() >= least) {
            for start in 0..token.len().min(4) {
                let token = &token[start..];
                let whole = token.len() - usize::from(token.len() % 4 == 1);
                found.extend(engine.decode(&token[..whole]));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_every_disguise() {
        for text in [
            "c4n4ry/s3cr+t~k?y",
            "q=c4n4ry%2fs3cr%2Bt%7Ek%3Fy",
            "q=c4n4ry%252Fs3cr%252Bt~k%253Fy",
            "C4N4RY/S3CR+T~K?Y.evil.test",
            "Basic YWRhOmM0bjRyeS9zM2NyK3R+az95",
            "v1 YWI6YzRuNHJ5L3MzY3IrdH5rP3k=",
            "YzRuNHJ5L3MzY3IrdH5rP3k",
            r"c4n4ry\/s3cr+t~k?y",
        ] {
            assert!(holds(text.as_bytes(), "c4n4ry/s3cr+t~k?y"), "{text}");
        }
        for text in ["c4n4ry", "q=c4n4ry%2fs3cr", "Basic YWRhOnB3", ""] {
            assert!(!holds(text.as_bytes(), "c4n4ry/s3cr+t~k?y"), "{text}");
        }
    }
}
