//! Response rules and expectations.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use apiduct_client::auth::{Auth, AuthContext, AuthError, OnRejected};
use apiduct_client::hook::{Verdict, hook_fn};
use apiduct_client::paginate::{Cursor, Offset, PageNumber, Reason, SinglePage};
use apiduct_client::rules::{Expect, HeaderTest, ResponseMatch, ResponseRule, RuleAction};
use apiduct_client::transport::PreparedRequest;
use apiduct_client::{
    Error, Pages, PaginateBuilder, Request, Response, RetryStop, Verdict as Judged,
};
use apiduct_json::Selector;
use apiduct_model::SecretText;
use async_trait::async_trait;
use http::HeaderValue;
use http::header::AUTHORIZATION;

use crate::support::{FakeTimer, Script, answer, ok};

fn rule(when: ResponseMatch, then: RuleAction) -> ResponseRule {
    ResponseRule { when, then }
}

fn by_status(status: u16, then: RuleAction) -> ResponseRule {
    rule(ResponseMatch::status(status), then)
}

fn page_of(request: &PreparedRequest) -> u64 {
    let mut query = request.url.query_pairs();
    let page = query.find(|(name, _)| name == "page" || name == "offset");
    page.map_or(1, |(_, value)| value.parse().unwrap())
}

/// A list of four pages of which the second is answered with `status` and `body`.
fn broken_second(status: u16, body: &'static str) -> Script {
    Script::new(move |request| match page_of(request) {
        2 => answer(status, &[("content-type", "application/json")], body),
        5.. => ok("[]"),
        page => ok(format!("[{page}]")),
    })
}

fn walk(script: &Script) -> (PaginateBuilder, FakeTimer) {
    let (builder, timer) = script.client();
    (
        builder.build().unwrap().paginate("/x").data_selector("$"),
        timer,
    )
}

async fn records(pages: &mut Pages) -> Result<Vec<u32>, Error> {
    let mut records = Vec::new();
    while let Some(page) = pages.next().await? {
        records.extend(page.records::<u32>()?);
    }
    Ok(records)
}

/// What the walk left out.
fn left_out(pages: &Pages) -> Vec<(String, u64)> {
    let reasons = pages.left_out().reasons();
    reasons
        .map(|(reason, count)| (reason.to_owned(), count))
        .collect()
}

fn counted(reason: &str, count: u64) -> Vec<(String, u64)> {
    vec![(reason.to_owned(), count)]
}

#[tokio::test]
async fn a_stop_ends_the_list_before_the_page_and_is_counted() {
    let script = broken_second(404, "{}");
    let (walk, timer) = walk(&script);
    let mut pages = walk
        .paginator(PageNumber::new())
        .response_rule(by_status(404, RuleAction::Stop))
        .send();
    assert_eq!(records(&mut pages).await.unwrap(), [1]);
    assert_eq!(
        script.log().len(),
        2,
        "pages behind a stop are not asked for"
    );
    assert_eq!(left_out(&pages), counted("stop: status 404", 1));
    assert_eq!(
        pages.left_out().gap,
        None,
        "the rule says that the list ends there"
    );
    let rule = "stop: status 404".to_owned();
    assert_eq!(pages.end(), Some(&Reason::StoppedByRule { rule }));
    assert!(timer.waits().is_empty());
}

