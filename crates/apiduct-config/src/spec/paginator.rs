use std::sync::Arc;

use apiduct_client::paginate::{
    Cursor, HeaderCursor, HeaderLink, JsonLink, Offset, PageNumber, Paginator, SetupError,
    SinglePage, TotalPath,
};
use apiduct_json::Selector;

use super::fields::{Fields, Written};
use super::keys::PAGINATOR;
use crate::locate::Node;

/// How to get from page to page, as written: the paginator itself, or that it is to be detected.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum PaginatorSpec {
    /// Detected from the first page.
    Auto,
    /// One request, one page.
    SinglePage(SinglePage),
    /// The next URL stands in the body.
    JsonLink(JsonLink),
    /// The next URL stands in the `Link` header.
    HeaderLink(HeaderLink),
    /// A cursor stands in a response header and is sent back.
    HeaderCursor(HeaderCursor),
    /// A cursor stands in the body and is sent back.
    Cursor(Cursor),
    /// Pages are counted in records.
    Offset(Offset),
    /// Pages are counted.
    PageNumber(PageNumber),
}

impl PaginatorSpec {
    /// What runs; `None` if it is to be detected.
    pub fn paginator(&self) -> Option<Arc<dyn Paginator>> {
        Some(match self {
            Self::Auto => return None,
            Self::SinglePage(one) => Arc::new(*one),
            Self::JsonLink(one) => Arc::new(one.clone()),
            Self::HeaderLink(one) => Arc::new(one.clone()),
            Self::HeaderCursor(one) => Arc::new(one.clone()),
            Self::Cursor(one) => Arc::new(one.clone()),
            Self::Offset(one) => Arc::new(one.clone()),
            Self::PageNumber(one) => Arc::new(one.clone()),
        })
    }

    /// Whether its settings can work together.
    ///
    /// # Errors
    /// The first setting that cannot.
    pub fn validate(&self) -> Result<(), SetupError> {
        self.paginator().map_or(Ok(()), |one| one.validate())
    }

    /// Reads a name or a mapping; `None` for what the check has refused.
    pub(crate) fn read(node: &Node, path: &str) -> Option<Self> {
        let name = match node.as_text() {
            Some(name) => name,
            None => node.value_of("type")?.as_text()?,
        };
        let variant = PAGINATOR.variant(name)?;
        let fields = Fields::new(variant.object, node, path);
        Some(match variant.name {
            "auto" => Self::Auto,
            "single_page" => Self::SinglePage(SinglePage),
            "json_link" => Self::JsonLink(json_link(&fields)),
            "header_link" => Self::HeaderLink(header_link(&fields)),
            "header_cursor" => Self::HeaderCursor(header_cursor(&fields)),
            "cursor" => Self::Cursor(cursor(&fields)),
            "offset" => Self::Offset(offset(&fields)?),
            _ => Self::PageNumber(page_number(&fields)),
        })
    }
}

fn json_link(fields: &Fields<'_>) -> JsonLink {
    match fields.selector("next_url_path").value() {
        Some(path) => JsonLink::new(path.clone()),
        None => JsonLink::default(),
    }
}

fn header_link(fields: &Fields<'_>) -> HeaderLink {
    match fields.plain("links_next_key").value() {
        Some(key) => HeaderLink::new(key.as_str()),
        None => HeaderLink::default(),
    }
}

fn header_cursor(fields: &Fields<'_>) -> HeaderCursor {
    let mut cursor = HeaderCursor::default();
    if let Some(key) = fields.plain("cursor_key").value() {
        cursor.cursor_key.clone_from(key);
    }
    if let Some(param) = fields.plain("cursor_param").value() {
        cursor.cursor_param.clone_from(param);
    }
    cursor
}

fn cursor(fields: &Fields<'_>) -> Cursor {
    let mut cursor = match fields.selector("cursor_path").value() {
        Some(path) => Cursor::new(path.clone()),
        None => Cursor::default(),
    };
    if let Some(param) = fields.plain("cursor_param").value() {
        cursor = cursor.cursor_param(param.as_str());
    }
    if let Some(path) = fields.plain("cursor_body_path").value() {
        cursor = cursor.cursor_body_path(path.as_str());
    }
    if let Some(stop) = fields.bool("stop_after_empty_page").value() {
        cursor = cursor.stop_after_empty_page(*stop);
    }
    if let Some(path) = fields.selector("has_more_path").value() {
        cursor = cursor.has_more_path(path.clone());
    }
    cursor
}

fn offset(fields: &Fields<'_>) -> Option<Offset> {
    let mut offset = Offset::new(*fields.integer("limit").value()?);
    if let Some(first) = fields.integer("offset").value() {
        offset = offset.offset(*first);
    }
    if let Some(param) = fields.plain("offset_param").value() {
        offset = offset.offset_param(param.as_str());
    }
    if let Some(path) = fields.plain("offset_body_path").value() {
        offset = offset.offset_body_path(path.as_str());
    }
    if let Some(param) = fields.plain("limit_param").value() {
        offset = offset.limit_param(param.as_str());
    }
    if let Some(path) = fields.plain("limit_body_path").value() {
        offset = offset.limit_body_path(path.as_str());
    }
    if let Some(maximum) = fields.integer("maximum_offset").value() {
        offset = offset.maximum_offset(*maximum);
    }
    if let Some(stop) = fields.bool("stop_after_empty_page").value() {
        offset = offset.stop_after_empty_page(*stop);
    }
    if let Some(path) = fields.selector("has_more_path").value() {
        offset = offset.has_more_path(path.clone());
    }
    Some(offset.total_path(total_path(fields)))
}

fn page_number(fields: &Fields<'_>) -> PageNumber {
    let mut pages = PageNumber::new();
    let base = fields.integer("base_page").value().copied();
    if let Some(first) = fields.integer("initial_page").value().copied().or(base) {
        pages = pages.initial_page(first);
    }
    if let Some(base) = base {
        pages = pages.base_page(base);
    }
    if let Some(param) = fields.plain("page_param").value() {
        pages = pages.page_param(param.as_str());
    }
    if let Some(path) = fields.plain("page_body_path").value() {
        pages = pages.page_body_path(path.as_str());
    }
    if let Some(maximum) = fields.integer("maximum_page").value() {
        pages = pages.maximum_page(*maximum);
    }
    if let Some(stop) = fields.bool("stop_after_empty_page").value() {
        pages = pages.stop_after_empty_page(*stop);
    }
    if let Some(path) = fields.selector("has_more_path").value() {
        pages = pages.has_more_path(path.clone());
    }
    pages.total_path(total_path(fields))
}

/// A path that was written must be there; the usual one may be missing.
fn total_path(fields: &Fields<'_>) -> TotalPath {
    let written: Written<Selector> = fields.selector("total_path");
    match written {
        Written::Absent => TotalPath::Usual,
        Written::Null => TotalPath::Unknown,
        Written::Value(path) => TotalPath::Required(path.value.into()),
    }
}
