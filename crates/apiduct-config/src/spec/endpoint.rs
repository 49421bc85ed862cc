use apiduct_client::format::BodyFormat;
use apiduct_client::job::Job;
use apiduct_client::retry::ResponseTest;
use apiduct_client::rules::Expect;
use apiduct_json::Selector;
use http::Method;

use super::auth::AuthSpec;
use super::body::{DataSpec, StyledSpec};
use super::fields::{Fields, Located, Written, template};
use super::formats;
use super::incremental::IncrementalSpec;
use super::keys::{ENDPOINT, PARAM, RETRY_IF};
use super::paginator::PaginatorSpec;
use super::rules::{self, RuleSpec};
use crate::locate::{Entry, Mark, Node, NodeValue};
use crate::template::{FieldPath, JsonTemplate, Mode, Template};

/// The request that a resource makes, as written.
#[derive(Debug, Clone)]
pub struct EndpointSpec {
    /// The path, with placeholders.
    pub path: Written<Template>,
    /// The HTTP method.
    pub method: Written<Method>,
    /// Query parameters.
    pub params: Written<Vec<ParamSpec>>,
    /// Headers.
    pub headers: Written<Vec<HeaderSpec>>,
    /// The body, as JSON.
    pub json: Written<JsonTemplate>,
    /// The body, as form fields or as a text.
    pub data: Written<DataSpec>,
    /// How to get from page to page.
    pub paginator: Written<PaginatorSpec>,
    /// Where the records are in a page.
    pub data_selector: Written<Selector>,
    /// Whether a page without the selected data counts as empty.
    pub allow_missing: Written<bool>,
    /// Whether pages may repeat the rows of earlier pages.
    pub allow_repeats: Written<bool>,
    /// Whether pages are fetched side by side where their number is known.
    pub parallel: Written<bool>,
    /// What an answer looks like that is asked for again.
    pub retry_if: Written<Vec<ResponseTest>>,
    /// What is done with certain answers, in order.
    pub response_actions: Written<Vec<RuleSpec>>,
    /// What every good answer has to look like.
    pub expect: Written<Expect>,
    /// What answers are.
    pub response_format: Written<BodyFormat>,
    /// How the report is waited for that the request asks for.
    pub job: Written<Job>,
    /// Authentication in place of the client's.
    pub auth: Written<AuthSpec>,
    /// Whether the answer is one record or a list of them.
    pub entity: Written<Entity>,
    /// How to load only what is new.
    pub incremental: Written<IncrementalSpec>,
    /// Stop after so many pages.
    pub max_pages: Written<u64>,
    /// Stop after so many records.
    pub max_records: Written<u64>,
}

/// What an endpoint answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entity {
    /// One record, the whole body.
    One,
    /// A list of records.
    Many,
}

/// One query parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamSpec {
    /// The name as written.
    pub name: Box<str>,
    /// The name, with placeholders.
    pub key: Template,
    /// The value.
    pub value: ParamValue,
    /// The key's path and place.
    pub site: Located<()>,
}

/// What a query parameter is set to.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamValue {
    /// Nothing: the parameter is left out.
    Null,
    /// One value.
    One(Template),
    /// The parameter is repeated for each value.
    Many(Vec<Template>),
    /// A list or a mapping, written in a certain way.
    Styled(StyledSpec),
    /// A field of the parent, for the path: `{type: resolve, resource: ..., field: ...}`.
    Resolve {
        /// The parent.
        resource: String,
        /// The field.
        field: FieldPath,
    },
    /// The start of the incremental load: `{type: incremental, cursor_path: ...}`.
    Incremental(Box<IncrementalSpec>),
}

/// One header.
#[derive(Debug, Clone, PartialEq)]
pub struct HeaderSpec {
    /// The name as written.
    pub name: Box<str>,
    /// The name, with placeholders.
    pub key: Template,
    /// The value; `None` removes a header that comes from elsewhere.
    pub value: Option<Template>,
    /// The key's path and place.
    pub site: Located<()>,
}

