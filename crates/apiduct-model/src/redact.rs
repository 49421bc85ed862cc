//! Masking: no secret leaves the program in a text, in whatever encoding.

mod needle;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use url::Url;

use crate::SecretText;
use needle::Needle;

/// What stands where a secret was.
pub const MASK: &str = "***";

/// Secrets shorter than this are not searched for: masking them would eat ordinary text.
const SHORTEST: usize = 4;

/// Lines of a longer secret are searched for on their own from this length on.
const SHORTEST_LINE: usize = 16;

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

/// Masks secrets by value, wherever they occur.
///
/// A secret is found as it is, percent-encoded (in either case, any of its characters, once or more often, a space as
/// `+`), in Base64 (both alphabets, with or without padding, also inside a longer text such as `user:password`), and
/// escaped as in JSON, debug output, HTML and XML. Long lines of a secret of many lines (a private key) are
/// found on their own too. Secrets of fewer than four bytes are never searched for, as masking them would eat
/// ordinary text.
///
/// Clones share one list. Every secret is registered when it is resolved, and every text that leaves the
/// program (logs, errors, receipts, state) passes through [`Redactor::redact`]. A text without a secret costs one look
/// at each of its bytes.
///
/// ```
/// use apiduct_model::{Redactor, SecretText};
///
/// let redactor = Redactor::default();
/// redactor.register(&SecretText::from("hunter/22"));
/// assert_eq!(redactor.redact("GET /?q=hunter%2f22"), "GET /?q=***");
/// assert_eq!(redactor.redact("Basic YWRhOmh1bnRlci8yMg=="), "Basic YWRhO***==");
/// ```
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Arc<RwLock<Secrets>>,
}

/// What is looked for.
#[derive(Default)]
struct Secrets {
    /// All that is registered, to see what is new.
    known: Vec<String>,
    needles: Vec<Needle>,
    /// For each byte, the places in `needles` of those that can begin with it; empty until there is one.
    starts: Vec<Vec<u32>>,
    /// Secrets that are too short to be searched for.
    short: Vec<String>,
}

impl Secrets {
    fn add(&mut self, needle: Needle) {
        if needle.len() < SHORTEST || self.needles.contains(&needle) {
            return;
        }
        self.starts.resize_with(256, Vec::new);
        let place = u32::try_from(self.needles.len()).unwrap_or(u32::MAX);
        for byte in needle.first_bytes() {
            self.starts[usize::from(byte)].push(place);
        }
        self.needles.push(needle);
    }

    /// Where secrets are in `text`, in order of their ends; they may overlap.
    fn spans<'s>(&'s self, text: &'s [u8]) -> impl Iterator<Item = (usize, usize)> + 's {
        let candidates = text.iter().enumerate().filter_map(|(at, byte)| {
            let places = self.starts.get(usize::from(*byte))?;
            (!places.is_empty()).then_some((at, places))
        });
        candidates.filter_map(move |(at, places)| {
            let needles = places.iter().map(|place| &self.needles[*place as usize]);
            let found = needles.filter_map(|needle| needle.find_at(text, at));
            found.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
        })
    }

    /// `spans` without overlaps.
    fn joined(&self, text: &[u8]) -> Vec<(usize, usize)> {
        let mut joined: Vec<(usize, usize)> = Vec::new();
        for (start, end) in self.spans(text) {
            match joined.last_mut() {
                Some(last) if start < last.1 => last.1 = last.1.max(end),
                _ => joined.push((start, end)),
            }
        }
        joined
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

impl Redactor {
    /// Remembers `secret`.
    pub fn register(&self, secret: &SecretText) {
        let raw = secret.expose();
        let mut secrets = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        if raw.len() < SHORTEST {
            if !raw.is_empty() && !secrets.short.contains(raw) {
                secrets.short.push(raw.clone());
            }
            return;
        }
        if secrets.known.contains(raw) {
            return;
        }
        secrets.known.push(raw.clone());
        secrets.add(Needle::text(raw));
        // A client of OAuth2 encodes its secret for a form before it goes into Basic authentication.
        let form: String = url::form_urlencoded::byte_serialize(raw.as_bytes()).collect();
        for text in [raw, &form, &form.replace('+', "%20")] {
            for needle in Needle::base64(text.as_bytes()) {
                secrets.add(needle);
            }
        }
        let lines = raw.lines().map(str::trim);
        for line in lines.filter(|line| line.len() >= SHORTEST_LINE && !line.starts_with("-----")) {
            secrets.add(Needle::text(line));
        }
    }

    /// Whether `other` shares its list with this one.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.secrets, &other.secrets)
    }

    /// `text` with every registered secret masked.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.redact_bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(masked) => Cow::Owned(String::from_utf8_lossy(&masked).into_owned()),
        }
    }

    /// `bytes` with every registered secret masked, whatever else they are.
    ///
    /// ```
    /// use apiduct_model::{Redactor, SecretText};
    ///
    /// let redactor = Redactor::default();
    /// redactor.register(&SecretText::from("hunter/22"));
    /// assert_eq!(&*redactor.redact_bytes(b"\xff hunter/22"), b"\xff ***");
    /// ```
    pub fn redact_bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        let spans = secrets.joined(bytes);
        if spans.is_empty() {
            return Cow::Borrowed(bytes);
        }
        let mut out = Vec::with_capacity(bytes.len());
        let mut rest = 0;
        for (start, end) in spans {
            out.extend_from_slice(&bytes[rest..start]);
            out.extend_from_slice(MASK.as_bytes());
            rest = end;
        }
        out.extend_from_slice(&bytes[rest..]);
        Cow::Owned(out)
    }

    /// Whether a registered secret is in `text`, in any form that [`Redactor::redact`] would mask. A secret that is too
    /// short to be searched for counts when it is the whole text.
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
        if secrets.spans(text.as_bytes()).next().is_some() {
            return true;
        }
        if secrets.short.is_empty() {
            return false;
        }
        let with_spaces = text.replace('+', " ");
        let forms = [text, &percent_decode(text), &percent_decode(&with_spaces)];
        let mut short = secrets.short.iter();
        short.any(|secret| forms.contains(&secret.as_str()))
    }

    /// Whether a registered secret is in `text` as it is but for the case of its letters.
    pub fn contains_secret_in_any_case(&self, text: &str) -> bool {
        let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        let text = text.to_lowercase();
        let mut known = secrets.known.iter();
        known.any(|secret| text.contains(&secret.to_lowercase()))
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
    let decoded = percent_decode(name);
    let sensitive = SENSITIVE_PARAMETERS
        .iter()
        .any(|one| decoded.eq_ignore_ascii_case(one));
    if sensitive {
        Cow::Owned(format!("{name}={MASK}"))
    } else {
        Cow::Borrowed(pair)
    }
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

#[cfg(test)]
mod tests;
