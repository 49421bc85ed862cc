//! Filling a plan with values.

mod signing;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use apiduct_client::auth::{ApiKey, Auth, Basic, Bearer, KeyLocation, NoAuth};
use apiduct_model::{Redactor, SecretText};
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::secrets::{Secrets, Use};
use super::source::SecretSource;
use super::tokens::{TokenPlaces, token_auth};
use super::{Destination, RequestInputs, RequestParts, Resolved, WORKING_DIR};
use crate::error::{ConfigErrorKind, ConfigErrors, Problems};
use crate::locate::Mark;
use crate::plan::{AuthPlan, Plan, ResourcePlan};
use crate::registry::Registry;
use crate::spec::{AuthSpec, DestinationSpec, KeyPlace, Located, is_http_url, shown_url};
use crate::template::{Encoding, Mode, Scope, SecretRef, Template, TemplateError};

pub(super) fn resolve(
    plan: &Plan,
    source: &dyn SecretSource,
    redactor: &Redactor,
    working_dir: &Path,
) -> Result<Resolved, ConfigErrors> {
    let mut resolver = Resolver {
        secrets: Secrets::new(source, redactor, &plan.name),
        problems: Problems::new(plan.file.clone()),
        tokens: TokenPlaces::new(working_dir, &plan.name, &plan.file),
        registry: plan.registry.clone(),
    };
    let base_url = resolver.base_url(&plan.client.base_url);
    resolver.tokens.base_url.clone_from(&base_url);
    let auth = plan
        .client
        .auth
        .as_ref()
        .and_then(|auth| resolver.auth(auth));
    let destination = resolver.destination(&plan.destination);
    let dataset = resolver.text(&plan.dataset, Use::Address);
    let optional = |text: &Option<Located<Template>>, resolver: &mut Resolver<'_>| {
        text.as_ref()
            .and_then(|text| resolver.text(text, Use::Address))
    };
    let user_agent = optional(&plan.runtime.user_agent, &mut resolver);
    let ca_bundle = optional(&plan.runtime.ca_bundle, &mut resolver);
    let certificate = plan.client.client_certificate.as_ref();
    let client_certificate = certificate.and_then(|spec| resolver.client_certificate(spec));
    let mut own_auth = HashMap::new();
    let mut steps = HashMap::new();
    let mut seeds = HashMap::new();
    for resource in &plan.resources {
        if let AuthPlan::Own(auth) = &resource.auth
            && let Some(auth) = resolver.own_auth(resource, auth)
        {
            own_auth.insert(resource.name.to_string(), auth);
        }
        if let Some(seed) = resolver.seed(resource) {
            seeds.insert(resource.name.to_string(), seed);
        }
        resolver.request(resource);
        if let Some(own) = resolver.steps(resource) {
            steps.insert(resource.name.to_string(), own);
        }
    }
    let headers = resolver.headers(plan);
    let logins = resolver.tokens.logins();
    let (secrets, problems) = (resolver.secrets.into_found(), resolver.problems);
    let resolved = base_url.zip(destination).zip(dataset);
    let resolved = resolved.map(|((base_url, destination), dataset)| Resolved {
        base_url,
        headers,
        auth: auth.unwrap_or_else(|| Arc::new(NoAuth)),
        destination,
        dataset,
        user_agent,
        ca_bundle: ca_bundle.map(PathBuf::from),
        client_certificate,
        logins,
        own_auth,
        steps,
        seeds,
        secrets,
    });
    problems.into_result(resolved)
}