impl EndpointSpec {
    /// Reads the key `endpoint` of a resource.
    pub(crate) fn read(resource: &Fields<'_>) -> Self {
        let nothing = Node {
            value: NodeValue::Null,
            mark: Mark::START,
        };
        let node = resource
            .entry("endpoint")
            .map_or(&nothing, |entry| &entry.value);
        let fields = Fields::new(&ENDPOINT, node, resource.path_of("endpoint"));
        let path = if node.as_text().is_some() {
            resource.text("endpoint", Mode::Path)
        } else {
            fields.text("path", Mode::Path)
        };
        Self {
            path,
            method: fields.read("method", |node, _| method(&fields, node)),
            params: fields.read("params", |node, path| Some(params(node, path))),
            headers: headers(&fields, Mode::Request),
            json: fields.read("json", |node, _| {
                Some(JsonTemplate::read(node, &mut |_, _| {}))
            }),
            data: fields.read("data", |node, _| DataSpec::read(node)),
            paginator: fields.read("paginator", PaginatorSpec::read),
            data_selector: fields.selector("data_selector"),
            allow_missing: fields.bool("allow_missing"),
            allow_repeats: fields.bool("allow_repeats"),
            parallel: fields.bool("parallel"),
            retry_if: retry_if(&fields),
            response_actions: rules::response_actions(&fields),
            expect: rules::expect(&fields),
            response_format: formats::response_format(&fields),
            job: formats::job(&fields),
            auth: fields.read("auth", |node, _| AuthSpec::read(node)),
            entity: fields.read("entity", |node, _| match node.as_text()? {
                "one" => Some(Entity::One),
                "many" => Some(Entity::Many),
                _ => None,
            }),
            incremental: fields.read("incremental", IncrementalSpec::read),
            max_pages: fields.integer("max_pages"),
            max_records: fields.integer("max_records"),
        }
    }

    /// This endpoint with what it leaves out taken from `defaults`. Parameters, headers and the top level of the
    /// body are merged key by key; all else is replaced as a whole; `null` takes nothing from the defaults.
    pub(crate) fn with_defaults(&self, defaults: &Self) -> Self {
        Self {
            path: self.path.or(&defaults.path),
            method: self.method.or(&defaults.method),
            params: merge(
                &self.params,
                &defaults.params,
                |param| &param.name,
                |a, b| a == b,
            ),
            headers: merge(
                &self.headers,
                &defaults.headers,
                |header| &header.name,
                str::eq_ignore_ascii_case,
            ),
            json: merge_json(&self.json, &defaults.json),
            data: self.data.or(&defaults.data),
            paginator: self.paginator.or(&defaults.paginator),
            data_selector: self.data_selector.or(&defaults.data_selector),
            allow_missing: self.allow_missing.or(&defaults.allow_missing),
            allow_repeats: self.allow_repeats.or(&defaults.allow_repeats),
            parallel: self.parallel.or(&defaults.parallel),
            retry_if: self.retry_if.or(&defaults.retry_if),
            response_actions: self.response_actions.or(&defaults.response_actions),
            expect: self.expect.or(&defaults.expect),
            response_format: self.response_format.or(&defaults.response_format),
            job: self.job.or(&defaults.job),
            auth: self.auth.or(&defaults.auth),
            entity: self.entity.or(&defaults.entity),
            incremental: self.incremental.or(&defaults.incremental),
            max_pages: self.max_pages.or(&defaults.max_pages),
            max_records: self.max_records.or(&defaults.max_records),
        }
    }
}

/// The key `retry_if` of an endpoint or of the client.
pub(super) fn retry_if(fields: &Fields<'_>) -> Written<Vec<ResponseTest>> {
    fields.read("retry_if", |node, path| {
        let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
        let test = |node: &Node| {
            if let Some(text) = node.as_text() {
                return ResponseTest {
                    selector: Selector::parse(text).ok(),
                    ..ResponseTest::default()
                };
            }
            let fields = Fields::new(&RETRY_IF, node, path);
            ResponseTest {
                selector: fields.selector("selector").value().cloned(),
                equals: fields.plain("equals").value().cloned(),
                text: fields.plain("text").value().cloned(),
            }
        };
        Some(nodes.iter().map(test).collect())
    })
}

fn method(fields: &Fields<'_>, node: &Node) -> Option<Method> {
    let Some(super::table::Kind::Word(words)) = fields.kind("method") else {
        return None;
    };
    Method::from_bytes(words.find(node.as_text()?)?.as_bytes()).ok()
}

/// Two lists of named things: those of `own` win, in the place of the default of the same name.
pub(crate) fn merge<T: Clone>(
    own: &Written<Vec<T>>,
    defaults: &Written<Vec<T>>,
    name: impl Fn(&T) -> &str,
    is_same: impl Fn(&str, &str) -> bool,
) -> Written<Vec<T>> {
    let (Written::Value(own), Written::Value(defaults)) = (own, defaults) else {
        return own.or(defaults);
    };
    let mut merged = defaults.value.clone();
    for item in &own.value {
        match merged.iter_mut().find(|one| is_same(name(one), name(item))) {
            Some(found) => *found = item.clone(),
            None => merged.push(item.clone()),
        }
    }
    Written::Value(Located {
        value: merged,
        path: own.path.clone(),
        mark: own.mark,
    })
}

