//! What a program adds to the words of the file.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use apiduct_client::auth::Auth;
use apiduct_client::paginate::Paginator;
use apiduct_model::SecretText;
use apiduct_steps::RowStep;

use crate::error::ConfigErrorKind;

/// Why a program's own paginator or authentication cannot be made.
pub type CustomError = Box<dyn Error + Send + Sync>;

type Make<S, T> = Arc<dyn Fn(&BTreeMap<String, S>) -> Result<Arc<T>, CustomError> + Send + Sync>;

/// Paginators, authentication and row steps of a program, by the names under which files ask for them: `{type: custom, name:
/// NAME, settings: {…}}`, and `- custom: NAME` or `- custom: {name: NAME, settings: {…}}` among `processing_steps`.
///
/// The settings are texts; those of authentication are secrets, with their references replaced.
///
/// ```
/// use std::sync::Arc;
///
/// use apiduct_client::paginate::JsonLink;
/// use apiduct_config::{Format, Plan, Registry};
///
/// let registry = Registry::new().paginator("ours", |settings| {
///     let path = settings.get("at").ok_or("`at` is missing")?;
///     Ok(Arc::new(JsonLink::new(path.as_str())))
/// });
/// let text = r#"
/// client: {base_url: "https://api.example.com", paginator: {type: custom, name: ours, settings: {at: links.next}}}
/// resources: [issues]
/// "#;
/// let plan = Plan::parse_with(text, Format::Yaml, "tracker.yaml", &registry)?;
/// assert!(plan.resources[0].paginator.paginator.is_some());
/// # Ok::<(), apiduct_config::ConfigErrors>(())
/// ```
#[derive(Clone, Default)]
pub struct Registry {
    paginators: BTreeMap<String, Make<String, dyn Paginator>>,
    auths: BTreeMap<String, Make<SecretText, dyn Auth>>,
    steps: BTreeMap<String, Make<String, dyn RowStep>>,
}

/// A part of the file that the program defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Custom<S> {
    /// The name in the [`Registry`].
    pub name: String,
    /// What the file says about it, in its order.
    pub settings: Vec<(String, S)>,
}

impl Registry {
    /// One without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a paginator by `make`, from its settings, wherever a file asks for `name`. It is made when the file is
    /// read, and its [`Paginator::validate`] runs then.
    #[must_use]
    pub fn paginator(
        mut self,
        name: impl Into<String>,
        make: impl Fn(&BTreeMap<String, String>) -> Result<Arc<dyn Paginator>, CustomError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.paginators.insert(name.into(), Arc::new(make));
        self
    }

    /// Makes an authentication by `make`, from its settings, wherever a file asks for `name`. It is made when secrets
    /// are resolved.
    #[must_use]
    pub fn auth(
        mut self,
        name: impl Into<String>,
        make: impl Fn(&BTreeMap<String, SecretText>) -> Result<Arc<dyn Auth>, CustomError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.auths.insert(name.into(), Arc::new(make));
        self
    }

    /// Makes a step on records by `make`, from its settings, wherever `processing_steps` ask for `name`. It is made when the
    /// file is read, once for each resource.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use apiduct_config::steps::{RowOutcome, row_fn};
    /// use apiduct_config::{Format, Plan, Registry};
    ///
    /// let registry = Registry::new().row_step("without", |settings| {
    ///     let word = settings.get("word").ok_or("`word` is missing")?.clone();
    ///     Ok(Arc::new(row_fn(move |record| {
    ///         Ok(if record.contains(&word) { RowOutcome::Drop } else { RowOutcome::Keep })
    ///     })))
    /// });
    /// let text = r#"
    /// client: {base_url: "https://api.example.com"}
    /// resources:
    ///   - name: issues
    ///     processing_steps:
    ///       - custom: {name: without, settings: {word: spam}}
    /// "#;
    /// let plan = Plan::parse_with(text, Format::Yaml, "tracker.yaml", &registry)?;
    /// assert_eq!(plan.resources[0].steps[0].step.to_string(), "custom: without");
    /// # Ok::<(), apiduct_config::ConfigErrors>(())
    /// ```
    #[must_use]
    pub fn row_step(
        mut self,
        name: impl Into<String>,
        make: impl Fn(&BTreeMap<String, String>) -> Result<Arc<dyn RowStep>, CustomError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.steps.insert(name.into(), Arc::new(make));
        self
    }

    pub(crate) fn make_step(
        &self,
        custom: &Custom<String>,
    ) -> Result<Arc<dyn RowStep>, ConfigErrorKind> {
        make("step", &self.steps, &custom.name, &custom.settings)
    }

    pub(crate) fn make_paginator(
        &self,
        custom: &Custom<String>,
    ) -> Result<Arc<dyn Paginator>, ConfigErrorKind> {
        let made = make(
            "paginator",
            &self.paginators,
            &custom.name,
            &custom.settings,
        )?;
        let checked = made.validate();
        checked.map_err(|error| failed("paginator", &custom.name, error.into()))?;
        Ok(made)
    }

    /// Whether files may ask for the authentication `name`.
    pub(crate) fn check_auth(&self, name: &str) -> Result<(), ConfigErrorKind> {
        find("authentication", &self.auths, name).map(drop)
    }

    pub(crate) fn make_auth(
        &self,
        name: &str,
        settings: &[(String, SecretText)],
    ) -> Result<Arc<dyn Auth>, ConfigErrorKind> {
        make("authentication", &self.auths, name, settings)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("paginators", &self.paginators.keys())
            .field("auths", &self.auths.keys())
            .field("steps", &self.steps.keys())
            .finish()
    }
}

fn find<'r, S, T: ?Sized>(
    what: &'static str,
    registered: &'r BTreeMap<String, Make<S, T>>,
    name: &str,
) -> Result<&'r Make<S, T>, ConfigErrorKind> {
    registered
        .get(name)
        .ok_or_else(|| ConfigErrorKind::NotRegistered {
            what,
            name: name.to_owned(),
            registered: registered.keys().cloned().collect(),
        })
}

fn make<S: Clone, T: ?Sized>(
    what: &'static str,
    registered: &BTreeMap<String, Make<S, T>>,
    name: &str,
    settings: &[(String, S)],
) -> Result<Arc<T>, ConfigErrorKind> {
    let make = find(what, registered, name)?;
    make(&settings.iter().cloned().collect()).map_err(|source| failed(what, name, source))
}

fn failed(what: &'static str, name: &str, source: CustomError) -> ConfigErrorKind {
    ConfigErrorKind::Custom {
        what,
        name: name.to_owned(),
        source,
    }
}
