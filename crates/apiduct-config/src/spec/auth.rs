use super::fields::{Fields, into_text};
use super::keys::AUTH;
use super::short;
use crate::locate::{Node, NodeValue};
use crate::template::Template;

/// How requests prove who they are, as written.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AuthSpec {
    /// `Authorization: Bearer TOKEN`.
    Bearer {
        /// The token.
        token: Template,
    },
    /// A key in a header, a query parameter or a cookie.
    ApiKey {
        /// The header, parameter or cookie. Default: `Authorization`.
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
}

impl KeyPlace {
    fn from_word(word: &str) -> Self {
        match word {
            "query" | "param" => Self::Query,
            "cookie" => Self::Cookie,
            _ => Self::Header,
        }
    }

    /// The word that the file uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Query => "query",
            Self::Cookie => "cookie",
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
                Template::parse(text, crate::template::Mode::References).ok()
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
        let fields = Fields::new(variant.object, node, "");
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
            _ => Self::Basic {
                username: value("username")?,
                password: secret("password")?,
            },
        })
    }

    /// What it is, for people, without any credential.
    pub fn describe(&self) -> String {
        match self {
            Self::Bearer { .. } => "bearer token".to_owned(),
            Self::ApiKey { name, place, .. } => format!("API key in {} `{name}`", place.word()),
            Self::Basic { .. } => "user name and password".to_owned(),
        }
    }

    /// Every text in it.
    pub(crate) fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Bearer { token } => vec![token],
            Self::ApiKey { name, key, .. } => vec![name, key],
            Self::Basic { username, password } => vec![username, password],
        }
    }
}
