use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use serde_json::{Map, Value, json};

use super::{Fault, Received, Reply};
use crate::lock;

/// Decides about a JWT assertion.
type Assertions = dyn Fn(&str) -> bool + Send + Sync;

/// Issues tokens, lets them expire, rotates and revokes them, and guards an API with them.
///
/// Added to a [`super::MockApi`] with [`super::MockApiBuilder::oauth`] it answers `POST /oauth/token` (client
/// credentials, refresh token and JWT bearer grants of RFC 6749 and RFC 7523; id and secret in the form or as Basic)
/// and `/login` (a JSON or form body with `user` and `password`, or the same in the query), and refuses all other
/// requests without a live token, as bearer, header `X-Session`, query parameter `session` or cookie `sid`. Time is
/// that of the API's clock. Clones are one server.
///
/// ```
/// use apiduct_testkit::{MockApi, OAuthServer};
/// use serde_json::json;
///
/// let server = OAuthServer::new().client("id", "secret");
/// let api = MockApi::builder().json("/me", &json!({"name": "Ada"})).oauth(&server).start();
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// assert_eq!(reqwest::get(api.url("/me")).await.unwrap().status(), 401);
/// let form = "grant_type=client_credentials&client_id=id&client_secret=secret";
/// let post = reqwest::Client::new().post(api.url("/oauth/token")).body(form);
/// let token = post.send().await.unwrap().text().await.unwrap();
/// assert!(token.contains(&server.issued()[0]));
/// # });
/// assert_eq!(server.token_requests(), 1);
/// ```
#[derive(Clone)]
pub struct OAuthServer {
    settings: Settings,
    state: Arc<Mutex<State>>,
}

#[derive(Clone)]
struct Settings {
    client: Option<(String, String)>,
    user: Option<(String, String)>,
    assertions: Option<Arc<Assertions>>,
    lifetime: Option<Duration>,
    uses: Option<u64>,
    rotating: bool,
    grace: bool,
    approves: bool,
    interval: Duration,
    fields: Map<String, Value>,
}

#[derive(Default)]
struct State {
    requests: u64,
    refused: u64,
    issued: Vec<String>,
    live: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
    refresh_count: u64,
    /// Codes that were given to browsers and devices, with the challenge that a verifier must meet.
    codes: HashMap<String, String>,
    replies: VecDeque<Reply>,
    faults: VecDeque<Fault>,
}

struct Access {
    ends: Option<Duration>,
    uses_left: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Refresh {
    Live,
    /// A new one was given, which was not used so far.
    Replaced,
}

impl OAuthServer {
    /// A server that knows nobody; its tokens last an hour.
    pub fn new() -> Self {
        Self {
            settings: Settings {
                client: None,
                user: None,
                assertions: None,
                lifetime: Some(Duration::from_hours(1)),
                uses: None,
                rotating: false,
                grace: false,
                approves: false,
                interval: Duration::from_secs(5),
                fields: Map::new(),
            },
            state: Arc::default(),
        }
    }

    /// Knows this program.
    #[must_use]
    pub fn client(mut self, id: &str, secret: &str) -> Self {
        self.settings.client = Some((id.to_owned(), secret.to_owned()));
        self
    }

    /// Knows this person, for `/login`.
    #[must_use]
    pub fn user(mut self, user: &str, password: &str) -> Self {
        self.settings.user = Some((user.to_owned(), password.to_owned()));
        self
    }

    /// Takes JWT assertions that `accepts` finds good.
    #[must_use]
    pub fn assertions(mut self, accepts: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.settings.assertions = Some(Arc::new(accepts));
        self
    }

    /// Has given this refresh token to somebody.
    #[must_use]
    pub fn refresh_token(self, token: &str) -> Self {
        let mut state = lock(&self.state);
        state.refresh.insert(token.to_owned(), Refresh::Live);
        drop(state);
        self
    }

    /// Gives a new refresh token at each use and takes the old one back.
    #[must_use]
    pub fn rotating(mut self) -> Self {
        self.settings.rotating = true;
        self
    }

    /// Takes a replaced refresh token as long as the new one was not used.
    #[must_use]
    pub fn grace(mut self) -> Self {
        self.settings.grace = true;
        self
    }

    /// Lets everyone log in who asks: `GET /authorize` sends the browser back with a code (RFC 6749, section 4.1, with
    /// PKCE), and `POST /device` gives a code (RFC 8628) that is good at once; script what comes before with
    /// [`OAuthServer::reply_next`].
    #[must_use]
    pub fn approving(mut self) -> Self {
        self.settings.approves = true;
        self
    }

