//! Rules about answers, from the text to what is planned.

use std::time::Duration;

use apiduct_client::rules::{Expect, HeaderTest, Pattern, ResponseMatch, ResponseRule, RuleAction};
use apiduct_config::{Format, Plan};
use apiduct_json::Selector;

use crate::broken::resources;

fn plan(head: &str, resources: &str) -> Plan {
    let text = format!("client: {{base_url: 'https://h'}}\n{head}\nresources:\n{resources}");
    Plan::parse(&text, Format::Yaml, "t.yaml").unwrap_or_else(|errors| panic!("{errors}"))
}

/// The rules of a resource without a parent.
fn rules(list: &str) -> Vec<ResponseRule> {
    let resource = format!("  - {{name: a, endpoint: {{response_actions: {list}}}}}");
    plan("", &resource).resources[0].response_rules.clone()
}

fn rule(when: ResponseMatch, then: RuleAction) -> ResponseRule {
    ResponseRule { when, then }
}

#[test]
fn the_spellings_of_the_reference_are_read() {
    let read = rules(
        "[{status_code: 404, content: 'Not found', action: ignore}, {status_code: '404', action: ignore}, {content: x, action: ignore}]",
    );
    let both = ResponseMatch {
        text: Some("Not found".to_owned()),
        ..ResponseMatch::status(404)
    };
    assert_eq!(
        read,
        [
            rule(both, RuleAction::Stop),
            rule(ResponseMatch::status(404), RuleAction::Stop),
            rule(ResponseMatch::text("x"), RuleAction::Stop),
        ]
    );
}

#[test]
fn every_condition_and_action_is_read() {
    let text = "[{status: [404, 5xx, 420-429], action: skip_page},
      {header: X-State, action: stop},
      {header: {name: X-State, equals: on, contains: o}, action: retry, delay: 5s},
      {selector: error.code, equals: '7', action: fail, message: no},
      {pattern: 'a+', action: refresh_auth},
      {text: b, action: accept}, {text: c, action: fail}, {text: d, action: retry}]";
    let header = |equals: Option<&str>, contains: Option<&str>| ResponseMatch {
        header: Some(HeaderTest {
            name: "x-state".parse().unwrap(),
            equals: equals.map(str::to_owned),
            contains: contains.map(str::to_owned),
        }),
        ..ResponseMatch::default()
    };
    let statuses = ResponseMatch {
        statuses: vec![404..=404, 500..=599, 420..=429],
        ..ResponseMatch::default()
    };
    let code = ResponseMatch {
        selector: Some(Selector::parse("error.code").unwrap()),
        equals: Some("7".to_owned()),
        ..ResponseMatch::default()
    };
    let pattern = ResponseMatch {
        pattern: Some(Pattern::new("a+").unwrap()),
        ..ResponseMatch::default()
    };
    let fail = |message: Option<&str>| RuleAction::Fail {
        message: message.map(str::to_owned),
    };
    let after = Some(Duration::from_secs(5));
    assert_eq!(
        rules(text),
        [
            rule(statuses, RuleAction::SkipPage),
            rule(header(None, None), RuleAction::Stop),
            rule(header(Some("on"), Some("o")), RuleAction::Retry { after }),
            rule(code, fail(Some("no"))),
            rule(pattern, RuleAction::RefreshAuth),
            rule(ResponseMatch::text("b"), RuleAction::Accept),
            rule(ResponseMatch::text("c"), fail(None)),
            rule(ResponseMatch::text("d"), RuleAction::Retry { after: None }),
        ]
    );
}

#[test]
fn what_is_expected_is_read() {
    let plan = plan(
        "",
        "  - {name: a, endpoint: {expect: {status_code: [200, 206], content_type: text/csv, selector: data}}}\n  - b",
    );
    let expect = Expect {
        statuses: vec![200..=200, 206..=206],
        content_type: Some("text/csv".to_owned()),
        selector: Some(Selector::parse("data").unwrap()),
    };
    assert_eq!(plan.resources[0].expect, Some(expect));
    assert_eq!(plan.resources[1].expect, None);
}

