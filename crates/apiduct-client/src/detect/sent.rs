//! What a request says about paging already, and where it would take a cursor.

use serde_json::{Map, Value};

use super::names;
use crate::inject::{BodyPath, Inject};
use crate::{Body, Request};

/// Names of parameters that carry a page number.
const PAGE: [&str; 9] = [
    "page",
    "pagenumber",
    "pageno",
    "pagenum",
    "pageindex",
    "pagenr",
    "currentpage",
    "page[number]",
    "p",
];

/// How deep a body is searched for a key.
const DEEPEST: usize = 3;

/// A number that the request carries, and where.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sent {
    pub(super) place: Inject,
    pub(super) number: u64,
}

/// The page number that `request` asks for.
pub(super) fn page(request: &Request) -> Option<Sent> {
    number(request, |name| PAGE.contains(&name))
}

/// The first whole number in the query or the body of `request` whose plain name is wanted.
pub(super) fn number(request: &Request, is_wanted: impl Fn(&str) -> bool) -> Option<Sent> {
    let url = request.full_url();
    let in_query = url.query_pairs().find_map(|(name, value)| {
        let number = value
            .parse()
            .ok()
            .filter(|_| is_wanted(&names::plain(&name)))?;
        Some(Sent {
            place: Inject::query(name),
            number,
        })
    });
    in_query.or_else(|| {
        let is_number = |value: &Value| value.as_u64().is_some();
        let keys = find_key(&request.body, &|name| is_wanted(name), &is_number)?;
        let path = BodyPath::from_keys(&keys)?;
        let number = number_at(&request.body, &keys)?;
        Some(Sent {
            place: Inject::BodyPath(path),
            number,
        })
    })
}

/// Where `request` takes the parameter `name`: the place where it, or one of nearly that name, is already, or else the
/// body of a request that has one, or else the query.
pub(super) fn place_for(request: &Request, name: &str) -> Inject {
    let plain = names::plain(name);
    if let Some(own) = param_like(request, name) {
        return Inject::query(own);
    }
    let is_scalar = |value: &Value| !value.is_object() && !value.is_array();
    let keys = find_key(&request.body, &|own| own == plain, &is_scalar)
        .or_else(|| graphql_variable(&request.body, name))
        .or_else(|| has_fields(&request.body).then(|| vec![name.to_owned()]));
    match keys.and_then(|keys| BodyPath::from_keys(&keys)) {
        Some(path) => Inject::BodyPath(path),
        None => Inject::query(name),
    }
}

/// The query parameter of `request` that has nearly that name.
pub(super) fn param_like(request: &Request, name: &str) -> Option<String> {
    let plain = names::plain(name);
    let url = request.full_url();
    let mut pairs = url.query_pairs();
    let (own, _) = pairs.find(|(own, _)| names::plain(own) == plain)?;
    Some(own.into_owned())
}

fn has_fields(body: &Body) -> bool {
    matches!(body, Body::Json(Value::Object(_)) | Body::Form(_))
}

/// `variables.NAME` of a GraphQL request: the variable of that name, or another that is used for cursors.
fn graphql_variable(body: &Body, name: &str) -> Option<Vec<String>> {
    let Body::Json(json) = body else {
        return None;
    };
    let query = json.get("query")?.as_str()?;
    let is_used = |name: &&str| {
        query.match_indices(&format!("${name}")).any(|(at, found)| {
            let next = query[at + found.len()..].chars().next();
            !next.is_some_and(|next| next.is_alphanumeric() || next == '_')
        })
    };
    let variable = [name, "after", "cursor", "endCursor"]
        .into_iter()
        .find(is_used)?;
    Some(vec!["variables".to_owned(), variable.to_owned()])
}

