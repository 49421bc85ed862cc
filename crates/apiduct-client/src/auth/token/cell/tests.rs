use std::sync::atomic::AtomicU32;
use std::time::SystemTime;

use apiduct_model::Clock;
use apiduct_testkit::FakeClock;
use futures_util::future::join_all;
use http::Method;
use tokio::sync::Notify;

use super::*;
use crate::auth::tests::NoNetwork;
use crate::auth::{CredentialId, TokenError};
use crate::error::Cause;
use crate::transport::{Limits, Transport};

/// A fake clock whose calendar can be set.
#[derive(Debug, Clone)]
struct Time {
    clock: FakeClock,
    shift: Arc<Mutex<i64>>,
}

impl Time {
    fn new() -> Self {
        Self {
            clock: FakeClock::new(),
            shift: Arc::default(),
        }
    }

    fn set_calendar(&self, seconds: i64) {
        *self.shift.lock().unwrap() = seconds;
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

impl Clock for Time {
    fn now(&self) -> SystemTime {
        let shift = *self.shift.lock().unwrap();
        let by = Duration::from_secs(shift.unsigned_abs());
        if shift < 0 {
            self.clock.now() - by
        } else {
            self.clock.now() + by
        }
    }

    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }
}

impl Timer for Time {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep(duration)
    }
}

/// What fetches tokens `token-1`, `token-2`, ... that last 600 s, at a gate that can be shut.
#[derive(Clone)]
struct Source {
    time: Time,
    fetches: Arc<AtomicU32>,
    fails: Arc<Mutex<bool>>,
    gate: Option<Arc<Notify>>,
}

impl Source {
    fn new() -> Self {
        Self {
            time: Time::new(),
            fetches: Arc::default(),
            fails: Arc::default(),
            gate: None,
        }
    }

    fn gated() -> (Self, Arc<Notify>) {
        let gate = Arc::new(Notify::new());
        let source = Self {
            gate: Some(Arc::clone(&gate)),
            ..Self::new()
        };
        (source, gate)
    }

    fn fail(&self, fails: bool) {
        *self.fails.lock().unwrap() = fails;
    }

    fn fetches(&self) -> u32 {
        self.fetches.load(Ordering::SeqCst)
    }

    async fn fetch(self, context: TokenContext) -> Result<Token, AuthError> {
        let number = self.fetches.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some(gate) = &self.gate {
            gate.notified().await;
        }
        if *self.fails.lock().unwrap() {
            return Err(failed());
        }
        let token = Token::new(format!("token-{number}"));
        Ok(token.lasting(context.timer.now(), Duration::from_mins(10)))
    }

    async fn lease(&self, cell: &TokenCell) -> Result<TokenLease, AuthError> {
        self.lease_with(cell, &Redactor::default()).await
    }

    async fn lease_with(
        &self,
        cell: &TokenCell,
        redactor: &Redactor,
    ) -> Result<TokenLease, AuthError> {
        let transport: Arc<dyn Transport> = Arc::new(NoNetwork);
        let timer: Arc<dyn Timer> = Arc::new(self.time.clone());
        let limits = Limits::default();
        let context = AuthContext {
            transport: &transport,
            limits: &limits,
            max_wait: Duration::from_mins(5),
            timer: &timer,
            redactor,
            attempt: 1,
            credential: CredentialId::NONE,
        };
        let source = self.clone();
        cell.lease(&context, |context| source.fetch(context)).await
    }

    async fn value(&self, cell: &TokenCell) -> String {
        self.lease(cell).await.unwrap().value().expose().clone()
    }
}

fn failed() -> AuthError {
    AuthError::from(TokenError::Other {
        source: Cause::new("out of order"),
    })
}

fn sent_with(lease: &TokenLease) -> Request {
    let mut request = Request::new(Method::GET, "http://h/".parse().unwrap());
    lease.mark(&mut request);
    request
}

#[tokio::test]
async fn one_token_is_fetched_however_many_tasks_wait() {
    let (source, gate) = Source::gated();
    let cell = TokenCell::new();
    let waiting = join_all((0..64).map(|_| source.value(&cell)));
    let opening = async {
        tokio::task::yield_now().await;
        gate.notify_one();
    };
    let (values, ()) = tokio::join!(waiting, opening);
    assert_eq!(values.len(), 64);
    assert!(values.iter().all(|value| value == "token-1"), "{values:?}");
    assert_eq!(source.fetches(), 1);
}

