//! What people see of a request.

use std::fmt;

use apiduct_model::{MASK, Redactor};
use http::header::HeaderName;

use super::{Body, Request};
use crate::transport::without_values;

/// Knows the secrets of the client that a request belongs to. Says nothing about what is sent, so any two are equal.
#[derive(Clone, Default)]
pub(crate) struct Masking(Option<Redactor>);

impl Masking {
    pub(crate) fn by(redactor: &Redactor) -> Self {
        Self(Some(redactor.clone()))
    }
}

impl PartialEq for Masking {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Request {
    /// The URL as it may be shown: with secrets masked if they are known, else without any value.
    fn shown_url(&self) -> String {
        match &self.masking.0 {
            Some(redactor) => redactor.redact_url(&self.full_url()),
            None => without_values(&self.full_url()),
        }
    }
}

/// Shows method and URL, secrets masked: `GET https://h/posts?page=2`. A request that belongs to no client shows the
/// names of its parameters only.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.shown_url())
    }
}

/// Shows names, and values only where they can hold no credential.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.keys().map(HeaderName::as_str).collect();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &self.shown_url())
            .field("headers", &names)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

/// Shows the kind and the size: bodies can hold secrets.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Json(_) => write!(f, "Json({MASK})"),
            Self::Form(pairs) => write!(f, "Form({} fields)", pairs.len()),
            Self::Raw { bytes, .. } => write!(f, "Raw({} bytes)", bytes.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use apiduct_model::SecretText;
    use http::Method;

    use super::*;

    #[test]
    fn a_request_is_shown_with_its_values_once_secrets_are_known() {
        let url = "https://h/posts?page=2&api_key=abc&q=hunter22"
            .parse()
            .unwrap();
        let mut request = Request::new(Method::GET, url);
        request.params.push(("limit".into(), "5".into()));
        assert_eq!(
            request.to_string(),
            "GET https://h/posts?page&api_key&q&limit"
        );
        let redactor = Redactor::default();
        redactor.register(&SecretText::from("hunter22"));
        request.masking = Masking::by(&redactor);
        let shown = "https://h/posts?page=2&api_key=***&q=***&limit=5";
        assert_eq!(request.to_string(), format!("GET {shown}"));
        assert!(format!("{request:?}").contains(shown));
    }
}
