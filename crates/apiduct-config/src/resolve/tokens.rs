//! Authentication by tokens, filled with values.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use apiduct_client::auth::{
    Auth, AuthorizationCode, ClientAuth, DeviceCode, FileTokenStore, JwtAlgorithm, JwtBearer,
    OAuth2ClientCredentials, OAuth2RefreshToken, SessionLogin, Token, TokenEndpoint, TokenFrom,
    TokenPlace,
};
use http::Method;
use serde_json::Value;
use url::Url;

use super::WORKING_DIR;
use super::login::{Login, LoginFlow, redirect_uri};
use super::secrets::{Secrets, Use};
use crate::error::ConfigErrorKind;
use crate::spec::{TokenAuthSpec, TokenScheme};
use crate::template::Template;

/// What token authentication needs besides its own keys.
#[derive(Debug)]
pub(super) struct TokenPlaces {
    /// What the path of a login is under.
    pub(super) base_url: Option<Url>,
    /// The folder for tokens that are kept.
    folder: PathBuf,
    /// The name of the file there; empty for one by the server and the program.
    name: String,
    /// How many files have it.
    count: u32,
    /// The resource whose authentication is being filled; `None` for the client's.
    pub(super) user: Option<String>,
    /// Where that authentication stands in the file.
    pub(super) key: Box<str>,
    /// What to do where nobody has logged in.
    login_hint: String,
    logins: Vec<KnownLogin>,
    /// What needs nobody to log in: who writes the same twice has one token.
    made: Vec<(TokenAuthSpec, Arc<dyn Auth>)>,
}

/// A login, and the authentication that uses its tokens: who writes the same twice logs in once.
#[derive(Debug)]
struct KnownLogin {
    spec: TokenAuthSpec,
    login: Login,
    auth: OAuth2RefreshToken,
}

impl TokenPlaces {
    /// `file` is the file with the authentication, as messages call it.
    pub(super) fn new(working_dir: &Path, name: &str, file: &str) -> Self {
        let place = if working_dir == Path::new(WORKING_DIR) {
            String::new()
        } else {
            format!(" --working-dir {}", working_dir.display())
        };
        Self {
            base_url: None,
            folder: working_dir.join("tokens"),
            name: name.to_owned(),
            count: 0,
            user: None,
            key: Box::default(),
            login_hint: format!("run `apiduct auth {file}{place}`"),
            logins: Vec::new(),
            made: Vec::new(),
        }
    }

    /// All logins so far.
    pub(super) fn logins(&self) -> Vec<Login> {
        self.logins.iter().map(|one| one.login.clone()).collect()
    }

    /// The authentication of an earlier login that is written like `spec`.
    fn known(&mut self, spec: &TokenAuthSpec) -> Option<OAuth2RefreshToken> {
        let mut logins = self.logins.iter_mut();
        let known = logins.find(|one| one.spec == *spec)?;
        known.login.add_user(self.user.clone());
        Some(known.auth.clone())
    }

    /// The file that keeps tokens; a further one for each authentication that keeps some.
    fn next_file(&mut self, url: &str, client_id: &str) -> PathBuf {
        self.count += 1;
        let name = if self.name.is_empty() {
            let url = Url::parse(url).ok();
            let host = url.as_ref().and_then(Url::host_str).unwrap_or("unknown");
            let is_plain = |letter: char| letter.is_alphanumeric() || ".-_".contains(letter);
            let letters = format!("{host}-{client_id}");
            let plain = letters
                .chars()
                .map(|one| if is_plain(one) { one } else { '_' });
            plain.collect()
        } else {
            self.name.clone()
        };
        let name = match self.count {
            1 => format!("{name}.json"),
            count => format!("{name}.{count}.json"),
        };
        self.folder.join(name)
    }
}

/// The authentication that `spec` describes.
///
/// # Errors
/// Every reference without a value, and values that make no sense.
pub(super) fn token_auth(
    spec: &TokenAuthSpec,
    secrets: &mut Secrets<'_>,
    places: &mut TokenPlaces,
) -> Result<Arc<dyn Auth>, Vec<ConfigErrorKind>> {
    if let Some((_, auth)) = places.made.iter().find(|(one, _)| one == spec) {
        return Ok(Arc::clone(auth));
    }
    let mut filler = Filler {
        spec,
        secrets,
        problems: Vec::new(),
    };
    let auth: Arc<dyn Auth> = match spec.scheme {
        TokenScheme::ClientCredentials => Arc::new(filler.client_credentials()),
        TokenScheme::RefreshToken => Arc::new(filler.refresh_token(places)),
        TokenScheme::AuthorizationCode | TokenScheme::DeviceCode => {
            Arc::new(filler.interactive(places))
        }
        TokenScheme::Jwt => Arc::new(filler.jwt()),
        TokenScheme::SessionLogin => Arc::new(filler.session_login(places)),
    };
    if !filler.problems.is_empty() {
        return Err(filler.problems);
    }
    // A login keeps who uses it, so each use of one asks again.
    if !spec.scheme.is_interactive() {
        places.made.push((spec.clone(), Arc::clone(&auth)));
    }
    Ok(auth)
}

