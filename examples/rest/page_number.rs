//! Pages are asked for by number. They end at the API's count of pages, or where we say.

use apiduct::Client;
use apiduct::paginate::{PageNumber, TotalPath};
use apiduct_testkit::{MockApi, Reply};
use serde_json::json;

use crate::support::{Outcome, four_from, number};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url())
        .paginator(PageNumber::new().total_path("total_pages"))
        .build()?;
    let mut pages = client.paginate("/items").send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        records += page.len();
    }
    assert_eq!(records, 10);
    // With a known total the pages after the first are fetched side by side, so they are logged in any order.
    let mut log = api.log();
    log.sort();
    assert_eq!(log, ["GET /items?page=1", "GET /items?page=2", "GET /items?page=3"]);

    // The API does not tell how many pages there are: end at a page of our own.
    let bounded = PageNumber::new().maximum_page(2).total_path(TotalPath::Unknown);
    let mut pages = client.paginate("/items").paginator(bounded).send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        records += page.len();
    }
    assert_eq!(records, 8);

    // Another first page, under another name.
    let renamed = PageNumber::new().initial_page(2).page_param("p");
    let mut pages = client.paginate("/items").paginator(renamed).send();
    let page = pages.next().await?.ok_or("there is a page")?;
    assert!(page.request.to_string().ends_with("/items?p=2"));
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .get("/items", |request| {
            let page = number(request, "page", number(request, "p", 1));
            let (items, _) = four_from(page.saturating_sub(1) * 4);
            Reply::json(&json!({"items": items, "total_pages": 3}))
        })
        .start()
}
