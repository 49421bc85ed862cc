use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use apiduct_model::{Redactor, SecretText};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

use super::{Token, TokenContext};
use crate::auth::{AuthContext, AuthError, OnRejected};
use crate::{Request, Timer};

/// How long after a failure no further token is fetched.
const HOLD_OFF: Duration = Duration::from_secs(5);

/// Tells cells apart on requests that carry tokens of several.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// The token of one set of credentials, fetched when needed and shared by all requests. Clones share it.
///
/// - However many requests wait for a token, one is fetched. The fetch belongs to none of them: when the request that
///   began it is canceled, the others get the token all the same.
/// - A token is renewed 30 s before its end, or a tenth of its life if that is less, by the clock of the client's
///   timer, its calendar or its monotonic time, whichever is later. If renewing fails while the token is good, it
///   stays in use.
/// - Each request knows which token it carried ([`TokenLease::mark`]), so a late 401 for an old token does not throw a
///   new one away ([`TokenCell::rejected`]).
/// - A failure is given to all that waited, and to those that come within 5 s after it.
/// - The redactor hears of every token before it is used.
///
/// ```
/// use apiduct_client::auth::{Auth, AuthContext, AuthError, OnRejected, Token, TokenCell};
/// use apiduct_client::{Request, Response};
/// use http::HeaderValue;
///
/// /// A token from a place of our own.
/// #[derive(Debug, Default)]
/// struct Vault {
///     cell: TokenCell,
/// }
///
/// #[async_trait::async_trait]
/// impl Auth for Vault {
///     async fn authorize(&self, request: &mut Request, context: &AuthContext<'_>) -> Result<(), AuthError> {
///         let lease = self.cell.lease(context, |_| async { Ok(Token::new("from the vault")) }).await?;
///         request.set_header(http::header::AUTHORIZATION, lease.header("Bearer ")?);
///         lease.mark(request);
///         Ok(())
///     }
///
///     fn rejected(&self, sent: &Request, _: &Response) -> OnRejected {
///         self.cell.rejected(sent)
///     }
/// }
/// ```
#[derive(Clone)]
pub struct TokenCell {
    id: u64,
    state: Arc<Mutex<State>>,
}

/// A token on loan from its [`TokenCell`].
#[derive(Debug, Clone)]
pub struct TokenLease {
    cell: u64,
    generation: u64,
    value: Arc<SecretText>,
}

type Flight = Shared<BoxFuture<'static, Result<TokenLease, AuthError>>>;

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// Counts the tokens so far.
    generation: u64,
    /// The fetch that is under way.
    flight: Option<Flight>,
    failure: Option<Failure>,
}

/// A token in use.
struct Held {
    token: Token,
    lease: TokenLease,
    is_rejected: bool,
    /// The monotonic clock by which it ends too: a calendar can be set.
    ends: Option<(Arc<dyn Timer>, Duration)>,
    /// Who has heard of it.
    known_to: Vec<Redactor>,
}

struct Failure {
    error: AuthError,
    until: Duration,
    timer: Arc<dyn Timer>,
}

/// What a cell can give at once.
enum Ready {
    Lease(TokenLease),
    Failed(AuthError),
    Nothing { rejected: Option<SecretText> },
}

impl TokenCell {
    /// A cell without a token.
    pub fn new() -> Self {
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            state: Arc::default(),
        }
    }

    /// A cell with a token that was given: it is used until it ends or is rejected.
    pub fn with_token(token: Token) -> Self {
        let cell = Self::new();
        cell.lock().hold(cell.id, token, None);
        cell
    }

    /// The token, fetched by `fetch` if there is none, or none that is good for long enough.
    ///
    /// `fetch` is given what it may use, and is called only if no fetch is under way. On Tokio it runs to its end
    /// even if everyone who waits for it goes away.
    ///
    /// # Errors
    ///
    /// What `fetch` said, now or less than 5 s ago; [`AuthError::Missing`] for an empty token.
    pub async fn lease<F, Fetching>(
        &self,
        context: &AuthContext<'_>,
        fetch: F,
    ) -> Result<TokenLease, AuthError>
    where
        F: FnOnce(TokenContext) -> Fetching,
        Fetching: Future<Output = Result<Token, AuthError>> + Send + 'static,
    {
        let flight = {
            let mut state = self.lock();
            let rejected = match state.ready(context) {
                Ready::Lease(lease) => return Ok(lease),
                Ready::Failed(error) => return Err(error),
                Ready::Nothing { rejected } => rejected,
            };
            if let Some(flight) = &state.flight {
                flight.clone()
            } else {
                let context = TokenContext {
                    transport: Arc::clone(context.transport),
                    limits: context.limits.clone(),
                    max_wait: context.max_wait,
                    timer: Arc::clone(context.timer),
                    redactor: context.redactor.clone(),
                    rejected,
                };
                let flight = self.fly(context.clone(), fetch(context));
                state.flight = Some(flight.clone());
                flight
            }
        };
        flight.await
    }

    /// What to do when a request was answered 401: it is tried once more if it carried a token of this cell. If that
    /// token is still the one in use, it is used no longer; if not, the request was late, and the new one is kept.
    pub fn rejected(&self, sent: &Request) -> OnRejected {
        let Some(generation) = sent.credential(self.id) else {
            return OnRejected::Fail;
        };
        let mut state = self.lock();
        if let Some(held) = &mut state.held
            && held.lease.generation == generation
        {
            held.is_rejected = true;
        }
        OnRejected::RetryOnce
    }

    /// Tells `redactor` the token in use.
    pub fn register(&self, redactor: &Redactor) {
        if let Some(held) = &mut self.lock().held {
            held.tell(redactor);
        }
    }

    fn fly(
        &self,
        context: TokenContext,
        fetching: impl Future<Output = Result<Token, AuthError>> + Send + 'static,
    ) -> Flight {
        let id = self.id;
        let cell = Arc::downgrade(&self.state);
        let flight = async move {
            let fetched = fetching.await.and_then(|token| {
                let is_empty = token.value.expose().trim().is_empty();
                if is_empty {
                    return Err(AuthError::Missing {
                        scheme: "token",
                        field: "token",
                    });
                }
                Ok(token)
            });
            land(&cell, id, &context, fetched)
        };
        let flight = flight.boxed().shared();
        // A rotated refresh token must reach its store even if everyone who waits is canceled.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn(flight.clone()));
        }
        flight
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes down what a fetch has brought.
fn land(
    cell: &Weak<Mutex<State>>,
    id: u64,
    context: &TokenContext,
    fetched: Result<Token, AuthError>,
) -> Result<TokenLease, AuthError> {
    if let Ok(token) = &fetched {
        context.redactor.register(&token.value);
    }
    let Some(cell) = cell.upgrade() else {
        // Nobody can ask for another one, so it needs no number.
        return fetched.map(|token| TokenLease {
            cell: id,
            generation: u64::MAX,
            value: Arc::new(token.value),
        });
    };
    let mut state = cell.lock().unwrap_or_else(PoisonError::into_inner);
    state.flight = None;
    match fetched {
        Ok(token) => {
            state.failure = None;
            Ok(state.hold(id, token, Some(context)))
        }
        Err(error) => {
            state.failure = Some(Failure {
                error: error.clone(),
                until: context.timer.monotonic() + HOLD_OFF,
                timer: Arc::clone(&context.timer),
            });
            match state.held.as_ref().filter(|held| held.is_good(context)) {
                Some(held) => {
                    let reason = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::warn!(
                        reason = reason.unwrap_or_else(|| error.to_string()),
                        "the token was not renewed, and is used to its end"
                    );
                    Ok(held.lease.clone())
                }
                None => Err(error),
            }
        }
    }
}

