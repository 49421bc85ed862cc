//! A run that is answered from a recording gives the same tables, without a server and without a secret.

use std::time::{Duration, UNIX_EPOCH};

use apiduct_client::transport::recording::{Recorder, ReplayTimer, ReplayTransport};
use apiduct_config::resolve::{SecretSource, StandIns};
use apiduct_model::Redactor;
use apiduct_testkit::leak::{MARKER, holds};
use apiduct_testkit::{MockApiBuilder, OAuthServer, Received, Reply};

use super::*;

const START: Duration = Duration::from_secs(1_700_000_000);

/// Secrets of the environment, all with the marker in them.
#[derive(Debug)]
struct Environment;

impl SecretSource for Environment {
    fn env(&self, name: &str) -> Option<String> {
        name.starts_with("T_").then(|| format!("s3cret-of-{name}"))
    }

    fn file(&self, _: &str) -> std::io::Result<Option<String>> {
        Ok(None)
    }
}

/// An environment with nothing in it.
#[derive(Debug)]
struct Nothing;

impl SecretSource for Nothing {
    fn env(&self, _: &str) -> Option<String> {
        None
    }

    fn file(&self, _: &str) -> std::io::Result<Option<String>> {
        Ok(None)
    }
}

/// Users in pages, each with orders; every seventh list of orders is refused twice before it comes.
fn shop(users: i64) -> MockApiBuilder {
    let tries = Mutex::new(std::collections::HashMap::<String, u32>::new());
    let orders = move |request: &Received| {
        let user: i64 = request.segment("id").unwrap().parse().unwrap();
        let mut tries = tries.lock().unwrap();
        let tried = tries.entry(request.path.clone()).or_default();
        *tried += 1;
        if user % 7 == 0 && *tried < 3 {
            let status = if *tried == 1 { 429 } else { 503 };
            return Reply::status(status).header("Retry-After", "60");
        }
        let order =
            |n: i64| json!({"id": user * 10 + n, "sum": format!("{n}.50"), "lines": [{"n": n}]});
        Reply::json(&(0..user % 3).map(order).collect::<Vec<_>>())
    };
    MockApi::builder()
        .collection(
            "users",
            (1..=users).map(|id| json!({"id": id, "name": format!("User {id}")})),
        )
        .get("/users/{id}/orders", orders)
}

fn plan(base_url: &str, auth: &str, concurrency: usize) -> Plan {
    let text = format!(
        "name: shop
client: {{base_url: '{base_url}', auth: {auth}}}
runtime: {{max_retries: 3, concurrency: {concurrency}}}
resources:
  - {{name: users, primary_key: id, endpoint: users}}
  - {{name: orders, endpoint: 'users/{{resources.users.id}}/orders', include_from_parent: [id]}}
"
    );
    Plan::parse(&text, Format::Yaml, "shop.yaml").unwrap()
}

/// All rows of all tables, system columns too.
fn tables(world: &World) -> Vec<Vec<String>> {
    let tables = ["users", "orders", "orders__lines"];
    let all = |table| world.query(&format!("select * from shop.{table} order by all"));
    tables.into_iter().map(all).collect()
}

#[tokio::test]
async fn a_replayed_run_gives_the_same_tables_with_the_server_gone() {
    for (auth, concurrency, users) in [
        ("{type: bearer, token: '${env:T_BEARER}'}", 1, 30),
        (
            "{type: api_key, name: appid, api_key: '${env:T_KEY}', location: query}",
            8,
            61,
        ),
        (
            "{type: oauth2_client_credentials, access_token_url: 'URL/oauth/token', client_id: program, client_secret: '${env:T_CLIENT}'}",
            4,
            45,
        ),
    ] {
        let server = OAuthServer::new().client("program", "s3cret-of-T_CLIENT");
        let mut live = World::new(if auth.contains("oauth2") {
            shop(users).oauth(&server).start()
        } else {
            shop(users).start()
        });
        let base_url = live.api.base_url().to_owned();
        let auth = auth.replace("URL", &base_url);
        let file = live.folder.path().join("traffic.jsonl");
        let redactor = Redactor::default();
        let recorder = Recorder::create(&file, redactor.clone(), UNIX_EPOCH + START).unwrap();
        let pipeline =
            Pipeline::builder(plan(&base_url, &auth, concurrency), Arc::new(Environment))
                .working_dir(live.folder.path().join(".apiduct"))
                .destination(live.destination())
                .redactor(redactor)
                .timer(Arc::new(ReplayTimer::starting_at(UNIX_EPOCH + START)))
                .record(recorder.clone())
                .build();
        let receipt = pipeline.run().await.unwrap();
        let exchanges = recorder.finish().unwrap();
        assert!(exchanges > users.try_into().unwrap());
        let text = std::fs::read(&file).unwrap();
        assert!(!holds(&text, MARKER), "{}", String::from_utf8_lossy(&text));
        for token in server.issued() {
            assert!(!holds(&text, &token));
        }
        live.api = MockApi::builder().start();

        let replayed = World::new(MockApi::builder().start());
        let replay = Arc::new(ReplayTransport::open(&file, Redactor::default()).unwrap());
        let timer = ReplayTimer::starting_at(replay.recorded_at());
        // Concurrency of the replay is another one on purpose.
        let plan = plan(&base_url, &auth, 9 - concurrency);
        let again = Pipeline::builder(plan, Arc::new(StandIns(Nothing)))
            .working_dir(replayed.folder.path().join(".apiduct"))
            .destination(replayed.destination())
            .transport(replay)
            .timer(Arc::new(timer))
            .build()
            .run()
            .await
            .unwrap();
        assert_eq!(again.tables, receipt.tables);
        assert_eq!(tables(&replayed), tables(&live));
        assert_eq!(again.load_id, receipt.load_id, "time and seed are the same");
    }
}

#[tokio::test]
async fn a_request_that_was_not_recorded_fails_the_run_by_name() {
    let world = World::new(api(3));
    let file = world.folder.path().join("traffic.jsonl");
    let recorder = Recorder::create(&file, Redactor::default(), UNIX_EPOCH).unwrap();
    let pipeline = world
        .builder("  - posts\n")
        .record(recorder.clone())
        .build();
    pipeline.preview(None, 10).await.unwrap();
    recorder.finish().unwrap();
    let replay = ReplayTransport::open(&file, Redactor::default()).unwrap();
    let error = world
        .builder("  - comments\n")
        .transport(Arc::new(replay))
        .destination(world.destination())
        .build()
        .run()
        .await
        .unwrap_err();
    let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |one| one.source());
    let told: Vec<String> = causes.map(ToString::to_string).collect();
    assert!(
        told.concat().contains("the recording has no answer to GET"),
        "{told:?}"
    );
    assert!(
        apiduct_model::Hint::hint(&error)
            .unwrap()
            .contains("/posts"),
        "{error:?}"
    );
    assert_eq!(world.api.requests_to("/comments").len(), 0);
}
