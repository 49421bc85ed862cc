use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use apiduct_model::{Redactor, SecretText};
use async_trait::async_trait;
use aws_lc_rs::digest;

use super::client_credentials::put_bearer;
use super::digest::hex;
use super::token::TokenEndpoint;
use super::{
    Auth, AuthContext, AuthError, ClientAuth, CredentialId, MemoryTokenStore, OnRejected,
    StoredTokens, Token, TokenCell, TokenContext, TokenError, TokenStore,
};
use crate::{Request, Response};

/// OAuth 2 refresh token (RFC 6749, section 6): a token that was once given by a person gets tokens for requests.
///
/// Servers that rotate refresh tokens give a new one each time and take the old one back. With a [`TokenStore`] the
/// new one is on the disk before the token it came with is used, and programs that share the store take turns: one
/// refreshes, the others read what it got.
///
/// A crash between the server's answer and the write loses the new refresh token. Servers that take the old one once
/// more, until the new one is used, forgive that; with others someone has to log in again, and the error says so.
///
/// ```
/// use apiduct_client::{Client, auth::{FileTokenStore, OAuth2RefreshToken}};
/// # use apiduct_testkit::{MockApi, OAuthServer};
/// # let server = OAuthServer::new().client("my-client", "s3cret").refresh_token("once-given").rotating();
/// # let api = MockApi::builder().collection("posts", [serde_json::json!({"id": 1})]).oauth(&server).start();
/// # let base_url = api.base_url();
/// # let directory = tempfile::tempdir()?;
/// # let file = directory.path().join("tracker.json");
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let auth = OAuth2RefreshToken::new(format!("{base_url}/oauth/token"), "my-client")
///     .client_secret("s3cret")
///     .refresh_token("once-given")
///     .store(FileTokenStore::new(&file));
/// let client = Client::builder(base_url).auth(auth).build()?;
/// assert_eq!(client.get("/posts/1").send().await?.status, 200);
/// assert!(file.exists());
/// # Ok::<(), apiduct_client::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct OAuth2RefreshToken {
    renewal: Renewal,
    cell: TokenCell,
}

/// What a renewal needs; it outlives the request that begins it.
#[derive(Debug, Clone)]
struct Renewal {
    endpoint: TokenEndpoint,
    scopes: Vec<String>,
    given: Option<SecretText>,
    login_hint: Option<String>,
    store: Arc<dyn TokenStore>,
    /// Newer tokens than those in the store, which did not take them.
    unsaved: Arc<Mutex<Option<StoredTokens>>>,
}

impl OAuth2RefreshToken {
    /// Tokens from `access_token_url` for a program and the person who once logged in.
    pub fn new(access_token_url: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self::at(TokenEndpoint::new(access_token_url, client_id))
    }

    /// Tokens from `endpoint`.
    pub fn at(endpoint: TokenEndpoint) -> Self {
        Self {
            renewal: Renewal {
                endpoint,
                scopes: Vec::new(),
                given: None,
                login_hint: None,
                store: Arc::new(MemoryTokenStore::new()),
                unsaved: Arc::default(),
            },
            cell: TokenCell::new(),
        }
    }

    /// The program's secret. Default: none.
    #[must_use]
    pub fn client_secret(mut self, secret: impl Into<SecretText>) -> Self {
        self.renewal.endpoint = self.renewal.endpoint.client_secret(secret);
        self
    }

    /// Shows id and secret like this. Default: [`ClientAuth::Body`].
    #[must_use]
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.renewal.endpoint = self.renewal.endpoint.client_auth(client_auth);
        self
    }

    /// The refresh token to begin with. What the store keeps for it goes first; for another one it is forgotten.
    /// Default: only what the store keeps.
    #[must_use]
    pub fn refresh_token(mut self, token: impl Into<SecretText>) -> Self {
        self.renewal.given = Some(token.into());
        self
    }

    /// Keeps tokens here. Default: in memory, which forgets rotated tokens with the program.
    #[must_use]
    pub fn store(mut self, store: impl TokenStore + 'static) -> Self {
        self.renewal.store = Arc::new(store);
        self
    }

    /// Asks for these scopes. Default: those that were granted.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.renewal.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// What to do when the store keeps nothing, for [`TokenError::LoginNeeded`]. Default: general advice.
    #[must_use]
    pub fn login_hint(mut self, hint: impl Into<String>) -> Self {
        self.renewal.login_hint = Some(hint.into());
        self
    }

    /// Sends this form field too, in place of a usual one of that name. Default: none.
    #[must_use]
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.renewal.endpoint = self.renewal.endpoint.param(name, value);
        self
    }
}

