use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use url::Url;

use crate::SecretText;

/// What stands where a secret was.
pub const MASK: &str = "***";

/// Secrets shorter than this are not searched for: masking them would eat ordinary text.
const SHORTEST: usize = 4;

/// Query parameters whose values are masked whatever they hold; compared whole, in any case.
const SENSITIVE_PARAMETERS: [&str; 11] = [
    "api_key",
    "token",
    "key",
    "access_token",
    "apikey",
    "api-key",
    "access-token",
    "secret",
    "password",
    "pwd",
    "client_secret",
];

/// Masks secrets by value, wherever they occur: raw, percent-encoded, or in Base64.
///
/// Clones share one list. Every secret is registered when it is resolved, and every text that leaves the
/// program (logs, errors, receipts, state) passes through [`Redactor::redact`].
///
/// ```
/// use apiduct_model::{Redactor, SecretText};
///
/// let redactor = Redactor::default();
/// redactor.register(&SecretText::from("hunter22"));
/// assert_eq!(redactor.redact("GET /?q=hunter22"), "GET /?q=***");
/// ```
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Arc<RwLock<Secrets>>,
}

/// What is looked for.
#[derive(Default)]
struct Secrets {
    /// All forms of the secrets, the longest first.
    needles: Vec<String>,
    /// Secrets that are too short to be searched for.
    short: Vec<String>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

impl Redactor {
    /// Remembers `secret` and its encoded forms.
    pub fn register(&self, secret: &SecretText) {
        let raw = secret.expose();
        let mut secrets = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        let Secrets { needles, short } = &mut *secrets;
        if raw.len() < SHORTEST {
            if !raw.is_empty() && !short.contains(raw) {
                short.push(raw.clone());
            }
            return;
        }
        let json = serde_json::Value::from(raw.as_str()).to_string();
        let forms = [
            raw.clone(),
            url::form_urlencoded::byte_serialize(raw.as_bytes()).collect(),
            percent_encode(raw),
            base64_core(raw.as_bytes()),
            json[1..json.len() - 1].to_owned(),
        ];
        for form in forms {
            if form.len() >= SHORTEST && !needles.contains(&form) {
                needles.push(form);
            }
        }
        needles.sort_by_key(|needle| std::cmp::Reverse(needle.len()));
    }

    /// `text` with every registered secret masked.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        let mut out = Cow::Borrowed(text);
        for needle in &secrets.needles {
            if out.contains(needle.as_str()) {
                out = Cow::Owned(out.replace(needle.as_str(), MASK));
            }
        }
        out
    }

    /// Whether a registered secret is in `text`, in any form that [`Redactor::redact`] would mask, or percent-encoded
    /// in another way. A secret that is too short to be searched for counts when it is the whole text.
    ///
    /// ```
    /// use apiduct_model::{Redactor, SecretText};
    ///
    /// let redactor = Redactor::default();
    /// redactor.register(&SecretText::from("hunter/22"));
    /// assert!(redactor.contains_secret("id=hunter%2f22"));
    /// assert!(!redactor.contains_secret("id=hunter"));
    /// ```
    pub fn contains_secret(&self, text: &str) -> bool {
        let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        let is_in = |text: &str| {
            secrets.needles.iter().any(|needle| text.contains(needle))
                || secrets.short.iter().any(|secret| text == secret)
        };
        if is_in(text) {
            return true;
        }
        let with_spaces = text.contains('+').then(|| text.replace('+', " "));
        [Some(text), with_spaces.as_deref()]
            .into_iter()
            .flatten()
            .any(|form| is_in(&percent_decode(form)))
    }

    /// `url` as it may be shown: user info, sensitive parameters and registered secrets masked.
    pub fn redact_url(&self, url: &Url) -> String {
        self.redact(&redact_url(url)).into_owned()
    }
}

/// `url` with user info and the values of sensitive parameters masked; all else stays as it is.
pub fn redact_url(url: &Url) -> String {
    let mut shown = url.clone();
    if !shown.username().is_empty() || shown.password().is_some() {
        // Both setters fail only for URLs that cannot have user info.
        let _ = shown.set_username(MASK);
        let _ = shown.set_password(None);
    }
    if let Some(query) = url.query() {
        let masked: Vec<Cow<'_, str>> = query.split('&').map(mask_parameter).collect();
        shown.set_query(Some(&masked.join("&")));
    }
    shown.into()
}

