//! A paginator of one's own for POST requests: a cursor from the response goes into the JSON body.
//!
//! `Cursor` with `cursor_body_path` does the same; this shows how to write one.

use apiduct::json::Selector;
use apiduct::model::Scalar;
use apiduct::paginate::{PaginateError, Paginator, Position, Reason, Step};
use apiduct::{Body, Client, Method, Page, Request};
use apiduct_testkit::{MockApi, Reply};
use serde_json::json;

use crate::support::{Outcome, four_from};

#[derive(Debug)]
struct PostBody {
    cursor_path: Selector,
}

impl Paginator for PostBody {
    fn start(&self) -> Position {
        Position::Start
    }

    fn apply(&self, position: &Position, request: &mut Request) -> Result<(), PaginateError> {
        if let Position::Token(cursor) = position {
            if request.body == Body::Empty {
                request.body = Body::Json(json!({}));
            }
            if let Body::Json(body) = &mut request.body {
                body["cursor"] = json!(cursor.to_string());
            }
        }
        Ok(())
    }

    /// What `advance` will ask the page for; one scan finds it together with the records.
    fn needs(&self) -> Vec<Selector> {
        vec![self.cursor_path.clone()]
    }

    fn advance(&self, _: &Position, page: &Page) -> Result<Step, PaginateError> {
        match page.captured(&self.cursor_path).scalar() {
            Some(cursor) if !page.is_empty() && *cursor != Scalar::Null => {
                Ok(Step::Next(Position::Token(cursor.clone())))
            }
            _ => Ok(Step::Done(Reason::NoNext)),
        }
    }

    fn describe(&self) -> String {
        "cursor in the body of a POST".to_owned()
    }
}

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let paginator = PostBody {
        cursor_path: Selector::parse("next_page_cursor")?,
    };
    let client = Client::builder(api.base_url()).paginator(paginator).build()?;

    let mut pages = client.paginate("/data").method(Method::POST).send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        records += page.len();
    }

    assert_eq!(records, 10);
    assert_eq!(api.recorded()[2].json(), Some(json!({"cursor": "8"})));
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .post("/data", |request| {
            let body = request.json().unwrap_or_default();
            let cursor = body["cursor"].as_str().unwrap_or("0");
            let start = cursor.parse().unwrap_or(0);
            let (posts, has_more) = four_from(start);
            let next = has_more.then_some(start + 4);
            Reply::json(&json!({"posts": posts, "next_page_cursor": next}))
        })
        .start()
}
