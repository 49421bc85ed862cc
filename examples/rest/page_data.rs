//! A page is the list of its records and knows what brought it: request, response, paginator, authentication.

use apiduct::Client;
use apiduct::auth::Bearer;
use apiduct::paginate::PageNumber;
use apiduct_testkit::MockApi;
use serde_json::Value;

use crate::support::{Outcome, posts};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url())
        .auth(Bearer::new("your_access_token"))
        .paginator(PageNumber::new().total_path("total_pages"))
        .data_selector("data")
        .build()?;
    let mut pages = client.paginate("/posts").send();
    let page = pages.next().await?.ok_or("there is a page")?;

    // The records: counted, walked, taken by their place, or read into a type of one's own.
    assert_eq!(page.len(), 5);
    for post in page.iter::<Value>() {
        println!("{}", post?["title"]);
    }
    let third: Value = page.get(2).ok_or("there is a third")??;
    assert_eq!(third["id"], 3);
    assert_eq!(page.values()?.len(), 5);

    // What brought them. No secret shows up in any of it.
    assert!(page.request.to_string().ends_with("/posts?page=1"));
    assert_eq!(page.response.status, 200);
    let paginator = page.paginator().ok_or("a walk has a paginator")?;
    println!("paginator: {}", paginator.describe());
    let auth = page.auth().ok_or("a walk has authentication")?;
    assert_eq!(auth.describe(), "bearer token");
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder().collection("posts", posts()).start()
}
