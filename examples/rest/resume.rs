//! The position in a list can be saved and taken up again.

use apiduct::Client;
use apiduct::paginate::{PageNumber, Position};
use apiduct_testkit::MockApi;

use crate::support::{Outcome, posts};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url())
        .paginator(PageNumber::new().total_path("total_pages"))
        .build()?;

    let mut pages = client.paginate("/posts").param("per_page", 4).send();
    let mut records = pages.next().await?.map_or(0, |page| page.len());
    let saved = serde_json::to_string(&pages.next_position())?;
    drop(pages);

    let position: Position = serde_json::from_str(&saved)?;
    let walk = client.paginate("/posts").param("per_page", 4);
    let mut pages = walk.resume_at(position).send();
    while let Some(page) = pages.next().await? {
        records += page.len();
    }

    assert_eq!(records, 10);
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder().collection("posts", posts()).start()
}
