//! What was written: the file as typed values, each with its place.
//!
//! Reading checks the shape of everything and reports all mistakes at once; what the values mean together is the
//! business of [`crate::plan`].

mod auth;
mod body;
mod check;
mod destination;
mod effective;
mod endpoint;
mod fields;
mod formats;
mod hints;
mod incremental;
mod inline;
mod keys;
mod merge;
mod on_error;
mod paginator;
mod resource;
mod rules;
mod runtime;
mod schema;
mod seed;
mod short;
mod steps;
mod table;
mod tokens;
mod tree;
mod units;

use std::path::Path;
use std::sync::Arc;

use apiduct_client::Network;
use apiduct_client::retry::ResponseTest;
use serde_json::Value;

pub use auth::{AuthSpec, AwsSpec, HmacSpec, KeyPlace, PoolSpec};
pub use body::{DataSpec, ParamStyle, StyledSpec};
pub use destination::{DestinationKind, DestinationSpec};
pub(crate) use effective::WrittenFile;
pub use effective::{EffectiveFile, ValueOrigin};
pub(crate) use endpoint::merge_headers;
pub use endpoint::{EndpointSpec, Entity, HeaderSpec, ParamSpec, ParamValue};
pub use fields::{Located, Written};
pub use hints::{NestedHintSpec, TableHintsSpec};
pub use incremental::IncrementalSpec;
pub use on_error::{OnErrorAction, OnErrorSpec};
pub use paginator::PaginatorSpec;
pub use resource::{ColumnSpec, ResourceSpec};
pub use rules::RuleSpec;
pub use runtime::RuntimeSpec;
pub use seed::SeedSpec;
pub use steps::StepSpec;
pub use tokens::{TokenAuthSpec, TokenScheme};
pub use tree::{ForEachMode, ForEachSpec, IncludeSpec, TreeSpec};
pub(crate) use units::duration;

use crate::error::{ConfigErrorKind, ConfigErrors, Problems};
use crate::locate::{Format, Mark, Node};
use crate::template::{Mode, Template};
use fields::Fields;

/// A configuration file as it was written.
///
/// ```
/// use apiduct_config::{Format, Spec};
///
/// let text = "client: {base_url: 'https://api.example.com'}\nresources: [issues]\n";
/// let spec = Spec::parse(text, Format::Yaml, "tracker.yaml")?;
/// assert_eq!(spec.name.value, "tracker");
/// assert_eq!(spec.resources[0].name.value, "issues");
/// # Ok::<(), apiduct_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone)]
pub struct Spec {
    /// Names the pipeline. Default: the file's name without its extension.
    pub name: Located<String>,
    /// The API.
    pub client: ClientSpec,
    /// Keys that every resource gets.
    pub defaults: Option<ResourceSpec>,
    /// What to pull.
    pub resources: Vec<ResourceSpec>,
    /// Where the rows go.
    pub destination: Written<DestinationSpec>,
    /// The schema at the destination.
    pub dataset: Written<Template>,
    /// Limits, timeouts and retries.
    pub runtime: RuntimeSpec,
    /// Prefix of system columns and tables.
    pub system_prefix: Written<String>,
    /// What holds for the tables of every resource that does not say otherwise.
    pub hints: TableHintsSpec,
    pub(crate) file: Arc<str>,
    pub(crate) written: WrittenFile,
}

/// The key `client`.
#[derive(Debug, Clone)]
pub struct ClientSpec {
    /// The URL in front of every path.
    pub base_url: Located<Template>,
    /// Headers of every request.
    pub headers: Vec<HeaderSpec>,
    /// How requests prove who they are.
    pub auth: Written<AuthSpec>,
    /// How to get from page to page.
    pub paginator: Written<PaginatorSpec>,
    /// What answers look like that are asked for again.
    pub retry_if: Written<Vec<ResponseTest>>,
    /// Hosts beside that of `base_url` that may see credentials.
    pub allowed_hosts: Vec<Located<String>>,
    /// Whether a link to any other host is followed, without credentials.
    pub strips_foreign_origin: bool,
    /// Which addresses links of the server may lead to.
    pub network: Network,
    /// The certificate for servers that ask for one.
    pub client_certificate: Option<ClientCertificateSpec>,
}

