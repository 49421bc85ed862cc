use std::time::Duration;

use apiduct_model::SecretText;

use crate::auth::{Granted, TokenContext, TokenEndpoint, TokenError};

/// The time between two questions, where the server names none (RFC 8628, section 3.2).
const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);

/// How much slower to ask after `slow_down` (RFC 8628, section 3.5).
const SLOWER: Duration = Duration::from_secs(5);

/// OAuth 2 device code (RFC 8628): a person logs in with a browser of any machine, by a short code.
///
/// ```
/// use apiduct_client::auth::{DeviceCode, TokenEndpoint};
///
/// let endpoint = TokenEndpoint::new("https://login.example.com/token", "my-client");
/// let flow = DeviceCode::new("https://login.example.com/device", endpoint).scopes(["read"]);
/// # let _ = flow;
/// ```
#[derive(Debug, Clone)]
pub struct DeviceCode {
    device_url: String,
    endpoint: TokenEndpoint,
    scopes: Vec<String>,
}

/// A login that waits for a person.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DeviceLogin {
    /// What the person types in.
    pub user_code: String,
    /// Where the person types it in.
    pub verification_uri: String,
    /// The same with the code in it, if the server has such a URL.
    pub verification_uri_complete: Option<String>,
    device_code: SecretText,
    interval: Duration,
    /// When it ends, on the clock of the timer.
    ends: Duration,
}

impl DeviceCode {
    /// A login by a code from `device_url`, with tokens from `endpoint`.
    pub fn new(device_url: impl Into<String>, endpoint: TokenEndpoint) -> Self {
        Self {
            device_url: device_url.into(),
            endpoint,
            scopes: Vec::new(),
        }
    }

    /// Asks for these scopes. Default: none are named.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Asks for a code.
    ///
    /// # Errors
    ///
    /// [`TokenError`], with what the server said; [`TokenError::NoToken`] when a code or URL is missing.
    pub async fn begin(&self, context: &TokenContext) -> Result<DeviceLogin, TokenError> {
        let mut fields = Vec::new();
        if !self.scopes.is_empty() {
            fields.push(("scope".to_owned(), self.scopes.join(" ")));
        }
        let asked = context.timer.monotonic();
        let (json, missing) = self
            .endpoint
            .ask_at(
                &self.device_url,
                "device_authorization_url",
                context,
                fields,
            )
            .await?;
        let text = |names: &[&str]| {
            let mut found = names.iter().filter_map(|name| json[*name].as_str());
            found.find(|text| !text.is_empty()).map(str::to_owned)
        };
        let seconds = |name: &str| crate::auth::token::seconds(&json[name]);
        let device_code = text(&["device_code"]).ok_or_else(|| missing("device_code"))?;
        let device_code = SecretText::from(device_code);
        context.redactor.register(&device_code);
        let lasts = seconds("expires_in").unwrap_or(Duration::from_mins(15));
        Ok(DeviceLogin {
            user_code: text(&["user_code"]).ok_or_else(|| missing("user_code"))?,
            // Servers from before the RFC say `verification_url`.
            verification_uri: text(&["verification_uri", "verification_url"])
                .ok_or_else(|| missing("verification_uri"))?,
            verification_uri_complete: text(&["verification_uri_complete"]),
            device_code,
            interval: seconds("interval").unwrap_or(DEFAULT_INTERVAL),
            ends: asked.saturating_add(lasts),
        })
    }

    /// Waits until the person has logged in, asking as often as the server allows.
    ///
    /// # Errors
    ///
    /// [`TokenError::Refused`] when the person refuses (`access_denied`) or the code runs out (`expired_token`).
    pub async fn finish(
        &self,
        login: &DeviceLogin,
        context: &TokenContext,
    ) -> Result<Granted, TokenError> {
        let mut interval = login.interval;
        loop {
            context.timer.sleep(interval).await;
            let fields = vec![
                (
                    "grant_type".to_owned(),
                    "urn:ietf:params:oauth:grant-type:device_code".to_owned(),
                ),
                ("device_code".to_owned(), login.device_code.expose().clone()),
            ];
            let error = match self.endpoint.grant(context, fields).await {
                Ok(granted) => return Ok(granted),
                Err(error) => error,
            };
            match &error {
                TokenError::Refused { code, .. } => match code.as_deref() {
                    Some("authorization_pending") => {}
                    Some("slow_down") => interval += SLOWER,
                    _ => return Err(error),
                },
                // The connection may be back for the next question, which is asked less often.
                TokenError::Transport { .. } => interval *= 2,
                _ => return Err(error),
            }
            if context.timer.monotonic() >= login.ends {
                return Err(error);
            }
        }
    }
}