/// Headers of the client with those of an endpoint over them.
pub(crate) fn merge_headers(client: &[HeaderSpec], own: &[HeaderSpec]) -> Vec<HeaderSpec> {
    let mut merged = client.to_vec();
    for header in own {
        match merged
            .iter_mut()
            .find(|one| one.name.eq_ignore_ascii_case(&header.name))
        {
            Some(found) => *found = header.clone(),
            None => merged.push(header.clone()),
        }
    }
    merged
}

fn merge_json(
    own: &Written<JsonTemplate>,
    defaults: &Written<JsonTemplate>,
) -> Written<JsonTemplate> {
    if let (Some(JsonTemplate::Map(mine)), Some(JsonTemplate::Map(theirs))) =
        (own.value(), defaults.value())
        && let Some(located) = own.located()
    {
        let mut merged = theirs.clone();
        for item in mine {
            match merged.iter_mut().find(|one| one.0 == item.0) {
                Some(found) => *found = item.clone(),
                None => merged.push(item.clone()),
            }
        }
        return Written::Value(located.clone().map(|_| JsonTemplate::Map(merged)));
    }
    own.or(defaults)
}

/// Names of headers and parameters whose values are credentials.
const SENSITIVE: [&str; 16] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-api-key",
    "x-auth-token",
    "private-token",
    "api_key",
    "apikey",
    "api-key",
    "token",
    "access_token",
    "access-token",
    "key",
    "secret",
    "client_secret",
    "password",
];

/// Whether values of this name are credentials.
pub(super) fn is_sensitive_name(name: &str) -> bool {
    SENSITIVE.iter().any(|one| name.eq_ignore_ascii_case(one))
}

pub(super) fn mark_sensitive(name: &str, value: Template) -> Template {
    if is_sensitive_name(name) {
        value.sensitive()
    } else {
        value
    }
}

fn site(entry: &Entry, path: &str) -> Located<()> {
    Located {
        value: (),
        path: format!("{path}.{}", entry.key).into(),
        mark: entry.value.mark,
    }
}

fn params(node: &Node, path: &str) -> Vec<ParamSpec> {
    let entries = node.as_map().unwrap_or_default().iter();
    entries
        .filter_map(|entry| {
            Some(ParamSpec {
                name: entry.key.clone(),
                key: Template::parse(&entry.key, Mode::Request).ok()?,
                value: param_value(&entry.key, &entry.value, path)?,
                site: site(entry, path),
            })
        })
        .collect()
}

fn param_value(name: &str, node: &Node, path: &str) -> Option<ParamValue> {
    let one = |node: &Node| Some(mark_sensitive(name, template(node, Mode::Request)?));
    match &node.value {
        NodeValue::Null => Some(ParamValue::Null),
        NodeValue::List(list) => Some(ParamValue::Many(list.iter().filter_map(one).collect())),
        NodeValue::Map(_) if node.value_of("type").is_none() => {
            StyledSpec::read(node).map(ParamValue::Styled)
        }
        NodeValue::Map(_) => {
            let variant = PARAM.variant(node.value_of("type")?.as_text()?)?;
            if variant.name == "incremental" {
                let spec = IncrementalSpec::read_param(node, &format!("{path}.{name}"));
                return Some(ParamValue::Incremental(Box::new(spec)));
            }
            let fields = Fields::new(variant.object, node, "");
            let field = fields.selector("field");
            let selector = field.value()?.clone();
            Some(ParamValue::Resolve {
                resource: fields.plain("resource").value()?.clone(),
                field: FieldPath::new(selector.as_str(), selector.clone()),
            })
        }
        _ => one(node).map(ParamValue::One),
    }
}

/// Reads the key `headers`; names are templates only where values may hold placeholders.
pub(crate) fn headers(fields: &Fields<'_>, mode: Mode) -> Written<Vec<HeaderSpec>> {
    fields.read("headers", |node, path| {
        let entries = node.as_map().unwrap_or_default().iter();
        let read = entries.filter_map(|entry| {
            let key = match mode {
                Mode::References => Template::literal(entry.key.clone()),
                _ => Template::parse(&entry.key, mode).ok()?,
            };
            let value = if entry.value.is_null() {
                None
            } else {
                Some(mark_sensitive(&entry.key, template(&entry.value, mode)?))
            };
            Some(HeaderSpec {
                name: entry.key.clone(),
                key,
                value,
                site: site(entry, path),
            })
        });
        Some(read.collect())
    })
}