fn mask_parameter(pair: &str) -> Cow<'_, str> {
    let Some((name, _)) = pair.split_once('=') else {
        return Cow::Borrowed(pair);
    };
    let sensitive = SENSITIVE_PARAMETERS
        .iter()
        .any(|one| name.eq_ignore_ascii_case(one));
    if sensitive {
        Cow::Owned(format!("{name}={MASK}"))
    } else {
        Cow::Borrowed(pair)
    }
}

fn percent_encode(raw: &str) -> String {
    raw.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// `text` with every `%XX` decoded; what is no UTF-8 then is replaced.
fn percent_decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).filter(|_| *first == b'%');
        let decoded = digits
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(decoded.unwrap_or(*first));
        rest = if decoded.is_some() {
            &after[2..]
        } else {
            after
        };
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// The Base64 characters that depend on `bytes` alone, so that they are found inside a longer encoding too.
fn base64_core(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes
        .chunks_exact(3)
        .flat_map(|three| {
            let bits = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
            [18, 12, 6, 0].map(|shift| char::from(ALPHABET[(bits >> shift & 63) as usize]))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(secret: &str) -> Redactor {
        let redactor = Redactor::default();
        redactor.register(&SecretText::from(secret));
        redactor
    }

    #[test]
    fn a_secret_is_masked_in_every_encoding() {
        let redactor = redactor("s3cr/t key");
        assert_eq!(redactor.redact("a s3cr/t key b"), "a *** b");
        assert_eq!(redactor.redact("?k=s3cr%2Ft+key"), "?k=***");
        assert_eq!(redactor.redact("?k=s3cr%2Ft%20key"), "?k=***");
        assert!(
            !redactor
                .redact("Basic czNjci90IGtleQ==")
                .contains("czNjci90IGtl")
        );
    }

    #[test]
    fn very_short_secrets_do_not_eat_ordinary_text() {
        assert_eq!(redactor("1").redact("page 1"), "page 1");
    }

    #[test]
    fn a_secret_is_found_in_every_encoding() {
        let redactor = redactor("s3cr/t ké");
        for text in [
            "id=s3cr/t ké;",
            "s3cr%2Ft+k%C3%A9",
            "/s3cr%2ft%20k%c3%a9/",
            "s3cr/t%20ké",
            "s3cr/t+ké",
            "Basic czNjci90IGvDqQ==",
        ] {
            assert!(redactor.contains_secret(text), "{text}");
        }
        for text in ["", "s3cr", "100%", "%2", "%zz%", "s3cr%2Ft"] {
            assert!(!redactor.contains_secret(text), "{text}");
        }
    }

    #[test]
    fn a_very_short_secret_is_found_when_it_is_the_whole_text() {
        let redactor = redactor("é1");
        assert!(redactor.contains_secret("é1") && redactor.contains_secret("%c3%A91"));
        assert!(!redactor.contains_secret("é12"));
        redactor.register(&SecretText::from(""));
        assert!(!redactor.contains_secret(""));
    }

    #[test]
    fn the_longer_of_two_secrets_is_masked_first() {
        let redactor = redactor("abcd");
        redactor.register(&SecretText::from("abcdef"));
        assert_eq!(redactor.redact("abcdef abcd"), "*** ***");
    }

    #[test]
    fn sensitive_parameters_and_user_info_are_masked() {
        for (url, shown) in [
            ("https://h/e?api_key=s&o=v", "https://h/e?api_key=***&o=v"),
            (
                "https://h/e?API_KEY=s&Token=x",
                "https://h/e?API_KEY=***&Token=***",
            ),
            ("https://h/e?api_key=&o=v", "https://h/e?api_key=***&o=v"),
            (
                "https://h/v2/r?api_key=s#sec",
                "https://h/v2/r?api_key=***#sec",
            ),
            ("https://h/e?page=1&limit=10", "https://h/e?page=1&limit=10"),
            ("https://h/e?my_token=1", "https://h/e?my_token=1"),
            (
                "https://u:p@h/x?a=b%20c&flag&x=[1]",
                "https://***@h/x?a=b%20c&flag&x=[1]",
            ),
        ] {
            assert_eq!(redact_url(&url.parse().unwrap()), shown);
        }
    }
}
