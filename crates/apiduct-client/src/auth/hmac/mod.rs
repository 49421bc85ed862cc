//! Requests signed with a shared secret, as the API describes it.

mod pattern;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use apiduct_model::{Redactor, Scalar, SecretText, SecretValue, format_timestamp};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use url::Url;

use pattern::{Field, Part};
pub use pattern::{Pattern, PatternError};

use super::digest::{from_hex, hex};
use super::{Auth, AuthContext, AuthError, CredentialId, HashAlgorithm};
use crate::{Inject, Request};

const SCHEME: &str = "hmac";

/// A signature over parts of the request, made with a shared secret (HMAC, RFC 2104).
///
/// What is signed is a [`Pattern`]; what is sent, and where, are patterns too. Those without the signature are written
/// first, so that a timestamp in the query can be part of what is signed. Every try is signed anew.
///
/// ```
/// use apiduct_client::Inject;
/// use apiduct_client::auth::HmacSigning;
///
/// let auth = HmacSigning::new("my secret", "{timestamp}{method}{target}{body}".parse()?)
///     .key_id("my key")
///     .put(Inject::header("X-Key")?, "{key_id}".parse()?)
///     .put(Inject::header("X-Timestamp")?, "{timestamp}".parse()?)
///     .put(Inject::header("X-Signature")?, "{signature}".parse()?);
/// # let _ = auth;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct HmacSigning {
    /// The shared secret.
    pub secret: SecretText,
    /// How the secret is written. Default: as it is.
    pub secret_encoding: SecretEncoding,
    /// The name of the key, for `{key_id}`. Default: empty.
    pub key_id: String,
    /// The hash function. Default: SHA-256.
    pub algorithm: HashAlgorithm,
    /// How the signature is written. Default: in hexadecimal digits.
    pub encoding: SignatureEncoding,
    /// How the time is written. Default: in whole seconds since 1970.
    pub timestamp_format: TimestampFormat,
    /// Told into the nonces: with another seed, programs that share a secret cannot make the same ones. Default 0.
    pub nonce_seed: u64,
    message: Pattern,
    places: Vec<(Inject, Pattern)>,
    tries: AtomicU64,
}

/// How the secret of a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SecretEncoding {
    /// As it is: its UTF-8 bytes are the key.
    #[default]
    Text,
    /// In hexadecimal digits.
    Hex,
    /// In Base64.
    Base64,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignatureEncoding {
    /// In lower-case hexadecimal digits.
    #[default]
    Hex,
    /// In Base64.
    Base64,
    /// In Base64 with the letters of RFC 4648, section 5, without padding.
    Base64Url,
}

/// How the time of a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimestampFormat {
    /// Whole seconds since 1970.
    #[default]
    Seconds,
    /// Whole milliseconds since 1970.
    Milliseconds,
    /// ISO 8601 in UTC, to the second: `2024-01-31T10:00:00Z`.
    Iso8601,
    /// As in HTTP's `Date`: `Wed, 31 Jan 2024 10:00:00 GMT`.
    Http,
}

impl HmacSigning {
    /// Signs `message` with `secret`. Without [`HmacSigning::put`], the signature goes nowhere.
    pub fn new(secret: impl Into<SecretText>, message: Pattern) -> Self {
        Self {
            secret: secret.into(),
            secret_encoding: SecretEncoding::default(),
            key_id: String::new(),
            algorithm: HashAlgorithm::default(),
            encoding: SignatureEncoding::default(),
            timestamp_format: TimestampFormat::default(),
            nonce_seed: 0,
            message,
            places: Vec::new(),
            tries: AtomicU64::new(0),
        }
    }

    /// Names the key.
    #[must_use]
    pub fn key_id(mut self, key_id: impl Into<String>) -> Self {
        self.key_id = key_id.into();
        self
    }

    /// Reads the secret like this.
    #[must_use]
    pub fn secret_encoding(mut self, encoding: SecretEncoding) -> Self {
        self.secret_encoding = encoding;
        self
    }

