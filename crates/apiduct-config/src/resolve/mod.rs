//! Values that stand outside the file: secrets, environment, files. The only module that asks for them.

mod apply;
mod body;
mod login;
mod outside;
mod runtime;
mod secrets;
mod seeds;
mod source;
mod stand_ins;
mod steps;
mod tokens;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use apiduct_client::auth::{Auth, NoAuth};
use apiduct_model::{Redactor, SecretText};
use apiduct_steps::Steps;
use http::{HeaderMap, Method};
use serde_json::Value;
use url::Url;

pub use apply::resolve_text;
pub use login::{Login, LoginFlow};
pub(crate) use outside::{Outside, OutsideSite};
pub use runtime::{Runtime, TotalTimeout};
pub use secrets::Secrets;
pub use seeds::Seed;
pub use source::{SecretSource, SystemSource};
pub use stand_ins::StandIns;

use crate::error::ConfigErrors;
use crate::plan::{AuthPlan, Plan, ResourcePlan};
use crate::spec::DestinationKind;
use crate::template::{IncrementalValues, ParentRow, SecretRef, TemplateError};

/// The folder for what is kept from run to run, where nobody names another.
const WORKING_DIR: &str = ".apiduct";

/// A plan's values with all references replaced: ready for a client.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The URL in front of every path.
    pub base_url: Url,
    /// Headers of every request. Each [`RequestParts`] has them too, so a client that sends those needs none.
    pub headers: HeaderMap,
    /// Authentication of requests that have none of their own.
    pub auth: Arc<dyn Auth>,
    /// Where the rows go.
    pub destination: Destination,
    /// The schema at the destination.
    pub dataset: String,
    /// The `User-Agent` header, if the file sets one.
    pub user_agent: Option<String>,
    /// A PEM file of certificates to trust, if the file names one.
    pub ca_bundle: Option<PathBuf>,
    /// The certificate for servers that ask for one, and its private key, as PEM.
    pub client_certificate: Option<(String, SecretText)>,
    /// What a person has to log in to before the first run, in the order of the file.
    pub logins: Vec<Login>,
    own_auth: HashMap<String, Arc<dyn Auth>>,
    steps: HashMap<String, Steps>,
    seeds: HashMap<String, Seed>,
    secrets: HashMap<SecretRef, SecretText>,
}

/// Where the rows go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// What it is.
    pub kind: DestinationKind,
    /// The file or folder.
    pub path: PathBuf,
}

/// What the placeholders of a request are filled from.
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestInputs<'r> {
    /// The row of the parent, for a resource that has one.
    pub parent: Option<&'r ParentRow>,
    /// The bounds of the incremental load, as requests write them.
    pub incremental: Option<&'r IncrementalValues>,
}

/// A request with everything filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestParts {
    /// The method.
    pub method: Method,
    /// The path behind the base URL, or an absolute URL.
    pub path: String,
    /// Query parameters in order, not encoded.
    pub params: Vec<(String, String)>,
    /// Headers, those of the client included.
    pub headers: HeaderMap,
    /// The body, as JSON.
    pub json: Option<Value>,
    /// The body, as form fields or as a text.
    pub data: Option<DataParts>,
}

/// A body that is no JSON, with everything filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataParts {
    /// Form fields in order.
    Form(Vec<(String, String)>),
    /// A text that is sent as it is, without a content type.
    Raw(String),
}

impl Plan {
    /// Replaces every reference by what `source` has for it, and tells `redactor` each secret.
    ///
    /// # Errors
    /// Every reference without a value, with all places searched, and every value that makes no sense where it
    /// stands.
    pub fn resolve(
        &self,
        source: &dyn SecretSource,
        redactor: &Redactor,
    ) -> Result<Resolved, ConfigErrors> {
        self.resolve_in(source, redactor, Path::new(WORKING_DIR))
    }

    /// Like [`Plan::resolve`], with the folder in which tokens are kept from run to run; they go into its `tokens`.
    ///
    /// # Errors
    /// As [`Plan::resolve`].
    pub fn resolve_in(
        &self,
        source: &dyn SecretSource,
        redactor: &Redactor,
        working_dir: &Path,
    ) -> Result<Resolved, ConfigErrors> {
        apply::resolve(self, source, redactor, working_dir)
    }
}

impl Resolved {
    /// The logins that the requests of `resource` need.
    pub fn logins_for(&self, resource: &ResourcePlan) -> Vec<&Login> {
        let user = match &resource.auth {
            AuthPlan::Off => return Vec::new(),
            AuthPlan::Client => None,
            AuthPlan::Own(_) => Some(resource.name.as_str()),
        };
        let logins = self.logins.iter();
        logins.filter(|login| login.is_used_by(user)).collect()
    }

    /// The steps on the records of `resource`, with their salts.
    pub fn steps_for(&self, resource: &ResourcePlan) -> Steps {
        let steps = self.steps.get(resource.name.as_str());
        steps.cloned().unwrap_or_default()
    }

    /// The rows of `resource`, if it sends no requests.
    pub fn seed_for(&self, resource: &ResourcePlan) -> Option<&Seed> {
        self.seeds.get(resource.name.as_str())
    }

    /// The authentication of `resource`: its own, that of the client, or none.
    pub fn auth_for(&self, resource: &ResourcePlan) -> Arc<dyn Auth> {
        match &resource.auth {
            AuthPlan::Off => Arc::new(NoAuth),
            AuthPlan::Client => self.auth.clone(),
            AuthPlan::Own(_) => self
                .own_auth
                .get(resource.name.as_str())
                .map_or_else(|| self.auth.clone(), Arc::clone),
        }
    }
}

impl ResourcePlan {
    /// The request for one row of the parent; `None` for a resource without one.
    ///
    /// # Errors
    /// A field that the row does not have, or whose value cannot stand where it is asked for.
    pub fn request_for(
        &self,
        resolved: &Resolved,
        parent: Option<&ParentRow>,
    ) -> Result<RequestParts, TemplateError> {
        self.request_with(
            resolved,
            RequestInputs {
                parent,
                incremental: None,
            },
        )
    }

    /// The request for what `inputs` hold.
    ///
    /// # Errors
    /// As [`ResourcePlan::request_for`], and a bound of the incremental load that has no value where one is needed.
    pub fn request_with(
        &self,
        resolved: &Resolved,
        inputs: RequestInputs<'_>,
    ) -> Result<RequestParts, TemplateError> {
        apply::request(self, &resolved.secrets, inputs)
    }
}

#[cfg(test)]
mod tests;
