//! Paginators.

use super::{PLAIN, key, variant};
use crate::spec::table::{Key, Kind, Object, ShortForm, Tagged, Variant};

const TOTAL_PATH: Key = key(
    "total_path",
    Kind::Selector,
    "JSONPath of the total; null if there is none.",
)
.or("total");
const HAS_MORE: Key = key(
    "has_more_path",
    Kind::Selector,
    "JSONPath of a boolean that says whether there are more pages.",
);

const fn stop_after_empty(default: &'static str) -> Key {
    key(
        "stop_after_empty_page",
        Kind::Bool,
        "Whether an empty page is the last.",
    )
    .or(default)
}

typed_object!(
    AUTO,
    "paginator_auto",
    "paginator `auto`",
    "Detect from the first page.",
    []
);
typed_object!(
    SINGLE_PAGE,
    "paginator_single_page",
    "paginator `single_page`",
    "One request, one page.",
    []
);
typed_object!(
    JSON_LINK,
    "paginator_json_link",
    "paginator `json_link`",
    "The next URL stands in the body.",
    [key("next_url_path", Kind::Selector, "JSONPath of the next URL.").or("next"),]
);
typed_object!(
    HEADER_LINK,
    "paginator_header_link",
    "paginator `header_link`",
    "The next URL stands in the `Link` header.",
    [key(
        "links_next_key",
        PLAIN,
        "The relation that marks the next URL."
    )
    .or("next"),]
);
typed_object!(
    CURSOR,
    "paginator_cursor",
    "paginator `cursor`",
    "A cursor stands in the body and is sent back.",
    [
        key("cursor_path", Kind::Selector, "JSONPath of the cursor.").or("cursors.next"),
        key(
            "cursor_param",
            PLAIN,
            "Query parameter that takes the cursor."
        )
        .or("after"),
        key(
            "cursor_body_path",
            PLAIN,
            "Dotted path in the body that takes the cursor."
        ),
        stop_after_empty("false"),
        HAS_MORE,
    ]
);
typed_object!(
    HEADER_CURSOR,
    "paginator_header_cursor",
    "paginator `header_cursor`",
    "A cursor stands in a response header and is sent back.",
    [
        key("cursor_key", PLAIN, "The response header.").or("next"),
        key(
            "cursor_param",
            PLAIN,
            "Query parameter that takes the cursor."
        )
        .or("cursor"),
    ]
);
typed_object!(
    OFFSET,
    "paginator_offset",
    "paginator `offset`",
    "Pages are counted in records.",
    [
        key("limit", Kind::Integer { min: 1 }, "Records a page.").required(),
        key("offset", Kind::Integer { min: 0 }, "The first offset.").or("0"),
        key(
            "offset_param",
            PLAIN,
            "Query parameter that takes the offset."
        )
        .or("offset"),
        key(
            "offset_body_path",
            PLAIN,
            "Dotted path in the body that takes the offset."
        ),
        key(
            "limit_param",
            PLAIN,
            "Query parameter that takes the limit."
        )
        .or("limit"),
        key(
            "limit_body_path",
            PLAIN,
            "Dotted path in the body that takes the limit."
        ),
        TOTAL_PATH,
        key(
            "maximum_offset",
            Kind::Integer { min: 0 },
            "Stop where the offset reaches this."
        ),
        stop_after_empty("true"),
        HAS_MORE,
    ]
);
typed_object!(
    PAGE_NUMBER,
    "paginator_page_number",
    "paginator `page_number`",
    "Pages are counted.",
    [
        key(
            "initial_page",
            Kind::Integer { min: 0 },
            "The number of the first page to fetch."
        )
        .also(&["page"])
        .or("1"),
        key(
            "base_page",
            Kind::Integer { min: 0 },
            "The number that the API gives its first page, if others are skipped."
        )
        .or("initial_page"),
        key(
            "page_param",
            PLAIN,
            "Query parameter that takes the number."
        )
        .or("page"),
        key(
            "page_body_path",
            PLAIN,
            "Dotted path in the body that takes the number."
        ),
        TOTAL_PATH,
        key(
            "maximum_page",
            Kind::Integer { min: 0 },
            "The last page to fetch."
        ),
        stop_after_empty("true"),
        HAS_MORE,
    ]
);

pub(crate) static PAGINATOR: Tagged = Tagged {
    name: "paginator",
    what: "paginator",
    doc: "How to get from page to page.",
    default: None,
    short: ShortForm::TypeName,
    later: &[],
    variants: &[
        variant("auto", &AUTO),
        variant("single_page", &SINGLE_PAGE),
        Variant {
            name: "json_link",
            also: &["json_response"],
            object: &JSON_LINK,
        },
        variant("header_link", &HEADER_LINK),
        variant("header_cursor", &HEADER_CURSOR),
        variant("cursor", &CURSOR),
        variant("offset", &OFFSET),
        variant("page_number", &PAGE_NUMBER),
    ],
};