    /// Hashes with `algorithm`.
    #[must_use]
    pub fn algorithm(mut self, algorithm: HashAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Writes the signature like this.
    #[must_use]
    pub fn encoding(mut self, encoding: SignatureEncoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Writes the time like this.
    #[must_use]
    pub fn timestamp_format(mut self, format: TimestampFormat) -> Self {
        self.timestamp_format = format;
        self
    }

    /// Makes nonces that no signer with another seed makes.
    #[must_use]
    pub fn nonce_seed(mut self, seed: u64) -> Self {
        self.nonce_seed = seed;
        self
    }

    /// Writes `pattern` to `place`. What stood there is replaced.
    #[must_use]
    pub fn put(mut self, place: Inject, pattern: Pattern) -> Self {
        self.places.push((place, pattern));
        self
    }

    fn key(&self) -> Result<SecretValue<Vec<u8>>, AuthError> {
        let text = self.secret.expose();
        if text.is_empty() {
            return Err(AuthError::Missing {
                scheme: SCHEME,
                field: "secret",
            });
        }
        let key = match self.secret_encoding {
            SecretEncoding::Text => Some(text.as_bytes().to_vec()),
            SecretEncoding::Hex => from_hex(text),
            SecretEncoding::Base64 => STANDARD.decode(text).ok(),
        };
        key.map(SecretValue::new).ok_or(AuthError::Invalid {
            scheme: SCHEME,
            field: "secret",
            problem: "it is not written as `secret_encoding` says",
        })
    }

    fn encoded(&self, signature: &[u8]) -> String {
        match self.encoding {
            SignatureEncoding::Hex => hex(signature),
            SignatureEncoding::Base64 => STANDARD.encode(signature),
            SignatureEncoding::Base64Url => URL_SAFE_NO_PAD.encode(signature),
        }
    }

    /// A number that is used once: nobody without the secret can tell the next one.
    fn nonce(&self, key: &[u8], now: SystemTime) -> String {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let number = self.tries.fetch_add(1, Ordering::Relaxed);
        let text = format!("nonce/{}/{}/{number}", self.nonce_seed, since.as_nanos());
        hex(&HashAlgorithm::Sha256.hmac(key, text.as_bytes())[..16])
    }

    fn write(
        &self,
        facts: &Facts,
        request: &mut Request,
        with_signature: bool,
    ) -> Result<(), AuthError> {
        for (place, pattern) in &self.places {
            if pattern.has_signature() != with_signature {
                continue;
            }
            let bytes = facts.render(pattern, request, self)?;
            let text = String::from_utf8(bytes).map_err(|_| AuthError::Invalid {
                scheme: SCHEME,
                field: "body",
                problem: "it is not text",
            })?;
            let written = place.write(&Scalar::from(text.as_str()), request);
            written.map_err(|source| AuthError::Place {
                scheme: SCHEME,
                source,
            })?;
            if let Inject::Header(name) = place
                && let Some(value) = request.headers.get_mut(name)
            {
                value.set_sensitive(true);
            }
        }
        Ok(())
    }
}

/// What the fields of a try stand for, apart from the request itself.
struct Facts {
    timestamp: String,
    nonce: String,
    signature: String,
}

impl Facts {
    fn render(
        &self,
        pattern: &Pattern,
        request: &Request,
        signing: &HmacSigning,
    ) -> Result<Vec<u8>, AuthError> {
        let url = request.full_url();
        let mut out = Vec::new();
        for part in &pattern.parts {
            match part {
                Part::Literal(text) => out.extend_from_slice(text.as_bytes()),
                Part::Field(field) => {
                    out.extend_from_slice(&self.field(field, request, &url, signing)?);
                }
            }
        }
        Ok(out)
    }

    fn field(
        &self,
        field: &Field,
        request: &Request,
        url: &Url,
        signing: &HmacSigning,
    ) -> Result<Bytes, AuthError> {
        let query = url.query().unwrap_or_default();
        let text = match field {
            Field::Method => request.method.to_string(),
            Field::Url => url.to_string(),
            Field::Host => super::host_of(request),
            Field::Path => url.path().to_owned(),
            Field::Query => query.to_owned(),
            Field::SortedQuery => {
                let mut pairs: Vec<&str> = query.split('&').collect();
                pairs.sort_unstable();
                pairs.join("&")
            }
            Field::Target if query.is_empty() => url.path().to_owned(),
            Field::Target => format!("{}?{query}", url.path()),
            Field::Body => return Ok(request.body_bytes()),
            Field::BodyHash => hex(&signing.algorithm.hash(&request.body_bytes())),
            Field::BodyHashBase64 => STANDARD.encode(signing.algorithm.hash(&request.body_bytes())),
            Field::Timestamp => self.timestamp.clone(),
            Field::Nonce => self.nonce.clone(),
            Field::KeyId => signing.key_id.clone(),
            Field::Signature => self.signature.clone(),
            Field::Header(name) => {
                let value = request.headers.get(name).ok_or(AuthError::Invalid {
                    scheme: SCHEME,
                    field: "message",
                    problem: "it names a header that the request does not have",
                })?;
                return Ok(Bytes::copy_from_slice(value.as_bytes()));
            }
        };
        Ok(text.into())
    }
}

impl TimestampFormat {
    fn write(self, now: SystemTime) -> String {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        match self {
            Self::Seconds => since.as_secs().to_string(),
            Self::Milliseconds => since.as_millis().to_string(),
            Self::Iso8601 => iso_seconds(since),
            Self::Http => httpdate::fmt_http_date(now),
        }
    }
}

/// An instant as ISO 8601 text to the second.
pub(super) fn iso_seconds(since_1970: Duration) -> String {
    let seconds = i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX);
    format_timestamp(seconds.saturating_mul(1_000_000))
}

#[async_trait]
impl Auth for HmacSigning {
    async fn authorize(
        &self,
        request: &mut Request,
        context: &AuthContext<'_>,
    ) -> Result<(), AuthError> {
        let key = self.key()?;
        let now = context.timer.now();
        let mut facts = Facts {
            timestamp: self.timestamp_format.write(now),
            nonce: self.nonce(key.expose(), now),
            signature: String::new(),
        };
        request.settle_content_type();
        self.write(&facts, request, false)?;
        let message = facts.render(&self.message, request, self)?;
        facts.signature = self.encoded(&self.algorithm.hmac(key.expose(), &message));
        self.write(&facts, request, true)
    }

    fn credential(&self, _: Duration) -> CredentialId {
        CredentialId::of(&[SCHEME, &self.key_id, self.secret.expose()])
    }

    fn register(&self, redactor: &Redactor) {
        redactor.register(&self.secret);
    }

    fn describe(&self) -> String {
        format!("signature with HMAC and {}", self.algorithm)
    }
}

#[cfg(test)]
mod tests;
