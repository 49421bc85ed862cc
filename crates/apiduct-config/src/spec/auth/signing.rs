//! Signatures and pools, as written.

use apiduct_client::auth::{
    HashAlgorithm, Pattern, PoolOrder, SecretEncoding, SignatureEncoding, TimestampFormat,
};
use apiduct_model::Hint;
use http::HeaderName;

use super::AuthSpec;
use crate::error::ConfigErrorKind;
use crate::locate::{Mark, Node};
use crate::spec::fields::{Fields, into_text};
use crate::spec::table::Variant;
use crate::template::Template;

/// A signature with a shared secret, as written.
#[derive(Debug, Clone, PartialEq)]
pub struct HmacSpec {
    /// The shared secret.
    pub secret: Template,
    /// How the secret is written.
    pub secret_encoding: SecretEncoding,
    /// The name of the key.
    pub key_id: Option<Template>,
    /// The hash function.
    pub algorithm: HashAlgorithm,
    /// How the signature is written.
    pub encoding: SignatureEncoding,
    /// How the time is written.
    pub timestamp_format: TimestampFormat,
    /// What is signed.
    pub message: Pattern,
    /// Headers that are sent.
    pub headers: Vec<(String, Pattern)>,
    /// Query parameters that are sent.
    pub params: Vec<(String, Pattern)>,
}

/// AWS Signature Version 4, as written.
#[derive(Debug, Clone, PartialEq)]
pub struct AwsSpec {
    /// The id of the access key.
    pub access_key: Template,
    /// The secret access key.
    pub secret_key: Template,
    /// The token of a session.
    pub session_token: Option<Template>,
    /// The region.
    pub region: Template,
    /// The service.
    pub service: Template,
    /// Whether the path is encoded once more; `None`: as the service wants it.
    pub double_encode: Option<bool>,
}

/// Several credentials as one, as written.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolSpec {
    /// The credentials, and where each stands.
    pub keys: Vec<(Mark, AuthSpec)>,
    /// Which of them is next.
    pub order: PoolOrder,
    /// How long one rests after a 429 that names no wait.
    pub rest: Option<std::time::Duration>,
}

/// Reads a mapping of one of the types of this file; `None` for any other, and for what the check has refused.
pub(super) fn read(variant: &Variant, node: &Node) -> Option<AuthSpec> {
    let fields = Fields::new(variant.object, node, "");
    match variant.name {
        "hmac" => HmacSpec::read(&fields).map(|spec| AuthSpec::Hmac(Box::new(spec))),
        "aws_sigv4" => AwsSpec::read(&fields).map(|spec| AuthSpec::AwsSigV4(Box::new(spec))),
        "pool" => Some(AuthSpec::Pool(PoolSpec::read(&fields, node))),
        _ => None,
    }
}

