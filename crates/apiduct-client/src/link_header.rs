//! The `Link` header (RFC 8288), read as servers really write it.
//!
//! Quoted and bare parameters, several relations in one link, several links in one header and several headers
//! are all understood; what cannot be read is skipped, never an error.

use http::HeaderMap;
use http::header::LINK;

/// One link of a `Link` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What stood between `<` and `>`, trimmed: a URI reference, perhaps relative, perhaps empty.
    pub target: String,
    /// The parameters in order, names in lower case, values unquoted.
    pub params: Vec<(String, String)>,
}

impl Link {
    /// The first parameter called `name` (in lower case). Later ones of the same name do not count.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The relation types, as written.
    pub fn relations(&self) -> impl Iterator<Item = &str> {
        self.param("rel").unwrap_or_default().split_whitespace()
    }

    /// Whether `relation` is one of this link's relations, in any case.
    pub fn has_relation(&self, relation: &str) -> bool {
        self.relations()
            .any(|one| one.eq_ignore_ascii_case(relation))
    }

    /// Whether the link starts at another document than the response it came with.
    pub fn is_anchored_elsewhere(&self) -> bool {
        self.param("anchor")
            .is_some_and(|anchor| !anchor.is_empty())
    }
}

/// All links of one header value.
///
/// ```
/// use apiduct_client::link_header;
///
/// let links = link_header::parse(r#"</x?page=2>; rel="next last", </x>; rel=first"#);
/// assert_eq!(links[0].target, "/x?page=2");
/// assert!(links[0].has_relation("Next"));
/// assert_eq!(links.len(), 2);
/// ```
pub fn parse(value: &str) -> Vec<Link> {
    let mut rest = value;
    let mut links = Vec::new();
    while let Some(link) = next_link(&mut rest) {
        links.push(link);
    }
    links
}

/// The links of all `Link` headers, in order.
pub fn links(headers: &HeaderMap) -> Vec<Link> {
    headers
        .get_all(LINK)
        .iter()
        .flat_map(|value| parse(&String::from_utf8_lossy(value.as_bytes())))
        .collect()
}

/// The first link of the response itself that has `relation`.
pub fn find(headers: &HeaderMap, relation: &str) -> Option<Link> {
    links(headers)
        .into_iter()
        .find(|link| link.has_relation(relation) && !link.is_anchored_elsewhere())
}

fn next_link(rest: &mut &str) -> Option<Link> {
    let start = rest.find('<')?;
    let target = &rest[start + 1..];
    let end = target.find('>')?;
    let link = Link {
        target: target[..end].trim().to_owned(),
        params: Vec::new(),
    };
    *rest = &target[end + 1..];
    Some(Link {
        params: params(rest),
        ..link
    })
}

/// Reads the parameters behind a target and leaves `rest` behind the comma that ends the link.
fn params(rest: &mut &str) -> Vec<(String, String)> {
    let mut params = Vec::new();
    loop {
        *rest = rest.trim_start();
        let Some(next) = rest.chars().next() else {
            return params;
        };
        match next {
            ',' => {
                *rest = &rest[1..];
                return params;
            }
            ';' => *rest = &rest[1..],
            _ => params.extend(param(rest)),
        }
    }
}

/// One `name`, `name=value` or `name="value"`; always moves on by at least one character.
fn param(rest: &mut &str) -> Option<(String, String)> {
    let end = rest.find(['=', ';', ',']).unwrap_or(rest.len());
    let name = rest[..end].trim().to_ascii_lowercase();
    *rest = &rest[end..];
    let value = match rest.strip_prefix('=') {
        None => String::new(),
        Some(after) => {
            *rest = after.trim_start();
            param_value(rest)
        }
    };
    (!name.is_empty()).then_some((name, value))
}

fn param_value(rest: &mut &str) -> String {
    if let Some(quoted) = rest.strip_prefix('"') {
        return quoted_text(quoted, rest);
    }
    // Single quotes are not in the standard, and servers send them.
    if let Some((value, after)) = rest
        .strip_prefix('\'')
        .and_then(|quoted| quoted.split_once('\''))
    {
        *rest = after;
        return value.to_owned();
    }
    let end = rest.find([';', ',']).unwrap_or(rest.len());
    let value = rest[..end].trim().to_owned();
    *rest = &rest[end..];
    value
}