#[tokio::test]
async fn a_stop_before_the_total_is_reached_does_not_pass_for_complete() {
    let script = Script::new(|request| match page_of(request) {
        0 => ok(r#"{"total": 30, "data": [1]}"#),
        _ => answer(404, &[], ""),
    });
    let (builder, _) = script.client();
    let walk = builder
        .build()
        .unwrap()
        .paginate("/x")
        .data_selector("data");
    let mut pages = walk
        .paginator(Offset::new(1))
        .response_rule(by_status(404, RuleAction::Stop))
        .send();
    records(&mut pages).await.unwrap();
    assert_eq!(pages.tally().verdict(), Judged::Missing(29));
}

#[tokio::test]
async fn a_page_that_cannot_be_read_is_left_out_and_numbers_go_on_behind_it() {
    let script = broken_second(500, "oops");
    let (walk, timer) = walk(&script);
    let mut pages = walk
        .paginator(PageNumber::new())
        .response_rule(by_status(500, RuleAction::SkipPage))
        .send();
    assert_eq!(records(&mut pages).await.unwrap(), [1, 3, 4]);
    assert_eq!(left_out(&pages), counted("skip_page: status 500", 1));
    assert_eq!(
        (
            pages.left_out().effort.requests,
            pages.left_out().gap.as_deref()
        ),
        (1, None)
    );
    assert!(timer.waits().is_empty(), "a rule comes before retries");
}

#[tokio::test]
async fn a_bound_of_the_paginator_holds_behind_a_page_that_was_left_out() {
    let script = broken_second(500, "oops");
    let (walk, _) = walk(&script);
    let mut pages = walk
        .paginator(PageNumber::new().maximum_page(2))
        .response_rule(by_status(500, RuleAction::SkipPage))
        .send();
    assert_eq!(records(&mut pages).await.unwrap(), [1]);
    assert_eq!(pages.end(), Some(&Reason::MaximumReached { maximum: 2 }));
}

#[tokio::test]
async fn a_page_that_can_be_read_still_leads_on() {
    let script = Script::new(|request| match request.url.query() {
        None => ok(r#"{"next": "b", "data": [1]}"#),
        Some("after=b") => ok(r#"{"next": "c", "data": [2], "partial": true}"#),
        _ => ok(r#"{"next": null, "data": [3]}"#),
    });
    let (builder, _) = script.client();
    let walk = builder
        .build()
        .unwrap()
        .paginate("/x")
        .data_selector("data");
    let partial = ResponseMatch {
        selector: Some(Selector::parse("partial").unwrap()),
        equals: Some("true".to_owned()),
        ..ResponseMatch::default()
    };
    let mut pages = walk
        .paginator(Cursor::new("next"))
        .response_rule(rule(partial, RuleAction::SkipPage))
        .send();
    assert_eq!(records(&mut pages).await.unwrap(), [1, 3]);
    assert_eq!(
        left_out(&pages),
        counted("skip_page: `partial` = `true`", 1)
    );
}

#[tokio::test]
async fn what_follows_a_lost_cursor_is_a_gap_and_no_silent_end() {
    let script = Script::new(|request| match request.url.query() {
        None => ok(r#"{"next": "b", "data": [1]}"#),
        _ => answer(500, &[], ""),
    });
    let (builder, _) = script.client();
    let walk = builder
        .build()
        .unwrap()
        .paginate("/x")
        .data_selector("data");
    let mut pages = walk
        .paginator(Cursor::new("next"))
        .response_rule(by_status(500, RuleAction::SkipPage))
        .send();
    assert_eq!(records(&mut pages).await.unwrap(), [1]);
    assert_eq!(
        pages.left_out().gap.as_deref(),
        Some("what follows a page that was left out (skip_page: status 500) is not known")
    );
}

#[tokio::test]
async fn nothing_follows_a_single_page_that_was_left_out() {
    let script = Script::sequence(vec![answer(403, &[], "")]);
    let (walk, _) = walk(&script);
    let mut pages = walk
        .paginator(SinglePage)
        .response_rule(by_status(403, RuleAction::SkipPage))
        .send();
    assert!(records(&mut pages).await.unwrap().is_empty());
    assert_eq!(pages.left_out().gap, None);
    assert_eq!(pages.end(), Some(&Reason::SinglePage));
}

#[tokio::test]
async fn a_parent_that_is_given_up_after_some_pages_leaves_a_gap() {
    for (first_bad, gap) in [
        (1, None),
        (
            2,
            Some("it was given up after page 1 (skip_parent: status 403)"),
        ),
    ] {
        let script = Script::new(move |request| match page_of(request) {
            page if page < first_bad => ok("[1]"),
            _ => answer(403, &[], ""),
        });
        let (walk, _) = walk(&script);
        let mut pages = walk
            .paginator(PageNumber::new())
            .response_rule(by_status(403, RuleAction::SkipParent))
            .send();
        records(&mut pages).await.unwrap();
        assert_eq!(left_out(&pages), counted("skip_parent: status 403", 1));
        assert_eq!(pages.left_out().gap.as_deref(), gap);
    }
}

#[tokio::test]
async fn a_retry_waits_as_long_as_the_rule_says() {
    let building = || answer(200, &[("x-state", "building")], "[]");
    let script = Script::sequence(vec![building(), building(), ok("[7]")]);
    let (walk, timer) = walk(&script);
    let when = ResponseMatch {
        header: Some(HeaderTest {
            equals: Some("building".to_owned()),
            ..HeaderTest::present("x-state".parse().unwrap())
        }),
        ..ResponseMatch::default()
    };
    let after = Some(Duration::from_secs(12));
    let mut pages = walk
        .paginator(SinglePage)
        .response_rule(rule(when, RuleAction::Retry { after }))
        .send();
    assert_eq!(records(&mut pages).await.unwrap(), [7]);
    assert_eq!(timer.waits(), [12.0, 12.0]);
}

#[tokio::test]
async fn a_page_that_stays_unready_is_an_error_and_no_page() {
    let script = Script::sequence(vec![answer(200, &[], "[1]")]);
    let (walk, timer) = walk(&script);
    let mut pages = walk
        .paginator(SinglePage)
        .response_rule(by_status(200, RuleAction::Retry { after: None }))
        .send();
    let error = records(&mut pages).await.unwrap_err();
    assert_eq!(timer.waits(), [1.0, 2.0, 4.0, 8.0, 16.0]);
    assert_eq!(error.retry_stop(), Some(RetryStop::Exhausted));
    assert_eq!(
        error.to_string(),
        "GET https://api.test/x would have to be tried again after 6 attempts: retry: status 200"
    );
}

#[tokio::test]
async fn a_wait_beyond_the_bound_of_waits_is_not_begun() {
    let script = Script::sequence(vec![answer(404, &[], "")]);
    let (walk, timer) = walk(&script);
    let after = Some(Duration::from_hours(1));
    let mut pages = walk
        .response_rule(by_status(404, RuleAction::Retry { after }))
        .send();
    let error = records(&mut pages).await.unwrap_err();
    assert!(timer.waits().is_empty());
    assert!(matches!(error, Error::Status(_)));
    assert!(matches!(
        error.retry_stop(),
        Some(RetryStop::WaitTooLong { .. })
    ));
}

#[tokio::test]
async fn an_error_status_can_be_accepted_as_a_page() {
    let script = Script::sequence(vec![answer(404, &[], r#"{"data": [1, 2]}"#)]);
    let (builder, timer) = script.client();
    let walk = builder
        .build()
        .unwrap()
        .paginate("/x")
        .data_selector("data");
    let mut pages = walk
        .paginator(SinglePage)
        .response_rule(by_status(404, RuleAction::Accept))
        .send();
    assert_eq!(records(&mut pages).await.unwrap(), [1, 2]);
    assert!(timer.waits().is_empty() && pages.left_out().is_none());
}

#[tokio::test]
async fn an_accepted_page_without_records_is_judged_like_any_other() {
    let script = Script::sequence(vec![answer(404, &[], r#"{"message": "no"}"#)]);
    let (builder, _) = script.client();
    let walk = builder
        .build()
        .unwrap()
        .paginate("/x")
        .data_selector("data");
    let mut pages = walk
        .paginator(SinglePage)
        .response_rule(by_status(404, RuleAction::Accept))
        .send();
    let error = records(&mut pages).await.unwrap_err();
    assert!(matches!(error, Error::NoMatch { .. }), "{error}");
}

#[tokio::test]
async fn a_failure_says_its_message_and_shows_the_body_without_secrets() {
    let script = Script::sequence(vec![ok(r#"{"error": "quota of s3cret-key is used up"}"#)]);
    let (builder, timer) = script.client();
    let client = builder.build().unwrap();
    client.redactor().register(&SecretText::from("s3cret-key"));
    let message = Some("the quota is used up".to_owned());
    let mut pages = client
        .paginate("/x")
        .response_rule(rule(
            ResponseMatch::text("quota"),
            RuleAction::Fail { message },
        ))
        .send();
    let error = records(&mut pages).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"GET https://api.test/x answered 200: the quota is used up: `{"error": "quota of *** is used up"}`"#
    );
    assert!(timer.waits().is_empty());
}

#[tokio::test]
async fn statuses_without_a_rule_are_tried_again_and_reported() {
    let script = Script::sequence(vec![answer(503, &[], "")]);
    let (walk, timer) = walk(&script);
    let mut pages = walk.response_rule(by_status(404, RuleAction::Stop)).send();
    let error = records(&mut pages).await.unwrap_err();
    assert!(matches!(error, Error::Status(_)), "{error}");
    assert_eq!(timer.waits().len(), 5);
}

#[tokio::test]
async fn hooks_come_first_and_rules_see_what_they_changed() {
    let script = Script::sequence(vec![answer(500, &[], "")]);
    let (walk, _) = walk(&script);
    let mut pages = walk
        .paginator(SinglePage)
        .hook(hook_fn(|response, _| {
            response.body = "replaced".into();
            Verdict::Accept
        }))
        .response_rule(rule(ResponseMatch::text("replaced"), RuleAction::Stop))
        .send();
    assert!(records(&mut pages).await.unwrap().is_empty());
    assert_eq!(left_out(&pages), counted("stop: text `replaced`", 1));
}

#[tokio::test]
async fn what_a_hook_leaves_out_is_counted_too() {
    let script = broken_second(200, "[2]");
    let (walk, _) = walk(&script);
    let mut pages = walk
        .paginator(PageNumber::new())
        .hook(hook_fn(|response, _| {
            if response.text() == "[2]" {
                Verdict::SkipPage
            } else {
                Verdict::Accept
            }
        }))
        .send();
    assert_eq!(records(&mut pages).await.unwrap(), [1, 3, 4]);
    assert_eq!(left_out(&pages), counted("a hook", 1));
}

#[tokio::test]
async fn an_answer_that_is_not_as_expected_is_an_error() {
    let script = Script::sequence(vec![ok(r#"{"error": "no"}"#)]);
    let (walk, _) = walk(&script);
    let expect = Expect {
        selector: Some(Selector::parse("data").unwrap()),
        ..Expect::default()
    };
    let mut pages = walk.expect(expect).send();
    let error = records(&mut pages).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"GET https://api.test/x answered 200: something is expected at `data`, and the keys are `error`: `{"error": "no"}`"#
    );
}

/// Gives another token at every call, and can renew it.
#[derive(Debug, Default)]
struct Renewing(AtomicU32);

#[async_trait]
impl Auth for Renewing {
    async fn authorize(&self, request: &mut Request, _: &AuthContext<'_>) -> Result<(), AuthError> {
        let call = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let value = HeaderValue::from_str(&format!("token {call}")).unwrap();
        request.set_header(AUTHORIZATION, value);
        Ok(())
    }

    fn rejected(&self, _: &Request, _: &Response) -> OnRejected {
        OnRejected::RetryOnce
    }
}

fn expired() -> ResponseRule {
    rule(ResponseMatch::text("expired"), RuleAction::RefreshAuth)
}

#[tokio::test]
async fn credentials_are_renewed_when_the_body_says_so() {
    let script = Script::new(|request| match request.headers[AUTHORIZATION].as_bytes() {
        b"token 1" => ok(r#"{"error": "expired"}"#),
        _ => ok("[1]"),
    });
    let (builder, timer) = script.client();
    let client = builder.auth(Renewing::default()).build().unwrap();
    let walk = client
        .paginate("/x")
        .data_selector("$")
        .paginator(SinglePage);
    let mut pages = walk.response_rule(expired()).send();
    assert_eq!(records(&mut pages).await.unwrap(), [1]);
    assert!(timer.waits().is_empty());
}

#[tokio::test]
async fn credentials_are_renewed_once_and_only_where_there_are_some() {
    let script = Script::sequence(vec![ok(r#"{"error": "expired"}"#)]);
    for (is_renewable, sent, problem) in [
        (
            true,
            2,
            "the credentials were renewed, and the answer is the same (text `expired`)",
        ),
        (
            false,
            3,
            "there are no credentials that can be renewed (text `expired`)",
        ),
    ] {
        let (builder, _) = script.client();
        let builder = if is_renewable {
            builder.auth(Renewing::default())
        } else {
            builder
        };
        let walk = builder.build().unwrap().paginate("/x");
        let mut pages = walk.response_rule(expired()).send();
        let error = records(&mut pages).await.unwrap_err();
        assert!(error.to_string().contains(problem), "{error}");
        assert_eq!(script.sent().len(), sent);
    }
}
