//! Recordings: faithful, without secrets, and enough to run again without a network.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use apiduct_client::auth::{ApiKey, Auth, Bearer, KeyLocation, OAuth2ClientCredentials};
use apiduct_client::transport::recording::{
    Recorder, RecordingError, ReplayTimer, ReplayTransport,
};
use apiduct_client::transport::{
    Limits, PreparedRequest, ReqwestTransport, Transport, TransportError,
};
use apiduct_client::{Client, Error, Pages, Timer};
use apiduct_model::{Clock, Hint, Redactor};
use apiduct_testkit::leak::{MARKER, holds};
use apiduct_testkit::{MockApi, OAuthServer, Reply};
use futures_util::future::join_all;
use http::{HeaderMap, Method};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{FakeTimer, Script, ok};

const START: Duration = Duration::from_secs(1_700_000_000);

/// A folder for one recording.
struct Tape(TempDir);

impl Tape {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("traffic.jsonl")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }

    fn recorder(&self, redactor: &Redactor) -> Recorder {
        Recorder::create(self.path(), redactor.clone(), UNIX_EPOCH + START).unwrap()
    }

    fn replay(&self) -> ReplayTransport {
        ReplayTransport::open(self.path(), Redactor::default()).unwrap()
    }

    /// A client of `api` whose traffic is recorded.
    fn recording(&self, api: &MockApi, auth: Arc<dyn Auth>) -> (Client, Recorder) {
        let redactor = Redactor::default();
        let recorder = self.recorder(&redactor);
        let transport = recorder.around(Arc::new(ReqwestTransport::builder().build().unwrap()));
        let client = Client::builder(api.base_url())
            .auth(auth)
            .redactor(redactor)
            .timer(Arc::new(FakeTimer::new()))
            .transport(transport)
            .build();
        (client.unwrap(), recorder)
    }

    /// A client that gets the recorded answers.
    fn replaying(&self, base_url: &str, auth: Arc<dyn Auth>) -> Client {
        let replay = self.replay();
        let timer = ReplayTimer::starting_at(replay.recorded_at());
        let client = Client::builder(base_url)
            .auth(auth)
            .timer(Arc::new(timer))
            .transport(replay)
            .build();
        client.unwrap()
    }
}

fn request(url: &str) -> PreparedRequest {
    PreparedRequest {
        method: Method::GET,
        url: url.parse().unwrap(),
        headers: HeaderMap::new(),
        body: None,
    }
}

async fn all(mut pages: Pages) -> Vec<String> {
    let mut records = Vec::new();
    while let Some(page) = pages.next().await.unwrap() {
        let own: Vec<serde_json::Value> = page.records().unwrap();
        records.extend(own.iter().map(ToString::to_string));
    }
    records
}

