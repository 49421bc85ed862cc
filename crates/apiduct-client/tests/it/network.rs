//! Links that lead into the own network.

use std::sync::{Arc, Mutex};

use apiduct_client::auth::{Auth, AuthContext, AuthError};
use apiduct_client::transport::Transport;
use apiduct_client::transport::{PreparedRequest, RawResponse};
use apiduct_client::{Client, Error, Limits, Network, OnForeignOrigin, Request, TransportError};
use apiduct_model::Hint as _;
use apiduct_testkit::{MockApi, Reply};
use async_trait::async_trait;
use http::Method;

use crate::support::{Script, client, ok, redirect};

/// Remembers for each request whether it had to stay outside.
#[derive(Debug, Clone)]
struct Watch {
    inner: Script,
    seen: Arc<Mutex<Vec<(String, bool)>>>,
}

impl Watch {
    fn new(inner: Script) -> Self {
        let seen = Arc::default();
        Self { inner, seen }
    }

    fn seen(&self) -> Vec<(String, bool)> {
        self.seen.lock().unwrap().clone()
    }

    fn client(&self, base: &str, network: Network) -> Client {
        Client::builder(base)
            .transport(self.clone())
            .on_foreign_origin(OnForeignOrigin::Strip)
            .network(network)
            .build()
            .unwrap()
    }
}

#[async_trait]
impl Transport for Watch {
    async fn send(
        &self,
        request: PreparedRequest,
        limits: &Limits,
    ) -> Result<RawResponse, TransportError> {
        let host = request.url.host_str().unwrap().to_owned();
        self.seen.lock().unwrap().push((host, limits.public_only));
        self.inner.send(request, limits).await
    }
}

fn is_not_public(error: &Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if let Some(TransportError::NotPublic { .. }) = error.downcast_ref() {
            return true;
        }
        cause = error.source();
    }
    false
}

#[tokio::test]
async fn a_redirect_inside_is_refused_and_asked_for_once() {
    for inside in [
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1/x",
        "http://2130706433/x",
        "http://0x7f.1/x",
        "http://[::1]/x",
        "http://[::ffff:10.0.0.1]/x",
        "http://[fd00:ec2::254]/x",
        "http://0.0.0.0/x",
        "http://100.64.0.1/x",
        "http://192.168.1.1/x",
    ] {
        let watch = Watch::new(Script::sequence(vec![redirect(302, inside)]));
        let client = watch.client("https://api.test", Network::PublicOnly);
        let error = client.get("/x").send().await.unwrap_err();
        assert!(is_not_public(&error), "{inside}: {error:?}");
        assert_eq!(watch.seen(), [("api.test".to_owned(), false)], "{inside}");
    }
}

#[tokio::test]
async fn names_are_left_to_the_transport_which_is_told() {
    let elsewhere = || {
        Script::new(|request| match request.url.host_str() {
            Some("api.test") => redirect(302, "https://other.test/x"),
            _ => ok("1"),
        })
    };
    for (network, expected) in [
        (Network::Any, [false, false]),
        (Network::PublicOnly, [false, true]),
        (Network::StrictlyPublic, [true, true]),
    ] {
        let watch = Watch::new(elsewhere());
        let client = watch.client("https://api.test", network);
        client.get("/x").send().await.unwrap();
        let seen: Vec<bool> = watch.seen().iter().map(|(_, only)| *only).collect();
        assert_eq!(seen, expected, "{network:?}");
    }
}

#[tokio::test]
async fn the_base_url_is_trusted_unless_nothing_is() {
    let watch = Watch::new(Script::sequence(vec![redirect(302, "/y"), ok("1")]));
    let client = watch.client("http://10.0.0.1:8080", Network::PublicOnly);
    client.get("/x").send().await.unwrap();
    for path in ["http://10.0.0.1:9200/x", "http://10.0.0.2:8080/x"] {
        let error = client.get(path).send().await.unwrap_err();
        assert!(is_not_public(&error), "{path}: {error:?}");
    }
    let strict = watch.client("http://10.0.0.1:8080", Network::StrictlyPublic);
    let error = strict.get("/x").send().await.unwrap_err();
    assert!(is_not_public(&error), "{error:?}");
}

/// Asks for a token at a place of its own.
#[derive(Debug)]
struct Token;

#[async_trait]
impl Auth for Token {
    async fn authorize(&self, _: &mut Request, context: &AuthContext<'_>) -> Result<(), AuthError> {
        let request = PreparedRequest {
            method: Method::POST,
            url: "http://tokens.test/token".parse().unwrap(),
            headers: http::HeaderMap::new(),
            body: None,
        };
        context
            .transport
            .send(request, context.limits)
            .await
            .unwrap();
        Ok(())
    }
}

#[tokio::test]
async fn a_token_endpoint_is_trusted_as_the_base_url_is() {
    for (network, only) in [
        (Network::PublicOnly, false),
        (Network::StrictlyPublic, true),
    ] {
        let watch = Watch::new(Script::sequence(vec![ok("1")]));
        let client = watch.client("https://api.test", network);
        client.get("/x").auth(Token).send().await.unwrap();
        assert_eq!(watch.seen()[0], ("tokens.test".to_owned(), only));
    }
}

#[tokio::test]
async fn the_built_in_transport_makes_no_connection_inside() {
    let inside = MockApi::builder().json("/x", &serde_json::json!(1)).start();
    for host in ["127.0.0.1", "localhost"] {
        let link = format!("http://{host}:{}/x", inside.port());
        let api = MockApi::builder()
            .script("/go", [Reply::redirect(&link)])
            .start();
        let builder = client(&api).0.on_foreign_origin(OnForeignOrigin::Strip);
        let client = builder.network(Network::PublicOnly).build().unwrap();
        let error = client.get("/go").send().await.unwrap_err();
        assert!(is_not_public(&error), "{link}: {error:?}");
        assert!(error.hint().unwrap().contains("network"), "{error:?}");
    }
    assert!(inside.recorded().is_empty());
}
