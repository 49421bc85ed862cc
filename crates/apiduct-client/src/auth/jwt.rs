use std::fmt;
use std::time::{Duration, SystemTime};

use apiduct_model::{Redactor, SecretText};
use async_trait::async_trait;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Value};

use super::client_credentials::put_bearer;
use super::{
    Auth, AuthContext, AuthError, CredentialId, OnRejected, Token, TokenCell, TokenContext,
    TokenEndpoint, TokenError,
};
use crate::{Request, Response};

mod key;

/// A signed statement of who we are (JWT, RFC 7519), exchanged for a token (RFC 7523) or sent itself.
///
/// With a token URL the JWT is an assertion that is exchanged there, and its audience is that URL unless another one
/// is set; without one the JWT itself goes into the `Authorization` header.
///
/// ```
/// use apiduct_client::auth::{JwtAlgorithm, JwtBearer};
///
/// // As GitHub wants it from apps: signed here, sent as it is, good for ten minutes.
/// # let private_key = "";
/// let auth = JwtBearer::new("12345", private_key)
///     .algorithm(JwtAlgorithm::RS256)
///     .lifetime(std::time::Duration::from_secs(600));
/// # let _ = auth;
/// ```
#[derive(Debug, Clone)]
pub struct JwtBearer {
    statement: Statement,
    endpoint: Option<TokenEndpoint>,
    cell: TokenCell,
}

/// What is signed, and with what.
#[derive(Clone)]
struct Statement {
    issuer: String,
    subject: Option<String>,
    audience: Option<String>,
    scopes: Vec<String>,
    claims: Map<String, Value>,
    lifetime: Duration,
    algorithm: JwtAlgorithm,
    key_id: Option<String>,
    private_key: SecretText,
}

/// How a JWT is signed (RFC 7518, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JwtAlgorithm {
    /// HMAC with a shared secret.
    HS256,
    /// HMAC with a shared secret.
    HS384,
    /// HMAC with a shared secret.
    HS512,
    /// RSA, PKCS #1.
    #[default]
    RS256,
    /// RSA, PKCS #1.
    RS384,
    /// RSA, PKCS #1.
    RS512,
    /// RSA, PSS.
    PS256,
    /// RSA, PSS.
    PS384,
    /// RSA, PSS.
    PS512,
    /// Elliptic curve P-256.
    ES256,
    /// Elliptic curve P-384.
    ES384,
    /// Ed25519.
    EdDSA,
}

impl JwtAlgorithm {
    /// All of them, by the words that JWTs use.
    pub const ALL: [(&'static str, Self); 12] = [
        ("RS256", Self::RS256),
        ("RS384", Self::RS384),
        ("RS512", Self::RS512),
        ("PS256", Self::PS256),
        ("PS384", Self::PS384),
        ("PS512", Self::PS512),
        ("ES256", Self::ES256),
        ("ES384", Self::ES384),
        ("EdDSA", Self::EdDSA),
        ("HS256", Self::HS256),
        ("HS384", Self::HS384),
        ("HS512", Self::HS512),
    ];

    fn inner(self) -> Algorithm {
        match self {
            Self::HS256 => Algorithm::HS256,
            Self::HS384 => Algorithm::HS384,
            Self::HS512 => Algorithm::HS512,
            Self::RS256 => Algorithm::RS256,
            Self::RS384 => Algorithm::RS384,
            Self::RS512 => Algorithm::RS512,
            Self::PS256 => Algorithm::PS256,
            Self::PS384 => Algorithm::PS384,
            Self::PS512 => Algorithm::PS512,
            Self::ES256 => Algorithm::ES256,
            Self::ES384 => Algorithm::ES384,
            Self::EdDSA => Algorithm::EdDSA,
        }
    }
}

impl JwtBearer {
    /// Statements by `issuer` (often the client id), signed with `private_key`: PEM text that is not encrypted (PKCS #8, for RSA also PKCS #1),
    /// or the shared secret itself for the `HS` algorithms.
    pub fn new(issuer: impl Into<String>, private_key: impl Into<SecretText>) -> Self {
        Self {
            statement: Statement {
                issuer: issuer.into(),
                subject: None,
                audience: None,
                scopes: Vec::new(),
                claims: Map::new(),
                lifetime: Duration::from_hours(1),
                algorithm: JwtAlgorithm::default(),
                key_id: None,
                private_key: private_key.into(),
            },
            endpoint: None,
            cell: TokenCell::new(),
        }
    }

    /// Exchanges the JWT for a token at `url`. Default: the JWT is sent itself.
    #[must_use]
    pub fn token_url(self, url: impl Into<String>) -> Self {
        self.exchanged_at(TokenEndpoint::new(url, ""))
    }

    /// Exchanges the JWT for a token at `endpoint`. Default: the JWT is sent itself.
    #[must_use]
    pub fn exchanged_at(mut self, endpoint: TokenEndpoint) -> Self {
        self.endpoint = Some(endpoint.url_field("auth_endpoint"));
        self
    }

    /// Signs like this. Default: [`JwtAlgorithm::RS256`].
    #[must_use]
    pub fn algorithm(mut self, algorithm: JwtAlgorithm) -> Self {
        self.statement.algorithm = algorithm;
        self
    }

    /// Names the key in the header (`kid`). Default: not named.
    #[must_use]
    pub fn key_id(mut self, key_id: impl Into<String>) -> Self {
        self.statement.key_id = Some(key_id.into());
        self
    }

    /// Whom the statement is for (`aud`). Default: the token URL, if there is one.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.statement.audience = Some(audience.into());
        self
    }