#[tokio::test]
async fn a_token_is_renewed_thirty_seconds_before_its_end() {
    let source = Source::new();
    let cell = TokenCell::new();
    assert_eq!(source.value(&cell).await, "token-1");
    source.time.pass(569);
    assert_eq!(source.value(&cell).await, "token-1");
    source.time.pass(1);
    assert_eq!(source.value(&cell).await, "token-2");
}

#[test]
fn the_margin_of_a_short_life_is_a_tenth_of_it() {
    let margin = |seconds| {
        let token = Token::new("t").lasting(SystemTime::UNIX_EPOCH, Duration::from_secs(seconds));
        token.life.unwrap().margin()
    };
    assert_eq!(margin(10), Duration::from_secs(1));
    assert_eq!(margin(300), Duration::from_secs(30));
    assert_eq!(margin(3600), Duration::from_secs(30));
}

#[tokio::test]
async fn a_calendar_that_is_set_back_does_not_lengthen_a_life() {
    let source = Source::new();
    let cell = TokenCell::new();
    source.time.set_calendar(100_000);
    assert_eq!(source.value(&cell).await, "token-1");
    source.time.set_calendar(99_900);
    // From the future by the calendar: once renewed, and no more than once.
    assert_eq!(source.value(&cell).await, "token-2");
    assert_eq!(source.value(&cell).await, "token-2");
    source.time.pass(500);
    source.time.set_calendar(99_401);
    assert_eq!(source.value(&cell).await, "token-2");
    source.time.pass(70);
    source.time.set_calendar(99_331);
    assert_eq!(source.value(&cell).await, "token-3");
}

#[tokio::test]
async fn a_calendar_that_is_set_forward_costs_one_renewal() {
    let source = Source::new();
    let cell = TokenCell::new();
    source.value(&cell).await;
    source.time.set_calendar(86_400);
    assert_eq!(source.value(&cell).await, "token-2");
    assert_eq!(source.value(&cell).await, "token-2");
}

#[tokio::test]
async fn a_late_rejection_of_an_old_token_keeps_the_new_one() {
    let source = Source::new();
    let cell = TokenCell::new();
    let old = source.lease(&cell).await.unwrap();
    for _ in 0..64 {
        assert_eq!(cell.rejected(&sent_with(&old)), OnRejected::RetryOnce);
        assert_eq!(source.value(&cell).await, "token-2");
    }
    assert_eq!(source.fetches(), 2);
}

#[tokio::test]
async fn a_request_that_carried_no_token_of_the_cell_is_not_tried_again() {
    let source = Source::new();
    let (cell, other) = (TokenCell::new(), TokenCell::new());
    let foreign = source.lease(&other).await.unwrap();
    source.lease(&cell).await.unwrap();
    assert_eq!(cell.rejected(&sent_with(&foreign)), OnRejected::Fail);
    assert_eq!(source.value(&cell).await, "token-2");
    assert_eq!(source.fetches(), 2, "the token was kept");
}

#[tokio::test]
async fn a_fetch_outlives_the_request_that_began_it() {
    let (source, gate) = Source::gated();
    let cell = TokenCell::new();
    let mut first = Box::pin(source.value(&cell));
    assert!(first.as_mut().now_or_never().is_none());
    drop(first);
    let mut second = Box::pin(source.value(&cell));
    assert!(second.as_mut().now_or_never().is_none());
    gate.notify_one();
    assert_eq!(second.await, "token-1");
    assert_eq!(source.fetches(), 1);
}

#[test]
fn a_canceled_fetch_goes_on_with_the_next_request_where_no_runtime_drives_it() {
    let (source, gate) = Source::gated();
    let cell = TokenCell::new();
    let mut first = Box::pin(source.value(&cell));
    assert!(first.as_mut().now_or_never().is_none());
    drop(first);
    gate.notify_one();
    let second = source.value(&cell).now_or_never();
    assert_eq!(second.as_deref(), Some("token-1"));
    assert_eq!(source.fetches(), 1);
}

