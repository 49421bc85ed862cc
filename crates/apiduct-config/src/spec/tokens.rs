use std::time::Duration;

use super::fields::{Fields, into_text, template};
use super::table::{Kind, Object};
use crate::locate::Node;
use crate::template::{JsonTemplate, Mode, Template};

/// A way to get tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenScheme {
    /// `oauth2_client_credentials`.
    ClientCredentials,
    /// `oauth2_refresh_token`.
    RefreshToken,
    /// `oauth2_authorization_code`.
    AuthorizationCode,
    /// `oauth2_device_code`.
    DeviceCode,
    /// `oauth_jwt`.
    Jwt,
    /// `session_login`.
    SessionLogin,
}

/// Authentication by tokens that are fetched, as written: the values by their keys.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenAuthSpec {
    /// How tokens are got.
    pub scheme: TokenScheme,
    texts: Vec<(&'static str, Template)>,
    maps: Vec<(&'static str, Box<str>, Template)>,
    lists: Vec<(&'static str, Vec<Template>)>,
    durations: Vec<(&'static str, Duration)>,
    flags: Vec<(&'static str, bool)>,
    json: Vec<(&'static str, JsonTemplate)>,
}

/// Keys whose values are secrets whatever they hold.
const SECRETS: [&str; 4] = [
    "client_secret",
    "refresh_token",
    "private_key",
    "access_token",
];

impl TokenScheme {
    /// Whether a person logs in before the first run.
    pub(crate) fn is_interactive(self) -> bool {
        matches!(self, Self::AuthorizationCode | Self::DeviceCode)
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "oauth2_client_credentials" => Self::ClientCredentials,
            "oauth2_refresh_token" => Self::RefreshToken,
            "oauth2_authorization_code" => Self::AuthorizationCode,
            "oauth2_device_code" => Self::DeviceCode,
            "oauth_jwt" => Self::Jwt,
            "session_login" => Self::SessionLogin,
            _ => return None,
        })
    }
}

impl TokenAuthSpec {
    pub(super) fn read(scheme: TokenScheme, object: &'static Object, node: &Node) -> Self {
        let fields = Fields::new(object, node, "");
        let mut spec = Self {
            scheme,
            texts: Vec::new(),
            maps: Vec::new(),
            lists: Vec::new(),
            durations: Vec::new(),
            flags: Vec::new(),
            json: Vec::new(),
        };
        for key in object.keys.iter().filter(|key| key.name != "type") {
            spec.take(&fields, key.name, key.kind);
        }
        spec
    }

    fn take(&mut self, fields: &Fields<'_>, name: &'static str, kind: Kind) {
        match kind {
            Kind::Text(_) | Kind::Plain => {
                let text = into_text(fields, name).map(|text| hidden(name, text));
                self.texts.extend(text.map(|text| (name, text)));
            }
            Kind::Selector => {
                let path = fields.selector(name);
                let path = path.value().map(|path| Template::literal(path.as_str()));
                self.texts.extend(path.map(|path| (name, path)));
            }
            Kind::Word(_) => {
                let word = fields.word(name);
                let word = word.value().map(|word| Template::literal(*word));
                self.texts.extend(word.map(|word| (name, word)));
            }
            Kind::Duration => {
                let value = fields.duration(name);
                self.durations
                    .extend(value.value().map(|value| (name, *value)));
            }
            Kind::Bool => {
                let value = fields.bool(name);
                self.flags.extend(value.value().map(|value| (name, *value)));
            }
            Kind::OneOrMany(_) => {
                let texts = fields.read(name, |node, _| {
                    let one = |node| template(node, Mode::References);
                    let list = node.as_list();
                    let Some(list) = list else {
                        return one(node).map(|only| vec![only]);
                    };
                    Some(list.iter().filter_map(one).collect())
                });
                self.lists
                    .extend(texts.value().map(|texts| (name, texts.clone())));
            }
            Kind::Map(_) => {
                let entries = fields.entry(name).and_then(|entry| entry.value.as_map());
                for entry in entries.unwrap_or_default() {
                    if let Some(value) = template(&entry.value, Mode::References) {
                        let value = hidden(&entry.key, value);
                        self.maps.push((name, entry.key.clone(), value));
                    }
                }
            }
            Kind::Json => {
                let body = fields.read(name, |node, _| {
                    Some(hidden_in(JsonTemplate::read(node, &mut |_, _| {})))
                });
                self.json
                    .extend(body.value().map(|body| (name, body.clone())));
            }
            _ => {}
        }
    }

    /// The text of `key`.
    pub fn text(&self, key: &str) -> Option<&Template> {
        find(&self.texts, key)
    }

    /// The texts of `key`, which may be a list.
    pub fn list(&self, key: &str) -> &[Template] {
        find(&self.lists, key).map_or(&[], Vec::as_slice)
    }

    /// The names and values of `key`.
    pub fn map<'s>(&'s self, key: &'s str) -> impl Iterator<Item = (&'s str, &'s Template)> {
        let own = self.maps.iter().filter(move |(own, _, _)| *own == key);
        own.map(|(_, name, value)| (&**name, value))
    }

    /// The duration of `key`.
    pub fn duration(&self, key: &str) -> Option<Duration> {
        find(&self.durations, key).copied()
    }

    /// Whether `key` is true.
    pub fn flag(&self, key: &str) -> bool {
        find(&self.flags, key).copied().unwrap_or_default()
    }

    /// The JSON of `key`.
    pub fn json(&self, key: &str) -> Option<&JsonTemplate> {
        find(&self.json, key)
    }

    /// What it is, for people, without any credential.
    pub fn describe(&self) -> String {
        let (what, from) = match self.scheme {
            TokenScheme::ClientCredentials => ("OAuth2 client credentials", "access_token_url"),
            TokenScheme::RefreshToken => ("OAuth2 refresh token", "access_token_url"),
            TokenScheme::AuthorizationCode => ("OAuth2 login in a browser", "authorization_url"),
            TokenScheme::DeviceCode => ("OAuth2 login by device code", "device_authorization_url"),
            TokenScheme::Jwt => ("signed JWT", "auth_endpoint"),
            TokenScheme::SessionLogin => ("session login", "path"),
        };
        match self.text(from) {
            Some(from) => format!("{what}, from `{from}`"),
            None => what.to_owned(),
        }
    }

    /// Every text in it.
    pub(crate) fn templates(&self) -> Vec<&Template> {
        let mut all: Vec<&Template> = self.texts.iter().map(|(_, text)| text).collect();
        all.extend(self.maps.iter().map(|(_, _, text)| text));
        all.extend(self.lists.iter().flat_map(|(_, texts)| texts));
        for (_, json) in &self.json {
            json.each_template(&mut |text| all.push(text));
        }
        all
    }
}

fn find<'v, T>(values: &'v [(&'static str, T)], key: &str) -> Option<&'v T> {
    let mut values = values.iter();
    values.find(|(own, _)| *own == key).map(|(_, value)| value)
}

/// Marks a value as a credential if its key says so.
fn hidden(key: &str, value: Template) -> Template {
    const WORDS: [&str; 5] = ["password", "secret", "passwd", "api_key", "apikey"];
    let name = key.to_ascii_lowercase();
    if SECRETS.contains(&key) || WORDS.iter().any(|word| name.contains(word)) {
        value.sensitive()
    } else {
        value
    }
}

fn hidden_in(json: JsonTemplate) -> JsonTemplate {
    match json {
        JsonTemplate::Map(entries) => {
            let entries = entries.into_iter().map(|(key, name, value)| {
                let value = match value {
                    JsonTemplate::Text(text) => JsonTemplate::Text(hidden(&key, text)),
                    other => hidden_in(other),
                };
                (key, name, value)
            });
            JsonTemplate::Map(entries.collect())
        }
        JsonTemplate::List(list) => JsonTemplate::List(list.into_iter().map(hidden_in).collect()),
        other => other,
    }
}