/// A certificate and its private key, as written: PEM texts, or files that hold them.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientCertificateSpec {
    /// The certificate.
    pub certificate: Located<Template>,
    /// The private key.
    pub private_key: Located<Template>,
}

impl Spec {
    /// Reads `text`; `file` is its name for messages, and its stem the default of `name`.
    ///
    /// # Errors
    /// Every mistake in the shape of the file.
    pub fn parse(text: &str, format: Format, file: &str) -> Result<Self, ConfigErrors> {
        let mut problems = Problems::new(Arc::from(file));
        let spec = Self::read(text, format, &mut problems);
        problems.into_result(spec)
    }

    /// Reads the file at `path`, in the language of its extension.
    ///
    /// # Errors
    /// As [`Spec::parse`], and when the file cannot be read or has another extension.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ConfigErrors> {
        let mut problems = Problems::new(path.as_ref().to_string_lossy().into());
        let spec = Self::read_file(path.as_ref(), &mut problems);
        problems.into_result(spec)
    }

    /// The JSON Schema of the file, draft 2020-12.
    pub fn json_schema() -> Value {
        schema::of_file()
    }

    /// The name of the file for messages.
    pub fn file(&self) -> &str {
        &self.file
    }

    pub(crate) fn read_file(path: &Path, problems: &mut Problems) -> Option<Self> {
        let Some(format) = Format::of_path(path) else {
            problems.push("", Mark::WHOLE_FILE, ConfigErrorKind::UnknownFormat);
            return None;
        };
        match std::fs::read_to_string(path) {
            Ok(text) => Self::read(&text, format, problems),
            Err(source) => {
                problems.push("", Mark::WHOLE_FILE, ConfigErrorKind::Read { source });
                None
            }
        }
    }

    /// Reads as much as can be read; `None` if the text breaks the rules of its language or is no mapping.
    pub(crate) fn read(text: &str, format: Format, problems: &mut Problems) -> Option<Self> {
        let root = Node::read(text, format, problems)?;
        check::check_file(&root, problems);
        root.as_map()?;
        let file = problems.file().clone();
        let fields = Fields::new(&keys::ROOT, &root, "");
        let name = match fields.plain("name") {
            Written::Value(name) => name,
            _ => Located {
                value: stem(&file),
                path: "name".into(),
                mark: root.mark,
            },
        };
        check_name(&name, problems);
        let defaults = fields.read("resource_defaults", |node, path| {
            Some(ResourceSpec::read_defaults(node, path, problems))
        });
        let resources = fields.read("resources", |node, path| {
            let list = node.as_list()?.iter().enumerate();
            Some(
                list.map(|(at, node)| ResourceSpec::read(node, &format!("{path}[{at}]"), problems))
                    .collect(),
            )
        });
        let hints = TableHintsSpec::read(&fields, problems);
        let system_prefix = fields.plain("system_prefix");
        check_prefix(&system_prefix, problems);
        Some(Self {
            name,
            client: ClientSpec::read(fields.entry("client").map(|entry| &entry.value), problems),
            defaults: into_option(defaults),
            resources: into_option(resources).unwrap_or_default(),
            destination: fields.read("destination", |node, _| DestinationSpec::read(node)),
            dataset: fields.text("dataset", Mode::References),
            runtime: RuntimeSpec::read(fields.entry("runtime").map(|entry| &entry.value)),
            system_prefix,
            hints,
            file,
            written: WrittenFile::new(root),
        })
    }
}

