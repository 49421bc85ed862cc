use std::time::Duration;

use apiduct_model::{Redactor, SecretText};
use async_trait::async_trait;
use http::header::AUTHORIZATION;

use super::token::{TokenEndpoint, TokenLease};
use super::{Auth, AuthContext, AuthError, ClientAuth, CredentialId, OnRejected, Token, TokenCell};
use crate::{Request, Response};

/// OAuth 2 client credentials (RFC 6749, section 4.4): the program's own id and secret get a token.
///
/// The token is fetched when it is first needed, shared by all requests, renewed before its end and after a 401.
///
/// ```
/// use apiduct_client::{Client, auth::OAuth2ClientCredentials};
/// # use apiduct_testkit::{MockApi, OAuthServer};
/// # let server = OAuthServer::new().client("my-client", "s3cret");
/// # let api = MockApi::builder().collection("posts", [serde_json::json!({"id": 1})]).oauth(&server).start();
/// # let base_url = api.base_url();
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let auth = OAuth2ClientCredentials::new(format!("{base_url}/oauth/token"), "my-client", "s3cret")
///     .scopes(["read"]);
/// let client = Client::builder(base_url).auth(auth).build()?;
/// assert_eq!(client.get("/posts/1").send().await?.status, 200);
/// # Ok::<(), apiduct_client::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct OAuth2ClientCredentials {
    endpoint: TokenEndpoint,
    scopes: Vec<String>,
    audience: Option<String>,
    cell: TokenCell,
}

impl OAuth2ClientCredentials {
    /// Tokens from `access_token_url` for a program and its secret.
    pub fn new(
        access_token_url: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: impl Into<SecretText>,
    ) -> Self {
        let endpoint = TokenEndpoint::new(access_token_url, client_id);
        Self::at(endpoint.client_secret(client_secret))
    }

    /// Tokens from `endpoint`.
    pub fn at(endpoint: TokenEndpoint) -> Self {
        Self {
            endpoint,
            scopes: Vec::new(),
            audience: None,
            cell: TokenCell::new(),
        }
    }

    /// Asks for these scopes. Default: those that the server gives without being asked.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Asks for a token for this API. Default: none is named.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Sends this form field too, in place of a usual one of that name. Default: none.
    #[must_use]
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.endpoint = self.endpoint.param(name, value);
        self
    }

    /// Shows id and secret like this. Default: [`ClientAuth::Body`].
    #[must_use]
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.endpoint = self.endpoint.client_auth(client_auth);
        self
    }

    /// The lifetime of a token whose answer names none. Default: one hour.
    #[must_use]
    pub fn default_lifetime(mut self, lifetime: Duration) -> Self {
        self.endpoint = self.endpoint.default_lifetime(lifetime);
        self
    }

    /// Begins with this token, which is used until it ends or is rejected. Default: none.
    #[must_use]
    pub fn access_token(mut self, token: Token) -> Self {
        self.cell = TokenCell::with_token(token);
        self
    }

    fn fields(&self) -> Vec<(String, String)> {
        let mut fields = vec![("grant_type".to_owned(), "client_credentials".to_owned())];
        if !self.scopes.is_empty() {
            fields.push(("scope".to_owned(), self.scopes.join(" ")));
        }
        if let Some(audience) = &self.audience {
            fields.push(("audience".to_owned(), audience.clone()));
        }
        fields
    }
}

/// Puts a token on a request as all OAuth schemes do.
pub(super) fn put_bearer(request: &mut Request, lease: &TokenLease) -> Result<(), AuthError> {
    request.set_header(AUTHORIZATION, lease.header("Bearer ")?);
    lease.mark(request);
    Ok(())
}

#[async_trait]
impl Auth for OAuth2ClientCredentials {
    async fn authorize(
        &self,
        request: &mut Request,
        context: &AuthContext<'_>,
    ) -> Result<(), AuthError> {
        let fetch = |context| {
            let endpoint = self.endpoint.clone();
            let fields = self.fields();
            async move { Ok(endpoint.grant(&context, fields).await?.access) }
        };
        put_bearer(request, &self.cell.lease(context, fetch).await?)
    }

    fn rejected(&self, sent: &Request, _: &Response) -> OnRejected {
        self.cell.rejected(sent)
    }

    fn credential(&self, _: Duration) -> CredentialId {
        let scope = self.scopes.join(" ");
        self.endpoint
            .credential("oauth2_client_credentials", &scope)
    }

    fn register(&self, redactor: &Redactor) {
        self.endpoint.register(redactor);
        self.cell.register(redactor);
    }

    fn describe(&self) -> String {
        format!(
            "OAuth2 client credentials of `{}`",
            self.endpoint.client_id()
        )
    }
}
