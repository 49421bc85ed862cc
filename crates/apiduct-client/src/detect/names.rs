//! The words that APIs use, and how keys are compared with them.

/// Last keys of a record list, as most APIs call it.
const RECORDS: [&str; 11] = [
    "data", "items", "results", "entries", "records", "rows", "entities", "payload", "content",
    "objects", "values",
];

/// Names that are used for record lists too, and for other things.
const RECORDS_TOO: [&str; 10] = [
    "value",
    "nodes",
    "edges",
    "hits",
    "docs",
    "documents",
    "resources",
    "elements",
    "list",
    "result",
];

/// Lists under these keys, or anywhere below them, describe the response; they are not what was asked for.
const ABOUT: [&str; 20] = [
    "meta",
    "metadata",
    "pagination",
    "paging",
    "page",
    "pageinfo",
    "link",
    "links",
    "extras",
    "headers",
    "error",
    "errors",
    "warning",
    "warnings",
    "included",
    "facets",
    "aggregations",
    "debug",
    "cursors",
    "responsemetadata",
];

/// Parts of a key that mark an object as one about pages.
const PAGING_PARTS: [&str; 7] = ["pag", "meta", "link", "cursor", "next", "nav", "info"];

/// Whole keys of an envelope, besides those that speak of paging.
const ENVELOPE: [&str; 32] = [
    "self",
    "first",
    "last",
    "href",
    "status",
    "statuscode",
    "code",
    "success",
    "ok",
    "error",
    "errors",
    "message",
    "messages",
    "msg",
    "version",
    "apiversion",
    "timestamp",
    "time",
    "requestid",
    "took",
    "meta",
    "more",
    "start",
    "from",
    "to",
    "object",
    "kind",
    "etag",
    "query",
    "copyright",
    "context",
    "nhits",
];

/// Words that may follow `next` in the name of a reference to the next page.
const AFTER_NEXT: [&str; 18] = [
    "continuation",
    "records",
    "results",
    "cursor",
    "number",
    "offset",
    "marker",
    "start",
    "token",
    "after",
    "page",
    "link",
    "href",
    "path",
    "uri",
    "url",
    "key",
    "id",
];

/// `key` in lower case, without separators and without the mark of an `OData` annotation.
pub(super) fn plain(key: &str) -> String {
    let bare = key.trim_start_matches(['@', '$']);
    let bare = match bare.get(..6) {
        Some(prefix) if prefix.eq_ignore_ascii_case("odata.") => &bare[6..],
        _ => bare,
    };
    bare.chars()
        .filter(|letter| !matches!(letter, '_' | '-' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

/// How much a key sounds like the name of a record list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RecordName {
    Yes,
    Perhaps,
    No,
}

pub(super) fn record_name(key: &str) -> RecordName {
    let name = plain(key);
    if RECORDS.contains(&name.as_str()) {
        RecordName::Yes
    } else if RECORDS_TOO.contains(&name.as_str()) {
        RecordName::Perhaps
    } else {
        RecordName::No
    }
}

/// Whether what is under `key` is about the response.
pub(super) fn is_about_response(key: &str) -> bool {
    ABOUT.contains(&plain(key).as_str())
}

/// Whether an object under `key` may hold what leads to the next page.
pub(super) fn is_about_paging(key: &str) -> bool {
    let name = plain(key);
    PAGING_PARTS.iter().any(|part| name.contains(part))
}

/// Whether `key` speaks of the place of this page among others.
pub(super) fn speaks_of_paging(key: &str) -> bool {
    let name = plain(key);
    name.starts_with("next")
        || name.starts_with("prev")
        || name.starts_with("hasmore")
        || name.starts_with("hasnext")
        || ["page", "total", "offset", "limit", "cursor", "skip"]
            .iter()
            .any(|part| name.contains(part))
}

/// Whether `key` belongs to the wrapping of a list and not to a record.
pub(super) fn is_envelope(key: &str) -> bool {
    let name = plain(key);
    speaks_of_paging(key)
        || name.contains("count")
        || name.contains("size")
        || ENVELOPE.contains(&name.as_str())
}

/// Whether `key` names the identity of a record.
pub(super) fn is_identity(key: &str) -> bool {
    matches!(plain(key).as_str(), "id" | "uuid" | "guid")
}

/// The words behind `next` in `key`: none for `next` itself, `["page", "token"]` for `nextPageToken`.
/// `None` when the key is not the name of a reference to the next page.
pub(super) fn words_after_next(key: &str) -> Option<Vec<&'static str>> {
    let name = plain(key);
    let mut rest = name.strip_prefix("next")?;
    let mut words = Vec::new();
    while !rest.is_empty() {
        let word = AFTER_NEXT.iter().find(|word| rest.starts_with(**word))?;
        words.push(*word);
        rest = &rest[word.len()..];
    }
    Some(words)
}

/// `key` without `next`, in its own style: `next_page_token` gives `page_token`, `nextPageToken` `pageToken`.
pub(super) fn without_next(key: &str) -> Option<String> {
    let bare = key.trim_start_matches(['_', '@']);
    let head = bare.get(..4)?;
    if !head.eq_ignore_ascii_case("next") {
        return None;
    }
    let rest = bare[4..].trim_start_matches(['_', '-']);
    let mut letters = rest.chars();
    let first = letters.next()?;
    Some(first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_compared_without_case_and_separators() {
        for (key, expected) in [
            ("nextPage", "nextpage"),
            ("NEXT_page", "nextpage"),
            ("__next", "next"),
            ("@odata.nextLink", "nextlink"),
            ("odata.nextLink", "nextlink"),
            ("_links", "links"),
            ("naïve", "naïve"),
        ] {
            assert_eq!(plain(key), expected);
        }
    }

    #[test]
    fn only_words_of_paging_may_follow_next() {
        assert_eq!(words_after_next("next"), Some(vec![]));
        assert_eq!(
            words_after_next("nextPageToken"),
            Some(vec!["page", "token"])
        );
        assert_eq!(words_after_next("@odata.nextLink"), Some(vec!["link"]));
        assert_eq!(words_after_next("next_page_url"), Some(vec!["page", "url"]));
        assert_eq!(words_after_next("next_billing_date"), None);
        assert_eq!(words_after_next("nextSteps"), None);
        assert_eq!(words_after_next("previous"), None);
    }

    #[test]
    fn the_name_without_next_keeps_its_style() {
        assert_eq!(
            without_next("next_page_token").as_deref(),
            Some("page_token")
        );
        assert_eq!(without_next("nextPageToken").as_deref(), Some("pageToken"));
        assert_eq!(without_next("NextCursor").as_deref(), Some("cursor"));
        assert_eq!(without_next("next"), None);
        assert_eq!(without_next("né"), None);
    }
}