impl ClientSpec {
    fn read(node: Option<&Node>, problems: &mut Problems) -> Self {
        let nothing = Node {
            value: crate::locate::NodeValue::Null,
            mark: Mark::START,
        };
        let node = node.unwrap_or(&nothing);
        let fields = Fields::new(&keys::CLIENT, node, "client");
        let base_url = match fields.text("base_url", Mode::References) {
            Written::Value(base_url) => {
                check_base_url(&base_url, problems);
                base_url
            }
            _ => Located {
                value: Template::literal(""),
                path: "client.base_url".into(),
                mark: node.mark,
            },
        };
        Self {
            base_url,
            headers: into_option(endpoint::headers(&fields, Mode::References)).unwrap_or_default(),
            auth: fields.read("auth", |node, _| AuthSpec::read(node)),
            paginator: fields.read("paginator", PaginatorSpec::read),
            retry_if: endpoint::retry_if(&fields),
            allowed_hosts: into_option(fields.plain_list("allowed_hosts")).unwrap_or_default(),
            strips_foreign_origin: fields.word("on_foreign_origin").value() == Some(&"strip"),
            network: match fields.word("network").value().copied() {
                Some("public_only") => Network::PublicOnly,
                Some("strictly_public") => Network::StrictlyPublic,
                _ => Network::Any,
            },
            client_certificate: fields
                .entry("client_certificate")
                .and_then(|entry| ClientCertificateSpec::read(&entry.value)),
        }
    }
}

impl ClientCertificateSpec {
    fn read(node: &Node) -> Option<Self> {
        let path = "client.client_certificate";
        let fields = Fields::new(&keys::CLIENT_CERTIFICATE, node, path);
        let text = |name: &str| fields.text(name, Mode::References).located().cloned();
        Some(Self {
            certificate: text("certificate")?,
            private_key: text("private_key")?,
        })
    }
}

/// The log level as this version spells it, in any case.
pub(crate) fn log_level(word: &str) -> Option<&'static str> {
    keys::LOG_LEVELS.find(word.trim())
}

pub(crate) fn into_option<T>(written: Written<T>) -> Option<T> {
    match written {
        Written::Value(located) => Some(located.value),
        Written::Absent | Written::Null => None,
    }
}

fn stem(file: &str) -> String {
    let stem = Path::new(file).file_stem();
    let stem = stem.map_or_else(|| "source".into(), |stem| stem.to_string_lossy());
    stem.into_owned()
}

/// The name becomes part of file names.
fn check_name(name: &Located<String>, problems: &mut Problems) {
    let is_plain = !name.value.contains(['/', '\\', '\0']) && !name.value.starts_with('.');
    if !is_plain {
        let kind = ConfigErrorKind::Malformed {
            value: name.value.clone(),
            expected: "a name that a file could have",
            example: "`tracker`",
        };
        problems.push(&name.path, name.mark, kind);
    }
}

fn check_prefix(prefix: &Written<String>, problems: &mut Problems) {
    let Some(prefix) = prefix.located() else {
        return;
    };
    let is_plain = prefix.value.starts_with('_')
        && prefix.value.len() > 1
        && !prefix.value.ends_with('_')
        && prefix
            .value
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if !is_plain {
        let kind = ConfigErrorKind::Malformed {
            value: prefix.value.clone(),
            expected: "a prefix of lower-case letters that begins with `_`",
            example: "`_dlt`",
        };
        problems.push(&prefix.path, prefix.mark, kind);
    }
}

fn check_base_url(base_url: &Located<Template>, problems: &mut Problems) {
    let Some(text) = base_url.value.as_literal() else {
        return;
    };
    if !is_http_url(text) {
        let kind = ConfigErrorKind::Malformed {
            value: shown_url(text),
            expected: "an absolute http or https URL",
            example: "`https://api.example.com/v2`",
        };
        problems.push(&base_url.path, base_url.mark, kind);
    }
}

pub(crate) fn is_http_url(text: &str) -> bool {
    url::Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// A URL as it may be shown, also when it cannot be parsed.
pub(crate) fn shown_url(text: &str) -> String {
    match url::Url::parse(text) {
        Ok(url) => apiduct_model::redact_url(&url),
        Err(_) => match text.rsplit_once('@') {
            Some((_, behind)) => format!("{}@{behind}", apiduct_model::MASK),
            None => text.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests;
