//! How a path joins a base URL.

use std::borrow::Cow;

use url::{ParseError, Url};

/// Joins `path` to `base` as text: exactly one slash between them, whatever both bring along.
///
/// An `http` or `https` URL in `path` replaces the base. An empty side gives the other side unchanged.
/// Nothing is parsed, so a query in `base` is not looked at; [`crate::Client`] splits it off first.
///
/// ```
/// use apiduct_client::join_url;
///
/// assert_eq!(join_url("https://api.example.com/v1/", "/posts"), "https://api.example.com/v1/posts");
/// ```
pub fn join_url(base: &str, path: &str) -> String {
    if base.is_empty() || is_absolute(path) {
        return path.to_owned();
    }
    if path.is_empty() {
        return base.to_owned();
    }
    format!(
        "{}/{}",
        base.trim_end_matches('/'),
        path.trim_start_matches('/')
    )
}

/// The URL of `path` under `base`: the path is appended to the base's path, the query of the base is kept in
/// front of the query of `path`, the fragment of the base is dropped.
pub(crate) fn resolve(base: &Url, path: &str) -> Result<Url, ParseError> {
    if is_absolute(path) {
        return Url::parse(&escape_stray_percent(path));
    }
    if path.is_empty() {
        return Ok(base.clone());
    }
    let mut stem = base.clone();
    stem.set_query(None);
    stem.set_fragment(None);
    let mut joined = Url::parse(&escape_stray_percent(&join_url(stem.as_str(), path)))?;
    if let Some(kept) = base.query() {
        let query = match joined.query() {
            Some(own) if !own.is_empty() => format!("{kept}&{own}"),
            _ => kept.to_owned(),
        };
        joined.set_query(Some(&query));
    }
    Ok(joined)
}

/// `text` as a URL, after encoding each `%` that starts no valid percent sequence.
pub(crate) fn parse(text: &str) -> Result<Url, ParseError> {
    Url::parse(&escape_stray_percent(text))
}

fn is_absolute(path: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        path.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

fn escape_stray_percent(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let is_stray = |at: usize| {
        let digits = bytes.get(at + 1..at + 3);
        !digits.is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit))
    };
    if !text.match_indices('%').any(|(at, _)| is_stray(at)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for (at, letter) in text.char_indices() {
        out.push(letter);
        if letter == '%' && is_stray(at) {
            out.push_str("25");
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn exactly_one_slash_joins_base_and_path() {
        for (base, path, joined) in [
            ("http://h", "a/b", "http://h/a/b"),
            ("http://h/", "a/b", "http://h/a/b"),
            ("http://h", "/a/b", "http://h/a/b"),
            ("http://h/", "/a/b", "http://h/a/b"),
            ("http://h///", "//a/b", "http://h/a/b"),
            ("http://h/", "/", "http://h/"),
            ("http://h", "/", "http://h/"),
            ("http://h", "///", "http://h/"),
            ("http://h/v1/", "", "http://h/v1/"),
            ("/", "/a", "/a"),
            ("", "http://x/y", "http://x/y"),
            ("", "x/y", "x/y"),
            ("", "", ""),
            ("http://h", "a?q=1", "http://h/a?q=1"),
            ("http://h", "?q=1", "http://h/?q=1"),
            ("http://h/", "a#f", "http://h/a#f"),
            ("http://h", "/a b", "http://h/a b"),
            ("http://h", "/中", "http://h/中"),
            ("http://sub.h", "/a", "http://sub.h/a"),
            ("ftp://h", "a", "ftp://h/a"),
            ("h.com", "a", "h.com/a"),
            ("http://h", "//evil/x", "http://h/evil/x"),
            ("http://h", "HTTPS://x/y", "HTTPS://x/y"),
            ("http://h", "my://protocol", "http://h/my://protocol"),
            ("http://h", "ftp://x/y", "http://h/ftp://x/y"),
        ] {
            assert_eq!(join_url(base, path), joined, "{base} + {path}");
        }
    }

    #[test]
    fn a_resolved_url_is_normalized() {
        for (base, path, url) in [
            ("http://h", "", "http://h/"),
            ("HTTP://H.example", "a", "http://h.example/a"),
            ("http://h", "/a/../y", "http://h/y"),
            ("http://h", "/a b", "http://h/a%20b"),
            ("http://h", "/中", "http://h/%E4%B8%AD"),
            (
                "http://bücher.example",
                "x",
                "http://xn--bcher-kva.example/x",
            ),
            ("http://h", "/a%2Fb", "http://h/a%2Fb"),
            ("http://h", "//evil/x", "http://h/evil/x"),
            ("http://h", "a#f", "http://h/a#f"),
            ("http://h", "HTTPS://x/y", "https://x/y"),
            ("http://h", "my://protocol", "http://h/my://protocol"),
        ] {
            let base = Url::parse(base).unwrap();
            assert_eq!(resolve(&base, path).unwrap().as_str(), url, "{path}");
        }
    }

    #[test]
    fn the_query_of_the_base_is_kept_and_its_fragment_dropped() {
        for (base, path, url) in [
            ("http://h/v1?k=1", "/x", "http://h/v1/x?k=1"),
            ("http://h/v1?k=1", "x?a=2", "http://h/v1/x?k=1&a=2"),
            ("http://h/v1?k=1", "?a=2", "http://h/v1/?k=1&a=2"),
            ("http://h/v1?k=1", "", "http://h/v1?k=1"),
            ("http://h/v1#f", "x", "http://h/v1/x"),
        ] {
            let base = Url::parse(base).unwrap();
            assert_eq!(resolve(&base, path).unwrap().as_str(), url, "{path}");
        }
    }

    #[test]
    fn only_a_stray_percent_sign_is_encoded() {
        let base = Url::parse("http://h").unwrap();
        assert_eq!(
            resolve(&base, "/100%/a%20b%zz中%").unwrap().as_str(),
            "http://h/100%25/a%20b%25zz%E4%B8%AD%25"
        );
    }

    #[test]
    fn a_base_without_a_scheme_is_not_a_url() {
        assert!(parse("h.com/a").is_err());
    }

    proptest! {
        #[test]
        fn no_path_leaves_the_origin_unless_it_is_absolute(path in r"[ -~\\t\\né/\\\\@:%?#.]{0,30}") {
            let base = Url::parse("https://api.example.com:8443/v1?k=1").unwrap();
            if !is_absolute(&path) {
                let url = resolve(&base, &path).unwrap();
                prop_assert_eq!(url.origin(), base.origin());
                prop_assert!(url.username().is_empty());
            }
        }
    }
}
