use std::sync::Arc;

use apiduct_client::paginate::{
    Cursor, GraphQl, HeaderCursor, HeaderLink, HeaderUrl, JsonLink, LastRecord, OData, Offset,
    PageNumber, Paginator, Range, SetupError, SinglePage, TotalPath,
};
use apiduct_json::Selector;

use super::fields::{Fields, Written, plain};
use super::keys::PAGINATOR;
use crate::error::ConfigErrorKind;
use crate::locate::Node;
use crate::registry::{Custom, Registry};

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
    /// The next URL is the value of a response header.
    HeaderUrl(HeaderUrl),
    /// A cursor stands in a response header and is sent back.
    HeaderCursor(HeaderCursor),
    /// A cursor stands in the body and is sent back.
    Cursor(Cursor),
    /// A field of the last record is sent back.
    LastRecord(LastRecord),
    /// Pages are counted in records.
    Offset(Offset),
    /// Pages are counted.
    PageNumber(PageNumber),
    /// A number grows from page to page.
    Range(Range),
    /// The next URL stands where `OData` has it.
    OData(OData),
    /// A GraphQL connection is paged by its `pageInfo`.
    GraphQl(GraphQl),
    /// The program has one of its own.
    Custom(Custom<String>),
}

impl PaginatorSpec {
    /// What runs; `None` if it is to be detected.
    ///
    /// # Errors
    /// When `registry` has no such paginator or it cannot be made.
    pub fn paginator(
        &self,
        registry: &Registry,
    ) -> Result<Option<Arc<dyn Paginator>>, ConfigErrorKind> {
        match self {
            Self::Custom(custom) => registry.make_paginator(custom).map(Some),
            _ => Ok(self.built_in()),
        }
    }

    fn built_in(&self) -> Option<Arc<dyn Paginator>> {
        Some(match self {
            Self::Auto | Self::Custom(_) => return None,
            Self::SinglePage(one) => Arc::new(*one),
            Self::JsonLink(one) => Arc::new(one.clone()),
            Self::HeaderLink(one) => Arc::new(one.clone()),
            Self::HeaderUrl(one) => Arc::new(one.clone()),
            Self::HeaderCursor(one) => Arc::new(one.clone()),
            Self::Cursor(one) => Arc::new(one.clone()),
            Self::LastRecord(one) => Arc::new(one.clone()),
            Self::Offset(one) => Arc::new(one.clone()),
            Self::PageNumber(one) => Arc::new(one.clone()),
            Self::Range(one) => Arc::new(one.clone()),
            Self::OData(one) => Arc::new(*one),
            Self::GraphQl(one) => Arc::new(one.clone()),
        })
    }

    /// Whether its settings can work together; of a program's own, the program knows.
    ///
    /// # Errors
    /// The first setting that cannot.
    pub fn validate(&self) -> Result<(), SetupError> {
        self.built_in().map_or(Ok(()), |one| one.validate())
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
            "header_url" => Self::HeaderUrl(header_url(&fields)?),
            "header_cursor" => Self::HeaderCursor(header_cursor(&fields)),
            "cursor" => Self::Cursor(cursor(&fields)),
            "last_record" => Self::LastRecord(last_record(&fields)),
            "offset" => Self::Offset(offset(&fields)?),
            "range" => Self::Range(range(&fields)),
            "odata" => Self::OData(OData::new().keep_params(keep_params(&fields))),
            "graphql" => Self::GraphQl(graphql(&fields)?),
            "custom" => Self::Custom(custom(&fields)?),
            _ => Self::PageNumber(page_number(&fields)),
        })
    }
}

fn custom(fields: &Fields<'_>) -> Option<Custom<String>> {
    let entries = fields
        .entry("settings")
        .and_then(|entry| entry.value.as_map());
    let settings = entries.unwrap_or_default().iter();
    let settings = settings.filter_map(|entry| Some((entry.key.to_string(), plain(&entry.value)?)));
    Some(Custom {
        name: fields.plain("name").value()?.clone(),
        settings: settings.collect(),
    })
}

