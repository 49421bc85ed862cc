//! What the APIs of these examples have in common.

use apiduct_testkit::{Received, Reply};
use serde_json::{Value, json};

/// How an example ends.
pub(crate) type Outcome = Result<(), Box<dyn std::error::Error>>;

/// What lies in the API: ten posts.
pub(crate) fn posts() -> Vec<Value> {
    (1..=10)
        .map(|id| json!({"id": id, "title": format!("Post {id}")}))
        .collect()
}

/// The posts from number `start` (counted from 0), four at most, and whether there are more.
pub(crate) fn four_from(start: u64) -> (Vec<Value>, bool) {
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    let page: Vec<Value> = posts().into_iter().skip(start).take(4).collect();
    let has_more = start.saturating_add(page.len()) < 10;
    (page, has_more)
}

/// Parameter `name` of the request as a number.
pub(crate) fn number(request: &Received, name: &str, default: u64) -> u64 {
    request.number_param(name).unwrap_or(default)
}

/// 404 without a body.
pub(crate) fn not_found() -> Reply {
    Reply::status(404)
}
