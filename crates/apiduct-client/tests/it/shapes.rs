//! Well-known APIs, imitated on loopback and walked with nothing declared: every record comes, once and in order, and
//! what was found is what their documentation says.

use apiduct_client::paginate::{Cursor, Paginator};
use apiduct_client::{Pages, PaginateBuilder};
use apiduct_testkit::{MockApi, Received, Reply};
use http::Method;
use serde_json::{Value, json};

use crate::support::client;

const RECORDS: usize = 23;
const PAGE: usize = 5;

fn record(index: usize) -> Value {
    json!({"id": format!("rec_{index:04}"), "name": format!("Record {index}")})
}

fn all() -> Vec<Value> {
    (0..RECORDS).map(record).collect()
}

/// The records from `start` on, and where the next page starts.
fn from(start: usize) -> (Vec<Value>, Option<usize>) {
    let end = (start + PAGE).min(RECORDS);
    let records = (start.min(end)..end).map(record).collect();
    (records, (end < RECORDS).then_some(end))
}

fn number(request: &Received, name: &str) -> Option<usize> {
    request.param(name)?.parse().ok()
}

/// A token as servers make them, and what it stands for.
fn token(start: usize) -> String {
    format!("dXNlcjo{start}")
}

fn start_of(token: &str) -> usize {
    token
        .strip_prefix("dXNlcjo")
        .and_then(|text| text.parse().ok())
        .unwrap_or(usize::MAX)
}

fn asked(request: &Received, name: &str) -> usize {
    request.param(name).map_or(0, start_of)
}

fn asked_in_body(request: &Received, path: &str) -> usize {
    let body = request.json().unwrap_or_default();
    body.pointer(path)
        .and_then(Value::as_str)
        .map_or(0, start_of)
}

async fn drain(pages: &mut Pages) -> (Vec<Value>, String) {
    let mut records = Vec::new();
    while let Some(page) = pages.next().await.unwrap() {
        records.extend(page.records::<Value>().unwrap());
    }
    let found = pages.findings().unwrap();
    assert!(!found.selector.is_declared && !found.paginator.is_declared);
    assert!(!found.paginator.reasons.is_empty());
    assert!(
        found.paginator.pin().is_some(),
        "what was found can be pinned"
    );
    (records, found.paginator.paginator.describe())
}

