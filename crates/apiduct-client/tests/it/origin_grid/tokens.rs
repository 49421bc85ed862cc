//! Credentials that are fetched: neither they nor what they are fetched with go astray.

use apiduct_client::auth::OAuth2ClientCredentials;
use apiduct_client::transport::PreparedRequest;
use apiduct_client::{Client, OnForeignOrigin};
use apiduct_testkit::leak::holds;
use http::header::{HeaderValue, LOCATION};
use serde_json::json;

use super::addresses::{ADDRESSES, Leads};
use super::credentials::CANARIES;
use super::{BASE, carries, is_own};
use crate::support::{FakeTimer, Script, answer, ok};

/// Where the redirect to the foreign address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    TokenEndpoint,
    Api,
}

/// An API that asks for tokens, one of whose ends redirects to `link`.
fn script(at: At, status: u16, link: &str) -> Script {
    let link = link.to_owned();
    Script::new(move |request: &PreparedRequest| {
        let redirected = || {
            let mut answer = answer(status, &[], "")?;
            let link = HeaderValue::from_bytes(link.as_bytes()).unwrap();
            answer.headers.insert(LOCATION, link);
            Ok(answer)
        };
        match (is_own(request), request.url.path(), at) {
            (true, "/v1/token", At::TokenEndpoint) | (true, "/v1/items", At::Api) => redirected(),
            (true, "/v1/token", At::Api) => {
                let token = json!({"access_token": CANARIES[1], "expires_in": 3600});
                ok(token.to_string())
            }
            _ => ok(r#"{"data":[{"id":1}]}"#),
        }
    })
}

#[tokio::test]
async fn no_token_and_no_secret_of_a_client_reaches_a_foreign_origin() {
    let mut stripped = 0;
    let addresses = ADDRESSES.iter().filter(|address| address.is_header_text());
    for address in addresses.filter(|address| address.leads == Leads::Away) {
        for status in [301, 302, 303, 307, 308] {
            for at in [At::TokenEndpoint, At::Api] {
                let script = script(at, status, &address.link(CANARIES[0]));
                let token_url = format!("{BASE}/token");
                let auth = OAuth2ClientCredentials::new(token_url, "ada", CANARIES[0]);
                let client = Client::builder(BASE)
                    .transport(script.clone())
                    .timer(std::sync::Arc::new(FakeTimer::new()))
                    .auth(auth)
                    .on_foreign_origin(OnForeignOrigin::Strip)
                    .build()
                    .unwrap();
                let result = client.get("items").send().await;
                let sent = script.sent();
                assert!(
                    carries(&sent[0], CANARIES[0]),
                    "the secret is shown for a token"
                );
                for request in sent.iter().filter(|request| !is_own(request)) {
                    stripped += 1;
                    let is_leak = CANARIES.iter().any(|canary| carries(request, canary));
                    assert!(!is_leak, "{address:?} {status} {at:?}: {}", request.url);
                    assert_eq!(at, At::Api, "a token endpoint leads nowhere: {address:?}");
                }
                if let Err(error) = result {
                    let shown = format!("{error:?} {error}");
                    assert!(
                        CANARIES
                            .iter()
                            .all(|canary| !holds(shown.as_bytes(), canary)),
                        "{shown}"
                    );
                }
            }
        }
    }
    assert!(stripped > 100, "{stripped}");
}
