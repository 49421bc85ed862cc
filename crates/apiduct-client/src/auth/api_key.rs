use std::time::Duration;

use apiduct_model::{Redactor, SecretText};
use async_trait::async_trait;
use http::header::{COOKIE, HeaderName};

use super::{Auth, AuthContext, AuthError, CredentialId, secret_value};
use crate::{BodyPath, Request};

/// A key under a name of the API's choice: in a header, a query parameter, a cookie or the body.
///
/// A key that is there already, for example in a link to the next page, is replaced.
///
/// ```
/// use apiduct_client::auth::{ApiKey, KeyLocation};
///
/// let auth = ApiKey::new("X-Api-Key", "my key");
/// assert_eq!(auth.location, KeyLocation::Header);
/// let auth = ApiKey::new("key", "my key").location(KeyLocation::Query);
/// # let _ = auth;
/// ```
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// Name of the header, parameter or cookie; in a body, the path to it ([`BodyPath`]).
    pub name: String,
    /// The key.
    pub key: SecretText,
    /// Where it goes. Default: a header.
    pub location: KeyLocation,
}

/// Where an [`ApiKey`] goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyLocation {
    /// A header, which it replaces.
    #[default]
    Header,
    /// A query parameter, which it replaces.
    Query,
    /// A cookie, beside those that are there.
    Cookie,
    /// A place in a JSON body or a field of a form. A request without a body gets a JSON object.
    Body,
}

impl ApiKey {
    /// A key in header `name`.
    pub fn new(name: impl Into<String>, key: impl Into<SecretText>) -> Self {
        Self {
            name: name.into(),
            key: key.into(),
            location: KeyLocation::Header,
        }
    }

    /// Puts the key elsewhere.
    #[must_use]
    pub fn location(mut self, location: KeyLocation) -> Self {
        self.location = location;
        self
    }

    fn invalid_name(problem: &'static str) -> AuthError {
        AuthError::Invalid {
            scheme: "api_key",
            field: "name",
            problem,
        }
    }
}

#[async_trait]
impl Auth for ApiKey {
    async fn authorize(&self, request: &mut Request, _: &AuthContext<'_>) -> Result<(), AuthError> {
        let key = self.key.expose().as_str();
        let missing = |field| AuthError::Missing {
            scheme: "api_key",
            field,
        };
        if self.name.is_empty() {
            return Err(missing("name"));
        }
        if key.is_empty() {
            return Err(missing("api_key"));
        }
        match self.location {
            KeyLocation::Header => {
                let name: HeaderName = self
                    .name
                    .parse()
                    .map_err(|_| Self::invalid_name("it is not a header name"))?;
                request.set_header(name, secret_value(key, "api_key", "api_key")?);
            }
            KeyLocation::Query => request.set_param(&self.name, key),
            KeyLocation::Cookie => {
                if key.contains([';', ',', ' ']) {
                    return Err(AuthError::Invalid {
                        scheme: "api_key",
                        field: "api_key",
                        problem: "it has characters that no cookie may have",
                    });
                }
                add_cookie(request, &self.name, key)?;
            }
            KeyLocation::Body => {
                let path: BodyPath = self
                    .name
                    .parse()
                    .map_err(|_| Self::invalid_name("it is not a path into a body"))?;
                let written = path.write(key.into(), &mut request.body);
                written.map_err(|source| AuthError::Place {
                    scheme: "api_key",
                    source,
                })?;
            }
        }
        Ok(())
    }

    fn credential(&self, _: Duration) -> CredentialId {
        CredentialId::of(&["api_key", &self.name, self.key.expose()])
    }

    fn register(&self, redactor: &Redactor) {
        redactor.register(&self.key);
    }

    fn describe(&self) -> String {
        let place = match self.location {
            KeyLocation::Header => "header",
            KeyLocation::Query => "query parameter",
            KeyLocation::Cookie => "cookie",
            KeyLocation::Body => "body field",
        };
        format!("API key in {place} `{}`", self.name)
    }
}

/// Puts `name=value` into the `Cookie` header, in place of a cookie of that name.
pub(super) fn add_cookie(request: &mut Request, name: &str, value: &str) -> Result<(), AuthError> {
    let old = request
        .headers
        .get(COOKIE)
        .and_then(|old| old.to_str().ok());
    let mut cookies: Vec<String> = old
        .unwrap_or_default()
        .split(';')
        .map(str::trim)
        .filter(|cookie| {
            let own = cookie.split_once('=').map_or(*cookie, |(own, _)| own);
            !own.is_empty() && own != name
        })
        .map(str::to_owned)
        .collect();
    cookies.push(format!("{name}={value}"));
    let value = secret_value(&cookies.join("; "), "api_key", "name")?;
    request.set_header(COOKIE, value);
    Ok(())
}