/// Resolves one thing that stands outside any plan, such as an option of a command.
fn resolve_one<T>(
    name: &str,
    source: &dyn SecretSource,
    redactor: &Redactor,
    resolve: impl FnOnce(&mut Resolver<'_>) -> Option<T>,
) -> Result<T, ConfigErrors> {
    let mut resolver = Resolver {
        secrets: Secrets::new(source, redactor, ""),
        problems: Problems::new(Arc::from(name)),
        tokens: TokenPlaces::new(Path::new(WORKING_DIR), "", "FILE"),
        registry: Registry::new(),
    };
    let resolved = resolve(&mut resolver);
    resolver.problems.into_result(resolved)
}

impl Located<AuthSpec> {
    /// Replaces the references in it; `name` is what messages call it.
    ///
    /// # Errors
    /// Every reference without a value.
    pub fn resolve(
        &self,
        name: &str,
        source: &dyn SecretSource,
        redactor: &Redactor,
    ) -> Result<Arc<dyn Auth>, ConfigErrors> {
        resolve_one(name, source, redactor, |resolver| resolver.auth(self))
    }
}

impl Located<DestinationSpec> {
    /// Replaces the references in it; `name` is what messages call it.
    ///
    /// # Errors
    /// Every reference without a value, and a text from outside that is no destination.
    pub fn resolve(
        &self,
        name: &str,
        source: &dyn SecretSource,
        redactor: &Redactor,
    ) -> Result<Destination, ConfigErrors> {
        resolve_one(name, source, redactor, |resolver| {
            resolver.destination(self)
        })
    }
}

/// Replaces the references in `text`, which may be a credential; `name` is what messages call it.
///
/// # Errors
/// Every reference that cannot be read or has no value.
pub fn resolve_text(
    text: &str,
    name: &str,
    source: &dyn SecretSource,
    redactor: &Redactor,
) -> Result<String, ConfigErrors> {
    resolve_one(name, source, redactor, |resolver| {
        let template = match Template::parse(text, Mode::References) {
            Ok(template) => template,
            Err(problems) => {
                for kind in problems {
                    resolver.problems.push("", Mark::START, kind);
                }
                return None;
            }
        };
        let located = Located {
            value: template,
            path: Box::from(""),
            mark: Mark::START,
        };
        resolver.text(&located, Use::Credential)
    })
}

pub(super) struct Resolver<'s> {
    pub(super) secrets: Secrets<'s>,
    pub(super) problems: Problems,
    tokens: TokenPlaces,
    /// What the program has of its own.
    registry: Registry,
}

