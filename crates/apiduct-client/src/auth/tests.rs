use std::time::SystemTime;

use apiduct_model::{Clock, Redactor};
use futures_util::future::BoxFuture;
use http::Method;
use http::header::{AUTHORIZATION, COOKIE};

use super::*;
use crate::Body;
use crate::transport::{PreparedRequest, RawResponse, TransportError};

#[derive(Debug)]
pub(super) struct NoNetwork;

#[async_trait]
impl Transport for NoNetwork {
    async fn send(&self, _: PreparedRequest, _: &Limits) -> Result<RawResponse, TransportError> {
        unreachable!("these schemes ask nobody")
    }
}

/// A clock that stands still.
#[derive(Debug)]
struct At(SystemTime);

impl Clock for At {
    fn now(&self) -> SystemTime {
        self.0
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

impl Timer for At {
    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        unreachable!("these schemes wait for nothing")
    }
}

/// `request` with the credentials of `auth`, at a time.
pub(super) async fn authorize_at(
    auth: &dyn Auth,
    mut request: Request,
    now: SystemTime,
) -> Result<Request, AuthError> {
    let transport: Arc<dyn Transport> = Arc::new(NoNetwork);
    let timer: Arc<dyn Timer> = Arc::new(At(now));
    let context = AuthContext {
        transport: &transport,
        limits: &Limits::default(),
        max_wait: Duration::from_mins(5),
        timer: &timer,
        redactor: &Redactor::default(),
        attempt: 1,
        credential: CredentialId::NONE,
    };
    auth.authorize(&mut request, &context).await?;
    Ok(request)
}

async fn authorize(auth: &dyn Auth, url: &str) -> Result<Request, AuthError> {
    let mut request = Request::new(Method::GET, url.parse().unwrap());
    request.set_header(COOKIE, HeaderValue::from_static("a=1; sid=old"));
    authorize_at(auth, request, SystemTime::UNIX_EPOCH).await
}

#[tokio::test]
async fn a_bearer_token_goes_into_the_authorization_header() {
    let request = authorize(&Bearer::new("t0ken"), "http://h/").await.unwrap();
    assert_eq!(request.headers[AUTHORIZATION], "Bearer t0ken");
    assert!(request.headers[AUTHORIZATION].is_sensitive());
}

#[tokio::test]
async fn basic_encodes_user_and_password_as_utf8() {
    let request = authorize(&Basic::new("ü", "p:w"), "http://h/")
        .await
        .unwrap();
    assert_eq!(request.headers[AUTHORIZATION], "Basic w7w6cDp3");
}

#[tokio::test]
async fn a_colon_in_a_user_name_is_refused() {
    let error = authorize(&Basic::new("a:b", "p"), "http://h/")
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`username` of the basic authentication cannot be sent: a colon ends the user name"
    );
}

#[tokio::test]
async fn an_api_key_goes_where_it_is_told() {
    let header = ApiKey::new("X-Key", "k1");
    let request = authorize(&header, "http://h/").await.unwrap();
    assert_eq!(request.headers["x-key"], "k1");

    let query = ApiKey::new("key", "a b").location(KeyLocation::Query);
    let request = authorize(&query, "http://h/?key=old&q=1").await.unwrap();
    assert_eq!(request.full_url().as_str(), "http://h/?q=1&key=a+b");

    let cookie = ApiKey::new("sid", "new").location(KeyLocation::Cookie);
    let request = authorize(&cookie, "http://h/").await.unwrap();
    assert_eq!(request.headers[COOKIE], "a=1; sid=new");
}

#[tokio::test]
async fn an_empty_secret_is_an_error_that_names_its_field() {
    let error = authorize(&Bearer::new(" "), "http://h/").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`token` of the bearer authentication is empty"
    );
    let error = authorize(&ApiKey::new("K", ""), "http://h/")
        .await
        .unwrap_err();
    assert_eq!(
        error,
        AuthError::Missing {
            scheme: "api_key",
            field: "api_key"
        }
    );
}

#[tokio::test]
async fn a_line_break_in_a_secret_is_refused_without_showing_it() {
    let error = authorize(&Bearer::new("abc\ndef"), "http://h/")
        .await
        .unwrap_err();
    assert!(!format!("{error} {error:?}").contains("abc"));
    assert!(error.hint().unwrap().contains("line breaks"));
}

#[test]
fn registered_secrets_are_masked_in_every_form_that_is_sent() {
    let redactor = Redactor::default();
    Basic::new("ada", "correct horse").register(&redactor);
    assert_eq!(
        redactor.redact("Basic YWRhOmNvcnJlY3QgaG9yc2U="),
        "Basic ***"
    );
    assert_eq!(redactor.redact("correct horse"), "***");
}

#[tokio::test]
async fn an_api_key_goes_into_a_json_body_or_a_form_in_place_of_an_old_one() {
    let keyed = async |name: &str, body: Body| {
        let auth = ApiKey::new(name, "k1").location(KeyLocation::Body);
        let mut request = Request::new(Method::POST, "http://h/".parse().unwrap());
        request.body = body;
        authorize_at(&auth, request, SystemTime::UNIX_EPOCH)
            .await
            .map(|request| String::from_utf8(request.body_bytes().to_vec()).unwrap())
    };
    let json = Body::Json(serde_json::json!({"q": 1, "auth": {"key": "old"}}));
    assert_eq!(
        keyed("auth.key", json).await.unwrap(),
        r#"{"q":1,"auth":{"key":"k1"}}"#
    );
    let form = Body::Form(vec![("key".into(), "old".into()), ("q".into(), "1".into())]);
    assert_eq!(keyed("key", form).await.unwrap(), "key=k1&q=1");
    assert_eq!(keyed("key", Body::Empty).await.unwrap(), r#"{"key":"k1"}"#);
    let raw = Body::Raw {
        bytes: "<x/>".into(),
        content_type: None,
    };
    let error = keyed("key", raw).await.unwrap_err();
    assert!(
        error
            .hint()
            .unwrap()
            .contains("as `json` or as form fields")
    );
    let error = keyed("a..b", Body::Empty).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`name` of the api_key authentication cannot be sent: it is not a path into a body"
    );
}