struct Filler<'f, 's> {
    spec: &'f TokenAuthSpec,
    secrets: &'f mut Secrets<'s>,
    problems: Vec<ConfigErrorKind>,
}

impl Filler<'_, '_> {
    fn fill(&mut self, text: &Template, used: Use) -> String {
        self.secrets.text(text, used).unwrap_or_else(|problems| {
            self.problems.extend(problems);
            String::new()
        })
    }

    /// A text that is shown, such as a URL or an id.
    fn shown(&mut self, key: &str) -> Option<String> {
        let text = self.spec.text(key)?;
        Some(self.fill(text, Use::Address))
    }

    fn secret(&mut self, key: &str) -> Option<String> {
        let text = self.spec.text(key)?;
        Some(self.fill(text, Use::Credential))
    }

    fn map(&mut self, key: &str) -> Vec<(String, String)> {
        let spec = self.spec;
        let pairs = spec.map(key);
        pairs
            .map(|(name, value)| (name.to_owned(), self.fill(value, Use::Credential)))
            .collect()
    }

    fn scopes(&mut self) -> Vec<String> {
        let spec = self.spec;
        let texts = spec.list("scopes").iter();
        texts.map(|text| self.fill(text, Use::Address)).collect()
    }

    fn json(&mut self, key: &str) -> Option<Value> {
        let json = self.spec.json(key)?;
        self.secrets
            .json(json)
            .map_err(|problems| self.problems.extend(problems))
            .ok()
    }

    fn endpoint(&mut self, url_key: &str, client_id: String) -> TokenEndpoint {
        let url = self.shown(url_key).unwrap_or_default();
        let mut endpoint =
            TokenEndpoint::new(url, client_id).allow_http(self.spec.flag("allow_http"));
        if let Some(secret) = self.secret("client_secret") {
            endpoint = endpoint.client_secret(secret);
        }
        if self.shown("client_auth").as_deref() == Some("basic") {
            endpoint = endpoint.client_auth(ClientAuth::Basic);
        }
        for (name, value) in self.map("access_token_request_data") {
            endpoint = endpoint.param(name, value);
        }
        for (name, value) in self.map("headers") {
            endpoint = endpoint.header(name, value);
        }
        if let Some(lifetime) = self.spec.duration("default_token_expiration") {
            endpoint = endpoint.default_lifetime(lifetime);
        }
        if let Some(path) = self.shown("access_token_path") {
            endpoint = endpoint.access_token_path(path);
        }
        if let Some(path) = self.shown("expires_in_path") {
            endpoint = endpoint.expires_in_path(path);
        }
        endpoint
    }

    fn client_credentials(&mut self) -> OAuth2ClientCredentials {
        let client_id = self.shown("client_id").unwrap_or_default();
        let endpoint = self.endpoint("access_token_url", client_id);
        let mut auth = OAuth2ClientCredentials::at(endpoint).scopes(self.scopes());
        if let Some(audience) = self.shown("audience") {
            auth = auth.audience(audience);
        }
        if let Some(token) = self.secret("access_token") {
            auth = auth.access_token(Token::new(token));
        }
        auth
    }

    fn refresh_token(&mut self, places: &mut TokenPlaces) -> OAuth2RefreshToken {
        let client_id = self.shown("client_id").unwrap_or_default();
        let endpoint = self.endpoint("access_token_url", client_id.clone());
        let mut auth = OAuth2RefreshToken::at(endpoint)
            .scopes(self.scopes())
            .store(self.store(places, &client_id));
        if let Some(token) = self.secret("refresh_token") {
            auth = auth.refresh_token(token);
        }
        auth
    }

    fn store(&mut self, places: &mut TokenPlaces, client_id: &str) -> FileTokenStore {
        FileTokenStore::new(if let Some(path) = self.shown("token_store") {
            PathBuf::from(path)
        } else {
            let url = self.shown("access_token_url").unwrap_or_default();
            places.next_file(&url, client_id)
        })
    }

    /// Tokens of a login by a person; runs renew them by their refresh token.
    fn interactive(&mut self, places: &mut TokenPlaces) -> OAuth2RefreshToken {
        if let Some(known) = places.known(self.spec) {
            return known;
        }
        let client_id = self.shown("client_id").unwrap_or_default();
        let endpoint = self.endpoint("access_token_url", client_id.clone());
        let store = self.store(places, &client_id);
        let flow = self.flow(endpoint.clone());
        let auth = OAuth2RefreshToken::at(endpoint)
            .login_hint(places.login_hint.as_str())
            .store(store.clone());
        if let Some(flow) = flow.filter(|_| self.problems.is_empty()) {
            places.logins.push(KnownLogin {
                spec: self.spec.clone(),
                login: Login::new(&places.key, places.user.clone(), flow, store),
                auth: auth.clone(),
            });
        }
        auth
    }