/// The text up to the closing quote, without its backslashes.
fn quoted_text<'t>(quoted: &'t str, rest: &mut &'t str) -> String {
    let mut text = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, next)) = chars.next() {
        match next {
            '"' => {
                *rest = &quoted[at + 1..];
                return text;
            }
            '\\' => text.extend(chars.next().map(|(_, escaped)| escaped)),
            other => text.push(other),
        }
    }
    *rest = "";
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (LINK, value.parse().unwrap()))
            .collect()
    }

    fn next(values: &[&str]) -> Option<String> {
        find(&headers(values), "next").map(|link| link.target)
    }

    #[test]
    fn every_known_spelling_of_a_next_link_is_found() {
        for (value, expected) in [
            (r#"<https://h/x?page=2>; rel="next""#, "https://h/x?page=2"),
            ("<https://h/x?page=2>; rel=next", "https://h/x?page=2"),
            ("<https://h/x?page=2>; rel='next'", "https://h/x?page=2"),
            (
                r#"<https://h/x?a=1,2&page=2>; rel="next""#,
                "https://h/x?a=1,2&page=2",
            ),
            (r#"</x?page=2>; rel="next""#, "/x?page=2"),
            (r#"<u>; title="a"; rel="next", <z>; rel="prev""#, "u"),
            (r#"<p>; rel="prev", <u>; rel="next""#, "u"),
            (r#"<u>; rel="last next""#, "u"),
            (r#"<u>; rel="Next""#, "u"),
            (r#"<u>; Rel="next""#, "u"),
            (r#"<u;v>; rel="next""#, "u;v"),
            (r#"<u>; title="x=y"; rel="next""#, "u"),
            (r#"<a>; rel="next", <b>; rel="next""#, "a"),
            (r#"<>; rel="next""#, ""),
            (r#"<u>;rel="next""#, "u"),
            (r#"<u> ; rel = "next""#, "u"),
            (
                r#"<u>; title="a, <b>; rel=\"next\""; rel=prev, <c>; rel=next"#,
                "c",
            ),
            ("<u>; rel=next; rel=prev", "u"),
            (r#"<u>; crossorigin; rel="next""#, "u"),
            (r#", ,<u>; rel="next","#, "u"),
            (r#"< u >; rel="next""#, "u"),
            (r#"<u>; rel="next"#, "u"),
        ] {
            assert_eq!(next(&[value]).as_deref(), Some(expected), "{value}");
        }
    }

    #[test]
    fn what_is_no_next_link_is_not_taken_for_one() {
        for value in [
            "",
            "garbage",
            "<u",
            "<u>",
            r#"<u>; rel="nextpage""#,
            r#"<u>; rel="prev"; rel="next""#,
            r#"<u>; rev="next""#,
            r#"<u>; rel="next"; anchor="/other""#,
            "rel=next",
        ] {
            assert_eq!(next(&[value]), None, "{value}");
        }
    }

    #[test]
    fn links_of_several_headers_are_read_in_order() {
        let values = [
            r#"<a>; rel="prev""#,
            r#"<b>; rel="next""#,
            r#"<c>; rel="next""#,
        ];
        assert_eq!(next(&values).as_deref(), Some("b"));
    }

    #[test]
    fn bytes_outside_ascii_do_not_hide_the_link() {
        let mut map = HeaderMap::new();
        let value = http::HeaderValue::from_bytes(b"<u>; title=\"\xff\"; rel=next").unwrap();
        map.insert(LINK, value);
        assert_eq!(find(&map, "next").unwrap().target, "u");
    }

    fn written(link: &Link) -> String {
        let params = link.params.iter().map(|(name, value)| {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
            format!("; {name}=\"{escaped}\"")
        });
        std::iter::once(format!("<{}>", link.target))
            .chain(params)
            .collect::<Vec<_>>()
            .concat()
    }

    fn link() -> impl Strategy<Value = Link> {
        let param = ("[a-z][a-z0-9*-]{0,8}", "[ -~]{0,16}");
        ("[!-;=?-~]{0,24}", prop::collection::vec(param, 0..4))
            .prop_map(|(target, params)| Link { target, params })
    }

    proptest! {
        #[test]
        fn written_links_are_read_back(links in prop::collection::vec(link(), 0..5)) {
            let text: Vec<String> = links.iter().map(written).collect();
            prop_assert_eq!(parse(&text.join(", ")), links);
        }

        #[test]
        fn any_text_is_read_without_panic(text in ".{0,80}") {
            let _ = parse(&text);
        }
    }
}
