mod walks;

use http::Method;
use serde_json::json;

use super::*;
use crate::Body;
use crate::paginate::test_support;

/// What is found in `body` as the answer to `request`: selector and paginator.
fn find_for(
    request: &Request,
    headers: &[(&str, &str)],
    body: &Value,
) -> (SelectorFinding, PaginatorFinding) {
    let response = test_support::response(request.full_url().as_str(), headers, body);
    let records = selector(body);
    let count = records
        .selector
        .first(body)
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    let found = paginator(&DetectInput {
        request,
        response: &response,
        value: body,
        selector: &records.selector,
        is_list: records.is_list,
        record_count: count,
    });
    (records, found)
}

fn get(url: &str) -> Request {
    Request::new(Method::GET, url.parse().unwrap())
}

fn find(body: &Value) -> PaginatorFinding {
    find_for(&get("http://h/r"), &[], body).1
}

fn described(body: &Value) -> String {
    find(body).paginator.describe()
}

/// The shapes that public APIs have, one a line, with what must be found: where the records are, and how the
/// description of the paginator begins.
const SHAPES: &str = include_str!("tests/shapes.jsonl");

#[test]
fn the_usual_shapes_are_recognized() {
    for shape in SHAPES.lines() {
        let shape: Value = serde_json::from_str(shape).unwrap();
        let (selector, found) = find_for(&get("http://h/r"), &[], &shape["body"]);
        assert_eq!(selector.selector.as_str(), shape["records"], "{shape}");
        let description = found.paginator.describe();
        let expected = shape["paginator"].as_str().unwrap();
        assert!(description.starts_with(expected), "{description}\n{shape}");
        assert!(!found.reasons.is_empty());
        assert_eq!(found.paginator.validate(), Ok(()));
    }
}

