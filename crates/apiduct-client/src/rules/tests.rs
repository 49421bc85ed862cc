use http::header::{CONTENT_TYPE, HeaderMap};
use http::{HeaderValue, StatusCode};

use super::*;

fn response(status: u16, headers: &[(&'static str, &str)], body: &str) -> Response {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    let status = StatusCode::from_u16(status).unwrap();
    Response::new(status, map, body.to_owned(), "http://h/".parse().unwrap())
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "fields of this type are set with it"
)]
fn selector(path: &str) -> Option<Selector> {
    Some(Selector::parse(path).unwrap())
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "fields of this type are set with it"
)]
fn given(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn header(equals: Option<&str>, contains: Option<&str>) -> ResponseMatch {
    ResponseMatch {
        header: Some(HeaderTest {
            name: HeaderName::from_static("x-state"),
            equals: equals.map(str::to_owned),
            contains: contains.map(str::to_owned),
        }),
        ..ResponseMatch::default()
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table, one case after another")]
fn every_condition_that_is_set_must_hold() {
    let body = r#"{"error": {"code": 7, "text": "Not Found"}, "none": null}"#;
    let response = response(404, &[("x-state", "old"), ("x-state", "not ready")], body);
    let any = ResponseMatch::default;
    for (when, holds) in [
        (any(), false),
        (ResponseMatch::status(404), true),
        (ResponseMatch::status(400), false),
        (
            ResponseMatch {
                statuses: vec![500..=599, 400..=499],
                ..any()
            },
            true,
        ),
        (header(None, None), true),
        (header(Some("old"), None), true),
        (header(Some("ready"), None), false),
        (header(None, Some("ready")), true),
        (
            ResponseMatch {
                selector: selector("error.code"),
                ..any()
            },
            true,
        ),
        (
            ResponseMatch {
                selector: selector("error.code"),
                equals: given("7"),
                ..any()
            },
            true,
        ),
        (
            ResponseMatch {
                selector: selector("error.code"),
                equals: given("8"),
                ..any()
            },
            false,
        ),
        (
            ResponseMatch {
                selector: selector("none"),
                ..any()
            },
            false,
        ),
        (ResponseMatch::text("Not Found"), true),
        (ResponseMatch::text("not found"), false),
        (
            ResponseMatch {
                pattern: Some(Pattern::new("(?i)not\\s+found").unwrap()),
                ..any()
            },
            true,
        ),
        (
            ResponseMatch {
                text: given("Found"),
                ..ResponseMatch::status(404)
            },
            true,
        ),
        (
            ResponseMatch {
                text: given("Found"),
                ..ResponseMatch::status(400)
            },
            false,
        ),
        (
            ResponseMatch {
                selector: selector("error"),
                ..ResponseMatch::text("absent")
            },
            false,
        ),
    ] {
        assert_eq!(when.holds(&response), holds, "{when}");
    }
}

#[test]
fn the_first_rule_whose_condition_holds_decides() {
    let rule = |when, then| ResponseRule { when, then };
    let rules = ResponseRules {
        rules: vec![
            rule(ResponseMatch::status(403), RuleAction::SkipParent),
            rule(ResponseMatch::text("gone"), RuleAction::Stop),
            rule(ResponseMatch::status(404), RuleAction::Accept),
        ],
        expect: None,
    };
    let word = |status, body| match rules.judge(&response(status, &[], body)) {
        Judgement::Rule(rule) => rule.then.word(),
        _ => "silent",
    };
    assert_eq!(word(404, "gone"), "stop");
    assert_eq!(word(404, "x"), "accept");
    assert_eq!(word(403, "gone"), "skip_parent");
    assert_eq!(word(200, "x"), "silent");
}

#[test]
fn a_body_is_decoded_only_when_a_condition_gets_to_it_and_then_once() {
    let response = response(200, &[], r#"{"a": 1}"#);
    let seen = Seen::new(&response);
    let by_text = ResponseMatch {
        text: given("a"),
        ..ResponseMatch::status(404)
    };
    assert!(!by_text.holds_for(&seen));
    assert!(!ResponseMatch::status(500).holds_for(&seen));
    assert!(!header(None, None).holds_for(&seen));
    assert!(seen.text.get().is_none() && seen.json.get().is_none());
    assert!(ResponseMatch::text("a").holds_for(&seen));
    let first: *const str = seen.text();
    assert!(ResponseMatch::text("1").holds_for(&seen));
    assert!(std::ptr::eq(first, seen.text()));
    assert!(seen.json.get().is_none(), "nobody asked for a value");
}

#[test]
fn conditions_are_said_as_they_are_written() {
    let when = ResponseMatch {
        statuses: vec![404..=404, 500..=599, 420..=429],
        selector: selector("error.code"),
        equals: given("7"),
        text: given("x"),
        pattern: Some(Pattern::new("y+").unwrap()),
        ..header(Some("on"), None)
    };
    let rule = ResponseRule {
        when,
        then: RuleAction::Stop,
    };
    assert_eq!(
        rule.to_string(),
        "stop: status 404, 5xx, 420-429 and header `x-state` = `on` and `error.code` = `7` and text `x` and pattern `y+`"
    );
}

#[test]
fn what_is_expected_is_held_against_good_answers_with_a_body() {
    let expect = Expect {
        statuses: vec![200..=200, 204..=204],
        content_type: given("application/json"),
        selector: selector("data"),
    };
    let rules = ResponseRules {
        rules: Vec::new(),
        expect: Some(expect),
    };
    let json = [(CONTENT_TYPE.as_str(), "application/JSON; charset=utf-8")];
    let problem = |response: &Response| match rules.judge(response) {
        Judgement::Unexpected(problem) => problem,
        other => format!("{other:?}"),
    };
    let json = |status, body| {
        let (name, value) = json[0];
        let mut response = response(status, &[], body);
        let value = HeaderValue::from_str(value).unwrap();
        response
            .headers
            .insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
        response
    };
    assert_eq!(problem(&json(200, r#"{"data": null}"#)), "Silent");
    assert_eq!(problem(&json(204, "")), "Silent");
    assert_eq!(problem(&json(500, "{}")), "Silent", "reported anyway");
    assert_eq!(problem(&json(202, "{}")), "status 200, 204 is expected");
    assert_eq!(
        problem(&json(200, r#"{"error": 1, "code": 2}"#)),
        "something is expected at `data`, and the keys are `error`, `code`"
    );
    assert_eq!(
        problem(&json(200, "[1]")),
        "something is expected at `data`"
    );
    assert_eq!(
        problem(&response(200, &[], r#"{"data": 1}"#)),
        "content type `application/json` is expected, and this is `none`"
    );
}

#[test]
fn media_types_may_leave_a_part_open() {
    for (expected, holds) in [
        ("text/csv", true),
        ("text/*", true),
        ("*/csv", true),
        ("text", true),
        ("application/*", false),
    ] {
        let rules = ResponseRules {
            rules: Vec::new(),
            expect: Some(Expect {
                content_type: given(expected),
                ..Expect::default()
            }),
        };
        let response = response(200, &[("content-type", "Text/CSV; header=present")], "a");
        assert_eq!(
            rules.judge(&response) == Judgement::Silent,
            holds,
            "{expected}"
        );
    }
}

#[test]
fn a_broken_expression_is_an_error_that_says_why() {
    let error = Pattern::new("a(").unwrap_err();
    assert_eq!(error.to_string(), "`a(` is not a regular expression");
    assert!(
        error.source.text().contains("unclosed group"),
        "{}",
        error.source
    );
}
