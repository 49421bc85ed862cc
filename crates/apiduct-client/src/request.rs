//! A request before it is prepared: what callers, paginators and auth write into.

mod body;
mod shown;

use apiduct_model::Scalar;
use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::transport::PreparedRequest;
pub(crate) use shown::Masking;

/// A request that can still be changed. Cheap to clone unless it has a large body.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The URL, possibly with a query of its own, which is sent as it is, before `params`.
    pub url: Url,
    /// Query parameters in order; a name may occur more than once.
    pub params: Vec<(String, String)>,
    /// Headers of this request.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
    /// Whether the request may be repeated without harm. `None`: as its method says.
    pub idempotent: Option<bool>,
    /// What must not be shown of it.
    pub(crate) masking: Masking,
    /// Which credentials it carries, as those that gave them noted: who, and which of theirs.
    credentials: Vec<(u64, u64)>,
}

/// The body of a request.
#[derive(Clone, Default, PartialEq)]
pub enum Body {
    /// No body.
    #[default]
    Empty,
    /// A JSON document.
    Json(serde_json::Value),
    /// Form fields in order, sent URL-encoded.
    Form(Vec<(String, String)>),
    /// Bytes as they are.
    Raw {
        /// The bytes.
        bytes: Bytes,
        /// The media type, if it should be said.
        content_type: Option<String>,
    },
}

impl Request {
    /// A request without parameters, headers and body.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            params: Vec::new(),
            headers: HeaderMap::new(),
            body: Body::Empty,
            idempotent: None,
            masking: Masking::default(),
            credentials: Vec::new(),
        }
    }

    /// Notes that it carries credentials number `which` of those that go by `who`.
    pub(crate) fn note_credential(&mut self, who: u64, which: u64) {
        self.credentials.retain(|(own, _)| *own != who);
        self.credentials.push((who, which));
    }

    /// Which credentials of `who` it carries.
    pub(crate) fn credential(&self, who: u64) -> Option<u64> {
        let mut noted = self.credentials.iter();
        noted.find(|(own, _)| *own == who).map(|(_, which)| *which)
    }

    /// The value of parameter `name`, from `params` or else from the URL's own query.
    pub fn param(&self, name: &str) -> Option<String> {
        let own = self.params.iter().find(|(own, _)| own == name);
        own.map(|(_, value)| value.clone()).or_else(|| {
            let mut pairs = self.url.query_pairs();
            pairs
                .find(|(own, _)| own == name)
                .map(|(_, value)| value.into_owned())
        })
    }

    /// Sets parameter `name` to one value. All values that it had, also in the URL's own query, are replaced.
    pub fn set_param(&mut self, name: &str, value: impl Into<String>) {
        self.drop_from_query(name);
        let value = value.into();
        let first = self.params.iter().position(|(own, _)| own == name);
        if let Some(first) = first {
            self.params[first].1 = value;
            let mut index = 0;
            self.params.retain(|(own, _)| {
                index += 1;
                index - 1 == first || own != name
            });
        } else {
            self.params.push((name.to_owned(), value));
        }
    }

    /// Takes parameter `name` away, also from the URL's own query.
    pub fn remove_param(&mut self, name: &str) {
        self.drop_from_query(name);
        self.params.retain(|(own, _)| own != name);
    }

    /// Sets header `name`, replacing all values it had.
    pub fn set_header(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.insert(name, value);
    }

    /// Whether the request may be repeated without harm: as said, or else as its method promises.
    pub fn is_idempotent(&self) -> bool {
        self.idempotent
            .unwrap_or_else(|| self.method.is_idempotent())
    }

    /// The URL with the parameters in its query, as it is sent.
    pub fn full_url(&self) -> Url {
        let mut url = self.url.clone();
        url.set_fragment(None);
        if self.params.is_empty() {
            return url;
        }
        let mut query = url.query().unwrap_or_default().to_owned();
        for (name, value) in &self.params {
            if !query.is_empty() && !query.ends_with('&') {
                query.push('&');
            }
            encode_pair(&mut query, name, value);
        }
        url.set_query(Some(&query));
        url
    }

    /// The body as it is sent; empty when there is none. What signs a request signs these bytes.
    pub fn body_bytes(&self) -> Bytes {
        self.body.encode().0.unwrap_or_default()
    }

    /// Sets the media type that the body brings, unless one is set: it is sent, so a signature may cover it.
    pub(crate) fn settle_content_type(&mut self) {
        if let (_, Some(content_type)) = self.body.encode()
            && !self.headers.contains_key(CONTENT_TYPE)
        {
            self.headers.insert(CONTENT_TYPE, content_type);
        }
    }

    /// The request in the form a transport sends.
    pub(crate) fn prepare(&self) -> PreparedRequest {
        let mut headers = self.headers.clone();
        let (body, content_type) = self.body.encode();
        if let Some(content_type) = content_type
            && !headers.contains_key(CONTENT_TYPE)
        {
            headers.insert(CONTENT_TYPE, content_type);
        }
        PreparedRequest {
            method: self.method.clone(),
            url: self.full_url(),
            headers,
            body,
        }
    }

    fn drop_from_query(&mut self, name: &str) {
        let Some(query) = self.url.query() else {
            return;
        };
        let is_named = |pair: &&str| {
            url::form_urlencoded::parse(pair.as_bytes())
                .next()
                .is_some_and(|(own, _)| own == name)
        };
        if !query.split('&').any(|pair| is_named(&pair)) {
            return;
        }
        let kept: Vec<&str> = query.split('&').filter(|pair| !is_named(pair)).collect();
        let kept = kept.join("&");
        self.url
            .set_query(Some(kept.as_str()).filter(|kept| !kept.is_empty()));
    }
}