impl Resolver<'_> {
    pub(super) fn text(&mut self, text: &Located<Template>, used: Use) -> Option<String> {
        match self.secrets.text(&text.value, used) {
            Ok(resolved) => Some(resolved),
            Err(problems) => {
                for problem in problems {
                    self.problems.push(&text.path, text.mark, problem);
                }
                None
            }
        }
    }

    fn base_url(&mut self, text: &Located<Template>) -> Option<Url> {
        let resolved = self.text(text, Use::Address)?;
        if is_http_url(&resolved) {
            return Url::parse(&resolved).ok();
        }
        let kind = ConfigErrorKind::Malformed {
            value: shown_url(&resolved),
            expected: "an absolute http or https URL",
            example: "`https://api.example.com/v2`",
        };
        self.problems.push(&text.path, text.mark, kind);
        None
    }

    /// The authentication that `resource` has for itself.
    fn own_auth(
        &mut self,
        resource: &ResourcePlan,
        auth: &Located<AuthSpec>,
    ) -> Option<Arc<dyn Auth>> {
        self.tokens.user = Some(resource.name.to_string());
        self.auth(auth)
    }

    fn auth(&mut self, auth: &Located<AuthSpec>) -> Option<Arc<dyn Auth>> {
        Some(match &auth.value {
            AuthSpec::Bearer { token } => {
                let token = self.text_at(auth, token, Use::Credential)?;
                Arc::new(Bearer::new(SecretText::from(token)))
            }
            AuthSpec::ApiKey { name, key, place } => {
                let name = self.text_at(auth, name, Use::Address);
                let key = self.text_at(auth, key, Use::Credential);
                let location = match place {
                    KeyPlace::Header => KeyLocation::Header,
                    KeyPlace::Query => KeyLocation::Query,
                    KeyPlace::Cookie => KeyLocation::Cookie,
                    KeyPlace::Body => KeyLocation::Body,
                };
                Arc::new(ApiKey::new(name?, SecretText::from(key?)).location(location))
            }
            AuthSpec::Basic { username, password } => {
                let user = self.text_at(auth, username, Use::Credential);
                let password = self.text_at(auth, password, Use::Credential);
                Arc::new(Basic::new(user?, SecretText::from(password?)))
            }
            AuthSpec::Hmac(spec) => self.hmac(auth, spec)?,
            AuthSpec::AwsSigV4(spec) => self.aws(auth, spec)?,
            AuthSpec::Pool(spec) => self.pool(auth, spec)?,
            AuthSpec::Custom(custom) => {
                let settings = custom.settings.iter().map(|(name, text)| {
                    let text = self.text_at(auth, text, Use::Credential)?;
                    Some((name.clone(), SecretText::from(text)))
                });
                let settings: Option<Vec<_>> = settings.collect();
                match self.registry.make_auth(&custom.name, &settings?) {
                    Ok(made) => made,
                    Err(kind) => {
                        self.problems.push(&auth.path, auth.mark, kind);
                        return None;
                    }
                }
            }
            AuthSpec::Token(spec) => {
                self.tokens.key.clone_from(&auth.path);
                match token_auth(spec, &mut self.secrets, &mut self.tokens) {
                    Ok(auth) => auth,
                    Err(problems) => {
                        for problem in problems {
                            self.problems.push(&auth.path, auth.mark, problem);
                        }
                        return None;
                    }
                }
            }
        })
    }

    fn destination(&mut self, spec: &Located<DestinationSpec>) -> Option<Destination> {
        let text = spec.clone().map(|spec| spec.template().clone());
        let resolved = self.text(&text, Use::Address)?;
        if let DestinationSpec::At { kind, .. } = spec.value {
            let path = PathBuf::from(resolved);
            return Some(Destination { kind, path });
        }
        match DestinationSpec::parse_resolved(&resolved) {
            Ok((kind, path)) => Some(Destination {
                kind,
                path: PathBuf::from(path),
            }),
            Err(kind) => {
                self.problems.push(&spec.path, spec.mark, kind);
                None
            }
        }
    }

    /// Looks up what the requests of `resource` refer to. Placeholders are left alone.
    fn request(&mut self, resource: &ResourcePlan) {
        let Self {
            secrets, problems, ..
        } = self;
        resource.request.each_template(&mut |text, site| {
            for reference in text.references() {
                if let Err(kind) = secrets.look_up(reference, Use::Credential) {
                    problems.push(&site.path, site.mark, kind);
                }
            }
        });
        for header in &resource.request.headers {
            let value = &header.value;
            if value.is_sensitive() && value.parent_fields().is_empty() {
                // Registers what stands in the file itself; what is missing has just been reported.
                drop(secrets.text(value, Use::Credential));
            }
        }
    }

    fn headers(&mut self, plan: &Plan) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for header in &plan.client.headers {
            let text = Located {
                value: header.value.clone(),
                path: header.site.path.clone(),
                mark: header.site.mark,
            };
            let (Some(name), Some(value)) =
                (header.key.as_literal(), self.text(&text, Use::Credential))
            else {
                continue;
            };
            match header_pair(name, &value) {
                Ok((name, value)) => drop(headers.insert(name, value)),
                Err(error) => {
                    let kind = ConfigErrorKind::Template {
                        reason: error.to_string(),
                        hint: None,
                    };
                    self.problems.push(&text.path, text.mark, kind);
                }
            }
        }
        headers
    }
}

pub(super) fn request(
    resource: &ResourcePlan,
    secrets: &HashMap<SecretRef, SecretText>,
    inputs: RequestInputs<'_>,
) -> Result<RequestParts, TemplateError> {
    let scope = Scope {
        secrets,
        parent: inputs.parent,
        incremental: inputs.incremental,
    };
    let plan = &resource.request;
    let mut params = Vec::new();
    for param in &plan.params {
        super::body::push_param(&mut params, param, scope)?;
    }
    let mut headers = HeaderMap::new();
    let there = plan.headers.iter();
    for header in there.filter(|one| !one.value.is_left_out(scope)) {
        let place = Encoding::Text("the headers");
        let (name, value) = header_pair(
            &header.key.expand(scope, place)?,
            &header.value.expand(scope, place)?,
        )?;
        headers.insert(name, value);
    }
    let json = plan.json.as_ref();
    Ok(RequestParts {
        method: plan.method.clone(),
        path: plan.path.value.expand(scope, Encoding::Segment)?,
        params,
        headers,
        json: json.map(|json| json.value.expand(scope)).transpose()?,
        data: match &plan.data {
            Some(data) => super::body::data(&data.value, scope)?,
            None => None,
        },
    })
}

fn header_pair(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), TemplateError> {
    let error = |what| TemplateError::Header {
        what,
        name: name.to_owned(),
    };
    let parsed = HeaderName::try_from(name).map_err(|_| error("name"))?;
    let value = HeaderValue::try_from(value).map_err(|_| error("value"))?;
    Ok((parsed, value))
}