    /// Lets devices ask this often. Default 5 s.
    #[must_use]
    pub fn device_interval(mut self, interval: Duration) -> Self {
        self.settings.interval = interval;
        self
    }

    /// Lets tokens last this long, and says so in `expires_in`; `None`: for ever, and says nothing.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Option<Duration>) -> Self {
        self.settings.lifetime = lifetime;
        self
    }

    /// Lets a token serve this many requests, without a word.
    #[must_use]
    pub fn uses(mut self, uses: u64) -> Self {
        self.settings.uses = Some(uses);
        self
    }

    /// Puts this into the answers to token requests, in place of what stands there; `null` takes a field away.
    #[must_use]
    pub fn field(mut self, name: &str, value: Value) -> Self {
        self.settings.fields.insert(name.to_owned(), value);
        self
    }

    /// Answers the next token request, or login, like this instead; may be called more than once.
    pub fn reply_next(&self, reply: Reply) {
        lock(&self.state).replies.push_back(reply);
    }

    /// Does what the next token request asks for, and spoils the answer on its way.
    pub fn spoil_next(&self, fault: Fault) {
        lock(&self.state).faults.push_back(fault);
    }

    /// How many token requests and logins there were.
    pub fn token_requests(&self) -> u64 {
        lock(&self.state).requests
    }

    /// How many requests were refused for want of a live token.
    pub fn refused(&self) -> u64 {
        lock(&self.state).refused
    }

    /// All tokens so far, the first one first.
    pub fn issued(&self) -> Vec<String> {
        lock(&self.state).issued.clone()
    }

    /// The refresh tokens that would be taken now, in no order.
    pub fn refresh_tokens(&self) -> Vec<String> {
        let state = lock(&self.state);
        let live = state
            .refresh
            .iter()
            .filter(|(_, kind)| **kind == Refresh::Live);
        live.map(|(token, _)| token.clone()).collect()
    }

    /// Takes all tokens back; refresh tokens stay.
    pub fn revoke_all(&self) {
        lock(&self.state).live.clear();
    }

    /// Answers what is for this server; `None` when the API may answer.
    pub(super) fn answer(&self, request: &Received) -> Option<Reply> {
        let reply = match request.path.as_str() {
            "/oauth/token" if request.method == Method::POST => self.token(request),
            "/login" => self.login(request),
            "/authorize" if self.settings.approves => self.authorize(request),
            "/device" if self.settings.approves => self.device(request),
            _ => return self.refusal(request),
        };
        let mut state = lock(&self.state);
        Some(match state.faults.pop_front() {
            Some(fault) => reply.fault(fault),
            None => reply,
        })
    }

    fn scripted(&self) -> Option<Reply> {
        let mut state = lock(&self.state);
        state.requests += 1;
        state.replies.pop_front()
    }