#[test]
fn a_link_header_is_surest() {
    let header = [("link", r#"<http://h/r?page=2>; rel="next""#)];
    for body in [
        json!([1, 2]),
        json!({"id": 1}),
        json!({"data": [1], "next": "/other"}),
    ] {
        let (_, found) = find_for(&get("http://h/r"), &header, &body);
        assert_eq!(
            found.paginator.describe(),
            "`Link` header with relation `next`"
        );
        assert!(found.score >= 1.0);
    }
    for value in [r#"</1>; rel="first""#, r#"<>; rel="next""#] {
        let (_, found) = find_for(&get("http://h/r"), &[("link", value)], &json!([1]));
        assert_eq!(found.paginator.describe(), "single page");
    }
}

#[test]
fn a_cursor_in_a_header_is_found() {
    for (header, value, parameter) in [
        ("X-Next-Page", "2", "page"),
        ("Next", "abc", "cursor"),
        ("cursor", "abc", "cursor"),
        ("x-next-page-token", "abc", "page_token"),
        ("X-Next-Cursor", "abc", "cursor"),
    ] {
        let (_, found) = find_for(&get("http://h/r"), &[(header, value)], &json!([1]));
        let name = header.to_lowercase();
        let expected = format!("cursor in header `{name}`, sent as query parameter `{parameter}`");
        assert_eq!(found.paginator.describe(), expected);
    }
    for (header, value) in [("X-Next-Page", ""), ("Next-Review", "x")] {
        let (_, found) = find_for(&get("http://h/r"), &[(header, value)], &json!([1]));
        assert_eq!(found.paginator.describe(), "single page", "{header}");
    }
}

#[test]
fn a_header_that_is_a_link_is_followed() {
    for (header, value) in [
        ("X-Next-Page", "http://h/r?page=2"),
        ("Next", "/r?page=2"),
        ("next-url", "?page=2"),
    ] {
        let (_, found) = find_for(&get("http://h/r"), &[(header, value)], &json!([1]));
        let expected = format!("next link in header `{}`", header.to_lowercase());
        assert_eq!(found.paginator.describe(), expected);
        assert!(found.score < 1.0 && found.score > 0.5);
    }
}

#[test]
fn a_page_number_goes_where_the_request_has_its_fields() {
    let mut request = get("http://h/search");
    request.body = Body::Json(json!({"q": "x"}));
    let body = json!({"data": [1], "next_page": 2, "total_pages": 3});
    let (_, found) = find_for(&request, &[], &body);
    let description = found.paginator.describe();
    assert!(
        description.starts_with("page number in `page` in the body, from 1"),
        "{description}"
    );
}

#[test]
fn links_are_found_where_apis_put_them() {
    for (body, path) in [
        (
            json!({"value": [{"a": 1}], "@odata.nextLink": "https://h/r?$skip=2"}),
            "'@odata.nextLink'",
        ),
        (
            json!({"value": [{"a": 1}], "odata.nextLink": "r?$skiptoken=2"}),
            "'odata.nextLink'",
        ),
        (
            json!({"d": {"results": [{"a": 1}], "__next": "https://h/r?$skip=2"}}),
            "d.__next",
        ),
        (
            json!({"items": [{"a": 1}], "nextLink": "https://h/2"}),
            "nextLink",
        ),
        (json!({"items": [{"a": 1}], "next_link": "/2"}), "next_link"),
        (
            json!({"items": [{"a": 1}], "next_page_url": "http://h/2"}),
            "next_page_url",
        ),
        (
            json!({"items": [{"a": 1}], "paging": {"next": {"after": "x", "link": "http://h/2"}}}),
            "paging.next.link",
        ),
        (
            json!({"next": null, "items": [{"a": 1}], "links": {"next": "/2"}}),
            "links.next",
        ),
        (
            json!({"next": "abc", "items": [{"a": 1}], "links": {"next": "/2"}}),
            "links.next",
        ),
        (json!({"items": [{"a": 1}], "next": "r?page=2"}), "next"),
        (json!({"items": [{"a": 1}], "next": "?page=2"}), "next"),
        (
            json!({"items": [{"a": 1}], "next_url": "r/page/2"}),
            "next_url",
        ),
        (
            json!({"links": [{"rel": "self", "href": "/1"}, {"rel": "next", "href": "/2"}], "items": [{"a": 1}]}),
            "links[?(@['rel']=='next')]['href']",
        ),
        (
            json!({"resourceType": "Bundle", "entry": [{"a": 1}], "link": [{"relation": "next", "url": "http://h/2"}]}),
            "link[?(@['relation']=='next')]['url']",
        ),
    ] {
        let found = find(&body);
        let expected = Selector::parse(path).unwrap();
        let description = found.paginator.describe();
        assert!(
            description.starts_with("next link at `"),
            "{description}\n{body}"
        );
        assert_eq!(
            found.paginator.needs(),
            std::slice::from_ref(&expected),
            "{body}"
        );
        assert!(expected.first(&body).is_some(), "{body}");
    }
    let sure = find(&json!({"items": [1], "next": "/2"})).score;
    let less = find(&json!({"items": [1], "next_url": "r/page/2"})).score;
    let least = find(&json!({"items": [1], "next": "r?page=2"})).score;
    assert!(sure > less && less > least);
}

#[test]
fn what_only_looks_like_a_next_page_is_left_alone() {
    for body in [
        json!({"data": [{"next": "/2"}]}),
        json!({"data": [1], "next_billing_date": "2024-05-01"}),
        json!({"data": [1], "next": "2024-05-01"}),
        json!({"data": [1], "next": true}),
        json!({"data": [1], "next": ""}),
        json!({"data": [1], "next": 0}),
        json!({"data": [1], "next": null}),
        json!({"data": [1], "nextSteps": "read on"}),
        json!({"data": [1], "user": {"next": "/2"}}),
        json!({"id": 1, "name": "x", "next": "/items/2"}),
        json!({"id": 1, "next_page": "http://h/2"}),
        json!({"data": [1], "has_more": false}),
        json!({"data": [1], "pages": [1, 2]}),
        json!({"data": [1], "offset": 0, "total": 5}),
        json!(null),
        json!("text"),
    ] {
        let found = find(&body);
        assert_eq!(found.paginator.describe(), "single page", "{body}");
        assert!(found.score <= 0.0);
        assert!(found.if_repeated.is_none());
    }
}

#[test]
fn the_fallback_says_what_it_saw() {
    for (body, reason) in [
        (
            json!({"data": [1], "next": null}),
            "`next` is null, so this is the last page",
        ),
        (
            json!({"data": [1], "has_more": false}),
            "`has_more` says that there is no more",
        ),
        (
            json!({"data": [1]}),
            "nothing in the response leads to a next page",
        ),
        (json!({"id": 1}), "the response is one record"),
        (
            json!([1]),
            "the response is a bare list, and no `Link` header names a next page",
        ),
    ] {
        assert_eq!(find(&body).reasons, [reason]);
    }
}

#[test]
fn the_parameter_of_a_cursor_is_derived_from_its_key() {
    let derived = |key: &str| {
        let found = described(&json!({"data": [1], key: "abc"}));
        found.rsplit('`').nth(1).unwrap().to_owned()
    };
    for (key, parameter) in [
        ("next_page_token", "page_token"),
        ("nextPageToken", "pageToken"),
        ("next_cursor", "cursor"),
        ("nextCursor", "cursor"),
        ("NextMarker", "marker"),
        ("next_offset", "offset"),
        ("nextToken", "nextToken"),
        ("next", "cursor"),
        ("next_key", "cursor"),
        ("next_id", "cursor"),
        ("continuationToken", "continuationToken"),
    ] {
        assert_eq!(derived(key), parameter, "{key}");
    }
    let paging = json!({"data": [1], "paging": {"next": {"after": "x"}}});
    assert_eq!(
        described(&paging),
        "cursor at `paging.next.after`, sent as query parameter `after`"
    );
    let cursors = json!({"data": [1], "paging": {"cursors": {"before": "a", "after": "b"}}});
    assert_eq!(
        described(&cursors),
        "cursor at `paging.cursors.after`, sent as query parameter `after`"
    );
}

#[test]
fn a_cursor_that_looks_like_a_path_is_still_a_cursor() {
    let body = json!({"data": [1], "next_cursor": "/9j/4AA?x=="});
    assert!(described(&body).starts_with("cursor at `next_cursor`"));
    let body = json!({"data": [1], "next_cursor": "2024-05-01T00:00:00Z"});
    assert!(described(&body).starts_with("cursor at `next_cursor`"));
}

#[test]
fn has_more_is_asked_beside_a_cursor() {
    let body = json!({"data": [1], "response_metadata": {"next_cursor": "x"}, "has_more": true});
    let expected = "cursor at `response_metadata.next_cursor`, sent as query parameter `cursor`, has-more at `has_more`";
    assert_eq!(described(&body), expected);
}

#[test]
fn a_connection_of_graphql_goes_on_in_its_variable() {
    let mut request = get("http://h/graphql");
    request.method = Method::POST;
    request.body = Body::Json(
        json!({"query": "query ($first: Int, $after: String) { issues }", "variables": {"first": 2}}),
    );
    let body = json!({"data": {"repo": {"issues": {
        "nodes": [{"id": 1}],
        "pageInfo": {"hasNextPage": true, "endCursor": "Y3Vyc29y"},
    }}}});
    let (selector, found) = find_for(&request, &[], &body);
    assert_eq!(selector.selector.as_str(), "data.repo.issues.nodes");
    assert_eq!(
        found.paginator.describe(),
        "cursor at `data.repo.issues.pageInfo.endCursor`, sent as `variables.after` in the body, \
         has-more at `data.repo.issues.pageInfo.hasNextPage`"
    );
}

#[test]
fn more_without_a_hint_how_is_never_taken_for_the_end() {
    let list = json!({"object": "list", "data": [{"id": "a"}, {"id": "b"}], "has_more": true, "url": "/v1/r"});
    assert_eq!(
        described(&list),
        "cursor at `data[-1].id`, sent as query parameter `starting_after`, has-more at `has_more`"
    );
    let found = find(&json!({"items": [{"a": 1}], "has_more": true}));
    assert_eq!(
        found.paginator.describe(),
        "page number in query parameter `page`, from 0, has-more at `has_more`, until an empty page"
    );
    assert!(found.if_repeated.is_some());
    assert!(found.score < 0.5);
}

#[test]
fn the_current_page_decides_where_counting_starts() {
    for (body, start, base) in [
        (json!({"items": [1], "page": 1, "total_pages": 3}), 1, 1),
        (json!({"items": [1], "page": 0, "total_pages": 3}), 0, 0),
        (json!({"content": [1], "totalPages": 3, "number": 0}), 0, 0),
        (
            json!({"items": [1], "meta": {"total_pages": 3}, "current_page": 1}),
            1,
            1,
        ),
        (
            json!({"items": [1], "meta": {"total_pages": "3", "pageNumber": "1"}}),
            1,
            1,
        ),
        (
            json!({"items": [1], "next_page": 2, "total_pages": 3}),
            1,
            1,
        ),
        (
            json!({"items": [1], "current_page": 4, "last_page": 9}),
            4,
            1,
        ),
    ] {
        let found = find(&body);
        assert_eq!(found.position, Position::Number(start), "{body}");
        assert!(found.if_repeated.is_none(), "{body}");
        let shown = format!("{:?}", found.paginator);
        assert!(
            shown.contains(&format!("base_page: Some({base})")),
            "{shown}"
        );
    }
    let unknown = find(&json!({"items": [1], "total_pages": 3}));
    assert_eq!(unknown.position, Position::Number(0));
    assert!(unknown.if_repeated.is_some());
}

#[test]
fn the_page_that_was_asked_for_counts_more_than_the_page_that_is_answered() {
    let body = json!({"content": [1], "totalPages": 3, "number": 0});
    let (_, found) = find_for(&get("http://h/r?page=1"), &[], &body);
    assert_eq!(found.position, Position::Number(1));
    let (_, found) = find_for(
        &get("http://h/r?pageNumber=2"),
        &[],
        &json!({"items": [1], "total_pages": 3}),
    );
    assert!(
        found
            .paginator
            .describe()
            .starts_with("page number in query parameter `pageNumber`, from 2")
    );
    assert!(found.if_repeated.is_none());
}