impl Body {
    /// The bytes to send and their media type; `None` when there is no body.
    fn encode(&self) -> (Option<Bytes>, Option<HeaderValue>) {
        match self {
            Self::Empty => (None, None),
            Self::Json(value) => (
                Some(value.to_string().into()),
                Some(HeaderValue::from_static("application/json")),
            ),
            Self::Form(pairs) => {
                let mut text = String::new();
                for (name, value) in pairs {
                    if !text.is_empty() {
                        text.push('&');
                    }
                    encode_pair(&mut text, name, value);
                }
                let form = HeaderValue::from_static("application/x-www-form-urlencoded");
                (Some(text.into()), Some(form))
            }
            Self::Raw {
                bytes,
                content_type,
            } => (
                Some(bytes.clone()),
                content_type.as_deref().and_then(|text| text.parse().ok()),
            ),
        }
    }
}

/// The values that a caller gives for one parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Param {
    /// The parameter is taken away, also where the client has a default for it.
    Remove,
    /// The parameter occurs once for each text; not at all for an empty list.
    Values(Vec<String>),
}

/// A value that can be a query parameter: texts, numbers and booleans (`true`, `false`), lists of them (the name
/// is repeated), and `None`, which takes the parameter away.
pub trait ParamValue {
    /// The parameter's texts.
    fn into_param(self) -> Param;
}

macro_rules! param_by_text {
    ($($kind:ty),*) => {$(
        impl ParamValue for $kind {
            fn into_param(self) -> Param {
                Param::Values(vec![self.to_string()])
            }
        }
    )*};
}

param_by_text!(
    &str, &String, char, bool, u8, u16, u32, u64, usize, i8, i16, i32, i64, isize, f32, f64
);

impl ParamValue for Param {
    fn into_param(self) -> Param {
        self
    }
}

impl ParamValue for String {
    fn into_param(self) -> Param {
        Param::Values(vec![self])
    }
}

impl ParamValue for Scalar {
    fn into_param(self) -> Param {
        match self.to_text() {
            Some(text) => Param::Values(vec![text.to_owned()]),
            None => Param::Remove,
        }
    }
}

impl<T: ParamValue> ParamValue for Option<T> {
    fn into_param(self) -> Param {
        self.map_or(Param::Remove, T::into_param)
    }
}

impl<T: ParamValue> ParamValue for Vec<T> {
    fn into_param(self) -> Param {
        let values = self.into_iter().flat_map(|one| match one.into_param() {
            Param::Remove => Vec::new(),
            Param::Values(values) => values,
        });
        Param::Values(values.collect())
    }
}

impl<T: ParamValue, const N: usize> ParamValue for [T; N] {
    fn into_param(self) -> Param {
        Vec::from(self).into_param()
    }
}

/// Replaces what `params` says about `name`.
pub(crate) fn assign(params: &mut Vec<(String, String)>, name: &str, value: Param) {
    params.retain(|(own, _)| own != name);
    if let Param::Values(values) = value {
        params.extend(values.into_iter().map(|value| (name.to_owned(), value)));
    }
}

/// Appends `name=value` in form encoding: a space is `+`, letters, digits and `_.-~` stay, all else is UTF-8 in
/// upper-case percent sequences.
fn encode_pair(out: &mut String, name: &str, value: &str) {
    encode(out, name);
    out.push('=');
    encode(out, value);
}

