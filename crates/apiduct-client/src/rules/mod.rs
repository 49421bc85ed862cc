//! Response rules: what is done with answers that look a certain way, written down instead of programmed.
//!
//! A [`ResponseRule`] is a condition ([`ResponseMatch`]) and an action ([`RuleAction`]). The first rule of a walk whose
//! condition holds decides, and no other is asked; what no rule speaks of is treated as if there were none: error
//! statuses are tried again or reported, an empty body is an empty page. Rules see every try, after redirects, after
//! hooks and after rejected credentials were renewed once. Pages that a rule leaves out are counted
//! ([`Pages::left_out`](crate::Pages::left_out)).
//!
//! ```
//! use apiduct_client::Client;
//! use apiduct_client::rules::{ResponseMatch, ResponseRule, RuleAction};
//!
//! let client = Client::builder("https://api.example.com").build()?;
//! let pages = client
//!     .paginate("/posts/7/comments")
//!     .response_rule(ResponseRule {
//!         when: ResponseMatch::status(404),
//!         then: RuleAction::Stop, // this API has no empty list
//!     })
//!     .send();
//! # let _ = pages;
//! # Ok::<(), apiduct_client::Error>(())
//! ```

mod expect;
mod pattern;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use apiduct_json::Selector;
use http::HeaderName;
use serde_json::Value;

pub use expect::Expect;
pub use pattern::{Pattern, PatternSyntax};

use crate::Response;
use crate::retry::ResponseTest;

/// What is done with responses that look a certain way.
#[derive(Debug, Clone, PartialEq)]
pub struct ResponseRule {
    /// The responses it is for.
    pub when: ResponseMatch,
    /// What is done with them.
    pub then: RuleAction,
}

/// What a response looks like: all that is set must hold; where nothing is set, nothing does.
///
/// The body is decoded only where a condition looks at it, and once for all rules.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseMatch {
    /// The status is in one of these ranges. Empty: any status.
    pub statuses: Vec<RangeInclusive<u16>>,
    /// There is such a header.
    pub header: Option<HeaderTest>,
    /// Something other than null is here in the JSON body.
    pub selector: Option<Selector>,
    /// What the selector finds is this text, or a number or boolean that is written so.
    pub equals: Option<String>,
    /// The body contains this text; upper and lower case differ.
    pub text: Option<String>,
    /// The body has a match of this regular expression.
    pub pattern: Option<Pattern>,
}

/// A header that a response has to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderTest {
    /// Its name.
    pub name: HeaderName,
    /// Its value, exactly. Default: any.
    pub equals: Option<String>,
    /// A part of its value. Default: any.
    pub contains: Option<String>,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuleAction {
    /// Takes the response as a page, whatever its status is.
    Accept,
    /// Leaves out the records of this page and goes on behind it.
    SkipPage,
    /// Ends the walk before this page, as if the list ended there.
    Stop,
    /// Ends the walk before this page, because the parent whose children it reads has none to give.
    SkipParent,
    /// Tries again, within the retries that are allowed. When none is left, that is an error.
    Retry {
        /// The wait before the next try. Default: as after any failure.
        after: Option<Duration>,
    },
    /// Renews the credentials and tries again, once. If that does not help, it is an error.
    RefreshAuth,
    /// Ends in an error.
    Fail {
        /// What to tell the user. Default: the condition.
        message: Option<String>,
    },
}

/// The rules of a walk, in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct ResponseRules {
    pub(crate) rules: Vec<ResponseRule>,
    pub(crate) expect: Option<Expect>,
}

/// What the rules say about a response.
#[derive(Debug, PartialEq)]
pub(crate) enum Judgement<'r> {
    /// Nothing.
    Silent,
    /// This rule is for it.
    Rule(&'r ResponseRule),
    /// It is not what is expected: why.
    Unexpected(String),
}

/// A response whose body is decoded when somebody looks at it, and then kept.
pub(crate) struct Seen<'r> {
    pub(crate) response: &'r Response,
    text: OnceCell<Cow<'r, str>>,
    json: OnceCell<Option<Value>>,
}

impl<'r> Seen<'r> {
    pub(crate) fn new(response: &'r Response) -> Self {
        Self {
            response,
            text: OnceCell::new(),
            json: OnceCell::new(),
        }
    }

    fn text(&self) -> &str {
        self.text.get_or_init(|| self.response.text())
    }

    /// The body; `None` when it is no JSON.
    pub(crate) fn json(&self) -> Option<&Value> {
        let parsed = self.json.get_or_init(|| self.response.json().ok());
        parsed.as_ref()
    }
}

