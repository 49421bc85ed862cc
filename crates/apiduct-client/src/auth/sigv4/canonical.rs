//! The form of a request that AWS signs: "Create a canonical request" in the user guide of AWS IAM.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use http::HeaderMap;
use http::header::HeaderName;
use url::Url;

use crate::auth::digest::from_hex;

/// Headers that change on the way, or that are added later, and so cannot be signed.
const UNSIGNED: [&str; 9] = [
    "authorization",
    "connection",
    "cookie",
    "expect",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "user-agent",
    "x-amzn-trace-id",
];

/// `url` with path and query in the one encoding that AWS signs, so that what is sent is what is signed: all but
/// unreserved characters percent-encoded, a space as `%20`.
pub(super) fn settle(url: &Url) -> Url {
    let mut settled = url.clone();
    let segments: Vec<String> = url.path().split('/').map(recoded).collect();
    settled.set_path(&segments.join("/"));
    if let Some(query) = url.query() {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs: Vec<String> = pairs
            .map(|pair| match pair.split_once('=') {
                Some((name, value)) => format!("{}={}", recoded_form(name), recoded_form(value)),
                None => recoded_form(pair),
            })
            .collect();
        let query = pairs.join("&");
        settled.set_query(Some(query.as_str()).filter(|query| !query.is_empty()));
    }
    settled
}

/// The path of a settled URL as it is signed.
pub(super) fn path(url: &Url, normalize: bool, double_encode: bool) -> String {
    let path = if normalize {
        normalized(url.path())
    } else {
        url.path().to_owned()
    };
    if !double_encode {
        return path;
    }
    let segments = path.split('/').map(|segment| encoded(segment.as_bytes()));
    segments.collect::<Vec<_>>().join("/")
}

/// The path with runs of slashes made one. Dots are gone already: no URL has segments of them.
fn normalized(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for letter in path.chars() {
        if letter != '/' || !out.ends_with('/') {
            out.push(letter);
        }
    }
    out
}

/// The query of a settled URL as it is signed: sorted by names, then by values.
pub(super) fn query(url: &Url) -> String {
    let pairs = url.query().unwrap_or_default().split('&');
    let mut pairs: Vec<(&str, &str)> = pairs
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    pairs.sort_unstable();
    let pairs = pairs.iter().map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join("&")
}

/// The headers as they are signed, one a line, and their names.
pub(super) fn headers(map: &HeaderMap, host: &str) -> (String, String) {
    let mut signed: BTreeMap<&str, String> = BTreeMap::new();
    for name in map.keys().map(HeaderName::as_str) {
        if UNSIGNED.contains(&name) {
            continue;
        }
        let values = map.get_all(name).iter();
        let values: Vec<String> = values
            .map(|value| trimmed(&String::from_utf8_lossy(value.as_bytes())))
            .collect();
        signed.insert(name, values.join(","));
    }
    signed.insert("host", host.to_owned());
    let mut lines = String::new();
    for (name, value) in &signed {
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{name}:{value}");
    }
    let names: Vec<&str> = signed.keys().copied().collect();
    (lines, names.join(";"))
}

/// The value without spaces around it, and with one where several are.
fn trimmed(value: &str) -> String {
    let words = value.split(' ').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

fn recoded(text: &str) -> String {
    encoded(&decoded(text))
}

/// As [`recoded`], of a text in which `+` is a space.
fn recoded_form(text: &str) -> String {
    recoded(&text.replace('+', "%20"))
}

fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = text.get(at + 1..at + 3).filter(|_| *byte == b'%');
        if let Some(decoded) = digits.and_then(from_hex) {
            out.extend(decoded);
            at += 3;
        } else {
            out.push(*byte);
            at += 1;
        }
    }
    out
}

fn encoded(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => {
                out.push(char::from(*byte));
            }
            // Writing to a string cannot fail.
            other => drop(write!(out, "%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_of_a_character_settles_to_one() {
        for (from, to) in [
            ("https://h/a*b?c=d+e", "https://h/a%2Ab?c=d%20e"),
            ("https://h/%61%2f?%c3%a9", "https://h/a%2F?%C3%A9"),
            ("https://h/?a=%&b=1=2", "https://h/?a=%25&b=1%3D2"),
            ("https://h/x?", "https://h/x"),
        ] {
            assert_eq!(settle(&from.parse().unwrap()).as_str(), to);
        }
    }

    proptest! {
        #[test]
        fn a_settled_url_stays_as_it_is_and_means_the_same(path in "[ -~é]{0,8}", value in "[ -~é]{0,8}") {
            let mut url: Url = "https://h/".parse().unwrap();
            url.path_segments_mut().unwrap().push(&path);
            url.query_pairs_mut().append_pair("n", &value);
            let settled = settle(&url);
            prop_assert_eq!(settle(&settled), settled.clone());
            prop_assert_eq!(settled.query_pairs().next(), url.query_pairs().next());
        }
    }
}
