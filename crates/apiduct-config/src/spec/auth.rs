mod signing;

use super::fields::{Fields, into_text, template};
use super::keys::AUTH;
use super::short;
use super::tokens::{TokenAuthSpec, TokenScheme};
use crate::locate::{Node, NodeValue};
use crate::registry::Custom;
use crate::template::{Mode, Template};

pub(crate) use signing::pattern_problem;
pub use signing::{AwsSpec, HmacSpec, PoolSpec};

/// How requests prove who they are, as written.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AuthSpec {
    /// `Authorization: Bearer TOKEN`.
    Bearer {
        /// The token.
        token: Template,
    },
    /// A key in a header, a query parameter, a cookie or the body.
    ApiKey {
        /// The header, parameter, cookie or path into the body. Default: `Authorization`.
        name: Template,
        /// The key.
        key: Template,
        /// Where it goes. Default: a header.
        place: KeyPlace,
    },
    /// User name and password.
    Basic {
        /// The user.
        username: Template,
        /// The password.
        password: Template,
    },
    /// A signature with a shared secret.
    Hmac(Box<HmacSpec>),
    /// AWS Signature Version 4.
    AwsSigV4(Box<AwsSpec>),
    /// Several credentials as one.
    Pool(PoolSpec),
    /// Tokens that are fetched: OAuth2, JWT, session login.
    Token(Box<TokenAuthSpec>),
    /// The program has one of its own.
    Custom(Custom<Template>),
}

/// Where an API key goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyPlace {
    /// A header.
    #[default]
    Header,
    /// A query parameter.
    Query,
    /// A cookie.
    Cookie,
    /// A place in the body.
    Body,
}

impl KeyPlace {
    fn from_word(word: &str) -> Self {
        match word {
            "query" | "param" => Self::Query,
            "cookie" => Self::Cookie,
            "body" => Self::Body,
            _ => Self::Header,
        }
    }

    /// The word that the file uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Query => "query",
            Self::Cookie => "cookie",
            Self::Body => "body",
        }
    }
}

impl AuthSpec {
    /// Reads a short form or a mapping; `None` for what the check has refused.
    pub(crate) fn read(node: &Node) -> Option<Self> {
        if let Some(text) = node.as_text() {
            let short = short::split(&AUTH, text).ok()?;
            let value = |name: &str| {
                let mut values = short.values.iter();
                let (_, text) = values.find(|(own, _)| *own == name)?;
                Template::parse(text, Mode::References).ok()
            };
            let place = short.values.iter().find(|(name, _)| *name == "location");
            let place = place.map_or(KeyPlace::Header, |(_, word)| KeyPlace::from_word(word));
            return Self::build(short.variant, place, value);
        }
        let name = match node.value_of("type") {
            Some(Node {
                value: NodeValue::Text(name),
                ..
            }) => name.as_ref(),
            Some(_) => return None,
            None => AUTH.default?,
        };
        let variant = AUTH.variant(name)?;
        if let Some(spec) = signing::read(variant, node) {
            return Some(spec);
        }
        if let Some(scheme) = TokenScheme::from_name(variant.name) {
            let spec = TokenAuthSpec::read(scheme, variant.object, node);
            return Some(Self::Token(Box::new(spec)));
        }
        let fields = Fields::new(variant.object, node, "");
        if variant.name == "custom" {
            return custom(&fields);
        }
        let place = fields.word("location");
        let place = place
            .value()
            .map_or(KeyPlace::Header, |word| KeyPlace::from_word(word));
        Self::build(variant.name, place, |name| into_text(&fields, name))
    }

    fn build(
        variant: &str,
        place: KeyPlace,
        value: impl Fn(&str) -> Option<Template>,
    ) -> Option<Self> {
        let secret = |name: &str| value(name).map(Template::sensitive);
        Some(match variant {
            "bearer" => Self::Bearer {
                token: secret("token")?,
            },
            "api_key" => Self::ApiKey {
                name: value("name").unwrap_or_else(|| Template::literal("Authorization")),
                key: secret("api_key")?,
                place,
            },
            "http_basic" => Self::Basic {
                username: value("username")?,
                password: secret("password")?,
            },
            _ => return None,
        })
    }

    /// What it is, for people, without any credential.
    pub fn describe(&self) -> String {
        match self {
            Self::Bearer { .. } => "bearer token".to_owned(),
            Self::ApiKey { name, place, .. } => format!("API key in {} `{name}`", place.word()),
            Self::Basic { .. } => "user name and password".to_owned(),
            Self::Hmac(spec) => format!("signature with HMAC and {}", spec.algorithm),
            Self::AwsSigV4(spec) => {
                format!("AWS signature for `{}` in `{}`", spec.service, spec.region)
            }
            Self::Pool(spec) => {
                let keys: Vec<String> = spec.keys.iter().map(|(_, key)| key.describe()).collect();
                format!("pool of {} keys: {}", keys.len(), keys.join("; "))
            }
            Self::Token(spec) => spec.describe(),
            Self::Custom(custom) => format!("`{}` of the program", custom.name),
        }
    }

    /// Every text in it.
    pub(crate) fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Bearer { token } => vec![token],
            Self::ApiKey { name, key, .. } => vec![name, key],
            Self::Basic { username, password } => vec![username, password],
            Self::Hmac(spec) => std::iter::once(&spec.secret).chain(&spec.key_id).collect(),
            Self::AwsSigV4(spec) => [&spec.access_key, &spec.secret_key]
                .into_iter()
                .chain(&spec.session_token)
                .chain([&spec.region, &spec.service])
                .collect(),
            Self::Pool(spec) => {
                let keys = spec.keys.iter();
                keys.flat_map(|(_, key)| key.templates()).collect()
            }
            Self::Token(spec) => spec.templates(),
            Self::Custom(custom) => custom.settings.iter().map(|(_, text)| text).collect(),
        }
    }
}

fn custom(fields: &Fields<'_>) -> Option<AuthSpec> {
    let entries = fields
        .entry("settings")
        .and_then(|entry| entry.value.as_map());
    let settings = entries.unwrap_or_default().iter().filter_map(|entry| {
        let text = template(&entry.value, Mode::References)?;
        Some((entry.key.to_string(), text.sensitive()))
    });
    Some(AuthSpec::Custom(Custom {
        name: fields.plain("name").value()?.clone(),
        settings: settings.collect(),
    }))
}
