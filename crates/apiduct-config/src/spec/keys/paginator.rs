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

const KEEP_PARAMS: Key = key(
    "keep_params",
    Kind::Bool,
    "Whether parameters that the link does not have are sent with it.",
)
.or("false");
const CURSOR_BODY_PATH: Key = key(
    "cursor_body_path",
    PLAIN,
    "Dotted path in the body that takes the cursor.",
);
const CURSOR_HEADER: Key = key(
    "cursor_header",
    PLAIN,
    "Request header that takes the cursor.",
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
    CUSTOM,
    "paginator_custom",
    "paginator `custom`",
    "One that the program registers in Rust.",
    [
        key("name", PLAIN, "Its name in the program's `Registry`.").required(),
        key(
            "settings",
            Kind::Map(&PLAIN),
            "What the program makes it from: texts by name."
        ),
    ]
);
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
    [
        key("next_url_path", Kind::Selector, "JSONPath of the next URL.").or("next"),
        KEEP_PARAMS,
    ]
);
typed_object!(
    HEADER_LINK,
    "paginator_header_link",
    "paginator `header_link`",
    "The next URL stands in the `Link` header.",
    [
        key(
            "links_next_key",
            PLAIN,
            "The relation that marks the next URL."
        )
        .or("next"),
        KEEP_PARAMS,
    ]
);
typed_object!(
    HEADER_URL,
    "paginator_header_url",
    "paginator `header_url`",
    "The next URL is the value of a response header.",
    [
        key("next_url_key", PLAIN, "The response header.").required(),
        KEEP_PARAMS,
    ]
);
typed_object!(
    ODATA,
    "paginator_odata",
    "paginator `odata`",
    "The next URL stands where OData has it, such as `@odata.nextLink`.",
    [KEEP_PARAMS,]
);
typed_object!(
    GRAPHQL,
    "paginator_graphql",
    "paginator `graphql`",
    "A GraphQL connection is paged by its `pageInfo`.",
    [
        key(
            "page_info_path",
            Kind::Selector,
            "JSONPath of the `pageInfo` with `hasNextPage` and `endCursor`."
        )
        .required(),
        key(
            "cursor_variable",
            PLAIN,
            "Variable of the query that takes the cursor."
        )
        .or("after"),
    ]
);
typed_object!(
    LAST_RECORD,
    "paginator_last_record",
    "paginator `last_record`",
    "A field of the last record is sent back.",
    [
        key(
            "cursor_field",
            Kind::Selector,
            "JSONPath of the cursor in the record."
        )
        .or("id"),
        key(
            "cursor_param",
            PLAIN,
            "Query parameter that takes the cursor."
        )
        .or("starting_after"),
        CURSOR_BODY_PATH,
        CURSOR_HEADER,
        key(
            "page_size",
            Kind::Integer { min: 1 },
            "Records of a full page; one with fewer is the last."
        ),
        HAS_MORE,
    ]
);
typed_object!(
    RANGE,
    "paginator_range",
    "paginator `range`",
    "A number grows from page to page.",
    [
        key(
            "param_name",
            PLAIN,
            "Query parameter that takes the number."
        ),
        key(
            "param_body_path",
            PLAIN,
            "Dotted path in the body that takes the number."
        ),
        key(
            "initial_value",
            Kind::Integer { min: 0 },
            "The first value."
        )
        .or("0"),
        key(
            "value_step",
            Kind::Integer { min: 1 },
            "What is added from page to page."
        )
        .or("1"),
        key(
            "base_index",
            Kind::Integer { min: 0 },
            "The value that the API gives its first page."
        )
        .or("0"),
        key(
            "maximum_value",
            Kind::Integer { min: 0 },
            "Stop where the value reaches this."
        ),
        key(
            "total_path",
            Kind::Selector,
            "JSONPath of the total, in the unit of the value."
        ),
        stop_after_empty("true"),
        HAS_MORE,
    ]
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
        CURSOR_BODY_PATH,
        CURSOR_HEADER,
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
        CURSOR_BODY_PATH,
        CURSOR_HEADER,
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
        variant("header_url", &HEADER_URL),
        variant("header_cursor", &HEADER_CURSOR),
        variant("cursor", &CURSOR),
        variant("last_record", &LAST_RECORD),
        variant("offset", &OFFSET),
        variant("page_number", &PAGE_NUMBER),
        variant("range", &RANGE),
        variant("odata", &ODATA),
        variant("graphql", &GRAPHQL),
        variant("custom", &CUSTOM),
    ],
};