fn encode(out: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            other => {
                out.push('%');
                out.push(char::from(HEX[usize::from(other >> 4)]));
                out.push(char::from(HEX[usize::from(other & 15)]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request(url: &str) -> Request {
        Request::new(Method::GET, url.parse().unwrap())
    }

    #[test]
    fn parameters_are_encoded_form_style_after_the_query_of_the_url() {
        let mut request = request("http://h/a?x=1");
        for (name, value) in [
            ("x", "2"),
            ("s", ""),
            ("sp", "a b"),
            ("pl", "a+b"),
            ("u", "é*:/~"),
        ] {
            request.params.push((name.into(), value.into()));
        }
        assert_eq!(
            request.full_url().as_str(),
            "http://h/a?x=1&x=2&s=&sp=a+b&pl=a%2Bb&u=%C3%A9%2A%3A%2F~"
        );
    }

    #[test]
    fn the_query_of_the_url_is_sent_as_written() {
        let mut request = request("http://h/a?q=a%20b&flag#part");
        request.params.push(("k".into(), "v".into()));
        assert_eq!(request.full_url().as_str(), "http://h/a?q=a%20b&flag&k=v");
    }

    #[test]
    fn a_set_parameter_replaces_every_value_it_had() {
        let mut request = request("http://h/a?page=9&q=%41&pag%65=8");
        request.params = vec![
            ("page".into(), "1".into()),
            ("z".into(), "0".into()),
            ("page".into(), "2".into()),
        ];
        request.set_param("page", "3");
        assert_eq!(request.full_url().as_str(), "http://h/a?q=%41&page=3&z=0");
        assert_eq!(request.param("page").as_deref(), Some("3"));
        assert_eq!(request.param("q").as_deref(), Some("A"));
    }

    #[test]
    fn a_removed_parameter_leaves_no_trace() {
        let mut request = request("http://h/a?page=9");
        request.params.push(("page".into(), "1".into()));
        request.remove_param("page");
        assert_eq!(request.full_url().as_str(), "http://h/a");
        assert_eq!(request.param("page"), None);
    }

    #[test]
    fn parameter_values_become_text() {
        let texts = |param: Param| match param {
            Param::Values(values) => values.join(","),
            Param::Remove => "removed".to_owned(),
        };
        assert_eq!(texts(true.into_param()), "true");
        assert_eq!(texts(1.5.into_param()), "1.5");
        assert_eq!(texts(vec![Some(1), Some(2), None].into_param()), "1,2");
        assert_eq!(texts(["a", "b"].into_param()), "a,b");
        assert_eq!(texts(None::<&str>.into_param()), "removed");
        assert_eq!(texts(Scalar::Null.into_param()), "removed");
        assert_eq!(texts(Scalar::Number("1.50".into()).into_param()), "1.50");
    }

    #[test]
    fn a_body_brings_its_media_type_unless_one_is_set() {
        let mut request = request("http://h/");
        request.body = Body::Json(serde_json::json!({"a": 1}));
        let sent = request.prepare();
        assert_eq!(sent.headers[CONTENT_TYPE], "application/json");
        assert_eq!(sent.body.unwrap(), r#"{"a":1}"#);

        request.body = Body::Form(vec![("a".into(), "1 2".into()), ("a".into(), "ü".into())]);
        request.set_header(CONTENT_TYPE, HeaderValue::from_static("text/own"));
        let sent = request.prepare();
        assert_eq!(sent.headers[CONTENT_TYPE], "text/own");
        assert_eq!(sent.body.unwrap(), "a=1+2&a=%C3%BC");
    }

    #[test]
    fn debug_output_shows_no_values_that_could_be_secret() {
        let mut request = request("http://u:pw@h/?api_key=s3cret");
        request.set_header(
            http::header::AUTHORIZATION,
            HeaderValue::from_static("Bearer s3cret"),
        );
        request.body = Body::Json(serde_json::json!({"password": "s3cret"}));
        let shown = format!("{request:?}");
        assert!(
            !shown.contains("s3cret") && !shown.contains("pw"),
            "{shown}"
        );
    }

    fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
        proptest::collection::vec(("[a-c&=+ é%]{0,2}", "\\PC{0,5}"), 0..6)
    }

    fn decoded(url: &Url) -> Vec<(String, String)> {
        url.query_pairs().into_owned().collect()
    }

    proptest! {
        #[test]
        fn parameters_arrive_as_they_were_given(params in pairs()) {
            let mut request = request("http://h/");
            request.params.clone_from(&params);
            prop_assert_eq!(decoded(&request.full_url()), params);
        }

        #[test]
        fn a_set_parameter_occurs_once_and_the_others_stay(
            own in pairs(),
            params in pairs(),
            name in "[a-c&=+ é%]{0,2}",
        ) {
            let mut request = request("http://h/");
            request.params = own;
            request.url = request.full_url();
            request.params = params;
            let others = |pairs: Vec<(String, String)>| {
                pairs.into_iter().filter(|(own, _)| *own != name).collect::<Vec<_>>()
            };
            let before = others(decoded(&request.full_url()));
            request.set_param(&name, "new");
            let after = decoded(&request.full_url());
            let named: Vec<_> = after.iter().filter(|(own, _)| *own == name).collect();
            prop_assert_eq!(named, [&(name.clone(), "new".to_owned())]);
            prop_assert_eq!(others(after), before);
        }
    }
}