/// What detection makes of a GET on `/r`, answered by `reply`.
async fn get(reply: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> (Vec<Value>, String) {
    let api = MockApi::builder().get("/r", reply).start();
    let client = client(&api).0.build().unwrap();
    drain(&mut client.paginate("/r").send()).await
}

/// The same for a POST with this body.
async fn post(
    body: &Value,
    reply: impl Fn(&Received) -> Reply + Send + Sync + 'static,
) -> (Vec<Value>, String) {
    let api = MockApi::builder().post("/r", reply).start();
    let client = client(&api).0.build().unwrap();
    let walk: PaginateBuilder = client.paginate("/r").method(Method::POST).json(body);
    drain(&mut walk.send()).await
}

fn link(request: &Received, start: usize) -> String {
    request.url(&format!("/r?at={start}"))
}

#[tokio::test]
async fn github() {
    let (records, found) = get(|request| {
        let page = number(request, "page").unwrap_or(1);
        let (records, next) = from((page - 1) * PAGE);
        let reply = Reply::json(&json!(records));
        if next.is_none() {
            return reply;
        }
        let (next, last) = (page + 1, RECORDS.div_ceil(PAGE));
        let (next, last) = (format!("/r?page={next}"), format!("/r?page={last}"));
        let (next, last) = (request.url(&next), request.url(&last));
        reply.header(
            "Link",
            &format!("<{next}>; rel=\"next\", <{last}>; rel=\"last\""),
        )
    })
    .await;
    assert_eq!(records, all());
    assert_eq!(found, "`Link` header with relation `next`");
}

#[tokio::test]
async fn stripe() {
    let (records, found) = get(|request| {
        let after = request.param("starting_after");
        let start = after.map_or(0, |id| id[4..].parse::<usize>().unwrap() + 1);
        let (records, next) = from(start);
        Reply::json(&json!({
            "object": "list", "url": "/r", "has_more": next.is_some(), "data": records,
        }))
    })
    .await;
    assert_eq!(records, all());
    assert_eq!(
        found,
        "cursor at `data[-1].id`, sent as query parameter `starting_after`, has-more at `has_more`"
    );
}

#[tokio::test]
async fn hubspot() {
    let (records, found) = get(|request| {
        let (records, next) = from(number(request, "at").unwrap_or(0));
        let mut body = json!({"results": records});
        if let Some(next) = next {
            body["paging"] =
                json!({"next": {"after": next.to_string(), "link": link(request, next)}});
        }
        Reply::json(&body)
    })
    .await;
    assert_eq!(records, all());
    assert_eq!(found, "next link at `paging.next.link` in the body");
}

#[tokio::test]
async fn hubspot_search() {
    let (records, found) = post(&json!({"limit": PAGE}), |request| {
        let (records, next) = from(asked_in_body(request, "/after"));
        let mut body = json!({"total": RECORDS, "results": records});
        if let Some(next) = next {
            body["paging"] = json!({"next": {"after": token(next)}});
        }
        Reply::json(&body)
    })
    .await;
    assert_eq!(records, all());
    assert_eq!(
        found,
        "cursor at `paging.next.after`, sent as `after` in the body"
    );
}

#[tokio::test]
async fn jira() {
    let (records, found) = get(|request| {
        let start = number(request, "startAt").unwrap_or(0);
        let (records, _) = from(start);
        Reply::json(&json!({
            "expand": "names", "startAt": start, "maxResults": PAGE, "total": RECORDS, "issues": records,
        }))
    })
    .await;
    assert_eq!(records, all());
    assert!(
        found.starts_with(
            "offset in query parameter `startAt`, limit 5 in query parameter `maxResults`"
        ),
        "{found}"
    );
}

#[tokio::test]
async fn jira_with_tokens() {
    let (records, found) = get(|request| {
        let (records, next) = from(asked(request, "nextPageToken"));
        let mut body = json!({"isLast": next.is_none(), "issues": records});
        if let Some(next) = next {
            body["nextPageToken"] = json!(token(next));
        }
        Reply::json(&body)
    })
    .await;
    assert_eq!(records, all());
    assert_eq!(
        found,
        "cursor at `nextPageToken`, sent as query parameter `nextPageToken`"
    );
}

#[tokio::test]
async fn google() {
    let (records, found) = get(|request| {
        let (records, next) = from(asked(request, "pageToken"));
        let mut body = json!({"kind": "list", "etag": "x", "items": records});
        if let Some(next) = next {
            body["nextPageToken"] = json!(token(next));
        }
        Reply::json(&body)
    })
    .await;
    assert_eq!(records, all());
    assert_eq!(
        found,
        "cursor at `nextPageToken`, sent as query parameter `pageToken`"
    );
}

#[tokio::test]
async fn slack() {
    let (records, found) = get(|request| {
        let (records, next) = from(asked(request, "cursor"));
        let next = next.map(token).unwrap_or_default();
        Reply::json(&json!({
            "ok": true, "members": records, "cache_ts": 1_498_777_272, "response_metadata": {"next_cursor": next},
        }))
    })
    .await;
    assert_eq!(records, all());
    assert_eq!(
        found,
        "cursor at `response_metadata.next_cursor`, sent as query parameter `cursor`"
    );
}

#[tokio::test]
async fn pokeapi() {
    let (records, found) = get(|request| {
        let start = number(request, "offset").unwrap_or(0);
        let (records, next) = from(start);
        let link = |start: usize| request.url(&format!("/r?offset={start}&limit={PAGE}"));
        Reply::json(&json!({
            "count": RECORDS, "next": next.map(link), "previous": start.checked_sub(PAGE).map(link), "results": records,
        }))
    })
    .await;
    assert_eq!(records, all());
    assert_eq!(found, "next link at `next` in the body");
}

#[tokio::test]
async fn shopify() {
    let (records, found) = get(|request| {
        let (records, next) = from(asked(request, "page_info"));
        let reply = Reply::json(&json!({"products": records}));
        match next {
            None => reply,
            Some(next) => {
                let next = request.url(&format!("/r?limit=5&page_info={}", token(next)));
                reply.header("Link", &format!("<{next}>; rel=\"next\""))
            }
        }
    })
    .await;
    assert_eq!(records, all());
    assert_eq!(found, "`Link` header with relation `next`");
}

#[tokio::test]
async fn zendesk() {
    for by_cursor in [false, true] {
        let (records, found) = get(move |request| {
            let (records, next) = from(number(request, "at").unwrap_or(0));
            let next_link = next.map(|next| link(request, next));
            Reply::json(&if by_cursor {
                let meta = json!({"has_more": next.is_some(), "after_cursor": next.map(token), "before_cursor": "x"});
                json!({"tickets": records, "meta": meta, "links": {"prev": "/r", "next": next_link}})
            } else {
                json!({"users": records, "next_page": next_link, "previous_page": null, "count": RECORDS})
            })
        })
        .await;
        assert_eq!(records, all());
        let path = if by_cursor { "links.next" } else { "next_page" };
        assert_eq!(found, format!("next link at `{path}` in the body"));
    }
}

#[tokio::test]
async fn odata() {
    for key in ["@odata.nextLink", "odata.nextLink"] {
        let (records, found) = get(move |request| {
            let (records, next) = from(number(request, "at").unwrap_or(0));
            let mut body = json!({"@odata.context": "$metadata#People", "@odata.count": RECORDS, "value": records});
            if let Some(next) = next {
                body[key] = json!(format!("r?at={next}"));
            }
            Reply::json(&body)
        })
        .await;
        assert_eq!(records, all());
        assert!(
            found.starts_with("next link at `") && found.contains(key),
            "{found}"
        );
    }
}

#[tokio::test]
async fn links_with_relations() {
    let (records, found) = get(|request| {
        let (records, next) = from(number(request, "at").unwrap_or(0));
        let mut links = vec![json!({"rel": "self", "href": "/r"})];
        if let Some(next) = next {
            links.push(json!({"rel": "next", "href": link(request, next)}));
        }
        Reply::json(&json!({"entries": records, "links": links}))
    })
    .await;
    assert_eq!(records, all());
    assert!(found.starts_with("next link at `links[?"), "{found}");
}

#[tokio::test]
async fn graphql() {
    let query = "query($first: Int, $after: String) { issues(first: $first, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }";
    let body = json!({"query": query, "variables": {"first": PAGE}});
    let (records, found) = post(&body, |request| {
        let (records, next) = from(asked_in_body(request, "/variables/after"));
        let info = json!({"hasNextPage": next.is_some(), "endCursor": next.map_or("end".to_owned(), token)});
        Reply::json(&json!({"data": {"issues": {"nodes": records, "pageInfo": info}}}))
    })
    .await;
    assert_eq!(records, all());
    assert_eq!(
        found,
        "cursor at `data.issues.pageInfo.endCursor`, sent as `variables.after` in the body, has-more at `data.issues.pageInfo.hasNextPage`"
    );
}

#[tokio::test]
async fn notion() {
    let reply = |start: usize| {
        let (records, next) = from(start);
        Reply::json(&json!({
            "object": "list", "results": records, "next_cursor": next.map(token), "has_more": next.is_some(),
            "type": "page_or_database",
        }))
    };
    let (records, found) = get(move |request| reply(asked(request, "start_cursor"))).await;
    assert_eq!(records, all());
    assert_eq!(
        found,
        "cursor at `next_cursor`, sent as query parameter `start_cursor`, has-more at `has_more`"
    );
    let body = json!({"page_size": PAGE});
    let (records, found) = post(&body, move |request| {
        reply(asked_in_body(request, "/start_cursor"))
    })
    .await;
    assert_eq!(records, all());
    assert!(
        found.contains("sent as `start_cursor` in the body"),
        "{found}"
    );
}

#[tokio::test]
async fn airtable() {
    let (records, found) = get(|request| {
        let (records, next) = from(asked(request, "offset"));
        let mut body = json!({"records": records});
        if let Some(next) = next {
            body["offset"] = json!(token(next));
        }
        Reply::json(&body)
    })
    .await;
    assert_eq!(records, all());
    assert_eq!(
        found,
        "cursor at `offset`, sent as query parameter `offset`"
    );
}

#[tokio::test]
async fn numbered_pages_from_0_and_from_1() {
    for base in [0, 1] {
        for echoes in [false, true] {
            let (records, found) = get(move |request| {
                let page = number(request, "page").unwrap_or(base);
                let (records, _) = from(page.saturating_sub(base) * PAGE);
                let mut body = json!({"items": records, "total_pages": RECORDS.div_ceil(PAGE)});
                if echoes {
                    body["page"] = json!(page);
                }
                Reply::json(&body)
            })
            .await;
            assert_eq!(records, all(), "from {base}, echo {echoes}");
            assert!(
                found.starts_with(&format!(
                    "page number in query parameter `page`, from {base}"
                )),
                "{found}"
            );
        }
    }
}

#[tokio::test]
async fn has_more_beside_the_number_of_the_page() {
    let (records, found) = get(|request| {
        let page = number(request, "page").unwrap_or(1);
        let (records, next) = from((page - 1) * PAGE);
        Reply::json(&json!({"items": records, "page": page, "has_more": next.is_some()}))
    })
    .await;
    assert_eq!(records, all());
    assert_eq!(
        found,
        "page number in query parameter `page`, from 1, has-more at `has_more`, until an empty page"
    );
}

/// An Elasticsearch answer with the hits from `start` on.
fn hits(start: usize) -> Value {
    let (records, _) = from(start);
    let hits: Vec<Value> = (start..)
        .zip(records)
        .map(|(at, record)| json!({"_id": record["id"], "_source": record, "sort": [at, "x"]}))
        .collect();
    json!({"took": start, "timed_out": false, "hits": {"total": {"value": RECORDS}, "hits": hits}})
}

async fn declared(
    reply: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    paginator: impl Paginator + 'static,
) -> Vec<Value> {
    let api = MockApi::builder().post("/_search", reply).start();
    let client = client(&api).0.build().unwrap();
    let walk = client
        .paginate("/_search")
        .method(Method::POST)
        .json(&json!({"size": PAGE, "sort": ["at", "_id"]}))
        .data_selector("hits.hits[*]._source")
        .paginator(paginator);
    let mut pages = walk.send();
    let mut records = Vec::new();
    while let Some(page) = pages.next().await.unwrap() {
        records.extend(page.records::<Value>().unwrap());
    }
    records
}

#[tokio::test]
async fn elastic_search_after() {
    let reply = |request: &Received| {
        let body = request.json().unwrap_or_default();
        let after = body["search_after"][0].as_u64();
        let start = after.map_or(0, |at| usize::try_from(at).unwrap() + 1);
        Reply::json(&hits(start))
    };
    let paginator = Cursor::new("hits.hits[-1].sort").cursor_body_path("search_after");
    assert_eq!(declared(reply, paginator).await, all());
}

#[tokio::test]
async fn elastic_scroll_repeats_its_cursor_with_new_rows_until_a_page_is_empty() {
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let reply = move |_: &Received| {
        let call = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut body = hits(call * PAGE);
        body["_scroll_id"] = json!("DXF1ZXJ5QW5kRmV0Y2g");
        Reply::json(&body)
    };
    let paginator = Cursor::new("_scroll_id")
        .cursor_body_path("scroll_id")
        .stop_after_empty_page(true);
    assert_eq!(declared(reply, paginator).await, all());
}
