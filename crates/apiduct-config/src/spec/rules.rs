//! The keys `response_actions` and `expect`.

use apiduct_client::rules::{Expect, HeaderTest, Pattern, ResponseMatch, ResponseRule, RuleAction};

use super::endpoint::EndpointSpec;
use super::fields::{Fields, Located, Written};
use super::keys::{EXPECT, HEADER_TEST, RESPONSE_ACTION};
use crate::locate::Node;

/// One rule with its place.
pub type RuleSpec = Located<ResponseRule>;

/// Reads `response_actions`, which the check has gone over.
pub(super) fn response_actions(fields: &Fields<'_>) -> Written<Vec<RuleSpec>> {
    fields.read("response_actions", |node, path| {
        let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
        let rules = nodes.iter().enumerate().filter_map(|(at, node)| {
            Some(Located {
                value: rule(node)?,
                path: format!("{path}[{at}]").into(),
                mark: node.mark,
            })
        });
        Some(rules.collect())
    })
}

fn rule(node: &Node) -> Option<ResponseRule> {
    let fields = Fields::new(&RESPONSE_ACTION, node, "");
    let pattern = fields.plain("pattern");
    let when = ResponseMatch {
        statuses: fields
            .statuses("status_code")
            .value()
            .cloned()
            .unwrap_or_default(),
        header: header_test(&fields),
        selector: fields.selector("selector").value().cloned(),
        equals: fields.plain("equals").value().cloned(),
        text: fields.plain("content").value().cloned(),
        pattern: pattern.value().and_then(|text| Pattern::new(text).ok()),
    };
    let then = match *fields.word("action").value()? {
        "skip_page" => RuleAction::SkipPage,
        "skip_parent" => RuleAction::SkipParent,
        "retry" => RuleAction::Retry {
            after: fields.duration("delay").value().copied(),
        },
        "refresh_auth" => RuleAction::RefreshAuth,
        "fail" => RuleAction::Fail {
            message: fields.plain("message").value().cloned(),
        },
        "accept" => RuleAction::Accept,
        _ => RuleAction::Stop,
    };
    Some(ResponseRule { when, then })
}

fn header_test(fields: &Fields<'_>) -> Option<HeaderTest> {
    let entry = fields.entry("header")?;
    if let Some(name) = fields.plain("header").value() {
        return Some(HeaderTest::present(name.parse().ok()?));
    }
    let own = Fields::new(&HEADER_TEST, &entry.value, "");
    Some(HeaderTest {
        name: own.plain("name").value()?.parse().ok()?,
        equals: own.plain("equals").value().cloned(),
        contains: own.plain("contains").value().cloned(),
    })
}

/// Reads `expect`.
pub(super) fn expect(fields: &Fields<'_>) -> Written<Expect> {
    fields.read("expect", |node, path| {
        let fields = Fields::new(&EXPECT, node, path);
        Some(Expect {
            statuses: fields
                .statuses("status_code")
                .value()
                .cloned()
                .unwrap_or_default(),
            content_type: fields.plain("content_type").value().cloned(),
            selector: fields.selector("selector").value().cloned(),
        })
    })
}

impl EndpointSpec {
    /// The rules in order; none when there are none.
    pub(crate) fn rules(&self) -> &[RuleSpec] {
        self.response_actions
            .value()
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}