    /// Whom the statement is about (`sub`). Default: the issuer.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.statement.subject = Some(subject.into());
        self
    }

    /// For how long the JWT is good (`exp`). Default: one hour.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.statement.lifetime = lifetime;
        self
    }

    /// Asks for these scopes (`scope`, joined by spaces). Default: the claim is absent.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.statement.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// States this too, in place of a usual claim of that name; `null` takes the claim away. Default: none.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.statement.claims.insert(name.into(), value.into());
        self
    }

    /// Begins with this token, which is used until it ends or is rejected. Default: none.
    #[must_use]
    pub fn access_token(mut self, token: Token) -> Self {
        self.cell = TokenCell::with_token(token);
        self
    }
}

impl Statement {
    /// The signed JWT as a token.
    fn sign(&self, now: SystemTime, default_audience: Option<&str>) -> Result<Token, TokenError> {
        let header = Header {
            kid: self.key_id.clone(),
            ..Header::new(self.algorithm.inner())
        };
        let key = self.encoding_key()?;
        let claims = self.all_claims(now, default_audience);
        // The library's own words can quote the key.
        let jwt =
            jsonwebtoken::encode(&header, &claims, &key).map_err(|_| TokenError::Signing {
                problem: format!("the private key does not fit {:?}", self.algorithm),
            })?;
        Ok(Token::new(jwt).lasting(now, self.lifetime))
    }

    fn encoding_key(&self) -> Result<EncodingKey, TokenError> {
        let text = self.private_key.expose();
        if text.trim().is_empty() {
            return Err(TokenError::Signing {
                problem: "the private key is empty".to_owned(),
            });
        }
        let open = || key::open(text);
        let read = match self.algorithm {
            JwtAlgorithm::HS256 | JwtAlgorithm::HS384 | JwtAlgorithm::HS512 => {
                return Ok(EncodingKey::from_secret(text.as_bytes()));
            }
            JwtAlgorithm::ES256 | JwtAlgorithm::ES384 => {
                EncodingKey::from_ec_pem(open()?.expose().as_bytes())
            }
            JwtAlgorithm::EdDSA => EncodingKey::from_ed_pem(open()?.expose().as_bytes()),
            _ => EncodingKey::from_rsa_pem(open()?.expose().as_bytes()),
        };
        read.map_err(|_| TokenError::Signing {
            problem: format!("the private key is none for {:?}", self.algorithm),
        })
    }

    fn all_claims(&self, now: SystemTime, default_audience: Option<&str>) -> Map<String, Value> {
        let since = now.duration_since(SystemTime::UNIX_EPOCH);
        let issued = since.unwrap_or_default();
        let mut claims = Map::new();
        let mut state = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
        state("iss", self.issuer.clone().into());
        state(
            "sub",
            self.subject.as_ref().unwrap_or(&self.issuer).clone().into(),
        );
        if let Some(audience) = self.audience.as_deref().or(default_audience) {
            state("aud", audience.into());
        }
        state("iat", issued.as_secs().into());
        state("exp", (issued + self.lifetime).as_secs().into());
        if !self.scopes.is_empty() {
            state("scope", self.scopes.join(" ").into());
        }
        for (name, value) in &self.claims {
            state(name, value.clone());
        }
        claims.retain(|_, value| !value.is_null());
        claims
    }

    async fn fetch(
        self,
        endpoint: Option<TokenEndpoint>,
        context: TokenContext,
    ) -> Result<Token, TokenError> {
        context.redactor.register(&self.private_key);
        let audience = endpoint.as_ref().map(TokenEndpoint::url);
        let jwt = self.sign(context.timer.now(), audience)?;
        context.redactor.register(&jwt.value);
        let Some(endpoint) = endpoint else {
            return Ok(jwt);
        };
        let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        let fields = vec![
            ("grant_type".to_owned(), grant.to_owned()),
            ("assertion".to_owned(), jwt.value.expose().clone()),
        ];
        Ok(endpoint.grant(&context, fields).await?.access)
    }
}

/// Shows no key, and of other claims the names.
impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statement")
            .field("issuer", &self.issuer)
            .field("algorithm", &self.algorithm)
            .field("claims", &self.claims.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Auth for JwtBearer {
    async fn authorize(
        &self,
        request: &mut Request,
        context: &AuthContext<'_>,
    ) -> Result<(), AuthError> {
        let fetch = |context| {
            let statement = self.statement.clone();
            let endpoint = self.endpoint.clone();
            async move { Ok(statement.fetch(endpoint, context).await?) }
        };
        put_bearer(request, &self.cell.lease(context, fetch).await?)
    }

    fn rejected(&self, sent: &Request, _: &Response) -> OnRejected {
        self.cell.rejected(sent)
    }

    fn credential(&self, _: Duration) -> CredentialId {
        let url = self.endpoint.as_ref().map_or("", TokenEndpoint::url);
        let statement = &self.statement;
        let claims = Value::from(statement.claims.clone()).to_string();
        CredentialId::of(&[
            "jwt",
            url,
            &statement.issuer,
            statement.subject.as_deref().unwrap_or_default(),
            statement.private_key.expose(),
            &claims,
        ])
    }

    fn register(&self, redactor: &Redactor) {
        redactor.register(&self.statement.private_key);
        if let Some(endpoint) = &self.endpoint {
            endpoint.register(redactor);
        }
        self.cell.register(redactor);
    }

    fn describe(&self) -> String {
        format!("JWT of `{}`", self.statement.issuer)
    }
}
