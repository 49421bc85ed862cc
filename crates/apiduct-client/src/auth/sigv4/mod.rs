//! AWS Signature Version 4.

mod canonical;

use std::time::{Duration, UNIX_EPOCH};

use apiduct_model::{Redactor, SecretText, SecretValue};
use async_trait::async_trait;
use http::header::{AUTHORIZATION, HeaderName};

use super::digest::hex;
use super::hmac::iso_seconds;
use super::{Auth, AuthContext, AuthError, CredentialId, HashAlgorithm, host_of, secret_value};
use crate::Request;

const SCHEME: &str = "aws_sigv4";

/// AWS Signature Version 4, in the `Authorization` header.
///
/// Path and query are sent in the encoding that is signed. All headers are signed but those that change on the way.
/// Every try is signed anew, with the time of the client's timer.
///
/// ```
/// use apiduct_client::auth::AwsSigV4;
///
/// let auth = AwsSigV4::new("AKIDEXAMPLE", "the secret key", "us-east-1", "execute-api");
/// # let _ = auth;
/// ```
#[derive(Debug, Clone)]
pub struct AwsSigV4 {
    /// The id of the access key.
    pub access_key: String,
    /// The secret access key.
    pub secret_key: SecretText,
    /// The token of a session, for temporary credentials. Default: none.
    pub session_token: Option<SecretText>,
    /// The region, such as `eu-central-1`.
    pub region: String,
    /// The service, such as `execute-api`, `es` or `s3`.
    pub service: String,
    /// Whether the path is encoded once more before it is signed. Default: for all services but `s3`.
    pub double_encode: Option<bool>,
}

impl AwsSigV4 {
    /// Signatures with an access key, for a service in a region.
    pub fn new(
        access_key: impl Into<String>,
        secret_key: impl Into<SecretText>,
        region: impl Into<String>,
        service: impl Into<String>,
    ) -> Self {
        Self {
            access_key: access_key.into(),
            secret_key: secret_key.into(),
            session_token: None,
            region: region.into(),
            service: service.into(),
            double_encode: None,
        }
    }

    /// Sends the token of a session too.
    #[must_use]
    pub fn session_token(mut self, token: impl Into<SecretText>) -> Self {
        self.session_token = Some(token.into());
        self
    }

    /// Encodes the path once more before it is signed, or not.
    #[must_use]
    pub fn double_encode(mut self, double_encode: bool) -> Self {
        self.double_encode = Some(double_encode);
        self
    }

    fn check(&self) -> Result<(), AuthError> {
        for (field, value) in [
            ("access_key", &self.access_key),
            ("secret_key", self.secret_key.expose()),
            ("region", &self.region),
            ("service", &self.service),
        ] {
            if value.trim().is_empty() {
                return Err(AuthError::Missing {
                    scheme: SCHEME,
                    field,
                });
            }
        }
        Ok(())
    }

    /// S3 takes paths as they are; other services see them without doubled slashes, and encoded twice.
    fn is_s3(&self) -> bool {
        self.service.starts_with("s3")
    }

    /// The key of one day, region and service.
    fn signing_key(&self, date: &str) -> SecretValue<Vec<u8>> {
        let first = SecretText::from(format!("AWS4{}", self.secret_key.expose()));
        let mut key = SecretValue::new(first.expose().as_bytes().to_vec());
        for part in [date, &self.region, &self.service, "aws4_request"] {
            key = SecretValue::new(HashAlgorithm::Sha256.hmac(key.expose(), part.as_bytes()));
        }
        key
    }

    fn canonical_request(&self, request: &Request, payload_hash: &str) -> (String, String) {
        let is_s3 = self.is_s3();
        let double_encode = self.double_encode.unwrap_or(!is_s3);
        let path = canonical::path(&request.url, !is_s3, double_encode);
        let query = canonical::query(&request.url);
        let (headers, names) = canonical::headers(&request.headers, &host_of(request));
        let method = &request.method;
        let text = format!("{method}\n{path}\n{query}\n{headers}\n{names}\n{payload_hash}");
        (text, names)
    }
}

#[async_trait]
impl Auth for AwsSigV4 {
    async fn authorize(
        &self,
        request: &mut Request,
        context: &AuthContext<'_>,
    ) -> Result<(), AuthError> {
        const DATE: HeaderName = HeaderName::from_static("x-amz-date");
        const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
        const PAYLOAD: HeaderName = HeaderName::from_static("x-amz-content-sha256");
        self.check()?;
        let now = context.timer.now();
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let time = iso_seconds(since).replace(['-', ':'], "");
        let date = time.split('T').next().unwrap_or_default().to_owned();
        let payload_hash = hex(&HashAlgorithm::Sha256.hash(&request.body_bytes()));

        request.settle_content_type();
        request.url = canonical::settle(&request.full_url());
        request.params.clear();
        request.headers.remove(AUTHORIZATION);
        request.set_header(DATE, secret_value(&time, SCHEME, "date")?);
        if let Some(token) = &self.session_token {
            let token = secret_value(token.expose(), SCHEME, "session_token")?;
            request.set_header(TOKEN, token);
        }
        if self.is_s3() {
            request.set_header(PAYLOAD, secret_value(&payload_hash, SCHEME, "body")?);
        }

        let (canonical, names) = self.canonical_request(request, &payload_hash);
        let hash = hex(&HashAlgorithm::Sha256.hash(canonical.as_bytes()));
        let scope = format!("{date}/{}/{}/aws4_request", self.region, self.service);
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{hash}");
        let key = self.signing_key(&date);
        let signature = hex(&HashAlgorithm::Sha256.hmac(key.expose(), text.as_bytes()));
        let value = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            self.access_key
        );
        request.set_header(AUTHORIZATION, secret_value(&value, SCHEME, "access_key")?);
        Ok(())
    }

    fn credential(&self, _: Duration) -> CredentialId {
        CredentialId::of(&[SCHEME, &self.access_key, &self.region, &self.service])
    }

    fn register(&self, redactor: &Redactor) {
        redactor.register(&self.secret_key);
        if let Some(token) = &self.session_token {
            redactor.register(token);
        }
    }

    fn describe(&self) -> String {
        format!("AWS signature for `{}` in `{}`", self.service, self.region)
    }
}

#[cfg(test)]
mod tests;
