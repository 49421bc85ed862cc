//! What every answer has to look like.

use std::ops::RangeInclusive;

use apiduct_json::Selector;
use serde_json::Value;

use super::{Seen, Statuses};

/// What every page of a walk has to look like; anything else is an error. All that is set must hold.
///
/// Error statuses are tried again or reported in any case, and an empty body has neither type nor content to look at:
/// it is an empty page, unless `statuses` says otherwise. A rule that is for a response comes first.
///
/// ```
/// use apiduct_client::rules::Expect;
///
/// let expect = Expect {
///     content_type: Some("application/json".to_owned()),
///     ..Expect::default()
/// };
/// # let _ = expect;
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Expect {
    /// The status is in one of these ranges. Empty: any that is no error.
    pub statuses: Vec<RangeInclusive<u16>>,
    /// The media type, without its parameters: `application/json`. A part before or behind the `/` may be `*`.
    pub content_type: Option<String>,
    /// Something is here in the JSON body, `null` included.
    pub selector: Option<Selector>,
}

impl Expect {
    /// What is not as expected.
    pub(super) fn problem(&self, seen: &Seen<'_>) -> Option<String> {
        let response = seen.response;
        if !response.status.is_success() {
            return None;
        }
        let status = response.status.as_u16();
        let is_in = |range: &RangeInclusive<u16>| range.contains(&status);
        if !self.statuses.is_empty() && !self.statuses.iter().any(is_in) {
            let statuses = Statuses(&self.statuses);
            return Some(format!("status {statuses} is expected"));
        }
        if response.is_bodiless() {
            return None;
        }
        let found = response.content_type();
        if let Some(expected) = &self.content_type
            && !found.is_some_and(|found| is_of_type(found, expected))
        {
            let found = found.unwrap_or("none");
            return Some(format!(
                "content type `{expected}` is expected, and this is `{found}`"
            ));
        }
        let selector = self.selector.as_ref()?;
        let body = seen.json();
        if body.is_some_and(|body| !selector.query(body).is_empty()) {
            return None;
        }
        let path = selector.as_str();
        Some(match body {
            Some(Value::Object(map)) => {
                let keys: Vec<String> = map.keys().take(20).map(|key| format!("`{key}`")).collect();
                let keys = keys.join(", ");
                format!("something is expected at `{path}`, and the keys are {keys}")
            }
            _ => format!("something is expected at `{path}`"),
        })
    }
}

fn is_of_type(found: &str, expected: &str) -> bool {
    let found = found.split(';').next().unwrap_or_default().trim();
    let parts = |text: &str| {
        let (main, sub) = text.trim().split_once('/').unwrap_or((text.trim(), "*"));
        (main.to_ascii_lowercase(), sub.to_ascii_lowercase())
    };
    let (found, expected) = (parts(found), parts(expected));
    let fits = |own: &str, wanted: &str| wanted == "*" || own == wanted;
    fits(&found.0, &expected.0) && fits(&found.1, &expected.1)
}