impl ResponseMatch {
    /// Responses of this status.
    pub fn status(status: u16) -> Self {
        Self {
            statuses: vec![status..=status],
            ..Self::default()
        }
    }

    /// Responses whose body contains `text`.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::default()
        }
    }

    /// Whether nothing is set, so that no response fits.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether `response` looks like this.
    pub fn holds(&self, response: &Response) -> bool {
        self.holds_for(&Seen::new(response))
    }

    /// What costs least is asked first.
    fn holds_for(&self, seen: &Seen<'_>) -> bool {
        let status = seen.response.status.as_u16();
        if self.is_empty()
            || !self.statuses.is_empty()
                && !self.statuses.iter().any(|range| range.contains(&status))
        {
            return false;
        }
        let has_header = |test: &HeaderTest| test.holds(seen.response);
        let has_text = |text: &String| seen.text().contains(text.as_str());
        let matches = |pattern: &Pattern| pattern.is_match(seen.text());
        self.header.as_ref().is_none_or(has_header)
            && self.text.as_ref().is_none_or(has_text)
            && self.pattern.as_ref().is_none_or(matches)
            && self.finds(seen)
    }

    fn finds(&self, seen: &Seen<'_>) -> bool {
        let Some(selector) = &self.selector else {
            return true;
        };
        let test = ResponseTest {
            selector: None,
            equals: self.equals.clone(),
            text: None,
        };
        let found = |body| selector.query(body).into_iter().any(|one| test.takes(one));
        seen.json().is_some_and(found)
    }
}

impl HeaderTest {
    /// A header of this name, whatever its value is.
    pub fn present(name: HeaderName) -> Self {
        Self {
            name,
            equals: None,
            contains: None,
        }
    }

    fn holds(&self, response: &Response) -> bool {
        let values = response.headers.get_all(&self.name).iter();
        let mut texts = values.map(|value| String::from_utf8_lossy(value.as_bytes()));
        texts.any(|text| {
            self.equals.as_ref().is_none_or(|own| text == own.as_str())
                && self.contains.as_ref().is_none_or(|own| text.contains(own))
        })
    }
}

impl RuleAction {
    /// The word that a file has for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::SkipPage => "skip_page",
            Self::Stop => "stop",
            Self::SkipParent => "skip_parent",
            Self::Retry { .. } => "retry",
            Self::RefreshAuth => "refresh_auth",
            Self::Fail { .. } => "fail",
        }
    }
}

impl ResponseRules {
    /// What is done with `response`: what the first rule says that is for it, else what the expectation says.
    pub(crate) fn judge(&self, response: &Response) -> Judgement<'_> {
        let seen = Seen::new(response);
        if let Some(rule) = self.rules.iter().find(|rule| rule.when.holds_for(&seen)) {
            return Judgement::Rule(rule);
        }
        let problem = self.expect.as_ref().and_then(|own| own.problem(&seen));
        problem.map_or(Judgement::Silent, Judgement::Unexpected)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.expect.is_none()
    }
}

/// Says action and condition: `stop: status 404`.
impl fmt::Display for ResponseRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.then.word(), self.when)
    }
}

impl fmt::Display for ResponseMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if !self.statuses.is_empty() {
            parts.push(format!("status {}", Statuses(&self.statuses)));
        }
        if let Some(header) = &self.header {
            parts.push(header.to_string());
        }
        if let Some(selector) = &self.selector {
            let equals = self.equals.as_ref();
            let equals = equals.map_or_else(String::new, |text| format!(" = `{text}`"));
            parts.push(format!("`{}`{equals}", selector.as_str()));
        }
        if let Some(text) = &self.text {
            parts.push(format!("text `{text}`"));
        }
        if let Some(pattern) = &self.pattern {
            parts.push(format!("pattern `{pattern}`"));
        }
        f.write_str(&parts.join(" and "))
    }
}

impl fmt::Display for HeaderTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "header `{}`", self.name)?;
        if let Some(equals) = &self.equals {
            write!(f, " = `{equals}`")?;
        }
        match &self.contains {
            Some(contains) => write!(f, " with `{contains}`"),
            None => Ok(()),
        }
    }
}

/// Statuses as people write them: `404`, `4xx`, `500-504`.
pub(crate) struct Statuses<'s>(pub(crate) &'s [RangeInclusive<u16>]);

impl fmt::Display for Statuses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, range) in self.0.iter().enumerate() {
            let (first, last) = (*range.start(), *range.end());
            f.write_str(if at == 0 { "" } else { ", " })?;
            if first == last {
                write!(f, "{first}")?;
            } else if first % 100 == 0 && last == first + 99 {
                write!(f, "{}xx", first / 100)?;
            } else {
                write!(f, "{first}-{last}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
