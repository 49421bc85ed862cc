//! The vectors that AWS publishes: its signing test suite, and the examples in the documentation of S3.

use std::time::{Duration, SystemTime};

use http::{HeaderName, HeaderValue, Method};

use super::super::tests::authorize_at;
use super::*;
use crate::Body;

/// One case: the request, and what comes out.
struct Vector {
    name: &'static str,
    method: Method,
    target: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    signed: &'static str,
    signature: &'static str,
}

impl Vector {
    fn get(name: &'static str, target: &'static str, signature: &'static str) -> Self {
        Self {
            name,
            method: Method::GET,
            target,
            headers: &[],
            body: "",
            signed: "host;x-amz-date",
            signature,
        }
    }

    fn with(self, headers: &'static [(&'static str, &'static str)], signed: &'static str) -> Self {
        Self {
            headers,
            signed,
            ..self
        }
    }

    fn post(self, body: &'static str) -> Self {
        Self {
            method: Method::POST,
            body,
            ..self
        }
    }

    async fn sign(&self, auth: &AwsSigV4, host: &str, now: SystemTime) -> Request {
        let url = format!("https://{host}{}", self.target);
        let mut request = Request::new(self.method.clone(), url.parse().unwrap());
        for (name, value) in self.headers {
            let name: HeaderName = name.parse().unwrap();
            request
                .headers
                .append(name, HeaderValue::from_str(value).unwrap());
        }
        if !self.body.is_empty() {
            request.body = Body::Raw {
                bytes: self.body.into(),
                content_type: None,
            };
        }
        authorize_at(auth, request, now).await.unwrap()
    }
}

/// The secret key of the suite; another one stands in the examples of S3.
const SUITE_KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn suite() -> AwsSigV4 {
    AwsSigV4::new("AKIDEXAMPLE", SUITE_KEY, "us-east-1", "service").double_encode(false)
}

/// 2015-08-30T12:36:00Z.
fn suite_time() -> SystemTime {
    UNIX_EPOCH + Duration::from_mins(24_015_636)
}

fn vectors_of_urls() -> Vec<Vector> {
    vec![
        Vector::get(
            "get-vanilla",
            "/",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        Vector::get(
            "get-vanilla-query-order-key-case",
            "/?Param2=value2&Param1=value1",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        Vector::get(
            "get-vanilla-query-order-encoded",
            "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
            "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
        ),
        Vector::get(
            "get-vanilla-query-unreserved",
            "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
        ),
        Vector::get(
            "get-vanilla-utf8-query",
            "/?ሴ=bar",
            "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
        ),
        Vector::get(
            "get-utf8",
            "/ሴ",
            "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
        ),
        Vector::get(
            "get-space-normalized",
            "/example space/",
            "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
        ),
        Vector::get(
            "get-slashes-normalized",
            "//example//",
            "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
        ),
        Vector::get(
            "get-relative-normalized",
            "/example/..",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
    ]
}

fn vectors_of_headers_and_bodies() -> Vec<Vector> {
    const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
    vec![
        Vector::get(
            "get-header-value-trim",
            "/",
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        )
        .with(
            &[("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
            "host;my-header1;my-header2;x-amz-date",
        ),
        Vector::get(
            "get-header-key-duplicate",
            "/",
            "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
        )
        .with(
            &[
                ("My-Header1", "value2"),
                ("My-Header1", "value2"),
                ("My-Header1", "value1"),
            ],
            "host;my-header1;x-amz-date",
        ),
        Vector::get(
            "post-x-www-form-urlencoded",
            "/",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        )
        .with(&[FORM], "content-type;host;x-amz-date")
        .post("Param1=value1"),
        Vector::get(
            "post-x-www-form-urlencoded, with the hash in a header",
            "/",
            "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
        )
        .with(
            &[
                FORM,
                ("Content-Length", "13"),
                (
                    "x-amz-content-sha256",
                    "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e",
                ),
            ],
            "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
        )
        .post("Param1=value1"),
    ]
}

#[tokio::test]
async fn signatures_are_those_of_the_published_suite() {
    for vector in vectors_of_urls()
        .into_iter()
        .chain(vectors_of_headers_and_bodies())
    {
        let request = vector
            .sign(&suite(), "example.amazonaws.com", suite_time())
            .await;
        let expected = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders={}, Signature={}",
            vector.signed, vector.signature
        );
        assert_eq!(request.headers[AUTHORIZATION], expected, "{}", vector.name);
        assert_eq!(request.headers["x-amz-date"], "20150830T123600Z");
    }
}

#[tokio::test]
async fn the_token_of_a_session_is_sent_and_signed() {
    let token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
    let vector = Vector::get("get-vanilla-with-session-token", "/", "");
    let auth = suite().session_token(token);
    let request = vector
        .sign(&auth, "example.amazonaws.com", suite_time())
        .await;
    assert_eq!(request.headers["x-amz-security-token"], token);
    let value = request.headers[AUTHORIZATION].to_str().unwrap();
    assert!(
        value.ends_with(
            "SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"
        ),
        "{value}"
    );
}

#[tokio::test]
async fn signatures_for_s3_are_those_of_its_documentation() {
    let auth = AwsSigV4::new(
        "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "us-east-1",
        "s3",
    );
    // 2013-05-24T00:00:00Z
    let now = UNIX_EPOCH + Duration::from_hours(380_376);
    for vector in [
        Vector::get(
            "GET Object",
            "/test.txt",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        )
        .with(&[("Range", "bytes=0-9")], ""),
        Vector::get(
            "GET Bucket Lifecycle",
            "/?lifecycle",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        Vector::get(
            "GET Bucket (List Objects)",
            "/?max-keys=2&prefix=J",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ] {
        let request = vector
            .sign(&auth, "examplebucket.s3.amazonaws.com", now)
            .await;
        let value = request.headers[AUTHORIZATION].to_str().unwrap();
        assert!(
            value.ends_with(vector.signature),
            "{}: {value}",
            vector.name
        );
    }
}

#[test]
fn s3_signs_a_path_as_it_is_and_others_encode_it_twice() {
    let url = canonical::settle(&"https://h//a%20b".parse().unwrap());
    assert_eq!(canonical::path(&url, false, false), "//a%20b");
    assert_eq!(canonical::path(&url, true, true), "/a%2520b");
}

#[tokio::test]
async fn what_is_sent_is_what_is_signed() {
    let mut request = Request::new(Method::GET, "https://h/a'b?q=x+y".parse().unwrap());
    request.params.push(("since".into(), "1 2".into()));
    request.body = Body::Json(serde_json::json!({}));
    let request = authorize_at(&suite(), request, suite_time()).await.unwrap();
    assert_eq!(
        request.full_url().as_str(),
        "https://h/a%27b?q=x%20y&since=1%202"
    );
    let value = request.headers[AUTHORIZATION].to_str().unwrap();
    assert!(
        value.contains("SignedHeaders=content-type;host;x-amz-date"),
        "{value}"
    );
}

#[tokio::test]
async fn an_empty_part_is_named() {
    let request = Request::new(Method::GET, "https://h/".parse().unwrap());
    let auth = AwsSigV4::new("AKIDEXAMPLE", SUITE_KEY, "", "s3");
    let error = authorize_at(&auth, request, suite_time())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`region` of the aws_sigv4 authentication is empty"
    );
}