#[tokio::test]
async fn a_failure_is_shared_and_held_for_a_while_but_not_for_ever() {
    let source = Source::new();
    let cell = TokenCell::new();
    source.fail(true);
    for result in join_all((0..64).map(|_| source.lease(&cell))).await {
        assert_eq!(result.unwrap_err(), failed());
    }
    source.fail(false);
    source.time.pass(4);
    assert_eq!(source.lease(&cell).await.unwrap_err(), failed());
    assert_eq!(source.fetches(), 1);
    source.time.pass(1);
    assert_eq!(source.value(&cell).await, "token-2");
}

#[tokio::test]
async fn a_token_that_cannot_be_renewed_is_used_to_its_end() {
    let source = Source::new();
    let cell = TokenCell::new();
    source.value(&cell).await;
    source.fail(true);
    source.time.pass(580);
    for _ in 0..10 {
        assert_eq!(source.value(&cell).await, "token-1");
    }
    assert_eq!(source.fetches(), 2);
    source.time.pass(20);
    assert_eq!(source.lease(&cell).await.unwrap_err(), failed());
}

#[tokio::test]
async fn a_rejected_token_is_told_to_the_fetch_and_not_used_when_that_fails() {
    let source = Source::new();
    let cell = TokenCell::new();
    let lease = source.lease(&cell).await.unwrap();
    cell.rejected(&sent_with(&lease));
    source.fail(true);
    assert_eq!(source.lease(&cell).await.unwrap_err(), failed());
    source.time.pass(5);

    let transport: Arc<dyn Transport> = Arc::new(NoNetwork);
    let timer: Arc<dyn Timer> = Arc::new(source.time.clone());
    let context = AuthContext {
        transport: &transport,
        limits: &Limits::default(),
        max_wait: Duration::from_mins(5),
        timer: &timer,
        redactor: &Redactor::default(),
        attempt: 1,
        credential: CredentialId::NONE,
    };
    let fetch = |context: TokenContext| async move {
        assert_eq!(context.rejected, Some("token-1".into()));
        Ok(Token::new("token-9"))
    };
    let lease = cell.lease(&context, fetch).await.unwrap();
    assert_eq!(lease.value(), &"token-9".into());
}

#[tokio::test]
async fn a_given_token_is_used_until_it_ends_or_is_rejected() {
    let source = Source::new();
    let cell = TokenCell::with_token(Token::new("given"));
    source.time.pass(1_000_000);
    assert_eq!(source.value(&cell).await, "given");
    let lease = source.lease(&cell).await.unwrap();
    cell.rejected(&sent_with(&lease));
    assert_eq!(source.value(&cell).await, "token-1");

    let given = Token::new("given").lasting(source.time.now(), Duration::from_mins(1));
    let cell = TokenCell::with_token(given);
    assert_eq!(source.value(&cell).await, "given");
    source.time.pass(54);
    assert_eq!(source.value(&cell).await, "token-2");
}

#[tokio::test]
async fn an_empty_token_is_an_error() {
    let source = Source::new();
    let cell = TokenCell::with_token(Token::new("x").lasting(source.time.now(), Duration::ZERO));
    let transport: Arc<dyn Transport> = Arc::new(NoNetwork);
    let timer: Arc<dyn Timer> = Arc::new(source.time.clone());
    let context = AuthContext {
        transport: &transport,
        limits: &Limits::default(),
        max_wait: Duration::from_mins(5),
        timer: &timer,
        redactor: &Redactor::default(),
        attempt: 1,
        credential: CredentialId::NONE,
    };
    let empty = cell
        .lease(&context, |_| async { Ok(Token::new(" ")) })
        .await;
    assert_eq!(
        empty.unwrap_err(),
        AuthError::Missing {
            scheme: "token",
            field: "token"
        }
    );
}

#[tokio::test]
async fn every_redactor_hears_of_the_token_before_it_is_used() {
    let source = Source::new();
    let cell = TokenCell::new();
    for _ in 0..2 {
        let redactor = Redactor::default();
        source.lease_with(&cell, &redactor).await.unwrap();
        assert!(redactor.contains_secret("token-1"));
    }
    let redactor = Redactor::default();
    TokenCell::with_token(Token::new("given token")).register(&redactor);
    assert!(redactor.contains_secret("given token"));
}

#[tokio::test]
async fn debug_output_shows_no_token() {
    let source = Source::new();
    let cell = TokenCell::new();
    let lease = source.lease(&cell).await.unwrap();
    let shown = format!("{cell:?} {lease:?} {:?}", lease.header("Bearer ").unwrap());
    assert!(!shown.contains("token-1"), "{shown}");
}