impl Renewal {
    /// A token from the store if somebody else got one, or else from the server.
    async fn fetch(self, context: TokenContext) -> Result<Token, TokenError> {
        let mut held = self.store.lock(&*context.timer).await?;
        let kept = match self.take_unsaved() {
            Some(newer) => Some(newer),
            None => held.load()?,
        };
        let kept = kept.filter(|kept| self.is_ours(kept)).unwrap_or_default();
        for secret in kept.refresh.iter().chain(&self.given) {
            context.redactor.register(secret);
        }
        if let Some(access) = &kept.access
            && !access.is_due(context.timer.now())
            && context.rejected.as_ref() != Some(&access.value)
        {
            return Ok(access.clone());
        }
        let refresh = kept.refresh.clone().or_else(|| self.given.clone());
        let refresh = refresh.ok_or_else(|| TokenError::LoginNeeded {
            place: self.store.place(),
            how: self.login_hint.clone(),
        })?;
        let before = StoredTokens {
            refresh: Some(refresh.clone()),
            seed: self.seed().or_else(|| kept.seed.clone()),
            ..kept
        };
        // A store that takes nothing is found out before a token is spent that can be used but once.
        held.save(&before)?;
        let granted = self.endpoint.grant(&context, self.fields(&refresh)).await?;
        let after = StoredTokens {
            access: Some(granted.access.clone()),
            refresh: granted.refresh.or(Some(refresh)),
            seed: before.seed,
        };
        if let Err(error) = held.save(&after) {
            tracing::error!(%error, "a new refresh token is not kept; it is lost when the program ends");
            *self.unsaved.lock().unwrap_or_else(PoisonError::into_inner) = Some(after);
        }
        Ok(granted.access)
    }

    fn take_unsaved(&self) -> Option<StoredTokens> {
        let mut unsaved = self.unsaved.lock().unwrap_or_else(PoisonError::into_inner);
        unsaved.take()
    }

    /// Whether kept tokens come from the refresh token that was given, if one was.
    fn is_ours(&self, kept: &StoredTokens) -> bool {
        match (self.seed(), &kept.seed) {
            (Some(own), Some(seed)) => own == *seed,
            _ => true,
        }
    }

    fn seed(&self) -> Option<String> {
        let given = self.given.as_ref()?;
        let mut hash = digest::Context::new(&digest::SHA256);
        for part in [
            self.endpoint.url(),
            self.endpoint.client_id(),
            given.expose(),
        ] {
            hash.update(&part.len().to_le_bytes());
            hash.update(part.as_bytes());
        }
        Some(hex(hash.finish().as_ref()))
    }

    fn fields(&self, refresh: &SecretText) -> Vec<(String, String)> {
        let mut fields = vec![
            ("grant_type".to_owned(), "refresh_token".to_owned()),
            ("refresh_token".to_owned(), refresh.expose().clone()),
        ];
        if !self.scopes.is_empty() {
            fields.push(("scope".to_owned(), self.scopes.join(" ")));
        }
        fields
    }
}

#[async_trait]
impl Auth for OAuth2RefreshToken {
    async fn authorize(
        &self,
        request: &mut Request,
        context: &AuthContext<'_>,
    ) -> Result<(), AuthError> {
        let fetch = |context| {
            let renewal = self.renewal.clone();
            async move { Ok(renewal.fetch(context).await?) }
        };
        put_bearer(request, &self.cell.lease(context, fetch).await?)
    }

    fn rejected(&self, sent: &Request, _: &Response) -> OnRejected {
        self.cell.rejected(sent)
    }

    fn credential(&self, _: Duration) -> CredentialId {
        let given = self.renewal.given.as_ref();
        let given = given.map_or("", |given| given.expose().as_str());
        self.renewal
            .endpoint
            .credential("oauth2_refresh_token", given)
    }

    fn register(&self, redactor: &Redactor) {
        self.renewal.endpoint.register(redactor);
        if let Some(given) = &self.renewal.given {
            redactor.register(given);
        }
    }

    fn describe(&self) -> String {
        format!(
            "OAuth2 refresh token of `{}`",
            self.renewal.endpoint.client_id()
        )
    }
}
