//! The parameters of an endpoint by their parts in paging.

use crate::api::{Endpoint, Param};
use crate::infer::size;
use crate::words::says_any;

pub(super) const PAGE: &[&str] = &[
    "page",
    "pagenumber",
    "pageno",
    "pagenum",
    "pageindex",
    "currentpage",
    "p",
    "pg",
    "pageid",
    "paginationpage",
];
pub(super) const OFFSET: &[&str] = &[
    "offset",
    "start",
    "skip",
    "startat",
    "startindex",
    "firstresult",
    "pageoffset",
    "position",
    "startfrom",
    "resultoffset",
    "from",
    "recordoffset",
    "paginationoffset",
    "rowstart",
    "startrow",
    "startrecord",
];
pub(super) const CURSOR: &[&str] = &[
    "cursor",
    "after",
    "pagetoken",
    "nexttoken",
    "nextpagetoken",
    "continuation",
    "continuationtoken",
    "marker",
    "bookmark",
    "scrollid",
    "scrollparam",
    "startcursor",
    "nextcursor",
    "pagecursor",
    "pageafter",
    "paginationtoken",
    "startingafter",
    "token",
    "next",
    "startkey",
    "exclusivestartkey",
    "startingtoken",
    "aftercursor",
    "cursormark",
    "starttoken",
    "synctoken",
    "pagingtoken",
    "nextpage",
    "pagestate",
    "iterator",
    "startafter",
    "resumetoken",
];
pub(super) const NOT_A_CURSOR: &[&str] =
    &["before", "endingbefore", "previous", "prev", "beforecursor"];

/// The parameters of an endpoint by their parts in paging.
#[derive(Debug)]
pub(crate) struct Roles<'e, 'd> {
    pub(crate) page: Option<&'e Param<'d>>,
    pub(crate) offset: Option<&'e Param<'d>>,
    pub(crate) limit: Option<&'e Param<'d>>,
    pub(crate) cursors: Vec<&'e Param<'d>>,
}

impl<'e, 'd> Roles<'e, 'd> {
    pub(crate) fn of(endpoint: &'e Endpoint<'d>) -> Self {
        let limit = endpoint
            .queries()
            .filter(|param| size::is_limit(param))
            .max_by_key(|param| size::limit_rank(param));
        let find = |names: &[&str], takes: &dyn Fn(&Param<'_>) -> bool| {
            names.iter().find_map(|name| {
                endpoint
                    .queries()
                    .find(|param| param.flat == *name && takes(param))
            })
        };
        let counts = |param: &Param<'_>| {
            let is_text_number = param.shape.is("string") && !is_worded_as_cursor(param);
            (param.is_number() || is_text_number) && !is_time(param)
        };
        Self {
            page: find(PAGE, &counts),
            offset: find(OFFSET, &|param| {
                counts(param)
                    && (param.shape.is_integer()
                        || limit.is_some()
                        || says_any(&param.wording, &["offset", "skip", "index of the first"]))
            }),
            limit,
            cursors: endpoint
                .queries()
                .filter(|param| {
                    let name = &param.flat;
                    (CURSOR.contains(&name.as_str()) || is_worded_as_cursor(param))
                        && !NOT_A_CURSOR.contains(&name.as_str())
                        && !param.shape.is("boolean")
                        && !size::is_limit(param)
                        && !is_secret(param)
                })
                .collect(),
        }
    }

    /// Whether the parameters speak of pages at all.
    pub(crate) fn is_paging(&self) -> bool {
        self.page.is_some()
            || (self.offset.is_some() && self.limit.is_some())
            || (!self.cursors.is_empty() && self.limit.is_some())
    }
}

pub(super) fn is_secret(param: &Param<'_>) -> bool {
    param.flat == "token" && !says_any(&param.wording, &["page", "pagination", "next", "cursor"])
}

pub(super) fn is_worded_as_cursor(param: &Param<'_>) -> bool {
    says_any(
        &param.wording,
        &[
            "cursor",
            "pagination token",
            "page token",
            "offset token",
            "continuation token",
            "next page token",
            "token for the next",
            "sync token",
            "returned by the previous",
            "returned in the previous",
            "from the previous response",
            "previous request",
            "previous page of results",
            "to get the next page",
            "retrieve the next page",
            "opaque",
        ],
    ) && (param.shape.is("string") || param.shape.types.is_empty())
}

pub(super) fn is_time(param: &Param<'_>) -> bool {
    matches!(param.shape.format, Some("date" | "date-time"))
        || says_any(
            &param.wording,
            &["timestamp", "date", "datetime", "iso 8601", "time"],
        )
}
