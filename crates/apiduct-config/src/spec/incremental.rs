use apiduct_json::Selector;
use apiduct_model::Scalar;
use apiduct_model::cursor::CursorStep;

use super::fields::{Fields, Located, Written, plain};
use super::keys::{INCREMENTAL, INCREMENTAL_PARAM};
use super::table::Object;
use super::units;
use crate::locate::{Node, NodeValue};

/// How a resource loads only what is new, as written.
#[derive(Debug, Clone, PartialEq)]
pub struct IncrementalSpec {
    /// Where it stands.
    pub site: Located<()>,
    /// Whether it is a parameter of `type: incremental`.
    pub is_param: bool,
    /// `rows`, `response` or `clock`.
    pub cursor_from: Written<&'static str>,
    /// Where the cursor is.
    pub cursor_path: Written<Selector>,
    /// What it is and how it is compared.
    pub cursor_type: Written<&'static str>,
    /// How the API writes times.
    pub format: Written<String>,
    /// How requests write times.
    pub request_format: Written<String>,
    /// The zone of times that name none.
    pub timezone: Written<String>,
    /// Where the first run starts.
    pub initial_value: Written<Scalar>,
    /// Where the run ends.
    pub end_value: Written<Scalar>,
    /// A query parameter for the start.
    pub start_param: Written<String>,
    /// A query parameter for the end.
    pub end_param: Written<String>,
    /// `max` or `min`.
    pub last_value_func: Written<&'static str>,
    /// What identifies a row at the boundary.
    pub primary_key: Written<Vec<Located<String>>>,
    /// `asc` or `desc`.
    pub row_order: Written<&'static str>,
    /// How far to look back.
    pub lag: Written<CursorStep>,
    /// `closed` or `open`.
    pub range_start: Written<&'static str>,
    /// `closed` or `open`.
    pub range_end: Written<&'static str>,
    /// `raise`, `include` or `exclude`.
    pub on_cursor_value_missing: Written<&'static str>,
    /// Only `false` is supported.
    pub allow_external_schedulers: Written<bool>,
    /// `resource` or `parent`.
    pub scope: Written<&'static str>,
    /// How much to pull and load at a time.
    pub window: Written<CursorStep>,
}

impl IncrementalSpec {
    /// Reads the key `incremental` of an endpoint.
    pub(super) fn read(node: &Node, path: &str) -> Option<Self> {
        node.as_map()?;
        Some(Self::read_as(&INCREMENTAL, "type", node, path))
    }

    /// Reads a query parameter of `type: incremental`.
    pub(super) fn read_param(node: &Node, path: &str) -> Self {
        Self::read_as(&INCREMENTAL_PARAM, "cursor_type", node, path)
    }

    fn read_as(object: &'static Object, type_key: &str, node: &Node, path: &str) -> Self {
        let fields = Fields::new(object, node, path);
        Self {
            site: Located {
                value: (),
                path: path.into(),
                mark: node.mark,
            },
            is_param: type_key != "type",
            cursor_from: fields.word("cursor_from"),
            cursor_path: fields.selector("cursor_path"),
            cursor_type: fields.word(type_key),
            format: fields.plain("format"),
            request_format: fields.plain("request_format"),
            timezone: fields.plain("timezone"),
            initial_value: fields.read("initial_value", |node, _| scalar(node)),
            end_value: fields.read("end_value", |node, _| scalar(node)),
            start_param: fields.plain("start_param"),
            end_param: fields.plain("end_param"),
            last_value_func: fields.word("last_value_func"),
            primary_key: fields.plain_list("primary_key"),
            row_order: fields.word("row_order"),
            lag: fields.read("lag", |node, _| step(node)),
            range_start: fields.word("range_start"),
            range_end: fields.word("range_end"),
            on_cursor_value_missing: fields.word("on_cursor_value_missing"),
            allow_external_schedulers: fields.bool("allow_external_schedulers"),
            scope: fields.word("scope"),
            window: fields.read("window", |node, _| step(node)),
        }
    }
}

/// A cursor value: a text or a number.
fn scalar(node: &Node) -> Option<Scalar> {
    match &node.value {
        NodeValue::Number(text) => Some(Scalar::Number(text.clone())),
        _ => plain(node).map(|text| Scalar::Text(text.into())),
    }
}

/// `1h`, or a number in the unit of the cursor.
fn step(node: &Node) -> Option<CursorStep> {
    let text = node.scalar_text()?;
    CursorStep::number(text.trim()).or_else(|| units::duration(text).map(CursorStep::Time))
}