/// The keys to the first field of `body` whose plain name and value are wanted.
fn find_key(
    body: &Body,
    is_wanted: &dyn Fn(&str) -> bool,
    fits: &dyn Fn(&Value) -> bool,
) -> Option<Vec<String>> {
    match body {
        Body::Json(Value::Object(object)) => find_in_object(object, is_wanted, fits, DEEPEST),
        Body::Form(fields) => {
            let (name, _) = fields
                .iter()
                .find(|(name, _)| is_wanted(&names::plain(name)))?;
            Some(vec![name.clone()])
        }
        _ => None,
    }
}

fn find_in_object(
    object: &Map<String, Value>,
    is_wanted: &dyn Fn(&str) -> bool,
    fits: &dyn Fn(&Value) -> bool,
    depth: usize,
) -> Option<Vec<String>> {
    let mut here = object.iter();
    if let Some((key, _)) = here.find(|(key, value)| is_wanted(&names::plain(key)) && fits(value)) {
        return Some(vec![key.clone()]);
    }
    object
        .iter()
        .filter(|_| depth > 1)
        .find_map(|(key, value)| {
            let inner = find_in_object(value.as_object()?, is_wanted, fits, depth - 1)?;
            Some(std::iter::once(key.clone()).chain(inner).collect())
        })
}

fn number_at(body: &Body, keys: &[String]) -> Option<u64> {
    match body {
        Body::Json(json) => keys.iter().try_fold(json, |at, key| at.get(key))?.as_u64(),
        Body::Form(fields) => {
            let (_, value) = fields.iter().find(|(name, _)| Some(name) == keys.first())?;
            value.parse().ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use serde_json::json;

    use super::*;

    fn request(url: &str, body: Body) -> Request {
        let mut request = Request::new(Method::POST, url.parse().unwrap());
        request.body = body;
        request
    }

    fn form(fields: &[(&str, &str)]) -> Body {
        Body::Form(
            fields
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn the_page_that_was_asked_for_is_found_with_its_place() {
        for (url, body, place, number) in [
            (
                "http://h/?q=1&_page=3",
                Body::Empty,
                Inject::query("_page"),
                3,
            ),
            (
                "http://h/?page[number]=2",
                Body::Empty,
                Inject::query("page[number]"),
                2,
            ),
            (
                "http://h/",
                Body::Json(json!({"q": {"pageNumber": 4}})),
                Inject::body_path("q.pageNumber").unwrap(),
                4,
            ),
            (
                "http://h/",
                form(&[("page", "5")]),
                Inject::body_path("page").unwrap(),
                5,
            ),
        ] {
            assert_eq!(
                page(&request(url, body)),
                Some(Sent { place, number }),
                "{url}"
            );
        }
        for (url, body) in [
            ("http://h/?per_page=3&page=x", Body::Empty),
            ("http://h/", Body::Json(json!({"page": {"size": 3}}))),
            ("http://h/", Body::Json(json!([1]))),
        ] {
            assert_eq!(page(&request(url, body)), None, "{url}");
        }
    }

    #[test]
    fn a_parameter_goes_where_the_request_has_it_or_takes_it() {
        let graphql =
            json!({"query": "query($n: Int, $endCursor: String) { x }", "variables": {"n": 5}});
        for (url, body, place) in [
            ("http://h/", Body::Empty, Inject::query("page_token")),
            (
                "http://h/?pageToken=",
                Body::Empty,
                Inject::query("pageToken"),
            ),
            (
                "http://h/",
                Body::Json(json!({"q": {"pageToken": null}})),
                Inject::body_path("q.pageToken").unwrap(),
            ),
            (
                "http://h/",
                Body::Json(json!({"q": 1})),
                Inject::body_path("page_token").unwrap(),
            ),
            (
                "http://h/",
                Body::Json(graphql),
                Inject::body_path("variables.endCursor").unwrap(),
            ),
            (
                "http://h/",
                form(&[("q", "1")]),
                Inject::body_path("page_token").unwrap(),
            ),
            (
                "http://h/",
                Body::Json(json!([1])),
                Inject::query("page_token"),
            ),
        ] {
            assert_eq!(place_for(&request(url, body), "page_token"), place, "{url}");
        }
    }
}