    fn token(&self, request: &Received) -> Reply {
        if let Some(reply) = self.scripted() {
            return reply;
        }
        let form = request.form();
        let field = |name: &str| {
            let found = form.iter().find(|(own, _)| own == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let shown = request.basic();
        let shown = shown.unwrap_or_else(|| (field("client_id"), field("client_secret")));
        let is_known = self
            .settings
            .client
            .as_ref()
            .is_none_or(|known| *known == shown);
        let refuse = |code: u16, error: &str| {
            let body = json!({"error": error, "error_description": format!("{error} it is")});
            Reply::json(&body).with_status(code)
        };
        if !is_known {
            return refuse(401, "invalid_client");
        }
        match field("grant_type").as_str() {
            "authorization_code" => {
                let verifier = field("code_verifier");
                self.redeem(request, &field("code"), Some(&verifier))
            }
            "urn:ietf:params:oauth:grant-type:device_code" => {
                self.redeem(request, &field("device_code"), None)
            }
            "client_credentials" if self.settings.client.is_some() => self.issue(request, None),
            "refresh_token" => match self.take_refresh(&field("refresh_token")) {
                Some(next) => self.issue(request, next),
                None => refuse(400, "invalid_grant"),
            },
            "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
                let accepts = self.settings.assertions.as_ref();
                if accepts.is_some_and(|accepts| accepts(&field("assertion"))) {
                    self.issue(request, None)
                } else {
                    refuse(400, "invalid_grant")
                }
            }
            _ => refuse(400, "unsupported_grant_type"),
        }
    }

    /// Sends a browser back with a code.
    fn authorize(&self, request: &Received) -> Reply {
        let param = |name: &str| request.param(name).unwrap_or_default();
        let code = self.new_code(param("code_challenge"));
        let back = param("redirect_uri");
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("code", &code)
            .append_pair("state", param("state"))
            .finish();
        Reply::redirect(&format!("{back}?{query}"))
    }

    fn device(&self, request: &Received) -> Reply {
        Reply::json(&json!({
            "device_code": self.new_code(""),
            "user_code": "WDJB-MJHT",
            "verification_uri": request.url("/activate"),
            "expires_in": 1800,
            "interval": self.settings.interval.as_secs_f64(),
        }))
    }

    fn new_code(&self, challenge: &str) -> String {
        let mut state = lock(&self.state);
        let code = format!("code-{}", state.codes.len() + 1);
        state.codes.insert(code.clone(), challenge.to_owned());
        code
    }

    /// Tokens for a code, which is good once.
    fn redeem(&self, request: &Received, code: &str, verifier: Option<&str>) -> Reply {
        let challenge = lock(&self.state).codes.remove(code);
        let is_met = challenge.is_some_and(|challenge| {
            verifier.is_none_or(|verifier| {
                let hash = digest::digest(&digest::SHA256, verifier.as_bytes());
                URL_SAFE_NO_PAD.encode(hash) == challenge
            })
        });
        if !is_met {
            let body = json!({"error": "invalid_grant"});
            return Reply::json(&body).with_status(400);
        }
        let mut state = lock(&self.state);
        state.refresh_count += 1;
        let refresh = format!("refresh-token-{}", state.refresh_count);
        state.refresh.insert(refresh.clone(), Refresh::Live);
        drop(state);
        self.issue(request, Some(refresh))
    }

    /// Uses a refresh token; answers the next one, if there is a new one, or `None` when it is not good.
    #[expect(
        clippy::option_option,
        reason = "refused, kept and replaced are three things"
    )]
    fn take_refresh(&self, token: &str) -> Option<Option<String>> {
        let mut state = lock(&self.state);
        let known = *state.refresh.get(token)?;
        if known == Refresh::Replaced && !self.settings.grace {
            return None;
        }
        if !self.settings.rotating {
            return Some(None);
        }
        // Using a token ends all that were before it; one that was given for it in vain ends too.
        state.refresh.clear();
        state.refresh.insert(token.to_owned(), Refresh::Replaced);
        state.refresh_count += 1;
        let next = format!("refresh-token-{}", state.refresh_count);
        state.refresh.insert(next.clone(), Refresh::Live);
        Some(Some(next))
    }

    fn issue(&self, request: &Received, refresh: Option<String>) -> Reply {
        let token = self.new_token(request);
        let mut body = Map::new();
        body.insert("access_token".to_owned(), token.into());
        body.insert("token_type".to_owned(), "Bearer".into());
        if let Some(lifetime) = self.settings.lifetime {
            body.insert("expires_in".to_owned(), lifetime.as_secs().into());
        }
        if let Some(refresh) = refresh {
            body.insert("refresh_token".to_owned(), refresh.into());
        }
        for (name, value) in &self.settings.fields {
            body.insert(name.clone(), value.clone());
        }
        body.retain(|_, value| !value.is_null());
        Reply::json(&body)
    }

    fn new_token(&self, request: &Received) -> String {
        let mut state = lock(&self.state);
        let token = format!("access-token-{}", state.issued.len() + 1);
        state.issued.push(token.clone());
        let access = Access {
            ends: self.settings.lifetime.map(|lifetime| request.at + lifetime),
            uses_left: self.settings.uses,
        };
        state.live.insert(token.clone(), access);
        token
    }

    fn login(&self, request: &Received) -> Reply {
        if let Some(reply) = self.scripted() {
            return reply;
        }
        let mut pairs = request.query.clone();
        match request.json() {
            Some(Value::Object(fields)) => {
                let text = |value: Value| value.as_str().unwrap_or_default().to_owned();
                pairs.extend(fields.into_iter().map(|(name, value)| (name, text(value))));
            }
            _ => pairs.extend(request.form()),
        }
        let field = |name: &str| {
            let found = pairs.iter().find(|(own, _)| own == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        if self.settings.user != Some((field("user"), field("password"))) {
            return Reply::error(401, "wrong user or password");
        }
        let token = self.new_token(request);
        let lifetime = self.settings.lifetime.map(|lifetime| lifetime.as_secs());
        let mut body = json!({"token": token, "data": {"session": token, "expires_in": lifetime}});
        for (name, value) in &self.settings.fields {
            body[name] = value.clone();
        }
        let age = lifetime.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
        Reply::json(&body)
            .header("X-Session", &token)
            .header("Set-Cookie", &format!("sid={token}; Path=/; HttpOnly{age}"))
    }

    /// The reply 401 to a request without a live token.
    fn refusal(&self, request: &Received) -> Option<Reply> {
        let shown = [
            request.bearer(),
            request.header("x-session"),
            request.param("session"),
            request.cookie("sid"),
        ];
        let mut state = lock(&self.state);
        let is_live = shown.into_iter().flatten().any(|token| {
            let Some(access) = state.live.get_mut(token) else {
                return false;
            };
            if let Some(left) = &mut access.uses_left {
                if *left == 0 {
                    return false;
                }
                *left -= 1;
            }
            access.ends.is_none_or(|end| request.at < end)
        });
        if is_live {
            return None;
        }
        state.refused += 1;
        let reply = Reply::json(&json!({"error": "invalid_token"})).with_status(401);
        Some(reply.header("WWW-Authenticate", "Bearer error=\"invalid_token\""))
    }
}

impl Default for OAuthServer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for OAuthServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.state);
        f.debug_struct("OAuthServer")
            .field("token_requests", &state.requests)
            .field("issued", &state.issued.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::received::received;
    use super::*;

    fn ask(server: &OAuthServer, form: &str) -> (u16, Value) {
        let mut request = received(&Method::POST, "/oauth/token");
        request.body = form.to_owned().into();
        let reply = server.answer(&request).unwrap();
        let body = serde_json::from_slice(&reply.pieces.concat()).unwrap();
        (reply.status.as_u16(), body)
    }

    fn shows(server: &OAuthServer, token: &str, at: u64) -> bool {
        let mut request = received(&Method::GET, &format!("/x?session={token}"));
        request.at = Duration::from_secs(at);
        server.answer(&request).is_none()
    }

    fn refresh(server: &OAuthServer, token: &str) -> u16 {
        ask(
            server,
            &format!("grant_type=refresh_token&refresh_token={token}"),
        )
        .0
    }

    #[test]
    fn a_token_is_live_until_it_ends_is_used_up_or_revoked() {
        let client = "grant_type=client_credentials&client_id=a&client_secret=b";
        let server = OAuthServer::new().client("a", "b");
        assert_eq!(ask(&server, client).0, 200);
        assert!(shows(&server, "access-token-1", 3599));
        assert!(!shows(&server, "access-token-1", 3600));
        server.revoke_all();
        assert!(!shows(&server, "access-token-1", 0));
        assert_eq!((server.token_requests(), server.refused()), (1, 2));

        let server = OAuthServer::new().client("a", "b").uses(2).lifetime(None);
        assert_eq!(ask(&server, client).1.get("expires_in"), None);
        let shown: Vec<bool> = (0..3)
            .map(|_| shows(&server, "access-token-1", 0))
            .collect();
        assert_eq!(shown, [true, true, false]);
    }

    #[test]
    fn a_wrong_secret_and_an_unknown_grant_are_refused() {
        let server = OAuthServer::new().client("a", "b");
        let (status, body) = ask(&server, "grant_type=client_credentials&client_id=a");
        assert_eq!((status, &body["error"]), (401, &json!("invalid_client")));
        let (status, body) = ask(&server, "client_id=a&client_secret=b");
        assert_eq!(
            (status, &body["error"]),
            (400, &json!("unsupported_grant_type"))
        );
    }

    #[test]
    fn a_rotated_refresh_token_is_good_once_but_for_grace() {
        let strict = OAuthServer::new().refresh_token("first").rotating();
        assert_eq!(refresh(&strict, "first"), 200);
        assert_eq!(refresh(&strict, "first"), 400);
        assert_eq!(strict.refresh_tokens(), ["refresh-token-1"]);

        let lenient = OAuthServer::new().refresh_token("first").rotating().grace();
        assert_eq!(
            [refresh(&lenient, "first"), refresh(&lenient, "first")],
            [200, 200]
        );
        assert_eq!(refresh(&lenient, "refresh-token-2"), 200);
        assert_eq!(refresh(&lenient, "first"), 400);
    }
}