fn keep_params(fields: &Fields<'_>) -> bool {
    fields.bool("keep_params").value().copied().unwrap_or(false)
}

fn json_link(fields: &Fields<'_>) -> JsonLink {
    let link = match fields.selector("next_url_path").value() {
        Some(path) => JsonLink::new(path.clone()),
        None => JsonLink::default(),
    };
    link.keep_params(keep_params(fields))
}

fn header_link(fields: &Fields<'_>) -> HeaderLink {
    let link = match fields.plain("links_next_key").value() {
        Some(key) => HeaderLink::new(key.as_str()),
        None => HeaderLink::default(),
    };
    link.keep_params(keep_params(fields))
}

fn header_url(fields: &Fields<'_>) -> Option<HeaderUrl> {
    let link = HeaderUrl::new(fields.plain("next_url_key").value()?.as_str());
    Some(link.keep_params(keep_params(fields)))
}

/// Calls the setters of a paginator with what is written, key by key.
macro_rules! set {
    ($paginator:ident, $fields:ident, $($kind:ident $key:ident),+ $(,)?) => {
        $(if let Some(value) = $fields.$kind(stringify!($key)).value() {
            $paginator = $paginator.$key(set!(@$kind value));
        })+
    };
    (@plain $value:ident) => { $value.as_str() };
    (@selector $value:ident) => { $value.clone() };
    (@integer $value:ident) => { *$value };
    (@bool $value:ident) => { *$value };
}

fn header_cursor(fields: &Fields<'_>) -> HeaderCursor {
    let mut cursor = HeaderCursor::default();
    if let Some(key) = fields.plain("cursor_key").value() {
        cursor.cursor_key.clone_from(key);
    }
    set!(cursor, fields, plain cursor_param, plain cursor_body_path, plain cursor_header);
    cursor
}

fn cursor(fields: &Fields<'_>) -> Cursor {
    let mut cursor = match fields.selector("cursor_path").value() {
        Some(path) => Cursor::new(path.clone()),
        None => Cursor::default(),
    };
    set!(
        cursor, fields,
        plain cursor_param, plain cursor_body_path, plain cursor_header,
        bool stop_after_empty_page, selector has_more_path,
    );
    cursor
}

fn last_record(fields: &Fields<'_>) -> LastRecord {
    let mut last = match fields.selector("cursor_field").value() {
        Some(path) => LastRecord::new(path.clone()),
        None => LastRecord::default(),
    };
    set!(
        last, fields,
        plain cursor_param, plain cursor_body_path, plain cursor_header,
        integer page_size, selector has_more_path,
    );
    last
}

fn graphql(fields: &Fields<'_>) -> Option<GraphQl> {
    let mut graphql = GraphQl::new(fields.selector("page_info_path").value()?.clone());
    set!(graphql, fields, plain cursor_variable);
    Some(graphql)
}

fn range(fields: &Fields<'_>) -> Range {
    let mut range = Range::default();
    set!(
        range, fields,
        plain param_name, plain param_body_path,
        integer initial_value, integer value_step, integer base_index, integer maximum_value,
        bool stop_after_empty_page, selector has_more_path, selector total_path,
    );
    range
}

fn offset(fields: &Fields<'_>) -> Option<Offset> {
    let mut offset = Offset::new(*fields.integer("limit").value()?);
    set!(
        offset, fields,
        integer offset,
        plain offset_param, plain offset_body_path, plain limit_param, plain limit_body_path,
        integer maximum_offset, bool stop_after_empty_page, selector has_more_path,
    );
    Some(offset.total_path(total_path(fields)))
}

fn page_number(fields: &Fields<'_>) -> PageNumber {
    let mut pages = PageNumber::new();
    let base = fields.integer("base_page").value().copied();
    if let Some(first) = fields.integer("initial_page").value().copied().or(base) {
        pages = pages.initial_page(first);
    }
    set!(
        pages, fields,
        integer base_page, plain page_param, plain page_body_path,
        integer maximum_page, bool stop_after_empty_page, selector has_more_path,
    );
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
