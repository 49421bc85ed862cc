use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use apiduct_model::Redactor;
use async_trait::async_trait;
use http::StatusCode;

use super::{Auth, AuthContext, AuthError, CredentialId, OnRejected, Refusal};
use crate::{Request, Response};

/// How long a key rests after a 429 that names no wait.
const DEFAULT_REST: Duration = Duration::from_mins(1);

/// Waits that differ by less are alike: requests that come together share the keys then.
const ALIKE: Duration = Duration::from_secs(1);

/// Several credentials as one: requests are spread over them, and one that is refused steps back for the others.
///
/// A key that is answered 429 rests as long as the server says, one that is answered 401 is not used again; the
/// request is tried at once with another key, as long as one is free. Every key has a rate budget of its own, declared or
/// learned from the server; a key whose budget is used up is left out like one that rests. When all have to wait, one
/// that is free first is used, and the usual waits apply. Pools do not nest.
///
/// ```
/// use apiduct_client::auth::{Bearer, KeyPool};
///
/// let pool = KeyPool::new().key(Bearer::new("first")).key(Bearer::new("second"));
/// assert_eq!(pool.len(), 2);
/// ```
#[derive(Debug, Default)]
pub struct KeyPool {
    keys: Vec<Key>,
    order: PoolOrder,
    rest: Option<Duration>,
    state: Mutex<State>,
}

/// Which of the free keys of a [`KeyPool`] is used next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PoolOrder {
    /// One after the other.
    #[default]
    RoundRobin,
    /// The one whose last 429 is the longest ago: one key is used until it is refused.
    LeastRecentlyLimited,
}

#[derive(Debug)]
struct Key {
    auth: Arc<dyn Auth>,
    id: CredentialId,
}

#[derive(Debug, Default)]
struct State {
    /// The key that is next in turn.
    next: usize,
    /// Refusals so far: what orders them.
    refusals: u64,
    keys: Vec<KeyState>,
}

#[derive(Debug, Clone, Copy, Default)]
struct KeyState {
    /// The key is not accepted at all.
    is_dead: bool,
    rests_until: Duration,
    /// The number of its last 429; 0 when there was none.
    limited: u64,
}

impl KeyState {
    fn is_free(self, now: Duration) -> bool {
        !self.is_dead && self.rests_until <= now
    }
}

impl KeyPool {
    /// A pool without keys, which authorizes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key.
    #[must_use]
    pub fn key(mut self, auth: impl Auth + 'static) -> Self {
        let own = auth.credential(Duration::ZERO);
        let id = if own == CredentialId::NONE {
            CredentialId::of(&["pool", &self.keys.len().to_string()])
        } else {
            own
        };
        self.keys.push(Key {
            auth: Arc::new(auth),
            id,
        });
        self.state
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .keys
            .push(KeyState::default());
        self
    }

    /// Chooses like this among free keys. Default: [`PoolOrder::RoundRobin`].
    #[must_use]
    pub fn order(mut self, order: PoolOrder) -> Self {
        self.order = order;
        self
    }

    /// How long a key rests after a 429 that names no wait. Default 60 s.
    #[must_use]
    pub fn rest(mut self, rest: Duration) -> Self {
        self.rest = Some(rest);
        self
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    fn choose(&self, now: Duration, waits: &[Duration]) -> CredentialId {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let chosen = state.choose(self.order, now, waits);
        chosen.map_or(CredentialId::NONE, |at| self.keys[at].id)
    }

    fn find(&self, credential: CredentialId) -> Option<&Key> {
        let by_id = self.keys.iter().find(|key| key.id == credential);
        by_id.or_else(|| self.keys.first())
    }
}

impl State {
    /// The key to use now; `waits` are those of the rate budgets, key by key.
    fn choose(&mut self, order: PoolOrder, now: Duration, waits: &[Duration]) -> Option<usize> {
        let count = self.keys.len();
        let wait = |at: usize| {
            let rest = self.keys[at].rests_until.saturating_sub(now);
            rest.max(waits.get(at).copied().unwrap_or_default())
        };
        let are_dead = self.keys.iter().all(|key| key.is_dead);
        let in_turn = (0..count).map(|step| (self.next + step) % count);
        let usable = in_turn.filter(|at| are_dead || !self.keys[*at].is_dead);
        let usable: Vec<(usize, Duration)> = usable.map(|at| (at, wait(at))).collect();
        let least = usable.iter().map(|(_, wait)| *wait).min()?;
        let longest = if least.is_zero() {
            least
        } else {
            least.saturating_add(ALIKE)
        };
        let mut first = usable.iter().filter(|(_, wait)| *wait <= longest);
        let (chosen, _) = *match order {
            PoolOrder::RoundRobin => first.next(),
            PoolOrder::LeastRecentlyLimited => {
                first.min_by_key(|(at, _)| (self.keys[*at].limited, *at))
            }
        }?;
        self.next = (chosen + 1) % count;
        Some(chosen)
    }

    fn refuse(&mut self, at: usize, refusal: &Refusal<'_>, rest: Duration) {
        self.refusals += 1;
        let number = self.refusals;
        let Some(key) = self.keys.get_mut(at) else {
            return;
        };
        if refusal.response.status == StatusCode::UNAUTHORIZED {
            key.is_dead = true;
        } else {
            key.limited = number;
            let until = refusal.now.saturating_add(refusal.wait.unwrap_or(rest));
            key.rests_until = key.rests_until.max(until);
        }
    }
}

#[async_trait]
impl Auth for KeyPool {
    async fn authorize(
        &self,
        request: &mut Request,
        context: &AuthContext<'_>,
    ) -> Result<(), AuthError> {
        let key = self.find(context.credential).ok_or(AuthError::Missing {
            scheme: "pool",
            field: "keys",
        })?;
        key.auth.authorize(request, context).await
    }

    fn rejected(&self, sent: &Request, response: &Response) -> OnRejected {
        // Each key with tokens finds out by itself whether the request carried one of its own.
        let renews = |key: &Key| key.auth.rejected(sent, response) == OnRejected::RetryOnce;
        if self.keys.iter().any(renews) {
            return OnRejected::RetryOnce;
        }
        OnRejected::Fail
    }

    fn credential(&self, now: Duration) -> CredentialId {
        self.choose(now, &[])
    }

    fn choose_credential(
        &self,
        now: Duration,
        wait: &dyn Fn(CredentialId) -> Duration,
    ) -> CredentialId {
        let waits: Vec<Duration> = self.keys.iter().map(|key| wait(key.id)).collect();
        self.choose(now, &waits)
    }

    fn moves_on(&self, refusal: &Refusal<'_>) -> bool {
        let refused = self
            .keys
            .iter()
            .position(|key| key.id == refusal.credential);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = refused {
            state.refuse(at, refusal, self.rest.unwrap_or(DEFAULT_REST));
        }
        state.keys.iter().any(|key| key.is_free(refusal.now))
    }

    fn register(&self, redactor: &Redactor) {
        for key in &self.keys {
            key.auth.register(redactor);
        }
    }

    fn describe(&self) -> String {
        let keys: Vec<String> = self.keys.iter().map(|key| key.auth.describe()).collect();
        format!("pool of {} keys: {}", keys.len(), keys.join("; "))
    }
}
