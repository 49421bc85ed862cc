//! All pages of a URL without a client: the same parameters, and all that is not said is found out.

use apiduct::auth::Bearer;
use apiduct::paginate;
use apiduct_testkit::{Access, MockApi};

use crate::support::{Outcome, posts};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let mut pages = paginate(api.url("/posts"))
        .auth(Bearer::new("your_access_token"))
        .param("per_page", 4)
        .send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        println!("{page}");
        records += page.len();
    }

    assert_eq!(records, 10);
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .collection("posts", posts())
        .protect("/", Access::bearer("your_access_token"))
        .start()
}
