//! Reports on request: asked for, waited for, downloaded.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use apiduct_client::format::BodyFormat;
use apiduct_client::job::{Job, JobHandle, JobPlace, JobProblem, JobStore};
use apiduct_client::{Error, KeepError, OnForeignOrigin, PageKey, Pages, RetryStop};
use apiduct_json::Selector;
use async_trait::async_trait;
use http::Method;
use serde_json::json;

use crate::support::{FakeTimer, Script, answer, ok};

fn selector(path: &str) -> Selector {
    Selector::parse(path).unwrap()
}

fn job() -> Job {
    Job::new(JobPlace::Path("reports/{job.id}".to_owned()))
        .status("state")
        .done(["DONE"])
        .failed(["FAILED"])
        .download(JobPlace::Body(selector("result.url")))
}

/// An API whose report is done at the poll with this number.
fn reports(done_at: usize) -> Script {
    let polls = Mutex::new(0);
    Script::new(move |request| {
        let (method, path) = (request.method.as_str(), request.url.path());
        match (method, path) {
            ("POST", "/reports") => answer(201, &[], r#"{"id": "r 7", "state": "QUEUED"}"#),
            ("GET", "/reports/r%207") => {
                let mut polls = polls.lock().unwrap();
                *polls += 1;
                if *polls < done_at {
                    ok(r#"{"state": "RUNNING"}"#)
                } else {
                    ok(r#"{"state": "DONE", "result": {"url": "/files/7?sig=x%2Fy"}}"#)
                }
            }
            ("GET", "/files/7") => answer(200, &[("content-type", "text/csv")], "id\n1\n2\n"),
            _ => answer(404, &[], ""),
        }
    })
}

/// Keeps jobs in memory.
#[derive(Debug, Default)]
struct Kept(Mutex<BTreeMap<u128, JobHandle>>);

impl Kept {
    fn all(&self) -> Vec<JobHandle> {
        self.0.lock().unwrap().values().cloned().collect()
    }
}

#[async_trait]
impl JobStore for Kept {
    async fn recall(&self, key: PageKey) -> Result<Option<JobHandle>, KeepError> {
        Ok(self.0.lock().unwrap().get(&key.0).cloned())
    }

    async fn keep(&self, key: PageKey, handle: &JobHandle) -> Result<(), KeepError> {
        self.0.lock().unwrap().insert(key.0, handle.clone());
        Ok(())
    }

    async fn forget(&self, key: PageKey) -> Result<(), KeepError> {
        self.0.lock().unwrap().remove(&key.0);
        Ok(())
    }
}

fn walk(script: &Script, job: Job, kept: &Arc<Kept>) -> (Pages, FakeTimer) {
    let (builder, timer) = script.client();
    let walk = builder.build().unwrap().paginate("/reports");
    let pages = walk
        .method(Method::POST)
        .json(&json!({"table": "orders"}))
        .header("X-Team", "a")
        .job(job)
        .job_store(Arc::clone(kept) as Arc<dyn JobStore>)
        .send();
    (pages, timer)
}

async fn ids(pages: &mut Pages) -> Result<Vec<String>, Error> {
    let mut ids = Vec::new();
    while let Some(page) = pages.next().await? {
        let values = page.values()?;
        ids.extend(
            values
                .iter()
                .map(|value| value["id"].as_str().unwrap().to_owned()),
        );
    }
    Ok(ids)
}

fn problem(error: &Error) -> &JobProblem {
    match error {
        Error::Job(error) => &error.problem,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_report_is_asked_for_once_waited_for_and_read() {
    let script = reports(4);
    let kept = Arc::new(Kept::default());
    let (mut pages, timer) = walk(&script, job(), &kept);
    assert_eq!(ids(&mut pages).await.unwrap(), ["1", "2"]);
    assert_eq!(timer.waits(), [5.0, 7.5, 11.25]);
    let preparation = pages.preparation();
    assert_eq!((preparation.requests, preparation.retries), (5, 0));
    assert_eq!(
        preparation.throttled,
        Duration::ZERO,
        "no limit made it wait"
    );
    let poll = "GET https://api.test/reports/r%207";
    assert_eq!(
        script.log(),
        [
            "POST https://api.test/reports",
            poll,
            poll,
            poll,
            poll,
            "GET https://api.test/files/7?sig=x%2Fy",
        ]
    );
    let last = script.sent().pop().unwrap();
    assert!(last.body.is_none(), "the body belongs to the first request");
    assert_eq!(last.headers["x-team"], "a");
}

#[tokio::test]
async fn waits_grow_to_their_bound_and_the_server_may_say_others() {
    let polls = Mutex::new(0);
    let script = Script::new(move |request| {
        if request.method == Method::POST {
            return answer(202, &[("location", "/jobs/1")], "");
        }
        let mut polls = polls.lock().unwrap();
        *polls += 1;
        match *polls {
            3 => answer(202, &[("retry-after", "40")], ""),
            1..6 => answer(202, &[], ""),
            _ => ok(r#"[{"id": "1"}]"#),
        }
    });
    let job = Job {
        max_interval: Duration::from_secs(8),
        ..Job::new(JobPlace::Header("location".parse().unwrap()))
    };
    let kept = Arc::default();
    let (mut pages, timer) = walk(&script, job, &kept);
    assert_eq!(ids(&mut pages).await.unwrap(), ["1"]);
    assert_eq!(timer.waits(), [5.0, 7.5, 40.0, 8.0, 8.0]);
    assert!(
        script
            .log()
            .iter()
            .skip(1)
            .all(|line| line == "GET https://api.test/jobs/1")
    );
}

#[tokio::test]
async fn a_job_that_takes_too_long_is_kept_and_the_next_run_waits_for_it() {
    let script = reports(3);
    let kept = Arc::new(Kept::default());
    let hasty = Job {
        deadline: Duration::from_secs(9),
        ..job()
    };
    let (mut pages, timer) = walk(&script, hasty, &kept);
    let error = ids(&mut pages).await.unwrap_err();
    assert_eq!(
        timer.waits(),
        [5.0],
        "a wait that would go beyond the deadline is not begun"
    );
    assert!(
        matches!(problem(&error), JobProblem::TooLong { .. }),
        "{error}"
    );
    assert!(matches!(
        error.retry_stop(),
        Some(RetryStop::WaitTooLong { .. })
    ));
    assert_eq!(
        error.to_string(),
        "GET https://api.test/reports/r%207 brings no report"
    );

    let (mut pages, _) = walk(&script, job(), &kept);
    assert_eq!(ids(&mut pages).await.unwrap(), ["1", "2"]);
    let asked = script
        .log()
        .iter()
        .filter(|line| line.starts_with("POST"))
        .count();
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn a_kept_job_that_is_gone_or_old_gives_way_to_a_new_one() {
    for (poll, created) in [
        ("https://api.test/reports/gone", None),
        ("https://api.test/reports/r%207", Some(5)),
    ] {
        let script = reports(1);
        let kept = Arc::new(Kept::default());
        let (mut pages, _) = walk(&script, job(), &kept);
        ids(&mut pages).await.unwrap();
        for handle in kept.0.lock().unwrap().values_mut() {
            handle.poll = poll.parse().unwrap();
            handle.created = created.unwrap_or(handle.created);
        }
        let (mut pages, _) = walk(&script, job(), &kept);
        assert_eq!(ids(&mut pages).await.unwrap(), ["1", "2"]);
        let asked = script
            .log()
            .iter()
            .filter(|line| line.starts_with("POST"))
            .count();
        assert_eq!(asked, 2, "{poll}");
        assert_eq!(
            kept.all()[0].poll.as_str(),
            "https://api.test/reports/r%207"
        );
    }
}

#[tokio::test]
async fn a_failed_job_is_an_error_that_says_why_and_is_not_kept() {
    let script = Script::new(|request| match request.method.as_str() {
        "POST" => ok(r#"{"id": 1}"#),
        _ => ok(r#"{"state": "FAILED", "error": "no such table"}"#),
    });
    let kept = Arc::new(Kept::default());
    let job = Job {
        message: Some(selector("error")),
        ..job()
    };
    let (mut pages, timer) = walk(&script, job, &kept);
    let error = ids(&mut pages).await.unwrap_err();
    assert_eq!(
        problem(&error).to_string(),
        "the job ended as `FAILED`: no such table"
    );
    assert!(timer.waits().is_empty() && kept.all().is_empty());
}

#[tokio::test]
async fn states_that_nobody_declared_are_errors_where_running_ones_are_declared() {
    let script = reports(2);
    let kept = Arc::default();
    let job = Job {
        running: vec!["QUEUED".to_owned()],
        ..job()
    };
    let (mut pages, _) = walk(&script, job, &kept);
    let error = ids(&mut pages).await.unwrap_err();
    let state = "RUNNING".to_owned();
    assert_eq!(*problem(&error), JobProblem::UnknownState { state });
}

#[tokio::test]
async fn an_answer_that_does_not_lead_on_is_named() {
    for (created, polled, expected) in [
        ("{}", "{}", "the answer has no address of the job at `id`"),
        (
            r#"{"id": 1}"#,
            "{}",
            "the answer has no state of the job at `state`",
        ),
        (
            r#"{"id": 1}"#,
            r#"{"state": "DONE"}"#,
            "the answer has no address of the report at `result.url`",
        ),
    ] {
        let script = Script::new(move |request| match request.method.as_str() {
            "POST" => ok(created),
            _ => ok(polled),
        });
        let (mut pages, _) = walk(&script, job(), &Arc::default());
        let error = ids(&mut pages).await.unwrap_err();
        assert_eq!(problem(&error).to_string(), expected);
    }
}

#[tokio::test]
async fn the_request_for_a_report_is_not_repeated_when_it_may_have_arrived() {
    let script = Script::sequence(vec![answer(500, &[], "")]);
    let (mut pages, timer) = walk(&script, job(), &Arc::default());
    let error = ids(&mut pages).await.unwrap_err();
    assert_eq!((script.sent().len(), timer.waits().len()), (1, 0));
    assert_eq!(error.retry_stop(), Some(RetryStop::NotIdempotent));
}

/// An API whose reports lie at another origin.
fn elsewhere() -> Script {
    Script::new(
        |request| match (request.method.as_str(), request.url.host_str()) {
            ("POST", _) => ok(r#"{"id": 1}"#),
            (_, Some("api.test")) => {
                ok(r#"{"state": "DONE", "result": {"url": "https://files.test/7?X-Sig=abc%2B"}}"#)
            }
            _ => answer(
                200,
                &[("content-type", "application/octet-stream")],
                "{\"id\":\"9\"}\n",
            ),
        },
    )
}

#[tokio::test]
async fn a_report_at_another_origin_is_refused_unless_that_is_allowed() {
    let script = elsewhere();
    let (mut pages, _) = walk(&script, job(), &Arc::default());
    let error = ids(&mut pages).await.unwrap_err();
    assert!(matches!(error, Error::ForeignOrigin { .. }), "{error}");
    assert!(script.log().iter().all(|line| !line.contains("files.test")));
}

#[tokio::test]
async fn a_report_at_another_origin_comes_without_our_credentials() {
    let script = elsewhere();
    let (builder, _) = script.client();
    let builder = builder.auth(apiduct_client::auth::Bearer::new("s3cret-token"));
    let job = Job {
        on_foreign_origin: Some(OnForeignOrigin::Strip),
        ..job()
    };
    let mut pages = builder
        .build()
        .unwrap()
        .paginate("/reports")
        .method(Method::POST)
        .job(job)
        .body_format(BodyFormat::JsonLines)
        .send();
    assert_eq!(ids(&mut pages).await.unwrap(), ["9"]);
    let sent = script.sent();
    let has_token = |at: usize| sent[at].headers.contains_key("authorization");
    assert_eq!(
        (has_token(0), has_token(1), has_token(2)),
        (true, true, false)
    );
    assert_eq!(sent[2].url.as_str(), "https://files.test/7?X-Sig=abc%2B");
}
