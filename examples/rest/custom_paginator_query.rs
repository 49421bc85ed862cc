//! A paginator of one's own: it counts up a query parameter until a page is empty.
//!
//! `PageNumber` does the same with more options; this shows how to write one.

use apiduct::paginate::{PaginateError, Paginator, Position, Reason, Step};
use apiduct::{Client, Page, Request};
use apiduct_testkit::{MockApi, Reply};

use crate::support::{Outcome, four_from, number};

#[derive(Debug)]
struct QueryParam {
    page_param: String,
    initial_page: u64,
}

impl Paginator for QueryParam {
    /// Where the first request goes: what other libraries call `init_request`, together with `apply`.
    fn start(&self) -> Position {
        Position::Number(self.initial_page)
    }

    /// Writes a position into a request: `update_request`.
    fn apply(&self, position: &Position, request: &mut Request) -> Result<(), PaginateError> {
        request.set_param(&self.page_param, position.to_string());
        Ok(())
    }

    /// Reads from a page where to go on: `update_state`.
    fn advance(&self, position: &Position, page: &Page) -> Result<Step, PaginateError> {
        match position {
            Position::Number(number) if !page.is_empty() => {
                Ok(Step::Next(Position::Number(number + 1)))
            }
            _ => Ok(Step::Done(Reason::EmptyPage)),
        }
    }

    fn describe(&self) -> String {
        format!("counts up `{}`", self.page_param)
    }
}

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let paginator = QueryParam {
        page_param: "page".to_owned(),
        initial_page: 1,
    };
    let client = Client::builder(api.base_url()).paginator(paginator).build()?;

    let mut pages = client.paginate("/data").send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        records += page.len();
    }

    assert_eq!(records, 10);
    assert_eq!(api.log()[3], "GET /data?page=4");
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .get("/data", |request| {
            let (posts, _) = four_from((number(request, "page", 1) - 1) * 4);
            Reply::json(&posts)
        })
        .start()
}
