//! All that a client can know and must not tell.

use apiduct_client::auth::{ApiKey, Basic, Bearer, KeyLocation};
use apiduct_client::{Client, ClientBuilder};
use apiduct_model::{Redactor, SecretText};
use base64::Engine as _;

use super::BASE;
use crate::support::Script;
use apiduct_testkit::leak::percent_encoded;

/// Secrets as they come: one that every encoding changes, and one that none does.
pub(super) const CANARIES: [&str; 2] = ["c4n4ry/s3cr+t~k?y", "Kanarienvogel7f3a"];

/// The field of a posted body that holds the canary.
pub(super) const POSTED: &str = "password";

/// Where the secret is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Credential {
    Bearer,
    Basic,
    KeyInHeader,
    KeyInQuery,
    KeyInCookie,
    KeyInBody,
    UserInfo,
    HeaderWithTellingName,
    CookieHeader,
    HeaderWithRegisteredValue,
    EncodedInHeader,
    Param,
    ParamWithRegisteredValue,
    BaseQuery,
}

impl Credential {
    pub(super) const ALL: [Self; 14] = [
        Self::Bearer,
        Self::Basic,
        Self::KeyInHeader,
        Self::KeyInQuery,
        Self::KeyInCookie,
        Self::KeyInBody,
        Self::UserInfo,
        Self::HeaderWithTellingName,
        Self::CookieHeader,
        Self::HeaderWithRegisteredValue,
        Self::EncodedInHeader,
        Self::Param,
        Self::ParamWithRegisteredValue,
        Self::BaseQuery,
    ];

    /// Whether it goes with every request to the origin, not with one URL alone.
    pub(super) fn is_for_the_origin(self) -> bool {
        !matches!(
            self,
            Self::Param | Self::ParamWithRegisteredValue | Self::BaseQuery
        )
    }

    /// A client that has `canary` in this place.
    pub(super) fn builder(self, script: &Script, canary: &str) -> ClientBuilder {
        let percent = percent_encoded(canary);
        let base = match self {
            Self::UserInfo => BASE.replace("://", &format!("://ada:{percent}@")),
            Self::BaseQuery => format!("{BASE}?api_key={percent}"),
            _ => BASE.to_owned(),
        };
        // What a configuration resolves is registered, wherever it is used then.
        let redactor = Redactor::default();
        redactor.register(&SecretText::from(canary));
        let builder = Client::builder(base)
            .transport(script.clone())
            .redactor(redactor);
        match self {
            Self::Bearer => builder.auth(Bearer::new(canary)),
            Self::Basic => builder.auth(Basic::new("ada", canary)),
            Self::KeyInHeader => builder.auth(ApiKey::new("X-Custom", canary)),
            Self::KeyInQuery => builder.auth(ApiKey::new("q", canary).location(KeyLocation::Query)),
            Self::KeyInCookie => {
                builder.auth(ApiKey::new("id", canary).location(KeyLocation::Cookie))
            }
            Self::KeyInBody => {
                builder.auth(ApiKey::new("auth.key", canary).location(KeyLocation::Body))
            }
            Self::UserInfo | Self::BaseQuery => builder,
            Self::HeaderWithTellingName => builder.header("X-Session-Id", canary),
            Self::CookieHeader => builder.header("Cookie", &format!("a=b; sid={canary}")),
            Self::HeaderWithRegisteredValue => builder.header("X-Tenant", canary),
            Self::EncodedInHeader => {
                let text = base64::prelude::BASE64_STANDARD.encode(format!("ab:{canary}"));
                builder.header("X-Proof", &format!("v1 {text}"))
            }
            Self::Param => builder.param("access_token", canary),
            Self::ParamWithRegisteredValue => builder.param("filter", format!("id:{canary}")),
        }
    }
}
