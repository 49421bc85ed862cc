//! Settings of the reference that stand outside the file.

use std::sync::Arc;

use apiduct_model::Place;

use super::source::SecretSource;
use crate::error::{ConfigErrorKind, Problems};
use crate::locate::{Format, Mark, Node};

/// The settings that can stand outside the file.
const NAMES: [&str; 7] = [
    "request_timeout",
    "request_max_attempts",
    "request_backoff_factor",
    "request_max_retry_delay",
    "http_show_error_body",
    "http_max_error_body_length",
    "log_level",
];

/// The file of the reference that has settings.
const SETTINGS: &str = ".dlt/config.toml";

/// A setting that stands outside the file, as it is written there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outside {
    /// Its name in the reference.
    pub(crate) name: &'static str,
    pub(crate) value: String,
    pub(crate) site: OutsideSite,
}

/// Where such a setting stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum OutsideSite {
    /// In this environment variable.
    Environment(String),
    /// In the settings of the reference.
    Settings(Mark, Place),
}

impl Outside {
    /// Looks for all of them: in environment variables such as `RUNTIME__REQUEST_TIMEOUT`, then in the table `[runtime]`
    /// of `.dlt/config.toml`.
    pub(crate) fn find(source: &dyn SecretSource) -> (Vec<Self>, Problems) {
        let file = source.shown_path(SETTINGS);
        let mut problems = Problems::new(Arc::from(file.as_str()));
        let text = source.file(SETTINGS).unwrap_or_else(|source| {
            problems.push("", Mark::WHOLE_FILE, ConfigErrorKind::Read { source });
            None
        });
        let root = text.and_then(|text| Node::read(&text, Format::Toml, &mut problems));
        let runtime = root.as_ref().and_then(|root| root.value_of("runtime"));
        let find = |name: &'static str| {
            let variable = format!("RUNTIME__{}", name.to_uppercase());
            if let Some(value) = source.env(&variable) {
                let site = OutsideSite::Environment(variable);
                return Some(Self { name, value, site });
            }
            let node = runtime?.value_of(name)?;
            Some(Self {
                name,
                value: node.scalar_text().unwrap_or_default().to_owned(),
                site: OutsideSite::Settings(node.mark, node.mark.in_file(&file)),
            })
        };
        (NAMES.into_iter().filter_map(find).collect(), problems)
    }

    /// Says that its value cannot be read.
    pub(crate) fn report(&self, kind: ConfigErrorKind, problems: &mut Problems) {
        match &self.site {
            OutsideSite::Environment(variable) => {
                problems.push_in("the environment", variable, Mark::WHOLE_FILE, kind);
            }
            OutsideSite::Settings(mark, _) => {
                problems.push(format_args!("runtime.{}", self.name), *mark, kind);
            }
        }
    }
}