#[test]
fn rules_of_the_defaults_are_replaced_as_a_whole_and_skip_only_parents_that_are_there() {
    let plan = plan(
        "resource_defaults: {endpoint: {response_actions: [{status_code: 404, action: skip_parent}]}}",
        r"
  - posts
  - {name: comments, endpoint: 'posts/{resources.posts.id}/comments'}
  - {name: own, endpoint: {response_actions: [{status_code: 410, action: accept}]}}
  - {name: none, endpoint: {response_actions: null}}
",
    );
    let shown = |name| {
        let rules = &plan.resource(name).unwrap().response_rules;
        rules.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(shown("posts"), ["stop: status 404"]);
    assert_eq!(shown("comments"), ["skip_parent: status 404"]);
    assert_eq!(shown("own"), ["accept: status 410"]);
    assert!(shown("none").is_empty());
}

#[test]
fn the_plan_shows_the_rules() {
    let plan = plan(
        "",
        "  - {name: a, endpoint: {response_actions: [{status_code: 4xx, action: ignore}]}}",
    );
    let shown = serde_json::to_value(plan.describe()).unwrap();
    let rules = &shown["resources"][0]["response_actions"];
    assert_eq!(*rules, serde_json::json!(["stop: status 4xx"]));
}

#[test]
fn wrong_rules_are_told_with_their_places() {
    let text = r"
  - name: a
    endpoint:
      response_actions:
        - {status_code: 404, action: ignor}
        - {status_code: 404, action: raise}
        - {status_code: 4x, action: stop}
        - {status_code: 404}
        - {action: stop}
        - {equals: a, action: stop, text: x}
        - {text: a, action: stop, delay: 5s}
        - {text: a, action: retry, message: m}
        - {pattern: 'a(', action: stop}
        - {header: 'a b', action: stop}
        - {header: {name: 'a b'}, action: stop}
        - {header: {equals: b}, action: stop}
        - {text: a, action: skip_parent}
        - 404
      expect: {}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:7:38: resources[0].endpoint.response_actions[0].action: unknown action `ignor`
      hint: did you mean `ignore`? valid are `ignore`, `stop`, `skip_page`, `skip_parent`, `retry`, `refresh_auth`, `fail`, `accept`
    source.yaml:8:38: resources[0].endpoint.response_actions[1].action: action `raise` is not supported by this version
      hint: leave the rule out: error statuses end the run anyway; `fail` is for others
    source.yaml:9:25: resources[0].endpoint.response_actions[2].status_code: `4x` is not a status or a range of them
      hint: write it like `503`, `5xx` or `500-599`
    source.yaml:10:11: resources[0].endpoint.response_actions[3]: required key `action` is missing
      hint: add `action`: what is done: `stop` (also `ignore`) ends the list, `skip_page`, `skip_parent`, `retry`, `refresh_auth`, `fail`, `accept`
    source.yaml:11:11: resources[0].endpoint.response_actions[4]: the rule looks at nothing, so that it would be for no answer
      hint: give `status_code`, `header`, `selector`, `content` or `pattern`
    source.yaml:12:12: resources[0].endpoint.response_actions[5].equals: `equals` says what a `selector` has to find, and there is none
      hint: give `selector`, a JSONPath
    source.yaml:13:35: resources[0].endpoint.response_actions[6].delay: `delay` goes with the action `retry` only
      hint: write `action: retry`, or remove `delay`
    source.yaml:14:36: resources[0].endpoint.response_actions[7].message: `message` goes with the action `fail` only
      hint: write `action: fail`, or remove `message`
    source.yaml:15:21: resources[0].endpoint.response_actions[8].pattern: `a(` is not a regular expression: unclosed group
      hint: look around and references back are not known
    source.yaml:16:20: resources[0].endpoint.response_actions[9].header: `a b` is not the name of a header
      hint: write it like `X-Status`
    source.yaml:17:27: resources[0].endpoint.response_actions[10].header.name: `a b` is not the name of a header
      hint: write it like `X-Status`
    source.yaml:18:20: resources[0].endpoint.response_actions[11].header: required key `name` is missing
      hint: add `name`: its name
    source.yaml:20:11: resources[0].endpoint.response_actions[13]: expected a mapping, found a number
      hint: write `{KEY: VALUE}`
    source.yaml:21:15: resources[0].endpoint.expect: `expect` says nothing
      hint: give `status_code`, `content_type` or `selector`
    ");
}

#[test]
fn a_parent_that_is_not_there_cannot_be_skipped() {
    let text = "  - {name: a, endpoint: {response_actions: [{text: x, action: skip_parent}]}}";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:3:45: resources[0].endpoint.response_actions[0]: resource `a` has no parent to skip
      hint: write `stop`, which ends the list before the page
    ");
}
