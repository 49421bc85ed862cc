//! Pages are asked for by offset and limit. They end at the API's total, or where we say.

use apiduct::Client;
use apiduct::paginate::{Offset, TotalPath};
use apiduct_testkit::{MockApi, Reply};
use serde_json::json;

use crate::support::{Outcome, posts};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url())
        .paginator(Offset::new(4).total_path("total"))
        .build()?;
    let mut pages = client.paginate("/items").send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        records += page.len();
    }
    assert_eq!(records, 10);
    let mut requests = api.log();
    requests.sort();
    assert_eq!(requests[2], "GET /items?offset=8&limit=4");

    // The API gives no total: end at an offset of our own, or at the first empty page.
    let bounded = Offset::new(4).maximum_offset(8).total_path(TotalPath::Unknown);
    let mut pages = client.paginate("/items").paginator(bounded).send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        records += page.len();
    }
    assert_eq!(records, 8);

    // Other names and another start.
    let renamed = Offset::new(4).offset(8).offset_param("skip").limit_param("top");
    let mut pages = client.paginate("/items").paginator(renamed).send();
    let page = pages.next().await?.ok_or("there is a page")?;
    assert!(page.request.to_string().ends_with("/items?skip=8&top=4"));
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .get("/items", |request| {
            let number = |names: [&str; 2], default| {
                let found = names.iter().find_map(|name| request.number_param(name));
                usize::try_from(found.unwrap_or(default)).unwrap_or(usize::MAX)
            };
            let (offset, limit) = (number(["offset", "skip"], 0), number(["limit", "top"], 5));
            let items: Vec<_> = posts().into_iter().skip(offset).take(limit).collect();
            Reply::json(&json!({"items": items, "total": 10}))
        })
        .start()
}
