//! Looking up one reference, in every place it may be.

use std::collections::HashMap;
use std::sync::Arc;

use apiduct_model::{Redactor, SecretText};
use serde_json::Value;
use url::Url;

use super::source::SecretSource;
use crate::error::{ConfigErrorKind, Problems};
use crate::locate::{Format, Node};
use crate::template::{Encoding, JsonTemplate, Scope, SecretRef, Template};

/// The files that may hold keys of `${secret:KEY}`.
const SECRET_FILES: [&str; 2] = ["secrets.toml", ".dlt/secrets.toml"];

/// What a text is used for, which decides what of it is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// All that comes from outside is a secret.
    Credential,
    /// An address or a name: what comes from the environment is shown, apart from passwords in URLs.
    Address,
}

/// Looks references up, remembers what it found, and tells a [`Redactor`].
#[derive(Debug)]
pub struct Secrets<'s> {
    source: &'s dyn SecretSource,
    redactor: &'s Redactor,
    pipeline: String,
    found: HashMap<SecretRef, SecretText>,
    files: HashMap<&'static str, Option<Node>>,
}

impl<'s> Secrets<'s> {
    /// Looks in `source` for the pipeline called `pipeline`, whose name is part of some keys.
    pub fn new(source: &'s dyn SecretSource, redactor: &'s Redactor, pipeline: &str) -> Self {
        Self {
            source,
            redactor,
            pipeline: pipeline.to_owned(),
            found: HashMap::new(),
            files: HashMap::new(),
        }
    }

    pub(super) fn redactor(&self) -> &Redactor {
        self.redactor
    }

    pub(super) fn into_found(self) -> HashMap<SecretRef, SecretText> {
        self.found
    }

