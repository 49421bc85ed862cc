//! A test of a response that can be written down.

use std::fmt;

use apiduct_json::Selector;
use serde_json::Value;

use crate::Response;

/// What a response has to look like for another try: all that is set must hold; where nothing is set, nothing does.
///
/// ```
/// use apiduct_client::retry::ResponseTest;
///
/// let test = ResponseTest { text: Some("try again".to_owned()), ..ResponseTest::default() };
/// assert_eq!(test.to_string(), "the response contains `try again`");
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseTest {
    /// Something other than null is here in the JSON body.
    pub selector: Option<Selector>,
    /// What is there is this text, or a number or boolean that is written so.
    pub equals: Option<String>,
    /// The body contains this text.
    pub text: Option<String>,
}

impl ResponseTest {
    /// Whether `response` passes the test.
    pub fn holds(&self, response: &Response) -> bool {
        if let Some(text) = &self.text
            && !response.text().contains(text.as_str())
        {
            return false;
        }
        let Some(selector) = &self.selector else {
            return self.text.is_some();
        };
        let Ok(body) = response.json::<Value>() else {
            return false;
        };
        selector.query(&body).into_iter().any(|one| self.takes(one))
    }

    pub(crate) fn takes(&self, value: &Value) -> bool {
        match (&self.equals, value) {
            (_, Value::Null) => false,
            (None, _) => true,
            (Some(wanted), Value::String(text)) => text == wanted,
            (Some(wanted), other) => {
                let written = other.to_string();
                written == *wanted
            }
        }
    }
}

impl fmt::Display for ResponseTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the response")?;
        if let Some(selector) = &self.selector {
            write!(f, " has `{}`", selector.as_str())?;
            if let Some(equals) = &self.equals {
                write!(f, " = `{equals}`")?;
            }
        }
        match (&self.text, &self.selector) {
            (Some(text), Some(_)) => write!(f, " and contains `{text}`"),
            (Some(text), None) => write!(f, " contains `{text}`"),
            (None, _) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;

    fn test(selector: &str, equals: &str, text: &str) -> ResponseTest {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        ResponseTest {
            selector: given(selector).map(|text| Selector::parse(&text).unwrap()),
            equals: given(equals),
            text: given(text),
        }
    }

    #[test]
    fn all_that_is_set_must_hold() {
        let body = r#"{"state": "pending", "step": 3, "error": null, "done": false, "jobs": [{"s": "a"}, {"s": "b"}]}"#;
        let url = "http://h/".parse().unwrap();
        let response = Response::new(StatusCode::OK, HeaderMap::new(), body, url);
        for (selector, equals, text, holds) in [
            ("state", "", "", true),
            ("state", "pending", "", true),
            ("state", "done", "", false),
            ("step", "3", "", true),
            ("done", "false", "", true),
            ("jobs[*].s", "b", "", true),
            ("error", "", "", false),
            ("nothing", "", "", false),
            ("", "", "pending", true),
            ("", "", "PENDING", false),
            ("state", "pending", "jobs", true),
            ("state", "pending", "other", false),
            ("", "", "", false),
        ] {
            let test = test(selector, equals, text);
            assert_eq!(test.holds(&response), holds, "{test}");
        }
    }

    #[test]
    fn a_body_that_is_no_json_has_nothing_anywhere() {
        let url = "http://h/".parse().unwrap();
        let response = Response::new(StatusCode::OK, HeaderMap::new(), "please wait", url);
        assert!(!test("$", "", "").holds(&response));
        assert!(test("", "", "please").holds(&response));
    }

    #[test]
    fn a_test_says_what_it_looks_for() {
        let text = test("state", "pending", "job").to_string();
        assert_eq!(
            text,
            "the response has `state` = `pending` and contains `job`"
        );
    }
}
