//! Authentication of one's own: it sees each request just before it is sent.

use apiduct::auth::{Auth, AuthContext, AuthError};
use apiduct::model::{Redactor, SecretText};
use apiduct::{Client, Request};
use apiduct_testkit::{Access, MockApi};
use async_trait::async_trait;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use serde_json::json;

use crate::support::Outcome;

#[derive(Debug)]
struct CustomAuth {
    /// A `SecretText` shows itself nowhere.
    token: SecretText,
}

#[async_trait]
impl Auth for CustomAuth {
    async fn authorize(&self, request: &mut Request, _: &AuthContext<'_>) -> Result<(), AuthError> {
        let value = format!("Custom {}", self.token.expose());
        let value = HeaderValue::from_str(&value).map_err(|_| AuthError::Missing {
            scheme: "custom",
            field: "token",
        })?;
        request.set_header(AUTHORIZATION, value);
        Ok(())
    }

    /// Has the token masked in every log and error.
    fn register(&self, redactor: &Redactor) {
        redactor.register(&self.token);
    }
}

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let auth = CustomAuth {
        token: "your_custom_token_here".into(),
    };
    let client = Client::builder(api.base_url()).auth(auth).build()?;

    let response = client.get("/protected").send().await?;

    assert_eq!(response.status, 200);
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .json("/protected", &json!({"ok": true}))
        .protect("/", Access::header("authorization", "Custom your_custom_token_here"))
        .start()
}