impl State {
    /// What needs no fetch.
    fn ready(&mut self, context: &AuthContext<'_>) -> Ready {
        let failure = self.failure.as_ref().filter(|failure| failure.is_recent());
        let mut rejected = None;
        if let Some(held) = &mut self.held {
            let is_due = held.is_due(&**context.timer);
            let is_good = !held.is_rejected && !held.is_expired(&**context.timer);
            if is_good && (!is_due || failure.is_some()) {
                held.tell(context.redactor);
                return Ready::Lease(held.lease.clone());
            }
            if held.is_rejected {
                rejected = Some(held.token.value.clone());
            }
        }
        match failure {
            Some(failure) => Ready::Failed(failure.error.clone()),
            None => Ready::Nothing { rejected },
        }
    }

    fn hold(&mut self, cell: u64, token: Token, context: Option<&TokenContext>) -> TokenLease {
        self.generation += 1;
        let lease = TokenLease {
            cell,
            generation: self.generation,
            value: Arc::new(token.value.clone()),
        };
        let ends = context.zip(token.life).map(|(context, life)| {
            let age = life.age(context.timer.now()).unwrap_or_default();
            let left = life.lasts.saturating_sub(age);
            let timer = Arc::clone(&context.timer);
            let end = timer.monotonic().saturating_add(left);
            (timer, end)
        });
        self.held = Some(Held {
            token,
            lease: lease.clone(),
            is_rejected: false,
            ends,
            known_to: context
                .map(|context| context.redactor.clone())
                .into_iter()
                .collect(),
        });
        lease
    }
}

impl Held {
    fn is_good(&self, context: &TokenContext) -> bool {
        !self.is_rejected && !self.is_expired(&*context.timer)
    }

    fn is_expired(&self, timer: &dyn Timer) -> bool {
        self.token.is_expired(timer.now()) || self.has_run_out(Duration::ZERO)
    }

    fn is_due(&self, timer: &dyn Timer) -> bool {
        let margin = self.token.life.map(super::TokenLife::margin);
        self.token.is_due(timer.now()) || self.has_run_out(margin.unwrap_or_default())
    }

    /// Whether the monotonic clock has come to `margin` before the end.
    fn has_run_out(&self, margin: Duration) -> bool {
        let Some((timer, end)) = &self.ends else {
            return false;
        };
        timer.monotonic().saturating_add(margin) >= *end
    }

    fn tell(&mut self, redactor: &Redactor) {
        if !self.known_to.iter().any(|known| known.is_same(redactor)) {
            redactor.register(&self.token.value);
            self.known_to.push(redactor.clone());
        }
    }
}

impl Failure {
    fn is_recent(&self) -> bool {
        self.timer.monotonic() < self.until
    }
}

impl TokenLease {
    /// The token.
    pub fn value(&self) -> &SecretText {
        &self.value
    }

    /// Notes on `request` that it carries this token, so that [`TokenCell::rejected`] knows which one was rejected.
    pub fn mark(&self, request: &mut Request) {
        request.note_credential(self.cell, self.generation);
    }

    /// The token as the value of a header, behind `prefix`; it shows up in no debug output.
    ///
    /// # Errors
    ///
    /// [`AuthError::Invalid`] when it has characters that no header may have.
    pub fn header(&self, prefix: &str) -> Result<http::HeaderValue, AuthError> {
        let text = format!("{prefix}{}", self.value.expose().trim());
        crate::auth::secret_value(&text, "token", "token")
    }
}

impl Default for TokenCell {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TokenCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("TokenCell")
            .field("token", &state.held.as_ref().map(|held| &held.token))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