    /// Replaces the references in `text`. Placeholders must not be in it.
    pub(super) fn text(
        &mut self,
        text: &Template,
        used: Use,
    ) -> Result<String, Vec<ConfigErrorKind>> {
        let mut problems = Vec::new();
        for reference in text.references() {
            if let Err(problem) = self.look_up(reference, used) {
                problems.push(problem);
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let scope = Scope {
            secrets: &self.found,
            parent: None,
            incremental: None,
        };
        let resolved = text
            .expand(scope, Encoding::Text("the text"))
            .map_err(|error| {
                vec![ConfigErrorKind::Template {
                    reason: error.to_string(),
                    hint: None,
                }]
            })?;
        if text.is_sensitive() {
            self.register_value(&resolved);
        }
        if used == Use::Address {
            self.register_password(&resolved);
        }
        Ok(resolved)
    }

    /// Replaces the references in `json`. Placeholders must not be in it.
    pub(super) fn json(&mut self, json: &JsonTemplate) -> Result<Value, Vec<ConfigErrorKind>> {
        let mut problems = Vec::new();
        json.each_template(&mut |text| {
            if let Err(more) = self.text(text, Use::Credential) {
                problems.extend(more);
            }
        });
        if !problems.is_empty() {
            return Err(problems);
        }
        let scope = Scope {
            secrets: &self.found,
            parent: None,
            incremental: None,
        };
        json.expand(scope).map_err(|error| {
            vec![ConfigErrorKind::Template {
                reason: error.to_string(),
                hint: None,
            }]
        })
    }

    /// A credential that may have its scheme in front, as in `Bearer TOKEN`.
    fn register_value(&self, value: &str) {
        self.redactor.register(&SecretText::from(value));
        if let Some((_, behind)) = value.split_once(' ') {
            self.redactor.register(&SecretText::from(behind));
        }
    }

    fn register_password(&self, address: &str) {
        if let Some(password) = Url::parse(address).ok().as_ref().and_then(Url::password) {
            self.redactor.register(&SecretText::from(password));
        }
    }

    /// Finds the value of `reference` and remembers it.
    pub(super) fn look_up(
        &mut self,
        reference: &SecretRef,
        used: Use,
    ) -> Result<(), ConfigErrorKind> {
        if !self.found.contains_key(reference) {
            let value = self.find(reference)?;
            self.found.insert(reference.clone(), value);
        }
        let is_shown = used == Use::Address && matches!(reference, SecretRef::Env(_));
        if let Some(secret) = self.found.get(reference).filter(|_| !is_shown) {
            self.redactor.register(secret);
        }
        Ok(())
    }

    /// The text of a file that the configuration names without a reference.
    pub(super) fn file(&self, path: &str) -> Result<String, ConfigErrorKind> {
        let reference = SecretRef::File(path.into()).to_string();
        let shown = self.source.shown_path(path);
        match self.source.file(path) {
            Ok(Some(text)) => Ok(text),
            Ok(None) => {
                self.source
                    .stand_in(&reference)
                    .ok_or_else(|| ConfigErrorKind::MissingSecret {
                        reference,
                        searched: vec![format!("file `{shown}`")],
                    })
            }
            Err(source) => Err(ConfigErrorKind::UnreadableSecret {
                reference,
                from: format!("`{shown}`"),
                source,
            }),
        }
    }

    /// The text of a file beside the configuration that holds no secret.
    pub(super) fn beside(&self, path: &str) -> Result<String, ConfigErrorKind> {
        let failed = |reason: String| ConfigErrorKind::SeedFile {
            file: self.source.shown_path(path),
            reason,
        };
        match self.source.file(path) {
            Ok(Some(text)) => Ok(text),
            Ok(None) => Err(failed("there is no such file".to_owned())),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    /// Has `secret` masked from now on.
    pub(super) fn register(&self, secret: &SecretText) {
        self.redactor.register(secret);
    }

    fn find(&mut self, reference: &SecretRef) -> Result<SecretText, ConfigErrorKind> {
        let mut searched = Vec::new();
        let value = match reference {
            SecretRef::Env(name) => self.env(name, &mut searched),
            SecretRef::File(path) => {
                let shown = self.source.shown_path(path);
                let text =
                    self.source
                        .file(path)
                        .map_err(|source| ConfigErrorKind::UnreadableSecret {
                            reference: reference.to_string(),
                            from: format!("`{shown}`"),
                            source,
                        })?;
                searched.push(format!("file `{shown}`"));
                text.map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
                    .filter(|text| is_filled(text, &mut searched))
            }
            SecretRef::Secret(key) => self.key(key, reference, &mut searched)?,
        };
        value
            .or_else(|| self.source.stand_in(&reference.to_string()))
            .map(SecretText::from)
            .ok_or_else(|| ConfigErrorKind::MissingSecret {
                reference: reference.to_string(),
                searched,
            })
    }

    fn env(&self, name: &str, searched: &mut Vec<String>) -> Option<String> {
        searched.push(format!("environment variable `{name}`"));
        self.source
            .env(name)
            .filter(|value| is_filled(value, searched))
    }

    /// The environment spelling of the reference, then the files.
    fn key(
        &mut self,
        key: &str,
        reference: &SecretRef,
        searched: &mut Vec<String>,
    ) -> Result<Option<String>, ConfigErrorKind> {
        let name = format!("SOURCES__{}__{}", env_words(&self.pipeline), env_words(key));
        if let Some(value) = self.env(&name, searched) {
            return Ok(Some(value));
        }
        let steps: Vec<&str> = key.split(['.', '/']).collect();
        let mut long = vec!["sources", self.pipeline.as_str()];
        long.extend(&steps);
        let long: Vec<String> = long.into_iter().map(str::to_owned).collect();
        for file in SECRET_FILES {
            let shown = self.source.shown_path(file);
            let Some(root) = self.secrets_file(file, reference)? else {
                searched.push(format!("file `{shown}` (not there)"));
                continue;
            };
            let places = [long.iter().map(String::as_str).collect(), steps.clone()];
            for place in places {
                let found = place
                    .iter()
                    .try_fold(&root, |node, step| node.value_of(step));
                searched.push(format!("key `{}` of `{shown}`", place.join(".")));
                let value = found.and_then(Node::scalar_text);
                if let Some(value) = value.filter(|value| is_filled(value, searched)) {
                    return Ok(Some(value.to_owned()));
                }
            }
        }
        Ok(None)
    }

    fn secrets_file(
        &mut self,
        file: &'static str,
        reference: &SecretRef,
    ) -> Result<Option<Node>, ConfigErrorKind> {
        if let Some(known) = self.files.get(file) {
            return Ok(known.clone());
        }
        let shown = self.source.shown_path(file);
        let unreadable = |source| ConfigErrorKind::UnreadableSecret {
            reference: reference.to_string(),
            from: format!("`{shown}`"),
            source,
        };
        let text = self.source.file(file).map_err(unreadable)?;
        let root = match text {
            None => None,
            Some(text) => {
                let mut problems = Problems::new(Arc::from(shown.as_str()));
                let root = Node::read(&text, Format::Toml, &mut problems);
                let root = problems
                    .into_result(root)
                    .map_err(|errors| unreadable(std::io::Error::other(errors)))?;
                Some(root)
            }
        };
        self.files.insert(file, root.clone());
        Ok(root)
    }
}

fn is_filled(value: &str, searched: &mut [String]) -> bool {
    if value.is_empty() {
        if let Some(last) = searched.last_mut() {
            last.push_str(" (empty)");
        }
        return false;
    }
    true
}

/// `tracker.api-token` as environment names spell it: `TRACKER__API_TOKEN`.
fn env_words(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '.' | '/' => "__".to_owned(),
            letter if letter.is_alphanumeric() => letter.to_uppercase().to_string(),
            _ => "_".to_owned(),
        })
        .collect()
}
