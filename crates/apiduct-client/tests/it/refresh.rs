//! Refresh tokens that rotate, kept from run to run.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use apiduct_client::auth::{
    FileTokenStore, LockedTokens, MemoryTokenStore, OAuth2RefreshToken, StoredTokens, TokenStore,
    TokenStoreError,
};
use apiduct_client::{Cause, Client, Timer, TokioTimer};
use apiduct_model::Hint;
use apiduct_testkit::{FakeClock, Fault, MockApi, OAuthServer};
use async_trait::async_trait;
use futures_util::future::join_all;
use serde_json::json;

use crate::support::{FakeTimer, report};

const FIRST: &str = "refresh-token-of-old";

struct World {
    server: OAuthServer,
    api: MockApi,
    clock: FakeClock,
    directory: tempfile::TempDir,
}

impl World {
    fn new(server: OAuthServer) -> Self {
        let server = server
            .client("program", "s3cret")
            .refresh_token(FIRST)
            .rotating();
        let clock = FakeClock::new();
        let builder = MockApi::builder().json("/me", &json!({"name": "Ada"}));
        Self {
            api: builder.oauth(&server).clock(clock.clone()).start(),
            server,
            clock,
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn file(&self) -> std::path::PathBuf {
        self.directory.path().join("t.json")
    }

    fn auth(&self) -> OAuth2RefreshToken {
        let auth = OAuth2RefreshToken::new(self.api.url("/oauth/token"), "program");
        auth.client_secret("s3cret").refresh_token(FIRST)
    }

    /// A program that starts anew, with the store on the disk.
    fn program(&self) -> Client {
        self.client(self.auth().store(FileTokenStore::new(self.file())))
    }

    fn client(&self, auth: OAuth2RefreshToken) -> Client {
        let timer: Arc<dyn Timer> = Arc::new(FakeTimer(self.clock.clone()));
        let builder = Client::builder(self.api.base_url()).auth(auth);
        builder.timer(timer).build().unwrap()
    }
}

async fn status(client: &Client) -> u16 {
    client.get("/me").send().await.unwrap().status.as_u16()
}

async fn failure(client: &Client) -> (String, Option<String>) {
    let error = client.get("/me").send().await.unwrap_err();
    (report(&error), error.hint())
}

fn kept(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap()
}

#[tokio::test]
async fn a_rotated_refresh_token_survives_a_restart() {
    let world = World::new(OAuthServer::new());
    for run in 1..=3 {
        assert_eq!(status(&world.program()).await, 200);
        assert_eq!(world.server.token_requests(), run);
        assert!(kept(&world.file()).contains(&world.server.refresh_tokens()[0]));
        world.clock.advance(Duration::from_hours(2));
    }
}

#[tokio::test]
async fn a_token_that_is_still_good_survives_a_restart_too() {
    let world = World::new(OAuthServer::new());
    for _ in 0..3 {
        assert_eq!(status(&world.program()).await, 200);
    }
    assert_eq!(world.server.token_requests(), 1);
    world.server.revoke_all();
    assert_eq!(status(&world.program()).await, 200);
    assert_eq!(
        world.server.token_requests(),
        2,
        "a rejected token is not read again"
    );
}

#[tokio::test]
async fn programs_that_share_a_store_take_turns() {
    let world = World::new(OAuthServer::new());
    let clients: Vec<Client> = (0..8)
        .map(|_| {
            // Real time: the programs wait for each other's lock.
            let auth = world.auth().store(FileTokenStore::new(world.file()));
            let builder = Client::builder(world.api.base_url()).auth(auth);
            let timer: Arc<dyn Timer> = Arc::new(TokioTimer::default());
            builder.timer(timer).build().unwrap()
        })
        .collect();
    let statuses = join_all(clients.iter().map(status)).await;
    assert_eq!(statuses, [200; 8]);
    assert_eq!(world.server.token_requests(), 1);
    world.server.revoke_all();
    let statuses = join_all(clients.iter().map(status)).await;
    assert_eq!(statuses, [200; 8]);
    assert_eq!(world.server.token_requests(), 2);
    assert!(kept(&world.file()).contains(&world.server.refresh_tokens()[0]));
}

#[tokio::test]
async fn a_crash_between_answer_and_store_is_forgiven_by_a_server_with_grace() {
    let world = World::new(OAuthServer::new().grace());
    // The answer never arrives whole, as if the program had died before it could keep it.
    (0..4).for_each(|_| world.server.spoil_next(Fault::Truncate(0.5)));
    let (text, _) = failure(&world.program()).await;
    assert!(
        text.contains("failed after 4 tries: the connection broke"),
        "{text}"
    );
    assert!(kept(&world.file()).contains(FIRST));
    assert_eq!(status(&world.program()).await, 200);
    assert!(!kept(&world.file()).contains(FIRST));
}

#[tokio::test]
async fn a_lost_refresh_token_is_an_error_that_asks_for_a_login() {
    let world = World::new(OAuthServer::new());
    world.server.spoil_next(Fault::Truncate(0.5));
    let (text, hint) = failure(&world.program()).await;
    assert!(text.contains("answered 400: invalid_grant"), "{text}");
    assert!(hint.unwrap().contains("log in again"));
    assert!(!text.contains(FIRST) && !text.contains("s3cret"), "{text}");
}

#[tokio::test]
async fn a_new_refresh_token_in_the_configuration_replaces_what_was_kept() {
    let world = World::new(OAuthServer::new());
    assert_eq!(status(&world.program()).await, 200);
    world.clock.advance(Duration::from_hours(2));
    let server = world.server.clone().refresh_token("from a new login");
    let auth = world.auth().refresh_token("from a new login");
    let client = world.client(auth.store(FileTokenStore::new(world.file())));
    assert_eq!(status(&client).await, 200);
    assert_eq!(server.token_requests(), 2);
}

#[tokio::test]
async fn without_any_refresh_token_someone_has_to_log_in() {
    let world = World::new(OAuthServer::new());
    let auth = OAuth2RefreshToken::new(world.api.url("/oauth/token"), "program");
    let client = world.client(auth.store(FileTokenStore::new(world.file())));
    let (text, hint) = failure(&client).await;
    assert!(text.contains("there is no refresh token in `"), "{text}");
    assert!(hint.unwrap().contains("`refresh_token`"));
    assert_eq!(world.server.token_requests(), 0);

    let store = FileTokenStore::new(world.file());
    let mut held = store.lock(&TokioTimer::default()).await.unwrap();
    held.save(&StoredTokens::new().refresh(FIRST)).unwrap();
    drop(held);
    world.clock.advance(Duration::from_secs(5));
    // What a login has kept is used; the program's own id stays the same.
    let auth = OAuth2RefreshToken::new(world.api.url("/oauth/token"), "program");
    let client = world.client(auth.client_secret("s3cret").store(store));
    assert_eq!(status(&client).await, 200);
}

/// A store that fails from its `fails_from`th write on.
#[derive(Debug, Clone)]
struct Failing {
    inner: MemoryTokenStore,
    writes: Arc<AtomicU32>,
    fails: std::ops::Range<u32>,
}

struct FailingTokens(Box<dyn LockedTokens>, Failing);

#[async_trait]
impl TokenStore for Failing {
    async fn lock(&self, timer: &dyn Timer) -> Result<Box<dyn LockedTokens>, TokenStoreError> {
        Ok(Box::new(FailingTokens(
            self.inner.lock(timer).await?,
            self.clone(),
        )))
    }

    fn place(&self) -> String {
        "nowhere".to_owned()
    }
}

impl LockedTokens for FailingTokens {
    fn load(&mut self) -> Result<Option<StoredTokens>, TokenStoreError> {
        self.0.load()
    }

    fn save(&mut self, tokens: &StoredTokens) -> Result<(), TokenStoreError> {
        let number = self.1.writes.fetch_add(1, Ordering::SeqCst);
        if self.1.fails.contains(&number) {
            return Err(TokenStoreError::Other {
                source: Cause::new("the disk is full"),
            });
        }
        self.0.save(tokens)
    }
}

#[tokio::test]
async fn a_store_that_takes_nothing_is_found_out_before_a_token_is_spent() {
    let world = World::new(OAuthServer::new());
    let store = Failing {
        inner: MemoryTokenStore::new(),
        writes: Arc::default(),
        fails: 0..1,
    };
    let client = world.client(world.auth().store(store));
    let (text, _) = failure(&client).await;
    assert!(
        text.ends_with("the kept tokens cannot be used: the token store failed: the disk is full"),
        "{text}"
    );
    assert_eq!(world.server.token_requests(), 0);
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(status(&client).await, 200);
}

#[tokio::test]
async fn a_new_refresh_token_that_cannot_be_kept_is_not_lost_while_the_program_runs() {
    let world = World::new(OAuthServer::new());
    let store = Failing {
        inner: MemoryTokenStore::new(),
        writes: Arc::default(),
        fails: 1..2,
    };
    let client = world.client(world.auth().store(store));
    for run in 1..=3 {
        assert_eq!(status(&client).await, 200);
        assert_eq!(world.server.token_requests(), run);
        world.clock.advance(Duration::from_hours(2));
    }
}

#[tokio::test]
async fn a_request_that_is_canceled_loses_no_refresh_token() {
    let world = World::new(OAuthServer::new());
    let client = world.program();
    let refreshed = Arc::new(tokio::sync::Notify::new());
    let told = Arc::clone(&refreshed);
    world.api.on_request(1, move |_| told.notify_one());
    tokio::select! {
        biased;
        () = refreshed.notified() => {}
        _ = status(&client) => panic!("canceled in the middle of the token request"),
    }
    assert_eq!(status(&client).await, 200);
    assert_eq!(world.server.token_requests(), 1);
    assert!(!kept(&world.file()).contains(FIRST));
}

#[tokio::test]
async fn no_file_but_the_store_and_no_output_holds_a_token() {
    let world = World::new(OAuthServer::new());
    let client = world.program();
    let response = client.get("/me").send().await.unwrap();
    let auth = world.auth().store(FileTokenStore::new(world.file()));
    let shown = format!("{client:?} {response:?} {auth:?}");
    for secret in [FIRST, "s3cret", "access-token-1", "refresh-token-1"] {
        assert!(!shown.contains(secret), "{shown}");
        assert!(client.redactor().contains_secret(secret), "{secret}");
    }
}