fn left(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[tokio::test]
async fn a_walk_comes_back_with_the_server_gone() {
    let tape = Tape::new();
    let posts = (1..=45).map(|id| json!({"id": id, "price": format!("{id}.10")}));
    let api = MockApi::builder().collection("posts", posts).start();
    let (client, recorder) = tape.recording(&api, Arc::new(Bearer::new("tok-s3cret-1")));
    let live = all(client.paginate("/posts").send()).await;
    let base_url = api.base_url().to_owned();
    drop(api);
    assert!(recorder.finish().unwrap() > 1);
    let client = tape.replaying(&base_url, Arc::new(Bearer::new("another")));
    assert_eq!(live.len(), 45);
    assert_eq!(all(client.paginate("/posts").send()).await, live);
}

#[tokio::test]
async fn no_credential_is_in_a_recording_and_none_is_needed_to_replay_it() {
    let query = |name: &str| {
        let key = ApiKey::new(name, format!("s3cret-in-{name}"));
        Arc::new(key.location(KeyLocation::Query)) as Arc<dyn Auth>
    };
    let body = ApiKey::new("whoever", "s3cret-in-body").location(KeyLocation::Body);
    let schemes: [Arc<dyn Auth>; 5] = [
        Arc::new(Bearer::new("s3cret-bearer")),
        query("api_key"),
        query("whoever"),
        query("key"),
        Arc::new(body),
    ];
    for auth in schemes {
        let tape = Tape::new();
        let echo = |request: &apiduct_testkit::Received| {
            Reply::json(&json!({"told": request.target(), "body": request.text()}))
        };
        let api = MockApi::builder().post("/items", echo).start();
        let (client, recorder) = tape.recording(&api, auth);
        let ask = |client: Client| async move {
            let request = client.post("/items").json(&json!({"q": "red"}));
            request.send().await.unwrap().body
        };
        ask(client).await;
        recorder.finish().unwrap();
        let text = tape.text();
        assert!(!holds(text.as_bytes(), MARKER), "{text}");
        let none = Arc::new(apiduct_client::auth::NoAuth);
        let answer = ask(tape.replaying(api.base_url(), none)).await;
        assert!(String::from_utf8_lossy(&answer).contains("/items"));
        assert_eq!(api.requests_to("/items").len(), 1);
    }
}

#[tokio::test]
async fn tokens_that_were_obtained_are_not_in_it() {
    let tape = Tape::new();
    let server = OAuthServer::new().client("program", "s3cret-client");
    let api = MockApi::builder()
        .oauth(&server)
        .collection("posts", (1..=3).map(|id| json!({"id": id})))
        .start();
    let auth = || OAuth2ClientCredentials::new(api.url("/oauth/token"), "program", "s3cret-client");
    let (client, recorder) = tape.recording(&api, Arc::new(auth()));
    let live = all(client.paginate("/posts").send()).await;
    server.revoke_all();
    assert_eq!(all(client.paginate("/posts").send()).await, live);
    recorder.finish().unwrap();
    let text = tape.text();
    assert!(!holds(text.as_bytes(), MARKER), "{text}");
    assert_eq!(server.issued().len(), 2);
    for token in server.issued() {
        assert!(!holds(text.as_bytes(), &token), "{text}");
    }
    assert!(text.contains("replayed-token-0002"), "{text}");
    let before = server.token_requests();
    let client = tape.replaying(api.base_url(), Arc::new(auth()));
    assert_eq!(all(client.paginate("/posts").send()).await, live);
    assert_eq!(all(client.paginate("/posts").send()).await, live);
    assert_eq!(server.token_requests(), before);
}

#[tokio::test]
async fn retries_are_answered_in_their_order_and_nothing_waits() {
    let tape = Tape::new();
    let limited = Reply::status(429).header("Retry-After", "120");
    let replies = [limited, Reply::status(503), Reply::json(&json!({"ok": 1}))];
    let api = MockApi::builder().script("/flaky", replies).start();
    let none = || Arc::new(apiduct_client::auth::NoAuth);
    let (client, recorder) = tape.recording(&api, none());
    client.get("/flaky").send().await.unwrap();
    assert_eq!(recorder.finish().unwrap(), 3);
    let replay = Arc::new(tape.replay());
    let timer = ReplayTimer::starting_at(replay.recorded_at());
    let client = Client::builder(api.base_url())
        .timer(Arc::new(timer.clone()))
        .transport(replay)
        .build()
        .unwrap();
    let response = client.get("/flaky").send().await.unwrap();
    assert_eq!((response.attempts, response.status.as_u16()), (3, 200));
    assert!(timer.monotonic() >= Duration::from_mins(2));
    assert!(timer.now() >= UNIX_EPOCH + START + Duration::from_mins(2));
    let again = client.get("/flaky").send().await.unwrap();
    assert_eq!(again.attempts, 1, "the last answer stays");
}

#[tokio::test]
async fn concurrency_changes_no_answer() {
    let tape = Tape::new();
    let handler =
        |request: &apiduct_testkit::Received| Reply::json(&json!({"id": request.segment("id")}));
    let api = MockApi::builder().get("/items/{id}", handler).start();
    let none = || Arc::new(apiduct_client::auth::NoAuth);
    let (client, recorder) = tape.recording(&api, none());
    let ask = |client: Client| async move {
        let one = |id: u32| {
            let client = client.clone();
            async move {
                client
                    .get(&format!("/items/{id}"))
                    .send()
                    .await
                    .unwrap()
                    .body
            }
        };
        join_all((0..50).map(one)).await
    };
    let live = ask(client).await;
    recorder.finish().unwrap();
    assert_eq!(ask(tape.replaying(api.base_url(), none())).await, live);
    let text = tape.text();
    let urls: Vec<&str> = text
        .lines()
        .skip(1)
        .map(|line| {
            line.split_once("/items/")
                .unwrap()
                .1
                .split_once('"')
                .unwrap()
                .0
        })
        .collect();
    let expected: Vec<String> = (0..50).map(|id| id.to_string()).collect();
    assert_eq!(urls, expected, "sorted, whatever came first");
}

#[tokio::test]
async fn an_unknown_request_names_the_nearest_recorded_one() {
    let tape = Tape::new();
    let api = MockApi::builder()
        .json("/orders", &json!([]))
        .json("/users", &json!([]))
        .start();
    let none = || Arc::new(apiduct_client::auth::NoAuth);
    let (client, recorder) = tape.recording(&api, none());
    client.get("/users").param("page", 1).send().await.unwrap();
    client.get("/orders").send().await.unwrap();
    recorder.finish().unwrap();
    let client = tape.replaying("http://gone.test", none());
    let error = client.get("/users").send().await.unwrap_err();
    let client = tape.replaying(api.base_url(), none());
    assert!(error.to_string().contains("http://gone.test/users"));
    let error = client
        .get("/users")
        .param("page", 2)
        .send()
        .await
        .unwrap_err();
    let hint = error.hint().unwrap();
    assert!(hint.contains("/users?page=1;"), "{hint}");
    let Error::Transport(error) = error else {
        panic!("{error:?}");
    };
    assert!(matches!(error.error, TransportError::NotRecorded { .. }));
    assert_eq!(error.attempts, 1, "it is not tried again");
    assert_eq!(api.requests_to("/users").len(), 1);
}

#[tokio::test]
async fn a_masked_part_of_a_path_fits_any_value() {
    let tape = Tape::new();
    let redactor = Redactor::default();
    redactor.register(&"s3cret-org".into());
    let recorder = tape.recorder(&redactor);
    let inner = Script::new(|_| ok("[]"));
    let transport = recorder.around(Arc::new(inner));
    let limits = Limits::default();
    let url = "http://h/orgs/s3cret-org/repos?page=1";
    transport.send(request(url), &limits).await.unwrap();
    recorder.finish().unwrap();
    assert!(!holds(tape.text().as_bytes(), MARKER));
    let replay = tape.replay();
    for (url, is_known) in [
        ("http://h/orgs/stand-in/repos?page=1", true),
        (url, true),
        ("http://h/orgs/stand-in/repos?page=2", false),
    ] {
        assert_eq!(replay.send(request(url), &limits).await.is_ok(), is_known);
    }
}

#[tokio::test]
async fn what_becomes_a_secret_later_is_masked_in_the_end() {
    let tape = Tape::new();
    let redactor = Redactor::default();
    let recorder = tape.recorder(&redactor);
    let body = json!({"note": "has s3cret-late in it", "n": 77_665_544}).to_string();
    let inner = Script::new(move |_| ok(body.clone()));
    let transport = recorder.around(Arc::new(inner));
    let limits = Limits::default();
    let sent = transport.send(request("http://h/s3cret-late"), &limits);
    sent.await.unwrap();
    redactor.register(&"s3cret-late".into());
    redactor.register(&"77665544".into());
    recorder.finish().unwrap();
    let text = tape.text();
    assert!(!holds(text.as_bytes(), MARKER), "{text}");
    assert!(
        text.contains(r#""json":{"note":"has *** in it","n":0}"#),
        "{text}"
    );
}

#[tokio::test]
async fn a_failure_is_recorded_and_repeated_only_where_nothing_else_came() {
    let tape = Tape::new();
    let recorder = tape.recorder(&Redactor::default());
    let broken = || TransportError::TooLarge { limit: 7 };
    let inner = Script::sequence(vec![Err(broken()), ok("1"), Err(broken())]);
    let transport = recorder.around(Arc::new(inner));
    let limits = Limits::default();
    for url in ["http://h/once", "http://h/once", "http://h/never"] {
        let _ = transport.send(request(url), &limits).await;
    }
    recorder.finish().unwrap();
    let replay = tape.replay();
    let once = replay.send(request("http://h/once"), &limits).await;
    assert_eq!(once.unwrap().body, "1");
    let never = replay.send(request("http://h/never"), &limits).await;
    let TransportError::Other { source } = never.unwrap_err() else {
        panic!("a failure was expected");
    };
    assert!(source.to_string().contains("7 bytes"), "{source}");
    let small = Limits {
        max_response_bytes: 0,
        ..Limits::default()
    };
    let too_large = replay.send(request("http://h/once"), &small).await;
    assert_eq!(
        too_large.unwrap_err(),
        TransportError::TooLarge { limit: 0 }
    );
}

#[tokio::test]
async fn a_recording_appears_whole_or_not_at_all() {
    let tape = Tape::new();
    std::fs::write(tape.path(), "older").unwrap();
    let recorder = tape.recorder(&Redactor::default());
    let inner = Script::new(|_| ok("1"));
    let transport = recorder.around(Arc::new(inner));
    let limits = Limits::default();
    transport.send(request("http://h/"), &limits).await.unwrap();
    assert_eq!(tape.text(), "older");
    drop((transport, recorder));
    assert_eq!(
        (tape.text().as_str(), left(tape.0.path()).len()),
        ("older", 1)
    );
    let recorder = tape.recorder(&Redactor::default());
    assert_eq!(recorder.finish().unwrap(), 0);
    assert_eq!(left(tape.0.path()), ["traffic.jsonl"]);
    assert_eq!(
        tape.text(),
        "{\"apiduct_recording\":1,\"recorded_at\":\"2023-11-14T22:13:20Z\"}\n"
    );
    let folder = Recorder::create(tape.0.path(), Redactor::default(), SystemTime::UNIX_EPOCH);
    assert!(matches!(folder, Err(RecordingError::Write { .. })));
}

#[test]
fn what_is_no_recording_is_refused_with_its_line() {
    let tape = Tape::new();
    let open = || ReplayTransport::open(tape.path(), Redactor::default()).unwrap_err();
    assert!(open().hint().unwrap().contains("--record"));
    let head = r#"{"apiduct_recording":1,"recorded_at":"2023-11-14T22:13:20Z"}"#;
    for (text, message) in [
        (String::new(), "is no recording"),
        ("[]\n".to_owned(), "is no recording"),
        (head.replace(":1", ":2"), "is no recording"),
        (format!("{head}\n\n{{}}\n"), "line 3 of the recording"),
    ] {
        std::fs::write(tape.path(), text).unwrap();
        let error = open();
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.hint().is_some());
    }
}

#[tokio::test]
async fn a_replay_timer_lets_others_go_first() {
    let timer = ReplayTimer::starting_at(UNIX_EPOCH);
    let work = std::pin::pin!(async { 7 });
    let wait = timer.sleep(Duration::from_hours(1));
    let first = futures_util::future::select(wait, work).await;
    assert!(matches!(first, futures_util::future::Either::Right((7, _))));
    assert_eq!(timer.monotonic(), Duration::ZERO);
    timer.sleep(Duration::from_hours(1)).await;
    assert_eq!(timer.now(), UNIX_EPOCH + Duration::from_hours(1));
}