    fn flow(&mut self, endpoint: TokenEndpoint) -> Option<LoginFlow> {
        let scopes = self.scopes();
        if self.spec.scheme == TokenScheme::DeviceCode {
            let url = self.shown("device_authorization_url").unwrap_or_default();
            let flow = DeviceCode::new(url, endpoint).scopes(scopes);
            return Some(LoginFlow::DeviceCode(flow));
        }
        let url = self.shown("authorization_url").unwrap_or_default();
        let mut flow = AuthorizationCode::new(url, endpoint).scopes(scopes);
        let spec = self.spec;
        for (name, value) in spec.map("authorization_params") {
            // The person opens them, so they are shown.
            flow = flow.param(name, self.fill(value, Use::Address));
        }
        let redirect = self.shown("redirect_uri");
        match redirect_uri(redirect.as_deref()) {
            Ok(redirect_uri) => Some(LoginFlow::AuthorizationCode { flow, redirect_uri }),
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    fn jwt(&mut self) -> JwtBearer {
        let issuer = self.shown("client_id").unwrap_or_default();
        let key = self.secret("private_key").unwrap_or_default();
        let mut auth = JwtBearer::new(issuer, key).scopes(self.scopes());
        if self.spec.text("auth_endpoint").is_some() {
            auth = auth.exchanged_at(self.endpoint("auth_endpoint", String::new()));
        }
        if let Some(word) = self.shown("algorithm") {
            let mut all = JwtAlgorithm::ALL.into_iter();
            let algorithm = all.find(|(name, _)| *name == word);
            auth = auth.algorithm(algorithm.map(|(_, one)| one).unwrap_or_default());
        }
        if let Some(key_id) = self.shown("key_id") {
            auth = auth.key_id(key_id);
        }
        if let Some(audience) = self.shown("audience") {
            auth = auth.audience(audience);
        }
        if let Some(subject) = self.shown("subject") {
            auth = auth.subject(subject);
        }
        if let Some(lifetime) = self.spec.duration("lifetime") {
            auth = auth.lifetime(lifetime);
        }
        match self.json("claims") {
            None => {}
            Some(Value::Object(claims)) => {
                for (name, value) in claims {
                    auth = auth.claim(name, value);
                }
            }
            Some(_) => self.problems.push(ConfigErrorKind::Conflict {
                reason: "`claims` is no mapping".to_owned(),
                hint: Some("write `claims: {name: value}`".to_owned()),
            }),
        }
        if let Some(token) = self.secret("access_token") {
            auth = auth.access_token(Token::new(token));
        }
        auth
    }

    fn session_login(&mut self, places: &TokenPlaces) -> SessionLogin {
        let path = self.shown("path").unwrap_or_default();
        let base = places.base_url.as_ref();
        let url = base.map_or_else(
            || path.clone(),
            |base| apiduct_client::join_url(base.as_str(), &path),
        );
        let mut auth = SessionLogin::new(url).allow_http(self.spec.flag("allow_http"));
        if let Some(method) = self.shown("method") {
            let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes());
            auth = auth.method(method.unwrap_or(Method::POST));
        }
        for (name, value) in self.map("headers") {
            auth = auth.header(name, value);
        }
        if let Some(body) = self.json("json") {
            auth = auth.json(body);
        }
        let form = self.map("form");
        if !form.is_empty() {
            auth = auth.form(form);
        }
        for (key, from) in [
            ("token_path", TokenFrom::Json as fn(String) -> TokenFrom),
            ("token_header", TokenFrom::Header),
            ("token_cookie", TokenFrom::Cookie),
        ] {
            if let Some(place) = self.shown(key) {
                auth = auth.token_from(from(place));
            }
        }
        if let Some(path) = self.shown("expires_in_path") {
            auth = auth.expires_in_path(path);
        }
        if let Some(lifetime) = self.spec.duration("lifetime") {
            auth = auth.lifetime(lifetime);
        }
        auth.token_place(self.place())
    }

    fn place(&mut self) -> TokenPlace {
        let name = self
            .shown("name")
            .unwrap_or_else(|| "Authorization".to_owned());
        match self.shown("send_as").as_deref() {
            Some("query") => TokenPlace::Query(name),
            Some("cookie") => TokenPlace::Cookie(name),
            _ => {
                let is_usual = name.eq_ignore_ascii_case("authorization");
                let usual = if is_usual { "Bearer " } else { "" };
                let prefix = self.shown("prefix").unwrap_or_else(|| usual.to_owned());
                TokenPlace::header(name, prefix)
            }
        }
    }
}
