//! What vendors write beside the standard about paging.

use serde_json::Value;

use crate::api::Endpoint;
use crate::findings::{Finding, Pages};

/// The paginator that an extension declares.
pub(crate) fn pages(endpoint: &Endpoint<'_>) -> Option<Finding<Pages>> {
    let node = endpoint.node.value;
    node.get("x-speakeasy-pagination")
        .and_then(speakeasy)
        .or_else(|| fern(node.get("x-fern-pagination")?))
        .or_else(|| {
            let name = node.get("x-ms-pageable")?.get("nextLinkName")?.as_str()?;
            Some(Pages::JsonLink {
                path: name.to_owned(),
            })
        })
        .map(|pages| Finding::new(pages, 0.98, "an extension of the description declares it"))
}

fn plain(path: &str) -> String {
    path.trim_start_matches("$.")
        .trim_start_matches("$response.")
        .to_owned()
}

fn speakeasy(value: &Value) -> Option<Pages> {
    let inputs = value.get("inputs").and_then(Value::as_array);
    let input = |kind: &str| {
        inputs?.iter().find_map(|input| {
            let is_it = input.get("type").and_then(Value::as_str) == Some(kind);
            is_it.then(|| input.get("name")?.as_str().map(str::to_owned))?
        })
    };
    let output = |name: &str| {
        let path = value.get("outputs")?.get(name)?.as_str()?;
        Some(plain(path))
    };
    match value.get("type")?.as_str()? {
        "cursor" => Some(Pages::Cursor {
            param: input("cursor")?,
            path: output("nextCursor")?,
        }),
        "url" => Some(Pages::JsonLink {
            path: output("nextUrl")?,
        }),
        "offsetLimit" => match input("page") {
            Some(param) => Some(Pages::PageNumber {
                param,
                first: 1,
                total: output("numPages"),
                has_more: None,
            }),
            None => Some(Pages::Offset {
                param: input("offset")?,
                limit_param: input("limit"),
                total: None,
            }),
        },
        _ => None,
    }
}

fn fern(value: &Value) -> Option<Pages> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let param = |key: &str| Some(text(key)?.trim_start_matches("$request.").to_owned());
    if let (Some(param), Some(path)) = (param("cursor"), text("next_cursor")) {
        return Some(Pages::Cursor {
            param,
            path: plain(path),
        });
    }
    Some(Pages::Offset {
        param: param("offset")?,
        limit_param: None,
        total: None,
    })
}