impl HmacSpec {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let word = |name: &str| fields.word(name).value().copied().unwrap_or_default();
        Some(Self {
            secret: into_text(fields, "secret").map(Template::sensitive)?,
            secret_encoding: match word("secret_encoding") {
                "hex" => SecretEncoding::Hex,
                "base64" => SecretEncoding::Base64,
                _ => SecretEncoding::Text,
            },
            key_id: into_text(fields, "key_id"),
            algorithm: match word("algorithm") {
                "sha1" => HashAlgorithm::Sha1,
                "sha512" => HashAlgorithm::Sha512,
                _ => HashAlgorithm::Sha256,
            },
            encoding: match word("encoding") {
                "base64" => SignatureEncoding::Base64,
                "base64url" => SignatureEncoding::Base64Url,
                _ => SignatureEncoding::Hex,
            },
            timestamp_format: match word("timestamp_format") {
                "milliseconds" => TimestampFormat::Milliseconds,
                "iso8601" => TimestampFormat::Iso8601,
                "http" => TimestampFormat::Http,
                _ => TimestampFormat::Seconds,
            },
            message: fields.entry("message")?.value.as_text()?.parse().ok()?,
            headers: patterns(fields, "headers"),
            params: patterns(fields, "params"),
        })
    }

    fn validate(&self) -> Result<(), ConfigErrorKind> {
        let conflict = |reason: &str, hint: &str| {
            Err(ConfigErrorKind::Conflict {
                reason: reason.to_owned(),
                hint: Some(hint.to_owned()),
            })
        };
        let sent = || self.headers.iter().chain(&self.params);
        if self.message.has_signature() {
            return conflict(
                "the signature cannot be part of what is signed",
                "take `{signature}` out of `message`",
            );
        }
        if !sent().any(|(_, pattern)| pattern.has_signature()) {
            return conflict(
                "the signature is not sent",
                "write `{signature}` into one of `headers` or `params`",
            );
        }
        let mut all = sent().map(|(_, pattern)| pattern).chain([&self.message]);
        if self.key_id.is_none() && all.any(Pattern::has_key_id) {
            return conflict(
                "`{key_id}` is used, and there is none",
                "write the name of the key as `key_id`",
            );
        }
        let mut names = self.headers.iter().map(|(name, _)| name);
        if let Some(name) = names.find(|name| HeaderName::try_from(name.as_str()).is_err()) {
            let reason = format!("`{name}` cannot be the name of a header");
            return conflict(&reason, "use letters, digits and `-`");
        }
        Ok(())
    }
}

/// The patterns of a mapping by their names.
fn patterns(fields: &Fields<'_>, name: &str) -> Vec<(String, Pattern)> {
    let entries = fields.entry(name).and_then(|entry| entry.value.as_map());
    let entries = entries.unwrap_or_default().iter();
    entries
        .filter_map(|entry| {
            let pattern = entry.value.as_text()?.parse().ok()?;
            Some((entry.key.to_string(), pattern))
        })
        .collect()
}

impl AwsSpec {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let text = |name: &str| into_text(fields, name);
        Some(Self {
            access_key: text("access_key")?,
            secret_key: text("secret_key").map(Template::sensitive)?,
            session_token: text("session_token").map(Template::sensitive),
            region: text("region")?,
            service: text("service")?,
            double_encode: fields.bool("double_encode").value().copied(),
        })
    }
}

impl PoolSpec {
    fn read(fields: &Fields<'_>, node: &Node) -> Self {
        let keys = node.value_of("keys").and_then(Node::as_list);
        let keys = keys.unwrap_or_default().iter();
        Self {
            keys: keys
                .filter_map(|key| Some((key.mark, AuthSpec::read(key)?)))
                .collect(),
            order: match fields.word("order").value() {
                Some(&"least_recently_limited") => PoolOrder::LeastRecentlyLimited,
                _ => PoolOrder::RoundRobin,
            },
            rest: fields.duration("rest").value().copied(),
        }
    }

    fn validate(&self) -> Result<(), ConfigErrorKind> {
        let is_pool = |(_, key): &(Mark, AuthSpec)| matches!(key, AuthSpec::Pool(_));
        let (reason, hint) = if self.keys.is_empty() {
            ("the pool has no keys", "list at least one under `keys`")
        } else if self.keys.iter().any(is_pool) {
            (
                "a pool cannot be in a pool",
                "list all keys in the outer one",
            )
        } else {
            return Ok(());
        };
        Err(ConfigErrorKind::Conflict {
            reason: reason.to_owned(),
            hint: Some(hint.to_owned()),
        })
    }
}

impl AuthSpec {
    /// Settings that are fine one by one and cannot work together.
    pub(crate) fn validate(&self) -> Result<(), ConfigErrorKind> {
        match self {
            Self::Hmac(spec) => spec.validate(),
            Self::Pool(spec) => spec.validate(),
            _ => Ok(()),
        }
    }
}

/// What is wrong with `text` as the pattern of a signature.
pub(crate) fn pattern_problem(text: &str) -> Option<ConfigErrorKind> {
    let error = text.parse::<Pattern>().err()?;
    Some(ConfigErrorKind::Template {
        reason: error.to_string(),
        hint: error.hint(),
    })
}
